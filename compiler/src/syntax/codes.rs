//! The codes of mistakes in the words and signs of a rule file or a message.
//!
//! Each is the key of a page in `docs/errors/`. It must not know any wording: that is
//! where the mistake is found.

use crate::diagnostic::Code;

/// A character that begins nothing in the language.
pub const CHARACTER: Code = Code("E0001");
/// A text without its closing quotes.
pub const UNCLOSED_STRING: Code = Code("E0002");
/// A text in quotes other than `"`.
pub const QUOTES: Code = Code("E0003");
/// A sign of another language: `==`, `&&`, `//`, `≠`, …
pub const FOREIGN_SIGN: Code = Code("E0004");
/// A `;` or `,` where nothing needs to be separated.
pub const NEEDLESS_SIGN: Code = Code("E0005");
/// A full-width character in place of a plain one.
pub const FULL_WIDTH: Code = Code("E0006");
/// Brackets, blocks or operators within each other beyond the limit.
pub const TOO_DEEP: Code = Code("E0007");
/// A `{`, `(` or `[` that is never closed.
pub const UNCLOSED: Code = Code("E0008");
/// A `}`, `)` or `]` that closes nothing.
pub const UNOPENED: Code = Code("E0009");
/// Something that is no declaration where one is expected.
pub const NO_DECLARATION: Code = Code("E0010");
/// Something that is no step where one is expected.
pub const NO_STEP: Code = Code("E0011");
/// A name is missing.
pub const NO_NAME: Code = Code("E0012");
/// A value or a condition is missing.
pub const NO_VALUE: Code = Code("E0013");
/// A word or a sign is missing.
pub const NO_WORD: Code = Code("E0014");
/// A type is missing.
pub const NO_TYPE: Code = Code("E0015");
/// Something that is no field, entry or parameter where one is expected.
pub const NO_FIELD: Code = Code("E0016");
/// Something that is no part of an action's request where one is expected.
pub const NO_ITEM: Code = Code("E0017");
/// An action without `do`.
pub const NO_DO: Code = Code("E0018");
/// A unit of time that does not exist.
pub const UNKNOWN_UNIT: Code = Code("E0020");
/// A duration without a unit.
pub const NO_UNIT: Code = Code("E0021");
/// Two comparisons in a row: `1 < x < 5`.
pub const CHAINED: Code = Code("E0022");
/// A clause after the first step.
pub const LATE_CLAUSE: Code = Code("E0023");
/// A declaration in a file that is one workflow.
pub const DECLARATION_IN_BARE_FILE: Code = Code("E0024");
/// A second value without a label in a `do`.
pub const NO_LABEL: Code = Code("E0025");
/// A trigger is missing.
pub const NO_TRIGGER: Code = Code("E0026");
/// Something that is no status of HTTP.
pub const NO_STATUS: Code = Code("E0027");
/// A text in quotes is missing.
pub const NO_STRING: Code = Code("E0028");
/// `is` with something other than `set`, `not set`, `missing`.
pub const NO_PRESENCE: Code = Code("E0029");
/// Something that is no clause where one is expected.
pub const NO_CLAUSE: Code = Code("E0030");
/// A time of day with one digit for the hour.
pub const SHORT_HOUR: Code = Code("E0031");
/// Something after the end of an expression that stands alone.
pub const AFTER_EXPRESSION: Code = Code("E0032");
/// Something that is no part of a source, policy or test where one is expected.
pub const NO_PART: Code = Code("E0033");
/// The same said twice in one step.
pub const SAID_TWICE: Code = Code("E0034");

/// A `{{` without its `}}`.
pub const UNCLOSED_HOLE: Code = Code("E0040");
/// A `{%` without its `%}`.
pub const UNCLOSED_TAG: Code = Code("E0041");
/// A tag that does not exist.
pub const UNKNOWN_TAG: Code = Code("E0042");
/// An `if` or `for` without its `end`.
pub const NO_END: Code = Code("E0043");
/// An `else` or `end` that belongs to nothing.
pub const STRAY_TAG: Code = Code("E0044");
/// A `{{ }}` with nothing in it.
pub const EMPTY_HOLE: Code = Code("E0045");
/// An escape that does not exist.
pub const UNKNOWN_ESCAPE: Code = Code("E0046");
/// A tag whose words are not as they should be.
pub const BROKEN_TAG: Code = Code("E0047");
