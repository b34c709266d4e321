//! Segments: who is in them, and the question whether somebody is.
//!
//! A question such as `contact in trials` becomes what the segment says, about that
//! contact. It must not know where the question stands.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::effect::one_name;
use super::expression::truth;
use super::scope::Scope;
use super::{Checker, Cx, words};
use crate::codes;
use crate::declare::{Author, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Expr, ExprKind, Segment};
use crate::nearest::nearest;
use crate::syntax::ast;
use crate::uses::Thing;

/// How many segments may ask for each other in a row.
const DEEPEST: usize = 32;

/// How many values a segment may be made of, those of other segments in it included.
const LARGEST: usize = 4_000;

impl Checker<'_> {
    /// All segments of the project.
    pub(super) fn segments(&mut self) -> IndexMap<Arc<str>, Segment> {
        let declared = self.declared;
        let mut checked = IndexMap::new();
        for (name, segment) in &declared.segments {
            let Some(predicate) = self.predicate(name) else { continue };
            let (name, kind, docs) = (name.clone(), segment.kind.clone(), segment.docs.clone());
            let predicate = Expr::clone(&predicate);
            checked.insert(name.clone(), Segment { name, kind, predicate, docs, span: segment.span });
        }
        checked.sort_keys();
        checked
    }

    /// Warns of segments that nobody asks for; after a mistake nobody knows.
    pub(super) fn unused_segments(&mut self) {
        let declared = self.declared;
        if self.report.has_errors() {
            return;
        }
        for (name, segment) in &declared.segments {
            if segment.author == Author::User && !self.used_segments.contains(name) {
                let message = format!("nobody uses the segment `{name}`");
                let help =
                    format!("ask for it, `{} in {name}`, start on its edge, or remove it", segment.kind);
                self.report
                    .push(Diagnostic::warning(codes::UNUSED_SEGMENT, segment.span, message).help(help));
            }
        }
    }

    /// What is true of the members of a segment that is declared.
    fn predicate(&mut self, name: &Arc<str>) -> Option<Rc<Expr>> {
        if let Some(known) = self.segments_checked.get(name) {
            return known.clone();
        }
        let declared = self.declared;
        let segment = declared.segments.get(name)?;
        let scope = Scope::of_subject(segment.kind.clone());
        let cx = Cx { scope: &scope, origin: segment.origin };
        let outer = std::mem::take(&mut self.numbers);
        self.segments_open.push(name.clone());
        let condition = segment.syntax.condition();
        let known_kind = declared.entities.contains_key(&segment.kind);
        let found = condition.filter(|_| known_kind).and_then(|it| self.condition(cx, &it));
        self.segments_open.pop();
        self.numbers = outer;
        let found = found.and_then(|it| self.small(name, it, segment.span));
        let found = found.filter(|_| segment.understood == Understood::Whole).map(Rc::new);
        self.segments_checked.insert(name.clone(), found.clone());
        found
    }

    /// Refuses a segment that has grown beyond measure by asking for others.
    fn small(&mut self, name: &str, predicate: Expr, span: Span) -> Option<Expr> {
        let mut size = 0_usize;
        predicate.walk(&mut |_| size += 1);
        if size <= LARGEST {
            return Some(predicate);
        }
        let message = format!("`{name}` and the segments in it say too much for one condition");
        self.error(codes::TOO_LARGE, span, message, "ask for fewer other segments in it")
    }

    /// The segment that `value in WORD` asks about, if the word is one.
    pub(super) fn asks_for_segment(&mut self, cx: Cx<'_>, left: &Expr, right: &ast::Expr) -> bool {
        let Some((name, _)) = one_name(cx, right) else { return false };
        let entity = matches!(left.ty.ty, Type::One(Scalar::Entity(_)));
        entity || (self.declared.segments.contains_key(&*name) && !self.is_known(cx, &name))
    }

    /// `value in segment`.
    pub(super) fn is_member(
        &mut self,
        cx: Cx<'_>,
        left: Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (name, at) = one_name(cx, right)?;
        let (name, kind) = self.segment_named(&name, at)?;
        // That there is no such entity was said where the segment is declared.
        self.declared.entities.get(&kind)?;
        match &left.ty.ty {
            Type::One(Scalar::Entity(it)) if *it == kind => {}
            _ => {
                let message = format!(
                    "`{name}` is a segment of {}, and `{}` is {}",
                    words::entities(&kind),
                    self.quote(left.span),
                    words::what(&left)
                );
                let help = format!("ask for {}, as in `{kind} in {name}`", words::entity(&kind));
                return self.error(codes::NOT_COMPARABLE, left.span, message, help);
            }
        }
        if let Some(place) = self.segments_open.iter().position(|it| *it == name) {
            return self.cycle(place, at);
        }
        if self.segments_open.len() >= DEEPEST {
            let message = format!("more than {DEEPEST} segments ask for each other in a row");
            return self.error(codes::TOO_LARGE, at, message, "let each ask for what it needs itself");
        }
        let predicate = self.predicate(&name)?;
        let mut predicate = Expr::clone(&predicate);
        if !matches!(left.kind, ExprKind::Subject) {
            predicate.change(&mut |it| {
                if matches!(it.kind, ExprKind::Subject) {
                    it.kind = left.kind.clone();
                    it.ty = left.ty.clone();
                }
            });
        }
        predicate.span = span;
        if left.ty.presence == Presence::Required {
            return Some(predicate);
        }
        // Nobody is in no segment.
        let there = truth(ExprKind::IsSet(Box::new(left)), span);
        Some(truth(ExprKind::And(Box::new(there), Box::new(predicate)), span))
    }

    fn cycle(&mut self, place: usize, span: Span) -> Option<Expr> {
        let round = self.segments_open.get(place..).unwrap_or_default();
        let message = match round {
            [one] => format!("`{one}` asks who is in `{one}`"),
            _ => {
                let names: Vec<String> =
                    round.iter().chain(round.first()).map(|it| format!("`{it}`")).collect();
                format!("these segments ask for each other: {}", names.join(" → "))
            }
        };
        self.error(
            codes::SEGMENT_CYCLE,
            span,
            message,
            "say what is true of its members by their attributes and events",
        )
    }

    /// The segment of this name and the kind of its members.
    pub(super) fn segment_named(&mut self, name: &str, span: Span) -> Option<(Arc<str>, Arc<str>)> {
        let declared = self.declared;
        if let Some((name, segment)) = declared.segments.get_key_value(name) {
            self.report.used(span, Thing::Segment(name.clone()));
            self.used_segments.insert(name.clone());
            return Some((name.clone(), segment.kind.clone()));
        }
        if declared.stray.contains(name) {
            return None;
        }
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_SEGMENT, span, format!("there is no segment `{name}`"));
        self.report.push(match nearest(name, declared.segments.keys().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("declare it: `segment {name} of contact where …`")),
        });
        None
    }

    /// Says that a segment's name stands in quotes, if `right` is one.
    pub(super) fn quoted_segment(&mut self, left: &Expr, right: &Expr) -> bool {
        let (Type::One(Scalar::Entity(_)), ExprKind::Constant(Constant::Text(text))) =
            (&left.ty.ty, &right.kind)
        else {
            return false;
        };
        if !self.declared.segments.contains_key(text) {
            return false;
        }
        self.report.push(
            Diagnostic::error(
                codes::QUOTED_NAME,
                right.span,
                format!("`{text}` is a segment, and its name stands without quotes"),
            )
            .help("leave out the quotes")
            .replace(right.span, &**text, Applicability::Safe),
        );
        true
    }
}
