//! What a workflow's body asks for, and what is kept while it rests.

use onward_bytecode::{
    CaptureCall, Enrolment, Exit, FunctionId, Kind, Length, Live, Op, Overlap, Program, ResumePoint, Scalar,
    Site, SiteKind, Stage, Trigger, TriggerKind, Value, WaitSite, WorkflowDecl,
};
use serde_json::json;

use super::*;
use crate::model::Finish;
use crate::vm::{Machine, Yield, call_at_rest};

/// A note about the plan, a branch, and each way to rest.
pub(super) fn journey() -> Program {
    let mut exit = Asm::new("exit", &[Kind::Text], Some(Kind::Bool));
    let plan = exit.name("plan", one(Scalar::Text));
    exit.ak(Op::Field, 1, plan.into()).abc(Op::Eq, 2, 0, 1).abc(Op::Return, 2, 0, 0);

    let mut body = Asm::new("body", &[], None);
    let plan = body.name("plan", one(Scalar::Text));
    let moment = body.name("renews", one(Scalar::Time));
    body.ak(Op::Field, 0, plan.into());
    body.abc(Op::Copy, 1, 0, 0).ak(Op::Do, 1, 0);
    body.abc(Op::IsSet, 2, 0, 0).ak(Op::Took, 2, 1).ak(Op::JumpIf, 2, 1).ak(Op::Skip, 0, 0);
    body.constant(3, Constant::Duration(Length { months: 0, days: 2, millis: 0 })).ak(Op::WaitFor, 3, 0);
    let after_length = body.here();
    body.clock(3, "09:00:00").abc(Op::NextClock, 4, 3, 0).ak(Op::Wait, 4, 1);
    let after_clock = body.here();
    body.abc(Op::Subject, 4, 0, 0).abc(Op::Attr, 5, 4, moment).ak(Op::Wait, 5, 2);
    let after_moment = body.here();
    body.constant(3, Constant::Duration(Length { months: 0, days: 1, millis: 0 })).ak(Op::WaitEvent, 3, 0);
    let after_event = body.here();
    body.abc(Op::End, 0, 0, 0);
    let otherwise = body.here();
    body.abc(Op::End, 1, 0, 0);

    let live = vec![Live { register: 0, name: "event.plan".into(), ty: one(Scalar::Text) }];
    let point = |name: &str, pc| ResumePoint { name: name.into(), pc, live: live.clone() };
    let capture = CaptureCall { function: FunctionId(0), registers: vec![0] };
    let mut program = program(vec![exit.0, body.0]);
    program.workflows.push(WorkflowDecl {
        name: "journey".into(),
        title: "".into(),
        docs: "".into(),
        subject: "contact".into(),
        triggers: vec![Trigger {
            kind: TriggerKind::Event("signup".into()),
            index: None,
            condition: None,
            entry: 0,
        }],
        stage: Stage::Live,
        entry: None,
        goal: None,
        holdout: None,
        window: None,
        topic: None,
        max_age: None,
        enrolment: Enrolment::Once,
        overlap: Overlap::Ignore,
        exits: vec![Exit::When(capture.clone())],
        body: FunctionId(1),
        sites: vec![
            Site { name: "note".into(), kind: SiteKind::Note },
            Site { name: "if".into(), kind: SiteKind::Branch },
        ],
        points: vec![
            point("length", after_length),
            point("clock", after_clock),
            point("moment", after_moment),
            point("event", after_event),
        ],
        waits: vec![WaitSite { event: "signup".into(), condition: Some(capture), point: 3, otherwise }],
    });
    program
}

fn days(days: i32) -> Option<Length> {
    Some(Length { months: 0, days, millis: 0 })
}

#[test]
fn a_body_asks_step_by_step() {
    let verified = verified(journey());
    let (program, workflow) = (verified.program(), &verified.program().workflows[0]);
    let scene = Scene::new();
    let world = scene.world();
    let mut machine = Machine::start(program, workflow, 0).unwrap();
    assert_eq!(machine.next(&world), Ok(Yield::Do { site: 0, args: vec![t("pro")] }));
    assert_eq!(machine.next(&world), Ok(Yield::Took { site: 1, yes: true }));
    assert_eq!(machine.next(&world), Ok(Yield::WaitFor { point: 0, length: days(2) }));
    let rest = machine.rest(0);
    assert_eq!((&*rest.point, &rest.values[..]), ("length", &[json!("pro")][..]));

    let mut machine = Machine::resume(program, workflow, &rest).unwrap();
    let nine = "2026-03-08T09:00:00-04:00".parse().ok();
    let wall = "2026-03-08T09:00:00".parse().ok();
    assert_eq!(machine.next(&world), Ok(Yield::Wait { point: 1, until: nine, civil: wall }));
    let mut machine = Machine::resume(program, workflow, &machine.rest(1)).unwrap();
    assert_eq!(machine.next(&world), Ok(Yield::Wait { point: 2, until: None, civil: None }));
    let mut machine = Machine::resume(program, workflow, &machine.rest(2)).unwrap();
    assert_eq!(machine.next(&world), Ok(Yield::WaitEvent { wait: 0, length: days(1) }));

    let rest = machine.rest(3);
    let mut came = Machine::resume(program, workflow, &rest).unwrap();
    assert_eq!(came.next(&world), Ok(Yield::End { how: Finish::Completed }));
    assert_eq!(came.next(&world), Ok(Yield::End { how: Finish::Completed }));
    let mut vain = Machine::resume_otherwise(program, workflow, 0, &rest).unwrap();
    assert_eq!(vain.next(&world), Ok(Yield::End { how: Finish::Stopped }));
}

#[test]
fn a_condition_is_false_without_its_value() {
    let verified = verified(journey());
    let workflow = &verified.program().workflows[0];
    let mut scene = Scene::new();
    scene.event.fields.clear();
    let mut machine = Machine::start(verified.program(), workflow, 0).unwrap();
    assert_eq!(machine.next(&scene.world()), Ok(Yield::Do { site: 0, args: vec![Value::Missing] }));
    assert_eq!(machine.next(&scene.world()), Ok(Yield::Took { site: 1, yes: false }));
    assert_eq!(machine.next(&scene.world()), Ok(Yield::Skip { site: 0 }));
}

#[test]
fn a_step_that_could_not_be_done_reads_again() {
    let verified = verified(journey());
    let (program, workflow) = (verified.program(), &verified.program().workflows[0]);
    let mut scene = Scene::new();
    let rest = crate::model::Rest { point: "clock".into(), values: vec![json!("pro")] };
    let mut machine = Machine::resume(program, workflow, &rest).unwrap();
    assert!(matches!(machine.next(&scene.world()), Ok(Yield::Wait { until: None, .. })));
    let again = machine.again(Some(&scene.event));
    assert_eq!(again.event.as_ref(), Some(&scene.event));
    let stored = serde_json::to_value(&again).unwrap();

    scene.put(scene.subject.clone(), json!({"renews": "2026-05-01T00:00:00Z"}));
    let again = serde_json::from_value(stored).unwrap();
    let mut machine = Machine::retry(program, workflow, &again).unwrap();
    let until = "2026-05-01T00:00:00Z".parse().ok();
    assert_eq!(machine.next(&scene.world()), Ok(Yield::Wait { point: 2, until, civil: None }));
    assert_eq!(machine.rest(2).values, [json!("pro")]);
}

#[test]
fn a_fault_changes_nothing() {
    let verified = verified(journey());
    let workflow = &verified.program().workflows[0];
    let mut scene = Scene::new();
    let known = scene.entities.remove(&scene.subject);
    let rest = crate::model::Rest { point: "length".into(), values: vec![json!("pro")] };
    let mut machine = Machine::resume(verified.program(), workflow, &rest).unwrap();
    assert_eq!(machine.next(&scene.world()), Err(Fault::Needs(scene.subject.clone())));
    scene.entities.insert(scene.subject.clone(), known.unwrap());
    assert!(matches!(machine.next(&scene.world()), Ok(Yield::Wait { point: 1, until: Some(_), .. })));
}

#[test]
fn conditions_are_given_what_is_kept() {
    let verified = verified(journey());
    let workflow = &verified.program().workflows[0];
    let scene = Scene::new();
    let Exit::When(capture) = &workflow.exits[0] else { panic!() };
    for (plan, expected) in [(json!("pro"), true), (json!("free"), false), (json!(null), false)] {
        let rest = crate::model::Rest { point: "length".into(), values: vec![plan] };
        let holds = call_at_rest(verified.program(), workflow, &rest, capture, &scene.world());
        assert_eq!(holds, Ok(Value::Bool(expected)));
    }
    let nowhere = crate::model::Rest { point: "no".into(), values: vec![] };
    let lost = call_at_rest(verified.program(), workflow, &nowhere, capture, &scene.world());
    assert_eq!(lost, Err(Fault::Damaged("resume point")));
    assert!(Machine::resume(verified.program(), workflow, &nowhere).is_err());
}

#[test]
fn values_of_every_kind_are_held_for_another_try() {
    let list = |items: &[Value]| Value::List(items.to_vec().into());
    let values = [
        Value::Bool(true),
        n("0.1"),
        t("x"),
        Value::Date("2026-03-08".parse().unwrap()),
        at("2026-03-08T00:00:00.123Z"),
        Value::Clock("09:00:30".parse().unwrap()),
        Value::Duration(Length { months: 1, days: -1, millis: 5 }),
        Value::Entity(EntityId::new("account", "acme")),
        Value::Json(json!({"a": null}).into()),
        list(&[n("1"), n("2")]),
        list(&[]),
    ];
    for value in values {
        let ty = super::super::machine::type_of(&value).unwrap();
        assert_eq!(Value::read(&value.to_json(), &ty), value);
    }
}
