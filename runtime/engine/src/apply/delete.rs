//! The end of an entity: its runs end, workflows for its end start, and it goes with the last of them.

use onward_bytecode::EntityId;

use super::Met;
use super::start::Happened;
use super::turn::{Firing, Turn};
use crate::model::{Fact, Finish};

impl Turn<'_> {
    /// The subject is gone: its runs end, and what starts at its end sees what it was like.
    pub(super) fn delete(&mut self, fact: &Fact) -> Met<()> {
        let subject = &fact.subject;
        let there = self.entity(subject)?.is_some_and(|entity| entity.deleted.is_none());
        if !there && self.is_buried(subject)? {
            return Ok(());
        }
        for id in self.unfinished(subject)? {
            if let Some(run) = self.run(&id).cloned() {
                self.end(run, Finish::Orphaned, format!("{subject} was deleted"));
            }
        }
        self.queue.clear();
        if !there {
            return Ok(());
        }
        self.tell_referrers_of_end(subject)?;
        self.bury(subject)?;
        if self.firing == Firing::Live {
            self.match_end(fact)?;
            self.react_to_all()?;
        }
        if self.unfinished(subject)?.is_empty() {
            self.erase(subject);
        }
        Ok(())
    }

    fn match_end(&mut self, fact: &Fact) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let attributes = self.attributes(&fact.subject)?;
        let found = live.index().deleted(&fact.subject.kind, &attributes);
        self.try_all(&live, found, Happened { subject: &fact.subject, event: None, moved: None, at: fact.at })
    }

    /// A fact about what was buried is about a new entity: the old one is no more.
    pub(super) fn begin_anew(&mut self, subject: &EntityId) -> Met<()> {
        if self.is_buried(subject)? {
            self.erase(subject);
        }
        Ok(())
    }

    /// Takes away what was buried and whose last runs have ended.
    pub(super) fn erase_buried(&mut self) -> Met<()> {
        for subject in self.touched() {
            if self.is_buried(&subject)? && self.unfinished(&subject)?.is_empty() {
                self.erase(&subject);
            }
        }
        Ok(())
    }
}
