//! Register code in words of 32 bits.
//!
//! A word is `op a b c`, a byte each; `k` below is `b c` read as one big-endian
//! number of 16 bits. `r[x]` is a register. Jumps go forward only, so every
//! function ends within as many steps as it has words (times the lengths of the
//! lists that `Each` walks).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Constant, Kind, Length, Type};

/// A place in [`crate::Program::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionId(pub u32);

/// A field or attribute that code reads, with the type it is read as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRef {
    /// Its name.
    pub name: Arc<str>,
    /// What it is read as; a value that does not fit reads as `Missing`.
    pub ty: Type,
}

/// A piece of code: a condition, a message, the body of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// For people: `welcome.subject`, `trial_welcome.where`.
    pub name: Arc<str>,
    /// Kinds of the arguments, in `r[0]`, `r[1]`, …
    pub params: Vec<Kind>,
    /// Kind of what `Return` gives back. A workflow's body returns nothing.
    pub result: Option<Kind>,
    /// How many registers it uses, at most 256.
    pub registers: u16,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Fields, attributes, secrets and settings it reads.
    pub names: Vec<NameRef>,
    /// Functions that `Each` calls. Each has a smaller id than this one: no recursion.
    pub blocks: Vec<FunctionId>,
    /// What it reads of the past.
    pub histories: Vec<HistoryRef>,
    /// The words.
    pub code: Vec<Instruction>,
}

impl Function {
    /// All functions that it calls.
    pub fn callees(&self) -> impl Iterator<Item = FunctionId> + '_ {
        self.blocks.iter().copied().chain(self.histories.iter().filter_map(|history| history.condition))
    }
}

/// A question about the past events of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRef {
    /// The events' name.
    pub event: Arc<str>,
    /// Since when.
    pub span: Span,
    /// What must hold for an event to count: it is the event at hand there. The function's arguments are captures.
    pub condition: Option<FunctionId>,
    /// What is asked.
    pub ask: Ask,
}

/// Since when past events count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Span {
    /// From the beginning.
    Ever,
    /// Not longer ago than this, in the subject's zone.
    Last(Length),
    /// Since the run started; from the beginning where there is no run.
    Run,
}

/// What is asked of past events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// How many: a number.
    Count,
    /// Whether there is any.
    Did,
    /// The sum of a field, a number; 0 if there is none.
    Sum(NameRef),
    /// A field of the latest by the time when it happened; `time` is that time unless it has a field of the name.
    Latest(NameRef),
}

impl Ask {
    /// The kind of register that holds the answer.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Count | Self::Sum(_) => Kind::Number,
            Self::Did => Kind::Bool,
            Self::Latest(field) => field.ty.kind(),
        }
    }
}

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction(pub u32);

impl Instruction {
    /// A word of an operation and three bytes.
    #[must_use]
    pub fn abc(op: Op, a: u8, b: u8, c: u8) -> Self {
        Self(u32::from_be_bytes([op as u8, a, b, c]))
    }

    /// A word of an operation, a byte and a 16-bit number.
    #[must_use]
    pub fn ak(op: Op, a: u8, k: u16) -> Self {
        let [b, c] = k.to_be_bytes();
        Self::abc(op, a, b, c)
    }

    /// The operation, unless the byte is none.
    #[must_use]
    pub fn op(self) -> Option<Op> {
        let [op, ..] = self.0.to_be_bytes();
        Op::from_byte(op)
    }

    /// First operand.
    #[must_use]
    pub fn a(self) -> u8 {
        let [_, a, ..] = self.0.to_be_bytes();
        a
    }

    /// Second operand.
    #[must_use]
    pub fn b(self) -> u8 {
        let [_, _, b, _] = self.0.to_be_bytes();
        b
    }

    /// Third operand.
    #[must_use]
    pub fn c(self) -> u8 {
        let [.., c] = self.0.to_be_bytes();
        c
    }

    /// Second and third operand as one number.
    #[must_use]
    pub fn k(self) -> u16 {
        let [_, _, b, c] = self.0.to_be_bytes();
        u16::from_be_bytes([b, c])
    }
}

/// Declares an enum of bytes with a way back from the byte and a name for people.
macro_rules! bytes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The one with this byte.
            #[must_use]
            pub fn from_byte(byte: u8) -> Option<Self> {
                Self::ALL.get(usize::from(byte)).copied()
            }

            /// Its name in listings and rules.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

bytes! {
    /// What an instruction does.
    Op {
        /// `r[a] = constants[k]`
        Const = "const",
        /// `r[a] = Missing`, of the kind that `Kind` number `b` names (see [`Kind`]'s order)
        Missing = "missing",
        /// `r[a] = r[b]`
        Copy = "copy",
        /// `r[a]` = the subject, an entity
        Subject = "subject",
        /// `r[a]` = the contact that the event at hand is about, an entity; Missing if none
        Contact = "contact",
        /// `r[a]` = field `names[k]` of the event at hand
        Field = "field",
        /// `r[a]` = the whole event at hand as JSON `{id, event, time, …fields}`
        Event = "event",
        /// `r[a]` = for an attribute trigger: the value before (`b` = 0) or after (`b` = 1), read as `names[c].ty`
        Moved = "moved",
        /// `r[a]` = attribute `names[c]` of the entity `r[b]`
        Attr = "attr",
        /// `r[a]` = member `names[c]` of the JSON `r[b]`, read as its type
        Member = "member",
        /// `r[a]` = `r[b]` read as `names[c].ty`: text to number, entity to JSON, one to a list …; Missing if it does not fit
        Convert = "convert",
        /// `r[a]` = the secret `names[k].name`. Only in functions of actions
        Secret = "secret",
        /// `r[a]` = now, a moment
        Now = "now",
        /// `r[a]` = today in the subject's zone, a date
        Today = "today",
        /// `r[a] = not r[b]` (Missing counts as false)
        Not = "not",
        /// `r[a]` = whether `r[b]` is set
        IsSet = "is set",
        /// `r[a] = r[b] = r[c]`; false if either is Missing
        Eq = "eq",
        /// `r[a] = r[b] != r[c]`; false if either is Missing
        Ne = "ne",
        /// `r[a] = r[b] < r[c]`; false if either is Missing
        Lt = "lt",
        /// `r[a] = r[b] <= r[c]`; false if either is Missing
        Le = "le",
        /// `r[a]` = list `r[c]` holds `r[b]`; false if it is Missing
        In = "in",
        /// `r[a]` = place of text `r[b]` in the ordered set `names[c].ty`, a number from 0; Missing if it is not in it
        Grade = "grade",
        /// `r[a]` = text `r[b]` holds text `r[c]` (case ignored), or list `r[b]` holds `r[c]`
        Contains = "contains",
        /// `r[a]` = text `r[b]` starts with text `r[c]`
        StartsWith = "starts with",
        /// `r[a]` = text `r[b]` ends with text `r[c]`
        EndsWith = "ends with",
        /// `r[a]` = text `r[b]` fits the glob `r[c]` (`*` any run, `?` any one character; case ignored)
        Matches = "matches",
        /// `r[a] = r[b] + r[c]`: numbers, durations, date or moment plus duration, texts
        Add = "add",
        /// `r[a] = r[b] - r[c]`: as `Add`, and date minus date, moment minus moment
        Sub = "sub",
        /// `r[a] = r[b] * r[c]`: numbers, duration times number
        Mul = "mul",
        /// `r[a] = r[b] / r[c]`: numbers; by zero is Missing
        Div = "div",
        /// `r[a] = -r[b]`: number or duration
        Neg = "neg",
        /// `r[a]` = the moment of date or moment `r[b]`'s day at time of day `r[c]` in the subject's zone
        At = "at",
        /// `r[a]` = the next moment after now at time of day `r[b]` in the subject's zone
        NextClock = "next clock",
        /// `r[a]` = the next moment after now on weekday `b` (1 Monday … 7 Sunday) at time of day `r[c]`
        NextWeekday = "next weekday",
        /// `r[a]` = the start of date `r[b]` in the subject's zone, a moment
        StartOf = "start of",
        /// `r[a] = r[b]`, or `r[c]` if that is Missing
        Default = "default",
        /// `r[a]` = pipe number `b` of `r[c]` and the registers after it (see [`Pipe::signature`])
        Pipe = "pipe",
        /// `r[a]` = `r[b]` as a person reads it, in the subject's zone; Missing gives no text
        Text = "text",
        /// `r[a]` = text `r[b]` escaped for HTML
        Escape = "escape",
        /// `r[a]` = the texts `r[b]` … `r[b + c - 1]` one after another
        Join = "join",
        /// `r[a]` = list of `r[b]` … `r[b + c - 1]`
        List = "list",
        /// `r[a]` = JSON object of `c` pairs: keys (texts) and values in `r[b]`, `r[b + 1]`, …; a Missing value is left out
        Object = "object",
        /// `r[a]` = the texts that function `blocks[c]` gives for each item of list `r[b]`, joined.
        /// Its arguments are the item and then `r[b + 1]`, …
        Each = "each",
        /// `r[a]` = the answer to `histories[c]` about entity `r[b]`; captures stand in `r[b + 1]`, …
        History = "history",
        /// goes on `k` words after the next one
        Jump = "jump",
        /// the same if `r[a]` is not true
        JumpIfNot = "jump if not",
        /// the same if `r[a]` is true
        JumpIf = "jump if",
        /// ends with `r[a]`
        Return = "return",
        /// Workflow only: does `sites[k]` with arguments from `r[a]` on; an effect rests there, a new entity is left in `r[a]`
        Do = "do",
        /// Workflow only: `r[a]` = a whole number from 0 to 9,999 made of the workflow, the name of `sites[k]` and the subject
        Split = "split",
        /// Workflow only: notes that `sites[k]` was skipped because its condition is false
        Skip = "skip",
        /// Workflow only: notes which way the branch at `sites[k]` went, `r[a]`
        Took = "took",
        /// Workflow only: rests at `points[k]` until the moment `r[a]`; parks the run if it is Missing
        Wait = "wait",
        /// Workflow only: rests at `points[k]` for the duration `r[a]` counted from now in the subject's zone
        WaitFor = "wait for",
        /// Workflow only: rests at `waits[k]` until its event comes, or for the duration `r[a]`
        WaitEvent = "wait event",
        /// Workflow only: the run ends; `a` = 0 all steps done, 1 `stop`
        End = "end",
    }
}

bytes! {
    /// A function that messages and conditions apply with `|`.
    Pipe {
        /// text: capital letters
        Upper = "upper",
        /// text: small letters
        Lower = "lower",
        /// text: first letter of the text as a capital
        Capitalize = "capitalize",
        /// text: first letter of each word as a capital
        Title = "title",
        /// text: no white space at either end
        Trim = "trim",
        /// text, length, ending ("…"): at most that many characters
        Truncate = "truncate",
        /// text, from, to: every `from` replaced
        Replace = "replace",
        /// text, part: `part` put before
        Prepend = "prepend",
        /// text, part: `part` put behind
        Append = "append",
        /// text: as a part of a URL, percent-encoded (RFC 3986 unreserved kept)
        UrlEncode = "url_encode",
        /// text: escaped for HTML
        Escape = "escape",
        /// text: marked as HTML already; the compiler leaves `Escape` out
        Safe = "safe",
        /// text: HTML tags taken out
        StripHtml = "strip_html",
        /// text or number or JSON, decimals: a number with that many decimals and thousands set apart
        Number = "number",
        /// number, decimals: rounded, half away from zero
        Round = "round",
        /// number: rounded down
        Floor = "floor",
        /// number: rounded up
        Ceil = "ceil",
        /// date or moment, strftime format: in the subject's zone
        Date = "date",
        /// moment or time of day, strftime format: the time of day in the subject's zone
        Time = "time",
        /// list, separator (", "): texts joined
        Join = "join",
        /// list or text: how many
        Size = "size",
        /// list: first item as text
        First = "first",
        /// list: last item as text
        Last = "last",
        /// text, separator: a list
        Split = "split",
        /// text of `name=value` pairs between commas, name: the first such value
        Item = "item",
        /// text of `name=value` pairs between commas, name: a list of all such values
        Items = "items",
        /// JSON object: names and values one after another, by name
        Pairs = "pairs",
        /// number or text of a number, seconds since 1970: a moment
        Unix = "unix",
        /// text: its bytes in Base64 (RFC 4648, section 4)
        Base64 = "base64",
        /// JSON or any: as JSON text
        Json = "json",
        /// number, singular, plural (else the singular and `s`): "1 day", "2 days"
        Pluralize = "pluralize",
    }
}
