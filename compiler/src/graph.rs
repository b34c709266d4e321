//! A workflow as a picture for people who do not read code: as SVG, or as Mermaid text.
//!
//! It must not know files: whoever has the sources gives the words at a place.

mod layout;
mod mermaid;
mod say;
mod svg;

use crate::diagnostic::Span;
use crate::hir::{Act, Hir, Step, StepKind, Workflow};
use say::Words;

/// What happens in a workflow, from what starts it to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its title, or its name.
    pub title: String,
    /// What holds for all of it: how often, when it ends early.
    pub notes: Vec<String>,
    /// What starts it.
    pub starts: Vec<String>,
    /// What it does.
    pub steps: Vec<Node>,
}

/// A thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// One step.
    Step {
        /// What sort of step: decides its colour.
        look: Look,
        /// What it does.
        title: String,
        /// More about it.
        detail: Vec<String>,
    },
    /// One of several ways.
    Fork {
        /// What decides.
        title: String,
        /// The ways: what stands at each, and what happens there.
        arms: Vec<(String, Vec<Node>)>,
    },
    /// The same again.
    Round {
        /// How often.
        title: String,
        /// What happens each time.
        steps: Vec<Node>,
    },
    /// The workflow ends here.
    End,
}

/// What sort of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It speaks to the person.
    Message,
    /// It waits.
    Wait,
    /// It changes what is known, or calls another system.
    Work,
}

impl Flow {
    /// The picture of a workflow. `words` gives the source's text at a place.
    pub fn of(hir: &Hir, workflow: &Workflow, words: &dyn Fn(Span) -> String) -> Self {
        let words = Words { hir, source: words };
        let title = if workflow.title.is_empty() { &workflow.name } else { &workflow.title };
        Self {
            title: title.to_string(),
            notes: words.notes(workflow),
            starts: workflow.triggers.iter().map(|it| words.trigger(it, &workflow.subject)).collect(),
            steps: words.nodes(&workflow.steps),
        }
    }
}

impl Words<'_> {
    fn nodes(&self, steps: &[Step]) -> Vec<Node> {
        steps.iter().map(|step| self.node(step)).collect()
    }

    fn node(&self, step: &Step) -> Node {
        match &step.kind {
            StepKind::Do { act, condition, how, .. } => {
                let mut detail: Vec<String> =
                    condition.iter().map(|it| format!("only if {}", self.text(it.span))).collect();
                detail.extend(how.draft.as_ref().map(|_| "held until a person approves it".to_owned()));
                Node::Step { look: self.look(act), title: self.act(act, &step.name), detail }
            }
            StepKind::WaitFor(length) => wait(format!("Wait {}", self.text(length.span))),
            StepKind::WaitUntil(moment) => wait(format!("Wait until {}", self.text(moment.span))),
            StepKind::WaitEvent { event, condition, up_to, then, otherwise, .. } => {
                let asked = condition.as_ref().map(|it| format!(" where {}", self.text(it.span)));
                let up_to = self.text(up_to.span);
                Node::Fork {
                    title: format!("{}{} within {up_to}?", say::spaced(event), asked.unwrap_or_default()),
                    arms: vec![("yes".into(), self.nodes(then)), ("no".into(), self.nodes(otherwise))],
                }
            }
            StepKind::If { branches, otherwise } => self.branches(branches, otherwise),
            StepKind::Split { arms } => Node::Fork {
                title: "Split at random".into(),
                arms: arms
                    .iter()
                    .map(|(share, name, steps)| {
                        (format!("{} {name}", say::percent(*share)), self.nodes(steps))
                    })
                    .collect(),
            },
            StepKind::Repeat { times, every, until, steps } => {
                let every = every.map(|it| format!(", every {}", say::length(it)));
                let until = until.as_ref().map(|it| format!(", until {}", self.text(it.span)));
                let title =
                    format!("Up to {times} times{}{}", every.unwrap_or_default(), until.unwrap_or_default());
                Node::Round { title, steps: self.nodes(steps) }
            }
            StepKind::Stop => Node::End,
        }
    }

    /// `if … else if … else` as a question whose second answer may be another question.
    fn branches(
        &self,
        branches: &[(std::sync::Arc<str>, crate::hir::Expr, Vec<Step>)],
        otherwise: &[Step],
    ) -> Node {
        let (Some((_, condition, steps)), rest) = (branches.first(), branches.get(1..).unwrap_or_default())
        else {
            return Node::End;
        };
        let other =
            if rest.is_empty() { self.nodes(otherwise) } else { vec![self.branches(rest, otherwise)] };
        Node::Fork {
            title: format!("{}?", self.text(condition.span)),
            arms: vec![("yes".into(), self.nodes(steps)), ("no".into(), other)],
        }
    }

    fn look(&self, act: &Act) -> Look {
        match act {
            Act::Effect { action, .. }
                if self.hir.actions.get(action).is_some_and(|it| it.channel.is_some()) =>
            {
                Look::Message
            }
            _ => Look::Work,
        }
    }
}

fn wait(title: String) -> Node {
    Node::Step { look: Look::Wait, title, detail: Vec::new() }
}
