//! Messages as they go out: how many text messages one becomes, and whether a mail that
//! somebody can refuse says how.
//!
//! It looks at checked workflows only. It must not know how messages are written.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Constant, Scalar, Type};

use super::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hir::{Act, Action, Expr, ExprKind, Part, StepKind, Workflow};

/// The basic alphabet of text messages (3GPP TS 23.038, section 6.2.1), without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension table, of which each character takes two places (section 6.2.1.1).
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// What people write, in more than one language, where they let somebody unsubscribe.
const REFUSING: [&str; 12] = [
    "unsubscribe",
    "opt out",
    "opt-out",
    "preferences",
    "abmelden",
    "abbestellen",
    "désabonner",
    "desabonner",
    "desuscribir",
    "darse de baja",
    "descadastr",
    "disiscri",
];

impl Checker<'_> {
    /// Looks at every message that a workflow sends.
    pub(super) fn messages(
        &mut self,
        workflows: &IndexMap<Arc<str>, Workflow>,
        actions: &IndexMap<Arc<str>, Action>,
    ) {
        for workflow in workflows.values() {
            let mut effects = Vec::new();
            for step in &workflow.steps {
                step.walk(&mut |step| {
                    if let StepKind::Do { act: Act::Effect { action, arguments }, .. } = &step.kind {
                        effects.push((action, arguments));
                    }
                });
            }
            for (action, arguments) in effects {
                let Some(action) = actions.get(action) else { continue };
                match action.channel.as_deref() {
                    Some("sms") => self.sms(action, arguments),
                    Some("email") => self.refusable(workflow, arguments),
                    _ => {}
                }
            }
        }
    }

    /// Warns of a text that goes out as several messages.
    fn sms(&mut self, action: &Action, arguments: &[Expr]) {
        let is_text = |name: &str| matches!(name, "text" | "body" | "message");
        let text = action
            .params
            .iter()
            .zip(arguments)
            .find(|(param, argument)| is_text(&param.name) && argument.ty.ty == Type::One(Scalar::Text));
        let Some((_, text)) = text else { return };
        let known = Known::of(text);
        let length = Length::of(&known.text);
        if length.messages < 2 {
            return;
        }
        let mut message = format!(
            "this goes out as {} text messages: {} characters, and one holds {}",
            length.messages,
            length.units,
            length.alphabet.alone()
        );
        if known.values > 0 {
            message.push_str(", not counting what its values add");
        }
        let diagnostic = Diagnostic::warning(codes::LONG_SMS, text.span, message);
        self.report.push(diagnostic.help(length.remedy(&known.text)));
    }

    /// Warns of a mail with links of which none lets somebody refuse more.
    fn refusable(&mut self, workflow: &Workflow, arguments: &[Expr]) {
        let Some(topic) = workflow.topic.as_deref().filter(|it| *it != "transactional") else { return };
        for argument in arguments {
            let ExprKind::Object(members) = &argument.kind else { continue };
            let bodies = members.iter().filter(|(name, _)| matches!(&**name, "text" | "html"));
            let bodies: Vec<String> = bodies.map(|(_, it)| words_of(it).to_lowercase()).collect();
            let has = |wanted: &[&str]| bodies.iter().any(|it| wanted.iter().any(|word| it.contains(word)));
            if !has(&["https://", "http://"]) || has(&REFUSING) {
                continue;
            }
            let message = "this mail has links, and none to unsubscribe";
            self.report.push(
                Diagnostic::warning(codes::NO_UNSUBSCRIBE, argument.span, message).help(format!(
                    "people can refuse `{topic}`: add a link, `[Unsubscribe](https://…)`, or say `topic transactional` if somebody waits for this mail"
                )),
            );
        }
    }
}

/// What is sure to stand in a message.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    text: String,
    /// How many values it has whose length nobody knows.
    values: usize,
}

impl Known {
    fn of(expr: &Expr) -> Self {
        let mut known = Self::default();
        known.expr(expr);
        known
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Constant(Constant::Text(text)) => self.text.push_str(text),
            ExprKind::Message(parts) => self.parts(parts),
            _ => self.values += 1,
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(text) => self.text.push_str(text),
                Part::Value(value) | Part::Escaped(value) => self.expr(value),
                Part::If(branches, otherwise) => self.longest(branches, otherwise),
                Part::For(..) => self.values += 1,
            }
        }
    }

    /// The longest of several branches.
    fn longest(&mut self, branches: &[(Expr, Vec<Part>)], otherwise: &[Part]) {
        let ways = branches.iter().map(|(_, parts)| parts.as_slice()).chain([otherwise]);
        let ways = ways.map(|parts| {
            let mut known = Self::default();
            known.parts(parts);
            known
        });
        if let Some(longest) = ways.max_by_key(|it| Length::of(&it.text).units) {
            self.text.push_str(&longest.text);
            self.values += longest.values;
        }
    }
}

/// All text in an expression, and the names of what is read.
fn words_of(expr: &Expr) -> String {
    let mut words = String::new();
    expr.walk(&mut |expr| match &expr.kind {
        ExprKind::Constant(Constant::Text(text)) => words.push_str(text),
        ExprKind::Attribute(_, name) | ExprKind::Member(_, name) => words.push_str(name),
        ExprKind::Message(parts) => texts_of(parts, &mut words),
        _ => {}
    });
    words
}

fn texts_of(parts: &[Part], words: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => words.push_str(text),
            Part::Value(_) | Part::Escaped(_) => {}
            Part::If(branches, otherwise) => {
                branches.iter().for_each(|(_, parts)| texts_of(parts, words));
                texts_of(otherwise, words);
            }
            Part::For(_, _, parts) => texts_of(parts, words),
        }
    }
}

/// As how many text messages a text goes out.
#[must_use]
pub fn text_messages(text: &str) -> usize {
    Length::of(text).messages
}

/// How a text message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// Seven bits a character.
    Gsm,
    /// Sixteen bits a character.
    Ucs2,
}

impl Alphabet {
    /// How much one message holds that stands alone.
    const fn alone(self) -> usize {
        match self {
            Self::Gsm => 160,
            Self::Ucs2 => 70,
        }
    }

    /// How much each of several holds: six bytes say how they belong together
    /// (3GPP TS 23.040, section 9.2.3.24.1).
    const fn joined(self) -> usize {
        match self {
            Self::Gsm => 153,
            Self::Ucs2 => 67,
        }
    }

    /// How much room a character takes.
    fn width(self, c: char) -> usize {
        match self {
            Self::Gsm if EXTENSION.contains(c) => 2,
            Self::Gsm => 1,
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

/// How long a text message is.
#[derive(Debug, PartialEq, Eq)]
struct Length {
    alphabet: Alphabet,
    units: usize,
    messages: usize,
}

impl Length {
    fn of(text: &str) -> Self {
        let gsm = text.chars().all(in_gsm);
        let alphabet = if gsm { Alphabet::Gsm } else { Alphabet::Ucs2 };
        let units = text.chars().map(|c| alphabet.width(c)).sum();
        if units <= alphabet.alone() {
            return Self { alphabet, units, messages: 1 };
        }
        // A character is never split between two messages.
        let (mut messages, mut room) = (1, alphabet.joined());
        for c in text.chars() {
            let width = alphabet.width(c);
            if width > room {
                messages += 1;
                room = alphabet.joined();
            }
            room = room.saturating_sub(width);
        }
        Self { alphabet, units, messages }
    }

    /// What to do about it.
    fn remedy(&self, text: &str) -> String {
        let costly: Vec<char> = text.chars().filter(|c| !in_gsm(*c)).collect();
        let plain: String = text.chars().map(|c| if in_gsm(c) { c } else { 'x' }).collect();
        let without = Self::of(&plain);
        if self.alphabet == Alphabet::Ucs2 && without.messages < self.messages {
            let mut shown = Vec::new();
            for c in costly {
                let quoted = format!("`{c}`");
                if !shown.contains(&quoted) && shown.len() < 4 {
                    shown.push(quoted);
                }
            }
            return format!(
                "{} leaves room for 70 characters instead of 160: without it there {}",
                shown.join(", "),
                if without.messages == 1 {
                    "would be one".to_owned()
                } else {
                    format!("would be {}", without.messages)
                }
            );
        }
        "each is paid for: make it shorter, or send a link".to_owned()
    }
}

fn in_gsm(c: char) -> bool {
    BASIC.contains(c) || EXTENSION.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> (usize, usize) {
        let length = Length::of(text);
        (length.units, length.messages)
    }

    #[test]
    fn seven_bits() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(length(""), (0, 1));
        assert_eq!(length(&"a".repeat(160)), (160, 1));
        assert_eq!(length(&"a".repeat(161)), (161, 2));
        assert_eq!(length(&"a".repeat(306)), (306, 2));
        assert_eq!(length(&"a".repeat(307)), (307, 3));
    }

    #[test]
    fn characters_of_two_places_are_not_split() {
        assert_eq!(length(&"€".repeat(80)), (160, 1));
        assert_eq!(length(&"€".repeat(81)), (162, 2));
        // 153 is odd: 76 of them fit into each.
        assert_eq!(length(&"€".repeat(152)), (304, 2));
        assert_eq!(length(&"€".repeat(153)), (306, 3));
    }

    #[test]
    fn sixteen_bits() {
        assert_eq!(length(&"я".repeat(70)), (70, 1));
        assert_eq!(length(&"я".repeat(71)), (71, 2));
        assert_eq!(length(&"я".repeat(135)), (135, 3));
        assert_eq!(length(&"😀".repeat(35)), (70, 1));
        // 67 is odd: 33 of them fit into each.
        assert_eq!(length(&"😀".repeat(67)), (134, 3));
        assert_eq!(length(&format!("{}’", "a".repeat(100))), (101, 2));
    }
}
