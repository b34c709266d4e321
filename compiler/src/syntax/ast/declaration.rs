//! Views of declarations, their fields and their types.

use super::{
    ActionDecl, AstNode, Name, PolicyDecl, SegmentDecl, SourceDecl, StringLit, TestDecl, WorkflowDecl, child,
    children, choice, docs, nth, strings, token, views,
};
use crate::syntax::kind::SyntaxKind;

choice! {
    /// One declaration.
    Decl {
        /// `event …`
        Event(EventDecl),
        /// `entity …`
        Entity(EntityDecl),
        /// `template …`
        Template(TemplateDecl),
        /// `sender …`
        Sender(SenderDecl),
        /// `team …`
        Team(TeamDecl),
        /// `workflow …`, or a whole bare file
        Workflow(WorkflowDecl),
        /// `action …`
        Action(ActionDecl),
        /// `segment …`
        Segment(SegmentDecl),
        /// `policy { … }`
        Policy(PolicyDecl),
        /// `source …`
        Source(SourceDecl),
        /// `test "…" { … }`
        Test(TestDecl),
    }
}

impl Decl {
    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

views! {
    /// `event NAME about NAME { … }`
    EventDecl = EVENT_DECL;
    /// `about NAME`
    About = ABOUT;
    /// `entity NAME { … }`
    EntityDecl = ENTITY_DECL;
    /// `NAME: type`
    Field = FIELD;
    /// `template NAME CHANNEL { … }`
    TemplateDecl = TEMPLATE_DECL;
    /// `subject "…"`: one part of a template.
    TemplatePart = TEMPLATE_PART;
    /// `sender NAME = "…"`
    SenderDecl = SENDER_DECL;
    /// `team NAME = ["…"]`
    TeamDecl = TEAM_DECL;
}

impl EventDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The entity that it is about, if written.
    #[must_use]
    pub fn about(&self) -> Option<Name> {
        child::<About>(self.syntax())?.name()
    }

    /// Its fields.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl About {
    /// The entity's name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl EntityDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its attributes.
    pub fn fields(&self) -> impl Iterator<Item = Field> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl Field {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> Option<TypeExpr> {
        child(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl TemplateDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        nth(self.syntax(), 0)
    }

    /// `email`, `sms`, …
    #[must_use]
    pub fn channel(&self) -> Option<Name> {
        nth(self.syntax(), 1)
    }

    /// Its parts.
    pub fn parts(&self) -> impl Iterator<Item = TemplatePart> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl TemplatePart {
    /// `subject`, `markdown`, `html`, `text`, …
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The message.
    #[must_use]
    pub fn text(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl SenderDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// `"Acme <support@acme.com>"`
    #[must_use]
    pub fn address(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl TeamDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its members' addresses.
    pub fn members(&self) -> impl Iterator<Item = StringLit> + use<> {
        strings(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

choice! {
    /// A type, as written.
    TypeExpr {
        /// `text`, `number`, `opportunity`, …
        Named(NamedType),
        /// `list of T`
        List(ListType),
        /// `"a" | "b"`
        TextSet(TextSetType),
        /// `ordered "a" < "b"`
        Ordered(OrderedType),
        /// `T?`
        Optional(OptionalType),
    }
}

views! {
    /// `text`, `number`, `opportunity`, …
    NamedType = NAMED_TYPE;
    /// `list of T`
    ListType = LIST_TYPE;
    /// `"a" | "b"`
    TextSetType = TEXT_SET_TYPE;
    /// `ordered "a" < "b"`
    OrderedType = ORDERED_TYPE;
    /// `T?`
    OptionalType = OPTIONAL_TYPE;
}

impl NamedType {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl ListType {
    /// The type of its items.
    #[must_use]
    pub fn item(&self) -> Option<TypeExpr> {
        child(self.syntax())
    }
}

impl TextSetType {
    /// The texts allowed.
    pub fn members(&self) -> impl Iterator<Item = StringLit> + use<> {
        strings(self.syntax())
    }
}

impl OrderedType {
    /// The texts allowed, lowest first.
    pub fn members(&self) -> impl Iterator<Item = StringLit> + use<> {
        strings(self.syntax())
    }
}

impl OptionalType {
    /// What may be missing.
    #[must_use]
    pub fn inner(&self) -> Option<TypeExpr> {
        child(self.syntax())
    }

    /// The `?`.
    #[must_use]
    pub fn mark(&self) -> Option<crate::syntax::kind::SyntaxToken> {
        token(self.syntax(), |kind| kind == SyntaxKind::QUESTION)
    }
}
