//! A step that reaches beyond the store: its intent is recorded, and the run rests until its outcome.

use onward_bytecode::{ActionDecl, Presence, Scalar, Site, Type, Value};

use super::body::{Flow, Walk};
use super::turn::Turn;
use super::{Met, id, say};
use crate::model::{Intent, RunState, What};

impl Turn<'_> {
    /// Records the intent of an effect. `point` is where the run rests.
    pub(super) fn intend_effect(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        action: u32,
        point: u16,
        args: &[Value],
    ) -> Met<Flow> {
        let rest = walk.machine.rest(point);
        let Some(action) = walk.loaded.program().actions.get(action as usize) else {
            self.park(walk.run.clone(), rest, None, "its action is not in the program that it runs in");
            return Ok(Flow::Rested);
        };
        if let Some(reason) = lacking(action, args) {
            let again = walk.machine.again(walk.event.as_ref());
            self.park(walk.run.clone(), rest, Some(again), reason);
            return Ok(Flow::Rested);
        }
        let run = &mut walk.run;
        run.effects += 1;
        let key = id::key(&[&run.id, &site.name, &run.effects.to_string()]);
        let intent = Intent {
            key: key.as_str().into(),
            run: run.id.clone(),
            workflow: run.workflow.clone(),
            step: site.name.clone(),
            subject: run.subject.clone(),
            program: run.program,
            action: action.name.clone(),
            arguments: args.iter().map(Value::to_json).collect(),
            due: self.now,
            channel: action.channel.clone(),
            draft: None,
            failure: onward_bytecode::OnFailure::Park,
        };
        run.state = RunState::Acting { rest, intent: intent.key.clone() };
        self.say(&walk.run, Some(&site.name), What::Intended, described(action, args));
        self.intend(intent);
        self.put(walk.run.clone());
        Ok(Flow::Rested)
    }
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
