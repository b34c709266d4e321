//! Views of acts: what a `do` does.

use super::{
    AstNode, Dotted, DurationExpr, Expr, Name, ObjectExpr, PathExpr, child, children, choice, nth, token,
    views, words,
};
use crate::syntax::kind::SyntaxKind;

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
        /// `assign ENTITY ATTRIBUTE VALUE`, `assign ENTITY ATTRIBUTE from TEAM in turn`
        Assign(AssignAct),
        /// `create ENTITY { … }`
        Create(CreateAct),
        /// `update PATH { … }`
        Update(UpdateAct),
        /// `delete PATH`
        Delete(DeleteAct),
        /// `start WORKFLOW`
        Start(StartAct),
        /// `stop WORKFLOW`
        Stop(StopAct),
        /// `grant access to VALUE`, `revoke access to VALUE`
        Access(AccessAct),
        /// `unsubscribe`, `unsubscribe from TOPIC`
        Unsubscribe(UnsubscribeAct),
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
    /// `assign ENTITY ATTRIBUTE VALUE`, `assign ENTITY ATTRIBUTE from TEAM in turn`
    AssignAct = ASSIGN_ACT;
    /// `from TEAM in turn`
    InTurn = IN_TURN;
    /// `create ENTITY { … }`
    CreateAct = CREATE_ACT;
    /// `update PATH { … }`
    UpdateAct = UPDATE_ACT;
    /// `delete PATH`
    DeleteAct = DELETE_ACT;
    /// `start WORKFLOW`
    StartAct = START_ACT;
    /// `stop WORKFLOW`
    StopAct = STOP_ACT;
    /// `grant access to VALUE`, `revoke access to VALUE`
    AccessAct = ACCESS_ACT;
    /// `unsubscribe`, `unsubscribe from TOPIC`
    UnsubscribeAct = UNSUBSCRIBE_ACT;
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

one_value! { AddTagAct RemoveTagAct NoteAct AccessAct TaskDue TaskFor TaskNotes }

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

one_name! { TaskType TaskGroup }

/// Views of what names a workflow.
macro_rules! of_workflow {
    ($($view:ident)*) => {
        $(
            impl $view {
                /// The workflow.
                #[must_use]
                pub fn workflow(&self) -> Option<Name> {
                    child(self.syntax())
                }
            }
        )*
    };
}

of_workflow! { StartAct StopAct }

impl AssignAct {
    /// Whose attribute: the entity, or a path to one.
    #[must_use]
    pub fn target(&self) -> Option<PathExpr> {
        child(self.syntax())
    }

    /// The attribute.
    #[must_use]
    pub fn attribute(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The value, if it is not a team's next member.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        // The first is the target.
        nth(self.syntax(), 1)
    }

    /// The team whose members take turns.
    #[must_use]
    pub fn team(&self) -> Option<Name> {
        child(child::<InTurn>(self.syntax())?.syntax())
    }
}

impl CreateAct {
    /// The entity.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its attributes.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

impl UpdateAct {
    /// What is updated.
    #[must_use]
    pub fn target(&self) -> Option<PathExpr> {
        child(self.syntax())
    }

    /// The attributes that change.
    #[must_use]
    pub fn fields(&self) -> Option<ObjectExpr> {
        child(self.syntax())
    }
}

impl DeleteAct {
    /// What is deleted.
    #[must_use]
    pub fn target(&self) -> Option<PathExpr> {
        child(self.syntax())
    }
}

/// What happens to somebody's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessMove {
    /// `grant`
    Grant,
    /// `revoke`
    Revoke,
}

impl AccessAct {
    /// What happens to the access.
    #[must_use]
    pub fn change(&self) -> Option<AccessMove> {
        match words(self.syntax()).next()?.text() {
            "grant" => Some(AccessMove::Grant),
            "revoke" => Some(AccessMove::Revoke),
            _ => None,
        }
    }
}

impl UnsubscribeAct {
    /// The topic; none if it is from everything.
    #[must_use]
    pub fn topic(&self) -> Option<Name> {
        child(self.syntax())
    }
}
