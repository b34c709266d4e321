//! `onward test`: plays the tests of a project.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use onward_bytecode::SourceFile;
use onward_compiler::hir::Hir;
use onward_compiler::project::{Checked, Project};
use onward_engine::simulate::Coverage;
use serde_json::json;

use super::check;
use crate::dev::watch::Watch;
use crate::failure::{Exit, Failure, Outcome};
use crate::project::{Compiled, Files};
use crate::screen;
use crate::testing::coverage::{self, Place, Sum};
use crate::testing::mutate::{self, Mutant};
use crate::testing::{self, Bench, Choice};

/// Play the tests that stand in rule files
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only tests whose name holds this
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Tell which steps and conditions no test came by
    #[arg(long, value_name = "FORM", num_args = 0..=1, default_missing_value = "text")]
    coverage: Option<Form>,
    /// Break rules on purpose, one at a time, and tell what no test noticed
    #[arg(long, conflicts_with_all = ["coverage", "watch"])]
    mutate: bool,
    /// Play again after each change of a file
    #[arg(long)]
    watch: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How coverage is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// JSON.
    Json,
    /// LCOV's trace file.
    Lcov,
}

impl Test {
    pub(super) fn run(self) -> Outcome {
        if !self.watch {
            return self.once();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| Failure::unreachable(error.to_string(), "try again"))?;
        let mut watch = Watch::over(&Files::read(&self.path)?.root)?;
        loop {
            if let Err(failure) = self.once() {
                failure.show();
            }
            screen::aside(screen::dim("waiting for changes; Ctrl-C ends"));
            runtime.block_on(watch.changed());
        }
    }

    fn once(&self) -> Outcome {
        let files = Files::read(&self.path)?;
        let Checked { hir, diagnostics, sources, .. } = Project::read(files.files.clone()).parse().check();
        let compiled = Compiled { program: None, diagnostics, sources };
        let bench = match &hir {
            Some(hir) => Bench::of(hir, &compiled.sources, &files.root),
            None => Err(Vec::new()),
        };
        let (Some(hir), Ok(bench)) = (&hir, bench) else {
            check::show_terminal(&files, &compiled);
            return Ok(Exit::Problems);
        };
        let choice = Choice { name: self.name.clone() };
        let covered = self.coverage.map(|_| Arc::new(Coverage::of(bench.program())));
        let outcomes = bench.play(&choice, covered.as_ref());
        let places = covered.map(|it| coverage::places(hir, bench.program(), &compiled.sources, &it));
        if outcomes.is_empty() {
            return Err(none(&files, self.name.as_deref()));
        }
        // A test that fails anyway notices nothing.
        if self.mutate && outcomes.iter().all(|it| it.trouble.is_none()) {
            return Ok(self.mutants(&files, hir, &compiled.sources, &choice));
        }
        self.tell(&files, &outcomes, places.as_deref());
        let failed = outcomes.iter().any(|it| it.trouble.is_some());
        Ok(if failed { Exit::Problems } else { Exit::Fine })
    }

    fn tell(&self, files: &Files, outcomes: &[testing::Outcome], places: Option<&[Place]>) {
        if self.json {
            screen::json(&written(files, outcomes, places));
            return;
        }
        match (self.coverage, places) {
            // What is read by machines stands alone.
            (Some(Form::Lcov), Some(places)) => {
                outcomes.iter().for_each(|it| show(files, it, screen::aside));
                screen::raw(&coverage::lcov(places, |file| files.shown(file)));
                screen::aside(summary(outcomes));
            }
            (Some(Form::Json), Some(places)) => {
                outcomes.iter().for_each(|it| show(files, it, screen::aside));
                screen::json(&json!({ "places": places, "sum": Sum::of(places) }));
                screen::aside(summary(outcomes));
            }
            _ => {
                outcomes.iter().for_each(|it| show(files, it, screen::line));
                if let Some(places) = places {
                    show_coverage(files, places);
                }
                screen::line(summary(outcomes));
            }
        }
    }

    fn mutants(&self, files: &Files, hir: &Hir, sources: &[SourceFile], choice: &Choice) -> Exit {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} changes").ok();
        let bar = ProgressBar::new(0);
        bar.set_style(style.unwrap_or_else(ProgressStyle::default_bar));
        let mutants = mutate::all(hir, sources, &files.root, choice, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        let missed: Vec<&Mutant> = mutants.iter().filter(|it| it.noticed_by.is_empty()).collect();
        if self.json {
            screen::json(&json!({ "changes": mutants, "noticed": mutants.len() - missed.len() }));
        } else {
            for mutant in &mutants {
                let place = format!("{}:{}", files.shown(&mutant.file), mutant.line);
                match mutant.noticed_by.as_slice() {
                    [] => screen::line(format!("{} {place} {}", screen::yellow("missed "), mutant.change)),
                    [first, rest @ ..] => {
                        let more =
                            if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                        let by = screen::dim(format!("by \"{first}\"{more}"));
                        screen::line(format!("{} {place} {} {by}", screen::green("noticed"), mutant.change));
                    }
                }
            }
            let noticed = mutants.len() - missed.len();
            screen::line(format!("tests noticed {noticed} of {}", screen::count(mutants.len(), "change")));
        }
        if missed.is_empty() { Exit::Fine } else { Exit::Problems }
    }
}

fn none(files: &Files, name: Option<&str>) -> Failure {
    match name {
        Some(name) => Failure::unreachable(
            format!("no test has `{name}` in its name"),
            "leave out `--name` to play all",
        ),
        None => Failure::unreachable(
            format!("there are no tests in `{}`", files.root.display()),
            "write one in any rule file: `test \"…\" { … }`",
        ),
    }
}

fn show(files: &Files, outcome: &testing::Outcome, line: impl Fn(String)) {
    let Some(trouble) = &outcome.trouble else {
        return line(format!("{} {}", screen::green("ok    "), outcome.name));
    };
    line(format!("{} {}", screen::red("failed"), screen::bold(&outcome.name)));
    line(format!("       {}:{}", screen::cyan(files.shown(&outcome.file)), trouble.line));
    line(format!("       {}  {}", screen::dim("line     "), screen::tame(&trouble.expected)));
    line(format!("       {}  {}", screen::dim("happened "), screen::tame(&trouble.found)));
    if trouble.timeline.is_empty() {
        line(format!("       {}", screen::dim("until then no rule did anything")));
    } else {
        line(format!("       {}", screen::dim("until then")));
    }
    for entry in &trouble.timeline {
        line(format!("         {}", screen::tame(entry)));
    }
}

fn show_coverage(files: &Files, places: &[Place]) {
    let open: Vec<&Place> = places.iter().filter(|it| !it.is_covered()).collect();
    for place in &open {
        let why = match (place.hits, place.outcomes) {
            (0, _) => "never reached",
            (_, Some((0, _))) => "never held",
            (_, Some((_, 0))) => "always held",
            _ => continue,
        };
        let at = format!("{}:{}", files.shown(&place.file), place.line);
        screen::line(format!("{} {at} {} {}", screen::yellow(why), place.what, screen::dim(&place.of)));
    }
    let sum = Sum::of(places);
    screen::line(format!(
        "covered {} of {} and {} of {}",
        sum.covered,
        screen::count(sum.places, "place"),
        sum.outcomes_covered,
        screen::count(sum.outcomes, "outcome")
    ));
}

fn summary(outcomes: &[testing::Outcome]) -> String {
    let failed = outcomes.iter().filter(|it| it.trouble.is_some()).count();
    let tests = screen::count(outcomes.len(), "test");
    if failed == 0 {
        return format!("{tests}: {}", screen::green("all as expected"));
    }
    format!("{tests}: {}", screen::red(format!("{failed} failed")))
}

fn written(files: &Files, outcomes: &[testing::Outcome], places: Option<&[Place]>) -> serde_json::Value {
    let tests = outcomes.iter().map(|it| {
        let failures = it.trouble.iter().map(|trouble| {
            json!({
                "line": trouble.line,
                "expected": trouble.expected,
                "message": trouble.found,
                "timeline": trouble.timeline,
            })
        });
        json!({
            "name": &*it.name,
            "file": files.shown(&it.file),
            "line": it.line,
            "passed": it.trouble.is_none(),
            "expectations": it.checked,
            "failures": failures.collect::<Vec<_>>(),
        })
    });
    let mut all = json!({ "tests": tests.collect::<Vec<_>>() });
    if let (Some(places), Some(all)) = (places, all.as_object_mut()) {
        all.insert("coverage".into(), json!({ "places": places, "sum": Sum::of(places) }));
    }
    all
}
