//! Makes worlds and well-typed expressions.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use onward_bytecode::{
    Constant, EntityDecl, EntityId, EventDecl, FieldDecl, Given, Kind, Pipe, Presence, Scalar,
    Span as Window, Type, Value,
};
use onward_compiler::diagnostic::{FileId, Span};
use onward_compiler::hir::{Arithmetic, Ask, Compare, EventScope, Expr, ExprKind, History, Part, Ty, VarId};
use onward_engine::model::{Entity, Fields, Occurrence, Question, Watch};
use serde_json::json;

use crate::dice::Dice;

/// What an expression may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Bool,
    Number,
    Text,
    Grade,
    Date,
    Time,
    Clock,
    Duration,
    Texts,
    Numbers,
    Contact,
    Account,
    Json,
}

use Sort::*;

pub(crate) const SORTS: [Sort; 13] =
    [Bool, Number, Text, Grade, Date, Time, Clock, Duration, Texts, Numbers, Contact, Account, Json];

/// Sorts that have literals.
const PLAIN: [Sort; 8] = [Bool, Number, Text, Grade, Date, Time, Clock, Duration];

/// Sorts that have an order.
const ORDERED: [Sort; 6] = [Number, Grade, Date, Time, Clock, Duration];

const TEXTS: [&str; 16] = [
    "",
    "a",
    "Ana",
    "ana",
    "trial",
    "Straße",
    "a-b, c",
    "  x ",
    "<b>&\"'",
    "good",
    "12",
    "café 😀 noir",
    "a*b?",
    "50%",
    "a=1, ana=x=2,a=3",
    "1772971000.5",
];
const DATES: [&str; 6] = ["2026-03-07", "2026-03-08", "2026-11-01", "2024-02-29", "2026-01-31", "2026-12-31"];
const TIMES: [&str; 6] = [
    "2026-03-08T06:59:00Z",
    "2026-03-29T00:30:00Z",
    "2026-11-01T05:30:00Z",
    "2026-11-01T06:30:00Z",
    "2026-03-07T20:00:00Z",
    "2026-01-31T23:59:59Z",
];
const CLOCKS: [&str; 5] = ["00:00", "01:30", "02:30", "09:00", "23:59:59"];
const DURATIONS: [&str; 9] = ["P1D", "PT24H", "P1M", "PT30M", "-P2D", "P1M2DT3H", "PT0S", "P7D", "-PT90M"];
const ZONES: [&str; 5] = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"];

impl Sort {
    pub(crate) fn ty(self) -> Type {
        Type::One(match self {
            Bool => Scalar::Bool,
            Number => Scalar::Number,
            Text => Scalar::Text,
            Grade => Scalar::Ordered(["bad", "poor", "good"].map(Arc::from).to_vec()),
            Date => Scalar::Date,
            Time => Scalar::Time,
            Clock => Scalar::Clock,
            Duration => Scalar::Duration,
            Texts => return Type::List(Scalar::Text),
            Numbers => return Type::List(Scalar::Number),
            Contact => Scalar::Entity("contact".into()),
            Account => Scalar::Entity("account".into()),
            Json => Scalar::Json,
        })
    }

    /// The name of a field of this sort: `number2`.
    fn name(self, place: usize) -> Arc<str> {
        format!("{self:?}{place}").to_lowercase().into()
    }

    /// JSON that can be read as this sort.
    fn sample(self, dice: &mut Dice) -> serde_json::Value {
        match self {
            Bool => json!(dice.one_in(2)),
            Number => {
                let large = json!("79228162514264337593543950335");
                let numbers = [
                    json!(0),
                    json!(1),
                    json!(-1),
                    json!(2.5),
                    json!(0.1),
                    json!(-3.75),
                    json!(1234567),
                    large,
                ];
                dice.pick(&numbers).clone()
            }
            Text => json!(dice.pick(&TEXTS)),
            Grade => json!(dice.pick(&["bad", "poor", "good"])),
            Date => json!(dice.pick(&DATES)),
            Time => json!(dice.pick(&TIMES)),
            Clock => json!(dice.pick(&CLOCKS)),
            Duration => json!(dice.pick(&DURATIONS)),
            Texts => (0..dice.below(4)).map(|_| Text.sample(dice)).collect(),
            Numbers => (0..dice.below(4)).map(|_| Number.sample(dice)).collect(),
            Contact => json!(dice.pick(&["c1", "c2", "nobody"])),
            Account => json!(dice.pick(&["a1", "a2"])),
            Json => serde_json::Value::Object(fields(dice, &[Bool, Number, Text, Date, Duration, Texts])),
        }
    }
}

/// Fields of these sorts: the first two of each are there, the third is missing, the fourth does not fit.
fn fields(dice: &mut Dice, sorts: &[Sort]) -> Fields {
    let mut fields = Fields::new();
    for sort in sorts {
        for place in 0..2 {
            fields.insert(sort.name(place).to_string(), sort.sample(dice));
        }
        fields.insert(sort.name(3).to_string(), json!([[{ "no": null }]]));
    }
    fields
}

fn declared() -> Vec<FieldDecl> {
    let mut all: Vec<FieldDecl> = Vec::new();
    for sort in SORTS {
        for place in 0..4 {
            let (name, ty) = (sort.name(place), sort.ty());
            all.push(FieldDecl { name, ty, presence: Presence::Optional, docs: "".into() });
        }
    }
    let zone = Type::One(Scalar::Timezone);
    all.push(FieldDecl { name: "timezone".into(), ty: zone, presence: Presence::Optional, docs: "".into() });
    all
}

/// The event that is at hand.
pub(crate) fn event_decl() -> EventDecl {
    EventDecl { name: "happened".into(), about: "contact".into(), fields: declared(), docs: "".into() }
}

pub(crate) fn entity_decls() -> Vec<EntityDecl> {
    ["account", "contact"]
        .map(|name| EntityDecl { name: name.into(), attributes: declared(), docs: "".into() })
        .to_vec()
}

/// What code may read.
pub(crate) struct Scene {
    pub(crate) subject: EntityId,
    pub(crate) entities: BTreeMap<EntityId, Option<Entity>>,
    pub(crate) event: Occurrence,
    pub(crate) history: BTreeMap<Question, Vec<Occurrence>>,
    pub(crate) run_started: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

pub(crate) fn scene(dice: &mut Dice) -> Scene {
    let now: Timestamp = dice.pick(&TIMES).parse().unwrap();
    let mut entities = BTreeMap::new();
    for (kind, key) in [("contact", "c1"), ("contact", "c2"), ("account", "a1"), ("account", "a2")] {
        let id = EntityId::new(kind, key);
        let mut attributes = fields(dice, &SORTS);
        if !dice.one_in(4) {
            attributes.insert("timezone".into(), json!(dice.pick(&ZONES)));
        }
        entities.insert(
            id.clone(),
            Some(Entity { id, attributes, created: now, deleted: None, watch: Watch::default() }),
        );
    }
    entities.insert(EntityId::new("contact", "nobody"), None);
    let event = Occurrence {
        id: "e1".into(),
        name: "happened".into(),
        at: dice.pick(&TIMES).parse().unwrap(),
        fields: fields(dice, &SORTS),
        contact: (!dice.one_in(3)).then(|| EntityId::new("contact", "c2")),
    };
    let history = entities.keys().map(|id| {
        let events = (0..dice.below(6)).map(|place| past(dice, now, place)).collect();
        (Question { entity: id.clone(), event: "happened".into() }, events)
    });
    let history = history.collect();
    let run_started =
        (!dice.one_in(3)).then(|| now - dice.below(40_000).to_string().parse::<i64>().unwrap().minutes());
    Scene { subject: EntityId::new("contact", "c1"), entities, event, history, run_started, now }
}

/// An event of the last weeks, or of tomorrow; two may happen at the same moment.
fn past(dice: &mut Dice, now: Timestamp, place: usize) -> Occurrence {
    let hours = *dice.pick(&[-20_i64, 0, 1, 23, 24, 25, 47, 48, 49, 168, 600, 744]);
    Occurrence {
        id: format!("p{place}").into(),
        name: "happened".into(),
        at: now - hours.hours(),
        fields: fields(dice, &SORTS),
        contact: None,
    }
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    Expr { kind, ty: Ty { ty, presence: Presence::Optional }, span }
}

fn of(kind: ExprKind, sort: Sort) -> Expr {
    expr(kind, sort.ty())
}

/// Makes expressions.
pub(crate) struct Maker {
    pub(crate) dice: Dice,
    /// Variables of the loops around.
    vars: Vec<(VarId, Sort)>,
    next: u32,
    /// Where the fields are those of a past event, too.
    scope: EventScope,
}

impl Maker {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, vars: Vec::new(), next: 0, scope: EventScope::Current }
    }

    /// An expression of this sort, at most `depth` deep.
    pub(crate) fn expr(&mut self, sort: Sort, depth: usize) -> Expr {
        if depth == 0 || self.dice.one_in(8) {
            return self.leaf(sort);
        }
        let depth = depth - 1;
        match self.dice.below(8) {
            0 => self.default(sort, depth),
            1 => self.converted(sort, depth),
            2 => self.read(sort, depth),
            _ => self.operation(sort, depth),
        }
    }

    fn boxed(&mut self, sort: Sort, depth: usize) -> Box<Expr> {
        Box::new(self.expr(sort, depth))
    }

    fn leaf(&mut self, sort: Sort) -> Expr {
        let name = sort.name(self.dice.below(4));
        let var = self.vars.iter().rev().find(|(_, of)| *of == sort).map(|(var, _)| *var);
        match self.dice.below(8) {
            0 => of(ExprKind::Field { of: EventScope::Current, name }, sort),
            1 | 2 if self.scope == EventScope::Past => of(ExprKind::Field { of: self.scope, name }, sort),
            1 => of(ExprKind::Field { of: EventScope::Current, name }, sort),
            2 => of(ExprKind::Missing, sort),
            3 | 4 if var.is_some() => of(ExprKind::Var(var.unwrap()), sort),
            3 => self.given(sort),
            4 | 5 => self.literal(sort),
            _ => {
                let subject = of(ExprKind::Subject, Contact);
                of(ExprKind::Attribute(Box::new(subject), name), sort)
            }
        }
    }

    /// What the world gives without a name.
    fn given(&mut self, sort: Sort) -> Expr {
        match sort {
            Date => of(ExprKind::Today, Date),
            Time => of(ExprKind::Now, Time),
            Contact if self.dice.one_in(2) => of(ExprKind::Contact, Contact),
            Contact => of(ExprKind::Subject, Contact),
            Json => of(ExprKind::Event, Json),
            _ => self.literal(sort),
        }
    }

    fn literal(&mut self, sort: Sort) -> Expr {
        if !PLAIN.contains(&sort) {
            let name = sort.name(0);
            return of(ExprKind::Field { of: EventScope::Current, name }, sort);
        }
        let constant = match Value::read(&sort.sample(&mut self.dice), &sort.ty()) {
            Value::Bool(v) => Constant::Bool(v),
            Value::Number(v) => Constant::Number(v),
            Value::Text(v) => Constant::Text(v),
            Value::Date(v) => Constant::Date(v),
            Value::Time(v) => Constant::Time(v),
            Value::Clock(v) => Constant::Clock(v),
            Value::Duration(v) => Constant::Duration(v),
            other => unreachable!("{other:?} is no literal"),
        };
        of(ExprKind::Constant(constant), sort)
    }

    fn default(&mut self, sort: Sort, depth: usize) -> Expr {
        of(ExprKind::Default(self.boxed(sort, depth), self.boxed(sort, depth)), sort)
    }

    fn converted(&mut self, sort: Sort, depth: usize) -> Expr {
        let from = match sort {
            Texts => *self.dice.pick(&[Text, Json]),
            Numbers => *self.dice.pick(&[Number, Json]),
            Json => *self.dice.pick(&[Bool, Number, Text, Date, Time, Clock, Duration, Texts, Numbers]),
            Contact | Account => return self.read(sort, depth),
            _ => Json,
        };
        of(ExprKind::Convert(self.boxed(from, depth)), sort)
    }

    /// A part of something.
    fn read(&mut self, sort: Sort, depth: usize) -> Expr {
        let name = sort.name(self.dice.below(4));
        match self.dice.below(5) {
            0 if sort == Time => self.history(Ask::Latest("time".into()), sort, depth),
            0 | 1 => self.history(Ask::Latest(name), sort, depth),
            2 => of(ExprKind::Member(self.boxed(Json, depth), name), sort),
            3 => of(ExprKind::Attribute(self.boxed(Contact, depth), name), sort),
            _ => of(ExprKind::Attribute(self.boxed(Account, depth), name), sort),
        }
    }

    /// A question about the past. Conditions about past events ask none.
    fn history(&mut self, ask: Ask, sort: Sort, depth: usize) -> Expr {
        if self.scope == EventScope::Past {
            return self.leaf(sort);
        }
        let entity = if self.dice.one_in(4) {
            self.expr(Contact, depth.min(1))
        } else {
            of(ExprKind::Subject, Contact)
        };
        let condition = self.dice.one_in(2).then(|| {
            self.scope = EventScope::Past;
            let condition = self.expr(Bool, depth.min(2));
            self.scope = EventScope::Current;
            condition
        });
        let span = match self.dice.below(4) {
            0 => Window::Ever,
            1 => Window::Run,
            _ => Window::Last(self.dice.pick(&DURATIONS).parse().unwrap()),
        };
        of(
            ExprKind::History(Box::new(History { event: "happened".into(), entity, condition, span, ask })),
            sort,
        )
    }

    fn operation(&mut self, sort: Sort, depth: usize) -> Expr {
        match sort {
            Bool => self.condition(depth),
            Number => self.number(depth),
            Text => self.text(depth),
            Date => {
                let op = *self.dice.pick(&[Arithmetic::Add, Arithmetic::Subtract]);
                of(ExprKind::Arithmetic(op, self.boxed(Date, depth), self.boxed(Duration, depth)), Date)
            }
            Time => self.time(depth),
            Duration => self.duration(depth),
            Texts if self.dice.one_in(3) => {
                let (pipe, input) =
                    *self.dice.pick(&[(Pipe::Split, Text), (Pipe::Items, Text), (Pipe::Pairs, Json)]);
                self.pipe(pipe, input, Texts, depth)
            }
            Texts => self.list(Text, Texts, depth),
            Numbers => self.list(Number, Numbers, depth),
            Json => self.object(depth),
            Grade | Clock => self.default(sort, depth),
            Contact | Account => self.read(sort, depth),
        }
    }

    fn condition(&mut self, depth: usize) -> Expr {
        let kind = match self.dice.below(11) {
            10 => return self.history(Ask::Did, Bool, depth),
            0 => ExprKind::Not(self.boxed(Bool, depth)),
            1 => ExprKind::And(self.boxed(Bool, depth), self.boxed(Bool, depth)),
            2 => ExprKind::Or(self.boxed(Bool, depth), self.boxed(Bool, depth)),
            3 => {
                let sort = *self.dice.pick(&SORTS);
                ExprKind::IsSet(self.boxed(sort, depth))
            }
            4 => {
                let sort =
                    *self.dice.pick(&[Bool, Number, Text, Grade, Date, Time, Clock, Duration, Contact]);
                let op = *self.dice.pick(&[Compare::Equal, Compare::NotEqual]);
                ExprKind::Compare(op, self.boxed(sort, depth), self.boxed(sort, depth))
            }
            5 | 6 => {
                let sort = *self.dice.pick(&ORDERED);
                let ops = [Compare::Less, Compare::LessOrEqual, Compare::Greater, Compare::GreaterOrEqual];
                let op = *self.dice.pick(&ops);
                ExprKind::Compare(op, self.boxed(sort, depth), self.boxed(sort, depth))
            }
            7 => self.holds(depth),
            _ => {
                let ops = [Compare::Contains, Compare::StartsWith, Compare::EndsWith, Compare::Matches];
                let op = *self.dice.pick(&ops);
                ExprKind::Compare(op, self.boxed(Text, depth), self.boxed(Text, depth))
            }
        };
        of(kind, Bool)
    }

    /// A value and a list.
    fn holds(&mut self, depth: usize) -> ExprKind {
        let (item, list) = *self.dice.pick(&[(Text, Texts), (Number, Numbers)]);
        let (item, list) = (self.boxed(item, depth), self.boxed(list, depth));
        if self.dice.one_in(2) {
            ExprKind::Compare(Compare::In, item, list)
        } else {
            ExprKind::Compare(Compare::Contains, list, item)
        }
    }

    fn number(&mut self, depth: usize) -> Expr {
        let ops = [Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide];
        match self.dice.below(8) {
            6 => self.history(Ask::Count, Number, depth),
            7 => {
                let name = Number.name(self.dice.below(4));
                self.history(Ask::Sum(name), Number, depth)
            }
            0 => of(ExprKind::Negate(self.boxed(Number, depth)), Number),
            1 => {
                let pipe = *self.dice.pick(&[Pipe::Round, Pipe::Floor, Pipe::Ceil]);
                self.pipe(pipe, Number, Number, depth)
            }
            2 => {
                let input = *self.dice.pick(&[Text, Texts]);
                self.pipe(Pipe::Size, input, Number, depth)
            }
            _ => {
                let op = *self.dice.pick(&ops);
                of(ExprKind::Arithmetic(op, self.boxed(Number, depth), self.boxed(Number, depth)), Number)
            }
        }
    }

    fn text(&mut self, depth: usize) -> Expr {
        const OF_TEXT: [Pipe; 14] = [
            Pipe::Item,
            Pipe::Base64,
            Pipe::Upper,
            Pipe::Lower,
            Pipe::Capitalize,
            Pipe::Trim,
            Pipe::Truncate,
            Pipe::Replace,
            Pipe::Prepend,
            Pipe::Append,
            Pipe::UrlEncode,
            Pipe::Escape,
            Pipe::Safe,
            Pipe::Safe,
        ];
        match self.dice.below(6) {
            0 => of(
                ExprKind::Arithmetic(Arithmetic::Add, self.boxed(Text, depth), self.boxed(Text, depth)),
                Text,
            ),
            1 => {
                let pipe = *self.dice.pick(&OF_TEXT);
                self.pipe(pipe, Text, Text, depth)
            }
            2 => {
                let pipe = *self.dice.pick(&[Pipe::Join, Pipe::First, Pipe::Last]);
                self.pipe(pipe, Texts, Text, depth)
            }
            _ => {
                let parts = self.parts(depth);
                of(ExprKind::Message(parts), Text)
            }
        }
    }

    fn parts(&mut self, depth: usize) -> Vec<Part> {
        let many = if self.dice.one_in(20) { 40 } else { 5 };
        (0..self.dice.below(many)).map(|_| self.part(depth)).collect()
    }

    fn part(&mut self, depth: usize) -> Part {
        let shown = *self.dice.pick(&[Text, Number, Bool, Grade]);
        match self.dice.below(8) {
            0 if depth > 0 => {
                let branches = (0..1 + self.dice.below(2))
                    .map(|_| (self.expr(Bool, depth - 1), self.parts(depth - 1)))
                    .collect();
                let otherwise = self.parts(depth - 1);
                Part::If(branches, otherwise)
            }
            1 if depth > 0 => {
                let (item, list) = *self.dice.pick(&[(Text, Texts), (Number, Numbers)]);
                let list = self.boxed(list, depth - 1);
                let var = VarId(self.next);
                self.next += 1;
                self.vars.push((var, item));
                let parts = self.parts(depth - 1);
                self.vars.pop();
                Part::For(var, list, parts)
            }
            2 | 3 => Part::Text((*self.dice.pick(&TEXTS)).into()),
            4 => Part::Escaped(self.expr(shown, depth)),
            _ => Part::Value(self.expr(shown, depth)),
        }
    }

    fn time(&mut self, depth: usize) -> Expr {
        let kind = match self.dice.below(7) {
            6 => {
                let input = *self.dice.pick(&[Number, Text]);
                return self.pipe(Pipe::Unix, input, Time, depth);
            }
            0 => ExprKind::At(self.boxed(Date, depth), self.boxed(Clock, depth)),
            1 => ExprKind::At(self.boxed(Time, depth), self.boxed(Clock, depth)),
            2 => ExprKind::NextClock(self.boxed(Clock, depth)),
            3 => {
                let day = 1 + self.dice.below(7);
                ExprKind::NextWeekday(u8::try_from(day).unwrap(), self.boxed(Clock, depth))
            }
            4 => ExprKind::StartOf(self.boxed(Date, depth)),
            _ => {
                let op = *self.dice.pick(&[Arithmetic::Add, Arithmetic::Subtract]);
                ExprKind::Arithmetic(op, self.boxed(Time, depth), self.boxed(Duration, depth))
            }
        };
        of(kind, Time)
    }

    fn duration(&mut self, depth: usize) -> Expr {
        let op = *self.dice.pick(&[Arithmetic::Add, Arithmetic::Subtract]);
        let kind = match self.dice.below(5) {
            0 => ExprKind::Negate(self.boxed(Duration, depth)),
            1 => ExprKind::Arithmetic(Arithmetic::Subtract, self.boxed(Date, depth), self.boxed(Date, depth)),
            2 => ExprKind::Arithmetic(Arithmetic::Subtract, self.boxed(Time, depth), self.boxed(Time, depth)),
            3 => ExprKind::Arithmetic(
                Arithmetic::Multiply,
                self.boxed(Duration, depth),
                self.boxed(Number, depth),
            ),
            _ => ExprKind::Arithmetic(op, self.boxed(Duration, depth), self.boxed(Duration, depth)),
        };
        of(kind, Duration)
    }

    fn list(&mut self, item: Sort, list: Sort, depth: usize) -> Expr {
        let many = if self.dice.one_in(30) { 90 } else { 4 };
        let items = (0..self.dice.below(many)).map(|_| self.expr(item, depth.min(1))).collect();
        of(ExprKind::List(items), list)
    }

    fn object(&mut self, depth: usize) -> Expr {
        let mut members: Vec<(Arc<str>, Expr)> = Vec::new();
        for _ in 0..self.dice.below(4) {
            let sort = *self.dice.pick(&[Bool, Number, Text, Date, Clock, Duration, Texts, Json]);
            let name = sort.name(self.dice.below(2));
            if members.iter().all(|(known, _)| *known != name) {
                members.push((name, self.expr(sort, depth)));
            }
        }
        of(ExprKind::Object(members), Json)
    }

    /// A pipe with literal arguments; those that may be left out are their default then.
    fn pipe(&mut self, pipe: Pipe, input: Sort, result: Sort, depth: usize) -> Expr {
        let input = self.boxed(input, depth);
        let mut arguments = Vec::new();
        for argument in pipe.signature().args {
            let sort = if argument.kind == Kind::Number { Number } else { Text };
            let constant = match (argument.given, sort) {
                (Given::ElseText(text), _) if self.dice.one_in(2) => Constant::Text(text.into()),
                (Given::ElseNumber(number), _) if self.dice.one_in(2) => Constant::Number(number.into()),
                (_, Number) => Constant::Number(self.dice.below(9).into()),
                _ => Constant::Text((*self.dice.pick(&TEXTS)).into()),
            };
            arguments.push(of(ExprKind::Constant(constant), sort));
        }
        of(ExprKind::Pipe(pipe, input, arguments), result)
    }
}
