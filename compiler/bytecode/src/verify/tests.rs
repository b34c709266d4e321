//! A sound program, and everything that can be wrong with it.

mod later;
mod mutated;
mod sample;

use crate::Op::*;
use crate::*;
use sample::{later_functions, later_source, later_workflow, window};

fn word(op: Op, a: u8, b: u8, c: u8) -> Instruction {
    Instruction::abc(op, a, b, c)
}

fn long(op: Op, a: u8, k: u16) -> Instruction {
    Instruction::ak(op, a, k)
}

fn read_as(name: &str, scalar: Scalar) -> NameRef {
    NameRef { name: name.into(), ty: Type::One(scalar) }
}

fn field(name: &str, scalar: Scalar) -> FieldDecl {
    FieldDecl { name: name.into(), ty: Type::One(scalar), presence: Presence::Optional, docs: "".into() }
}

fn function(name: &str, params: &[Kind], result: Option<Kind>, code: Vec<Instruction>) -> Function {
    Function {
        name: name.into(),
        params: params.to_vec(),
        result,
        registers: 8,
        constants: vec![
            Constant::Text("https://acme.example".into()),
            Constant::Duration(Length { months: 0, days: 2, millis: 0 }),
            Constant::Number(3.into()),
            Constant::Bool(true),
            Constant::Clock(jiff::civil::time(9, 0, 0, 0)),
        ],
        names: vec![
            read_as("plan", Scalar::Text),
            read_as("stage", Scalar::Ordered(vec!["low".into(), "high".into()])),
            read_as("token", Scalar::Text),
            NameRef { name: "tags".into(), ty: Type::List(Scalar::Text) },
            read_as("", Scalar::Json),
        ],
        blocks: Vec::new(),
        histories: Vec::new(),
        code,
    }
}

fn effect(action: u32, point: u16) -> SiteKind {
    SiteKind::Effect { action, point, hold: Hold::Free, failure: OnFailure::Park }
}

const BLOCK: usize = 0;
const CONDITION: usize = 1;
const CAPTURED: usize = 2;
const URL: usize = 3;
const RESULT: usize = 4;
const BODY: usize = 5;
const PAST: usize = 6;
const PREDICATE: usize = 7;
const PLAN: usize = 8;
const ZONE: usize = 9;
const REQUEST: usize = 10;
const LIST: usize = 11;
const ITEM: usize = 12;
const WHEN: usize = 13;
const OTHER: usize = 14;
const PROOF: usize = 15;
const MOMENT: usize = 16;
const SCORE: usize = 17;
const SAID: usize = 18;

fn id(place: usize) -> FunctionId {
    FunctionId(place as u32)
}

fn days(days: i32) -> Length {
    Length { days, ..Length::default() }
}

/// One workflow that uses everything, and one action with a secret.
fn sound() -> Program {
    let block = function(
        "block",
        &[Kind::Text, Kind::Number],
        Some(Kind::Text),
        vec![word(Text, 2, 1, 0), word(Join, 3, 2, 1), word(Return, 0, 0, 0)],
    );
    let mut condition = function(
        "where",
        &[],
        Some(Kind::Bool),
        vec![
            word(Subject, 0, 0, 0),
            word(Attr, 1, 0, 3),
            long(Const, 2, 2),
            word(Each, 3, 1, 0),
            word(IsSet, 4, 3, 0),
            long(JumpIf, 4, 1),
            word(Not, 4, 4, 0),
            word(Return, 4, 0, 0),
        ],
    );
    condition.blocks.push(FunctionId(BLOCK as u32));
    let captured = function(
        "exit",
        &[Kind::Text],
        Some(Kind::Bool),
        vec![long(Field, 1, 0), word(Eq, 2, 0, 1), word(Return, 2, 0, 0)],
    );
    let url =
        function("url", &[Kind::Text], Some(Kind::Text), vec![long(Secret, 1, 2), word(Return, 1, 0, 0)]);
    let result = function(
        "result",
        &[Kind::Json],
        Some(Kind::Text),
        vec![word(Member, 1, 0, 0), word(Return, 1, 0, 0)],
    );
    let body = function(
        "body",
        &[],
        None,
        vec![
            /* 0 */ long(Field, 0, 0),
            /* 1 */ long(Jump, 0, 1),
            /* 2 */ word(Missing, 0, 2, 0),
            /* 3 */ word(IsSet, 1, 0, 0),
            /* 4 */ long(Took, 1, 1),
            /* 5 */ long(JumpIfNot, 1, 5),
            /* 6 */ word(Copy, 2, 0, 0),
            /* 7 */ word(Missing, 3, Kind::Text as u8, 0),
            /* 8 */ word(Missing, 4, Kind::Time as u8, 0),
            /* 9 */ long(Do, 2, 0),
            /* 10 */ long(Jump, 0, 1),
            /* 11 */ long(Skip, 0, 0),
            /* 12 */ long(Const, 1, 1),
            /* 13 */ long(WaitFor, 1, 1),
            /* 14 */ word(Now, 1, 0, 0),
            /* 15 */ long(Wait, 1, 2),
            /* 16 */ long(Const, 1, 1),
            /* 17 */ long(WaitEvent, 1, 0),
            /* 18 */ word(End, 0, 0, 0),
            /* 19 */ word(Copy, 2, 0, 0),
            /* 20 */ long(Do, 2, 2),
            /* 21 */ word(End, 1, 0, 0),
        ],
    );
    let live = vec![Live { register: 0, name: "event.plan".into(), ty: Type::One(Scalar::Text) }];
    let point = |name: &str, pc| ResumePoint { name: name.into(), pc, live: live.clone() };
    let capture = || CaptureCall { function: FunctionId(CAPTURED as u32), registers: vec![0] };
    let trigger = |kind, entry, condition| Trigger { kind, index: None, condition, entry };
    let site = |name: &str, kind| Site { name: name.into(), kind };
    let entity = |name: &str| EntityDecl {
        name: name.into(),
        attributes: vec![
            field("plan", Scalar::Text),
            field("score", Scalar::Number),
            FieldDecl { ty: Type::List(Scalar::Text), ..field("tags", Scalar::Text) },
            field("trial_ends", Scalar::Date),
        ],
        docs: "".into(),
    };
    Program {
        project: Project { name: "test".into(), timezone: "Europe/Berlin".into(), sender: None, smtp: None },
        events: vec![EventDecl {
            name: "signup".into(),
            about: "contact".into(),
            fields: vec![field("plan", Scalar::Text)],
            docs: "".into(),
        }],
        entities: vec![entity("account"), entity("contact")],
        teams: vec![TeamDecl { name: "sales".into(), members: vec!["ana@acme.com".into()] }],
        actions: vec![ActionDecl {
            name: "ping".into(),
            params: vec![field("to", Scalar::Text)],
            transport: Transport::Http {
                method: "POST".into(),
                url: FunctionId(URL as u32),
                auth: Some(Auth::OAuth(OAuth {
                    url: id(URL),
                    client: id(URL),
                    secret: id(URL),
                    refresh: Some(id(URL)),
                    scope: Some(id(URL)),
                })),
                headers: vec![("X-To".into(), FunctionId(URL as u32))],
                body: Body::Multipart(vec![("to".into(), id(URL))]),
                sign: None,
                expect: vec![StatusRange { first: 200, last: 299 }],
                proof: Some(id(PROOF)),
                retry: Vec::new(),
                timeout: Length { months: 0, days: 0, millis: 10_000 },
            },
            result: vec![(field("sid", Scalar::Text), FunctionId(RESULT as u32))],
            unsure: Unsure::RetryWithKey("Idempotency-Key".into()),
            channel: Some("email".into()),
            docs: "".into(),
        }],
        segments: vec![SegmentDecl {
            name: "trial".into(),
            kind: "contact".into(),
            predicate: id(PREDICATE),
            definition: 1,
            docs: "".into(),
        }],
        policy: Policy {
            quiet: vec![Quiet { channels: vec!["email".into()], window: window() }],
            caps: vec![Cap { channels: Vec::new(), count: 3, per: days(7) }],
            topics: vec![TopicDecl { name: "news".into(), opt: Opt::In, title: "".into() }],
        },
        sources: vec![later_source()],
        follows: vec![Follow {
            kind: "contact".into(),
            attribute: "account".into(),
            target: "account".into(),
        }],
        workflows: vec![
            WorkflowDecl {
                name: "welcome".into(),
                title: "".into(),
                docs: "".into(),
                subject: "contact".into(),
                stage: Stage::Live,
                triggers: vec![
                    trigger(TriggerKind::Event("signup".into()), 0, Some(FunctionId(CONDITION as u32))),
                    trigger(TriggerKind::Created, 2, None),
                ],
                entry: None,
                enrolment: Enrolment::Once,
                overlap: Overlap::Ignore,
                exits: vec![
                    Exit::When(capture()),
                    Exit::On { event: "signup".into(), condition: Some(capture()) },
                ],
                goal: None,
                holdout: None,
                window: None,
                topic: None,
                max_age: None,
                body: FunctionId(BODY as u32),
                sites: vec![
                    site("ping", effect(0, 0)),
                    site("if", SiteKind::Branch),
                    site("emit", SiteKind::Emit { event: "signup".into(), fields: vec!["plan".into()] }),
                    site("task", SiteKind::Task { sort: "".into(), group: Some("sales".into()) }),
                ],
                points: vec![point("ping", 10), point("wait", 14), point("until", 16), point("for", 18)],
                waits: vec![WaitSite {
                    event: "signup".into(),
                    condition: Some(capture()),
                    point: 3,
                    otherwise: 19,
                }],
            },
            later_workflow(),
        ],
        functions: [block, condition, captured, url, result, body]
            .into_iter()
            .chain(later_functions())
            .collect(),
    }
}

fn verify(program: Program) -> Result<Verified, String> {
    Artifact { program, debug: Debug::default() }.verify().map_err(|error| error.to_string())
}

/// Breaks the sound program; the verifier must say where and what.
#[track_caller]
fn refuses(message: &str, damage: impl FnOnce(&mut Program)) {
    let mut program = sound();
    damage(&mut program);
    match verify(program) {
        Ok(_) => panic!("not refused: {message}"),
        Err(error) => assert!(error.contains(message), "wanted: {message}\ngot: {error}"),
    }
}

/// Puts another word into the body.
#[track_caller]
fn refuses_word(message: &str, at: usize, word: Instruction) {
    refuses(message, |program| program.functions[BODY].code[at] = word);
}

#[test]
fn a_sound_program_is_proven_and_survives_its_bytes() {
    let artifact = Artifact { program: sound(), debug: Debug::default() };
    let bytes = artifact.encode().unwrap();
    let verified = Artifact::decode(&bytes).unwrap();
    assert_eq!(*verified.artifact(), artifact);
    assert_eq!(verified.hash(), artifact.clone().verify().unwrap().hash());
    assert_eq!(verified.hash().to_string().parse::<Hash>().unwrap(), verified.hash());
}

#[test]
fn sources_do_not_change_the_hash_and_names_do() {
    let plain = verify(sound()).unwrap();
    let source = SourceFile { path: "a.onward".into(), text: "on signup\ndo ping".into() };
    let span = SpanAt { pc: 0, file: 0, start: 0, end: 9 };
    let debug = Debug { sources: vec![source], spans: vec![vec![span]] };
    let explained = Artifact { program: sound(), debug }.verify().unwrap();
    assert_eq!(explained.hash(), plain.hash());
    let mut other = sound();
    other.project.name = "other".into();
    assert_ne!(verify(other).unwrap().hash(), plain.hash());
}

#[test]
fn the_debug_section_points_at_text() {
    let refused = |span, files: usize| {
        let source = SourceFile { path: "a".into(), text: "ä".into() };
        let debug = Debug { sources: vec![source; files], spans: vec![vec![span]] };
        Artifact { program: sound(), debug }.verify().is_err()
    };
    let span = SpanAt { pc: 0, file: 0, start: 0, end: 2 };
    assert!(!refused(span, 1));
    assert!(refused(span, 0));
    assert!(refused(SpanAt { end: 1, ..span }, 1));
    assert!(refused(SpanAt { end: 3, ..span }, 1));
    assert!(refused(SpanAt { start: 2, end: 0, ..span }, 1));
}

#[test]
fn other_bytes_are_refused() {
    let bytes = Artifact { program: sound(), debug: Debug::default() }.encode().unwrap();
    let decode = |bytes: &[u8]| Artifact::decode(bytes).unwrap_err();
    assert_eq!(decode(b""), ArtifactError::Magic);
    assert_eq!(decode(b"\x7fELF"), ArtifactError::Magic);
    for length in 4..bytes.len() {
        let error = decode(&bytes[..length]);
        assert!(
            matches!(error, ArtifactError::Damaged(_) | ArtifactError::NotCanonical(_)),
            "{length}: {error}"
        );
    }
    let mut newer = bytes.clone();
    newer[5] = 9;
    assert_eq!(decode(&newer), ArtifactError::Format(9));
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(decode(&longer), ArtifactError::NotCanonical("debug section"));
    // A number that is written with a byte too many.
    let mut loose = bytes;
    loose.truncate(loose.len() - 2);
    loose.extend([0x80, 0x00, 0x00]);
    assert!(matches!(decode(&loose), ArtifactError::NotCanonical(_) | ArtifactError::Damaged(_)));
}

#[test]
fn a_length_that_lies_allocates_nothing() {
    // The program starts with a name of 2^31 bytes.
    let mut bytes = b"ONWD\0\x01\0\0\0\x06".to_vec();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x07, b'a']);
    assert_eq!(Artifact::decode(&bytes), Err(ArtifactError::Damaged("program")));
}

#[test]
fn registers_hold_what_is_read() {
    refuses_word("word 3 is not safe to run: r5 holds nothing", 3, word(IsSet, 1, 5, 0));
    refuses_word("word 3 is not safe to run: there is no r9", 3, word(IsSet, 1, 9, 0));
    refuses_word("word 3 is not safe to run: there is no r9", 3, word(IsSet, 9, 0, 0));
    refuses_word("r0 is of kind text, not bool", 5, long(JumpIfNot, 0, 3));
    refuses_word("r0 is of kind text, not duration", 13, long(WaitFor, 0, 1));
    // Both ways to word 3 must agree about r0.
    refuses_word("word 3 is not safe to run: r0 holds nothing", 2, word(Missing, 0, 1, 0));
    refuses_word("`lt` does not take bool and bool", 6, word(Lt, 2, 1, 1));
    refuses_word("`add` does not take text and bool", 6, word(Add, 2, 0, 1));
    refuses_word("`neg` does not take text", 6, word(Neg, 2, 0, 0));
    refuses_word("`escape` does not take bool", 6, word(Escape, 2, 1, 0));
    refuses_word("`default` does not take bool and text", 6, word(Default, 2, 1, 0));
}

#[test]
fn operands_are_in_their_tables() {
    refuses_word("there is no such instruction", 6, Instruction(0xff00_0000));
    refuses_word("there is no constant 9", 12, long(Const, 1, 9));
    refuses_word("there is no name 9", 0, long(Field, 0, 9));
    refuses_word("there is no kind 10", 2, word(Missing, 0, 10, 0));
    refuses_word("there is no step 9", 11, long(Skip, 0, 9));
    refuses_word("there is no resume point 9", 13, long(WaitFor, 1, 9));
    refuses_word("there is no such wait", 17, long(WaitEvent, 1, 9));
    refuses_word("there is no pipe 200", 6, word(Pipe, 2, 200, 0));
    refuses_word("there is no weekday 8", 6, word(NextWeekday, 2, 8, 0));
    refuses_word("the set is not an ordered one", 6, word(Grade, 2, 0, 0));
    refuses_word("a value before and one after", 6, word(Moved, 2, 2, 0));
    refuses_word("ends in one of two ways", 18, word(End, 2, 0, 0));
    refuses("behind the last register", |p| {
        p.functions[BODY].registers = 256;
        p.functions[BODY].code.splice(6..8, [word(Copy, 255, 0, 0), word(Join, 2, 255, 2)]);
    });
}

#[test]
fn rows_are_of_their_kinds() {
    refuses_word("operand 0 is of the wrong kind", 6, word(Join, 2, 1, 1));
    refuses("operand 0 is of the wrong kind", |p| p.functions[CONDITION].code[3] = word(Object, 3, 1, 1));
    refuses("a list cannot hold lists", |p| p.functions[CONDITION].code[3] = word(List, 3, 1, 1));
    refuses_word("`upper` does not take bool", 6, word(Pipe, 2, crate::Pipe::Upper as u8, 1));
    refuses_word("operand 1 is of the wrong kind", 6, word(Pipe, 2, crate::Pipe::Append as u8, 0));
    refuses_word("operand 0 is of the wrong kind", 9, long(Do, 1, 0));
}

#[test]
fn code_goes_forward_and_ends() {
    refuses_word("word 72 is behind the end", 10, long(Jump, 0, 61));
    refuses_word("the code does not end here", 21, word(Now, 0, 0, 0));
    refuses_word("ends with `end`", 21, word(Return, 0, 0, 0));
    refuses("the code does not end here", |p| p.functions[URL].code.truncate(1));
    refuses("word 0 is behind the end", |p| p.functions[URL].code.clear());
    refuses("goes on behind the end of its body", |p| p.workflows[0].triggers[0].entry = 22);
    refuses("goes on behind the end of its body", |p| p.workflows[0].points[0].pc = 22);
    refuses("goes on behind the end of its body", |p| p.workflows[0].waits[0].otherwise = 22);
    refuses("would go back after this rest", |p| p.workflows[0].points[1].pc = 12);
    refuses("would go back after this wait", |p| p.workflows[0].waits[0].otherwise = 16);
}

#[test]
fn calls_go_to_functions_before() {
    refuses("not before it", |p| p.functions[CONDITION].blocks[0] = FunctionId(CONDITION as u32));
    refuses("not before it", |p| p.functions[CONDITION].blocks[0] = FunctionId(99));
    refuses("there is no such block", |p| p.functions[CONDITION].code[3] = word(Each, 3, 1, 1));
    refuses("the block does not take an item", |p| {
        p.functions[BLOCK].params.clear();
        p.functions[BLOCK].code = vec![long(Const, 0, 0), word(Return, 0, 0, 0)];
    });
    refuses("operand 1 is of the wrong kind", |p| p.functions[BLOCK].params[1] = Kind::Bool);
    refuses("the block does not give a text", |p| {
        p.functions[BLOCK].result = Some(Kind::Number);
        p.functions[BLOCK].code[2] = word(Return, 1, 0, 0);
    });
    refuses("nested too deeply", |p| {
        for _ in 0..20 {
            let last = p.functions.len() as u32 - 1;
            let mut next = p.functions[BLOCK].clone();
            next.blocks = vec![FunctionId(if last as usize == SAID { 0 } else { last })];
            p.functions.push(next);
        }
    });
}

#[test]
fn functions_are_what_they_are_used_for() {
    refuses("gives something else", |p| p.workflows[0].triggers[0].condition = Some(FunctionId(BODY as u32)));
    refuses("takes other arguments", |p| p.workflows[0].triggers[0].condition = Some(FunctionId(URL as u32)));
    refuses("there is no function 99", |p| p.workflows[0].triggers[0].condition = Some(FunctionId(99)));
    refuses("it has no body", |p| p.workflows[0].body = FunctionId(99));
    refuses("its body takes arguments", |p| p.workflows[0].body = FunctionId(URL as u32));
    refuses("gives no value", |p| p.functions[BODY].result = Some(Kind::Text));
    refuses("another workflow's", |p| {
        let mut twin = p.workflows[0].clone();
        twin.name = "twin".into();
        p.workflows.push(twin);
    });
    refuses("no workflow's body", |p| p.workflows.truncate(1));
    refuses("stands outside of a workflow's body", |p| p.functions[CONDITION].code[6] = word(End, 0, 0, 0));
    refuses("r0 is of kind text, not bool", |p| p.functions[CAPTURED].code[2] = word(Return, 0, 0, 0));
    refuses("fewer registers than parameters", |p| p.functions[CAPTURED].registers = 0);
    refuses("more than 256 registers", |p| p.functions[CAPTURED].registers = 257);
    refuses("there is no r1", |p| p.functions[CAPTURED].registers = 1);
}

#[test]
fn what_is_kept_is_there() {
    refuses("word 9 is not safe to run: r1 is of kind bool, not text", |p| {
        p.workflows[0].exits.clear();
        p.workflows[0].points[0].live[0].register = 1;
    });
    refuses("not kept while the run rests", |p| p.workflows[0].points[1].live.clear());
    refuses("is kept twice", |p| {
        let live = p.workflows[0].points[0].live[0].clone();
        p.workflows[0].points[0].live.push(live);
    });
    refuses("there is no r200", |p| {
        let mut live = p.workflows[0].points[0].live[0].clone();
        live.register = 200;
        p.workflows[0].points[0].live.push(live);
    });
    refuses("a condition takes other arguments", |p| {
        p.workflows[0].exits[0] =
            Exit::When(CaptureCall { function: FunctionId(CAPTURED as u32), registers: vec![] });
    });
    refuses("not kept while the run rests", |p| {
        p.workflows[0].waits[0].condition =
            Some(CaptureCall { function: FunctionId(CAPTURED as u32), registers: vec![7] });
    });
    // Without the exits, what is not kept may not be read.
    refuses("r0 holds nothing", |p| {
        p.workflows[0].exits.clear();
        p.workflows[0].waits[0].condition = None;
        p.workflows[0].points[3].live.clear();
    });
}

#[test]
fn secrets_are_read_for_requests_only() {
    let secret = long(Secret, 1, 2);
    refuses("may read a secret", |p| p.functions[CONDITION].code[2] = secret);
    refuses("may read a secret", |p| p.functions[RESULT].code[0] = secret);
    refuses("may read a secret", |p| p.functions[BODY].code[3] = secret);
    // By way of a block.
    refuses("may read a secret", |p| p.functions[BLOCK].code[0] = long(Secret, 2, 2));
    refuses("a secret is a text", |p| p.functions[URL].code[0] = long(Secret, 1, 4));
}

#[test]
fn requests_read_their_arguments_only() {
    for other in [long(Field, 1, 0), word(Subject, 1, 0, 0), word(Event, 1, 0, 0), word(Moved, 1, 0, 0)] {
        refuses("nothing but its arguments", |p| p.functions[URL].code[0] = other);
    }
    refuses("nothing but its arguments", |p| {
        p.functions[URL].code.splice(0..0, [word(Missing, 2, 8, 0), word(Convert, 1, 2, 4)]);
    });
}

#[test]
fn steps_are_what_they_say() {
    refuses_word("of another sort", 11, long(Skip, 0, 1));
    refuses_word("of another sort", 4, long(Took, 1, 0));
    refuses_word("nothing that can be done", 9, long(Do, 2, 1));
    refuses("an action that is not there", |p| {
        p.workflows[0].sites[0].kind = effect(7, 0);
    });
    refuses("there is no resume point 7", |p| {
        p.workflows[0].sites[0].kind = effect(0, 7);
    });
    refuses("a field that its event does not have", |p| {
        p.workflows[0].sites[2].kind = SiteKind::Emit { event: "signup".into(), fields: vec!["no".into()] };
    });
    refuses("`no` is not declared", |p| {
        p.workflows[0].sites[2].kind = SiteKind::Emit { event: "no".into(), fields: vec![] };
    });
    refuses("a group that is not declared", |p| {
        p.workflows[0].sites[3].kind = SiteKind::Task { sort: "".into(), group: Some("no".into()) };
    });
    refuses("`wait` is there twice", |p| p.workflows[0].points[0].name = "wait".into());
    refuses("`if` is there twice", |p| p.workflows[0].sites[0].name = "if".into());
}

#[test]
fn declarations_are_sane() {
    refuses("its time zone is none", |p| p.project.timezone = "Mars/Base".into());
    refuses("a built-in entity is not declared", |p| {
        p.entities.remove(0);
    });
    refuses("`contact` is there twice", |p| p.entities[0].name = "contact".into());
    refuses("an entity that is not declared", |p| p.events[0].about = "deal".into());
    refuses("an entity that is not declared", |p| {
        p.events[0].fields[0].ty = Type::One(Scalar::Entity("deal".into()))
    });
    refuses("empty or repeats one", |p| p.functions[BODY].names[1].ty = Type::One(Scalar::Ordered(vec![])));
    refuses("empty or repeats one", |p| {
        p.entities[0].attributes[0].ty = Type::List(Scalar::OneOf(vec!["a".into(), "a".into()]));
    });
    refuses("its subject is not declared", |p| p.workflows[0].subject = "deal".into());
    refuses("`no` is not declared", |p| p.workflows[0].triggers[0].kind = TriggerKind::Event("no".into()));
    refuses("`no` is not declared", |p| p.workflows[0].waits[0].event = "no".into());
    refuses("`no` is not declared", |p| {
        p.workflows[0].exits[1] = Exit::On { event: "no".into(), condition: None }
    });
}

#[test]
fn actions_are_sane() {
    fn http(p: &mut Program) -> (&mut std::sync::Arc<str>, &mut Vec<StatusRange>, &mut Length, &mut Body) {
        match &mut p.actions[0].transport {
            Transport::Http { method, retry, timeout, body, .. } => (method, retry, timeout, body),
            Transport::Smtp { .. } => panic!("the action calls HTTP"),
        }
    }
    refuses("its method is none of HTTP", |p| *http(p).0 = "FETCH".into());
    refuses("a status is none of HTTP", |p| http(p).1.push(StatusRange { first: 500, last: 499 }));
    refuses("a status is none of HTTP", |p| http(p).1.push(StatusRange { first: 0, last: 600 }));
    refuses("no time at all", |p| *http(p).2 = Length::default());
    refuses("takes other arguments", |p| *http(p).3 = Body::Text(FunctionId(RESULT as u32)));
    refuses("no valid name", |p| p.actions[0].unsure = Unsure::RetryWithKey("Bad Name".into()));
    refuses("takes other arguments", |p| p.actions[0].params.clear());
    refuses("gives something else", |p| p.actions[0].result[0].0.ty = Type::One(Scalar::Number));
    refuses("`to` is there twice", |p| {
        let twin = p.actions[0].params[0].clone();
        p.actions[0].params.push(twin);
    });
}

#[test]
fn listings_name_everything() {
    let text = disassemble(&Artifact { program: sound(), debug: Debug::default() });
    for part in [
        "workflow welcome for contact, body f5",
        "point 1 `wait` → 0014 keeps r0 event.plan: text",
        "wait 0 for signup at point 3, else → 0019",
        "  `ping`:",
        "  `for` in vain:",
        "0000  field       r0 = plan: text",
        "0009  do          `ping` from r2, rests at `ping`",
        "0013  wait for    r1, rests at `wait`",
        "each        r3 = r1 f0 `block`",
        "const       r2 = 3",
        "jump if not r1 → 0011",
        "segment trial of contact where f7 `in trial`, definition 0000000000000001",
        "quiet for email, 21:00:00 to 08:00:00 on Mon, Tue, Wed, Thu, Fri in f9 `zone`",
        "at most 3 by any channel per P7D",
        "topic news opt in",
        "source shop at /in/shop",
        "    verify hmac Sha256 in f11 `list` with f10 `request`",
        "        for each in f11 `list`",
        "            contact by email: f12 `item` { plan: f12 `item` }",
        "    else",
        "        answer f18 `said`",
        "follow contact.account to account",
        "workflow other for contact, body f14, a draft",
        "on score rises to f17 `score`",
        "on enters trial",
        "on plan unchanged for P30D",
        "on trial_ends and P-3D every year",
        "on every 7 days in trial",
        "    start → 0000",
        "    once per f8 `plan`",
        "    exit when f2 `exit` of (r0)",
        "    goal signup where f7 `in trial` within P14D",
        "    holdout 1000 of 10000",
        "    topic news",
        "    step 2 `turn` takes turns in sales",
        "history     r2 = r0 count of signup in the last P30D where f6 `past`",
        "history     r5 = r0 latest plan: text of signup in this run",
        "split       r0 = `split`",
        "took        `a` r2",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn listings_show_the_source() {
    let source = SourceFile { path: "a.onward".into(), text: "on signup\n  do ping".into() };
    let span = |pc, start, end| SpanAt { pc, file: 0, start, end };
    let mut spans = vec![Vec::new(); BODY];
    spans.push(vec![span(0, 0, 9), span(6, 12, 19)]);
    let text = disassemble(&Artifact { program: sound(), debug: Debug { sources: vec![source], spans } });
    assert!(text.contains("; a.onward:1: on signup"), "{text}");
    assert!(text.contains("; a.onward:2: do ping"), "{text}");
}

#[test]
fn broken_programs_can_be_listed() {
    let mut program = sound();
    program.workflows[0].points.clear();
    program.workflows[0].sites.clear();
    program.workflows[0].waits.clear();
    for function in &mut program.functions {
        function.constants.clear();
        function.names.clear();
        function.code.push(Instruction(u32::MAX));
    }
    assert!(disassemble(&Artifact { program, debug: Debug::default() }).contains("0xffffffff"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let mut artifact = b"ONWD\0\x01".to_vec();
        artifact.extend((bytes.len() as u32).to_be_bytes());
        artifact.extend(bytes);
        artifact.extend([0, 0]);
        let _ = Artifact::decode(&artifact);
    }
}
