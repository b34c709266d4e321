//! What each pipe takes and gives: one table for the compiler, the verifier and
//! the machine. It must not know how a pipe works.

use crate::{Kind, Pipe};

/// What a pipe takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Kinds that the piped value may have.
    pub input: &'static [Kind],
    /// Arguments, in order. In bytecode all of them stand in registers after the
    /// value; one that is left out is `Missing` or its default, which is the same.
    pub args: &'static [PipeArg],
    /// Kind of what it gives.
    pub result: Kind,
}

/// An argument of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipeArg {
    /// Its name, for messages.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether it may be left out.
    pub given: Given,
}

/// Whether an argument of a pipe may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// It may not.
    Must,
    /// It may; the pipe does without.
    May,
    /// It may; it is this text then.
    ElseText(&'static str),
    /// It may; it is this number then.
    ElseNumber(i64),
}

const ANY: &[Kind] = &Kind::ALL;
const TEXT: &[Kind] = &[Kind::Text];
const NUMBER: &[Kind] = &[Kind::Number];
const LIST: &[Kind] = &[Kind::List];

const fn arg(name: &'static str, kind: Kind, given: Given) -> PipeArg {
    PipeArg { name, kind, given }
}

const fn signature(input: &'static [Kind], args: &'static [PipeArg], result: Kind) -> Signature {
    Signature { input, args, result }
}

impl Pipe {
    /// What it takes and gives.
    #[must_use]
    pub const fn signature(self) -> Signature {
        use Given::{ElseNumber, ElseText, May, Must};
        match self {
            Self::Upper
            | Self::Lower
            | Self::Capitalize
            | Self::Title
            | Self::Trim
            | Self::UrlEncode
            | Self::Escape
            | Self::Safe
            | Self::StripHtml => signature(TEXT, &[], Kind::Text),
            Self::Truncate => signature(
                TEXT,
                const { &[arg("length", Kind::Number, Must), arg("ending", Kind::Text, ElseText("…"))] },
                Kind::Text,
            ),
            Self::Replace => signature(
                TEXT,
                const { &[arg("from", Kind::Text, Must), arg("to", Kind::Text, Must)] },
                Kind::Text,
            ),
            Self::Prepend | Self::Append => {
                signature(TEXT, const { &[arg("part", Kind::Text, Must)] }, Kind::Text)
            }
            Self::Number => signature(
                &[Kind::Number, Kind::Text, Kind::Json],
                const { &[arg("decimals", Kind::Number, May)] },
                Kind::Text,
            ),
            Self::Round => {
                signature(NUMBER, const { &[arg("decimals", Kind::Number, ElseNumber(0))] }, Kind::Number)
            }
            Self::Floor | Self::Ceil => signature(NUMBER, &[], Kind::Number),
            Self::Date => signature(
                &[Kind::Date, Kind::Time],
                const { &[arg("format", Kind::Text, ElseText("%-d %B %Y"))] },
                Kind::Text,
            ),
            Self::Time => signature(
                &[Kind::Time, Kind::Clock],
                const { &[arg("format", Kind::Text, ElseText("%H:%M"))] },
                Kind::Text,
            ),
            Self::Join => {
                signature(LIST, const { &[arg("separator", Kind::Text, ElseText(", "))] }, Kind::Text)
            }
            Self::Size => signature(&[Kind::List, Kind::Text], &[], Kind::Number),
            Self::First | Self::Last => signature(LIST, &[], Kind::Text),
            Self::Split => signature(TEXT, const { &[arg("separator", Kind::Text, Must)] }, Kind::List),
            Self::Item => signature(TEXT, const { &[arg("name", Kind::Text, Must)] }, Kind::Text),
            Self::Items => signature(TEXT, const { &[arg("name", Kind::Text, Must)] }, Kind::List),
            Self::Pairs => signature(&[Kind::Json], &[], Kind::List),
            Self::Unix => signature(&[Kind::Number, Kind::Text], &[], Kind::Time),
            Self::Base64 => signature(TEXT, &[], Kind::Text),
            Self::Json => signature(ANY, &[], Kind::Text),
            Self::Pluralize => signature(
                NUMBER,
                const { &[arg("singular", Kind::Text, Must), arg("plural", Kind::Text, May)] },
                Kind::Text,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_may_be_left_out_come_last() {
        for pipe in Pipe::ALL {
            let args = pipe.signature().args;
            let first = args.iter().position(|a| a.given != Given::Must).unwrap_or(args.len());
            assert!(args[first..].iter().all(|a| a.given != Given::Must), "{}", pipe.name());
        }
    }

    #[test]
    fn defaults_are_of_their_kind() {
        for arg in Pipe::ALL.iter().flat_map(|pipe| pipe.signature().args) {
            match arg.given {
                Given::ElseText(_) => assert_eq!(arg.kind, Kind::Text),
                Given::ElseNumber(_) => assert_eq!(arg.kind, Kind::Number),
                Given::Must | Given::May => {}
            }
        }
    }
}
