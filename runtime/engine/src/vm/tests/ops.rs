//! What each operation gives.

use onward_bytecode::{Constant, EntityId, FunctionId, Kind, Length, Op, Pipe, Scalar, Type, Value};
use serde_json::json;

use super::*;

/// `op` of two constants.
#[track_caller]
fn two(op: Op, kind: Kind, b: Constant, c: Constant) -> Value {
    eval(kind, |asm| {
        asm.constant(1, b).constant(2, c).abc(op, 0, 1, 2).abc(Op::Return, 0, 0, 0);
    })
}

fn text(text: &str) -> Constant {
    Constant::Text(text.into())
}

fn number(number: &str) -> Constant {
    Constant::Number(number.parse().unwrap())
}

fn length(months: i32, days: i32, millis: i64) -> Constant {
    Constant::Duration(Length { months, days, millis })
}

fn date(text: &str) -> Constant {
    Constant::Date(text.parse().unwrap())
}

fn moment(text: &str) -> Constant {
    Constant::Time(text.parse().unwrap())
}

/// An attribute of Ana.
#[track_caller]
fn attribute(name: &str, ty: Type) -> Value {
    eval(ty.kind(), |asm| {
        let name = asm.name(name, ty);
        asm.abc(Op::Subject, 1, 0, 0).abc(Op::Attr, 0, 1, name).abc(Op::Return, 0, 0, 0);
    })
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| t(item)).collect())
}

#[test]
fn the_world_is_read() {
    assert_eq!(attribute("name", one(Scalar::Text)), t("Ana"));
    assert_eq!(attribute("score", one(Scalar::Number)), n("12.5"));
    assert_eq!(attribute("tags", Type::List(Scalar::Text)), texts(&["vip", "beta"]));
    assert_eq!(attribute("name", one(Scalar::Number)), Value::Missing);
    assert_eq!(attribute("nothing", one(Scalar::Text)), Value::Missing);
    assert_eq!(attribute("id", one(Scalar::Text)), t("ana"));
    let ana = Value::Entity(EntityId::new("contact", "ana"));
    for op in [Op::Subject, Op::Contact] {
        assert_eq!(
            eval(Kind::Entity, |asm| {
                asm.abc(op, 0, 0, 0).abc(Op::Return, 0, 0, 0);
            }),
            ana
        );
    }
    let plan = |asm: &mut Asm| {
        let name = asm.name("plan", one(Scalar::Text));
        asm.ak(Op::Field, 0, name.into()).abc(Op::Return, 0, 0, 0);
    };
    assert_eq!(eval(Kind::Text, plan), t("pro"));
    for (side, expected) in [(0, "trial"), (1, "customer")] {
        let moved = eval(Kind::Text, |asm| {
            let name = asm.name("", one(Scalar::Text));
            asm.abc(Op::Moved, 0, side, name).abc(Op::Return, 0, 0, 0);
        });
        assert_eq!(moved, t(expected));
    }
}

#[test]
fn the_event_is_json() {
    let event = eval(Kind::Json, |asm| {
        asm.abc(Op::Event, 0, 0, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(
        event.to_json(),
        json!({
            "id": "e1", "event": "signup", "time": "2026-03-08T01:00:00Z",
            "plan": "pro", "amount": 9.9, "items": [{"sku": "a"}, {"sku": "b"}],
        })
    );
}

#[test]
fn a_world_without_anything_gives_nothing() {
    let mut asm = Asm::new("test", &[], Some(Kind::Text));
    let name = asm.name("plan", one(Scalar::Text));
    asm.abc(Op::Subject, 1, 0, 0).abc(Op::Attr, 2, 1, name).abc(Op::Text, 2, 2, 0);
    asm.ak(Op::Field, 3, name.into()).abc(Op::Moved, 4, 1, name).abc(Op::Contact, 5, 0, 0).abc(
        Op::Event,
        6,
        0,
        0,
    );
    for register in 3..=6 {
        asm.abc(Op::Text, register, register, 0);
    }
    asm.abc(Op::Join, 0, 2, 5).abc(Op::Return, 0, 0, 0);
    let verified = verified(program(vec![asm.0]));
    let nothing = BTreeMap::new();
    let world = World::new(&nothing, Timestamp::UNIX_EPOCH);
    assert_eq!(call(verified.program(), FunctionId(0), &[], &world), Ok(t("")));
}

#[test]
fn the_event_s_contact_comes_before_the_subject() {
    let mut scene = Scene::new();
    let contact = |asm: &mut Asm| {
        asm.abc(Op::Contact, 0, 0, 0).abc(Op::Return, 0, 0, 0);
    };
    scene.event.contact = Some(EntityId::new("contact", "bob"));
    assert_eq!(scene.eval(Kind::Entity, contact), Ok(Value::Entity(EntityId::new("contact", "bob"))));
    scene.event.contact = None;
    scene.subject = EntityId::new("account", "acme");
    assert_eq!(scene.eval(Kind::Entity, contact), Ok(Value::Missing));
}

#[test]
fn an_entity_that_was_not_looked_up_is_asked_for() {
    let mut scene = Scene::new();
    let account = |asm: &mut Asm| {
        let account = asm.name("account", one(Scalar::Entity("account".into())));
        let zone = asm.name("timezone", one(Scalar::Text));
        asm.abc(Op::Subject, 1, 0, 0).abc(Op::Attr, 2, 1, account);
        asm.abc(Op::Attr, 0, 2, zone).abc(Op::Return, 0, 0, 0);
    };
    assert_eq!(scene.eval(Kind::Text, account), Ok(t("Asia/Tokyo")));
    let id = EntityId::new("account", "acme");
    scene.entities.remove(&id);
    assert_eq!(scene.eval(Kind::Text, account), Err(Fault::Needs(id.clone())));
    scene.entities.insert(id, None);
    assert_eq!(scene.eval(Kind::Text, account), Ok(Value::Missing));
}

#[test]
fn the_zone_is_the_subject_s_then_the_account_s_then_the_project_s() {
    let mut scene = Scene::new();
    let start = |asm: &mut Asm| {
        asm.abc(Op::Today, 1, 0, 0).abc(Op::StartOf, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    };
    assert_eq!(scene.eval(Kind::Time, start), Ok(at("2026-03-07T00:00:00-05:00")));
    let ana = scene.subject.clone();
    scene.put(ana.clone(), json!({"timezone": "Mars/Base", "account": "acme"}));
    assert_eq!(scene.eval(Kind::Time, start), Ok(at("2026-03-08T00:00:00+09:00")));
    scene.put(ana, json!({}));
    assert_eq!(scene.eval(Kind::Time, start), Ok(at("2026-03-07T00:00:00-05:00")));
}

#[test]
fn comparisons() {
    let yes = Value::Bool(true);
    let no = Value::Bool(false);
    for (op, b, c, expected) in [
        (Op::Eq, text("a"), text("a"), &yes),
        (Op::Eq, text("a"), text("A"), &no),
        (Op::Eq, number("1.0"), number("1"), &yes),
        (Op::Ne, text("a"), text("b"), &yes),
        (Op::Lt, number("1"), number("1.5"), &yes),
        (Op::Lt, date("2026-03-07"), date("2026-03-08"), &yes),
        (Op::Le, moment("2026-03-07T00:00:00Z"), moment("2026-03-07T00:00:00Z"), &yes),
        (Op::Lt, length(0, 0, 86_400_000), length(0, 1, 0), &no),
        (Op::Eq, length(0, 0, 86_400_000), length(0, 1, 0), &yes),
        (Op::Contains, text("Straße nach ROM"), text("rom"), &yes),
        (Op::StartsWith, text("Ana"), text("A"), &yes),
        (Op::StartsWith, text("Ana"), text("a"), &no),
        (Op::EndsWith, text("ana@acme.com"), text("@acme.com"), &yes),
        (Op::Matches, text("ana@ACME.com"), text("*@acme.???"), &yes),
    ] {
        assert_eq!(two(op, Kind::Bool, b.clone(), c.clone()), *expected, "{b:?} {} {c:?}", op.name());
    }
}

#[test]
fn nothing_compares_with_what_is_missing() {
    for op in [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Contains, Op::StartsWith, Op::EndsWith, Op::Matches] {
        for (b, c) in [(1, 2), (2, 1), (2, 2)] {
            let value = eval(Kind::Bool, |asm| {
                asm.text(1, "a").abc(Op::Missing, 2, 2, 0).abc(op, 0, b, c).abc(Op::Return, 0, 0, 0);
            });
            assert_eq!(value, Value::Bool(false), "{}", op.name());
        }
    }
}

#[test]
fn missing_is_not_true() {
    // not missing
    let not = eval(Kind::Bool, |asm| {
        asm.abc(Op::Missing, 1, 0, 0).abc(Op::Not, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(not, Value::Bool(true));
    for (op, expected) in [(Op::JumpIf, "stays"), (Op::JumpIfNot, "jumps")] {
        let way = eval(Kind::Text, |asm| {
            asm.abc(Op::Missing, 1, 0, 0).ak(op, 1, 2);
            asm.text(0, "stays").ak(Op::Jump, 0, 1).text(0, "jumps").abc(Op::Return, 0, 0, 0);
        });
        assert_eq!(way, t(expected), "{}", op.name());
    }
    let set = eval(Kind::Bool, |asm| {
        asm.abc(Op::Missing, 1, 0, 0).abc(Op::IsSet, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(set, Value::Bool(false));
    let default = eval(Kind::Text, |asm| {
        asm.abc(Op::Missing, 1, 2, 0).text(2, "there").abc(Op::Default, 0, 1, 2).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(default, t("there"));
}

#[test]
fn lists_are_looked_into() {
    let held = |item: &str, op: Op| {
        eval(Kind::Bool, |asm| {
            asm.text(1, "a").text(2, "b").abc(Op::List, 3, 1, 2).text(4, item);
            let (b, c) = if op == Op::In { (4, 3) } else { (3, 4) };
            asm.abc(op, 0, b, c).abc(Op::Return, 0, 0, 0);
        })
    };
    for op in [Op::In, Op::Contains] {
        assert_eq!(held("b", op), Value::Bool(true));
        assert_eq!(held("B", op), Value::Bool(false));
    }
    let empty = eval(Kind::List, |asm| {
        asm.abc(Op::List, 0, 0, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(empty, texts(&[]));
}

#[test]
fn grades_are_places() {
    let grade = |text: &str| {
        eval(Kind::Number, |asm| {
            let set = asm.name("", one(Scalar::Ordered(vec!["bad".into(), "poor".into(), "good".into()])));
            asm.text(1, text).abc(Op::Grade, 0, 1, set).abc(Op::Return, 0, 0, 0);
        })
    };
    assert_eq!(grade("bad"), n("0"));
    assert_eq!(grade("good"), n("2"));
    assert_eq!(grade("great"), Value::Missing);
}

#[test]
fn sums() {
    assert_eq!(two(Op::Add, Kind::Number, number("0.1"), number("0.2")), n("0.3"));
    assert_eq!(two(Op::Sub, Kind::Number, number("1"), number("0.9")), n("0.1"));
    assert_eq!(two(Op::Mul, Kind::Number, number("1.5"), number("2")), n("3"));
    assert_eq!(two(Op::Div, Kind::Number, number("1"), number("0")), Value::Missing);
    assert_eq!(two(Op::Add, Kind::Text, text("a"), text("b")), t("ab"));
    assert_eq!(
        two(Op::Add, Kind::Time, moment("2026-03-07T20:00:00-05:00"), length(0, 1, 0)),
        at("2026-03-08T20:00:00-04:00")
    );
    assert_eq!(
        two(Op::Sub, Kind::Time, moment("2026-03-08T20:00:00-04:00"), length(0, 0, 86_400_000)),
        at("2026-03-07T19:00:00-05:00")
    );
    assert_eq!(
        two(Op::Sub, Kind::Duration, moment("2026-03-08T01:00:00Z"), moment("2026-03-08T00:00:00Z")),
        Value::Duration(Length { months: 0, days: 0, millis: 3_600_000 })
    );
    assert_eq!(
        two(Op::Mul, Kind::Duration, length(0, 2, 0), number("3")),
        Value::Duration(Length { months: 0, days: 6, millis: 0 })
    );
    let negated = eval(Kind::Number, |asm| {
        asm.number(1, "5").abc(Op::Neg, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(negated, n("-5"));
    let missing = eval(Kind::Number, |asm| {
        asm.number(1, "5").abc(Op::Missing, 2, 1, 0).abc(Op::Add, 0, 1, 2).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(missing, Value::Missing);
}

#[test]
fn times() {
    let clock = Constant::Clock("09:00:00".parse().unwrap());
    let morning = at("2026-03-08T09:00:00-04:00");
    assert_eq!(two(Op::At, Kind::Time, date("2026-03-08"), clock.clone()), morning);
    assert_eq!(two(Op::At, Kind::Time, moment("2026-03-08T23:59:00-04:00"), clock), morning);
    let next = eval(Kind::Time, |asm| {
        asm.clock(1, "09:00:00").abc(Op::NextClock, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(next, morning);
    let friday = eval(Kind::Time, |asm| {
        asm.clock(1, "18:00:00").abc(Op::NextWeekday, 0, 5, 1).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(friday, at("2026-03-13T18:00:00-04:00"));
    let now = eval(Kind::Time, |asm| {
        asm.abc(Op::Now, 0, 0, 0).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(now, at("2026-03-08T01:00:00Z"));
}

/// A constant read as another type.
#[track_caller]
fn converted(constant: Constant, ty: Type) -> Value {
    eval(ty.kind(), |asm| {
        let name = asm.name("", ty);
        asm.constant(1, constant).abc(Op::Convert, 0, 1, name).abc(Op::Return, 0, 0, 0);
    })
}

#[test]
fn values_are_read_as_other_types() {
    assert_eq!(converted(text("12.50"), one(Scalar::Number)), n("12.5"));
    assert_eq!(converted(text("many"), one(Scalar::Number)), Value::Missing);
    assert_eq!(converted(number("7"), one(Scalar::Text)), t("7"));
    assert_eq!(converted(text("a"), Type::List(Scalar::Text)), texts(&["a"]));
    assert_eq!(converted(text("a"), Type::List(Scalar::Number)), Value::Missing);
    assert_eq!(converted(date("2026-03-08"), one(Scalar::Time)), at("2026-03-08T00:00:00-05:00"));
    assert_eq!(
        converted(moment("2026-03-08T02:00:00Z"), one(Scalar::Date)),
        Value::Date("2026-03-07".parse().unwrap())
    );
    assert_eq!(
        converted(moment("2026-03-08T02:00:00Z"), one(Scalar::Clock)),
        Value::Clock("21:00:00".parse().unwrap())
    );
    assert_eq!(converted(text("ana@acme.com"), one(Scalar::Email)), t("ana@acme.com"));
    assert_eq!(converted(text("ana"), one(Scalar::Email)), Value::Missing);
    assert_eq!(converted(Constant::Bool(true), one(Scalar::Json)).to_json(), json!(true));
}

#[test]
fn an_entity_as_json_has_its_attributes_and_its_id() {
    let mut scene = Scene::new();
    scene.put(scene.subject.clone(), json!({"name": "Ana", "account": "acme"}));
    let convert = |asm: &mut Asm| {
        let name = asm.name("", one(Scalar::Json));
        asm.abc(Op::Subject, 1, 0, 0).abc(Op::Convert, 0, 1, name).abc(Op::Return, 0, 0, 0);
    };
    assert_eq!(
        scene.eval(Kind::Json, convert).unwrap().to_json(),
        json!({"id": "ana", "name": "Ana", "account": "acme"})
    );
}

#[test]
fn json_members_are_read() {
    let member = |name: &str, ty: Type| {
        eval(ty.kind(), |asm| {
            let name = asm.name(name, ty);
            asm.abc(Op::Event, 1, 0, 0).abc(Op::Member, 0, 1, name).abc(Op::Return, 0, 0, 0);
        })
    };
    assert_eq!(member("amount", one(Scalar::Number)), n("9.9"));
    assert_eq!(member("plan", one(Scalar::Text)), t("pro"));
    assert_eq!(member("none", one(Scalar::Text)), Value::Missing);
}

#[test]
fn objects_leave_out_what_is_missing() {
    let object = eval(Kind::Json, |asm| {
        asm.text(1, "a").number(2, "1.5").text(3, "b").abc(Op::Missing, 4, 2, 0);
        asm.text(5, "c").abc(Op::Today, 6, 0, 0).abc(Op::Object, 0, 1, 3).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(object.to_json(), json!({"a": 1.5, "c": "2026-03-07"}));
}

#[test]
fn messages() {
    let message = eval(Kind::Text, |asm| {
        let name = asm.name("name", one(Scalar::Text));
        asm.text(2, "Hi ").abc(Op::Subject, 1, 0, 0).abc(Op::Attr, 3, 1, name);
        asm.abc(Op::Pipe, 3, Pipe::Upper as u8, 3).text(4, " & <co>").abc(Op::Escape, 4, 4, 0);
        asm.abc(Op::Missing, 5, 2, 0).abc(Op::Text, 6, 5, 0).text(7, ", ").abc(Op::Now, 8, 0, 0).abc(
            Op::Text,
            8,
            8,
            0,
        );
        asm.abc(Op::Join, 0, 2, 7).abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(message, t("Hi ANA &amp; &lt;co&gt;, 7 March 2026, 20:00"));
}

#[test]
fn each_calls_its_block_for_each_item() {
    let mut block = Asm::new("block", &[Kind::Json, Kind::Text], Some(Kind::Text));
    let sku = block.name("sku", one(Scalar::Text));
    block.abc(Op::Member, 2, 0, sku).abc(Op::Copy, 3, 1, 0).abc(Op::Join, 4, 2, 2).abc(Op::Return, 4, 0, 0);
    let mut main = Asm::new("main", &[], Some(Kind::Text));
    let items = main.name("items", Type::List(Scalar::Json));
    main.0.blocks.push(FunctionId(0));
    main.ak(Op::Field, 1, items.into()).text(2, ";").abc(Op::Each, 0, 1, 0).abc(Op::Return, 0, 0, 0);
    let verified = verified(program(vec![block.0, main.0]));
    assert_eq!(call(verified.program(), FunctionId(1), &[], &Scene::new().world()), Ok(t("a;b;")));
}

#[test]
fn an_item_of_another_kind_is_missing() {
    let mut block = Asm::new("block", &[Kind::Text], Some(Kind::Text));
    block.abc(Op::IsSet, 1, 0, 0).abc(Op::Text, 1, 1, 0).abc(Op::Return, 1, 0, 0);
    let mut main = Asm::new("main", &[], Some(Kind::Text));
    main.0.blocks.push(FunctionId(0));
    main.number(1, "1").text(2, "x").abc(Op::List, 3, 1, 2).abc(Op::Each, 0, 3, 0).abc(Op::Return, 0, 0, 0);
    let verified = verified(program(vec![block.0, main.0]));
    assert_eq!(call(verified.program(), FunctionId(1), &[], &Scene::new().world()), Ok(t("noyes")));
}

#[test]
fn arguments_that_do_not_fit_are_missing() {
    let mut asm = Asm::new("test", &[Kind::Text, Kind::Number], Some(Kind::Text));
    asm.abc(Op::Text, 2, 0, 0).abc(Op::Text, 3, 1, 0).abc(Op::Join, 4, 2, 2).abc(Op::Return, 4, 0, 0);
    let verified = verified(program(vec![asm.0]));
    let run = |args: &[Value]| call(verified.program(), FunctionId(0), args, &Scene::new().world());
    assert_eq!(run(&[t("a"), n("1")]), Ok(t("a1")));
    assert_eq!(run(&[n("1"), t("a")]), Ok(t("")));
    assert_eq!(run(&[]), Ok(t("")));
    assert_eq!(
        call(verified.program(), FunctionId(9), &[], &Scene::new().world()),
        Err(Fault::Damaged("function"))
    );
}

#[test]
fn work_and_texts_are_bounded() {
    let scene = Scene::new();
    // A text that doubles with each word.
    let doubled = scene.eval(Kind::Text, |asm| {
        asm.text(0, "0123456789abcdef");
        for _ in 0..40 {
            asm.abc(Op::Add, 0, 0, 0);
        }
        asm.abc(Op::Return, 0, 0, 0);
    });
    assert_eq!(doubled, Err(Fault::TooLarge));
    // JSON that doubles with each word, and JSON that is deeper with each word.
    for count in [2, 1] {
        let nested = scene.eval(Kind::Json, |asm| {
            asm.text(1, "a").text(2, "x").text(3, "b").abc(Op::Object, 2, 1, 1);
            for _ in 0..200 {
                asm.abc(Op::Copy, 4, 2, 0).abc(Op::Object, 2, 1, count);
            }
            asm.abc(Op::Return, 2, 0, 0);
        });
        assert_eq!(nested, Err(Fault::TooLarge));
    }
    // Lists of JSON as JSON, deeper with each word.
    let nested = scene.eval(Kind::Json, |asm| {
        let json = asm.name("", one(Scalar::Json));
        asm.text(1, "a").abc(Op::Convert, 1, 1, json);
        for _ in 0..200 {
            asm.abc(Op::List, 1, 1, 1).abc(Op::Convert, 1, 1, json);
        }
        asm.abc(Op::Return, 1, 0, 0);
    });
    assert_eq!(nested, Err(Fault::TooLarge));
}

#[test]
fn loops_in_loops_run_out_of_fuel() {
    let mut functions = Vec::new();
    let mut inner = Asm::new("inner", &[Kind::Text, Kind::List], Some(Kind::Text));
    inner.text(2, "").abc(Op::Return, 2, 0, 0);
    functions.push(inner.0);
    for depth in 0..8_u32 {
        let mut outer = Asm::new("outer", &[Kind::Text, Kind::List], Some(Kind::Text));
        outer.0.blocks.push(FunctionId(depth));
        outer.abc(Op::Copy, 2, 1, 0).abc(Op::Copy, 3, 1, 0).abc(Op::Each, 4, 2, 0).abc(Op::Return, 4, 0, 0);
        functions.push(outer.0);
    }
    let verified = verified(program(functions));
    let items = Value::List((0..50).map(|_| t("x")).collect());
    let ran = call(verified.program(), FunctionId(8), &[t("x"), items], &Scene::new().world());
    assert_eq!(ran, Err(Fault::OutOfFuel));
}
