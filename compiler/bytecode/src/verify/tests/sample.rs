//! The parts of the sound program that came with the whole language.

use super::*;

pub(super) fn window() -> Window {
    let clock = |hour| jiff::civil::time(hour, 0, 0, 0);
    Window { from: clock(21), to: clock(8), days: Weekdays::WORK, zone: Some(id(ZONE)) }
}

/// Functions of what came with the whole language, from [`PAST`] on.
pub(super) fn later_functions() -> Vec<Function> {
    let json = [Kind::Json];
    let two = [Kind::Json, Kind::Json];
    let member = || vec![word(Member, 2, 0, 0), word(Return, 2, 0, 0)];
    let past = function(
        "past",
        &[Kind::Text],
        Some(Kind::Bool),
        vec![long(Field, 1, 0), word(Eq, 2, 0, 1), word(Return, 2, 0, 0)],
    );
    let mut predicate = function(
        "in trial",
        &[],
        Some(Kind::Bool),
        vec![
            word(Subject, 0, 0, 0),
            word(Attr, 1, 0, 0),
            word(History, 2, 0, 0),
            long(Const, 3, 2),
            word(Le, 4, 3, 2),
            word(History, 5, 0, 1),
            word(Default, 5, 5, 1),
            word(IsSet, 5, 5, 0),
            word(Return, 4, 0, 0),
        ],
    );
    predicate.histories = vec![
        HistoryRef {
            event: "signup".into(),
            span: Span::Last(days(30)),
            condition: Some(id(PAST)),
            ask: Ask::Count,
        },
        HistoryRef {
            event: "signup".into(),
            span: Span::Run,
            condition: None,
            ask: Ask::Latest(read_as("plan", Scalar::Text)),
        },
    ];
    let subject = |name: &str, place, kind| {
        function(
            name,
            &[],
            Some(kind),
            vec![word(Subject, 0, 0, 0), word(Attr, 1, 0, place), word(Return, 1, 0, 0)],
        )
    };
    let mut score = subject("score", 5, Kind::Number);
    score.names.push(read_as("score", Scalar::Number));
    vec![
        past,
        predicate,
        subject("plan", 0, Kind::Text),
        function("zone", &[], Some(Kind::Text), vec![long(Const, 0, 0), word(Return, 0, 0, 0)]),
        function("request", &json, Some(Kind::Text), vec![long(Secret, 1, 2), word(Return, 1, 0, 0)]),
        function("list", &json, Some(Kind::List), vec![word(Member, 1, 0, 3), word(Return, 1, 0, 0)]),
        function("item", &two, Some(Kind::Text), member()),
        function("when", &json, Some(Kind::Bool), vec![long(Const, 1, 3), word(Return, 1, 0, 0)]),
        function(
            "other",
            &[],
            None,
            vec![
                /* 0 */ long(Split, 0, 0),
                /* 1 */ long(Const, 1, 2),
                /* 2 */ word(Lt, 2, 0, 1),
                /* 3 */ long(Took, 2, 1),
                /* 4 */ long(JumpIfNot, 2, 2),
                /* 5 */ long(Do, 0, 2),
                /* 6 */ long(Field, 1, 0),
                /* 7 */ word(Missing, 1, Kind::Text as u8, 0),
                /* 8 */ long(Do, 1, 3),
                /* 9 */ word(Copy, 2, 1, 0),
                /* 10 */ word(Missing, 3, Kind::Text as u8, 0),
                /* 11 */ long(Do, 2, 4),
                /* 12 */ long(Do, 2, 5),
                /* 13 */ long(Do, 3, 6),
                /* 14 */ long(Do, 3, 7),
                /* 15 */ long(Do, 0, 8),
                /* 16 */ long(Do, 0, 9),
                /* 17 */ long(Const, 1, 3),
                /* 18 */ long(Took, 1, 10),
                /* 19 */ word(End, 0, 0, 0),
            ],
        ),
        function("proof", &json, Some(Kind::Bool), vec![long(Const, 1, 3), word(Return, 1, 0, 0)]),
        function("moment", &json, Some(Kind::Time), vec![word(Now, 1, 0, 0), word(Return, 1, 0, 0)]),
        score,
        function("said", &json, Some(Kind::Text), vec![word(Member, 1, 0, 0), word(Return, 1, 0, 0)]),
    ]
}

/// A workflow with every sort of trigger, clause and step that the first does not have.
pub(super) fn later_workflow() -> WorkflowDecl {
    let trigger = |kind| Trigger { kind, index: None, condition: None, entry: 0 };
    let site = |name: &str, kind| Site { name: name.into(), kind };
    let point = |name: &str, pc| ResumePoint { name: name.into(), pc, live: Vec::new() };
    let tags = || "tags".into();
    WorkflowDecl {
        name: "other".into(),
        title: "".into(),
        docs: "".into(),
        subject: "contact".into(),
        stage: Stage::Draft,
        triggers: vec![
            trigger(TriggerKind::Deleted),
            trigger(TriggerKind::Moved {
                attribute: "plan".into(),
                from: Some(id(PLAN)),
                to: Some(id(PLAN)),
            }),
            trigger(TriggerKind::Crossed {
                attribute: "score".into(),
                direction: Direction::Up,
                bound: Bound::To(id(SCORE)),
            }),
            trigger(TriggerKind::Gains { attribute: tags(), item: id(PLAN) }),
            trigger(TriggerKind::Loses { attribute: tags(), item: id(PLAN) }),
            trigger(TriggerKind::Enters(0)),
            trigger(TriggerKind::Leaves(0)),
            trigger(TriggerKind::Unchanged { attribute: "plan".into(), length: days(30) }),
            trigger(TriggerKind::Date(DateTrigger {
                attribute: "trial_ends".into(),
                offset: days(-3),
                clock: None,
                rhythm: Rhythm::Yearly,
            })),
            trigger(TriggerKind::Schedule(Schedule { every: Every::Days(7), clock: None, segment: Some(0) })),
        ],
        entry: Some(0),
        enrolment: Enrolment::OncePer(id(PLAN)),
        overlap: Overlap::Ignore,
        exits: Vec::new(),
        goal: Some(Goal { event: "signup".into(), condition: Some(id(PREDICATE)), within: days(14) }),
        holdout: Some(1_000),
        window: Some(window()),
        topic: Some("news".into()),
        max_age: Some(days(1)),
        body: id(OTHER),
        sites: vec![
            site("split", SiteKind::Split),
            site("a", SiteKind::Arm { split: "split".into() }),
            site("turn", SiteKind::Turn { team: "sales".into(), point: 0 }),
            site(
                "create",
                SiteKind::Create { kind: "account".into(), attributes: vec![field("plan", Scalar::Text)] },
            ),
            site("update", SiteKind::Update { attributes: vec![field("plan", Scalar::Text)] }),
            site("delete", SiteKind::Delete),
            site("gain", SiteKind::Gain { attribute: tags() }),
            site("lose", SiteKind::Lose { attribute: tags() }),
            site("start", SiteKind::Start { workflow: "other".into() }),
            site("stop", SiteKind::StopRuns { workflow: "welcome".into() }),
            site("until", SiteKind::Until),
        ],
        points: vec![point("turn", 6)],
        waits: Vec::new(),
    }
}

pub(super) fn later_source() -> SourceDecl {
    let hmac = Hmac {
        hash: HashKind::Sha256,
        signed: Some(id(REQUEST)),
        encoding: Encoding::Hex,
        signature: id(LIST),
        prefix: Some("v1=".into()),
        keys: vec![HmacKey { encoding: Some(Encoding::Base64), key: id(REQUEST) }],
        fresh: Some((days(1), id(MOMENT))),
    };
    let entity = SourceItem::Entity {
        kind: "contact".into(),
        keys: vec![("email".into(), id(ITEM))],
        attributes: vec![("plan".into(), id(ITEM))],
    };
    let event = SourceItem::Event {
        event: "signup".into(),
        id: Some(id(ITEM)),
        at: None,
        fields: vec![("plan".into(), id(ITEM))],
    };
    let each = SourceItem::Each { list: id(LIST), items: vec![entity, event] };
    let answer = SourceItem::Answer(id(SAID));
    SourceDecl {
        name: "shop".into(),
        path: "/in/shop".into(),
        verify: vec![
            Verify::Hmac(hmac),
            Verify::Basic(id(REQUEST), id(REQUEST)),
            Verify::Bearer(id(REQUEST)),
            Verify::Token(id(REQUEST), id(REQUEST)),
        ],
        id: Some(id(SAID)),
        at: Some(id(MOMENT)),
        items: vec![SourceItem::When { condition: id(WHEN), then: vec![each], otherwise: vec![answer] }],
        docs: "".into(),
    }
}
