//! The formatter: one layout, nothing lost, and a second run changes nothing.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may panic"
)]

#[expect(dead_code, reason = "shared with the tests of cases")]
mod expect;
mod sentences;

use onward_compiler::diagnostic::FileId;
use onward_compiler::format::{format, format_range};
use onward_compiler::syntax::lexer::lex;
use onward_compiler::syntax::parse;
use sentences::{Random, corpus, sentence};

/// Formats `text`, and checks what always holds.
#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(FileId(0), text).unwrap_or_else(|it| panic!("{it}\n{text}")).text;
    let twice = format(FileId(0), &once).unwrap_or_else(|it| panic!("{it}\n{once}")).text;
    assert_eq!(once, twice, "formatted twice, of {text}");
    let codes =
        |text: &str| parse(FileId(0), text).diagnostics().iter().map(|it| it.code).collect::<Vec<_>>();
    assert_eq!(codes(text), codes(&once), "{text}\n---\n{once}");
    once
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted(expected), expected);
}

#[test]
fn steps_and_clauses_have_lines_of_their_own() {
    becomes(
        "workflow a \"A\" for contact{on x where a=1 once\n\n\n do email welcome wait 2d if a{stop}else if b{ }else{do note \"x\"}}",
        "workflow a \"A\" for contact {\n  on x where a = 1\n  once\n\n  do email welcome\n  wait 2d\n  if a {\n    stop\n  } else if b {} else {\n    do note \"x\"\n  }\n}\n",
    );
    becomes("on x do email welcome\n\n\nlabel :do  y", "on x\ndo email welcome\n\nlabel: do y\n");
}

#[test]
fn signs_and_words() {
    becomes(
        "on x where - 1+a . b*( 2 )!=[ 1 ,2 ]and b in[\"a\"] do sms x text -  3 d . e wait 1d12h wait 1 d 2 h",
        "on x where -1 + a.b * (2) != [1, 2] and b in [\"a\"]\ndo sms x text -3 d.e\nwait 1d12h\nwait 1 d 2 h\n",
    );
    becomes(
        "action a . b(to:text?=x,){post \"y\" form{a:1,\"b\":2}expect 201,5xx}",
        "action a.b(to: text? = x,) {\n  post \"y\"\n  form { a: 1, \"b\": 2 }\n  expect 201, 5xx\n}\n",
    );
    becomes("sender s=\"a\" team t=[ \"a\",\"b\" ]", "sender s = \"a\"\nteam t = [\"a\", \"b\"]\n");
}

#[test]
fn fields_and_objects_stay_on_one_line_if_they_were_written_so() {
    becomes("event a about b {x:text,y:number?}", "event a about b { x: text, y: number? }\n");
    becomes("event a {\nx:text,y:number}", "event a {\n  x: text,\n  y: number\n}\n");
    becomes("event a { }", "event a {}\n");
    becomes("on x do emit y {\na:1 b:{c:2}}", "on x\ndo emit y {\n  a: 1\n  b: { c: 2 }\n}\n");
    becomes("team t = [\n\"a\",\"b\"]", "team t = [\n  \"a\",\n  \"b\"\n]\n");
    let long = format!("event a {{ {} }}", "field_with_a_name: text, ".repeat(6).trim_end());
    assert_eq!(formatted(&long).lines().count(), 8);
}

#[test]
fn comments_stay() {
    becomes(
        "# first\n\n## docs\non x   # why\n# before\ndo y # behind\n\n# apart\n\ndo z\n# last",
        "# first\n\n## docs\non x   # why\n# before\ndo y # behind\n\n# apart\n\ndo z\n# last\n",
    );
    becomes(
        "workflow a { # open\non x\n  # inside\n}\n# after",
        "workflow a { # open\n  on x\n  # inside\n}\n# after\n",
    );
    becomes("on x where a # one\nand b", "on x where a # one\n  and b\n");
    becomes("event a {# only\n}", "event a { # only\n}\n");
    becomes("if", "if\n");
}

#[test]
fn long_steps_are_broken_before_their_arguments() {
    let text = "on x\ndo webhook \"https://example.com/a/long/path/to/somewhere\" send contact subject \"something to read\" where contact.status = \"trial\"";
    becomes(
        text,
        "on x\ndo webhook \"https://example.com/a/long/path/to/somewhere\"\n  send contact\n  subject \"something to read\"\n  where contact.status = \"trial\"\n",
    );
}

#[test]
fn the_wider_forms() {
    becomes(
        "policy{quiet hours for email,sms from 21:00 to 08:00 on weekdays at most 3 email per 7 days}",
        "policy {\n  quiet hours for email, sms from 21:00 to 08:00 on weekdays\n  at most 3 email per 7 days\n}\n",
    );
    becomes(
        "source s{path \"/x\" when header \"T\"=\"a\"{contact by email body.email{a:1}event b{c:1}}else{event d}}",
        "source s {\n  path \"/x\"\n  when header \"T\" = \"a\" {\n    contact by email body.email { a: 1 }\n    event b { c: 1 }\n  } else {\n    event d\n  }\n}\n",
    );
    becomes(
        "on x holdout 10 % split{50 % a{do b}50%c{}}repeat up to 3 times every 2d until did ( y ) . z{stop}let r=do z",
        "on x\nholdout 10%\nsplit {\n  50% a {\n    do b\n  }\n  50% c {}\n}\nrepeat up to 3 times every 2d until did(y).z {\n  stop\n}\nlet r = do z\n",
    );
    becomes(
        "test \"t\"{contact ana{email:\"a@b.c\"}after 1 day\n\n\n expect no email tips ana.x=1}",
        "test \"t\" {\n  contact ana { email: \"a@b.c\" }\n  after 1 day\n\n  expect no email tips\n  ana.x = 1\n}\n",
    );
}

#[test]
fn long_conditions_are_broken_before_their_words() {
    let long = "contact.company is set and contact.country in [\"de\", \"at\", \"ch\"]";
    becomes(
        &format!("on x where {long} and (a or b) and {long}"),
        &format!(
            "on x\n  where contact.company is set\n    and contact.country in [\"de\", \"at\", \"ch\"]\n    and (a or b)\n    and {}\n",
            long.replace(" and ", "\n    and ")
        ),
    );
    let texts = format!("team t = [{}]", "\"somebody@example.com\", ".repeat(5).trim_end_matches(", "));
    assert_eq!(formatted(&texts).lines().count(), 7);
    let object = format!("on x\ndo emit y {{ {} }}", "a_field: \"with a value\" ".repeat(5).trim_end());
    assert_eq!(formatted(&object).lines().count(), 8);
}

#[test]
fn a_range_changes_its_lines_only() {
    let text = "on  x\ndo  a\ndo  b\n   do  c # d  \n";
    let at = text.find("do  b").unwrap();
    let edits = format_range(FileId(0), text, at..at + 1).unwrap();
    assert_eq!(edits.len(), 2, "{edits:?}");
    let mut changed = text.to_owned();
    for edit in edits.iter().rev() {
        changed.replace_range(edit.span.range(), &edit.text);
    }
    assert_eq!(changed, "on  x\ndo  a\ndo b\ndo  c # d  \n");
    for text in corpus() {
        let mut whole = text.to_owned();
        for edit in format_range(FileId(0), text, 0..text.len()).unwrap().iter().rev() {
            whole.replace_range(edit.span.range(), &edit.text);
        }
        assert_eq!(whole, formatted(text));
    }
}

#[test]
fn mistakes_are_left_alone() {
    becomes(
        "event a{x:text}\n\nworkflow   b {\n      on  x\n   do do\n}\n\n\nevent  c{ }",
        "event a { x: text }\n\nworkflow   b {\n      on  x\n   do do\n}\n\nevent c {}\n",
    );
    let broken = format(FileId(0), "event a {}\n  event  b { x }").unwrap();
    assert_eq!(broken.left.len(), 1);
    assert_eq!(broken.text, "event a {}\nevent  b { x }\n");
}

#[test]
fn nothing_and_almost_nothing() {
    becomes("", "");
    becomes("\n\n  \n", "");
    becomes("\r\n# a\r\non x\r\ndo y\r\n", "# a\non x\ndo y\n");
    becomes("do email \"\"\"\n   a\n     b \"\"\"", "do email \"\"\"\n   a\n     b \"\"\"\n");
}

#[test]
fn the_corpus_and_its_files() {
    corpus().for_each(|text| drop(formatted(text)));
    for path in expect::cases("syntax") {
        #[expect(clippy::disallowed_methods, reason = "the cases are files")]
        formatted(&expect::without_expectations(&std::fs::read_to_string(path).unwrap()));
    }
}

#[test]
fn random_sentences() {
    for seed in 0..200 {
        let text = formatted(&sentence(&mut Random::new(seed)));
        assert!(parse(FileId(0), &text).diagnostics().is_empty());
    }
}

#[test]
fn changed_files() {
    let mut random = Random::new(17);
    for text in corpus() {
        let tokens = lex(FileId(0).into(), text).tokens;
        for _ in 0..5.min(tokens.len()) {
            let token = tokens[random.below(tokens.len())];
            formatted(&format!("{}{}", &text[..token.start], &text[token.end..]));
            formatted(&format!("{}\n # note\n{}", &text[..token.start], &text[token.start..]));
            formatted(&format!("{}\n{}", &text[..token.start], &text[token.start..]));
        }
    }
}
