//! A step that reaches beyond the store: its intent is recorded, and the run rests until its outcome.

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Hold, OnFailure, Presence, Scalar, Site, Type, Value};

use super::body::{Flow, Walk};
use super::turn::Turn;
use super::{Met, id, say};
use crate::model::{Draft, Intent, Run, RunState, What};

/// A step's effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    /// Place in the program's actions.
    pub(super) action: u32,
    /// Where the run rests.
    pub(super) point: u16,
    /// Whether a person looks at it first.
    pub(super) hold: Hold,
    /// What a failure does.
    pub(super) failure: OnFailure,
}

impl Turn<'_> {
    /// Records the intent of an effect. The arguments are the action's, then for whom it is held,
    /// then when to send it at the earliest.
    pub(super) fn intend_effect(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        effect: Effect,
        args: &[Value],
    ) -> Met<Flow> {
        let rest = walk.machine.rest(effect.point);
        let Some(action) = walk.loaded.program().actions.get(effect.action as usize) else {
            self.park(walk.run.clone(), rest, None, "its action is not in the program that it runs in");
            return Ok(Flow::Rested);
        };
        let (args, further) = args.split_at_checked(action.params.len()).unwrap_or((args, &[]));
        if let Some(reason) = lacking(action, args) {
            let again = walk.machine.again(walk.event.as_ref());
            self.park(walk.run.clone(), rest, Some(again), reason);
            return Ok(Flow::Rested);
        }
        let Some(due) = self.due(walk, action, further)? else {
            let again = walk.machine.again(walk.event.as_ref());
            let reason = format!("there is no moment at which `{}` may go out", action.name);
            self.park(walk.run.clone(), rest, Some(again), reason);
            return Ok(Flow::Rested);
        };
        walk.run.effects += 1;
        let intent = intent(&walk.run, site, action, args, due);
        let intent = Intent { draft: draft(effect.hold, further), failure: effect.failure, ..intent };
        walk.run.state = RunState::Acting { rest, intent: intent.key.clone() };
        self.tell_intended(walk, site, &intent, described(action, args))?;
        self.intend(intent);
        self.put(walk.run.clone());
        Ok(Flow::Rested)
    }

    /// When to do it: a message not before its window opens and quiet hours end.
    fn due(&mut self, walk: &Walk<'_>, action: &ActionDecl, further: &[Value]) -> Met<Option<Timestamp>> {
        let earliest = match further.get(1) {
            Some(Value::Time(at)) => self.now.max(*at),
            _ => self.now,
        };
        match &action.channel {
            Some(channel) => self.allowed(walk, channel, earliest),
            None => Ok(Some(earliest)),
        }
    }

    fn tell_intended(
        &mut self,
        walk: &Walk<'_>,
        site: &Site,
        intent: &Intent,
        mut detail: String,
    ) -> Met<()> {
        if intent.due > self.now {
            let zone = self.zone(walk.loaded, &walk.run.subject)?;
            detail = format!("{detail}, not before {}", say::moment(intent.due, &zone));
        }
        let what = match &intent.draft {
            Some(Draft { person: Some(person) }) => {
                detail = format!("{detail}, held for {person}");
                What::Drafted
            }
            Some(_) => What::Drafted,
            None => What::Intended,
        };
        self.say(&walk.run, Some(&site.name), what, detail);
        Ok(())
    }
}

fn intent(run: &Run, site: &Site, action: &ActionDecl, args: &[Value], due: Timestamp) -> Intent {
    Intent {
        key: id::key(&[&run.id, &site.name, &run.effects.to_string()]).into(),
        run: run.id.clone(),
        workflow: run.workflow.clone(),
        step: site.name.clone(),
        subject: run.subject.clone(),
        program: run.program,
        action: action.name.clone(),
        arguments: args.iter().map(Value::to_json).collect(),
        due,
        channel: action.channel.clone(),
        draft: None,
        failure: OnFailure::Park,
    }
}

fn draft(hold: Hold, further: &[Value]) -> Option<Draft> {
    let person = match further.first() {
        Some(Value::Text(person)) => Some(person.clone()),
        _ => None,
    };
    (hold == Hold::Draft).then_some(Draft { person })
}

/// Why an effect cannot be done: a required argument has no value.
fn lacking(action: &ActionDecl, args: &[Value]) -> Option<String> {
    let empty = |value: &Value| match value {
        Value::Missing => true,
        Value::List(items) => items.is_empty(),
        _ => false,
    };
    let lacking = action
        .params
        .iter()
        .zip(args)
        .find(|(param, value)| param.presence == Presence::Required && empty(value));
    lacking.map(|(param, _)| {
        let what = if is_address(&param.ty) { "recipient" } else { "value" };
        format!("`{}` has no {what}: its `{}` is missing", action.name, param.name)
    })
}

/// `email to "ana@example.com"`.
fn described(action: &ActionDecl, args: &[Value]) -> String {
    let recipient =
        action.params.iter().zip(args).find(|(param, value)| is_address(&param.ty) && !value.is_missing());
    match recipient {
        Some((_, value)) => format!("{} to {}", action.name, say::value(&value.to_json())),
        None => action.name.to_string(),
    }
}

fn is_address(ty: &Type) -> bool {
    let (Type::One(scalar) | Type::List(scalar)) = ty;
    matches!(scalar, Scalar::Email | Scalar::Phone | Scalar::Url)
}
