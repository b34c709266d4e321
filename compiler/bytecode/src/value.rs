//! Values: what registers, attributes and event fields hold.

use std::fmt;
use std::sync::Arc;

use jiff::{Timestamp, civil};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Names one entity: its kind and its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityId {
    /// `contact`, `account`, or a declared entity.
    pub kind: Arc<str>,
    /// The key, unique in its kind. A key `a/b` lives where `a` lives.
    pub id: Arc<str>,
}

impl EntityId {
    /// The entity of `kind` with key `id`.
    #[must_use]
    pub fn new(kind: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// A length of time. Civil parts (months, days) follow the calendar and the
/// zone; `millis` is elapsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Length {
    /// Calendar months; a year is twelve.
    pub months: i32,
    /// Calendar days; a week is seven.
    pub days: i32,
    /// Elapsed milliseconds.
    pub millis: i64,
}

impl Length {
    /// Whether any part follows the calendar.
    #[must_use]
    pub fn is_civil(self) -> bool {
        self.months != 0 || self.days != 0
    }

    /// Milliseconds, a day taken as 24 h and a month as 30 days: for comparing only.
    #[must_use]
    pub fn nominal_millis(self) -> i128 {
        const DAY: i128 = 86_400_000;
        i128::from(self.months) * 30 * DAY + i128::from(self.days) * DAY + i128::from(self.millis)
    }
}

/// A value of the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value. Every comparison with it is false.
    Missing,
    /// `true` or `false`.
    Bool(bool),
    /// An exact decimal.
    Number(Decimal),
    /// Text.
    Text(Arc<str>),
    /// A day.
    Date(civil::Date),
    /// A moment.
    Time(Timestamp),
    /// A time of day.
    Clock(civil::Time),
    /// A length of time.
    Duration(Length),
    /// A list.
    List(Arc<[Value]>),
    /// A reference.
    Entity(EntityId),
    /// JSON that no declaration describes.
    Json(Arc<serde_json::Value>),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

/// A value written in a rule, in a function's constant table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// An exact decimal.
    Number(Decimal),
    /// Text.
    Text(Arc<str>),
    /// A day.
    Date(civil::Date),
    /// A moment.
    Time(Timestamp),
    /// A time of day.
    Clock(civil::Time),
    /// A length of time.
    Duration(Length),
}

impl From<&Constant> for Value {
    fn from(constant: &Constant) -> Self {
        match constant {
            Constant::Bool(v) => Self::Bool(*v),
            Constant::Number(v) => Self::Number(*v),
            Constant::Text(v) => Self::Text(v.clone()),
            Constant::Date(v) => Self::Date(*v),
            Constant::Time(v) => Self::Time(*v),
            Constant::Clock(v) => Self::Clock(*v),
            Constant::Duration(v) => Self::Duration(*v),
        }
    }
}
