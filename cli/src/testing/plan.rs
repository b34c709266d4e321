//! A test as it is played: its values are code already.

use std::sync::Arc;

use onward_bytecode::{FieldDecl, Length, SourceFile};
use onward_compiler::diagnostic::{Diagnostic, Span};
use onward_compiler::hir::{
    self, ActorId, Answer, Count, Expectation, Expr, Held, Match, TestKind, TestStep,
};
use onward_compiler::lower::{Lowered, TestCall};

/// What is made, or why it cannot be.
type Made<T> = Result<T, Box<Diagnostic>>;

/// A test.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub(crate) name: Arc<str>,
    /// The file it stands in.
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
    pub(crate) steps: Vec<Step>,
}

/// A line of a test.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: usize,
    /// Its words, on one line.
    pub(crate) words: String,
    pub(crate) does: Does,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Value(pub(crate) TestCall);

/// What a line does.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    At(Value, Option<Value>),
    After(Length),
    Recorded(Arc<str>),
    Appear {
        actor: ActorId,
        name: Arc<str>,
        kind: Arc<str>,
        fields: Vec<(FieldDecl, Value)>,
    },
    Happen {
        actor: ActorId,
        event: Arc<str>,
        fields: Vec<(FieldDecl, Value)>,
    },
    Set {
        actor: ActorId,
        attribute: FieldDecl,
        value: Value,
    },
    Delete(ActorId),
    Provider(Arc<str>, Behaves),
    Approve(Arc<str>),
    Discard(Arc<str>),
    Effects {
        count: Count,
        action: Arc<str>,
        held: Held,
        parts: Vec<Feature>,
    },
    Runs {
        count: Count,
        workflow: Arc<str>,
        actor: Option<ActorId>,
        state: Option<Arc<str>>,
        step: Option<Arc<str>>,
    },
    Tasks {
        count: Count,
        parts: Vec<Feature>,
    },
    Events {
        count: Count,
        event: Arc<str>,
        actor: Option<ActorId>,
        fields: Vec<(FieldDecl, Value)>,
    },
    That(Value),
}

/// How a provider behaves from now on.
#[derive(Debug, Clone)]
pub(crate) enum Behaves {
    Accept(Vec<(Arc<str>, Value)>),
    Refuse(Arc<str>),
    Fail(Arc<str>),
    Lose(Arc<str>),
}

/// What a message or task must be like.
#[derive(Debug, Clone)]
pub(crate) struct Feature {
    pub(crate) name: Arc<str>,
    pub(crate) how: Match,
    pub(crate) value: Value,
}

struct Planner<'a> {
    test: &'a str,
    lowered: &'a mut Lowered,
}

impl Test {
    /// The plan of a test; its values are added to the program.
    pub(crate) fn of(test: &hir::Test, lowered: &mut Lowered, sources: &[SourceFile]) -> Made<Self> {
        let mut planner = Planner { test: &test.name, lowered };
        let steps = test.steps.iter().map(|step| planner.step(step, sources)).collect::<Result<_, _>>()?;
        let file = sources.get(test.span.file.0 as usize).map(|it| it.path.clone()).unwrap_or_default();
        Ok(Self { name: test.name.clone(), file, line: line(sources, test.span), steps })
    }
}

/// The line of a place, from 1.
fn line(sources: &[SourceFile], span: Span) -> usize {
    let text = sources.get(span.file.0 as usize).map(|it| &*it.text).unwrap_or_default();
    text.get(..span.range().start).unwrap_or_default().matches('\n').count() + 1
}

fn words(sources: &[SourceFile], span: Span) -> String {
    let text = sources.get(span.file.0 as usize).and_then(|it| it.text.get(span.range())).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Planner<'_> {
    fn value(&mut self, value: &Expr) -> Made<Value> {
        self.lowered.add_value(self.test, value).map(Value).map_err(Box::from)
    }

    fn fields<N: Clone>(&mut self, fields: &[(N, Expr)]) -> Made<Vec<(N, Value)>> {
        fields.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?))).collect()
    }

    fn features(&mut self, parts: &[hir::Feature]) -> Made<Vec<Feature>> {
        let feature = |part: &hir::Feature| {
            Ok(Feature { name: part.name.clone(), how: part.how, value: self.value(&part.value)? })
        };
        parts.iter().map(feature).collect()
    }

    fn step(&mut self, step: &TestStep, sources: &[SourceFile]) -> Made<Step> {
        let does = match &step.kind {
            TestKind::At(moment, zone) => {
                let zone = zone.as_ref().map(|it| self.value(it)).transpose()?;
                Does::At(self.value(moment)?, zone)
            }
            TestKind::After(length) => Does::After(*length),
            TestKind::Events { path, .. } => Does::Recorded(path.clone()),
            TestKind::Entity { actor, name, kind, fields } => Does::Appear {
                actor: *actor,
                name: name.clone(),
                kind: kind.clone(),
                fields: self.fields(fields)?,
            },
            TestKind::Event { actor, event, fields } => {
                Does::Happen { actor: *actor, event: event.clone(), fields: self.fields(fields)? }
            }
            TestKind::Set { actor, attribute, value } => {
                Does::Set { actor: *actor, attribute: attribute.clone(), value: self.value(value)? }
            }
            TestKind::Delete(actor) => Does::Delete(*actor),
            TestKind::Provider { action, answer } => Does::Provider(action.clone(), self.behaves(answer)?),
            TestKind::Approve(action) => Does::Approve(action.clone()),
            TestKind::Discard(action) => Does::Discard(action.clone()),
            TestKind::Expect(expectation) => self.expects(expectation)?,
        };
        Ok(Step { line: line(sources, step.span), words: words(sources, step.span), does })
    }

    fn behaves(&mut self, answer: &Answer) -> Made<Behaves> {
        Ok(match answer {
            Answer::Accept(result) => Behaves::Accept(self.fields(result)?),
            Answer::Refuse(why) => Behaves::Refuse(why.clone()),
            Answer::Fail(why) => Behaves::Fail(why.clone()),
            Answer::Lose(why) => Behaves::Lose(why.clone()),
        })
    }

    fn expects(&mut self, expectation: &Expectation) -> Made<Does> {
        Ok(match expectation {
            Expectation::Effect { count, action, held, parts } => Does::Effects {
                count: *count,
                action: action.clone(),
                held: *held,
                parts: self.features(parts)?,
            },
            Expectation::Run { count, workflow, actor, state, step } => Does::Runs {
                count: *count,
                workflow: workflow.clone(),
                actor: *actor,
                state: state.clone(),
                step: step.clone(),
            },
            Expectation::Task { count, parts } => Does::Tasks { count: *count, parts: self.features(parts)? },
            Expectation::Event { count, event, actor, fields } => Does::Events {
                count: *count,
                event: event.clone(),
                actor: *actor,
                fields: self.fields(fields)?,
            },
            Expectation::That(condition) => Does::That(self.value(condition)?),
        })
    }
}
