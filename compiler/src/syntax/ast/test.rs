//! Views of `test` declarations.

use super::{
    AstNode, Dotted, DurationExpr, Expr, Name, NumberExpr, ObjectExpr, StringLit, Zone, child, children,
    choice, docs, has_word, nth, strings, views, words,
};
use crate::syntax::kind::SyntaxToken;

views! {
    /// `test "…" { … }`
    TestDecl = TEST_DECL;
}

impl TestDecl {
    /// Its title.
    #[must_use]
    pub fn title(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }

    /// What it does, in order.
    pub fn statements(&self) -> impl Iterator<Item = TestStmt> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

choice! {
    /// One line of a test.
    TestStmt {
        /// `at MOMENT in ZONE`
        At(AtStmt),
        /// `after DURATION`
        After(AfterStmt),
        /// `events "…"`
        Events(EventsStmt),
        /// `answer ACTION { … }`
        Answer(AnswerStmt),
        /// `refuse ACTION "…"`, `fail …`, `lose …`
        Refuse(RefuseStmt),
        /// `accept ACTION`
        Accept(AcceptStmt),
        /// `approve ACTION`, `discard ACTION`
        Decide(DecideStmt),
        /// `delete NAME`
        Delete(DeleteStmt),
        /// `expect …`
        Expect(ExpectStmt),
        /// `NAME.ATTRIBUTE = VALUE`
        Set(SetStmt),
        /// `contact ana { … }`, `ana form_submitted { … }`
        Fact(FactStmt),
    }
}

views! {
    /// `at MOMENT in ZONE`
    AtStmt = AT_STMT;
    /// `after DURATION`
    AfterStmt = AFTER_STMT;
    /// `events "…"`
    EventsStmt = EVENTS_STMT;
    /// `answer ACTION { … }`
    AnswerStmt = ANSWER_STMT;
    /// `refuse ACTION "…"`, `fail …`, `lose …`
    RefuseStmt = REFUSE_STMT;
    /// `accept ACTION`
    AcceptStmt = ACCEPT_STMT;
    /// `approve ACTION`, `discard ACTION`
    DecideStmt = DECIDE_STMT;
    /// `delete NAME`
    DeleteStmt = DELETE_STMT;
    /// `expect …`
    ExpectStmt = EXPECT_STMT;
    /// `NAME.ATTRIBUTE = VALUE`
    SetStmt = SET_STMT;
    /// `contact ana { … }`, `ana form_submitted { … }`
    FactStmt = FACT_STMT;
}

impl AtStmt {
    /// The moment.
    #[must_use]
    pub fn moment(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The time zone of the moment, if written.
    #[must_use]
    pub fn zone(&self) -> Option<Expr> {
        child::<Zone>(self.syntax())?.value()
    }
}

impl AfterStmt {
    /// How much time passes.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}

impl EventsStmt {
    /// The file of recorded events.
    #[must_use]
    pub fn file(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl AnswerStmt {
    /// The action.
    #[must_use]
    pub fn action(&self) -> Option<Dotted> {
        child(self.syntax())
    }

    /// The result that its provider gives from now on.
    #[must_use]
    pub fn result(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

/// What goes wrong with an action from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// `refuse`: the provider says no for good.
    Refuse,
    /// `fail`: the provider cannot do it now.
    Fail,
    /// `lose`: it is unknown whether the request arrived.
    Lose,
}

impl RefuseStmt {
    /// What goes wrong.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match words(self.syntax()).next()?.text() {
            "refuse" => Some(Trouble::Refuse),
            "fail" => Some(Trouble::Fail),
            "lose" => Some(Trouble::Lose),
            _ => None,
        }
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> Option<Dotted> {
        child(self.syntax())
    }

    /// What the provider says.
    #[must_use]
    pub fn reason(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl AcceptStmt {
    /// The action, whose provider accepts all from now on.
    #[must_use]
    pub fn action(&self) -> Option<Dotted> {
        child(self.syntax())
    }
}

/// What a person does with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// `approve`
    Approve,
    /// `discard`
    Discard,
}

impl DecideStmt {
    /// What the person does.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match words(self.syntax()).next()?.text() {
            "approve" => Some(Verdict::Approve),
            "discard" => Some(Verdict::Discard),
            _ => None,
        }
    }

    /// The action whose draft is meant.
    #[must_use]
    pub fn action(&self) -> Option<Dotted> {
        child(self.syntax())
    }
}

impl DeleteStmt {
    /// Who or what is deleted.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl SetStmt {
    /// Whose attribute.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        nth(self.syntax(), 0)
    }

    /// The attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<Name> {
        nth(self.syntax(), 1)
    }

    /// Its new value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl FactStmt {
    /// An entity (`contact ana`), or a name of this test (`ana form_submitted`).
    #[must_use]
    pub fn first(&self) -> Option<Name> {
        nth(self.syntax(), 0)
    }

    /// The name that is given, or the event that happens.
    #[must_use]
    pub fn second(&self) -> Option<Name> {
        nth(self.syntax(), 1)
    }

    /// Attributes or fields.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

/// How often something is expected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Count {
    /// Nothing is written: once at least.
    Some,
    /// `no`: never. The word.
    No(SyntaxToken),
    /// `2`: exactly as often.
    Exactly(NumberExpr),
}

impl ExpectStmt {
    /// How often.
    #[must_use]
    pub fn count(&self) -> Count {
        if let Some(number) = child(self.syntax()) {
            return Count::Exactly(number);
        }
        match words(self.syntax()).find(|it| it.text() == "no") {
            Some(word) => Count::No(word),
            None => Count::Some,
        }
    }

    /// What.
    #[must_use]
    pub fn expectation(&self) -> Option<Expectation> {
        child(self.syntax())
    }
}

choice! {
    /// What a test expects.
    Expectation {
        /// `run of WORKFLOW for NAME STATE at STEP`
        Run(RunExpectation),
        /// `task TITLE …`
        Task(TaskExpectation),
        /// `event NAME for NAME { … }`
        Event(EventExpectation),
        /// `draft ACTION VALUE …`
        Draft(DraftExpectation),
        /// `ACTION VALUE …`
        Effect(EffectExpectation),
        /// `ana.status = "customer"`
        Value(ValueExpectation),
    }
}

views! {
    /// `run of WORKFLOW for NAME STATE at STEP`
    RunExpectation = RUN_EXPECTATION;
    /// `task TITLE …`
    TaskExpectation = TASK_EXPECTATION;
    /// `event NAME for NAME { … }`
    EventExpectation = EVENT_EXPECTATION;
    /// `draft ACTION VALUE …`
    DraftExpectation = DRAFT_EXPECTATION;
    /// `ACTION VALUE …`
    EffectExpectation = EFFECT_EXPECTATION;
    /// `ana.status = "customer"`
    ValueExpectation = VALUE_EXPECTATION;
    /// `for NAME`: whose run, or about whom an event is.
    RunSubject = RUN_SUBJECT;
    /// `at STEP`
    RunStep = RUN_STEP;
    /// `exited`, `waiting`, …
    RunStateName = RUN_STATE;
    /// `to VALUE`, `subject contains VALUE`, `sent at MOMENT`
    Part = PART;
}

impl RunExpectation {
    /// The workflow.
    #[must_use]
    pub fn workflow(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Whose run.
    #[must_use]
    pub fn subject(&self) -> Option<Name> {
        child::<RunSubject>(self.syntax())?.name()
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> Option<RunStateName> {
        child(self.syntax())
    }

    /// The step where it is.
    #[must_use]
    pub fn step(&self) -> Option<Name> {
        child::<RunStep>(self.syntax())?.name()
    }
}

impl RunSubject {
    /// The name in the test.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl RunStep {
    /// The step's label.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl RunStateName {
    /// The word, one of `words::RUN_STATES`.
    #[must_use]
    pub fn text(&self) -> String {
        self.syntax().text().to_string()
    }
}

impl TaskExpectation {
    /// What is to be done.
    #[must_use]
    pub fn title(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// What else is said of it.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        children(self.syntax())
    }
}

impl EventExpectation {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// About whom.
    #[must_use]
    pub fn subject(&self) -> Option<Name> {
        child::<RunSubject>(self.syntax())?.name()
    }

    /// Its fields.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

/// Views with an action, a first value and parts.
macro_rules! effects {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The action's dotted name.
                #[must_use]
                pub fn action(&self) -> Option<Dotted> {
                    child(self.syntax())
                }

                /// The first value, which has no label.
                #[must_use]
                pub fn first(&self) -> Option<Expr> {
                    child(self.syntax())
                }

                /// What else is said of it.
                pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
                    children(self.syntax())
                }
            }
        )*
    };
}

effects! { DraftExpectation EffectExpectation }

impl ValueExpectation {
    /// The comparison: its left side is a path.
    #[must_use]
    pub fn comparison(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

/// How a part is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartOp {
    /// It is the value.
    Is,
    /// `contains`
    Contains,
}

impl Part {
    /// The label: `to`, `subject`, … ; of `sent at`, the `at`.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// How it is compared.
    #[must_use]
    pub fn op(&self) -> PartOp {
        if has_word(self.syntax(), "contains") { PartOp::Contains } else { PartOp::Is }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}
