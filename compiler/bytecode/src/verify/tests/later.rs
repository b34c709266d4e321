//! What can be wrong with questions about the past, segments, policies, sources, and
//! the triggers, clauses and steps that came with them.

use super::*;

#[test]
fn questions_about_the_past_are_sane() {
    fn asks(p: &mut Program) -> &mut HistoryRef {
        &mut p.functions[PREDICATE].histories[0]
    }
    refuses("a past event that is not declared", |p| asks(p).event = "no".into());
    refuses("sums what is no number", |p| asks(p).ask = Ask::Sum(read_as("plan", Scalar::Text)));
    refuses("gives something else", |p| asks(p).condition = Some(id(BLOCK)));
    refuses("not before it", |p| asks(p).condition = Some(id(PREDICATE)));
    refuses("not before it", |p| asks(p).condition = Some(id(99)));
    refuses("there is no question 7", |p| p.functions[PREDICATE].code[2] = word(History, 2, 0, 7));
    // What the condition is given is of its kind.
    refuses("operand 1 is of the wrong kind", |p| p.functions[PREDICATE].code[1] = word(Copy, 1, 0, 0));
    refuses("holds nothing that can be used", |p| p.functions[PREDICATE].code[2] = word(History, 2, 5, 0));
    refuses("r2 is of kind number, not bool", |p| p.functions[PREDICATE].code[8] = word(Return, 2, 0, 0));
    // A question is none for requests, and its condition reads no secrets.
    refuses("nothing but its arguments", |p| {
        let history = p.functions[PREDICATE].histories[1].clone();
        p.functions[REQUEST].histories.push(history);
        p.functions[REQUEST]
            .code
            .splice(0..0, [word(Missing, 1, Kind::Entity as u8, 0), word(History, 1, 1, 0)]);
    });
    refuses("may read a secret", |p| p.functions[PAST].code[0] = long(Secret, 1, 2));
}

#[test]
fn triggers_are_sane() {
    #[track_caller]
    fn refuses_trigger(message: &str, kind: TriggerKind) {
        refuses(message, |p| p.workflows[1].triggers[0].kind = kind);
    }
    let plan = || std::sync::Arc::<str>::from("plan");
    let rises = |attribute: &str, bound| TriggerKind::Crossed {
        attribute: attribute.into(),
        direction: Direction::Down,
        bound,
    };
    let every = |every| TriggerKind::Schedule(Schedule { every, clock: None, segment: None });
    refuses_trigger("rise or drop that cannot", rises("plan", Bound::Any));
    refuses_trigger("has no `no`", rises("no", Bound::Any));
    refuses_trigger("gives something else", rises("score", Bound::Past(id(PLAN))));
    refuses_trigger("takes other arguments", rises("score", Bound::Past(id(URL))));
    refuses_trigger("an item of what is no list", TriggerKind::Gains { attribute: plan(), item: id(PLAN) });
    refuses_trigger("gives something else", TriggerKind::Loses { attribute: "tags".into(), item: id(SCORE) });
    refuses_trigger(
        "gives something else",
        TriggerKind::Moved { attribute: plan(), from: Some(id(SCORE)), to: None },
    );
    refuses_trigger("a segment that is not there", TriggerKind::Enters(1));
    refuses_trigger("no time at all", TriggerKind::Unchanged { attribute: plan(), length: days(0) });
    refuses_trigger("never moves on", every(Every::Days(0)));
    refuses_trigger("never moves on", every(Every::Months(0)));
    refuses_trigger("never moves on", every(Every::Millis(0)));
    refuses_trigger("no day of the week", every(Every::Weekdays(Weekdays(0))));
    refuses_trigger("no day of the week", every(Every::Weekdays(Weekdays(128))));
    let date = DateTrigger { attribute: plan(), offset: days(1), clock: None, rhythm: Rhythm::Once };
    refuses_trigger("a date that is none", TriggerKind::Date(date));
    refuses("not of its subjects", |p| p.segments[0].kind = "account".into());
    refuses("goes on behind the end of its body", |p| p.workflows[1].entry = Some(99));
}

#[test]
fn clauses_are_sane() {
    refuses("takes other arguments", |p| p.workflows[1].enrolment = Enrolment::OncePer(id(URL)));
    refuses("no time at all", |p| p.workflows[1].enrolment = Enrolment::AtMostOncePer(days(-1)));
    refuses("no time at all", |p| p.workflows[1].max_age = Some(days(0)));
    refuses("holds out more than everybody", |p| p.workflows[1].holdout = Some(10_001));
    refuses("its topic is not declared", |p| p.workflows[1].topic = Some("no".into()));
    refuses("gives something else", |p| p.workflows[1].window.as_mut().unwrap().zone = Some(id(SCORE)));
    refuses("no day of the week", |p| p.workflows[1].window.as_mut().unwrap().days = Weekdays(0));
    refuses("`no` is not declared", |p| p.workflows[1].goal.as_mut().unwrap().event = "no".into());
    refuses("no time at all", |p| p.workflows[1].goal.as_mut().unwrap().within = days(0));
    refuses("gives something else", |p| p.workflows[1].goal.as_mut().unwrap().condition = Some(id(PLAN)));
}

#[test]
fn later_steps_are_sane() {
    #[track_caller]
    fn refuses_site(message: &str, site: usize, kind: SiteKind) {
        refuses(message, |p| p.workflows[1].sites[site].kind = kind);
    }
    refuses_site("a team that is not declared", 2, SiteKind::Turn { team: "no".into(), point: 0 });
    refuses_site("there is no resume point 9", 2, SiteKind::Turn { team: "sales".into(), point: 9 });
    refuses_site(
        "an entity that is not declared",
        3,
        SiteKind::Create { kind: "no".into(), attributes: vec![] },
    );
    refuses_site(
        "`plan` is there twice",
        4,
        SiteKind::Update { attributes: vec![field("plan", Scalar::Text); 2] },
    );
    refuses_site(
        "operand 1 is of the wrong kind",
        4,
        SiteKind::Update { attributes: vec![field("plan", Scalar::Bool)] },
    );
    refuses_site("that needs an event", 8, SiteKind::Start { workflow: "welcome".into() });
    refuses_site("no workflow for the same sort", 9, SiteKind::StopRuns { workflow: "no".into() });
    refuses_site("of another sort", 0, SiteKind::Branch);
    refuses_site("of another sort", 1, SiteKind::Split);
    refuses_site("of another sort", 10, SiteKind::Note);
    refuses("operand 1 is of the wrong kind", |p| p.functions[BODY].code[7] = word(Missing, 3, 0, 0));
    refuses("operand 2 is of the wrong kind", |p| p.functions[BODY].code[8] = word(Missing, 4, 0, 0));
    // What a split gives is a number, and what a creation leaves an entity.
    refuses("r0 is of kind number, not bool", |p| p.functions[OTHER].code[3] = long(Took, 0, 1));
    refuses("operand 0 is of the wrong kind", |p| p.functions[OTHER].code[8] = word(Copy, 2, 1, 0));
    refuses("stands outside", |p| p.functions[PREDICATE].code[0] = long(Split, 0, 0));
}

#[test]
fn what_is_watched_is_sane() {
    refuses("its members are not declared", |p| p.segments[0].kind = "no".into());
    refuses("gives something else", |p| p.segments[0].predicate = id(PLAN));
    refuses("`trial` is there twice", |p| {
        let twin = p.segments[0].clone();
        p.segments.push(twin);
    });
    refuses("lets nothing through", |p| p.policy.caps[0].count = 0);
    refuses("no time at all", |p| p.policy.caps[0].per = days(0));
    refuses("takes other arguments", |p| p.policy.quiet[0].window.zone = Some(id(URL)));
    refuses("a reserved name", |p| p.policy.topics[0].name = "all".into());
    refuses("an entity that is not declared", |p| p.follows[0].target = "no".into());
    refuses("not in order", |p| {
        let twin = p.follows[0].clone();
        p.follows.push(twin);
    });
    // A predicate is about what is kept: it reads no secrets.
    refuses("may read a secret", |p| p.functions[PREDICATE].code[1] = long(Secret, 1, 2));
}

#[test]
fn sources_are_sane() {
    fn shop(p: &mut Program) -> &mut SourceDecl {
        &mut p.sources[0]
    }
    refuses("does not start with `/`", |p| shop(p).path = "in".into());
    refuses("gives something else", |p| shop(p).id = Some(id(MOMENT)));
    refuses("takes other arguments", |p| shop(p).id = Some(id(ITEM)));
    refuses("gives something else", |p| shop(p).verify.push(Verify::Bearer(id(LIST))));
    refuses("a signature has no key", |p| match &mut shop(p).verify[0] {
        Verify::Hmac(hmac) => hmac.keys.clear(),
        _ => panic!("the first is a keyed hash"),
    });
    refuses("`no` is not declared", |p| {
        shop(p).items = vec![SourceItem::Event { event: "no".into(), id: None, at: None, fields: vec![] }];
    });
    refuses("a field that its event does not have", |p| {
        let fields = vec![("no".into(), id(REQUEST))];
        shop(p).items = vec![SourceItem::Event { event: "signup".into(), id: None, at: None, fields }];
    });
    let entity = |kind: &str, keys, attributes| SourceItem::Entity { kind: kind.into(), keys, attributes };
    let by = || vec![("id".into(), id(REQUEST))];
    refuses("an entity that is not declared", |p| shop(p).items = vec![entity("no", by(), vec![])]);
    refuses("an entity has no key", |p| shop(p).items = vec![entity("contact", vec![], vec![])]);
    refuses("an attribute that its entity does not have", |p| {
        shop(p).items = vec![entity("contact", by(), vec![("no".into(), id(REQUEST))])];
    });
    refuses("takes other arguments", |p| {
        shop(p).items =
            vec![SourceItem::Each { list: id(LIST), items: vec![SourceItem::Answer(id(REQUEST))] }];
    });
    // What a request says is kept: no secret gets into it.
    refuses("may read a secret", |p| p.functions[SAID].code[0] = long(Secret, 1, 2));
    refuses("may read a secret", |p| shop(p).items = vec![SourceItem::Answer(id(REQUEST))]);
    refuses("nothing but its arguments", |p| p.functions[ITEM].code[0] = word(Subject, 2, 0, 0));
    refuses("nested too deeply", |p| {
        for _ in 0..20 {
            let then = std::mem::take(&mut shop(p).items);
            shop(p).items = vec![SourceItem::When { condition: id(WHEN), then, otherwise: vec![] }];
        }
    });
}

#[test]
fn blocks_of_a_source_fit_together() {
    let mut program = sound();
    for _ in 0..12 {
        let then = std::mem::take(&mut program.sources[0].items);
        program.sources[0].items = vec![SourceItem::When { condition: id(WHEN), then, otherwise: vec![] }];
    }
    let artifact = Artifact { program, debug: Debug::default() };
    assert_eq!(*Artifact::decode(&artifact.encode().unwrap()).unwrap().artifact(), artifact);
    // A million blocks that are opened: refused without going a million deep.
    let mut open = vec![0x03, b'a', b'/', b'a'];
    open.clear();
    open.extend(postcard::to_stdvec(&("shop", "/in", Vec::<u8>::new(), 0u8, 0u8)).unwrap());
    open.extend([0xc0, 0x84, 0x3d]);
    open.extend([0, 0].repeat(1_000_000));
    open.push(0);
    assert!(postcard::from_bytes::<SourceDecl>(&open).is_err());
}

#[test]
fn a_segment_is_defined_by_what_it_means() {
    let program = sound();
    let of = |program: &Program| meaning(&program.functions, id(PREDICATE), "contact");
    let same = of(&program);
    let mut renamed = program.clone();
    renamed.functions[PREDICATE].name = "other".into();
    renamed.functions[PAST].name = "other".into();
    let added = renamed.functions[PLAN].clone();
    renamed.functions.push(added);
    assert_eq!(of(&renamed), same);
    assert_ne!(meaning(&program.functions, id(PREDICATE), "account"), same);
    let differs = |damage: &dyn Fn(&mut Program)| {
        let mut other = program.clone();
        damage(&mut other);
        assert_ne!(of(&other), same);
    };
    differs(&|p| p.functions[PREDICATE].constants[2] = Constant::Number(4.into()));
    differs(&|p| p.functions[PAST].code[1] = word(Ne, 2, 0, 1));
    differs(&|p| p.functions[PREDICATE].histories[0].span = Span::Ever);
    differs(&|p| p.functions[PREDICATE].histories[0].condition = None);
}
