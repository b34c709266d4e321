//! The machine against an oracle: a second, simple evaluator of checked expressions.
//!
//! Expressions are generated, lowered, verified and run; the oracle computes them
//! from the tree. `ONWARD_ORACLE_CASES` says how many (20,000 unless it is set).

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "oracle/dice.rs"]
mod dice;
#[path = "oracle/evaluate.rs"]
mod evaluate;
#[path = "oracle/generate.rs"]
mod generate;

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use onward_bytecode::{Artifact, Debug, Overlap, Project, Stage, TriggerKind, Verified};
use onward_compiler::diagnostic::{FileId, Span};
use onward_compiler::hir::{self, Expr, Hir};
use onward_compiler::lower::lower;
use onward_engine::vm::{self, World};

use dice::Dice;
use evaluate::Oracle;
use generate::{Maker, SORTS, Scene, entity_decls, event_decl, scene};

/// Expressions of one program.
const BATCH: usize = 50;

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how many cases")]
fn the_machine_agrees_with_the_oracle() {
    let cases = std::env::var("ONWARD_ORACLE_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(20_000);
    let batches = cases / BATCH;
    let mut there = 0;
    for batch in 0..batches {
        // Small expressions first: what is found in them is easy to read.
        there += check(batch as u64, 1 + batch * 5 / batches);
    }
    // Two machines that never find anything would agree as well.
    assert!(there * 2 > batches * BATCH, "only {there} values are there");
}

/// Compares the expressions of one program: how many have a value.
fn check(seed: u64, depth: usize) -> usize {
    let mut dice = Dice::new(seed);
    let scene = scene(&mut dice);
    let mut maker = Maker::new(dice);
    let exprs: Vec<Expr> = (0..BATCH)
        .map(|_| {
            let sort = *maker.dice.pick(&SORTS);
            maker.expr(sort, depth)
        })
        .collect();
    let program = compiled(&exprs);
    let functions = program.program().workflows[0].triggers.iter().map(|trigger| match trigger.kind {
        TriggerKind::Moved { from: Some(function), .. } => function,
        _ => panic!("every trigger has a value"),
    });
    let mut there = 0;
    for (place, (expr, function)) in exprs.iter().zip(functions).enumerate() {
        let wanted = Oracle::new(&scene, TimeZone::UTC).value(expr);
        there += usize::from(!wanted.is_missing());
        let got = vm::call(program.program(), function, &[], &world(&scene));
        assert_eq!(got, Ok(wanted), "seed {seed}, depth {depth}, expression {place}:\n{:?}", expr.kind);
    }
    there
}

fn world(scene: &Scene) -> World<'_> {
    let mut world = World::new(&scene.entities, scene.now);
    world.subject = Some(&scene.subject);
    world.event = Some(&scene.event);
    world.history = &scene.history;
    world.run_started = scene.run_started;
    world
}

/// A program with a trigger for each expression, which is the value that an attribute had.
fn compiled(exprs: &[Expr]) -> Verified {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let fields = event_decl().fields;
    let attribute = |expr: &Expr| fields.iter().find(|it| it.ty == expr.ty.ty).unwrap().clone();
    let trigger = |expr: &Expr| hir::Trigger {
        kind: hir::TriggerKind::Moved { attribute: attribute(expr), from: Some(expr.clone()), to: None },
        condition: None,
        span,
    };
    let workflow = hir::Workflow {
        name: "w".into(),
        title: "".into(),
        docs: "".into(),
        subject: "contact".into(),
        triggers: exprs.iter().map(trigger).collect(),
        stage: Stage::Live,
        enrolment: hir::Enrolment::EveryTime,
        overlap: Overlap::Ignore,
        exits: Vec::new(),
        goal: None,
        holdout: None,
        window: None,
        topic: None,
        max_age: None,
        steps: Vec::new(),
        span,
    };
    let event = event_decl();
    let hir = Hir {
        project: Project { name: "oracle".into(), timezone: "UTC".into(), sender: None, smtp: None },
        events: IndexMap::from([(event.name.clone(), event)]),
        entities: entity_decls().into_iter().map(|it| (it.name.clone(), it)).collect(),
        teams: IndexMap::new(),
        actions: IndexMap::new(),
        segments: IndexMap::new(),
        policy: hir::Policy::default(),
        sources: IndexMap::new(),
        workflows: IndexMap::from([(Arc::from("w"), workflow)]),
        tests: Vec::new(),
    };
    let program = lower(&hir).unwrap().program;
    Artifact { program, debug: Debug::default() }.verify().unwrap_or_else(|error| panic!("{error}"))
}
