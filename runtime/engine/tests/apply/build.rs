//! Programs assembled by hand: what the engine means, without a compiler between.

use std::sync::Arc;

use onward_bytecode::{
    ActionDecl, Artifact, Body, CaptureCall, Constant, Debug, Enrolment, EntityDecl, EventDecl, Exit,
    FieldDecl, Function, FunctionId, Hold, IndexKey, Instruction, KeySource, Kind, Length, Live, NameRef,
    OnFailure, Op, Overlap, Policy, Presence, Program, Project, ResumePoint, Scalar, Site, SiteKind, Stage,
    TeamDecl, Transport, Trigger, TriggerKind, Type, Unsure, WaitSite, WorkflowDecl,
};
use onward_engine::Loaded;

/// First register for arguments; below are kept fields.
const TEMPORARY: u8 = 32;

/// A condition.
#[derive(Clone, Copy)]
pub(crate) enum Cond {
    /// The subject's attribute is this text.
    Attribute(&'static str, &'static str),
    /// The field of the event at hand is this text.
    Field(&'static str, &'static str),
    /// The kept field is this text.
    Kept(&'static str, &'static str),
    /// The field of the event at hand is the same as the kept one.
    SameAsKept(&'static str),
}

/// An argument.
#[derive(Clone, Copy)]
pub(crate) enum Arg {
    Text(&'static str),
    Attribute(&'static str),
    Kept(&'static str),
}

/// A program being built.
pub(crate) struct Build {
    program: Program,
}

fn text() -> Type {
    Type::One(Scalar::Text)
}

fn field(name: &str, ty: Type) -> FieldDecl {
    FieldDecl { name: name.into(), ty, presence: Presence::Optional, docs: "".into() }
}

fn entity(name: &str, attributes: &[(&str, Type)]) -> EntityDecl {
    let attributes = attributes.iter().map(|(name, ty)| field(name, ty.clone())).collect();
    EntityDecl { name: name.into(), attributes, docs: "".into() }
}

fn event(name: &str, about: &str) -> EventDecl {
    let fields =
        vec![field("form", text()), field("plan", text()), field("score", Type::One(Scalar::Number))];
    EventDecl { name: name.into(), about: about.into(), fields, docs: "".into() }
}

impl Build {
    pub(crate) fn new() -> Self {
        let contact = [
            ("email", Type::One(Scalar::Email)),
            ("status", text()),
            ("plan", text()),
            ("owner", text()),
            ("timezone", Type::One(Scalar::Timezone)),
            ("trial_ends", Type::One(Scalar::Time)),
            ("score", Type::One(Scalar::Number)),
            ("tags", Type::List(Scalar::Text)),
            ("account", Type::One(Scalar::Entity("account".into()))),
        ];
        let program = Program {
            project: Project {
                name: "acme".into(),
                timezone: "Europe/Berlin".into(),
                sender: None,
                smtp: None,
            },
            events: ["signup", "purchase", "click", "a", "b"].iter().map(|e| event(e, "contact")).collect(),
            entities: vec![
                entity("account", &[("status", text()), ("timezone", Type::One(Scalar::Timezone))]),
                entity("contact", &contact),
                entity("note", &[("text", text())]),
                entity("task", &[("status", text()), ("title", text())]),
            ],
            teams: vec![TeamDecl { name: "sales".into(), members: vec!["lea@acme.com".into()] }],
            actions: Vec::new(),
            segments: Vec::new(),
            policy: Policy::default(),
            sources: Vec::new(),
            follows: Vec::new(),
            workflows: Vec::new(),
            functions: Vec::new(),
        };
        let mut build = Self { program };
        let url = build.function("email.url", vec![Kind::Text, Kind::Text], Some(Kind::Text), |f| {
            f.constant(2, Constant::Text("https://mail.example".into()));
            f.abc(Op::Return, 2, 0, 0);
        });
        let email = ActionDecl {
            name: "email".into(),
            params: vec![
                FieldDecl { presence: Presence::Required, ..field("to", Type::One(Scalar::Email)) },
                field("name", text()),
            ],
            transport: Transport::Http {
                method: "POST".into(),
                url,
                auth: None,
                headers: Vec::new(),
                body: Body::Empty,
                sign: None,
                expect: Vec::new(),
                proof: None,
                retry: Vec::new(),
                timeout: Length { millis: 10_000, ..Length::default() },
            },
            result: Vec::new(),
            unsure: Unsure::Park,
            channel: None,
            docs: "".into(),
        };
        build.program.actions.push(email);
        build
    }

    fn function(
        &mut self,
        name: &str,
        params: Vec<Kind>,
        result: Option<Kind>,
        code: impl FnOnce(&mut Code),
    ) -> FunctionId {
        let mut writer = Code::default();
        code(&mut writer);
        let id = FunctionId(self.program.functions.len() as u32);
        self.program.functions.push(writer.finish(name, params, result));
        id
    }

    /// Adds a workflow.
    pub(crate) fn rule(mut self, name: &str, write: impl FnOnce(&mut Rule)) -> Self {
        let mut rule = Rule::new(&mut self, name);
        write(&mut rule);
        let decl = rule.finish();
        self.program.workflows.push(decl);
        self
    }

    pub(crate) fn load(self) -> Arc<Loaded> {
        let artifact = Artifact { program: self.program, debug: Debug::default() };
        Arc::new(Loaded::new(artifact.verify().expect("the test's program is sound")))
    }
}

/// The words of a function.
#[derive(Default)]
struct Code {
    words: Vec<Instruction>,
    constants: Vec<Constant>,
    names: Vec<NameRef>,
}

impl Code {
    fn abc(&mut self, op: Op, a: u8, b: u8, c: u8) {
        self.words.push(Instruction::abc(op, a, b, c));
    }

    fn ak(&mut self, op: Op, a: u8, k: u16) {
        self.words.push(Instruction::ak(op, a, k));
    }

    fn constant(&mut self, register: u8, constant: Constant) {
        self.constants.push(constant);
        self.ak(Op::Const, register, self.constants.len() as u16 - 1);
    }

    fn name(&mut self, name: &str, ty: Type) -> u8 {
        self.names.push(NameRef { name: name.into(), ty });
        self.names.len() as u8 - 1
    }

    fn field(&mut self, register: u8, name: &str) {
        let k = self.name(name, text());
        self.ak(Op::Field, register, k.into());
    }

    fn attribute(&mut self, register: u8, name: &str, ty: Type) {
        let c = self.name(name, ty);
        self.abc(Op::Subject, register, 0, 0);
        self.abc(Op::Attr, register, register, c);
    }

    /// A jump to be landed.
    fn jump(&mut self, op: Op, register: u8) -> usize {
        self.ak(op, register, 0);
        self.words.len() - 1
    }

    fn land(&mut self, at: usize) {
        let distance = (self.words.len() - at - 1) as u16;
        let word = self.words[at];
        self.words[at] = Instruction::ak(word.op().unwrap(), word.a(), distance);
    }

    fn finish(self, name: &str, params: Vec<Kind>, result: Option<Kind>) -> Function {
        Function {
            name: name.into(),
            params,
            result,
            registers: 64,
            constants: self.constants,
            names: self.names,
            blocks: Vec::new(),
            histories: Vec::new(),
            code: self.words,
        }
    }
}

/// A workflow being built. Triggers, clauses and `keep` come before the steps.
pub(crate) struct Rule<'b> {
    build: &'b mut Build,
    decl: WorkflowDecl,
    code: Code,
    kept: Vec<&'static str>,
}

impl<'b> Rule<'b> {
    fn new(build: &'b mut Build, name: &str) -> Self {
        let decl = WorkflowDecl {
            name: name.into(),
            title: "".into(),
            docs: "".into(),
            subject: "contact".into(),
            triggers: Vec::new(),
            stage: Stage::Live,
            entry: None,
            goal: None,
            holdout: None,
            window: None,
            topic: None,
            max_age: None,
            enrolment: Enrolment::EveryTime,
            overlap: Overlap::Ignore,
            exits: Vec::new(),
            body: FunctionId(0),
            sites: Vec::new(),
            points: Vec::new(),
            waits: Vec::new(),
        };
        Self { build, decl, code: Code::default(), kept: Vec::new() }
    }

    fn finish(mut self) -> WorkflowDecl {
        self.code.abc(Op::End, 0, 0, 0);
        let name = self.decl.name.clone();
        let id = FunctionId(self.build.program.functions.len() as u32);
        self.build.program.functions.push(self.code.finish(&name, Vec::new(), None));
        self.decl.body = id;
        self.decl
    }

    pub(crate) fn subject(&mut self, kind: &str) {
        self.decl.subject = kind.into();
    }

    pub(crate) fn once(&mut self) {
        self.decl.enrolment = Enrolment::Once;
    }

    pub(crate) fn overlap(&mut self, overlap: Overlap) {
        self.decl.overlap = overlap;
    }

    fn trigger(&mut self, kind: TriggerKind, condition: Option<Cond>) {
        let index = match condition {
            Some(Cond::Attribute(name, value)) => Some((KeySource::Subject, name, value)),
            Some(Cond::Field(name, value)) => Some((KeySource::Event, name, value)),
            _ => None,
        };
        let index = index.map(|(source, name, value)| IndexKey {
            source,
            name: name.into(),
            value: Constant::Text(value.into()),
        });
        let condition = condition.map(|cond| self.condition("where", cond).function);
        self.decl.triggers.push(Trigger { kind, index, condition, entry: 0 });
    }

    pub(crate) fn on(&mut self, event: &str) {
        self.trigger(TriggerKind::Event(event.into()), None);
    }

    pub(crate) fn on_where(&mut self, event: &str, cond: Cond) {
        self.trigger(TriggerKind::Event(event.into()), Some(cond));
    }

    pub(crate) fn created(&mut self) {
        self.trigger(TriggerKind::Created, None);
    }

    pub(crate) fn changed(&mut self) {
        self.trigger(TriggerKind::Changed, None);
    }

    pub(crate) fn moved(&mut self, attribute: &str, from: Option<&'static str>, to: Option<&'static str>) {
        let mut value = |text: Option<&'static str>| {
            text.map(|text| {
                self.build.function("value", Vec::new(), Some(Kind::Text), |f| {
                    f.constant(0, Constant::Text(text.into()));
                    f.abc(Op::Return, 0, 0, 0);
                })
            })
        };
        let (from, to) = (value(from), value(to));
        self.trigger(TriggerKind::Moved { attribute: attribute.into(), from, to }, None);
    }

    pub(crate) fn exit_when(&mut self, cond: Cond) {
        let call = self.condition("exit", cond);
        self.decl.exits.push(Exit::When(call));
    }

    pub(crate) fn exit_on(&mut self, event: &str, cond: Option<Cond>) {
        let condition = cond.map(|cond| self.condition("exit", cond));
        self.decl.exits.push(Exit::On { event: event.into(), condition });
    }

    /// Keeps a field of the event that starts the run.
    pub(crate) fn keep(&mut self, field: &'static str) {
        let register = self.kept.len() as u8;
        self.code.field(register, field);
        self.kept.push(field);
    }

    fn kept(&self, field: &str) -> u8 {
        self.kept.iter().position(|kept| *kept == field).expect("the field is kept") as u8
    }

    fn condition(&mut self, sort: &str, cond: Cond) -> CaptureCall {
        let name = format!("{}.{sort}", self.decl.name);
        let (params, registers) = match cond {
            Cond::Kept(field, _) | Cond::SameAsKept(field) => (vec![Kind::Text], vec![self.kept(field)]),
            Cond::Attribute(..) | Cond::Field(..) => (Vec::new(), Vec::new()),
        };
        let function = self.build.function(&name, params, Some(Kind::Bool), |f| compare(f, cond, 0));
        CaptureCall { function, registers }
    }

    fn load(&mut self, register: u8, arg: Arg, ty: Type) {
        match arg {
            Arg::Text(text) => self.code.constant(register, Constant::Text(text.into())),
            Arg::Attribute(name) => self.code.attribute(register, name, ty),
            Arg::Kept(field) => {
                let kept = self.kept(field);
                self.code.abc(Op::Copy, register, kept, 0);
            }
        }
    }

    fn site(&mut self, name: &str, kind: SiteKind) -> u16 {
        self.decl.sites.push(Site { name: name.into(), kind });
        self.decl.sites.len() as u16 - 1
    }

    fn point(&mut self, name: &str) -> u16 {
        let live = self.kept.iter().enumerate().map(|(register, field)| Live {
            register: register as u8,
            name: format!("event.{field}").into(),
            ty: text(),
        });
        self.decl.points.push(ResumePoint { name: name.into(), pc: 0, live: live.collect() });
        self.decl.points.len() as u16 - 1
    }

    fn goes_on(&mut self, point: u16) {
        self.decl.points[usize::from(point)].pc = self.code.words.len() as u32;
    }

    /// `do email NAME to ARG`
    pub(crate) fn email(&mut self, name: &'static str, to: Arg) {
        let point = self.point(name);
        let site = self
            .site(name, SiteKind::Effect { action: 0, point, hold: Hold::Free, failure: OnFailure::Park });
        self.load(TEMPORARY, to, Type::One(Scalar::Email));
        self.load(TEMPORARY + 1, Arg::Text(name), text());
        self.code.abc(Op::Missing, TEMPORARY + 2, Kind::Text as u8, 0);
        self.code.abc(Op::Missing, TEMPORARY + 3, Kind::Time as u8, 0);
        self.code.ak(Op::Do, TEMPORARY, site);
        self.goes_on(point);
    }

    /// `wait DAYS days HOURS hours`
    pub(crate) fn wait(&mut self, name: &str, days: i32, hours: i64) {
        let length = Length { months: 0, days, millis: hours * 3_600_000 };
        self.code.constant(TEMPORARY, Constant::Duration(length));
        let point = self.point(name);
        self.code.ak(Op::WaitFor, TEMPORARY, point);
        self.goes_on(point);
    }

    /// `wait until contact.ATTRIBUTE`
    pub(crate) fn wait_until(&mut self, name: &str, attribute: &str) {
        self.code.attribute(TEMPORARY, attribute, Type::One(Scalar::Time));
        let point = self.point(name);
        self.code.ak(Op::Wait, TEMPORARY, point);
        self.goes_on(point);
    }

    /// `wait for EVENT where COND up to DAYS days {then} else {otherwise}`
    pub(crate) fn wait_for(
        &mut self,
        event: &str,
        cond: Option<Cond>,
        days: i32,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let condition = cond.map(|cond| self.condition("wait", cond));
        self.code.constant(TEMPORARY, Constant::Duration(Length { days, ..Length::default() }));
        let point = self.point(&format!("wait for {event}"));
        let place = self.decl.waits.len();
        self.decl.waits.push(WaitSite { event: event.into(), condition, point, otherwise: 0 });
        self.code.ak(Op::WaitEvent, TEMPORARY, place as u16);
        self.goes_on(point);
        then(self);
        let end = self.code.jump(Op::Jump, 0);
        self.decl.waits[place].otherwise = self.code.words.len() as u32;
        otherwise(self);
        self.code.land(end);
        self.code.abc(Op::Copy, TEMPORARY, TEMPORARY, 0);
        self.code.words.pop();
    }

    /// `if COND {then}`
    pub(crate) fn when(&mut self, cond: Cond, then: impl FnOnce(&mut Self)) {
        let kept = match cond {
            Cond::Kept(field, _) | Cond::SameAsKept(field) => self.kept(field),
            Cond::Attribute(..) | Cond::Field(..) => 0,
        };
        let site = self.site(&format!("if {}", self.decl.sites.len()), SiteKind::Branch);
        compute(&mut self.code, cond, kept, TEMPORARY);
        self.code.ak(Op::Took, TEMPORARY, site);
        let past = self.code.jump(Op::JumpIfNot, TEMPORARY);
        then(self);
        self.code.land(past);
    }

    /// `do set contact.ATTRIBUTE = TEXT`
    pub(crate) fn set(&mut self, attribute: &'static str, value: Arg) {
        let site = self.site(
            &format!("set {attribute} {}", self.decl.sites.len()),
            SiteKind::Set { attribute: attribute.into(), ty: text() },
        );
        self.code.abc(Op::Subject, TEMPORARY, 0, 0);
        self.load(TEMPORARY + 1, value, text());
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    /// `do set contact.account.ATTRIBUTE = TEXT`
    pub(crate) fn set_account(&mut self, attribute: &'static str, value: Arg) {
        let site = self.site(
            &format!("set account {attribute}"),
            SiteKind::Set { attribute: attribute.into(), ty: text() },
        );
        self.code.attribute(TEMPORARY, "account", Type::One(Scalar::Entity("account".into())));
        self.load(TEMPORARY + 1, value, text());
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    pub(crate) fn tag(&mut self, kind: SiteKind, tag: &'static str) {
        let site = self.site(&format!("tag {tag} {}", self.decl.sites.len()), kind);
        self.load(TEMPORARY, Arg::Text(tag), text());
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    /// `do emit EVENT { form: ARG }`
    pub(crate) fn emit(&mut self, event: &str, form: Arg) {
        let site = self.site(
            &format!("emit {event}"),
            SiteKind::Emit { event: event.into(), fields: vec!["form".into()] },
        );
        self.load(TEMPORARY, form, text());
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    pub(crate) fn note(&mut self, words: Arg) {
        let site = self.site("note", SiteKind::Note);
        self.load(TEMPORARY, words, text());
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    /// `do note "{{FIELD}}{{FIELD}}"`
    pub(crate) fn note_twice(&mut self, field: &'static str) {
        let site = self.site("note twice", SiteKind::Note);
        self.load(TEMPORARY + 1, Arg::Kept(field), text());
        self.load(TEMPORARY + 2, Arg::Kept(field), text());
        self.code.abc(Op::Join, TEMPORARY, TEMPORARY + 1, 2);
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    pub(crate) fn task(&mut self, title: &'static str, group: Option<&str>) {
        let site = self.site("task", SiteKind::Task { sort: "call".into(), group: group.map(Into::into) });
        self.load(TEMPORARY, Arg::Text(title), text());
        for (register, kind) in (TEMPORARY + 1..).zip([Kind::Time, Kind::Time, Kind::Text, Kind::Text]) {
            self.code.abc(Op::Missing, register, kind as u8, 0);
        }
        self.code.ak(Op::Do, TEMPORARY, site);
    }

    pub(crate) fn stop(&mut self) {
        self.code.abc(Op::End, 1, 0, 0);
    }
}

/// A whole condition; a captured value is in `r[kept]`.
fn compare(code: &mut Code, cond: Cond, kept: u8) {
    compute(code, cond, kept, TEMPORARY);
    code.abc(Op::Return, TEMPORARY, 0, 0);
}

fn compute(code: &mut Code, cond: Cond, kept: u8, into: u8) {
    match cond {
        Cond::Attribute(name, value) => {
            code.attribute(into, name, text());
            code.constant(into + 1, Constant::Text(value.into()));
        }
        Cond::Field(name, value) => {
            code.field(into, name);
            code.constant(into + 1, Constant::Text(value.into()));
        }
        Cond::Kept(_, value) => {
            code.abc(Op::Copy, into, kept, 0);
            code.constant(into + 1, Constant::Text(value.into()));
        }
        Cond::SameAsKept(name) => {
            code.field(into, name);
            code.abc(Op::Copy, into + 1, kept, 0);
        }
    }
    code.abc(Op::Eq, into, into, into + 1);
}
