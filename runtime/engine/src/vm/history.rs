//! Questions about past events. An event belongs where it happened, however late it came.

use jiff::Timestamp;
use onward_bytecode::{Ask, FunctionId, HistoryRef, Length, NameRef, Scalar, Span, Type, Value};
use rust_decimal::Decimal;

use super::chain::{Chain, Link};
use super::exec::{Operands, Run};
use super::flip::{Comparison, Test};
use super::{Fault, World};
use crate::civil;
use crate::model::{Occurrence, Question};

impl Operands<'_> {
    /// The answer to a question about the entity `r[b]`.
    pub(super) fn history(&self, run: &mut Run<'_>) -> Result<Value, Fault> {
        let asked = self.function.histories.get(usize::from(self.word.c()));
        let asked = asked.ok_or(Fault::Damaged("question"))?;
        let Value::Entity(entity) = self.b() else { return run.answer(asked, &[]) };
        let question = Question { entity: entity.clone(), event: asked.event.clone() };
        let world = run.world;
        let Some(events) = world.history.get(&question) else { return Err(Fault::Asks(question)) };
        let start = run.start(asked.span)?;
        let mut counted = Vec::new();
        for event in events {
            run.fuel.burn(1)?;
            if event.at <= world.now
                && start.is_none_or(|start| start <= event.at)
                && self.counts(run, asked, event)?
            {
                counted.push(event);
            }
        }
        run.watch_history(asked, events, &counted, start)?;
        run.answer(asked, &counted)
    }

    fn counts(&self, run: &mut Run<'_>, asked: &HistoryRef, event: &Occurrence) -> Result<bool, Fault> {
        let Some(condition) = asked.condition else { return Ok(true) };
        let count = run.params(condition);
        let first = self.word.b().checked_add(1).filter(|_| count > 0);
        let captures = first.map_or(&[][..], |first| self.row(first, count));
        let moving = first.map(|first| run.moving(first, count, 0)).unwrap_or_default();
        run.about(event, |run| run.call_moving(condition, captures, moving)).map(|it| it == Value::Bool(true))
    }
}

impl Run<'_> {
    /// Since when events count.
    fn start(&mut self, span: Span) -> Result<Option<Timestamp>, Fault> {
        let now = self.world.now;
        Ok(match span {
            Span::Ever => None,
            Span::Run => self.world.run_started,
            Span::Last(length) => {
                let zone = self.zone()?;
                length.checked_neg().and_then(|back| civil::shift(now, back, zone)).map(|moment| moment.at)
            }
        })
    }

    /// How many arguments a function has.
    pub(super) fn params(&self, function: FunctionId) -> usize {
        self.program.functions.get(function.0 as usize).map_or(0, |function| function.params.len())
    }

    /// Runs code with a past event as the event at hand.
    fn about<T>(
        &mut self,
        event: &Occurrence,
        code: impl FnOnce(&mut Run<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let world = World { event: Some(event), moved: None, ..*self.world };
        let mut run = Run {
            fuel: self.fuel.take(),
            zone: self.zone.take(),
            horizon: self.horizon.take(),
            ..Run::new(self.program, &world)
        };
        let done = code(&mut run);
        (self.fuel, self.zone, self.horizon) = (run.fuel, run.zone, run.horizon);
        done
    }

    fn answer(&mut self, asked: &HistoryRef, counted: &[&Occurrence]) -> Result<Value, Fault> {
        match &asked.ask {
            Ask::Count => Ok(Value::Number(Decimal::from(counted.len()))),
            Ask::Did => Ok(Value::Bool(!counted.is_empty())),
            Ask::Sum(field) => Ok(sum(field, counted).map_or(Value::Missing, Value::Number)),
            Ask::Latest(field) => match latest(counted) {
                Some(event) => self.field(event, field),
                None => Ok(Value::Missing),
            },
        }
    }

    fn field(&mut self, event: &Occurrence, field: &NameRef) -> Result<Value, Fault> {
        let value = match event.fields.get(&*field.name) {
            Some(json) => Value::read(json, &field.ty),
            None if *field.name == *"time" && field.ty == Type::One(Scalar::Time) => Value::Time(event.at),
            None if *field.name == *"time" => self.convert(&Value::Time(event.at), &field.ty)?,
            None => Value::Missing,
        };
        self.fuel.burn_value(&value)?;
        Ok(value)
    }

    /// Notes when the answer may change because time goes on: an event of the future comes,
    /// one that counts leaves the window, or one comes back into it where a month ends.
    fn watch_history(
        &mut self,
        asked: &HistoryRef,
        events: &[Occurrence],
        counted: &[&Occurrence],
        start: Option<Timestamp>,
    ) -> Result<(), Fault> {
        let now = self.world.now;
        let Some(horizon) = &mut self.horizon else { return Ok(()) };
        if let Some(at) = events.iter().map(|event| event.at).filter(|at| *at > now).min() {
            horizon.note_at(at);
        }
        let Span::Last(length) = asked.span else { return Ok(()) };
        let counted = counted.iter().map(|event| event.at);
        let leaves = match asked.ask {
            Ask::Count | Ask::Sum(_) => counted.min(),
            Ask::Did | Ask::Latest(_) => counted.max(),
        };
        let left =
            events.iter().map(|event| event.at).filter(|at| start.is_some_and(|start| *at < start)).max();
        if let Some(at) = leaves {
            self.meet_window(length, at, true)?;
        }
        match left {
            Some(at) if length.is_civil() => self.meet_window(length, at, false),
            _ => Ok(()),
        }
    }

    /// Whether a moment lies in a window is looked at.
    fn meet_window(&mut self, length: Length, at: Timestamp, inside: bool) -> Result<(), Fault> {
        let Some(back) = length.checked_neg() else { return Ok(()) };
        let comparison = Comparison {
            test: Test::LessOrSame,
            left: Link::new(Chain::Shift(Link::new(Chain::Now), back)),
            right: Link::new(Chain::Fixed(Value::Time(at))),
        };
        self.meet(&comparison, inside)
    }
}

/// The latest by the time when it happened; of two, the one that came later.
fn latest<'e>(counted: &[&'e Occurrence]) -> Option<&'e Occurrence> {
    counted.iter().copied().max_by_key(|event| event.at)
}

fn sum(field: &NameRef, counted: &[&Occurrence]) -> Option<Decimal> {
    let values = counted.iter().filter_map(|event| event.fields.get(&*field.name));
    let numbers = values.filter_map(|json| match Value::read(json, &field.ty) {
        Value::Number(number) => Some(number),
        _ => None,
    });
    let mut numbers = numbers;
    numbers.try_fold(Decimal::ZERO, Decimal::checked_add)
}
