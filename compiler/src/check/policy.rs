//! Policies: what holds above all workflows.
//!
//! It must not know workflows.

use std::sync::Arc;

use onward_bytecode::{Cap, TopicDecl};

use super::fixed::WindowParts;
use super::scope::Scope;
use super::{Checker, Cx};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Policy, Window};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, AstNode as _, Origin, PolicyRule};
use crate::uses::Thing;

/// The word for all channels.
const EVERY_CHANNEL: &str = "messages";

/// The most messages that a cap can allow.
const MOST_MESSAGES: u32 = 1_000_000;

impl Checker<'_> {
    /// What all policies of the project say together.
    pub(super) fn policy(&mut self) -> Policy {
        let declared = self.declared;
        // Times of day and zones are those of the person who would get a message.
        let scope = Scope::of_subject("contact".into());
        let mut policy = Policy::default();
        let mut caps: Vec<(Cap, Span)> = Vec::new();
        for written in &declared.policies {
            let cx = Cx { scope: &scope, origin: written.origin };
            for rule in written.syntax.rules() {
                match rule {
                    PolicyRule::Quiet(quiet) => policy.quiet.extend(self.quiet(cx, &quiet)),
                    PolicyRule::Cap(cap) => self.cap(cx, &cap, &mut caps),
                    PolicyRule::Topic(_) => {}
                }
            }
        }
        policy.caps = caps.into_iter().map(|(cap, _)| cap).collect();
        let topics = declared.topics.iter();
        policy.topics = topics
            .map(|(name, topic)| TopicDecl { name: name.clone(), opt: topic.opt, title: topic.title.clone() })
            .collect();
        policy.topics.sort_by(|a, b| a.name.cmp(&b.name));
        policy
    }

    fn quiet(&mut self, cx: Cx<'_>, rule: &ast::QuietRule) -> Option<(Vec<Arc<str>>, Window)> {
        let channels = self.channels(&rule.channels(), cx.origin);
        let parts = WindowParts { from: rule.from(), to: rule.to(), days: rule.days(), zone: rule.zone() };
        let window = self.window(cx, &parts, cx.span(rule), "`quiet hours`");
        channels.zip(window)
    }

    fn cap(&mut self, cx: Cx<'_>, rule: &ast::CapRule, caps: &mut Vec<(Cap, Span)>) {
        let span = cx.span(rule);
        let count = rule.count().and_then(|it| self.whole_number(&it, cx.origin, MOST_MESSAGES, "`at most`"));
        let channels = self.channels(&rule.channels(), cx.origin);
        let per = self.fixed_length(cx, rule.window(), "`per`");
        let (Some(count), Some(channels), Some(per)) = (count, channels, per) else { return };
        let cap = Cap { channels, count, per };
        let same = caps.iter().find(|(it, _)| it.channels == cap.channels && it.per == cap.per);
        if let Some((_, first)) = same {
            self.report.push(
                Diagnostic::error(
                    codes::CLAUSE_CONFLICT,
                    span,
                    "how many go out in this time is said already",
                )
                .also(*first, "here first")
                .help("remove one of them"),
            );
            return;
        }
        caps.push((cap, span));
    }

    /// The channels that are named, sorted; none stands for all of them.
    fn channels(&mut self, names: &[ast::Name], origin: Origin) -> Option<Vec<Arc<str>>> {
        let mut found: Vec<Arc<str>> = Vec::new();
        let mut every = false;
        let mut whole = true;
        for name in names {
            let text = name.text();
            match self.declared.channels.get_key_value(&*text) {
                Some((channel, _)) => {
                    self.report.used(name.span(origin), Thing::Channel(channel.clone()));
                    found.push(channel.clone());
                }
                None if text == EVERY_CHANNEL => every = true,
                None => {
                    whole = false;
                    self.unknown_channel(&text, name.span(origin));
                }
            }
        }
        found.sort();
        found.dedup();
        whole.then(|| if every { Vec::new() } else { found })
    }

    fn unknown_channel(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let known = || self.declared.channels.keys().map(|it| &**it).chain([EVERY_CHANNEL]);
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_CHANNEL, span, format!("there is no channel `{name}`"));
        self.report.push(match nearest(name, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!(
                "there are {}; an action that writes to people says by which: `channel {name}`",
                list_names(known(), 8)
            )),
        });
    }
}
