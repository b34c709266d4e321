//! Views of clauses: what a workflow says before its first step.

use super::{
    Alias, AstNode, At, Days, DurationExpr, Expr, Name, NumberExpr, Per, Trigger, WeekdayName, Where, Zone,
    child, children, choice, nth, views, words,
};

choice! {
    /// What a workflow says before its first step.
    Clause {
        /// `on TRIGGER`
        On(OnClause),
        /// `once`, `once per VALUE`
        Once(OnceClause),
        /// `every time`
        EveryTime(EveryTimeClause),
        /// `exit when CONDITION`
        ExitWhen(ExitWhenClause),
        /// `exit on EVENT`
        ExitOn(ExitOnClause),
        /// `while running …`
        WhileRunning(WhileRunningClause),
        /// `draft`
        Draft(DraftClause),
        /// `every monday at 09:00 for contact in trials`
        Schedule(ScheduleClause),
        /// `at most once per DURATION`
        AtMostOnce(AtMostOnceClause),
        /// `goal EVENT within DURATION`
        Goal(GoalClause),
        /// `holdout 10%`
        Holdout(HoldoutClause),
        /// `send between TIME and TIME`
        SendBetween(SendBetweenClause),
        /// `topic NAME`
        Topic(TopicClause),
        /// `max age DURATION`
        MaxAge(MaxAgeClause),
    }
}

views! {
    /// `on TRIGGER as NAME where CONDITION`
    OnClause = ON_CLAUSE;
    /// `once`, `once per VALUE`
    OnceClause = ONCE_CLAUSE;
    /// `every time`
    EveryTimeClause = EVERY_TIME_CLAUSE;
    /// `exit when CONDITION`
    ExitWhenClause = EXIT_WHEN_CLAUSE;
    /// `exit on EVENT as NAME where CONDITION`
    ExitOnClause = EXIT_ON_CLAUSE;
    /// `while running …`
    WhileRunningClause = WHILE_RUNNING_CLAUSE;
    /// `draft`
    DraftClause = DRAFT_CLAUSE;
    /// `every RHYTHM at TIME for ENTITY in SEGMENT where CONDITION`
    ScheduleClause = SCHEDULE_CLAUSE;
    /// `at most once per DURATION`
    AtMostOnceClause = AT_MOST_ONCE_CLAUSE;
    /// `goal EVENT as NAME where CONDITION within DURATION`
    GoalClause = GOAL_CLAUSE;
    /// `holdout 10%`
    HoldoutClause = HOLDOUT_CLAUSE;
    /// `send between TIME and TIME on DAYS in ZONE`
    SendBetweenClause = SEND_BETWEEN_CLAUSE;
    /// `topic NAME`
    TopicClause = TOPIC_CLAUSE;
    /// `max age DURATION`
    MaxAgeClause = MAX_AGE_CLAUSE;
    /// `within DURATION`
    Within = WITHIN;
    /// `monday, friday`, `day`, `weekday`, `2 weeks`: what follows `every`.
    RhythmExpr = RHYTHM;
    /// `for NAME`
    ForEach = FOR_EACH;
    /// `in SEGMENT`
    InSegment = IN_SEGMENT;
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

impl OnceClause {
    /// What is counted apart: of `once per VALUE`.
    #[must_use]
    pub fn per(&self) -> Option<Expr> {
        child::<Per>(self.syntax())?.value()
    }
}

impl AtMostOnceClause {
    /// In how long a time.
    #[must_use]
    pub fn per(&self) -> Option<DurationExpr> {
        child::<Per>(self.syntax())?.duration()
    }
}

/// How often a schedule comes round.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rhythm {
    /// `day`
    Day,
    /// `weekday`: monday to friday.
    Weekday,
    /// `monday, friday`
    Days(Vec<WeekdayName>),
    /// `2 weeks`
    Every(DurationExpr),
}

impl ScheduleClause {
    /// How often.
    #[must_use]
    pub fn rhythm(&self) -> Option<Rhythm> {
        child::<RhythmExpr>(self.syntax())?.rhythm()
    }

    /// The time of day.
    #[must_use]
    pub fn at(&self) -> Option<Expr> {
        child::<At>(self.syntax())?.value()
    }

    /// The entity: a run starts for each.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        child(child::<ForEach>(self.syntax())?.syntax())
    }

    /// The segment that it must be in.
    #[must_use]
    pub fn segment(&self) -> Option<Name> {
        child(child::<InSegment>(self.syntax())?.syntax())
    }

    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }
}

impl RhythmExpr {
    /// What it says.
    #[must_use]
    pub fn rhythm(&self) -> Option<Rhythm> {
        if let Some(duration) = child(self.syntax()) {
            return Some(Rhythm::Every(duration));
        }
        let days: Vec<WeekdayName> = children(self.syntax()).collect();
        if !days.is_empty() {
            return Some(Rhythm::Days(days));
        }
        match words(self.syntax()).next()?.text() {
            "day" => Some(Rhythm::Day),
            "weekday" => Some(Rhythm::Weekday),
            _ => None,
        }
    }
}

impl GoalClause {
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

    /// In how long a time from the start.
    #[must_use]
    pub fn within(&self) -> Option<DurationExpr> {
        child(child::<Within>(self.syntax())?.syntax())
    }
}

impl HoldoutClause {
    /// Of a hundred, how many are kept out.
    #[must_use]
    pub fn percent(&self) -> Option<NumberExpr> {
        child(self.syntax())
    }
}

impl SendBetweenClause {
    /// When sending may begin.
    #[must_use]
    pub fn from(&self) -> Option<Expr> {
        nth(self.syntax(), 0)
    }

    /// When it must end.
    #[must_use]
    pub fn to(&self) -> Option<Expr> {
        nth(self.syntax(), 1)
    }

    /// On which days; all if none are written.
    #[must_use]
    pub fn days(&self) -> Option<Days> {
        child(self.syntax())
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> Option<Expr> {
        child::<Zone>(self.syntax())?.value()
    }
}

impl TopicClause {
    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl MaxAgeClause {
    /// How old an event may be.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }
}
