//! Literals, above all durations and their units.

use super::*;
use crate::syntax::ast::{Unit, split_unit};

/// How sure it is that a number here begins a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In any expression: a word after the number must be a unit to count.
    Anywhere,
    /// Nothing else is possible: any word after the number is meant as a unit.
    Duration,
}

impl Parser<'_> {
    /// A literal; the next token begins one.
    pub(super) fn literal(&mut self) {
        self.decimal_comma();
        match self.kind() {
            STRING | BLOCK_STRING => self.node(STRING_EXPR, Self::take),
            DATE if self.kind_of(Ahead::Next) == TIME => self.node(DATE_TIME_EXPR, |p| {
                p.take();
                p.take();
            }),
            DATE => self.node(DATE_EXPR, Self::take),
            TIME => self.node(TIME_EXPR, Self::take),
            _ if self.at_part(Place::Anywhere) => self.parts(Place::Anywhere),
            _ => self.node(NUMBER_EXPR, Self::take),
        }
    }

    /// A value that is a duration: after `wait`, where a word that is no unit is meant as one.
    pub(super) fn duration_value(&mut self, what: &str) {
        if self.is(NUMBER) && self.at_part(Place::Duration) && !self.at_part(Place::Anywhere) {
            self.parts(Place::Duration);
            return;
        }
        self.expression(what);
    }

    /// A duration that must be written out: after `up to`, `due in`, `remind`.
    pub(super) fn duration(&mut self, what: &str) -> bool {
        self.decimal_comma();
        match self.kind() {
            NUMBER_UNIT => {}
            NUMBER if self.at_part(Place::Duration) => {}
            NUMBER => {
                let number = self.text_of(Ahead::Here);
                let diagnostic =
                    Diagnostic::error(codes::NO_UNIT, self.span(), format!("`{number}` needs a unit"))
                        .help(format!("as `{number} days`, `{number}h` or `{number}m`"));
                self.report(diagnostic);
                self.node(DURATION_EXPR, |p| p.node(DURATION_PART, Self::take));
                let more = matches!(self.kind(), NUMBER | NUMBER_UNIT);
                if !more {
                    self.reported = None;
                }
                return !more;
            }
            _ => {
                self.missing(codes::NO_VALUE, what);
                return false;
            }
        }
        self.parts(Place::Duration);
        true
    }

    /// `1,5` for `1.5`: reports it and passes over what stands before the comma.
    pub(super) fn decimal_comma(&mut self) {
        let (Some(first), Some(comma), Some(last)) =
            (self.seen(Ahead::Here), self.seen(Ahead::Next), self.seen(Ahead::Third))
        else {
            return;
        };
        let (first, comma, last) = (first.token, comma.token, last.token);
        let decimal = first.kind == NUMBER
            && comma.kind == COMMA
            && matches!(last.kind, NUMBER | NUMBER_UNIT)
            && (first.end, comma.end) == (comma.start, last.start);
        if self.comma == Comma::Separates || !decimal {
            return;
        }
        let written = self.text.get(first.start..last.end).unwrap_or_default();
        let sign = self.span_at(comma.start, comma.end);
        let span = self.span_at(first.start, last.end);
        let message = format!("`{written}` has a comma for a decimal point");
        let diagnostic = Diagnostic::error(codes::FOREIGN_SIGN, span, message)
            .help(format!("write `{}`", written.replace(',', ".")))
            .replace(sign, ".", Applicability::Safe);
        self.report(diagnostic);
        self.node(ERROR, |p| {
            p.take();
            p.take();
        });
        self.reported = None;
    }

    /// Whether a number and its unit are next.
    fn at_part(&self, place: Place) -> bool {
        match self.kind() {
            NUMBER_UNIT => true,
            NUMBER => self
                .word_of(Ahead::Next)
                .is_some_and(|word| Unit::read(word).is_some() || self.meant_as_unit(word, place)),
            _ => false,
        }
    }

    /// Whether `word`, which is no unit, can only be a misspelt one.
    fn meant_as_unit(&self, word: &str, place: Place) -> bool {
        if words::RESERVED.contains(&word) || FOLLOWERS.contains(&word) || words::ITEMS.contains(&word) {
            return false;
        }
        match place {
            Place::Anywhere => self.word_of(Ahead::Third) == Some("ago"),
            Place::Duration => !self.seen(Ahead::Next).is_some_and(|it| it.leads),
        }
    }

    fn parts(&mut self, place: Place) {
        self.node(DURATION_EXPR, |p| {
            while p.at_part(place) {
                p.node(DURATION_PART, Self::part);
            }
        });
    }

    fn part(&mut self) {
        let joined = self.is(NUMBER_UNIT);
        if joined {
            let text = self.text_of(Ahead::Here);
            let (number, unit) = split_unit(text);
            let whole = self.span();
            let skipped = u32::try_from(number.len()).unwrap_or_default();
            self.check_unit(number, unit, Span { start: whole.start + skipped, ..whole });
            self.take();
        } else {
            let number = self.text_of(Ahead::Here);
            self.take();
            self.check_unit(number, self.text_of(Ahead::Here), self.span());
            self.take_word();
        }
        self.reported = None;
    }

    fn check_unit(&mut self, number: &str, unit: &str, span: Span) {
        if Unit::read(unit).is_some() {
            return;
        }
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_UNIT, span, format!("`{unit}` is not a unit of time"));
        let known = Unit::WORDS.iter().map(|(word, _)| *word).filter(|word| word.len() > 1);
        diagnostic = match words::nearest(unit, known) {
            _ if ["am", "pm", "AM", "PM"].contains(&unit) => {
                diagnostic.help("write times of day as `09:00` or `17:30`")
            }
            Some(meant) => diagnostic.help(format!("did you mean `{number} {meant}`?")).replace(
                span,
                meant,
                Applicability::Unsure,
            ),
            None => diagnostic
                .help("units are `seconds`, `minutes`, `hours`, `days`, `weeks`, `months` and `years`"),
        };
        self.report(diagnostic);
    }
}

/// Words that follow a duration, and are no unit even if one is missing.
const FOLLOWERS: &[&str] = &[
    "before", "after", "type", "due", "remind", "for", "notes", "once", "exit", "every", "until", "per",
    "of", "within", "draft", "goal", "expect", "while", "on", "at", "starts", "ends",
];
