//! Declared types, and the coarser kinds that a register holds.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A declared type that is not a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// Any text.
    Text,
    /// An exact decimal number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A day of the calendar, without a zone.
    Date,
    /// A moment: an instant, shown in somebody's zone.
    Time,
    /// A time of day, without a date.
    Clock,
    /// A length of time, civil and elapsed parts apart.
    Duration,
    /// An email address.
    Email,
    /// A phone number in E.164 form.
    Phone,
    /// An absolute URL.
    Url,
    /// An IANA time zone name.
    Timezone,
    /// Any JSON.
    Json,
    /// One of a set of texts.
    OneOf(Vec<Arc<str>>),
    /// One of a graded set of texts, lowest first.
    Ordered(Vec<Arc<str>>),
    /// A reference to an entity of this kind.
    Entity(Arc<str>),
}

/// A declared type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Type {
    /// One value.
    One(Scalar),
    /// A list of values. Lists of lists are JSON.
    List(Scalar),
}

/// What a register holds, as far as the machine cares. Every kind includes `Missing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A decimal number.
    Number,
    /// Text of any declared flavour.
    Text,
    /// A day.
    Date,
    /// A moment.
    Time,
    /// A time of day.
    Clock,
    /// A length of time.
    Duration,
    /// A list.
    List,
    /// A reference to an entity.
    Entity,
    /// JSON.
    Json,
}

impl Kind {
    /// All of them; [`crate::Op::Missing`] names one by its place here.
    pub const ALL: [Self; 10] = [
        Self::Bool,
        Self::Number,
        Self::Text,
        Self::Date,
        Self::Time,
        Self::Clock,
        Self::Duration,
        Self::List,
        Self::Entity,
        Self::Json,
    ];

    /// The one at this place.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its name in listings and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::Clock => "clock",
            Self::Duration => "duration",
            Self::List => "list",
            Self::Entity => "entity",
            Self::Json => "json",
        }
    }
}

impl Scalar {
    /// The kind of register that holds it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text
            | Self::Email
            | Self::Phone
            | Self::Url
            | Self::Timezone
            | Self::OneOf(_)
            | Self::Ordered(_) => Kind::Text,
            Self::Number => Kind::Number,
            Self::Bool => Kind::Bool,
            Self::Date => Kind::Date,
            Self::Time => Kind::Time,
            Self::Clock => Kind::Clock,
            Self::Duration => Kind::Duration,
            Self::Json => Kind::Json,
            Self::Entity(_) => Kind::Entity,
        }
    }
}

impl Type {
    /// The kind of register that holds it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::One(scalar) => scalar.kind(),
            Self::List(_) => Kind::List,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |f: &mut fmt::Formatter<'_>, texts: &[Arc<str>], between: &str| {
            for (i, text) in texts.iter().enumerate() {
                if i > 0 {
                    f.write_str(between)?;
                }
                write!(f, "{text:?}")?;
            }
            Ok(())
        };
        match self {
            Self::Text => f.write_str("text"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Clock => f.write_str("time of day"),
            Self::Duration => f.write_str("duration"),
            Self::Email => f.write_str("email"),
            Self::Phone => f.write_str("phone"),
            Self::Url => f.write_str("url"),
            Self::Timezone => f.write_str("timezone"),
            Self::Json => f.write_str("json"),
            Self::OneOf(texts) => set(f, texts, " | "),
            Self::Ordered(texts) => {
                f.write_str("ordered ")?;
                set(f, texts, " < ")
            }
            Self::Entity(kind) => f.write_str(kind),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(scalar) => scalar.fmt(f),
            Self::List(scalar) => write!(f, "list of {scalar}"),
        }
    }
}
