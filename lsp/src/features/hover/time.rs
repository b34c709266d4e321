//! What a duration or a time means for somebody: worked out on the project's clock.

use std::ops::Range;

use jiff::civil::{Date, Time, Weekday as Day};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use onward_bytecode::Length;
use onward_compiler::syntax::ast::{AstNode, DurationExpr, Expr, Moment, Step, TimeExpr, Unit, Weekday};
use onward_compiler::syntax::kind::{SyntaxKind, SyntaxNode};
use onward_engine::civil as clock;

use super::Hover;
use crate::features::names::known;
use crate::snapshot::{File, Project};

/// What the duration or the time at a byte means.
pub(crate) fn at(project: &Project, file: &File, offset: usize, now: Timestamp) -> Option<Hover> {
    let root = file.parse().syntax();
    let at = u32::try_from(offset).ok().filter(|it| rowan::TextSize::from(*it) <= root.text_range().end())?;
    let token = root.token_at_offset(at.into()).max_by_key(|it| !it.kind().is_trivia())?;
    let zone_name = known::zone(project);
    let zone = TimeZone::get(&zone_name).ok()?;
    for node in token.parent_ancestors() {
        if let Some(found) = meaning(&node, now, &zone) {
            let range = node.text_range();
            let range: Range<usize> = range.start().into()..range.end().into();
            let words = file.text.get(range.clone()).unwrap_or_default();
            let markdown = format!("**{words}** — for somebody in {zone_name}, from now: **{found}**");
            return Some(Hover { range, markdown });
        }
        if matches!(node.kind(), SyntaxKind::BLOCK | SyntaxKind::WORKFLOW_DECL) {
            return None;
        }
    }
    None
}

/// The moment that a node means, in words.
fn meaning(node: &SyntaxNode, now: Timestamp, zone: &TimeZone) -> Option<String> {
    if let Some(duration) = DurationExpr::cast(node.clone()) {
        let length = length(&duration)?;
        let above = node.parent().map(|it| it.kind());
        let back = matches!(above, Some(SyntaxKind::AGO_EXPR | SyntaxKind::LAST));
        let length = if back { length.checked_neg()? } else { length };
        let moment = said(clock::shift(now, length, zone)?.at, zone);
        return Some(if above == Some(SyntaxKind::LAST) { format!("since {moment}") } else { moment });
    }
    if let Some(moment) = Moment::cast(node.clone()) {
        return Some(said(of_moment(&moment, now, zone)?, zone));
    }
    None
}

/// When a wait would end if it began now; none if that depends on somebody.
pub(crate) fn end(step: &Step, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let after = |it: &DurationExpr| Some(clock::shift(now, length(it)?, zone)?.at);
    match step {
        Step::Wait(it) => match it.duration()? {
            Expr::Duration(it) => after(&it),
            _ => None,
        },
        Step::WaitUntil(it) => of_moment(&it.moment()?, now, zone),
        Step::WaitFor(it) => after(&it.up_to()?),
        _ => None,
    }
}

fn of_moment(moment: &Moment, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let at = match moment.at() {
        Some(Expr::Time(it)) => Some(time(&it)?),
        Some(_) => return None,
        None => None,
    };
    if let Some(day) = moment.weekday() {
        let day = weekday(day.day()?);
        return Some(clock::next_weekday(now, day, at.unwrap_or(Time::midnight()), zone)?.at);
    }
    match moment.value()? {
        Expr::Time(it) => Some(clock::next_clock(now, time(&it)?, zone)?.at),
        Expr::Date(it) => {
            let date: Date = it.text().parse().ok()?;
            Some(clock::at(date, at.unwrap_or(Time::midnight()), zone)?.at)
        }
        Expr::DateTime(it) => {
            let date: Date = it.date_text().parse().ok()?;
            Some(clock::at(date, parse_time(&it.time_text())?, zone)?.at)
        }
        _ => None,
    }
}

fn time(it: &TimeExpr) -> Option<Time> {
    parse_time(&it.text())
}

fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    civil::Time::new(hour.parse().ok()?, minute.get(..2)?.parse().ok()?, 0, 0).ok()
}

fn weekday(day: Weekday) -> Day {
    match day {
        Weekday::Monday => Day::Monday,
        Weekday::Tuesday => Day::Tuesday,
        Weekday::Wednesday => Day::Wednesday,
        Weekday::Thursday => Day::Thursday,
        Weekday::Friday => Day::Friday,
        Weekday::Saturday => Day::Saturday,
        Weekday::Sunday => Day::Sunday,
    }
}

/// A duration that is written out; none if it has no meaning.
fn length(duration: &DurationExpr) -> Option<Length> {
    let mut sum = Length::default();
    for part in duration.parts() {
        let digits = part.digits();
        let whole = || digits.parse::<i32>().ok();
        let (months, days, unit) = match part.unit()? {
            Unit::Year => (whole()?.checked_mul(12)?, 0, 0),
            Unit::Month => (whole()?, 0, 0),
            Unit::Week => (0, whole()?.checked_mul(7)?, 0),
            Unit::Day => (0, whole()?, 0),
            Unit::Hour => (0, 0, 3_600_000),
            Unit::Minute => (0, 0, 60_000),
            Unit::Second => (0, 0, 1000),
        };
        let millis = if unit == 0 { 0 } else { elapsed(&digits, unit)? };
        sum = sum.checked_add(Length { months, days, millis })?;
    }
    Some(sum)
}

/// `1.5` of so many milliseconds.
fn elapsed(digits: &str, unit: i64) -> Option<i64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    let scale = 10_i64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = if part.is_empty() { 0 } else { part.parse::<i64>().ok()?.checked_mul(unit)? / scale };
    whole.checked_add(part)
}

/// A moment as a clock on the wall shows it.
pub(crate) fn said(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%A %-d %B %Y, %H:%M").to_string()
}

/// The same in few words.
pub(crate) fn brief(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b %H:%M").to_string()
}
