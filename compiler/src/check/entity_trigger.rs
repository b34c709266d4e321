//! Triggers without an event: an entity's life, what happens to its attributes, the
//! edges of segments, dates and schedules.
//!
//! It must not know steps.

use std::sync::Arc;

use jiff::civil::Time;
use onward_bytecode::{
    Constant, Direction, Every, FieldDecl, Length, Presence, Rhythm, Scalar, Type, Weekdays,
};

use super::fixed::minus;
use super::scope::Scope;
use super::trigger::{Started, Subject, flip};
use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Bound, Expr, ExprKind, Trigger, TriggerKind};
use crate::syntax::ast::{self, AstNode as _, Origin};

/// A minute, in milliseconds: no schedule comes oftener.
const OFTENEST: i64 = 60_000;

impl<'a> Checker<'a> {
    pub(super) fn entity_trigger(
        &mut self,
        trigger: &ast::Trigger,
        origin: Origin,
        subject: &Subject,
    ) -> Option<TriggerKind> {
        let own = self.subject_named(super::trigger::entity_of(trigger), origin, subject);
        let scope = Scope::of_subject(subject.kind.clone());
        let cx = Cx { scope: &scope, origin };
        own?;
        match trigger {
            ast::Trigger::Event(_) => None,
            ast::Trigger::Created(_) => Some(TriggerKind::Created),
            ast::Trigger::Changes(_) => Some(TriggerKind::Changed),
            ast::Trigger::Deleted(_) => Some(TriggerKind::Deleted),
            ast::Trigger::Attribute(it) => self.moved(cx, it, subject),
            ast::Trigger::Segment(it) => {
                let segment = self.segment_of(it.segment()?, origin, &subject.kind)?;
                Some(match it.edge() {
                    ast::Edge::Enters => TriggerKind::Enters(segment),
                    ast::Edge::Leaves => TriggerKind::Leaves(segment),
                })
            }
            ast::Trigger::Crossing(it) => self.crossed(cx, it, subject),
            ast::Trigger::List(it) => self.list_moved(cx, it, subject),
            ast::Trigger::Stale(it) => {
                let attribute = self.watched(cx, it.attribute(), &subject.kind);
                let length = self.fixed_length(cx, it.duration(), "`unchanged for`");
                Some(TriggerKind::Unchanged { attribute: attribute?, length: length? })
            }
            ast::Trigger::Yearly(it) => {
                let parts = (it.attribute(), Length::default(), it.at());
                self.date_trigger(cx, parts, Rhythm::Yearly, subject)
            }
            ast::Trigger::Date(it) => {
                let parts = (it.attribute(), Length::default(), it.at());
                self.date_trigger(cx, parts, Rhythm::Once, subject)
            }
            ast::Trigger::Offset(it) => {
                let side = it.side();
                let role = if side == ast::Side::Before { "`before`" } else { "`after`" };
                let length = self.fixed_length(cx, it.duration(), role);
                let offset = if side == ast::Side::Before { length.and_then(minus) } else { length };
                let known = offset.unwrap_or_default();
                let found = self.date_trigger(cx, (it.attribute(), known, it.at()), Rhythm::Once, subject);
                offset.and(found)
            }
        }
    }

    /// An attribute of the subject.
    fn watched(&mut self, cx: Cx<'_>, name: Option<ast::Name>, kind: &Arc<str>) -> Option<FieldDecl> {
        let name = name?;
        let declared = self.declared;
        self.attribute_used(kind, &name.text(), cx.span(&name));
        let Some(attribute) = declared.entities.get(kind)?.attributes.get(&*name.text()) else {
            self.no_attribute(kind, &name.text(), cx.span(&name));
            return None;
        };
        Some(FieldDecl {
            name: attribute.name.clone(),
            ty: attribute.ty.clone()?,
            presence: Presence::Optional,
            docs: attribute.docs.clone(),
        })
    }

    /// `contact.status changes from "trial" to "customer"`.
    fn moved(&mut self, cx: Cx<'_>, moved: &ast::AttributeTrigger, subject: &Subject) -> Option<TriggerKind> {
        let attribute = self.watched(cx, moved.attribute(), &subject.kind)?;
        let role = format!("`{}.{}`", subject.kind, attribute.name);
        let from = moved.from().map(|it| self.value_of(cx, &it, &attribute.ty, &role));
        let to = moved.to().map(|it| self.value_of(cx, &it, &attribute.ty, &role));
        let (from, to) = (flip(from)?, flip(to)?);
        if let (Some(from), Some(to)) = (&from, &to)
            && let (ExprKind::Constant(a), ExprKind::Constant(b)) = (&from.kind, &to.kind)
            && a == b
        {
            let message = format!("what changes to {} was something else before", self.quote(to.span));
            self.report.push(
                Diagnostic::error(codes::WRONG_TRIGGER, to.span, message)
                    .also(from.span, "here it is the same")
                    .help("write two values that differ, or leave out one of them"),
            );
            return None;
        }
        Some(TriggerKind::Moved { attribute, from, to })
    }

    /// `contact.score rises above 80`.
    fn crossed(
        &mut self,
        cx: Cx<'_>,
        crossing: &ast::CrossingTrigger,
        subject: &Subject,
    ) -> Option<TriggerKind> {
        let name = crossing.attribute()?;
        let span = cx.span(&name);
        let attribute = self.watched(cx, Some(name), &subject.kind)?;
        let direction = match crossing.direction() {
            ast::Direction::Rises => Direction::Up,
            ast::Direction::Drops => Direction::Down,
        };
        let verb = if direction == Direction::Up { "rises" } else { "drops" };
        if !matches!(attribute.ty, Type::One(Scalar::Number | Scalar::Ordered(_))) {
            let message = format!(
                "only a number or an ordered set {verb}, and `{}` is {}",
                attribute.name,
                words::plain(&attribute.ty)
            );
            let help = match &attribute.ty {
                Type::One(Scalar::Text | Scalar::OneOf(_)) => {
                    "declare it as `ordered \"low\" < \"high\"`, or write `changes to …`"
                }
                Type::One(Scalar::Date | Scalar::Time) => {
                    "for a date that comes near, write `3 days before …`"
                }
                _ => "write `changes`",
            };
            return self.error(codes::WRONG_TRIGGER, span, message, help);
        }
        let bound = match crossing.bound() {
            None => Bound::Any,
            Some(bound) => self.bound(cx, &bound, &attribute, direction, subject)?,
        };
        Some(TriggerKind::Crossed { attribute, direction, bound })
    }

    fn bound(
        &mut self,
        cx: Cx<'_>,
        bound: &ast::BoundValue,
        attribute: &FieldDecl,
        direction: Direction,
        subject: &Subject,
    ) -> Option<Bound> {
        let role = format!("`{}.{}`", subject.kind, attribute.name);
        let value = self.value_of(cx, &bound.value()?, &attribute.ty, &role)?;
        let reach = bound.reach()?;
        let (verb, other, wanted) = match direction {
            Direction::Up => ("rises", "drops", ast::Reach::Above),
            Direction::Down => ("drops", "rises", ast::Reach::Below),
        };
        if reach != ast::Reach::To && reach != wanted {
            let (wrong, right) =
                if reach == ast::Reach::Above { ("above", "below") } else { ("below", "above") };
            let message = format!("what {verb} does not get {wrong} a value");
            let at = self.opening_word(bound, cx);
            self.report.push(
                Diagnostic::error(codes::WRONG_TRIGGER, at, message)
                    .help(format!("write `{verb} {right} …` or `{other} {wrong} …`"))
                    .replace(at, right, Applicability::Unsure),
            );
            return None;
        }
        self.can_be_crossed(&value, attribute, direction, reach)?;
        Some(if reach == ast::Reach::To { Bound::To(value) } else { Bound::Past(value) })
    }

    /// Refuses a grade that nothing can come to from the other side.
    fn can_be_crossed(
        &mut self,
        value: &Expr,
        attribute: &FieldDecl,
        direction: Direction,
        reach: ast::Reach,
    ) -> Option<()> {
        let (Type::One(Scalar::Ordered(grades)), ExprKind::Constant(Constant::Text(text))) =
            (&attribute.ty, &value.kind)
        else {
            return Some(());
        };
        let at_end = |end: Option<&Arc<str>>| end == Some(text);
        let (never, word) = match (direction, reach) {
            (Direction::Down, ast::Reach::To) => (at_end(grades.last()), "highest"),
            (Direction::Up, ast::Reach::To) => (at_end(grades.first()), "lowest"),
            (Direction::Down, _) => (at_end(grades.first()), "lowest"),
            (Direction::Up, _) => (at_end(grades.last()), "highest"),
        };
        if !never {
            return Some(());
        }
        let message = format!("this never happens: \"{text}\" is the {word} of its set");
        self.error(codes::WRONG_TRIGGER, value.span, message, "name another grade")
    }

    /// `contact.tags gains "vip"`.
    fn list_moved(&mut self, cx: Cx<'_>, list: &ast::ListTrigger, subject: &Subject) -> Option<TriggerKind> {
        let name = list.attribute()?;
        let span = cx.span(&name);
        let attribute = self.watched(cx, Some(name), &subject.kind)?;
        let Type::List(item) = attribute.ty.clone() else {
            let verb = if list.change() == ast::ListMove::Gains { "gains" } else { "loses" };
            let message = format!(
                "only a list {verb} something, and `{}` is {}",
                attribute.name,
                words::plain(&attribute.ty)
            );
            return self.error(
                codes::WRONG_TRIGGER,
                span,
                message,
                "write `changes to …` or `changes from …`",
            );
        };
        let value = list.value()?;
        if let ast::Expr::Path(path) = &value
            && self.quote_instead(cx, path)
        {
            return None;
        }
        let role = format!("an item of `{}.{}`", subject.kind, attribute.name);
        let item = self.value_of(cx, &value, &Type::One(item), &role)?;
        Some(match list.change() {
            ast::ListMove::Gains => TriggerKind::Gains { attribute, item },
            ast::ListMove::Loses => TriggerKind::Loses { attribute, item },
        })
    }

    /// A date of the subject, moved by a length.
    fn date_trigger(
        &mut self,
        cx: Cx<'_>,
        (name, offset, at): (Option<ast::Name>, Length, Option<ast::Expr>),
        rhythm: Rhythm,
        subject: &Subject,
    ) -> Option<TriggerKind> {
        let clock = flip(at.map(|it| self.fixed_clock(cx, &it, "`at`")));
        let name = name?;
        let span = cx.span(&name);
        let attribute = self.watched(cx, Some(name), &subject.kind)?;
        if !matches!(attribute.ty, Type::One(Scalar::Date | Scalar::Time)) {
            let message = format!(
                "only a date or a moment comes, and `{}` is {}",
                attribute.name,
                words::plain(&attribute.ty)
            );
            let (kind, name) = (&subject.kind, &attribute.name);
            let help = format!(
                "write `changes` after it, or declare it as `date`: `entity {kind} {{ {name}: date }}`"
            );
            return self.error(codes::WRONG_TRIGGER, span, message, help);
        }
        Some(TriggerKind::Date { attribute, offset, clock: clock?, rhythm })
    }

    /// The segment of this name, if its members are of this kind.
    fn segment_of(&mut self, name: ast::Name, origin: Origin, kind: &Arc<str>) -> Option<Arc<str>> {
        let span = name.span(origin);
        let (segment, of) = self.segment_named(&name.text(), span)?;
        // That there is no such entity was said where the segment is declared.
        self.declared.entities.get(&of)?;
        if of == *kind {
            return Some(segment);
        }
        let message = format!(
            "`{segment}` is a segment of {}, and this workflow is for {}",
            words::entities(&of),
            words::entity(kind)
        );
        let help = format!("name a segment of {}", words::entities(kind));
        self.error(codes::WRONG_SUBJECT, span, message, help)
    }

    /// `every monday at 09:00 for contact in trials`.
    pub(super) fn schedule(
        &mut self,
        clause: &ast::ScheduleClause,
        origin: Origin,
        subject: &Subject,
        started: &mut Started<'a>,
    ) {
        let span = clause.span(origin);
        let scope = Scope::of_subject(subject.kind.clone());
        let cx = Cx { scope: &scope, origin };
        let own = self.subject_named(clause.entity(), origin, subject);
        let every = clause.rhythm().and_then(|it| self.every(cx, it));
        let clock = flip(clause.at().map(|it| self.fixed_clock(cx, &it, "`at`")));
        let segment = match own {
            Some(()) => flip(clause.segment().map(|it| self.segment_of(it, origin, &subject.kind))),
            None => None,
        };
        let condition = flip(clause.condition().map(|it| self.condition(cx, &it)));
        let clock = match (&every, clock) {
            (Some(Every::Millis(_)), Some(Some(clock))) => self.no_clock_with(clause, clock, cx),
            (_, clock) => clock,
        };
        let kind = every.zip(clock).zip(segment).map(|((every, clock), segment)| TriggerKind::Schedule {
            every,
            clock,
            segment,
        });
        started.add_entity_trigger(kind.zip(condition).map(|(kind, condition)| Trigger {
            kind,
            condition,
            span,
        }));
    }

    fn no_clock_with(&mut self, clause: &ast::ScheduleClause, _: Time, cx: Cx<'_>) -> Option<Option<Time>> {
        let span = clause.at().map_or_else(|| cx.span(clause), |it| cx.span(&it));
        let message = "what comes every few hours has no time of day";
        self.error(codes::WRONG_TRIGGER, span, message, "leave it out, or write `every day at …`")
    }

    fn every(&mut self, cx: Cx<'_>, rhythm: ast::Rhythm) -> Option<Every> {
        match rhythm {
            ast::Rhythm::Day => Some(Every::Days(1)),
            ast::Rhythm::Weekday => Some(Every::Weekdays(Weekdays::WORK)),
            ast::Rhythm::Days(names) => self.weekdays(&names, cx.origin).map(Every::Weekdays),
            ast::Rhythm::Every(duration) => {
                let span = cx.span(&duration);
                let length = self.fixed_length(cx, Some(duration), "`every`")?;
                self.every_length(length, span)
            }
        }
    }

    fn every_length(&mut self, length: Length, span: Span) -> Option<Every> {
        let whole = |it: i64| u32::try_from(it).ok();
        match (length.months, length.days, length.millis) {
            (0, 0, millis) if millis >= OFTENEST => u64::try_from(millis).ok().map(Every::Millis),
            (0, 0, _) => self.error(
                codes::WRONG_TRIGGER,
                span,
                "a schedule does not come oftener than every minute",
                "write a longer time, or start on an event",
            ),
            (0, days, 0) => whole(days.into()).map(Every::Days),
            (months, 0, 0) => whole(months.into()).map(Every::Months),
            _ => {
                let message = format!("`{}` is neither days nor months nor hours alone", self.quote(span));
                let help =
                    "count a schedule in one of them, as in `every 2 weeks at 09:00` or `every 6 hours`";
                self.error(codes::WRONG_TRIGGER, span, message, help)
            }
        }
    }

    /// The first word of a node.
    fn opening_word(&self, node: &impl ast::AstNode, cx: Cx<'_>) -> Span {
        let first = node.syntax().first_token().map(|it| cx.origin.span(it.text_range()));
        first.unwrap_or_else(|| cx.span(node))
    }
}
