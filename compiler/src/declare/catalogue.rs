//! What the catalogue declares: collected once in each thread, as it never changes.
//!
//! It must not know what a project declares in its place.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::collect::{Collector, collect_rules};
use super::{Action, Author, Declarations, Event, Field, Segment, Sender, Source, Team};
use crate::diagnostic::{FileId, Span};
use crate::report::Report;
use crate::source;

thread_local! {
    /// The trees of syntax that declarations hold cannot go to another thread.
    static DECLARED: OnceCell<Rc<Declarations>> = const { OnceCell::new() };
}

/// What the catalogue declares, as if its files were numbered from 0 on.
pub(super) fn declared() -> Rc<Declarations> {
    DECLARED.with(|it| {
        it.get_or_init(|| {
            let sources: Vec<_> = source::catalogue(0).collect();
            Rc::new(collect_rules(&sources, &[], &mut Report::default()))
        })
        .clone()
    })
}

/// Something that is declared in a file of the catalogue.
trait Moved: Clone {
    /// Adds `first` to the numbers of files in it.
    fn move_files(&mut self, first: u32);

    fn moved(&self, first: u32) -> Self {
        let mut moved = self.clone();
        moved.move_files(first);
        moved
    }
}

impl Moved for Span {
    fn move_files(&mut self, first: u32) {
        self.file = FileId(self.file.0 + first);
    }
}

impl Moved for Field {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
    }
}

impl Moved for Event {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
        self.fields.values_mut().for_each(|it| it.move_files(first));
    }
}

impl Moved for Sender {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
    }
}

impl Moved for Team {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
    }
}

impl Moved for Action {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
        self.origin.file = FileId(self.origin.file.0 + first);
        self.params.values_mut().for_each(|it| it.span.move_files(first));
    }
}

impl Moved for Segment {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
        self.origin.file = FileId(self.origin.file.0 + first);
    }
}

impl Moved for Source {
    fn move_files(&mut self, first: u32) {
        self.span.move_files(first);
        self.origin.file = FileId(self.origin.file.0 + first);
    }
}

/// Adds what a project does not declare itself.
fn add<T: Moved>(own: &mut IndexMap<Arc<str>, T>, std: &IndexMap<Arc<str>, T>, first: u32) {
    for (name, it) in std {
        if !own.contains_key(name) {
            own.insert(name.clone(), it.moved(first));
        }
    }
}

impl Collector<'_> {
    /// Adds what the catalogue declares, whose files are numbered from `first` on.
    pub(super) fn catalogue(&mut self, std: &Declarations, first: u32) {
        add(&mut self.declared.events, &std.events, first);
        add(&mut self.declared.senders, &std.senders, first);
        add(&mut self.declared.teams, &std.teams, first);
        add(&mut self.declared.actions, &std.actions, first);
        add(&mut self.declared.segments, &std.segments, first);
        add(&mut self.declared.sources, &std.sources, first);
        for (name, span) in &std.channels {
            self.declared.channels.entry(name.clone()).or_insert_with(|| span.moved(first));
        }
        for (name, entity) in &std.entities {
            let attributes = entity.attributes.iter().map(|(name, it)| (name.clone(), it.moved(first)));
            let spans = entity.spans.iter().map(|it| it.moved(first)).collect();
            let parts = (attributes.collect(), entity.docs.clone(), spans);
            self.add_entity(name.clone(), parts, Author::Std, entity.understood);
        }
    }
}
