//! Lowering of programs built by hand: what a run keeps, where it rests, how it starts.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

#[path = "lower/build.rs"]
mod build;
#[path = "lower/later.rs"]
mod later;

use build::*;
use onward_bytecode::{Artifact, Constant, Debug, Instruction, KeySource, Op, Program, Scalar, WorkflowDecl};
use onward_compiler::hir::*;
use onward_compiler::lower::{TOO_LARGE, lower};

/// The program, after the verifier has seen it.
fn verified(hir: &Hir) -> Program {
    let lowered = lower(hir).unwrap();
    let debug = Debug { sources: Vec::new(), spans: Vec::new() };
    let artifact = Artifact { program: lowered.program, debug };
    artifact.verify().unwrap_or_else(|error| panic!("{error}")).program().clone()
}

fn lowered(workflow: Workflow) -> (Program, WorkflowDecl) {
    let program = verified(&program(vec![workflow]));
    let workflow = program.workflows[0].clone();
    (program, workflow)
}

fn words(program: &Program, workflow: &WorkflowDecl) -> Vec<Instruction> {
    program.functions[workflow.body.0 as usize].code.clone()
}

fn ops(program: &Program, workflow: &WorkflowDecl) -> Vec<Op> {
    words(program, workflow).into_iter().map(|word| word.op().unwrap()).collect()
}

/// `name: what is kept` of each place where a run rests.
fn points(workflow: &WorkflowDecl) -> Vec<String> {
    let kept = |point: &onward_bytecode::ResumePoint| {
        let live: Vec<&str> = point.live.iter().map(|live| &*live.name).collect();
        format!("{}: {}", point.name, live.join(", "))
    };
    workflow.points.iter().map(kept).collect()
}

fn wait(days_: i32) -> Step {
    step(&format!("wait {days_} days"), StepKind::WaitFor(days(days_)))
}

fn stop() -> Step {
    step("stop", StepKind::Stop)
}

fn wait_for_purchase(then: Vec<Step>, otherwise: Vec<Step>, condition: Option<Expr>) -> Step {
    let kind = StepKind::WaitEvent {
        id: WaitId(0),
        event: "purchase".into(),
        condition,
        up_to: days(3),
        then,
        otherwise,
    };
    step("wait for purchase", kind)
}

fn item() -> Expr {
    field_of(EventScope::Wait(WaitId(0)), "item", Scalar::Text)
}

#[test]
fn a_run_keeps_what_later_steps_read() {
    let steps = vec![
        wait(1),
        note("note", trigger_field("plan")),
        wait(2),
        note("note 2", trigger_field("form")),
        wait(3),
    ];
    let (_, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert_eq!(
        points(&workflow),
        ["wait 1 days: event.form, event.plan", "wait 2 days: event.form", "wait 3 days: "]
    );
}

#[test]
fn what_an_exit_reads_is_kept_at_every_rest() {
    let exit = Exit::When(equal(trigger_field("plan"), attribute("status", Scalar::Text)));
    let (_, workflow) = lowered(workflow(vec![on("signup", None)], vec![exit], vec![wait(1), wait(2)]));
    assert_eq!(points(&workflow), ["wait 1 days: event.plan", "wait 2 days: event.plan"]);
}

#[test]
fn what_a_wait_asks_for_is_kept_until_it_ends() {
    let condition = equal(current("item"), trigger_field("plan"));
    let wait_for = wait_for_purchase(vec![], vec![], Some(condition));
    let (program, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![wait(1), wait_for, wait(2)]));
    assert_eq!(
        points(&workflow),
        ["wait 1 days: event.plan", "wait for purchase: event.plan", "wait 2 days: "]
    );
    let call = workflow.waits[0].condition.clone().unwrap();
    assert_eq!(call.registers.len(), 1);
    let condition = &program.functions[call.function.0 as usize];
    assert_eq!(condition.params, [onward_bytecode::Kind::Text]);
    assert_eq!(condition.name.as_ref(), "w.wait");
}

#[test]
fn fields_of_the_awaited_event_are_read_at_once_and_missing_in_time() {
    let steps = vec![wait_for_purchase(vec![], vec![], None), wait(1), note("note", item())];
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert_eq!(points(&workflow), ["wait for purchase: ", "wait 1 days: wait for purchase.item"]);
    let words = words(&program, &workflow);
    let at = |pc: u32| words[pc as usize].op().unwrap();
    assert_eq!(at(workflow.points[0].pc), Op::Field);
    assert_eq!(at(workflow.waits[0].otherwise), Op::Missing);
}

#[test]
fn a_field_of_a_wait_that_may_not_have_been_is_missing() {
    let branch = vec![wait_for_purchase(vec![], vec![], None)];
    let holds = equal(attribute("status", Scalar::Text), text("trial"));
    let choice = step(
        "if",
        StepKind::If { branches: vec![("status is trial".into(), holds, branch)], otherwise: vec![] },
    );
    let (program, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![choice, note("note", item())]));
    assert_eq!(ops(&program, &workflow)[0], Op::Missing);
}

#[test]
fn each_trigger_enters_with_its_own_fields() {
    let triggers =
        vec![on("signup", None), on("purchase", None), on("signup", Some(equal(current("form"), text("a"))))];
    let (program, workflow) = lowered(workflow(triggers, vec![], vec![note("note", trigger_field("plan"))]));
    let entries: Vec<u32> = workflow.triggers.iter().map(|trigger| trigger.entry).collect();
    assert_eq!(entries, [0, 2, 0]);
    let ops = ops(&program, &workflow);
    assert_eq!(ops[..3], [Op::Field, Op::Jump, Op::Missing]);
}

#[test]
fn triggers_that_keep_nothing_share_the_start() {
    let triggers = vec![on("signup", None), on("purchase", None)];
    let (program, workflow) = lowered(workflow(triggers, vec![], vec![note("note", text("hi"))]));
    assert!(workflow.triggers.iter().all(|trigger| trigger.entry == 0));
    assert_eq!(ops(&program, &workflow), [Op::Const, Op::Do, Op::End]);
}

#[test]
fn a_branch_says_which_way_it_went() {
    let trial = equal(attribute("status", Scalar::Text), text("trial"));
    let branches = vec![("status is trial".into(), trial, vec![ping("ping", text("a"))])];
    let choice = step("if", StepKind::If { branches, otherwise: vec![note("note", text("b"))] });
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], vec![choice]));
    let names: Vec<&str> = workflow.sites.iter().map(|site| &*site.name).collect();
    assert_eq!(names, ["status is trial", "ping", "note"]);
    assert_eq!(
        ops(&program, &workflow),
        [
            Op::Subject,
            Op::Attr,
            Op::Const,
            Op::Eq,
            Op::Took,
            Op::JumpIfNot,
            Op::Const,
            Op::Missing,
            Op::Missing,
            Op::Do,
            Op::Jump,
            Op::Const,
            Op::Do,
            Op::End
        ]
    );
}

#[test]
fn a_step_whose_condition_is_false_is_skipped_by_name() {
    let condition = Some(equal(trigger_field("plan"), text("pro")));
    let act = Act::Effect { action: "ping".into(), arguments: vec![text("a")] };
    let steps = vec![step("ping", doing(act, condition))];
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    let ops = ops(&program, &workflow);
    assert_eq!(ops[1..6], [Op::Const, Op::Eq, Op::JumpIf, Op::Skip, Op::Jump]);
    // The argument, for whom it is held, and when to send it.
    assert_eq!(ops[6..], [Op::Const, Op::Missing, Op::Missing, Op::Do, Op::End]);
    // After the effect and after the skip, a run goes on at the same word.
    assert_eq!(workflow.points[0].pc as usize, ops.len() - 1);
}

#[test]
fn steps_that_nobody_reaches_are_left_out() {
    let holds = equal(attribute("status", Scalar::Text), text("trial"));
    let choice = StepKind::If { branches: vec![("b".into(), holds, vec![stop()])], otherwise: vec![stop()] };
    let steps = vec![step("if", choice), note("note", text("never"))];
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    let ops = ops(&program, &workflow);
    assert_eq!(ops.iter().filter(|op| **op == Op::End).count(), 2);
    assert!(!ops.contains(&Op::Do));
}

#[test]
fn an_equality_with_a_constant_is_pulled_out_for_the_index() {
    let of_subject = equal(attribute("status", Scalar::Text), text("trial"));
    let of_event = equal(text("demo"), current("form"));
    let condition = and(and(of_subject.clone(), of_event), equal(current("plan"), text("pro")));
    let key = |condition: Expr| {
        let (_, workflow) = lowered(workflow(vec![on("signup", Some(condition))], vec![], vec![]));
        workflow.triggers[0].index.clone()
    };
    let found = key(condition).unwrap();
    assert_eq!((found.source, &*found.name), (KeySource::Event, "form"));
    assert_eq!(found.value, Constant::Text("demo".into()));
    let found = key(of_subject).unwrap();
    assert_eq!((found.source, &*found.name), (KeySource::Subject, "status"));
    let either = expr(
        ExprKind::Or(
            Box::new(equal(current("form"), text("a"))),
            Box::new(equal(current("form"), text("b"))),
        ),
        onward_bytecode::Type::One(Scalar::Bool),
    );
    assert_eq!(key(either), None);
}

#[test]
fn a_loop_is_a_function_of_the_item_and_of_what_it_reads() {
    let items = expr(
        ExprKind::Attribute(Box::new(contact()), "tags".into()),
        onward_bytecode::Type::List(Scalar::Text),
    );
    let var = expr(ExprKind::Var(VarId(0)), one(Scalar::Text));
    let parts = vec![Part::Value(var), Part::Text(" ".into()), Part::Value(trigger_field("plan"))];
    let list = message(vec![Part::Text("you: ".into()), Part::For(VarId(0), Box::new(items), parts)]);
    let (program, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![wait(1), note("note", list)]));
    assert_eq!(points(&workflow), ["wait 1 days: event.plan"]);
    let block = program.functions.iter().find(|function| &*function.name == "w.each").unwrap();
    assert_eq!(block.params.len(), 2);
    assert!(ops(&program, &workflow).contains(&Op::Each));
}

#[test]
fn a_message_merges_its_constant_parts_and_joins_in_groups() {
    let mut parts = Vec::new();
    for _ in 0..40 {
        parts.push(Part::Text("a".into()));
        parts.push(Part::Value(text("b")));
        parts.push(Part::Escaped(trigger_field("plan")));
    }
    let (program, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![note("note", message(parts))]));
    let body = &program.functions[workflow.body.0 as usize];
    assert_eq!(body.constants, [Constant::Text("ab".into())]);
    assert!(body.registers < 24, "{}", body.registers);
    let joins = ops(&program, &workflow).iter().filter(|op| **op == Op::Join).count();
    assert_eq!(joins, 6);
}

#[test]
fn the_order_of_declarations_does_not_matter() {
    let named = |name: &str| Workflow {
        name: name.into(),
        ..workflow(vec![on("signup", None)], vec![], vec![wait(1)])
    };
    let forth = program(vec![named("a"), named("b")]);
    let mut back = program(vec![named("b"), named("a")]);
    back.events.reverse();
    back.entities.reverse();
    for event in back.events.values_mut() {
        event.fields.reverse();
    }
    assert_eq!(lower(&forth).unwrap(), lower(&back).unwrap());
}

#[test]
fn a_long_list_is_looked_through_in_groups() {
    let items = (0..300).map(number).collect();
    let list = expr(ExprKind::List(items), onward_bytecode::Type::List(Scalar::Number));
    let amount = field_of(EventScope::Current, "amount", Scalar::Number);
    let condition = compare(Compare::In, amount, list);
    lowered(workflow(vec![on("purchase", Some(condition))], vec![], vec![]));
}

#[test]
fn too_large_a_workflow_is_an_error_at_its_name() {
    let tags = (0..300).map(|i| text(&i.to_string())).collect();
    let list = expr(ExprKind::List(tags), onward_bytecode::Type::List(Scalar::Text));
    let size = expr(ExprKind::Convert(Box::new(list)), one(Scalar::Text));
    let problems =
        lower(&program(vec![workflow(vec![on("signup", None)], vec![], vec![note("note", size)])]))
            .unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].code, problems[0].primary.span), (TOO_LARGE, span(1)));
    assert_eq!(problems[0].message, "workflow `w` is too large: it needs more than 256 values at a time");
    let steps = (0..40_000).map(|i| note("note", text(&i.to_string()))).collect();
    let problems = lower(&program(vec![workflow(vec![on("signup", None)], vec![], steps)])).unwrap_err();
    assert_eq!(problems[0].message, "workflow `w` is too large: it is longer than 65,535 instructions");
}

#[test]
fn words_say_where_they_come_from() {
    let lowered = lower(&program(vec![workflow(vec![on("signup", None)], vec![], vec![wait(1)])])).unwrap();
    assert_eq!(lowered.spans.len(), lowered.program.functions.len());
    let body = lowered.spans.last().unwrap();
    assert_eq!((body[0].pc, body[0].start), (0, 0));
    assert_eq!((body[1].pc, body[1].start), (1, 10));
}

#[test]
fn fields_read_only_where_the_event_came_cost_nothing_elsewhere() {
    let steps = vec![wait_for_purchase(vec![wait(1), note("note", item())], vec![wait(2)], None)];
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert!(!ops(&program, &workflow).contains(&Op::Missing));
    let kept = ["wait for purchase: ", "wait 1 days: wait for purchase.item", "wait 2 days: "];
    assert_eq!(points(&workflow), kept);
}

#[test]
fn loops_go_so_deep_and_no_deeper() {
    let nested = |deep: u32| {
        let list = || expr(ExprKind::List(vec![text("a")]), onward_bytecode::Type::List(Scalar::Text));
        let inner = vec![Part::Text("x".into())];
        let parts = (0..deep).fold(inner, |inner, i| vec![Part::For(VarId(i), Box::new(list()), inner)]);
        program(vec![workflow(vec![on("signup", None)], vec![], vec![note("note", message(parts))])])
    };
    verified(&nested(16));
    assert!(lower(&nested(17)).is_err());
}
