//! What stands in a picture's boxes, in plain words.

use onward_bytecode::{Direction, Every, Length, Overlap, Rhythm, Stage};

use crate::diagnostic::Span;
use crate::hir::{Act, Bound, Enrolment, Exit, Expr, Hir, Trigger, TriggerKind, Workflow};

/// The words of a program.
pub(super) struct Words<'a> {
    pub(super) hir: &'a Hir,
    pub(super) source: &'a dyn Fn(Span) -> String,
}

/// A name with spaces for its underscores.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// A share of 10,000 as a percentage.
pub(super) fn percent(share: u16) -> String {
    let (whole, rest) = (share / 100, share % 100);
    if rest == 0 { format!("{whole}%") } else { format!("{whole}.{rest:02}%") }
}

/// A length of time.
pub(super) fn length(length: Length) -> String {
    const UNITS: [(&str, i64); 5] = [
        ("week", 604_800_000),
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1_000),
    ];
    let mut parts = Vec::new();
    let mut add = |count: i64, unit: &str| {
        if count != 0 {
            parts.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    };
    let (months, days) = (i64::from(length.months).abs(), i64::from(length.days).abs());
    add(months / 12, "year");
    add(months % 12, "month");
    if days % 7 == 0 {
        add(days / 7, "week")
    } else {
        add(days, "day")
    }
    let mut rest = length.millis.abs();
    for (unit, size) in UNITS.into_iter().skip(2) {
        add(rest / size, unit);
        rest %= size;
    }
    if parts.is_empty() { "no time".into() } else { parts.join(" ") }
}

impl Words<'_> {
    /// The source's words on one line.
    pub(super) fn text(&self, span: Span) -> String {
        (self.source)(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn of(&self, expr: &Expr) -> String {
        self.text(expr.span)
    }

    /// What starts a workflow.
    pub(super) fn trigger(&self, trigger: &Trigger, subject: &str) -> String {
        let condition = trigger.condition.as_ref().map(|it| format!(" where {}", self.of(it)));
        format!("When {}{}", self.happens(&trigger.kind, &spaced(subject)), condition.unwrap_or_default())
    }

    fn happens(&self, kind: &TriggerKind, subject: &str) -> String {
        let of = |name: &str| format!("the {subject}'s {}", spaced(name));
        match kind {
            TriggerKind::Event(event) => format!("“{}” happens", spaced(event)),
            TriggerKind::Created => format!("a {subject} is created"),
            TriggerKind::Changed => format!("a {subject} changes"),
            TriggerKind::Deleted => format!("a {subject} is deleted"),
            TriggerKind::Moved { attribute, from, to } => {
                let from = from.as_ref().map(|it| format!(" from {}", self.of(it))).unwrap_or_default();
                let to = to.as_ref().map(|it| format!(" to {}", self.of(it))).unwrap_or_default();
                format!("{} changes{from}{to}", of(&attribute.name))
            }
            TriggerKind::Crossed { attribute, direction, bound } => {
                let way = if *direction == Direction::Up { "rises" } else { "drops" };
                let bound = match bound {
                    Bound::Any => String::new(),
                    Bound::To(value) => format!(" to {}", self.of(value)),
                    Bound::Past(value) if *direction == Direction::Up => format!(" above {}", self.of(value)),
                    Bound::Past(value) => format!(" below {}", self.of(value)),
                };
                format!("{} {way}{bound}", of(&attribute.name))
            }
            TriggerKind::Gains { attribute, item } => {
                format!("{} gains {}", of(&attribute.name), self.of(item))
            }
            TriggerKind::Loses { attribute, item } => {
                format!("{} loses {}", of(&attribute.name), self.of(item))
            }
            TriggerKind::Enters(segment) => format!("a {subject} enters “{}”", spaced(segment)),
            TriggerKind::Leaves(segment) => format!("a {subject} leaves “{}”", spaced(segment)),
            TriggerKind::Unchanged { attribute, length: kept } => {
                format!("{} has not changed for {}", of(&attribute.name), length(*kept))
            }
            TriggerKind::Date { attribute, offset, clock, rhythm } => {
                let day = of(&attribute.name);
                let at = clock.map(|it| format!(" at {}", it.strftime("%H:%M"))).unwrap_or_default();
                let year = if *rhythm == Rhythm::Yearly { ", every year" } else { "" };
                let when = match offset.nominal_millis() {
                    0 => format!("it is {day}"),
                    behind if behind < 0 => format!("it is {} before {day}", length(*offset)),
                    _ => format!("it is {} after {day}", length(*offset)),
                };
                format!("{when}{at}{year}")
            }
            TriggerKind::Schedule { every, clock, segment } => {
                let at = clock.map(|it| format!(" at {}", it.strftime("%H:%M"))).unwrap_or_default();
                let whom = segment.as_ref().map(|it| format!(" in “{}”", spaced(it))).unwrap_or_default();
                format!("it is {}{at}, for each {subject}{whom}", often(*every))
            }
        }
    }

    /// What holds for a whole workflow.
    pub(super) fn notes(&self, workflow: &Workflow) -> Vec<String> {
        let mut notes = Vec::new();
        if workflow.stage == Stage::Draft {
            notes.push("A draft: it does not run".to_owned());
        }
        notes.push(match &workflow.enrolment {
            Enrolment::EveryTime => "Every time".to_owned(),
            Enrolment::Once => format!("Once for each {}", spaced(&workflow.subject)),
            Enrolment::OncePer(value) => format!("Once for each {}", self.of(value)),
            Enrolment::AtMostOncePer(length_) => format!("At most once in {}", length(*length_)),
        });
        if !matches!(workflow.enrolment, Enrolment::Once) {
            notes.push(match workflow.overlap {
                Overlap::Ignore => "not while it is under way".to_owned(),
                Overlap::Restart => "begins again if it is under way".to_owned(),
                Overlap::Queue => "waits its turn if it is under way".to_owned(),
                Overlap::Parallel => "also while it is under way".to_owned(),
            });
        }
        notes.extend(workflow.exits.iter().map(|it| self.exit(it)));
        if let Some(goal) = &workflow.goal {
            notes.push(format!("Goal: “{}” within {}", spaced(&goal.event), length(goal.within)));
        }
        if let Some(share) = workflow.holdout {
            notes.push(format!("{} are held out, to compare", percent(share)));
        }
        if let Some(window) = &workflow.window {
            notes.push(format!("Sends {}", self.text(window.span).trim_start_matches("send ")));
        }
        notes
    }

    fn exit(&self, exit: &Exit) -> String {
        match exit {
            Exit::When(condition) => format!("Ends at once when {}", self.of(condition)),
            Exit::On { event, condition, .. } => {
                let condition = condition.as_ref().map(|it| format!(" where {}", self.of(it)));
                format!("Ends at once on “{}”{}", spaced(event), condition.unwrap_or_default())
            }
        }
    }

    /// What a step does.
    pub(super) fn act(&self, act: &Act, step: &str) -> String {
        match act {
            Act::Effect { action, .. }
                if self.hir.actions.get(action).is_some_and(|it| it.channel.is_some()) =>
            {
                format!("Send {}", spaced(step))
            }
            Act::Effect { .. } => capital(&spaced(step)),
            Act::Set { attribute, value, .. } => {
                format!("Set {} to {}", spaced(&attribute.name), self.of(value))
            }
            Act::Gain { attribute, item } if **attribute == *"tags" => {
                format!("Add the tag {}", self.of(item))
            }
            Act::Lose { attribute, item } if **attribute == *"tags" => {
                format!("Remove the tag {}", self.of(item))
            }
            Act::Gain { attribute, item } => format!("Add {} to {}", self.of(item), spaced(attribute)),
            Act::Lose { attribute, item } => format!("Remove {} from {}", self.of(item), spaced(attribute)),
            Act::All(acts) => acts.first().map_or_else(String::new, |first| self.act(first, step)),
            Act::AssignInTurn { attribute, team, .. } => {
                format!("Give it to {} in turn, as {}", spaced(team), spaced(&attribute.name))
            }
            Act::Create { kind, .. } => format!("Create a {}", spaced(kind)),
            Act::Update { fields, .. } => {
                let names: Vec<String> = fields.iter().map(|(field, _)| spaced(&field.name)).collect();
                format!("Change {}", names.join(", "))
            }
            Act::Delete(entity) => format!("Delete {}", self.of(entity)),
            Act::Start(workflow) => format!("Start “{}”", spaced(workflow)),
            Act::StopRuns(workflow) => format!("Stop “{}”", spaced(workflow)),
            Act::Emit { event, .. } => format!("Record “{}”", spaced(event)),
            Act::Task { title, .. } => format!("Task: {}", self.of(title).trim_matches('"')),
            Act::Note(text) => format!("Note: {}", self.of(text).trim_matches('"')),
        }
    }
}

fn often(every: Every) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    match every {
        Every::Weekdays(days) => {
            let named = DAYS.iter().zip(1u8..).filter(|(_, number)| days.has(*number)).map(|(name, _)| *name);
            let named: Vec<&str> = named.collect();
            if named.len() == DAYS.len() { "any day".into() } else { named.join(", ") }
        }
        Every::Days(1) => "any day".into(),
        Every::Days(days) => format!("each {days}th day"),
        Every::Months(1) => "the first of a month".into(),
        Every::Months(months) => format!("the first of each {months}th month"),
        Every::Millis(millis) => {
            let millis = i64::try_from(millis).unwrap_or(i64::MAX);
            format!("time again, each {}", length(Length { millis, ..Length::default() }))
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
