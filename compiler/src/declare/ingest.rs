//! Sources and tests: what brings facts in, and what shows that rules do what they should.
//!
//! It must not know what a source reads or a test expects.

use std::sync::Arc;

use super::collect::{Collector, declared_twice};
use super::{Author, Source, Test, Understood};
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Origin};

impl Collector<'_> {
    pub(super) fn source(
        &mut self,
        source: &ast::SourceDecl,
        origin: Origin,
        author: Author,
        understood: Understood,
    ) {
        let Some(name) = source.name() else { return };
        let span = name.span(origin);
        let name: Arc<str> = name.text().into();
        if let Some(first) = self.declared.sources.get(&name)
            && !self.takes_place("source", &name, span, author, (first.span, first.author))
        {
            return;
        }
        let docs = source.docs().unwrap_or_default().into();
        let syntax = source.clone();
        self.declared.sources.insert(name, Source { syntax, origin, docs, span, author, understood });
    }

    pub(super) fn test(&mut self, test: &ast::TestDecl, origin: Origin, understood: Understood) {
        let Some(title) = test.title() else { return };
        let span = title.span(origin);
        let Some(name) = plain_text(&title, origin, "the title of a test", self.report) else { return };
        if let Some(first) = self.declared.tests.get(&name) {
            let first = first.span;
            self.report.push(declared_twice("test", &name, span, first));
            return;
        }
        self.declared.tests.insert(name, Test { syntax: test.clone(), origin, span, understood });
    }
}
