//! The words that mean something, by the place where they do.
//!
//! It must not know how they are parsed.

/// Words that begin a declaration.
pub(crate) const DECLARATIONS: &[&str] = &[
    "event", "entity", "template", "sender", "team", "workflow", "action", "segment", "policy", "source",
    "test",
];

/// Words that begin a clause, and neither name what starts a workflow nor begin a first value.
pub(crate) const CLAUSES: &[&str] = &["on", "once", "every", "exit", "while"];

/// Words that begin a clause, but may also be names; most of them with the word after them.
pub(crate) const SOFT_CLAUSES: &[&str] = &["draft", "goal", "holdout", "send", "topic", "max", "at"];

/// Words that begin a step.
pub(crate) const STEPS: &[&str] = &["do", "wait", "if", "stop", "let", "split", "repeat"];

/// Words that begin a built-in act.
pub(crate) const ACTS: &[&str] = &[
    "set",
    "add",
    "remove",
    "emit",
    "task",
    "note",
    "assign",
    "create",
    "update",
    "delete",
    "start",
    "stop",
    "grant",
    "revoke",
    "unsubscribe",
];

/// Words that say what happened to an attribute.
pub(crate) const ATTRIBUTE_TRIGGERS: &[&str] =
    &["changes", "drops", "rises", "gains", "loses", "unchanged", "every"];

/// Words that begin an item of a source.
pub(crate) const SOURCE_ITEMS: &[&str] = &["path", "verify", "id", "time", "answer", "when", "for", "event"];

/// Words that begin a rule of a policy.
pub(crate) const POLICY_RULES: &[&str] = &["quiet", "at", "topic"];

/// Words that begin a line of a test.
pub(crate) const TEST_LINES: &[&str] = &[
    "at", "after", "events", "answer", "refuse", "fail", "lose", "accept", "approve", "discard", "delete",
    "expect",
];

/// Labels of what a test expects, behind which any value may stand.
pub(crate) const PARTS: &[&str] =
    &["to", "from", "for", "subject", "body", "text", "title", "due", "type", "group", "notes"];

/// Where a run may be, in a test.
pub(crate) const RUN_STATES: &[&str] =
    &["running", "waiting", "held", "parked", "queued", "finished", "exited", "stopped", "failed"];

/// Words that begin an item of an action.
pub(crate) const ITEMS: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "basic",
    "bearer",
    "header",
    "form",
    "json",
    "body",
    "smtp",
    "sign",
    "expect",
    "result",
    "retry",
    "when",
    "timeout",
    "channel",
    "multipart",
    "oauth",
];

/// Words that are never a name where a name stands alone: without this, a step whose last
/// value is missing would take the next step's first word for it.
pub(crate) const RESERVED: &[&str] = &[
    "do", "wait", "if", "else", "stop", "let", "split", "repeat", "where", "and", "or", "not", "in", "is",
    "contains", "matches", "between", "ago",
];

/// The word of `known` that was most likely meant by `word`.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let far = |known: &str| strsim::damerau_levenshtein(&lower, known);
    let best = known.into_iter().map(|known| (far(known), known)).min_by_key(|(distance, _)| *distance)?;
    let allowed = if best.1.len() <= 5 { 1 } else { 2 };
    // Of a word of one letter, any other letter is one letter away.
    (best.0 <= allowed && lower.len() > 1).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word() {
        assert_eq!(nearest("wiat", STEPS.iter().copied()), Some("wait"));
        assert_eq!(nearest("DO", STEPS.iter().copied()), Some("do"));
        assert_eq!(nearest("worfklow", DECLARATIONS.iter().copied()), Some("workflow"));
        assert_eq!(nearest("email", STEPS.iter().copied()), None);
        assert_eq!(nearest("x", STEPS.iter().copied()), None);
    }
}
