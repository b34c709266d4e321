//! The codes of mistakes in the meaning of a rule file: E01xx names and
//! declarations, E02xx types and values, E03xx workflows and time, E05xx what is found by
//! thinking a program through, E06xx sources, E07xx tests; warnings (W) by the same numbers.
//!
//! Mistakes in words and signs (E00xx) are in [`crate::syntax::codes`]. Each code
//! has a page in `docs/errors/`. It must not know how a mistake is found.

use crate::diagnostic::Code;

/// Declares a constant for each code, and a list of all.
macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $code:literal;)*) => {
        $($(#[$doc])+ pub const $name: Code = Code($code);)*

        /// Every code of this module, in order.
        pub const ALL: &[Code] = &[$($name,)*];
    };
}

codes! {
    /// No event has this name.
    UNKNOWN_EVENT = "E0101";
    /// Nothing that has a value has this name.
    UNKNOWN_NAME = "E0102";
    /// The event or entity has no such field.
    UNKNOWN_FIELD = "E0103";
    /// No action has this name.
    UNKNOWN_ACTION = "E0104";
    /// The action has no such label.
    UNKNOWN_LABEL = "E0105";
    /// No template has this name.
    UNKNOWN_TEMPLATE = "E0106";
    /// No sender has this name.
    UNKNOWN_SENDER = "E0107";
    /// No team has this name.
    UNKNOWN_TEAM = "E0108";
    /// No entity has this name.
    UNKNOWN_ENTITY = "E0109";
    /// No type has this name.
    UNKNOWN_TYPE = "E0110";
    /// No pipe has this name.
    UNKNOWN_PIPE = "E0111";
    /// Two things of a sort have one name.
    DECLARED_TWICE = "E0112";
    /// Two fields, parts or keys of one thing have one name.
    FIELD_TWICE = "E0113";
    /// Both the event and the subject have the name.
    AMBIGUOUS_NAME = "E0114";
    /// A secret is read outside an action.
    SECRET_OUTSIDE_ACTION = "E0115";
    /// `onward.toml` has no such setting.
    UNKNOWN_SETTING = "E0116";
    /// A name that stands for no value is used as one.
    NOT_A_VALUE = "E0117";
    /// The name already means something here.
    NAME_TAKEN = "E0118";
    /// There is no event at hand.
    NO_EVENT_HERE = "E0119";
    /// A template has no such part, or the wrong parts.
    TEMPLATE_PART = "E0120";
    /// `onward.toml` or front matter cannot be read.
    BROKEN_SETTINGS = "E0121";
    /// A key that `onward.toml` or front matter does not have.
    UNKNOWN_KEY = "E0122";
    /// A setting has a wrong value.
    WRONG_SETTING = "E0123";
    /// Two steps of a workflow have one label.
    LABEL_TWICE = "E0124";
    /// No segment has this name.
    UNKNOWN_SEGMENT = "E0125";
    /// No workflow has this name.
    UNKNOWN_WORKFLOW = "E0126";
    /// No policy declares this topic.
    UNKNOWN_TOPIC = "E0127";
    /// No action has this channel.
    UNKNOWN_CHANNEL = "E0128";
    /// No function has this name.
    UNKNOWN_FUNCTION = "E0129";
    /// A name that was meant stands in quotes.
    QUOTED_NAME = "E0130";

    /// A value is not of the type that is wanted.
    WRONG_TYPE = "E0201";
    /// Two values that cannot be compared.
    NOT_COMPARABLE = "E0202";
    /// A text that the set does not hold.
    NOT_IN_SET = "E0203";
    /// A text that is no email address, phone number, URL or time zone.
    BAD_TEXT = "E0204";
    /// A day or a time of day that does not exist.
    NO_SUCH_TIME = "E0205";
    /// An operator that does not work on these values.
    WRONG_OPERAND = "E0206";
    /// A condition that is neither true nor false.
    NOT_A_CONDITION = "E0207";
    /// A pipe that does not take this value.
    WRONG_PIPE_INPUT = "E0208";
    /// A pipe with wrong, missing or too many values after it.
    WRONG_PIPE_ARGUMENT = "E0209";
    /// An action, event or pipe is not given what it needs.
    MISSING_ARGUMENT = "E0210";
    /// An action is given one thing twice.
    ARGUMENT_TWICE = "E0211";
    /// Values that have no order are compared by order.
    NO_ORDER = "E0212";
    /// An attribute is declared again with a type that does not fit.
    ATTRIBUTE_CONFLICT = "E0213";
    /// A list holds values of different types.
    MIXED_LIST = "E0214";
    /// A `for` goes through something that is no list.
    NOT_A_LIST = "E0215";
    /// A set of texts is malformed.
    BAD_SET = "E0216";
    /// A value that has no parts is asked for one.
    NO_PARTS = "E0217";
    /// A type that cannot stand where it does.
    BAD_TYPE = "E0218";
    /// Nobody to send to.
    NO_RECIPIENT = "E0219";
    /// A number or duration that is too large.
    TOO_LARGE = "E0220";
    /// The events that start a workflow disagree about a field.
    FIELD_DISAGREES = "E0221";
    /// A function that asks about the past is not given what it wants.
    WRONG_CALL = "E0222";
    /// A value that is not fixed where only a fixed one can stand.
    NOT_FIXED = "E0223";

    /// A workflow that nothing starts.
    NO_TRIGGER = "E0301";
    /// A workflow that does nothing.
    NO_STEPS = "E0302";
    /// A step that can never run.
    UNREACHABLE = "E0303";
    /// A condition that always or never holds.
    CONSTANT_CONDITION = "E0304";
    /// Two clauses that contradict each other, or one twice.
    CLAUSE_CONFLICT = "E0305";
    /// A wait or timeout that is not longer than nothing.
    NO_TIME = "E0306";
    /// An event or entity that this workflow is not about.
    WRONG_SUBJECT = "E0307";
    /// A part of a task that needs another, or stands twice.
    TASK_PART = "E0308";
    /// An action that does not say what it does, or says it twice.
    ACTION_REQUEST = "E0309";
    /// An attribute that only Onward itself writes, or a tag where there are none.
    NOT_SETTABLE = "E0310";

    /// The compiler made a program that is not safe to run.
    UNSOUND = "E0311";
    /// A trigger that does not go with the attribute, or can never fire.
    WRONG_TRIGGER = "E0312";
    /// Shares that are no part of a whole, or do not make one.
    BAD_SHARE = "E0313";
    /// A segment that asks whether somebody is in itself.
    SEGMENT_CYCLE = "E0314";
    /// A workflow that is started without the event that it reads.
    NEEDS_EVENT = "E0315";
    /// A number of times or messages that cannot be.
    BAD_COUNT = "E0316";
    /// Something that only a message has is said of another action.
    NO_MESSAGE = "E0317";

    /// Every run ends before its first step.
    ENDS_AT_ONCE = "E0501";
    /// A branch above takes everybody.
    SHADOWED = "E0502";

    /// The path of a source is missing, malformed, or another's too.
    SOURCE_PATH = "E0601";
    /// A source says twice, or for a part of the request only, what holds for all of it.
    SOURCE_CLAUSE = "E0602";
    /// An event of a source is about nobody.
    NOBODY = "E0603";
    /// A source names somebody by a key that there is not.
    BAD_KEY = "E0604";
    /// A `verify` that proves nothing.
    BAD_VERIFY = "E0605";
    /// There is no request at hand.
    NO_REQUEST_HERE = "E0606";
    /// No source has this name.
    UNKNOWN_SOURCE = "E0607";

    /// A test does not name anybody so.
    UNKNOWN_ACTOR = "E0701";
    /// A workflow has no step with this label.
    UNKNOWN_STEP = "E0702";
    /// An expectation that says nothing that could be.
    BAD_EXPECTATION = "E0703";

    /// A message has a value that may be missing.
    MAY_BE_MISSING = "W0101";
    /// A template that no workflow uses.
    UNUSED_TEMPLATE = "W0102";
    /// `is set` asked of something that always is.
    ALWAYS_SET = "W0103";
    /// The name of a template stands in quotes where a text is wanted.
    QUOTED_TEMPLATE = "W0104";
    /// A segment that nobody uses.
    UNUSED_SEGMENT = "W0105";
    /// Rules set each other off again and again.
    ENDLESS = "W0501";
    /// One person can get two messages within a day.
    TWO_SENDS = "W0502";
    /// A message goes out whenever a frequent event comes.
    OFTEN = "W0503";
    /// Anybody can send to a source.
    UNVERIFIED_SOURCE = "W0601";
    /// A text message goes out as several.
    LONG_SMS = "W0602";
    /// A mail with links has none to unsubscribe.
    NO_UNSUBSCRIBE = "W0603";
    /// A test that cannot fail.
    ASSERTS_NOTHING = "W0701";
}
