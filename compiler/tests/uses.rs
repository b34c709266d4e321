//! Where names stand and what they stand for.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use onward_compiler::names::Takes;
use onward_compiler::project::{Checked, Project};
use onward_compiler::uses::{Role, Thing, Use};

const RULES: &str = r#"
event bought { amount: number kind: "a" | "b" }
event paid { amount: number }
entity contact { plan: text }
sender me = "Me <me@acme.com>"
team sales = ["ana@acme.com"]
segment rich of contact where plan = "gold"
policy { topic news opt out quiet hours for email from 21:00 to 08:00 }
template hi email { subject "Hi {{ contact.plan | upper }}" text "{% for part in event.parts | split "," %}{{ part }}{% end %}" }
event asked { parts: text }
action ring(to: phone, text: text = config.ring.text) {
  post "https://x.example" bearer auth secret.RING json { to: to, text: text }
  result { id: body.id }
}

workflow first {
  on bought as sale where amount > 3 and contact in rich and sale.kind = "a"
  on paid as sale
  topic news
  goal paid within 3 days
  do note "{{ sale.amount }}"
  wait for bought as again up to 2 days { do note "{{ again.amount }}" }
  let rung = do ring "+14155550100" text "x"
  do ring "+14155550100"
  called: do note "{{ rung.id | default "" }}"
  if count(bought where amount > 2) > 3 { do task "t" for group sales }
}
workflow second {
  on asked
  do email hi from me
  do start third
}
workflow third { on contact.plan changes do note "x" do emit paid { amount: 2 } }
test "one" {
  contact ana { email: "ana@x.example" }
  ana bought { amount: 3, kind: "a" }
  expect run of first for ana at called
}
"#;

const SETTINGS: &str = "[ring]\ntext = \"hello\"\n";

fn checked(rules: &str) -> Checked {
    Project::read([("onward.toml", SETTINGS), ("rules.onward", rules)]).parse().check()
}

fn text<'c>(checked: &'c Checked, it: &Use) -> &'c str {
    checked.sources[it.span.file.0 as usize].text.get(it.span.range()).unwrap()
}

/// The user's own places of a thing: `role word` for each.
fn places(checked: &Checked, is: impl Fn(&Thing) -> bool) -> Vec<String> {
    let own = checked
        .uses
        .iter()
        .filter(|it| is(&it.thing) && !checked.sources[it.span.file.0 as usize].path.starts_with("std/"));
    own.map(|it| format!("{:?} {}", it.role, text(checked, it))).collect()
}

fn count(checked: &Checked, thing: &Thing) -> (usize, usize) {
    let all = checked.uses.iter().filter(|it| it.thing == *thing);
    let declares = all.clone().filter(|it| it.role == Role::Declares).count();
    (declares, all.count() - declares)
}

#[test]
fn every_sort_of_thing_is_found() {
    let checked = checked(RULES);
    assert!(checked.hir.is_some(), "{:#?}", checked.diagnostics);
    let field = |event: &str, name: &str| Thing::Field { event: event.into(), name: name.into() };
    let expected = [
        (Thing::Event("bought".into()), (1, 4)),
        (Thing::Event("paid".into()), (1, 3)),
        // `amount >`, `sale.amount`, `again.amount`, in `count`, in the test.
        (field("bought", "amount"), (1, 5)),
        (field("paid", "amount"), (1, 2)),
        (field("bought", "kind"), (1, 2)),
        (Thing::Template("hi".into()), (1, 1)),
        (Thing::Sender("me".into()), (1, 1)),
        (Thing::Team("sales".into()), (1, 1)),
        (Thing::Action("ring".into()), (1, 2)),
        (Thing::Param { action: "ring".into(), name: "text".into() }, (1, 2)),
        (Thing::Param { action: "ring".into(), name: "to".into() }, (1, 1)),
        (Thing::Segment("rich".into()), (1, 1)),
        (Thing::Workflow("first".into()), (1, 1)),
        (Thing::Workflow("third".into()), (1, 1)),
        (Thing::Topic("news".into()), (1, 1)),
        (Thing::Label { workflow: "first".into(), name: "called".into() }, (1, 1)),
        (Thing::Setting("ring.text".into()), (1, 1)),
        (Thing::Secret("RING".into()), (0, 1)),
        (Thing::Function("count".into()), (0, 1)),
        (Thing::Attribute { entity: "contact".into(), name: "plan".into() }, (1, 3)),
    ];
    for (thing, wanted) in expected {
        assert_eq!(count(&checked, &thing), wanted, "{thing:?}");
    }
    let channel = places(&checked, |it| *it == Thing::Channel("email".into()));
    assert_eq!(channel, ["Names email"]);
    let pipes = places(&checked, |it| matches!(it, Thing::Pipe(_)));
    assert_eq!(pipes, ["Names upper", "Names split", "Names default"]);
}

#[test]
fn names_that_are_given_are_told_apart() {
    let checked = checked(RULES);
    let alias = |name: &str| places(&checked, |it| matches!(it, Thing::Alias { .. }) && &**it.name() == name);
    assert_eq!(alias("sale"), ["Declares sale", "Names sale", "Declares sale", "Names sale"]);
    assert_eq!(alias("again"), ["Declares again", "Names again"]);
    assert_eq!(alias("rung"), ["Declares rung", "Names rung"]);
    assert_eq!(alias("part"), ["Declares part", "Names part"]);
    assert_eq!(alias("ana"), ["Declares ana", "Names ana", "Names ana"]);
    let orders: std::collections::BTreeSet<&Thing> =
        checked.uses.iter().map(|it| &it.thing).filter(|it| &**it.name() == "sale").collect();
    let aliases = orders.iter().filter(|it| matches!(it, Thing::Alias { .. })).count();
    assert_eq!(aliases, 1, "one name for both triggers: {orders:?}");
}

#[test]
fn each_place_is_in_order_once_and_says_the_name() {
    let checked = checked(RULES);
    assert!(checked.uses.is_sorted());
    assert!(checked.uses.windows(2).all(|it| it[0] != it[1]));
    for it in &checked.uses {
        if !matches!(it.thing, Thing::Setting(_)) {
            assert_eq!(text(&checked, it), &**it.thing.name(), "{it:?}");
        }
    }
}

#[test]
fn mistakes_do_not_hide_names() {
    let broken = RULES.replace("do start third", "do start thrid").replace("sale.kind", "sale.kinds");
    let checked = checked(&broken);
    assert!(checked.hir.is_none());
    assert_eq!(count(&checked, &Thing::Event("bought".into())), (1, 4));
    assert_eq!(count(&checked, &Thing::Template("hi".into())), (1, 1));
    let event = &checked.declared.events["bought"];
    assert_eq!(event.fields["amount"].takes.as_ref().map(Takes::words).unwrap(), "a number");
    let ring = &checked.declared.actions["ring"];
    assert_eq!(ring.first.as_deref(), Some("to"));
    assert_eq!(ring.params["text"].default.as_deref(), Some("config.ring.text"));
    assert!(checked.declared.entities["contact"].spans.len() > 1, "the catalogue declares it too");
}
