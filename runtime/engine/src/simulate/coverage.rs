//! Which steps runs came by, and which way each condition came out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onward_bytecode::{FunctionId, Kind, Program};

use crate::vm::{Passage, Trace};

/// How often a condition held and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// It held.
    pub yes: u64,
    /// It did not hold, or had no value.
    pub no: u64,
}

/// How often runs came by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visits {
    /// It was done; a wait began.
    pub done: u64,
    /// It was left out because its condition is false.
    pub skipped: u64,
    /// The branch was taken.
    pub taken: u64,
    /// The branch was not taken.
    pub passed: u64,
    /// The awaited event came.
    pub came: u64,
    /// The awaited event did not come in time.
    pub late: u64,
}

impl Visits {
    /// Whether any run came by at all.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

const PASSAGES: usize = 6;

/// What was covered of one program, by any number of simulations that share it: put it
/// into [`crate::Programs::trace`]. Only what runs in that program may be told to it.
#[derive(Debug)]
pub struct Coverage {
    conditions: BTreeMap<FunctionId, [AtomicU64; 2]>,
    steps: BTreeMap<Arc<str>, BTreeMap<Arc<str>, [AtomicU64; PASSAGES]>>,
}

impl Coverage {
    /// Nothing yet, of all that the program has.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let functions = (0..).map(FunctionId).zip(&program.functions);
        let conditions = functions.filter(|(_, function)| function.result == Some(Kind::Bool));
        let steps = program.workflows.iter().map(|workflow| {
            let sites = workflow.sites.iter().map(|site| &site.name);
            let points = workflow.points.iter().map(|point| &point.name);
            let steps = sites.chain(points).map(|name| (name.clone(), Default::default()));
            (workflow.name.clone(), steps.collect())
        });
        Self {
            conditions: conditions.map(|(id, _)| (id, Default::default())).collect(),
            steps: steps.collect(),
        }
    }

    /// Each function that gives a truth value, and how it came out.
    pub fn conditions(&self) -> impl Iterator<Item = (FunctionId, Outcomes)> {
        self.conditions.iter().map(|(id, [no, yes])| (*id, Outcomes { yes: read(yes), no: read(no) }))
    }

    /// Each step of each workflow, by the name of its site or its resume point.
    pub fn steps(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, Visits)> {
        let steps =
            self.steps.iter().flat_map(|(workflow, steps)| steps.iter().map(move |step| (workflow, step)));
        steps.map(|(workflow, (step, [done, skipped, taken, passed, came, late]))| {
            let visits = Visits {
                done: read(done),
                skipped: read(skipped),
                taken: read(taken),
                passed: read(passed),
                came: read(came),
                late: read(late),
            };
            (workflow, step, visits)
        })
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn add(count: Option<&AtomicU64>) {
    if let Some(count) = count {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Trace for Coverage {
    fn decided(&self, function: FunctionId, yes: bool) {
        add(self.conditions.get(&function).and_then(|counts| counts.get(usize::from(yes))));
    }

    fn passed(&self, workflow: &str, step: &str, how: Passage) {
        let counts = self.steps.get(workflow).and_then(|steps| steps.get(step));
        let place = match how {
            Passage::Done => 0,
            Passage::Skipped => 1,
            Passage::Taken => 2,
            Passage::Passed => 3,
            Passage::Came => 4,
            Passage::Late => 5,
        };
        add(counts.and_then(|counts| counts.get(place)));
    }
}
