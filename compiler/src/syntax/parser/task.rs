//! The act `task`, with its optional parts in any order.

use super::*;

impl Parser<'_> {
    pub(super) fn task(&mut self) {
        self.take_word();
        let before = self.at;
        self.expression("what is to be done, in quotes,");
        while !self.failed_since(before) && self.task_part() {}
    }

    fn task_part(&mut self) -> bool {
        match self.word() {
            Some("type") => self.node(TASK_TYPE, |p| {
                p.take_word();
                p.name("the type of the task");
            }),
            Some("due") if self.word_of(Ahead::Next) == Some("in") => self.node(TASK_DUE_IN, |p| {
                p.take_words(2);
                p.duration("how long from now, as `30m`,");
            }),
            Some("due") => self.node(TASK_DUE, |p| {
                p.take_word();
                p.expression("when it is due");
            }),
            Some("remind") => self.node(TASK_REMIND, |p| {
                p.take_word();
                if p.duration("how long before, as `10m`,") {
                    p.expect_word("before");
                }
            }),
            Some("for") => self.task_for(),
            Some("notes") => self.node(TASK_NOTES, |p| {
                p.take_word();
                p.expression("the notes");
            }),
            _ => return false,
        }
        true
    }

    fn task_for(&mut self) {
        if self.word_of(Ahead::Next) == Some("group") && self.group_follows() {
            self.node(TASK_GROUP, |p| {
                p.take_words(2);
                p.name("the name of a team");
            });
        } else {
            self.node(TASK_FOR, |p| {
                p.take_word();
                p.expression("who is to do it");
            });
        }
    }

    /// Whether `for group` is followed by a name, so that `group` is none itself.
    fn group_follows(&self) -> bool {
        self.word_of(Ahead::Third).is_some_and(|word| !words::RESERVED.contains(&word))
    }
}
