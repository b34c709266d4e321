//! Lowering of what steps make, splits, repeats, questions about the past, segments.

use std::sync::Arc;

use onward_bytecode::{
    Ask, Hold, Kind, Length, OnFailure, Program, SiteKind, Span as Since, TeamDecl, WorkflowDecl,
};

use super::*;

fn one_of(name: &str, kind: StepKind) -> (Program, WorkflowDecl) {
    lowered(workflow(vec![on("signup", None)], vec![], vec![step(name, kind), wait(1)]))
}

fn holds() -> Expr {
    equal(attribute("status", Scalar::Text), text("trial"))
}

fn names(workflow: &WorkflowDecl) -> Vec<&str> {
    workflow.sites.iter().map(|site| &*site.name).collect()
}

fn bound(name: &str, act: Act, condition: Option<Expr>) -> Step {
    step(name, StepKind::Do { act, condition, bind: Some(LetId(0)), how: How::default() })
}

fn ping_act() -> Act {
    Act::Effect { action: "ping".into(), arguments: vec![text("a")] }
}

fn result() -> Expr {
    field_of(EventScope::Result(LetId(0)), "sid", Scalar::Text)
}

fn account(name: &str) -> Expr {
    expr(ExprKind::Attribute(Box::new(contact()), name.into()), one(Scalar::Entity("account".into())))
}

fn past(condition: Option<Expr>, ask: onward_compiler::hir::Ask, scalar: Scalar) -> Expr {
    let history = History {
        event: "purchase".into(),
        entity: contact(),
        condition,
        span: Since::Last(Length { days: 7, ..Length::default() }),
        ask,
    };
    expr(ExprKind::History(Box::new(history)), one(scalar))
}

fn count(condition: Option<Expr>) -> Expr {
    past(condition, onward_compiler::hir::Ask::Count, Scalar::Number)
}

#[test]
fn fields_of_a_result_are_read_when_it_comes_and_missing_if_it_does_not() {
    let steps = vec![bound("call", ping_act(), Some(holds())), wait(1), note("note", result())];
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert_eq!(points(&workflow), ["call: ", "wait 1 days: call.sid"]);
    let words = words(&program, &workflow);
    let after = words[workflow.points[0].pc as usize];
    assert_eq!(after.op(), Some(Op::Field));
    let skip = words.iter().position(|word| word.op() == Some(Op::Skip)).unwrap();
    assert_eq!(words[skip + 1].op(), Some(Op::Missing));
    assert_eq!(words[skip + 1].a(), after.a());
}

#[test]
fn what_a_step_creates_is_kept() {
    let create = |fields| Act::Create { kind: "account".into(), fields };
    let made = expr(ExprKind::Created(LetId(0)), one(Scalar::Entity("account".into())));
    for fields in [vec![], vec![(field("status", Scalar::Text), text("new"))]] {
        let steps = vec![
            bound("create", create(fields), None),
            wait(1),
            step("delete", doing(Act::Delete(made.clone()), None)),
        ];
        let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
        assert_eq!(points(&workflow), ["wait 1 days: create"]);
        let words = words(&program, &workflow);
        let done = words.iter().position(|word| word.op() == Some(Op::Do)).unwrap();
        assert_eq!((words[done + 1].op(), words[done + 1].b()), (Some(Op::Copy), words[done].a()));
    }
}

#[test]
fn what_a_branch_made_may_be_missing_behind_it() {
    let branch = vec![bound("call", ping_act(), None)];
    let choice =
        step("if", StepKind::If { branches: vec![("b".into(), holds(), branch)], otherwise: vec![] });
    let (program, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![choice, note("note", result())]));
    assert_eq!(ops(&program, &workflow)[0], Op::Missing);
}

#[test]
fn how_an_effect_is_done_stands_behind_its_arguments() {
    let how = How {
        draft: Some(Draft { person: Some(attribute("owner", Scalar::Text)) }),
        failure: OnFailure::Continue,
        at: Some(expr(ExprKind::Now, one(Scalar::Time))),
    };
    let (program, workflow) =
        one_of("ping", StepKind::Do { act: ping_act(), condition: None, bind: None, how });
    assert_eq!(
        ops(&program, &workflow)[..5],
        [Op::Const, Op::Subject, Op::Attr, Op::Now, Op::Do],
        "the text, for whom, when"
    );
    let SiteKind::Effect { hold, failure, .. } = workflow.sites[0].kind else { panic!("an effect") };
    assert_eq!((hold, failure), (Hold::Draft, OnFailure::Continue));
}

#[test]
fn several_actions_of_one_step_are_skipped_together() {
    let gain = |item: &str| Act::Gain { attribute: "tags".into(), item: text(item) };
    let act = Act::All(vec![gain("a"), gain("b"), Act::Note(text("c"))]);
    let (program, workflow) = one_of("grant", doing(act, Some(holds())));
    assert_eq!(names(&workflow), ["grant", "grant (part 2)", "grant (part 3)"]);
    let ops = ops(&program, &workflow);
    assert_eq!(ops.iter().filter(|op| **op == Op::Skip).count(), 1);
    assert_eq!(ops.iter().filter(|op| **op == Op::Do).count(), 3);
}

#[test]
fn a_turn_is_awaited_before_the_attribute_is_set() {
    let act = Act::AssignInTurn {
        entity: contact(),
        attribute: field("owner", Scalar::Text),
        team: "sales".into(),
    };
    let workflow = workflow(vec![on("signup", None)], vec![], vec![step("assign", doing(act, None))]);
    let mut hir = program(vec![workflow]);
    let team = TeamDecl { name: "sales".into(), members: vec!["ana@acme.com".into()] };
    hir.teams.insert("sales".into(), team);
    let program = verified(&hir);
    let workflow = &program.workflows[0];
    assert_eq!(ops(&program, workflow), [Op::Do, Op::Field, Op::Subject, Op::Do, Op::End]);
    assert_eq!(names(workflow), ["assign", "assign (set)"]);
    assert_eq!(workflow.points[0].pc, 1);
}

#[test]
fn shares_of_a_split_are_added_up() {
    let arm = |share, name: &str| (share, Arc::from(name), vec![note(&format!("note {name}"), text(name))]);
    let split = StepKind::Split { arms: vec![arm(5_000, "a"), arm(3_000, "b"), arm(2_000, "c")] };
    let (program, workflow) = one_of("split", split);
    assert_eq!(names(&workflow), ["split", "a", "note a", "b", "note b", "c", "note c"]);
    assert_eq!(workflow.sites[1].kind, SiteKind::Arm { split: "split".into() });
    let function = &program.functions[workflow.body.0 as usize];
    let loaded = |word: &Instruction| match &function.constants[usize::from(word.k())] {
        Constant::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let words = function.code.iter().filter(|word| word.op() == Some(Op::Const));
    assert_eq!(words.filter_map(loaded).collect::<Vec<_>>(), ["5000", "8000"]);
    assert_eq!(ops(&program, &workflow)[..5], [Op::Split, Op::Const, Op::Lt, Op::Took, Op::JumpIfNot]);
}

fn repeat(times: u16, every: Option<i32>, until: Option<Expr>, steps: Vec<Step>) -> StepKind {
    let every = every.map(|days| Length { days, ..Length::default() });
    StepKind::Repeat { times, every, until, steps }
}

#[test]
fn a_repeat_is_written_out_round_by_round() {
    let (program, workflow) =
        one_of("again", repeat(3, Some(2), Some(holds()), vec![ping("ping", text("a"))]));
    assert_eq!(
        names(&workflow),
        ["again", "ping", "again (round 2)", "ping (round 2)", "again (round 3)", "ping (round 3)"]
    );
    assert_eq!(
        points(&workflow),
        [
            "ping: ",
            "again (round 2): ",
            "ping (round 2): ",
            "again (round 3): ",
            "ping (round 3): ",
            "wait 1 days: "
        ]
    );
    let ops = ops(&program, &workflow);
    assert_eq!(ops.iter().filter(|op| **op == Op::JumpIf).count(), 3);
    assert_eq!(ops.iter().filter(|op| **op == Op::WaitFor).count(), 3);
}

#[test]
fn rounds_within_rounds_have_names_of_their_own() {
    let inner = step("inner", repeat(2, None, None, vec![note("note", text("a"))]));
    let (_, workflow) = one_of("outer", repeat(2, None, None, vec![inner]));
    assert_eq!(names(&workflow), ["note", "note (round 1.2)", "note (round 2.1)", "note (round 2.2)"]);
}

#[test]
fn a_repeat_of_nothing_is_nothing() {
    let mut steps = vec![];
    for level in 0..6 {
        steps = vec![step(&format!("again {level}"), repeat(100, None, None, steps))];
    }
    let (program, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert_eq!(ops(&program, &workflow), [Op::End]);
}

#[test]
fn names_are_made_unique() {
    let inner = vec![note("note", text("a"))];
    let steps = vec![step("again", repeat(2, None, None, inner)), note("note (round 2)", text("b"))];
    let (_, workflow) = lowered(workflow(vec![on("signup", None)], vec![], steps));
    assert_eq!(names(&workflow), ["note", "note (round 2)", "note (round 2) 2"]);
}

#[test]
fn a_condition_about_the_past_is_given_what_it_reads_besides() {
    let past_item = field_of(EventScope::Past, "item", Scalar::Text);
    let same = equal(past_item, current("form"));
    let condition = compare(Compare::Greater, count(Some(same)), number(2));
    let (program, workflow) = lowered(workflow(vec![on("signup", Some(condition))], vec![], vec![wait(1)]));
    let function = &program.functions[workflow.triggers[0].condition.unwrap().0 as usize];
    let ops: Vec<Op> = function.code.iter().map(|word| word.op().unwrap()).collect();
    assert_eq!(ops, [Op::Subject, Op::Field, Op::History, Op::Const, Op::Lt, Op::Return]);
    let history = &function.histories[0];
    assert_eq!((&*history.event, &history.ask), ("purchase", &Ask::Count));
    let condition = &program.functions[history.condition.unwrap().0 as usize];
    assert_eq!(condition.params, [Kind::Text]);
    assert_eq!(condition.names.iter().map(|name| &*name.name).collect::<Vec<_>>(), ["item"]);
}

#[test]
fn what_a_question_in_a_step_reads_of_the_trigger_is_kept() {
    let past_item = field_of(EventScope::Past, "item", Scalar::Text);
    let asked = count(Some(equal(past_item, trigger_field("plan"))));
    let choice = StepKind::If {
        branches: vec![("b".into(), compare(Compare::Greater, asked, number(0)), vec![])],
        otherwise: vec![],
    };
    let (_, workflow) =
        lowered(workflow(vec![on("signup", None)], vec![], vec![wait(1), step("if", choice)]));
    assert_eq!(points(&workflow), ["wait 1 days: event.plan"]);
}

#[test]
fn another_workflow_can_start_one_that_needs_no_event() {
    let entry = |steps| lowered(workflow(vec![on("signup", None)], vec![], steps)).1.entry;
    assert_eq!(entry(vec![note("note", attribute("email", Scalar::Text))]), Some(0));
    assert_eq!(entry(vec![note("note", trigger_field("plan"))]), None);
    // One of its triggers comes without an event already.
    let created = Trigger { kind: TriggerKind::Created, condition: None, span: span(5) };
    let steps = vec![note("note", trigger_field("plan"))];
    let (_, workflow) = lowered(workflow(vec![on("signup", None), created], vec![], steps));
    assert_eq!(workflow.entry, Some(workflow.triggers[1].entry));
}

fn segment(predicate: Expr) -> Segment {
    Segment { name: "s".into(), kind: "contact".into(), predicate, docs: "".into(), span: span(1) }
}

fn with_segment(predicate: Expr, workflows: Vec<Workflow>) -> Program {
    let mut hir = program(workflows);
    hir.segments.insert("s".into(), segment(predicate));
    verified(&hir)
}

#[test]
fn a_segment_is_defined_by_its_meaning_alone() {
    let definition = |predicate, workflows| with_segment(predicate, workflows).segments[0].definition;
    let same = definition(holds(), vec![]);
    let other = workflow(vec![on("signup", Some(holds()))], vec![], vec![wait(1)]);
    assert_eq!(definition(holds(), vec![other]), same);
    assert_ne!(definition(equal(attribute("status", Scalar::Text), text("lead")), vec![]), same);
    let asks = |item: &str| {
        let past_item = field_of(EventScope::Past, "item", Scalar::Text);
        compare(Compare::Greater, count(Some(equal(past_item, text(item)))), number(1))
    };
    let asked = definition(asks("a"), vec![]);
    assert_eq!(definition(asks("a"), vec![]), asked);
    assert_ne!(definition(asks("b"), vec![]), asked);
}

#[test]
fn references_are_followed_where_something_is_watched() {
    let stage = |entity: Expr| expr(ExprKind::Attribute(Box::new(entity), "stage".into()), one(Scalar::Text));
    let hot = |entity: Expr| equal(stage(entity), text("hot"));
    let boss = expr(
        ExprKind::Attribute(Box::new(account("parent")), "boss".into()),
        one(Scalar::Entity("contact".into())),
    );
    let exit = Exit::When(hot(boss));
    let watched = workflow(vec![on("signup", Some(hot(account("elsewhere"))))], vec![exit], vec![wait(1)]);
    let program = with_segment(hot(account("account")), vec![watched]);
    let follows: Vec<String> =
        program.follows.iter().map(|it| format!("{}.{} → {}", it.kind, it.attribute, it.target)).collect();
    // What a trigger on an event reads is not watched.
    assert_eq!(follows, ["account.boss → contact", "contact.account → account", "contact.parent → account"]);
}

#[test]
fn segments_are_found_by_their_place() {
    let enters =
        |name: &str| Trigger { kind: TriggerKind::Enters(name.into()), condition: None, span: span(5) };
    let mut hir = program(vec![workflow(vec![enters("b"), enters("a")], vec![], vec![wait(1)])]);
    for name in ["b", "a"] {
        hir.segments.insert(name.into(), Segment { name: name.into(), ..segment(holds()) });
    }
    let program = verified(&hir);
    let kinds: Vec<_> = program.workflows[0].triggers.iter().map(|trigger| trigger.kind.clone()).collect();
    assert_eq!(kinds, [onward_bytecode::TriggerKind::Enters(1), onward_bytecode::TriggerKind::Enters(0)]);
}

#[test]
fn a_source_reads_the_parts_of_its_request() {
    let param = |name: &str, scalar: Scalar| expr(ExprKind::Param(name.into()), one(scalar));
    let item = VarId(0);
    let method = Part::For(
        VarId(1),
        Box::new(param("body", Scalar::Json)),
        vec![
            Part::Value(param("method", Scalar::Text)),
            Part::Value(expr(ExprKind::Var(item), one(Scalar::Json))),
        ],
    );
    let fields = vec![(Arc::from("item"), message(vec![method]))];
    let event = SourceItem::Event { event: "purchase".into(), id: None, at: None, fields };
    let source = Source {
        name: "shop".into(),
        path: "/in/shop".into(),
        verify: vec![Verify::Token(
            expr(ExprKind::Secret("KEY".into()), one(Scalar::Text)),
            param("query", Scalar::Json),
        )],
        id: None,
        at: None,
        items: vec![SourceItem::Each { var: item, list: param("body", Scalar::Json), items: vec![event] }],
        docs: "".into(),
        span: span(1),
    };
    let mut hir = program(vec![]);
    hir.sources.insert("shop".into(), source.clone());
    let program = verified(&hir);
    let text = program.functions.iter().find(|it| &*it.name == "shop.purchase.item").unwrap();
    assert_eq!(text.params, [Kind::Json, Kind::Json]);
    assert_eq!(text.code[0].op(), Some(Op::Member));
    let block = &program.functions[text.blocks[0].0 as usize];
    assert_eq!(block.params.len(), 3, "the item, the outer item and the method");

    let mut deep = source;
    for _ in 0..20 {
        let items = std::mem::take(&mut deep.items);
        deep.items = vec![SourceItem::Each { var: VarId(9), list: param("body", Scalar::Json), items }];
    }
    hir.sources.insert("shop".into(), deep);
    let problems = lower(&hir).unwrap_err();
    assert_eq!(problems[0].code, TOO_LARGE);
    assert!(problems[0].message.starts_with("source `shop` is too large"), "{}", problems[0].message);
}
