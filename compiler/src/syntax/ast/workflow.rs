//! Views of workflows: clauses, triggers, steps and acts.

use super::{
    Alias, AstNode, Dotted, DurationExpr, Expr, Name, ObjectExpr, PathExpr, StringLit, Where, child,
    children, choice, docs, nth, strings, token, views, words,
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

one_name! { Subject Label EventTrigger CreatedTrigger ChangesTrigger TaskType TaskGroup }

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
    /// What a workflow says before its first step.
    Clause {
        /// `on TRIGGER`
        On(OnClause),
        /// `once`
        Once(OnceClause),
        /// `every time`
        EveryTime(EveryTimeClause),
        /// `exit when CONDITION`
        ExitWhen(ExitWhenClause),
        /// `exit on EVENT`
        ExitOn(ExitOnClause),
        /// `while running …`
        WhileRunning(WhileRunningClause),
    }
}

views! {
    /// `on TRIGGER as NAME where CONDITION`
    OnClause = ON_CLAUSE;
    /// `once`
    OnceClause = ONCE_CLAUSE;
    /// `every time`
    EveryTimeClause = EVERY_TIME_CLAUSE;
    /// `exit when CONDITION`
    ExitWhenClause = EXIT_WHEN_CLAUSE;
    /// `exit on EVENT as NAME where CONDITION`
    ExitOnClause = EXIT_ON_CLAUSE;
    /// `while running …`
    WhileRunningClause = WHILE_RUNNING_CLAUSE;
}

impl OnClause {
    /// What starts the workflow.
    #[must_use]
    pub fn trigger(&self) -> Option<Trigger> {
        child(self.syntax())
    }

    /// The event's name in this workflow.
    #[must_use]
    pub fn alias(&self) -> Option<Name> {
        child::<Alias>(self.syntax())?.name()
    }

    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }
}

impl ExitWhenClause {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl ExitOnClause {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The event's name in the condition.
    #[must_use]
    pub fn alias(&self) -> Option<Name> {
        child::<Alias>(self.syntax())?.name()
    }

    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }
}

/// What a second match does while a run of the same subject is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overlap {
    /// `ignore`
    Ignore,
    /// `restart`
    Restart,
    /// `queue`
    Queue,
    /// `parallel`
    Parallel,
}

impl WhileRunningClause {
    /// What a second match does.
    #[must_use]
    pub fn overlap(&self) -> Option<Overlap> {
        match words(self.syntax()).nth(2)?.text() {
            "ignore" => Some(Overlap::Ignore),
            "restart" => Some(Overlap::Restart),
            "queue" => Some(Overlap::Queue),
            "parallel" => Some(Overlap::Parallel),
            _ => None,
        }
    }
}

choice! {
    /// What starts a workflow.
    Trigger {
        /// `EVENT`
        Event(EventTrigger),
        /// `ENTITY created`
        Created(CreatedTrigger),
        /// `ENTITY changes`
        Changes(ChangesTrigger),
        /// `ENTITY.ATTRIBUTE changes from … to …`
        Attribute(AttributeTrigger),
    }
}

views! {
    /// `EVENT`
    EventTrigger = EVENT_TRIGGER;
    /// `ENTITY created`
    CreatedTrigger = CREATED_TRIGGER;
    /// `ENTITY changes`
    ChangesTrigger = CHANGES_TRIGGER;
    /// `ENTITY.ATTRIBUTE changes from … to …`
    AttributeTrigger = ATTRIBUTE_TRIGGER;
    /// `from VALUE`
    FromValue = FROM;
    /// `to VALUE`
    ToValue = TO;
}

impl AttributeTrigger {
    /// The entity.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        nth(self.syntax(), 0)
    }

    /// The attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<Name> {
        nth(self.syntax(), 1)
    }

    /// The value that it had.
    #[must_use]
    pub fn from(&self) -> Option<Expr> {
        child::<FromValue>(self.syntax())?.value()
    }

    /// The value that it gets.
    #[must_use]
    pub fn to(&self) -> Option<Expr> {
        child::<ToValue>(self.syntax())?.value()
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

choice! {
    /// What a `do` does.
    Act {
        /// `set PATH = VALUE`
        Set(SetAct),
        /// `add tag VALUE`
        AddTag(AddTagAct),
        /// `remove tag VALUE`
        RemoveTag(RemoveTagAct),
        /// `emit EVENT { … }`
        Emit(EmitAct),
        /// `task TITLE …`
        Task(TaskAct),
        /// `note VALUE`
        Note(NoteAct),
        /// `email welcome`: any other, a call outside
        Effect(EffectAct),
    }
}

views! {
    /// `set PATH = VALUE`
    SetAct = SET_ACT;
    /// `add tag VALUE`
    AddTagAct = ADD_TAG_ACT;
    /// `remove tag VALUE`
    RemoveTagAct = REMOVE_TAG_ACT;
    /// `emit EVENT { … }`
    EmitAct = EMIT_ACT;
    /// `task TITLE …`
    TaskAct = TASK_ACT;
    /// `note VALUE`
    NoteAct = NOTE_ACT;
    /// `ACTION [VALUE] [LABEL VALUE …]`
    EffectAct = EFFECT_ACT;
    /// `LABEL VALUE`
    Argument = ARGUMENT;
    /// `type NAME`
    TaskType = TASK_TYPE;
    /// `due in DURATION`
    TaskDueIn = TASK_DUE_IN;
    /// `due VALUE`
    TaskDue = TASK_DUE;
    /// `remind DURATION before`
    TaskRemind = TASK_REMIND;
    /// `for group NAME`
    TaskGroup = TASK_GROUP;
    /// `for VALUE`
    TaskFor = TASK_FOR;
    /// `notes VALUE`
    TaskNotes = TASK_NOTES;
}

impl SetAct {
    /// What is set.
    #[must_use]
    pub fn target(&self) -> Option<PathExpr> {
        // Without a target, the first path would be the value.
        let eq = token(self.syntax(), |kind| kind == SyntaxKind::EQ);
        child::<PathExpr>(self.syntax())
            .filter(|path| eq.is_none_or(|eq| path.range().end() <= eq.text_range().start()))
    }

    /// The new value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        let eq = token(self.syntax(), |kind| kind == SyntaxKind::EQ)?;
        children::<Expr>(self.syntax()).find(|expr| expr.range().start() >= eq.text_range().end())
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

one_value! { FromValue ToValue At AddTagAct RemoveTagAct NoteAct TaskDue TaskFor TaskNotes }

impl EmitAct {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The event's fields.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

impl TaskAct {
    /// What is to be done.
    #[must_use]
    pub fn title(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// Its optional parts, in the order written; one may be written twice.
    pub fn parts(&self) -> impl Iterator<Item = TaskPart> + use<> {
        children(self.syntax())
    }
}

choice! {
    /// An optional part of a `task`.
    TaskPart {
        /// `type NAME`
        Type(TaskType),
        /// `due in DURATION`
        DueIn(TaskDueIn),
        /// `due VALUE`
        Due(TaskDue),
        /// `remind DURATION before`
        Remind(TaskRemind),
        /// `for group NAME`
        Group(TaskGroup),
        /// `for VALUE`
        For(TaskFor),
        /// `notes VALUE`
        Notes(TaskNotes),
    }
}

impl TaskDueIn {
    /// How long from now.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}

impl TaskRemind {
    /// How long before it is due.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}

impl EffectAct {
    /// The action's dotted name.
    #[must_use]
    pub fn name(&self) -> Option<Dotted> {
        child(self.syntax())
    }

    /// The first value, which has no label.
    #[must_use]
    pub fn first(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The labelled values.
    pub fn arguments(&self) -> impl Iterator<Item = Argument> + use<> {
        children(self.syntax())
    }
}

impl Argument {
    /// The label; none after a mistake only.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}
