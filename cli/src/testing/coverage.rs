//! What tests came by: steps, and both outcomes of each condition.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use onward_bytecode::{FunctionId, Program, SourceFile, Stage};
use onward_compiler::diagnostic::Span;
use onward_compiler::hir::{Exit, Hir, Step, StepKind, Workflow};
use onward_engine::simulate::{Coverage, Visits};
use serde::Serialize;

/// Something that tests may come by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
    /// The workflow or the segment.
    pub(crate) of: Arc<str>,
    /// Its words.
    pub(crate) what: String,
    /// How often tests came by.
    pub(crate) hits: u64,
    /// How often its condition held, and did not; none if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcomes: Option<(u64, u64)>,
}

impl Place {
    /// Whether there is nothing left to come by.
    pub(crate) fn is_covered(&self) -> bool {
        self.hits > 0 && self.outcomes.is_none_or(|(yes, no)| yes > 0 && no > 0)
    }
}

/// Every place of the program's workflows, in the order of the sources.
pub(crate) fn places(
    hir: &Hir,
    program: &Program,
    sources: &[SourceFile],
    coverage: &Coverage,
) -> Vec<Place> {
    let visits: BTreeMap<(&str, &str), Visits> =
        coverage.steps().map(|(workflow, step, visits)| ((&**workflow, &**step), visits)).collect();
    let decided: BTreeMap<FunctionId, (u64, u64)> =
        coverage.conditions().map(|(function, it)| (function, (it.yes, it.no))).collect();
    let mut survey = Survey { sources, visits, places: Vec::new() };
    for segment in hir.segments.values() {
        let made = program.segments.iter().find(|it| it.name == segment.name);
        let (yes, no) = made.and_then(|it| decided.get(&it.predicate)).copied().unwrap_or_default();
        survey.add(&segment.name, segment.predicate.span, yes + no, Some((yes, no)));
    }
    // A draft starts nothing, in tests as elsewhere.
    for workflow in hir.workflows.values().filter(|it| it.stage == Stage::Live) {
        survey.clauses(workflow, program, &decided);
        survey.steps(workflow, &workflow.steps);
    }
    let mut places = survey.places;
    places.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    places
}

struct Survey<'a> {
    sources: &'a [SourceFile],
    visits: BTreeMap<(&'a str, &'a str), Visits>,
    places: Vec<Place>,
}

impl Survey<'_> {
    fn add(&mut self, of: &Arc<str>, span: Span, hits: u64, outcomes: Option<(u64, u64)>) {
        let Some(source) = self.sources.get(span.file.0 as usize) else { return };
        let line = source.text.get(..span.range().start).unwrap_or_default().matches('\n').count() + 1;
        let words = source.text.get(span.range()).unwrap_or_default().split_whitespace();
        let what = words.collect::<Vec<_>>().join(" ");
        let file = source.path.clone();
        self.places.push(Place { file, line, of: of.clone(), what, hits, outcomes });
    }

    fn clauses(
        &mut self,
        workflow: &Workflow,
        program: &Program,
        decided: &BTreeMap<FunctionId, (u64, u64)>,
    ) {
        let Some(lowered) = program.workflows.iter().find(|it| it.name == workflow.name) else { return };
        let of = |function: FunctionId| decided.get(&function).copied().unwrap_or_default();
        for (trigger, made) in workflow.triggers.iter().zip(&lowered.triggers) {
            let outcomes = made.condition.map(of);
            if let (Some(condition), Some((yes, no))) = (&trigger.condition, outcomes) {
                self.add(&workflow.name, condition.span, yes + no, outcomes);
            }
        }
        for (exit, made) in workflow.exits.iter().zip(&lowered.exits) {
            match (exit, made) {
                (Exit::When(condition), onward_bytecode::Exit::When(call)) => {
                    let (yes, no) = of(call.function);
                    self.add(&workflow.name, condition.span, yes + no, Some((yes, no)));
                }
                (
                    Exit::On { condition: Some(condition), .. },
                    onward_bytecode::Exit::On { condition: Some(call), .. },
                ) => {
                    let (yes, no) = of(call.function);
                    self.add(&workflow.name, condition.span, yes + no, Some((yes, no)));
                }
                _ => {}
            }
        }
    }

    fn steps(&mut self, workflow: &Workflow, steps: &[Step]) {
        for step in steps {
            self.step(workflow, step);
        }
    }

    /// How often runs came by a step, in any round of a repeat.
    fn visits(&self, workflow: &Workflow, name: &str) -> Visits {
        let mut all = Visits::default();
        for ((of, step), it) in &self.visits {
            let same =
                *step == name || step.strip_prefix(name).is_some_and(|rest| rest.starts_with(" (round "));
            if *of == &*workflow.name && same {
                all.done += it.done;
                all.skipped += it.skipped;
                all.taken += it.taken;
                all.passed += it.passed;
                all.came += it.came;
                all.late += it.late;
            }
        }
        all
    }

    fn step(&mut self, workflow: &Workflow, step: &Step) {
        let it = self.visits(workflow, &step.name);
        match &step.kind {
            StepKind::Do { condition, .. } => {
                let outcomes = condition.as_ref().map(|_| (it.done, it.skipped));
                self.add(&workflow.name, step.span, it.done + it.skipped, outcomes);
            }
            StepKind::WaitFor(_) | StepKind::WaitUntil(_) => {
                self.add(&workflow.name, step.span, it.done, None)
            }
            StepKind::WaitEvent { up_to, then, otherwise, .. } => {
                let head = Span { end: up_to.span.end, ..step.span };
                self.add(&workflow.name, head, it.done.max(it.came + it.late), Some((it.came, it.late)));
                self.steps(workflow, then);
                self.steps(workflow, otherwise);
            }
            StepKind::If { branches, otherwise } => {
                for (name, condition, steps) in branches {
                    let it = self.visits(workflow, name);
                    self.add(
                        &workflow.name,
                        condition.span,
                        it.taken + it.passed,
                        Some((it.taken, it.passed)),
                    );
                    self.steps(workflow, steps);
                }
                self.steps(workflow, otherwise);
            }
            StepKind::Split { arms } => {
                for (_, name, steps) in arms {
                    let it = self.visits(workflow, name);
                    self.add(&workflow.name, steps.first().map_or(step.span, |it| it.span), it.taken, None);
                    self.steps(workflow, steps);
                }
            }
            StepKind::Repeat { steps, .. } => self.steps(workflow, steps),
            // Whoever ends here came by what stands before it.
            StepKind::Stop => {}
        }
    }
}

/// How many places there are and are covered: steps, and outcomes of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Sum {
    pub(crate) places: usize,
    pub(crate) covered: usize,
    pub(crate) outcomes: usize,
    pub(crate) outcomes_covered: usize,
}

impl Sum {
    pub(crate) fn of<'p>(places: impl IntoIterator<Item = &'p Place>) -> Self {
        places.into_iter().fold(Self::default(), |sum, place| {
            let seen = place.outcomes.map_or(0, |(yes, no)| usize::from(yes > 0) + usize::from(no > 0));
            Self {
                places: sum.places + 1,
                covered: sum.covered + usize::from(place.hits > 0),
                outcomes: sum.outcomes + place.outcomes.map_or(0, |_| 2),
                outcomes_covered: sum.outcomes_covered + seen,
            }
        })
    }
}

/// The places as LCOV's trace file, which Git hosts and editors read (geninfo(1), FILES).
pub(crate) fn lcov(places: &[Place], path: impl Fn(&str) -> String) -> String {
    let mut files: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for place in places {
        files.entry(&place.file).or_default().push(place);
    }
    let mut out = String::new();
    for (file, places) in files {
        let sum = Sum::of(places.iter().copied());
        let _ = writeln!(out, "TN:\nSF:{}", path(file));
        for (number, place) in places.iter().enumerate() {
            if let Some((yes, no)) = place.outcomes {
                for (branch, hits) in [yes, no].into_iter().enumerate() {
                    let hits = if place.hits == 0 { "-".to_owned() } else { hits.to_string() };
                    let _ = writeln!(out, "BRDA:{},{number},{branch},{hits}", place.line);
                }
            }
        }
        let _ = writeln!(out, "BRF:{}\nBRH:{}", sum.outcomes, sum.outcomes_covered);
        let mut lines: BTreeMap<usize, u64> = BTreeMap::new();
        for place in &places {
            *lines.entry(place.line).or_default() += place.hits;
        }
        for (line, hits) in &lines {
            let _ = writeln!(out, "DA:{line},{hits}");
        }
        let hit = lines.values().filter(|hits| **hits > 0).count();
        let _ = writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
    }
    out
}
