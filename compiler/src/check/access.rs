//! `grant` and `revoke access`, and `unsubscribe`: what a contact may see and wants
//! to hear.
//!
//! They are made of changes to the contact's own lists. It must not know steps.

use std::sync::Arc;

use onward_bytecode::{Constant, Scalar, Type};

use super::expression::constant;
use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::Span;
use crate::hir::{Act, Expr};
use crate::syntax::ast;

/// What stands in a contact's `unsubscribed` for every topic.
const EVERYTHING: &str = "all";

impl Checker<'_> {
    /// `grant access to "course"`: the list, and the event that says so.
    pub(super) fn access(&mut self, cx: Cx<'_>, access: &ast::AccessAct) -> Option<Act> {
        self.of_contact(cx, "access", cx.span(access))?;
        let item = self.value_of(cx, &access.value()?, &Type::One(Scalar::Text), "`access to`")?;
        let list: Arc<str> = "access".into();
        let (change, event) = match access.change()? {
            ast::AccessMove::Grant => (Act::Gain { attribute: list, item: item.clone() }, "access_granted"),
            ast::AccessMove::Revoke => (Act::Lose { attribute: list, item: item.clone() }, "access_revoked"),
        };
        let told = self.declared.events.get_key_value(event).filter(|(_, it)| it.fields.contains_key("to"));
        let told = told.map(|(name, _)| Act::Emit { event: name.clone(), fields: vec![("to".into(), item)] });
        Some(Act::All(std::iter::once(change).chain(told).collect()))
    }

    /// `unsubscribe`, `unsubscribe from newsletter`.
    pub(super) fn unsubscribe(&mut self, cx: Cx<'_>, unsubscribe: &ast::UnsubscribeAct) -> Option<Act> {
        let span = cx.span(unsubscribe);
        self.of_contact(cx, "unsubscribed", span)?;
        let gain = |item: Expr| Act::Gain { attribute: "unsubscribed".into(), item };
        let Some(name) = unsubscribe.topic() else {
            return Some(Act::All(vec![gain(text(EVERYTHING.into(), span))]));
        };
        let word = name.text();
        if word == EVERYTHING {
            return Some(Act::All(vec![gain(text(EVERYTHING.into(), span))]));
        }
        let at = cx.span(&name);
        if word == "transactional" {
            let message = "nobody can unsubscribe from messages that somebody waits for";
            return self.error(codes::UNKNOWN_TOPIC, at, message, "name a topic that a policy declares");
        }
        let topic = self.declared_topic(&word, at, Some(EVERYTHING))?;
        let leave = Act::Lose { attribute: "subscriptions".into(), item: text(topic.clone(), at) };
        Some(Act::All(vec![gain(text(topic, at)), leave]))
    }

    /// Refuses what only a contact has in a workflow for something else.
    fn of_contact(&mut self, cx: Cx<'_>, list: &str, span: Span) -> Option<()> {
        let subject = cx.scope.subject.clone()?;
        if &*subject == "contact" {
            return Some(());
        }
        let message =
            format!("only a contact has `{list}`, and this workflow is for {}", words::entity(&subject));
        let help = "write a workflow for contacts, and emit the event that starts it";
        self.error(codes::NOT_SETTABLE, span, message, help)
    }
}

fn text(text: Arc<str>, span: Span) -> Expr {
    constant(Constant::Text(text), Scalar::Text, span)
}
