//! Triggers that one lookup finds, by an equality that each needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    Constant, FunctionId, IndexKey, KeySource, Op, Program, Scalar, Trigger, TriggerKind, Type, Value,
    WorkflowDecl,
};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::{TriggerAt, entity, field};
use crate::model::Fields;

/// Triggers by the equality that each needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    keyed: BTreeMap<Looked, IndexMap<Key, Vec<TriggerAt>>>,
    rest: Vec<TriggerAt>,
}

/// Where to look for a value, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Looked {
    side: Side,
    name: Arc<str>,
    ty: Type,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// In the event.
    Event,
    /// In the subject's attributes.
    Subject,
    /// It is what the attribute was.
    Before,
    /// It is what the attribute is.
    After,
    /// It is new in the list.
    Gained,
    /// It is not in the list any more.
    Lost,
}

/// A value that equality can be looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    Number(Decimal),
    Text(Arc<str>),
}

/// What there is to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'s> {
    pub(super) fields: Option<&'s Fields>,
    pub(super) attributes: &'s Fields,
    /// What the attribute was and what it is.
    pub(super) moved: Option<(&'s Json, &'s Json)>,
}

impl Bucket {
    pub(super) fn add(
        &mut self,
        program: &Program,
        workflow: &WorkflowDecl,
        trigger: &Trigger,
        at: TriggerAt,
    ) {
        let wanted = trigger.index.as_ref().and_then(|key| compared(program, workflow, trigger, key));
        match wanted.or_else(|| moved(program, workflow, &trigger.kind)) {
            Some((looked, key)) => {
                self.keyed.entry(looked).or_default().entry(key).or_default().push(at);
            }
            None => self.rest.push(at),
        }
    }

    /// What may match, in no order.
    pub(super) fn find(&self, sight: Sight<'_>, found: &mut Vec<TriggerAt>) {
        found.extend(&self.rest);
        for (looked, by_value) in &self.keyed {
            let keys = looked.keys(sight);
            found.extend(keys.iter().filter_map(|key| by_value.get(key)).flatten());
        }
    }
}

impl Looked {
    fn keys(&self, sight: Sight<'_>) -> Vec<Key> {
        let one = |json: Option<&Json>| {
            let key = json.and_then(|json| Key::of(&Value::read(json, &self.ty)));
            key.into_iter().collect()
        };
        let (before, after) = sight.moved.unzip();
        match self.side {
            Side::Event => one(sight.fields.and_then(|fields| fields.get(&*self.name))),
            Side::Subject => one(sight.attributes.get(&*self.name)),
            Side::Before => one(before),
            Side::After => one(after),
            Side::Gained => self.items(after),
            Side::Lost => self.items(before),
        }
    }

    fn items(&self, list: Option<&Json>) -> Vec<Key> {
        let items = list.and_then(Json::as_array).into_iter().flatten();
        items.filter_map(|item| Key::of(&Value::read(item, &self.ty))).collect()
    }
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(v) => Some(Self::Bool(*v)),
            Value::Number(v) => Some(Self::Number(*v)),
            Value::Text(v) => Some(Self::Text(v.clone())),
            _ => None,
        }
    }
}

/// Where to look for a trigger's equality; none if its kind of value has no key, or if what is
/// compared is not declared.
fn compared(
    program: &Program,
    workflow: &WorkflowDecl,
    trigger: &Trigger,
    key: &IndexKey,
) -> Option<(Looked, Key)> {
    let value = Key::of(&Value::from(&key.value))?;
    let (side, fields) = match (key.source, &trigger.kind) {
        (KeySource::Subject, _) => (Side::Subject, &entity(program, &workflow.subject)?.attributes),
        (KeySource::Event, TriggerKind::Event(name)) => {
            (Side::Event, &program.events.iter().find(|event| event.name == *name)?.fields)
        }
        (KeySource::Event, _) => return None,
    };
    let ty = field(fields, &key.name)?.ty.clone();
    Some((Looked { side, name: key.name.clone(), ty }, value))
}

/// The constant that an attribute must have had, must have now, must gain or lose.
fn moved(program: &Program, workflow: &WorkflowDecl, kind: &TriggerKind) -> Option<(Looked, Key)> {
    let (side, name, function) = match kind {
        TriggerKind::Moved { attribute, to: Some(to), .. } => (Side::After, attribute, to),
        TriggerKind::Moved { attribute, from: Some(from), .. } => (Side::Before, attribute, from),
        TriggerKind::Gains { attribute, item } => (Side::Gained, attribute, item),
        TriggerKind::Loses { attribute, item } => (Side::Lost, attribute, item),
        _ => return None,
    };
    let declared = &field(&entity(program, &workflow.subject)?.attributes, name)?.ty;
    let ty = match (side, declared) {
        (Side::Gained | Side::Lost, Type::List(item)) => Type::One(item.clone()),
        (Side::Gained | Side::Lost, Type::One(_)) => return None,
        (_, ty) => ty.clone(),
    };
    let key = Key::of(&Value::from(constant(program, *function)?))?;
    Some((Looked { side, name: name.clone(), ty }, key))
}

/// What a function gives that gives a constant.
fn constant(program: &Program, function: FunctionId) -> Option<&Constant> {
    let function = program.functions.get(function.0 as usize)?;
    let [load, give] = function.code.as_slice() else { return None };
    let gives = load.op() == Some(Op::Const) && give.op() == Some(Op::Return) && load.a() == give.a();
    function.constants.get(usize::from(load.k())).filter(|_| gives)
}

/// Triggers for a value that crosses a bound, by the bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Crossings {
    bounds: BTreeMap<Decimal, Vec<TriggerAt>>,
    rest: Vec<TriggerAt>,
}

impl Crossings {
    pub(super) fn add(&mut self, program: &Program, bound: Option<FunctionId>, ty: &Type, at: TriggerAt) {
        let bound = bound.and_then(|bound| constant(program, bound));
        match bound.and_then(|bound| measure(&Value::from(bound), ty)) {
            Some(bound) => self.bounds.entry(bound).or_default().push(at),
            None => self.rest.push(at),
        }
    }

    /// Those whose bound lies between two values, both included.
    pub(super) fn find(&self, between: (Decimal, Decimal), found: &mut Vec<TriggerAt>) {
        let (low, high) = (between.0.min(between.1), between.0.max(between.1));
        found.extend(&self.rest);
        found.extend(self.bounds.range(low..=high).flat_map(|(_, triggers)| triggers));
    }
}

/// A number, or the place of a grade in its ordered set.
pub(crate) fn measure(value: &Value, ty: &Type) -> Option<Decimal> {
    match (value, ty) {
        (Value::Number(number), _) => Some(*number),
        (Value::Text(grade), Type::One(Scalar::Ordered(grades))) => {
            grades.iter().position(|known| known == grade).map(Decimal::from)
        }
        _ => None,
    }
}
