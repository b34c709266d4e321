//! Damaged programs are refused, or do no harm.

use onward_bytecode::{
    ActionDecl, Artifact, Ask, Body, Debug, FunctionId, HistoryRef, Kind, Length, Op, Pipe, Scalar, Span,
    Transport, Type, Unsure, Value,
};
use serde_json::json;

use super::asks::journey;
use super::*;
use crate::vm::{Machine, Yield, call_at_rest, request, watch};

/// Copies that are damaged, unless `ONWARD_MUTATIONS` says how many.
const TRIED: usize = 20_000;

/// A function with every operation that gives a value, a journey, and an action.
fn everything() -> Program {
    let mut program = journey();
    let mut block = Asm::new("block", &[Kind::Json, Kind::Text], Some(Kind::Text));
    block.abc(Op::Text, 2, 0, 0).abc(Op::Escape, 3, 1, 0).abc(Op::Join, 4, 2, 2).abc(Op::Return, 4, 0, 0);
    program.functions.push(block.0);
    let block = FunctionId(2);

    let mut asm = Asm::new("all", &[Kind::Text, Kind::Number, Kind::List], Some(Kind::Json));
    asm.0.blocks.push(block);
    let json = asm.name("extra", one(Scalar::Json));
    let items = asm.name("items", Type::List(Scalar::Json));
    let grade = asm.name("health", one(Scalar::Ordered(vec!["bad".into(), "poor".into()])));
    let number = asm.name("amount", one(Scalar::Number));
    let text = asm.name("plan", one(Scalar::Text));
    asm.abc(Op::Subject, 3, 0, 0).abc(Op::Contact, 4, 0, 0).abc(Op::Attr, 5, 3, json).abc(Op::Event, 6, 0, 0);
    asm.ak(Op::Field, 7, items.into()).abc(Op::Moved, 8, 1, text).abc(Op::Member, 9, 6, number);
    asm.abc(Op::Convert, 10, 4, json).abc(Op::Now, 11, 0, 0).abc(Op::Today, 12, 0, 0);
    asm.abc(Op::IsSet, 13, 5, 0).abc(Op::Not, 13, 13, 0).abc(Op::Eq, 13, 0, 8).abc(Op::Ne, 13, 5, 6);
    asm.ak(Op::JumpIfNot, 13, 2).abc(Op::Lt, 13, 1, 9).abc(Op::Le, 13, 11, 11).ak(Op::JumpIf, 13, 1).ak(
        Op::Jump,
        0,
        0,
    );
    asm.abc(Op::In, 14, 0, 2).abc(Op::Contains, 14, 2, 0).abc(Op::Contains, 14, 0, 0).abc(
        Op::Grade,
        15,
        0,
        grade,
    );
    asm.abc(Op::StartsWith, 14, 0, 8).abc(Op::EndsWith, 14, 0, 8).abc(Op::Matches, 14, 0, 8);
    asm.abc(Op::Add, 16, 1, 9).abc(Op::Sub, 16, 1, 15).abc(Op::Mul, 16, 16, 1).abc(Op::Div, 16, 16, 9).abc(
        Op::Neg,
        16,
        16,
        0,
    );
    asm.constant(17, Constant::Duration(Length { months: 1, days: 2, millis: 3 })).abc(Op::Add, 11, 11, 17);
    asm.abc(Op::Sub, 12, 12, 17).abc(Op::Mul, 17, 17, 1).clock(18, "02:30:00").abc(Op::At, 11, 12, 18);
    asm.abc(Op::NextClock, 19, 18, 0).abc(Op::NextWeekday, 19, 7, 18).abc(Op::StartOf, 19, 12, 0);
    asm.abc(Op::Default, 20, 8, 0).number(21, "3").text(22, "…").abc(Op::Pipe, 20, Pipe::Truncate as u8, 20);
    asm.abc(Op::Copy, 23, 11, 0).text(24, "%A %Y %s").abc(Op::Pipe, 23, Pipe::Date as u8, 23);
    asm.abc(Op::Missing, 25, 2, 0).abc(Op::Copy, 26, 7, 0).abc(Op::Copy, 27, 0, 0).abc(Op::Each, 25, 26, 0);
    let ever = HistoryRef { event: "signup".into(), span: Span::Ever, condition: None, ask: Ask::Count };
    let last = Span::Last(Length { months: 1, days: 0, millis: 0 });
    asm.0.histories.push(HistoryRef { span: last, ask: Ask::Did, ..ever.clone() });
    asm.0.histories.push(ever);
    asm.abc(Op::History, 26, 3, 0).abc(Op::History, 27, 3, 1);
    asm.abc(Op::List, 28, 20, 4).text(29, "k").abc(Op::Copy, 30, 28, 0).abc(Op::Object, 31, 29, 1);
    asm.abc(Op::Return, 31, 0, 0);
    program.functions.push(asm.0);

    let mut url = Asm::new("url", &[Kind::Text], Some(Kind::Text));
    let token = url.name("TOKEN", one(Scalar::Text));
    url.text(1, "https://api.example/").abc(Op::Pipe, 2, Pipe::UrlEncode as u8, 0).ak(
        Op::Secret,
        3,
        token.into(),
    );
    url.abc(Op::Join, 4, 1, 3).abc(Op::Return, 4, 0, 0);
    program.functions.push(url.0);
    program.actions.push(ActionDecl {
        name: "ping".into(),
        params: vec![field("to", Scalar::Text)],
        transport: Transport::Http {
            method: "POST".into(),
            url: FunctionId(4),
            auth: None,
            headers: vec![("X-To".into(), FunctionId(4))],
            body: Body::Json(FunctionId(4)),
            sign: None,
            expect: Vec::new(),
            proof: None,
            retry: Vec::new(),
            timeout: Length { months: 0, days: 0, millis: 1 },
        },
        result: Vec::new(),
        unsure: Unsure::Park,
        channel: None,
        docs: "".into(),
    });
    program
}

/// Numbers that are the same on every run (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// One to three bytes flipped, replaced, added or taken out, and the length put right.
fn damage(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    const HEADER: usize = 10;
    let mut bytes = bytes.to_vec();
    let length = u32::from_be_bytes(bytes[6..HEADER].try_into().unwrap()) as usize;
    let mut end = HEADER + length;
    for _ in 0..1 + dice.below(3) {
        let at = HEADER + dice.below(end - HEADER);
        match dice.below(8) {
            0 => {
                bytes.remove(at);
                end -= 1;
            }
            1 => {
                bytes.insert(at, dice.below(256) as u8);
                end += 1;
            }
            2 | 3 => bytes[at] = dice.below(256) as u8,
            4 => bytes[at] = bytes[HEADER + dice.below(end - HEADER)],
            _ => bytes[at] ^= 1 << dice.below(8),
        }
    }
    bytes[6..HEADER].copy_from_slice(&((end - HEADER) as u32).to_be_bytes());
    bytes
}

fn argument(kind: Kind) -> Value {
    match kind {
        Kind::Text => t("pro"),
        Kind::Number => n("1.5"),
        Kind::List => Value::List([t("pro"), n("1")].into()),
        Kind::Json => Value::Json(json!({"a": [1, "x", null]}).into()),
        _ => Value::Missing,
    }
}

/// Runs all that a program has. What comes out does not matter.
fn run(program: &Program, scene: &Scene) {
    let world = scene.world();
    for (id, function) in program.functions.iter().enumerate() {
        if function.result.is_some() {
            let args: Vec<Value> = function.params.iter().map(|kind| argument(*kind)).collect();
            let _ = call(program, FunctionId(id as u32), &args, &world);
            let _ = watch(program, FunctionId(id as u32), &args, &world);
        }
    }
    for action in &program.actions {
        let _ = request::render(program, action, &[json!("x")], scene.now, &|_| Some("s".into()));
    }
    for workflow in &program.workflows {
        for trigger in &workflow.triggers {
            let mut machine = Machine::start(program, workflow, trigger.entry).unwrap();
            for _ in 0..20 {
                let rest = match machine.next(&world) {
                    Ok(Yield::Wait { point, .. } | Yield::WaitFor { point, .. }) => machine.rest(point),
                    Ok(Yield::WaitEvent { wait, .. }) => {
                        machine.rest(workflow.waits[usize::from(wait)].point)
                    }
                    Ok(Yield::End { .. }) | Err(_) => break,
                    Ok(_) => continue,
                };
                for exit in &workflow.exits {
                    if let onward_bytecode::Exit::When(capture) = exit {
                        let _ = call_at_rest(program, workflow, &rest, capture, &world);
                    }
                }
                machine = Machine::resume(program, workflow, &rest).unwrap();
            }
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told how many to try")]
fn damaged_programs_are_refused_or_do_no_harm() {
    let artifact = Artifact { program: everything(), debug: Debug::default() };
    let bytes = artifact.encode().unwrap();
    run(Artifact::decode(&bytes).unwrap().program(), &Scene::new());
    let wanted = std::env::var("ONWARD_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let count: usize = wanted.unwrap_or(TRIED);
    let ran: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|seed| {
                scope.spawn({
                    let bytes = &bytes;
                    move || run_damaged(bytes, count / 4, seed)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Enough of them get past the verifier for the test to mean something.
    assert!(ran > count / 20, "{ran} of {count} ran");
}

/// Runs so many damaged programs, if they are not refused; says how many were not.
fn run_damaged(bytes: &[u8], count: usize, seed: u64) -> usize {
    let scene = Scene::new();
    let mut dice = Dice(0x0511_2026 * seed);
    let verified = (0..count).filter_map(|_| Artifact::decode(&damage(bytes, &mut dice)).ok());
    verified.map(|verified| run(verified.program(), &scene)).count()
}

/// Whole words changed at random, past the decoder: this is the verifier's alone.
#[test]
fn random_words_are_refused_or_do_no_harm() {
    let scene = Scene::new();
    let sound = everything();
    let mut dice = Dice(0x0111_2027);
    let mut ran = 0;
    for _ in 0..10_000 {
        let mut program = sound.clone();
        let function = dice.below(program.functions.len());
        let code = &mut program.functions[function].code;
        for _ in 0..1 + dice.below(2) {
            let at = dice.below(code.len());
            let op = Op::ALL[dice.below(Op::ALL.len())];
            let [a, b, c] = [(); 3].map(|()| dice.below(34) as u8);
            code[at] = Instruction::abc(op, a, b, c);
        }
        if let Ok(verified) = (Artifact { program, debug: Debug::default() }).verify() {
            ran += 1;
            run(verified.program(), &scene);
        }
    }
    assert!(ran > 100, "{ran} ran");
}
