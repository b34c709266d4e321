//! Views of workflows and their steps.

use super::{
    Act, Alias, AstNode, Clause, DurationExpr, Expr, Name, NumberExpr, StringLit, Where, child, children,
    choice, docs, strings, token, views, words,
};
use crate::syntax::kind::{SyntaxKind, SyntaxToken};

views! {
    /// `workflow NAME "…" for NAME { … }`, or a whole bare file.
    WorkflowDecl = WORKFLOW_DECL;
    /// `for NAME`
    Subject = SUBJECT;
    /// `NAME:` before a step.
    Label = LABEL;
    /// `{ … }` around steps.
    Block = BLOCK;
    /// `else { … }`
    Else = ELSE;
}

impl WorkflowDecl {
    /// Its name; none in a bare file.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Whether it is a bare file, named after the file.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        token(self.syntax(), |kind| kind == SyntaxKind::WORD).is_none_or(|word| word.text() != "workflow")
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }

    /// The entity that a run belongs to, if written.
    #[must_use]
    pub fn subject(&self) -> Option<Name> {
        child::<Subject>(self.syntax())?.name()
    }

    /// Its clauses.
    pub fn clauses(&self) -> impl Iterator<Item = Clause> + use<> {
        children(self.syntax())
    }

    /// Its steps.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

/// Views that hold one name.
macro_rules! one_name {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The name.
                #[must_use]
                pub fn name(&self) -> Option<Name> {
                    child(self.syntax())
                }
            }
        )*
    };
}

one_name! { Subject Label }

impl Block {
    /// Its steps.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<> {
        children(self.syntax())
    }
}

impl Else {
    /// What runs otherwise.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(self.syntax())
    }
}

choice! {
    /// One step.
    Step {
        /// `do ACT`
        Do(DoStep),
        /// `wait DURATION`
        Wait(WaitStep),
        /// `wait until MOMENT`
        WaitUntil(WaitUntilStep),
        /// `wait for EVENT … up to …`
        WaitFor(WaitForStep),
        /// `if CONDITION { … }`
        If(IfStep),
        /// `stop`
        Stop(StopStep),
        /// `let NAME = do ACT`
        Let(LetStep),
        /// `split { 50% NAME { … } … }`
        Split(SplitStep),
        /// `repeat up to NUMBER times …`
        Repeat(RepeatStep),
    }
}

impl Step {
    /// The name of the step, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<Name> {
        child::<Label>(self.syntax())?.name()
    }

    /// Its first keyword: `do`, `wait`, `if`, `stop`.
    #[must_use]
    pub fn keyword(&self) -> Option<SyntaxToken> {
        words(self.syntax()).next()
    }
}

views! {
    /// `do ACT where CONDITION`
    DoStep = DO_STEP;
    /// `wait DURATION`
    WaitStep = WAIT_STEP;
    /// `wait until MOMENT`
    WaitUntilStep = WAIT_UNTIL_STEP;
    /// `wait for EVENT as NAME where CONDITION up to DURATION { … } else { … }`
    WaitForStep = WAIT_FOR_STEP;
    /// `if CONDITION { … } else if CONDITION { … } else { … }`
    IfStep = IF_STEP;
    /// `if CONDITION { … }`: one way through an `if`.
    IfArm = IF_ARM;
    /// `stop`
    StopStep = STOP_STEP;
    /// `let NAME = do ACT`
    LetStep = LET_STEP;
    /// `split { 50% NAME { … } … }`
    SplitStep = SPLIT_STEP;
    /// `50% NAME { … }`
    SplitArm = SPLIT_ARM;
    /// `repeat up to NUMBER times every DURATION until CONDITION { … }`
    RepeatStep = REPEAT_STEP;
    /// `every DURATION`
    Pace = PACE;
    /// `until CONDITION`
    Until = UNTIL;
    /// `as draft for PERSON`
    AsDraft = AS_DRAFT;
    /// `on failure …`
    OnFailure = ON_FAILURE;
    /// The moment of `wait until`.
    Moment = MOMENT;
    /// `monday` … `sunday`
    WeekdayName = WEEKDAY;
    /// `at TIME`
    At = AT;
    /// `up to DURATION`
    UpTo = UP_TO;
}

impl DoStep {
    /// What to do.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        child(self.syntax())
    }

    /// The condition without which it is skipped.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }

    /// Whether a person must approve it first, and who.
    #[must_use]
    pub fn draft(&self) -> Option<AsDraft> {
        child(self.syntax())
    }

    /// What happens when it fails, if written.
    #[must_use]
    pub fn on_failure(&self) -> Option<OnFailure> {
        child(self.syntax())
    }
}

impl AsDraft {
    /// Who approves it; none if anybody may.
    #[must_use]
    pub fn person(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

/// What happens to a run when an action has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureMode {
    /// `continue`
    Continue,
    /// `stop`
    Stop,
    /// `park`
    Park,
}

impl OnFailure {
    /// What happens.
    #[must_use]
    pub fn mode(&self) -> Option<FailureMode> {
        match words(self.syntax()).nth(2)?.text() {
            "continue" => Some(FailureMode::Continue),
            "stop" => Some(FailureMode::Stop),
            "park" => Some(FailureMode::Park),
            _ => None,
        }
    }
}

impl LetStep {
    /// What the result is called.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The step whose result it is; it has no label of its own.
    #[must_use]
    pub fn step(&self) -> Option<DoStep> {
        child(self.syntax())
    }
}

impl SplitStep {
    /// The ways, in order.
    pub fn arms(&self) -> impl Iterator<Item = SplitArm> + use<> {
        children(self.syntax())
    }
}

impl SplitArm {
    /// Of a hundred, how many go this way.
    #[must_use]
    pub fn percent(&self) -> Option<NumberExpr> {
        child(self.syntax())
    }

    /// What the way is called.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What runs on this way.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(self.syntax())
    }
}

impl RepeatStep {
    /// How often at most.
    #[must_use]
    pub fn times(&self) -> Option<NumberExpr> {
        child(self.syntax())
    }

    /// How long to wait between two rounds.
    #[must_use]
    pub fn every(&self) -> Option<DurationExpr> {
        child(child::<Pace>(self.syntax())?.syntax())
    }

    /// What ends it early.
    #[must_use]
    pub fn until(&self) -> Option<Expr> {
        child::<Until>(self.syntax())?.value()
    }

    /// What is repeated.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(self.syntax())
    }
}

impl WaitStep {
    /// How long.
    #[must_use]
    pub fn duration(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl WaitUntilStep {
    /// Until when.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        child(self.syntax())
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// The words, in the order of the week.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("monday", Self::Monday),
        ("tuesday", Self::Tuesday),
        ("wednesday", Self::Wednesday),
        ("thursday", Self::Thursday),
        ("friday", Self::Friday),
        ("saturday", Self::Saturday),
        ("sunday", Self::Sunday),
    ];

    /// The day that `word` names.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, day)| *day)
    }
}

impl WeekdayName {
    /// The day.
    #[must_use]
    pub fn day(&self) -> Option<Weekday> {
        Weekday::read(&self.syntax().text().to_string())
    }
}

impl Moment {
    /// The next such day.
    #[must_use]
    pub fn weekday(&self) -> Option<WeekdayName> {
        child(self.syntax())
    }

    /// The date or time, if it is not a weekday.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The time of day.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }
}

impl WaitForStep {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The event's name in what follows.
    #[must_use]
    pub fn alias(&self) -> Option<Name> {
        child::<Alias>(self.syntax())?.name()
    }

    /// Which of these events.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }

    /// How long at most.
    #[must_use]
    pub fn up_to(&self) -> Option<DurationExpr> {
        child::<UpTo>(self.syntax())?.duration()
    }

    /// What runs when it came.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(self.syntax())
    }

    /// What runs when it did not come.
    #[must_use]
    pub fn otherwise(&self) -> Option<Block> {
        child::<Else>(self.syntax())?.block()
    }
}

impl UpTo {
    /// How long.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}

impl IfStep {
    /// The ways, in order.
    pub fn arms(&self) -> impl Iterator<Item = IfArm> + use<> {
        children(self.syntax())
    }

    /// What runs when no condition holds.
    #[must_use]
    pub fn otherwise(&self) -> Option<Block> {
        child::<Else>(self.syntax())?.block()
    }
}

impl IfArm {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// What runs when it holds.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(self.syntax())
    }
}

/// Views with one expression each.
macro_rules! one_value {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The value.
                #[must_use]
                pub fn value(&self) -> Option<Expr> {
                    child(self.syntax())
                }
            }
        )*
    };
}

one_value! { At Until }
