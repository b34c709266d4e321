//! Lowering of rules as people write them: listings of the bytecode, all of it verified.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "the examples are files")]

use std::path::Path;

use onward_bytecode::{Artifact, Debug, KeySource, ResumePoint, Verified, disassemble};
use onward_compiler::diagnostic::Severity;
use onward_compiler::lower::lower;
use onward_compiler::project::Project;
use onward_compiler::render::{Colour, terminal};

fn compiled<T: Into<std::sync::Arc<str>> + Clone>(files: &[(T, T)]) -> Verified {
    let checked = Project::read(files.iter().cloned()).parse().check();
    let mut problems = checked.diagnostics;
    problems.retain(|problem| problem.severity == Severity::Error);
    let Some(hir) = checked.hir else { panic!("{}", terminal(&problems, &checked.sources, Colour::Off)) };
    let lowered = lower(&hir).unwrap();
    let debug = Debug { sources: checked.sources, spans: lowered.spans };
    Artifact { program: lowered.program, debug }.verify().unwrap_or_else(|error| panic!("{error}"))
}

/// The workflows of a program, without what comes from the catalogue.
fn listing(program: &Verified) -> String {
    let names: Vec<&str> = program.program().workflows.iter().map(|workflow| &*workflow.name).collect();
    let of_workflow = |part: &&str| {
        let (first, rest) = part.split_once(' ').unwrap_or_default();
        let name = rest.trim_start_matches('`').split(['`', '.', ' ']).next().unwrap_or_default();
        (first == "workflow" || first.starts_with('f')) && names.contains(&name)
    };
    let text = disassemble(program.artifact());
    text.split("\n\n").filter(of_workflow).collect::<Vec<_>>().join("\n\n")
}

fn kept(point: &ResumePoint) -> Vec<&str> {
    point.live.iter().map(|live| &*live.name).collect()
}

const ENTITY: (&str, &str) =
    ("entity.onward", "entity contact { status: \"lead\" | \"trial\" | \"customer\" }\n");
const WELCOME: (&str, &str) =
    ("templates/welcome.md", "---\nsubject: Welcome\n---\nHi {{contact.first_name | default \"there\"}}!\n");
const TIPS: (&str, &str) = ("templates/tips.md", "---\nsubject: Tips\n---\nThree tips.\n");
const TWILIO: (&str, &str) = ("onward.toml", "[twilio]\nfrom = \"+15005550006\"\n");

#[test]
fn one_sentence() {
    let rule = "on form_submitted where status = \"trial\"\ndo email welcome\nwait 2d\ndo email tips\n";
    let program = compiled(&[("welcome.onward", rule), ENTITY, WELCOME, TIPS]);
    insta::assert_snapshot!(listing(&program));
    let index = program.program().workflows[0].triggers[0].index.clone().unwrap();
    assert_eq!((index.source, &*index.name), (KeySource::Subject, "status"));
}

const TRIAL: &str = r#"
workflow trial_welcome "Welcome trial sign-ups" for contact {
  on form_submitted where form = "signup" and contact.status = "trial"
  once
  exit when contact.status = "customer"

  do email welcome
  wait for email_opened as opened where opened.template = "welcome" up to 2 days {
    do email tips
  } else {
    do sms "Hi {{contact.first_name | default "there"}}, need a hand with {{event.page | default "it"}}?"
  }
}
"#;

#[test]
fn a_named_workflow() {
    let program = compiled(&[("trial.onward", TRIAL), ENTITY, WELCOME, TIPS, TWILIO]);
    insta::assert_snapshot!(listing(&program));
    let index = program.program().workflows[0].triggers[0].index.clone().unwrap();
    assert_eq!((index.source, &*index.name), (KeySource::Event, "form"));
    let points = &program.program().workflows[0].points;
    assert_eq!(kept(&points[0]), ["event.page"]);
    assert_eq!(kept(&points[1]), ["event.page"]);
    assert_eq!(kept(&points[2]), [""; 0]);
}

const EVERYTHING: &str = r##"
team sales = ["ana@acme.com", "lea@acme.com"]
event scored { points: number, by: text? }
entity account { stage: ordered "cold" < "warm" < "hot" }

workflow everything {
  on purchase as p where p.amount > 100 or "vip" in contact.tags
  on contact.status changes from "trial" to "customer"
  on contact created
  while running restart
  exit when contact.do_not_disturb and event.currency = "USD"
  exit on payment_failed as failed where failed.amount > 10 and failed.currency = p.currency

  note: do note "Bought for {{event.amount | default 0 | round 2}} {% for tag in contact.tags %}{{tag | upper}} of {{event.product | default "it"}}, {% end %}{% if account.stage >= "warm" %}warm{% else %}cold{% end %}"
  do set contact.score = contact.score * 2 + 1 where contact.score is set
  do add tag "buyer" where not (contact.tags contains "buyer")
  do emit scored { points: 3, by: "rule" }
  do task "Call {{contact.name | default "them"}}" type call due in 30m remind 10m before for group sales notes "soon"
  wait until monday at 09:00
  if contact.account.stage > "cold" {
    do webhook "https://example.com/in" send { amount: event.amount, tags: contact.tags }
    wait for replied as r where r.channel = p.currency up to 24h {
      wait 1 day
      do slack "#sales" text "{{r.text | default "?"}}"
    }
  } else if contact.email ends with "@example.com" {
    stop
  } else {
    do notify sales text "Somebody" subject "New"
  }
  wait until contact.birthday - 3 days at 10:00
  do webhook.signed "https://example.com/end"
}
"##;

#[test]
fn everything_there_is() {
    let everything = EVERYTHING.replace("account.stage >=", "contact.account.stage >=");
    let program = compiled(&[("everything.onward", &*everything), ENTITY, TWILIO]);
    insta::assert_snapshot!(listing(&program));
}

#[test]
fn the_order_of_files_and_declarations_does_not_matter() {
    let other = TRIAL.replace("trial_welcome", "another");
    let forth = compiled(&[("a.onward", TRIAL), ("b.onward", &other), ENTITY, WELCOME, TIPS, TWILIO]);
    let back = compiled(&[TWILIO, TIPS, ("z.onward", TRIAL), WELCOME, ENTITY, ("y.onward", &other)]);
    let both = format!("{other}{TRIAL}{}", ENTITY.1);
    let one = compiled(&[("one.onward", &*both), WELCOME, TIPS, TWILIO]);
    assert_eq!(forth.hash(), back.hash());
    assert_eq!(forth.hash(), one.hash());
    assert_eq!(forth.artifact().encode().unwrap(), forth.artifact().clone().encode().unwrap());
}

#[test]
fn every_example_compiles() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for example in std::fs::read_dir(examples).unwrap() {
        let root = example.unwrap().path();
        let mut files = Vec::new();
        gather(&root, &root, &mut files);
        compiled(&files);
    }
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push((path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text));
        }
    }
}

/// Conditions that are a little unusual, one a line.
const CONDITIONS: &str = include_str!("lower/conditions.txt");

/// Messages that are a little unusual, one a line.
const MESSAGES: &str = include_str!("lower/messages.txt");

/// What they read.
const ODD: &str = r#"
team sales = ["ana@acme.com"]
event odd { data: json, account: account?, length: duration?, at: time?, labels: list of text?, form: text? }
entity contact { opens: time? }
"#;

#[test]
fn what_is_checked_also_verifies() {
    let mut rules = ODD.to_owned();
    for (i, it) in CONDITIONS.lines().enumerate() {
        rules += &format!(
            "workflow a{i} {{ on odd where {it} do note \"x\" }}
             workflow b{i} {{ on odd exit when {it} wait 1 day do note \"x\" }}
             workflow c{i} {{ on odd exit on odd where {it} wait 1 day do note \"x\" where {it} }}
             workflow d{i} {{ on odd wait for odd where {it} up to 1 day do note \"x\" }}
             workflow e{i} {{ on odd if {it} {{ do note \"y\" }} }}\n"
        );
    }
    for (i, it) in MESSAGES.lines().enumerate() {
        rules += &format!("workflow m{i} {{ on odd do note \"{it}\" wait 1 day do note \"{it}\" }}\n");
    }
    compiled(&[("odd.onward", &*rules), ENTITY]);
}

#[test]
fn the_whole_language() {
    let whole = include_str!("lower/whole.onward");
    let program = compiled(&[("whole.onward", whole), WELCOME, TIPS]);
    insta::assert_snapshot!(
        disassemble(program.artifact())
            .split("\n\n")
            .filter(|part| of_whole(part))
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    let follows: Vec<String> = program
        .program()
        .follows
        .iter()
        .map(|follow| format!("{}.{} → {}", follow.kind, follow.attribute, follow.target))
        .collect();
    assert_eq!(follows, ["account.boss → contact", "contact.parent → account"]);
}

/// Whether a part of a listing says something about the functions and workflows of the whole language.
fn of_whole(part: &str) -> bool {
    ["segments", "another", "past", "buyers", "sleepers", "shop", "policy"]
        .iter()
        .any(|name| part.lines().next().is_some_and(|line| line.contains(name)))
}

#[test]
fn odd_actions_verify() {
    let program = compiled(&[("actions.onward", include_str!("lower/actions.onward"))]);
    let actions: Vec<&str> = program.program().actions.iter().map(|action| &*action.name).collect();
    assert_eq!(actions, ["odd.body", "odd.form", "odd.json"]);
}

#[test]
fn the_page_about_what_is_too_large_is_right() {
    let page = include_str!("../../docs/errors/E0401.md");
    let rules = page.split("```onward\n").nth(1).and_then(|it| it.split("```").next()).unwrap();
    let checked = Project::read([("rules.onward", rules)]).parse().check();
    let problems = lower(&checked.hir.unwrap()).unwrap_err();
    assert_eq!(problems[0].code.0, "E0401");
    assert!(problems[0].message.starts_with("action `crm.write` is too large"), "{}", problems[0].message);
}
