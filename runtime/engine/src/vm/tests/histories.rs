//! Questions about past events.

use onward_bytecode::{Ask, HistoryRef, Length, Span};

use super::*;
use crate::model::Question;

/// Four sign-ups of Ana, in the order in which they came in.
fn history(scene: &Scene) -> BTreeMap<Question, Vec<Occurrence>> {
    let event = |id: &str, at: &str, members: Json| Occurrence {
        id: id.into(),
        name: "signup".into(),
        at: at.parse().unwrap(),
        fields: fields(members),
        contact: None,
    };
    let events = vec![
        event("a", "2026-03-01T20:00:00-05:00", json!({"plan": "free", "amount": 10})),
        event("c", "2026-03-06T20:00:00-05:00", json!({"plan": "pro", "amount": "2.5"})),
        event("b", "2026-03-05T20:00:00-05:00", json!({"plan": "pro"})),
        event("d", "2026-03-09T20:00:00-05:00", json!({"plan": "max", "amount": 1000})),
    ];
    BTreeMap::from([(Question { entity: scene.subject.clone(), event: "signup".into() }, events)])
}

fn asked(span: Span, ask: Ask, plan: Option<&str>) -> Result<Value, Fault> {
    let scene = Scene::new();
    let history = history(&scene);
    answer(&World { history: &history, ..scene.world() }, span, ask, plan)
}

fn answer(world: &World<'_>, span: Span, ask: Ask, plan: Option<&str>) -> Result<Value, Fault> {
    let mut condition = Asm::new("where", &[Kind::Text], Some(Kind::Bool));
    let name = condition.name("plan", one(Scalar::Text));
    condition.ak(Op::Field, 1, name.into()).abc(Op::Eq, 2, 0, 1).abc(Op::Return, 2, 0, 0);
    let mut asm = Asm::new("test", &[], Some(ask.kind()));
    let condition_id = plan.map(|_| FunctionId(0));
    asm.0.histories.push(HistoryRef { event: "signup".into(), span, condition: condition_id, ask });
    asm.abc(Op::Subject, 0, 0, 0).text(1, plan.unwrap_or("")).abc(Op::History, 2, 0, 0).abc(
        Op::Return,
        2,
        0,
        0,
    );
    let verified = verified(program(vec![condition.0, asm.0]));
    call(verified.program(), FunctionId(1), &[], world)
}

fn days(days: i32) -> Span {
    Span::Last(Length { months: 0, days, millis: 0 })
}

fn name(name: &str, scalar: Scalar) -> NameRef {
    NameRef { name: name.into(), ty: one(scalar) }
}

#[test]
fn events_count_where_they_happened() {
    assert_eq!(asked(Span::Ever, Ask::Count, None), Ok(n("3")));
    assert_eq!(asked(days(2), Ask::Count, None), Ok(n("2")));
    assert_eq!(asked(days(1), Ask::Count, None), Ok(n("1")));
    assert_eq!(asked(Span::Ever, Ask::Count, Some("pro")), Ok(n("2")));
    assert_eq!(asked(Span::Ever, Ask::Did, Some("max")), Ok(Value::Bool(false)));
    assert_eq!(asked(days(3), Ask::Did, Some("free")), Ok(Value::Bool(false)));
    assert_eq!(asked(days(6), Ask::Did, Some("free")), Ok(Value::Bool(true)));
}

#[test]
fn sums_and_the_latest() {
    let amount = || name("amount", Scalar::Number);
    assert_eq!(asked(Span::Ever, Ask::Sum(amount()), None), Ok(n("12.5")));
    assert_eq!(asked(days(0), Ask::Sum(amount()), None), Ok(n("0")));
    assert_eq!(asked(Span::Ever, Ask::Latest(amount()), None), Ok(n("2.5")));
    assert_eq!(
        asked(Span::Ever, Ask::Latest(name("time", Scalar::Time)), None),
        Ok(at("2026-03-07T01:00:00Z"))
    );
    assert_eq!(asked(Span::Ever, Ask::Latest(amount()), Some("max")), Ok(Value::Missing));
}

#[test]
fn since_the_run_started() {
    let scene = Scene::new();
    let history = history(&scene);
    let world = World { history: &history, ..scene.world() };
    assert_eq!(answer(&world, Span::Run, Ask::Count, None), Ok(n("3")));
    let started = "2026-03-05T20:00:00-05:00".parse().ok();
    assert_eq!(answer(&World { run_started: started, ..world }, Span::Run, Ask::Count, None), Ok(n("2")));
}

#[test]
fn what_was_not_looked_up_is_asked_for() {
    let scene = Scene::new();
    let question = Question { entity: scene.subject.clone(), event: "signup".into() };
    assert_eq!(answer(&scene.world(), Span::Ever, Ask::Did, None), Err(Fault::Asks(question)));
}

#[test]
fn nobody_has_no_past() {
    let scene = Scene::new();
    let world = World { subject: None, ..scene.world() };
    assert_eq!(answer(&world, Span::Ever, Ask::Count, None), Ok(n("0")));
    assert_eq!(answer(&world, Span::Ever, Ask::Did, Some("pro")), Ok(Value::Bool(false)));
}
