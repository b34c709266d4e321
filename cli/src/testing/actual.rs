//! What is expected beside what has come of it.

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, FieldDecl, Value as Kept};
use onward_compiler::hir::{ActorId, Count, Held, Match};
use onward_engine::model::{FactKind, Run, RunState, What};
use onward_engine::simulate::{Effect, State};
use onward_engine::vm::request::Request;
use serde_json::Value as Json;

use super::plan::{Feature, Value};
use super::play::Stage;

/// A feature with its value.
struct Wanted {
    name: Arc<str>,
    how: Match,
    value: Kept,
}

impl Stage<'_> {
    fn wanted(&mut self, parts: &[Feature]) -> Result<Vec<Wanted>, String> {
        let wanted = |part: &Feature| {
            Ok(Wanted { name: part.name.clone(), how: part.how, value: self.value(&part.value)? })
        };
        parts.iter().map(wanted).collect()
    }

    /// `expect email welcome to "…"`
    pub(super) fn effects(
        &mut self,
        count: Count,
        action: &str,
        held: Held,
        parts: &[Feature],
    ) -> Result<(), String> {
        let wanted = self.wanted(parts)?;
        let state = if held == Held::Draft { State::Draft } else { State::Sent };
        let candidates: Vec<&Effect> = self
            .world
            .effects()
            .filter(|it| {
                *it.intent.action == *action && it.state == state && !self.found.contains(&it.intent.key)
            })
            .collect();
        let mut fitting: Vec<&Effect> = candidates
            .iter()
            .copied()
            .filter(|effect| wanted.iter().all(|it| self.effect_has(effect, it)))
            .collect();
        fitting.sort_by_key(|it| it.at);
        let enough = enough(count, fitting.len());
        if !enough {
            let what = if held == Held::Draft { "drafts" } else { "messages or calls" };
            let others = self.other_effects(action, &candidates, &wanted);
            return Err(missed(count, fitting.len(), &format!("{what} of `{action}` like this"), &others));
        }
        let taken = if count == Count::Some { 1 } else { fitting.len() };
        let keys: Vec<Arc<str>> = fitting.iter().take(taken).map(|it| it.intent.key.clone()).collect();
        // A draft that was found is still to be found as a message.
        if held == Held::Sent {
            self.found.extend(keys);
        }
        Ok(())
    }

    /// What there is instead: the same action with other features, or what became of it.
    fn other_effects(&self, action: &str, candidates: &[&Effect], wanted: &[Wanted]) -> Vec<String> {
        let near = candidates.iter().map(|effect| {
            let differs = wanted
                .iter()
                .filter(|it| !self.effect_has(effect, it))
                .map(|it| format!("`{}` is {}", it.name, self.shown_feature(effect, &it.name)));
            let differs: Vec<String> = differs.collect();
            let but =
                if differs.is_empty() { String::new() } else { format!(", but {}", differs.join(", ")) };
            format!("{} went out at {}{but}", effect.intent.step, self.clock(effect.at))
        });
        let unsent = self.world.effects().filter(|it| *it.intent.action == *action).filter_map(|it| {
            let state = match it.state {
                State::Ready => format!("is to go out at {}", self.clock(it.intent.due)),
                State::Draft => "is held as a draft".to_owned(),
                State::Dropped => format!("was dropped: {}", it.detail),
                State::Cancelled => "was not wanted any more".to_owned(),
                State::Failed => format!("failed: {}", it.detail),
                State::Parked => format!("is parked: {}", it.detail),
                State::Sent => return None,
            };
            Some(format!("{} {state}", it.intent.step))
        });
        near.chain(unsent).collect()
    }

    fn shown_feature(&self, effect: &Effect, name: &str) -> String {
        match self.feature(effect, name) {
            Some(Json::String(text)) => format!("{text:?}"),
            Some(value) => value.to_string(),
            None => "missing".to_owned(),
        }
    }

    fn effect_has(&self, effect: &Effect, wanted: &Wanted) -> bool {
        match &*wanted.name {
            "at" => is_moment(&wanted.value, effect.at),
            "for" => is_entity(&wanted.value, &effect.intent.subject),
            name => self.feature(effect, name).is_some_and(|it| fits(&it, wanted)),
        }
    }

    /// What a message or call has under a name.
    fn feature(&self, effect: &Effect, name: &str) -> Option<Json> {
        match name {
            "at" => return Some(self.clock(effect.at).into()),
            "for" => return Some(effect.intent.subject.to_string().into()),
            "template" => return effect.arguments.iter().find_map(|(_, it)| it.get("template").cloned()),
            _ => {}
        }
        if let Some(argument) = effect.argument(name) {
            return Some(argument.clone());
        }
        let Ok(Request::Mail(mail)) = self.world.request(effect) else {
            return effect.argument("text").filter(|_| name == "body").cloned();
        };
        match name {
            "subject" => Some(Json::from(&*mail.subject)),
            "text" | "body" => Some(Json::from(&*mail.text)),
            "html" => mail.html.as_deref().map(Json::from),
            "to" => Some(mail.to.iter().map(|it| Json::from(&**it)).collect()),
            "from" => mail.from.as_deref().map(Json::from),
            _ => None,
        }
    }

    /// `expect run of W for ana waiting at nudge`
    pub(super) fn runs(
        &mut self,
        count: Count,
        workflow: &str,
        actor: Option<ActorId>,
        state: Option<&str>,
        step: Option<&str>,
    ) -> Result<(), String> {
        let subject = actor.map(|it| self.actor(it)).transpose()?;
        let of = |it: &&Run| {
            *it.workflow == *workflow && subject.as_ref().is_none_or(|subject| it.subject == *subject)
        };
        let held = self.world.timeline().iter().filter(|it| {
            it.what == What::HeldOut
                && *it.workflow == *workflow
                && subject.as_ref().is_none_or(|subject| it.subject == *subject)
        });
        let found = if state == Some("held") {
            held.count()
        } else {
            let is = |it: &&Run| {
                state.is_none_or(|state| is_in(self.world.state_of(it), state))
                    && step.is_none_or(|step| rests_at(it, step))
            };
            self.world.runs().filter(of).filter(is).count()
        };
        if enough(count, found) {
            return Ok(());
        }
        let others: Vec<String> = self
            .world
            .runs()
            .filter(of)
            .map(|it| format!("the run for {} is {}{}", it.subject, self.world.state_of(it), resting(it)))
            .collect();
        Err(missed(count, found, &format!("runs of `{workflow}` like this"), &others))
    }

    /// `expect task "Call" for ana`
    pub(super) fn tasks(&mut self, count: Count, parts: &[Feature]) -> Result<(), String> {
        let wanted = self.wanted(parts)?;
        let has = |task: &onward_engine::model::Entity| {
            wanted.iter().all(|it| match &*it.name {
                // A task names whom it is about by an attribute that is called like its kind.
                "for" => task.attributes.iter().any(|(kind, id)| {
                    id.as_str().is_some_and(|id| is_entity(&it.value, &EntityId::new(kind.as_str(), id)))
                }),
                "at" => is_moment(&it.value, task.created),
                name => task.attributes.get(name).is_some_and(|value| fits(value, it)),
            })
        };
        let found = self.world.entities("task").filter(|it| has(it)).count();
        if enough(count, found) {
            return Ok(());
        }
        let others: Vec<String> = self
            .world
            .entities("task")
            .map(|it| format!("there is {}", Json::Object(it.attributes.clone())))
            .collect();
        Err(missed(count, found, "tasks like this", &others))
    }

    /// `expect event paid for ana { … }`
    pub(super) fn events(
        &mut self,
        count: Count,
        event: &str,
        actor: Option<ActorId>,
        fields: &[(FieldDecl, Value)],
    ) -> Result<(), String> {
        let subject = actor.map(|it| self.actor(it)).transpose()?;
        let mut wanted = Vec::new();
        for (field, value) in fields {
            wanted.push((field, self.value(value)?));
        }
        let emitted = || {
            self.world.emitted().filter_map(|fact| match &fact.kind {
                FactKind::Event { name, fields, .. } if **name == *event => Some((fact, fields)),
                _ => None,
            })
        };
        let is = |(fact, fields): &(&onward_engine::model::Fact, &onward_engine::model::Fields)| {
            subject.as_ref().is_none_or(|it| fact.subject == *it)
                && wanted.iter().all(|(field, value)| {
                    fields.get(&*field.name).is_some_and(|it| Kept::read(it, &field.ty) == *value)
                })
        };
        let found = emitted().filter(is).count();
        if enough(count, found) {
            return Ok(());
        }
        let others: Vec<String> = emitted()
            .map(|(fact, fields)| format!("{} got {}", fact.subject, Json::Object(fields.clone())))
            .collect();
        Err(missed(count, found, &format!("events `{event}` like this that a rule emitted"), &others))
    }

    /// `expect ana.status = "customer"`
    pub(super) fn that(&mut self, condition: &Value) -> Result<(), String> {
        if self.value(condition)? == Kept::Bool(true) {
            return Ok(());
        }
        let known = self.names.iter().map(|(id, name)| {
            let attributes = self.world.entity(id).map(|it| Json::Object(it.attributes.clone()).to_string());
            format!("{name} is {}", attributes.unwrap_or_else(|| "deleted".to_owned()))
        });
        let known: Vec<String> = known.collect();
        Err(format!("it is not so: {}", known.join("; ")))
    }
}

fn enough(count: Count, found: usize) -> bool {
    match count {
        Count::Some => found > 0,
        Count::None => found == 0,
        Count::Exactly(wanted) => u32::try_from(found) == Ok(wanted),
    }
}

fn missed(count: Count, found: usize, what: &str, others: &[String]) -> String {
    let found = match (count, found) {
        (_, 0) => format!("there are no {what}"),
        (_, found) => format!("there are {found} {what}"),
    };
    if others.is_empty() { found } else { format!("{found}; {}", others.join("; ")) }
}

/// Whether a state is the one that is meant by a word of a test.
fn is_in(state: &str, word: &str) -> bool {
    match word {
        "running" => matches!(state, "waiting" | "acting" | "parked" | "queued"),
        "finished" => !matches!(state, "waiting" | "acting" | "parked" | "queued"),
        "failed" => state == "parked",
        word => state == word,
    }
}

/// Where a run rests.
fn point(run: &Run) -> Option<&str> {
    match &run.state {
        RunState::Waiting { rest, .. } | RunState::Acting { rest, .. } | RunState::Parked { rest, .. } => {
            Some(&rest.point)
        }
        RunState::Queued { .. } | RunState::Finished { .. } => None,
    }
}

/// A later round of a repeat counts as its step.
fn rests_at(run: &Run, step: &str) -> bool {
    point(run).is_some_and(|it| {
        it == step || it.strip_prefix(step).is_some_and(|rest| rest.starts_with(" (round "))
    })
}

fn resting(run: &Run) -> String {
    point(run).map(|it| format!(" at `{it}`")).unwrap_or_default()
}

/// To the minute, as people write it.
fn is_moment(wanted: &Kept, at: Timestamp) -> bool {
    match wanted {
        Kept::Time(wanted) => wanted.as_second().div_euclid(60) == at.as_second().div_euclid(60),
        _ => false,
    }
}

fn is_entity(wanted: &Kept, id: &EntityId) -> bool {
    matches!(wanted, Kept::Entity(wanted) if wanted == id)
}

fn fits(actual: &Json, wanted: &Wanted) -> bool {
    let value = wanted.value.to_json();
    match wanted.how {
        Match::Contains => match (actual, &value) {
            (Json::String(text), Json::String(part)) => text.to_lowercase().contains(&part.to_lowercase()),
            (Json::Array(items), part) => items.iter().any(|it| same(it, part)),
            _ => false,
        },
        Match::Equal => {
            same(actual, &value)
                || matches!((actual, &value), (Json::Array(items), one) if items.len() == 1 && items.iter().all(|it| same(it, one)))
                || matches!((actual, &value), (one, Json::Array(items)) if items.len() == 1 && items.iter().all(|it| same(it, one)))
        }
    }
}

/// The same value; an address also if a name stands before it.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::String(a), Json::String(b)) => a == b || address(a) == address(b),
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn address(text: &str) -> &str {
    text.rsplit_once('<').and_then(|(_, it)| it.strip_suffix('>')).unwrap_or(text)
}
