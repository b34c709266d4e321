//! How long 1,000 workflows take from text to verified bytecode, stage by stage, beside
//! the time that the lexer alone needs for the same text.
//!
//!     cargo bench -p onward-compiler --bench compile

#![expect(
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark measures time, and stops at surprises"
)]

use std::time::{Duration, Instant};

use onward_compiler::diagnostic::FileId;
use onward_compiler::project::Project;
use onward_compiler::syntax::lexer::lex;

const WORKFLOWS: usize = 1_000;
const ROUNDS: usize = 5;

const EVENTS: &str = "
event signed_up {
  plan: \"free\" | \"starter\" | \"team\"
  seats: number
}

event bought {
  amount: number
}
";

fn workflow(n: usize) -> String {
    format!(
        r#"
template hello_{n} email {{
  subject "Hello {{{{contact.first_name | default "there"}}}}"
  markdown """
    Your plan **{{{{event.plan}}}}** has {{{{event.seats}}}} seats.
  """
}}

## Sort {n} of people who sign up.
workflow welcome_{n} "Welcome {n}" {{
  on signed_up where plan = "starter" and seats > {n} and contact.email ends with "@example.com"
  once
  exit on bought where amount > {n}

  do email hello_{n}
  wait 2 days
  if contact.status = "customer" {{
    stop
  }} else {{
    do add tag "slow-{n}"
  }}
  wait for bought as order up to 5 days {{
    do note "bought for {{{{order.amount}}}}"
  }} else {{
    do email hello_{n}
  }}
}}
"#
    )
}

/// Ten workflows a file, as a project of that size has them.
fn files() -> Vec<(String, String)> {
    let mut files = vec![("events.onward".to_owned(), EVENTS.to_owned())];
    for file in 0..WORKFLOWS / 10 {
        let text = (0..10).map(|n| workflow(file * 10 + n)).collect();
        files.push((format!("rules/{file}.onward"), text));
    }
    files
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn time<T>(mut work: impl FnMut() -> T) -> Duration {
    median(
        (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(work());
                start.elapsed()
            })
            .collect(),
    )
}

fn main() {
    let files = files();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let megabytes = bytes as f64 / 1e6;

    let tokens =
        time(|| files.iter().map(|(_, text)| lex(FileId(0).into(), text).tokens.len()).sum::<usize>());
    let parse = time(|| Project::read(files.clone()).parse());
    let check = time(|| {
        let checked = Project::read(files.clone()).parse().check();
        assert!(checked.hir.is_some(), "{:?}", checked.diagnostics.first());
    });
    let whole = time(|| {
        let compiled = onward_compiler::project::compile(files.clone());
        assert!(compiled.artifact.is_some(), "{:?}", compiled.diagnostics.first());
    });

    println!("{WORKFLOWS} workflows, {megabytes:.2} MB of text, median of {ROUNDS}");
    println!("{:<34} {:>9} {:>9} {:>14}", "", "ms", "MB/s", "times lexing");
    for (what, took) in [
        ("tokens only", tokens),
        ("to trees", parse),
        ("to checked programs", check),
        ("to verified bytecode", whole),
    ] {
        let seconds = took.as_secs_f64();
        println!(
            "{what:<34} {:>9.1} {:>9.1} {:>14.1}",
            seconds * 1e3,
            megabytes / seconds,
            seconds / tokens.as_secs_f64()
        );
    }
}
