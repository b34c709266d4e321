//! Where each name stands and what it stands for: what a language server asks.
//!
//! It must not know how a name is looked up: whoever resolves one notes it in the report.

use std::sync::Arc;

use crate::diagnostic::Span;

/// A place at which something is named.
///
/// One place may name several things: a field that two events share, or a name in a template
/// that two workflows send.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use {
    /// Where the name stands. Its text is the name, but for a workflow or template that has its
    /// name from its file, and a setting, whose whole path is one place.
    pub span: Span,
    /// What it stands for.
    pub thing: Thing,
    /// Whether it is declared here.
    pub role: Role,
}

/// What a place does with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It gives the name its meaning. A name may be declared more than once, as entities are.
    Declares,
    /// It means what is declared elsewhere.
    Names,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// An event.
    Event(Arc<str>),
    /// A field of an event.
    Field {
        /// The event.
        event: Arc<str>,
        /// The field.
        name: Arc<str>,
    },
    /// A kind of entity.
    Entity(Arc<str>),
    /// An attribute of an entity.
    Attribute {
        /// The kind of entity.
        entity: Arc<str>,
        /// The attribute.
        name: Arc<str>,
    },
    /// A template.
    Template(Arc<str>),
    /// A sender.
    Sender(Arc<str>),
    /// A team.
    Team(Arc<str>),
    /// An action.
    Action(Arc<str>),
    /// A parameter of an action.
    Param {
        /// The action.
        action: Arc<str>,
        /// The parameter.
        name: Arc<str>,
    },
    /// A segment.
    Segment(Arc<str>),
    /// A workflow.
    Workflow(Arc<str>),
    /// A source.
    Source(Arc<str>),
    /// A topic.
    Topic(Arc<str>),
    /// A channel.
    Channel(Arc<str>),
    /// A label of a step.
    Label {
        /// The workflow.
        workflow: Arc<str>,
        /// The label.
        name: Arc<str>,
    },
    /// A name given by `as`, `let` or `for`, or to somebody in a test.
    Alias {
        /// Where it is given, for the first time if triggers give it to several events.
        span: Span,
        /// The name.
        name: Arc<str>,
    },
    /// A setting by its path, `twilio.from`.
    Setting(Arc<str>),
    /// A secret.
    Secret(Arc<str>),
    /// A pipe.
    Pipe(Arc<str>),
    /// A function.
    Function(Arc<str>),
}

impl Thing {
    /// The name alone, as it is written where the thing is declared.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Event(name)
            | Self::Field { name, .. }
            | Self::Entity(name)
            | Self::Attribute { name, .. }
            | Self::Template(name)
            | Self::Sender(name)
            | Self::Team(name)
            | Self::Action(name)
            | Self::Param { name, .. }
            | Self::Segment(name)
            | Self::Workflow(name)
            | Self::Source(name)
            | Self::Topic(name)
            | Self::Channel(name)
            | Self::Label { name, .. }
            | Self::Alias { name, .. }
            | Self::Setting(name)
            | Self::Secret(name)
            | Self::Pipe(name)
            | Self::Function(name) => name,
        }
    }
}
