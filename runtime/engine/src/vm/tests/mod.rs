//! Programs put together by hand, each verified before it runs.

mod asks;
mod histories;
mod horizon;
mod mutation;
mod ops;
mod requests;
mod sources;

use std::collections::BTreeMap;

use jiff::Timestamp;
use onward_bytecode::{
    Artifact, Constant, Debug, EntityDecl, EntityId, EventDecl, FieldDecl, Function, FunctionId, Instruction,
    Kind, NameRef, Op, Policy, Presence, Program, Project, Scalar, Type, Value, Verified,
};
use serde_json::{Value as Json, json};

use super::{Fault, Moved, World, call};
use crate::model::{Entity, Fields, Occurrence, Watch};

/// A function under construction.
pub(super) struct Asm(pub(super) Function);

impl Asm {
    pub(super) fn new(name: &str, params: &[Kind], result: Option<Kind>) -> Self {
        Self(Function {
            name: name.into(),
            params: params.to_vec(),
            result,
            registers: 32,
            constants: Vec::new(),
            names: Vec::new(),
            blocks: Vec::new(),
            histories: Vec::new(),
            code: Vec::new(),
        })
    }

    pub(super) fn abc(&mut self, op: Op, a: u8, b: u8, c: u8) -> &mut Self {
        self.0.code.push(Instruction::abc(op, a, b, c));
        self
    }

    pub(super) fn ak(&mut self, op: Op, a: u8, k: u16) -> &mut Self {
        self.0.code.push(Instruction::ak(op, a, k));
        self
    }

    pub(super) fn name(&mut self, name: &str, ty: Type) -> u8 {
        self.0.names.push(NameRef { name: name.into(), ty });
        self.0.names.len() as u8 - 1
    }

    pub(super) fn constant(&mut self, a: u8, constant: Constant) -> &mut Self {
        self.0.constants.push(constant);
        let k = self.0.constants.len() as u16 - 1;
        self.ak(Op::Const, a, k)
    }

    pub(super) fn text(&mut self, a: u8, text: &str) -> &mut Self {
        self.constant(a, Constant::Text(text.into()))
    }

    pub(super) fn number(&mut self, a: u8, number: &str) -> &mut Self {
        self.constant(a, Constant::Number(number.parse().unwrap()))
    }

    pub(super) fn clock(&mut self, a: u8, clock: &str) -> &mut Self {
        self.constant(a, Constant::Clock(clock.parse().unwrap()))
    }

    pub(super) fn here(&self) -> u32 {
        self.0.code.len() as u32
    }
}

pub(super) fn one(scalar: Scalar) -> Type {
    Type::One(scalar)
}

pub(super) fn field(name: &str, scalar: Scalar) -> FieldDecl {
    FieldDecl { name: name.into(), ty: Type::One(scalar), presence: Presence::Optional, docs: "".into() }
}

/// A program of these functions, with a contact, an account and a sign-up.
pub(super) fn program(functions: Vec<Function>) -> Program {
    let entity = |name: &str| EntityDecl { name: name.into(), attributes: Vec::new(), docs: "".into() };
    Program {
        project: Project {
            name: "test".into(),
            timezone: "America/New_York".into(),
            sender: Some("Acme <hi@acme.example>".into()),
            smtp: None,
        },
        events: vec![EventDecl {
            name: "signup".into(),
            about: "contact".into(),
            fields: vec![field("plan", Scalar::Text)],
            docs: "".into(),
        }],
        entities: vec![entity("account"), entity("contact")],
        teams: Vec::new(),
        actions: Vec::new(),
        segments: Vec::new(),
        policy: Policy::default(),
        sources: Vec::new(),
        follows: Vec::new(),
        workflows: Vec::new(),
        functions,
    }
}

#[track_caller]
pub(super) fn verified(program: Program) -> Verified {
    Artifact { program, debug: Debug::default() }.verify().unwrap()
}

pub(super) fn fields(json: Json) -> Fields {
    match json {
        Json::Object(fields) => fields,
        other => panic!("{other}"),
    }
}

/// Ana in New York with her account in Tokyo, and the sign-up at hand.
pub(super) struct Scene {
    pub(super) subject: EntityId,
    pub(super) entities: BTreeMap<EntityId, Option<Entity>>,
    pub(super) event: Occurrence,
    pub(super) before: Json,
    pub(super) after: Json,
    pub(super) now: Timestamp,
}

impl Scene {
    pub(super) fn new() -> Self {
        let subject = EntityId::new("contact", "ana");
        let attributes = json!({
            "name": "Ana", "age": 41, "score": "12.50", "tags": ["vip", "beta"], "account": "acme",
            "timezone": "America/New_York", "health": "poor", "born": "1985-02-28", "extra": {"a": {"b": 1}},
        });
        let mut scene = Self {
            subject: subject.clone(),
            entities: BTreeMap::new(),
            event: Occurrence {
                id: "e1".into(),
                name: "signup".into(),
                at: "2026-03-07T20:00:00-05:00".parse().unwrap(),
                fields: fields(json!({"plan": "pro", "amount": 9.9, "items": [{"sku": "a"}, {"sku": "b"}]})),
                contact: None,
            },
            before: json!("trial"),
            after: json!("customer"),
            now: "2026-03-07T20:00:00-05:00".parse().unwrap(),
        };
        scene.put(subject, attributes);
        scene.put(EntityId::new("account", "acme"), json!({"timezone": "Asia/Tokyo"}));
        scene
    }

    pub(super) fn put(&mut self, id: EntityId, attributes: Json) {
        let entity = Entity {
            id: id.clone(),
            attributes: fields(attributes),
            created: self.now,
            deleted: None,
            watch: Watch::default(),
        };
        self.entities.insert(id, Some(entity));
    }

    pub(super) fn world(&self) -> World<'_> {
        World {
            subject: Some(&self.subject),
            event: Some(&self.event),
            moved: Some(Moved { before: Some(&self.before), after: Some(&self.after) }),
            ..World::new(&self.entities, self.now)
        }
    }

    /// What hand-written code gives in this scene.
    #[track_caller]
    pub(super) fn eval(&self, kind: Kind, write: impl FnOnce(&mut Asm)) -> Result<Value, Fault> {
        let mut asm = Asm::new("test", &[], Some(kind));
        write(&mut asm);
        let verified = verified(program(vec![asm.0]));
        call(verified.program(), FunctionId(0), &[], &self.world())
    }
}

/// What hand-written code gives.
#[track_caller]
pub(super) fn eval(kind: Kind, write: impl FnOnce(&mut Asm)) -> Value {
    Scene::new().eval(kind, write).unwrap()
}

pub(super) fn n(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

pub(super) fn t(text: &str) -> Value {
    Value::text(text)
}

pub(super) fn at(text: &str) -> Value {
    Value::Time(text.parse().unwrap())
}
