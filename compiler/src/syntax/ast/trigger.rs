//! Views of triggers: what starts a workflow.

use super::{AstNode, At, DurationExpr, Expr, Name, child, choice, has_word, nth, views, words};

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
        /// `ENTITY deleted`
        Deleted(DeletedTrigger),
        /// `ENTITY enters SEGMENT`, `ENTITY leaves SEGMENT`
        Segment(SegmentTrigger),
        /// `ENTITY.ATTRIBUTE drops to VALUE`, `… rises above VALUE`
        Crossing(CrossingTrigger),
        /// `ENTITY.ATTRIBUTE gains VALUE`, `… loses VALUE`
        List(ListTrigger),
        /// `ENTITY.ATTRIBUTE unchanged for DURATION`
        Stale(StaleTrigger),
        /// `ENTITY.ATTRIBUTE every year at TIME`
        Yearly(YearlyTrigger),
        /// `ENTITY.ATTRIBUTE at TIME`: on the day itself
        Date(DateTrigger),
        /// `DURATION before ENTITY.ATTRIBUTE at TIME`, `… after …`
        Offset(OffsetTrigger),
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
    /// `ENTITY deleted`
    DeletedTrigger = DELETED_TRIGGER;
    /// `ENTITY enters SEGMENT`, `ENTITY leaves SEGMENT`
    SegmentTrigger = SEGMENT_TRIGGER;
    /// `ENTITY.ATTRIBUTE drops to VALUE`, `… rises above VALUE`
    CrossingTrigger = CROSSING_TRIGGER;
    /// `ENTITY.ATTRIBUTE gains VALUE`, `… loses VALUE`
    ListTrigger = LIST_TRIGGER;
    /// `ENTITY.ATTRIBUTE unchanged for DURATION`
    StaleTrigger = STALE_TRIGGER;
    /// `ENTITY.ATTRIBUTE every year at TIME`
    YearlyTrigger = YEARLY_TRIGGER;
    /// `ENTITY.ATTRIBUTE at TIME`
    DateTrigger = DATE_TRIGGER;
    /// `DURATION before ENTITY.ATTRIBUTE at TIME`, `… after …`
    OffsetTrigger = OFFSET_TRIGGER;
    /// `to VALUE`, `above VALUE`, `below VALUE`
    BoundValue = BOUND;
    /// `from VALUE`
    FromValue = FROM;
    /// `to VALUE`
    ToValue = TO;
}

impl AttributeTrigger {
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

/// Views that begin with `ENTITY.ATTRIBUTE`.
macro_rules! of_attribute {
    ($($view:ident)*) => {
        $(
            impl $view {
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
            }
        )*
    };
}

of_attribute! {
    AttributeTrigger CrossingTrigger ListTrigger StaleTrigger YearlyTrigger DateTrigger OffsetTrigger
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

one_value! { FromValue ToValue BoundValue ListTrigger }

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

one_name! { EventTrigger CreatedTrigger ChangesTrigger DeletedTrigger }

/// Which edge of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// `enters`
    Enters,
    /// `leaves`
    Leaves,
}

impl SegmentTrigger {
    /// The entity.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        nth(self.syntax(), 0)
    }

    /// Which edge.
    #[must_use]
    pub fn edge(&self) -> Edge {
        if has_word(self.syntax(), "leaves") { Edge::Leaves } else { Edge::Enters }
    }

    /// The segment.
    #[must_use]
    pub fn segment(&self) -> Option<Name> {
        nth(self.syntax(), 1)
    }
}

/// Which way an ordered value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// `drops`
    Drops,
    /// `rises`
    Rises,
}

/// What an ordered value must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// `to`
    To,
    /// `above`
    Above,
    /// `below`
    Below,
}

impl CrossingTrigger {
    /// Which way.
    #[must_use]
    pub fn direction(&self) -> Direction {
        if has_word(self.syntax(), "rises") { Direction::Rises } else { Direction::Drops }
    }

    /// The value to cross; none if any move counts.
    #[must_use]
    pub fn bound(&self) -> Option<BoundValue> {
        child(self.syntax())
    }
}

impl BoundValue {
    /// What must be reached.
    #[must_use]
    pub fn reach(&self) -> Option<Reach> {
        match words(self.syntax()).next()?.text() {
            "to" => Some(Reach::To),
            "above" => Some(Reach::Above),
            "below" => Some(Reach::Below),
            _ => None,
        }
    }
}

/// What happens to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListMove {
    /// `gains`
    Gains,
    /// `loses`
    Loses,
}

impl ListTrigger {
    /// What happens to the list.
    #[must_use]
    pub fn change(&self) -> ListMove {
        if has_word(self.syntax(), "loses") { ListMove::Loses } else { ListMove::Gains }
    }
}

impl StaleTrigger {
    /// For how long.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}

impl YearlyTrigger {
    /// The time of day.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }
}

impl DateTrigger {
    /// The time of day.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }
}

/// On which side of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// `before`
    Before,
    /// `after`
    After,
}

impl OffsetTrigger {
    /// How far from the date.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }

    /// On which side of it.
    #[must_use]
    pub fn side(&self) -> Side {
        if has_word(self.syntax(), "after") { Side::After } else { Side::Before }
    }

    /// The time of day.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }
}
