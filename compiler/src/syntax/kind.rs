//! The kinds of tokens and nodes of a rule file's tree.
//!
//! It must not know what any of them means: only that they exist.

/// Declares the enum together with the list of its members in order.
macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident,)*) => {
        /// One kind of token or node.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[expect(non_camel_case_types, reason = "kinds are written as in a grammar")]
        #[expect(missing_docs, reason = "a kind is named after its rule in grammar/onward.pest")]
        pub enum SyntaxKind {
            $($(#[$meta])* $kind,)*
        }

        /// Every kind, in the order of its number.
        const ALL: &[SyntaxKind] = &[$(SyntaxKind::$kind,)*];
    };
}

kinds! {
    // Trivia.
    WHITESPACE,
    COMMENT,
    /// `## …`, documentation of what follows.
    DOC,
    /// `;`, reported by the lexer and then passed over.
    SEMICOLON,

    // Words and literals.
    /// A word that is a name here.
    IDENT,
    /// A word that is a keyword here.
    WORD,
    /// `"…"`.
    STRING,
    /// `"""…"""`.
    BLOCK_STRING,
    NUMBER,
    /// `2d`, `5xx`: digits and letters without a space.
    NUMBER_UNIT,
    DATE,
    TIME,

    // Signs.
    L_BRACE,
    R_BRACE,
    L_PAREN,
    R_PAREN,
    L_BRACKET,
    R_BRACKET,
    COMMA,
    COLON,
    DOT,
    BAR,
    QUESTION,
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    PLUS,
    MINUS,
    STAR,
    SLASH,
    PERCENT,
    /// `&&`, reported by the lexer and read as `and`.
    AND_AND,
    /// `||`, reported by the lexer and read as `or`.
    OR_OR,
    /// `!`, reported by the lexer and read as `not`.
    BANG,
    /// Characters that begin nothing (token), or words that fit nowhere (node).
    ERROR,
    /// After the last token; never in a tree.
    END,

    // Nodes.
    FILE,
    /// The root of an expression that stands alone: in a message.
    HOLE,
    NAME,
    DOTTED,
    BLOCK,
    ELSE,
    ALIAS,
    WHERE,

    EVENT_DECL,
    ENTITY_DECL,
    TEMPLATE_DECL,
    SENDER_DECL,
    TEAM_DECL,
    WORKFLOW_DECL,
    ACTION_DECL,
    SEGMENT_DECL,
    POLICY_DECL,
    SOURCE_DECL,
    TEST_DECL,
    ABOUT,
    SUBJECT,
    FIELD,
    TEMPLATE_PART,
    PARAM,

    NAMED_TYPE,
    LIST_TYPE,
    TEXT_SET_TYPE,
    ORDERED_TYPE,
    OPTIONAL_TYPE,

    REQUEST_ITEM,
    BASIC_AUTH_ITEM,
    BEARER_AUTH_ITEM,
    HEADER_ITEM,
    FORM_ITEM,
    JSON_ITEM,
    BODY_ITEM,
    SMTP_ITEM,
    SIGN_ITEM,
    EXPECT_ITEM,
    RESULT_ITEM,
    RETRY_ITEM,
    UNSURE_ITEM,
    TIMEOUT_ITEM,
    CHANNEL_ITEM,
    MULTIPART_ITEM,
    OAUTH_CLIENT_ITEM,
    OAUTH_REFRESH_ITEM,
    STATUS,
    SCOPE,

    QUIET_RULE,
    CAP_RULE,
    TOPIC_RULE,
    CHANNELS,
    DAYS,
    ZONE,

    PATH_ITEM,
    HMAC_ITEM,
    SOURCE_BASIC_ITEM,
    SOURCE_BEARER_ITEM,
    TOKEN_ITEM,
    ID_ITEM,
    TIME_ITEM,
    ANSWER_ITEM,
    WHEN_ITEM,
    EACH_ITEM,
    IDENTIFY_ITEM,
    EVENT_ITEM,
    SOURCE_BLOCK,
    SOURCE_ELSE,
    HMAC_OF,
    ENCODING,
    FOUND_IN,
    PREFIX,
    KEY,
    TOLERANCE,
    IDENTITY,
    EVENT_ID,

    ON_CLAUSE,
    ONCE_CLAUSE,
    EVERY_TIME_CLAUSE,
    EXIT_WHEN_CLAUSE,
    EXIT_ON_CLAUSE,
    WHILE_RUNNING_CLAUSE,
    DRAFT_CLAUSE,
    SCHEDULE_CLAUSE,
    AT_MOST_ONCE_CLAUSE,
    GOAL_CLAUSE,
    HOLDOUT_CLAUSE,
    SEND_BETWEEN_CLAUSE,
    TOPIC_CLAUSE,
    MAX_AGE_CLAUSE,
    PER,
    WITHIN,
    RHYTHM,
    FOR_EACH,
    IN_SEGMENT,

    EVENT_TRIGGER,
    CREATED_TRIGGER,
    CHANGES_TRIGGER,
    ATTRIBUTE_TRIGGER,
    DELETED_TRIGGER,
    SEGMENT_TRIGGER,
    CROSSING_TRIGGER,
    LIST_TRIGGER,
    STALE_TRIGGER,
    YEARLY_TRIGGER,
    DATE_TRIGGER,
    OFFSET_TRIGGER,
    BOUND,
    FROM,
    TO,

    DO_STEP,
    WAIT_STEP,
    WAIT_UNTIL_STEP,
    WAIT_FOR_STEP,
    IF_STEP,
    STOP_STEP,
    LET_STEP,
    SPLIT_STEP,
    REPEAT_STEP,
    AS_DRAFT,
    ON_FAILURE,
    SPLIT_ARM,
    PACE,
    UNTIL,
    LABEL,
    MOMENT,
    WEEKDAY,
    AT,
    UP_TO,
    IF_ARM,

    SET_ACT,
    ADD_TAG_ACT,
    REMOVE_TAG_ACT,
    EMIT_ACT,
    TASK_ACT,
    NOTE_ACT,
    ASSIGN_ACT,
    CREATE_ACT,
    UPDATE_ACT,
    DELETE_ACT,
    START_ACT,
    STOP_ACT,
    ACCESS_ACT,
    UNSUBSCRIBE_ACT,
    EFFECT_ACT,
    IN_TURN,
    ARGUMENT,
    TASK_TYPE,
    TASK_DUE_IN,
    TASK_DUE,
    TASK_REMIND,
    TASK_GROUP,
    TASK_FOR,
    TASK_NOTES,

    BINARY_EXPR,
    BETWEEN_EXPR,
    IS_EXPR,
    PREFIX_EXPR,
    PIPE_EXPR,
    AGO_EXPR,
    FIELD_EXPR,
    PATH_EXPR,
    CALL_EXPR,
    LAST,
    REQUEST_EXPR,
    PAREN_EXPR,
    LIST_EXPR,
    OBJECT_EXPR,
    ENTRY,
    STRING_EXPR,
    NUMBER_EXPR,
    DURATION_EXPR,
    DURATION_PART,
    DATE_EXPR,
    DATE_TIME_EXPR,
    TIME_EXPR,
    BOOL_EXPR,
    NOW_EXPR,
    TODAY_EXPR,

    AT_STMT,
    AFTER_STMT,
    EVENTS_STMT,
    ANSWER_STMT,
    REFUSE_STMT,
    ACCEPT_STMT,
    DECIDE_STMT,
    DELETE_STMT,
    EXPECT_STMT,
    SET_STMT,
    FACT_STMT,
    RUN_EXPECTATION,
    TASK_EXPECTATION,
    EVENT_EXPECTATION,
    DRAFT_EXPECTATION,
    EFFECT_EXPECTATION,
    VALUE_EXPECTATION,
    RUN_SUBJECT,
    RUN_STATE,
    RUN_STEP,
    PART,
}

use SyntaxKind::*;

impl SyntaxKind {
    /// Whether it means nothing to the parser.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, WHITESPACE | COMMENT | DOC | SEMICOLON)
    }

    /// Whether it is `"…"` or `"""…"""`.
    #[must_use]
    pub fn is_string(self) -> bool {
        matches!(self, STRING | BLOCK_STRING)
    }
}

impl From<SyntaxKind> for rowan::SyntaxKind {
    fn from(kind: SyntaxKind) -> Self {
        Self(kind as u16)
    }
}

/// Onward, as the tree library sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Onward {}

impl rowan::Language for Onward {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        ALL.get(usize::from(raw.0)).copied().unwrap_or(ERROR)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        kind.into()
    }
}

/// A node of the tree.
pub type SyntaxNode = rowan::SyntaxNode<Onward>;
/// A token of the tree.
pub type SyntaxToken = rowan::SyntaxToken<Onward>;
/// A node or a token.
pub type SyntaxElement = rowan::SyntaxElement<Onward>;

#[cfg(test)]
mod tests {
    use rowan::Language as _;

    use super::*;

    #[test]
    fn numbers_and_kinds_agree() {
        for kind in ALL {
            assert_eq!(Onward::kind_from_raw((*kind).into()), *kind);
        }
    }
}
