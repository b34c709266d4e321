//! Tests that stand in rule files: played on the real compiler, bytecode and engine, in
//! memory and with a clock that is turned by hand.
//!
//! It must not know the command line: `commands::test` prints what is found here.

mod actual;
pub(crate) mod coverage;
pub(crate) mod mutate;
mod plan;
mod play;
mod recorded;

use std::path::Path;
use std::sync::Arc;

use onward_bytecode::{Artifact, Debug, Program, SourceFile, Verified};
use onward_compiler::diagnostic::{Diagnostic, Span};
use onward_compiler::hir::Hir;
use onward_compiler::lower::{self, Lowered};
use onward_engine::simulate::Coverage;
use onward_engine::{Loaded, Programs};

pub(crate) use play::Outcome;

/// A project whose tests can be played.
pub(crate) struct Bench {
    /// The program, with code for the values of tests behind its own.
    program: Arc<Loaded>,
    tests: Vec<plan::Test>,
    root: std::path::PathBuf,
}

/// What is to be played.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Only tests whose name holds this.
    pub(crate) name: Option<String>,
}

impl Bench {
    /// Prepares the tests of a checked program.
    pub(crate) fn of(hir: &Hir, sources: &[SourceFile], root: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut lowered = lower::lower(hir)?;
        let tests = hir.tests.iter().map(|test| plan::Test::of(test, &mut lowered, sources));
        let tests = tests.collect::<Result<Vec<_>, _>>().map_err(|problem| vec![*problem])?;
        without_index(&mut lowered);
        let program = verified(lowered, sources)?;
        Ok(Self { program: Arc::new(Loaded::new(program)), tests, root: root.to_owned() })
    }

    /// The program.
    pub(crate) fn program(&self) -> &Program {
        self.program.program()
    }

    /// Plays the tests that are chosen, on all cores.
    pub(crate) fn play(&self, choice: &Choice, coverage: Option<&Arc<Coverage>>) -> Vec<Outcome> {
        let chosen: Vec<&plan::Test> = self.tests.iter().filter(|test| choice.takes(test)).collect();
        let threads = std::thread::available_parallelism().map_or(1, |it| it.get()).min(chosen.len().max(1));
        let share = chosen.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let parts: Vec<_> = chosen
                .chunks(share)
                .map(|part| {
                    let one = |test: &&plan::Test| play::play(test, self.programs(coverage), &self.root);
                    scope.spawn(move || part.iter().map(one).collect::<Vec<_>>())
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        })
    }

    fn programs(&self, coverage: Option<&Arc<Coverage>>) -> Programs {
        let trace = coverage.map(|it| Arc::clone(it) as Arc<dyn onward_engine::vm::Trace>);
        Programs { trace, ..Programs::only(Arc::clone(&self.program)) }
    }
}

impl Choice {
    fn takes(&self, test: &plan::Test) -> bool {
        self.name.as_ref().is_none_or(|part| test.name.contains(part.as_str()))
    }
}

/// Has each trigger's condition decided: the index passes over what it knows not to hold, and
/// coverage would never see a `no`.
fn without_index(lowered: &mut Lowered) {
    for trigger in lowered.program.workflows.iter_mut().flat_map(|it| &mut it.triggers) {
        trigger.index = None;
    }
}

fn verified(lowered: Lowered, sources: &[SourceFile]) -> Result<Verified, Vec<Diagnostic>> {
    let debug = Debug { sources: sources.to_vec(), spans: lowered.spans };
    let artifact = Artifact { program: lowered.program, debug };
    artifact.verify().map_err(|problem| {
        let span = Span::new(onward_compiler::diagnostic::FileId(0), 0..0);
        let message = format!("the compiled tests do not verify: {problem}");
        let unsound = Diagnostic::error(onward_compiler::codes::UNSOUND, span, message);
        vec![
            unsound.help("this is a fault of Onward and not of your tests; please report it with your files"),
        ]
    })
}
