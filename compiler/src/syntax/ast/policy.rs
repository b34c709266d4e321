//! Views of what stands above workflows: segments and policies.

use super::{
    AstNode, DurationExpr, Expr, FromValue, Name, NumberExpr, StringLit, ToValue, WeekdayName, Where, child,
    children, choice, docs, has_word, strings, views, words,
};

views! {
    /// `segment NAME of ENTITY where CONDITION`
    SegmentDecl = SEGMENT_DECL;
    /// `policy { … }`
    PolicyDecl = POLICY_DECL;
}

impl SegmentDecl {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        super::name_after(self.syntax(), "segment")
    }

    /// The entity whose members it holds.
    #[must_use]
    pub fn entity(&self) -> Option<Name> {
        super::name_after(self.syntax(), "of")
    }

    /// What is true of its members.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

impl PolicyDecl {
    /// Its rules.
    pub fn rules(&self) -> impl Iterator<Item = PolicyRule> + use<> {
        children(self.syntax())
    }

    /// Its `##` documentation.
    #[must_use]
    pub fn docs(&self) -> Option<String> {
        docs(self.syntax())
    }
}

choice! {
    /// One rule of a policy.
    PolicyRule {
        /// `quiet hours …`
        Quiet(QuietRule),
        /// `at most …`
        Cap(CapRule),
        /// `topic …`
        Topic(TopicRule),
    }
}

views! {
    /// `quiet hours for CHANNEL, … from TIME to TIME on DAYS in ZONE`
    QuietRule = QUIET_RULE;
    /// `at most NUMBER CHANNEL, … per DURATION`
    CapRule = CAP_RULE;
    /// `topic NAME opt in "…"`
    TopicRule = TOPIC_RULE;
    /// `email, sms`
    Channels = CHANNELS;
    /// `on weekdays`, `on monday, friday`
    Days = DAYS;
    /// `in contact.timezone`
    Zone = ZONE;
    /// `per …`
    Per = PER;
}

impl QuietRule {
    /// The channels that keep quiet; empty if all do.
    #[must_use]
    pub fn channels(&self) -> Vec<Name> {
        names_of(child(self.syntax()))
    }

    /// When the quiet begins.
    #[must_use]
    pub fn from(&self) -> Option<Expr> {
        child::<FromValue>(self.syntax())?.value()
    }

    /// When it ends.
    #[must_use]
    pub fn to(&self) -> Option<Expr> {
        child::<ToValue>(self.syntax())?.value()
    }

    /// The days on which it begins; all if none are written.
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

fn names_of(channels: Option<Channels>) -> Vec<Name> {
    channels.map(|it| children(it.syntax()).collect()).unwrap_or_default()
}

impl CapRule {
    /// How many.
    #[must_use]
    pub fn count(&self) -> Option<NumberExpr> {
        child(self.syntax())
    }

    /// Of which channels together; `messages` stands for every channel.
    #[must_use]
    pub fn channels(&self) -> Vec<Name> {
        names_of(child(self.syntax()))
    }

    /// In how long a time.
    #[must_use]
    pub fn window(&self) -> Option<DurationExpr> {
        child::<Per>(self.syntax())?.duration()
    }
}

/// What holds for people who have not said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consent {
    /// `opt in`: they get nothing before they have agreed.
    OptIn,
    /// `opt out`: they get it until they refuse.
    OptOut,
}

impl TopicRule {
    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What holds for people who have not said anything.
    #[must_use]
    pub fn consent(&self) -> Option<Consent> {
        match words(self.syntax()).nth(2)?.text() {
            "in" => Some(Consent::OptIn),
            "out" => Some(Consent::OptOut),
            _ => None,
        }
    }

    /// What people read about it.
    #[must_use]
    pub fn title(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

/// Days of the week, as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DaySet {
    /// `weekdays`: monday to friday.
    Weekdays,
    /// `weekends`: saturday and sunday.
    Weekends,
    /// `monday, friday`
    Some(Vec<WeekdayName>),
}

impl Days {
    /// Which.
    #[must_use]
    pub fn set(&self) -> DaySet {
        if has_word(self.syntax(), "weekdays") {
            DaySet::Weekdays
        } else if has_word(self.syntax(), "weekends") {
            DaySet::Weekends
        } else {
            DaySet::Some(children(self.syntax()).collect())
        }
    }
}

impl Zone {
    /// The zone.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl Per {
    /// How long a time: of `at most once per`, and of a cap.
    #[must_use]
    pub fn duration(&self) -> Option<DurationExpr> {
        child(self.syntax())
    }

    /// What is counted apart: of `once per`.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}
