//! Segments, and the topics of policies.
//!
//! What else a policy says declares nothing. It must not look into conditions.

use std::sync::Arc;

use onward_bytecode::Opt;

use super::collect::{Collector, declared_twice};
use super::{Author, Policy, Segment, Topic, Understood};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Origin, PolicyRule};

/// Topics that mean something of themselves.
const OWN_TOPICS: [(&str, &str); 2] = [
    ("transactional", "messages that somebody waits for, which no policy holds back"),
    ("all", "every topic"),
];

impl Collector<'_> {
    pub(super) fn segment(
        &mut self,
        segment: &ast::SegmentDecl,
        origin: Origin,
        author: Author,
        understood: Understood,
    ) {
        let kind = segment.entity().map(|it| self.known_entity(&it, origin));
        let Some(name) = segment.name() else { return };
        let span = name.span(origin);
        let name: Arc<str> = name.text().into();
        if let Some(first) = self.declared.segments.get(&name)
            && !self.takes_place("segment", &name, span, author, (first.span, first.author))
        {
            return;
        }
        let understood = if kind.is_some() { understood } else { Understood::Partly };
        let kind = kind.unwrap_or_else(|| "contact".into());
        let docs = segment.docs().unwrap_or_default().into();
        let syntax = segment.clone();
        self.declared.segments.insert(name, Segment { kind, syntax, origin, docs, span, author, understood });
    }

    pub(super) fn policy(&mut self, policy: &ast::PolicyDecl, origin: Origin) {
        for rule in policy.rules() {
            if let PolicyRule::Topic(topic) = rule {
                self.topic(&topic, origin);
            }
        }
        self.declared.policies.push(Policy { syntax: policy.clone(), origin });
    }

    fn topic(&mut self, topic: &ast::TopicRule, origin: Origin) {
        let title = topic.title().and_then(|it| plain_text(&it, origin, "the title of a topic", self.report));
        let Some(name) = topic.name() else { return };
        let span = name.span(origin);
        let text: Arc<str> = name.text().into();
        if let Some((_, meaning)) = OWN_TOPICS.iter().find(|(it, _)| **it == *text) {
            self.report.push(
                Diagnostic::error(codes::NAME_TAKEN, span, format!("`{text}` stands for {meaning}"))
                    .help("give the topic another name, or remove it"),
            );
            return;
        }
        if let Some(first) = self.declared.topics.get(&text).map(|it| it.span) {
            self.report.push(declared_twice("topic", &text, span, first));
            return;
        }
        let opt = match topic.consent() {
            Some(ast::Consent::OptIn) => Opt::In,
            // After a mistake either is as good.
            Some(ast::Consent::OptOut) | None => Opt::Out,
        };
        let title = title.unwrap_or_else(|| "".into());
        self.declared.topics.insert(text, Topic { opt, title, span });
    }
}
