//! Sources: how a provider's webhook becomes entities and events.
//!
//! A source sees the request, settings and nothing else; secrets only where they prove who
//! sent it, which is in [`super::source_verify`]. It must not know how requests arrive.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Presence, Scalar, Type};

use super::narrow::{Outcome, facts, proved};
use super::scope::{Place, Scope};
use super::{Checker, Cx, Times, typed, words};
use crate::codes;
use crate::declare::{self, Author, Understood, unknown_entity};
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{self, Expr, ExprKind, SourceItem, Ty, Verify};
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Origin};
use crate::uses::Thing;

/// What stands before the path of every source.
const BELOW: &str = "/in/";
/// The parts of a request, and whether each is JSON.
const REQUEST: [(&str, Scalar); 6] = [
    ("body", Scalar::Json),
    ("raw", Scalar::Text),
    ("headers", Scalar::Json),
    ("query", Scalar::Json),
    ("url", Scalar::Text),
    ("method", Scalar::Text),
];

/// What a source says once, each with its place.
#[derive(Default)]
struct Head {
    path: Option<(Option<Arc<str>>, Span)>,
    verify: Vec<Verify>,
    id: Option<(Option<Expr>, Span)>,
    at: Option<(Option<Expr>, Span)>,
    broken: bool,
}

/// An entity that stands before: whom events are about, and what attributes refer to.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) kind: Arc<str>,
    /// The keys that name it, as JSON.
    pub(super) keys: Expr,
}

/// Where a line of a source stands.
#[derive(Clone)]
struct Block {
    scope: Scope,
    origin: Origin,
    /// Entities before it in its block and around it, the nearest last.
    named: Vec<Named>,
}

impl Block {
    fn cx(&self) -> Cx<'_> {
        Cx { scope: &self.scope, origin: self.origin }
    }

    /// The same with more that is known to be there.
    fn knowing(&self, facts: std::collections::BTreeSet<String>) -> Self {
        Self { scope: self.scope.knowing(facts), ..self.clone() }
    }
}

impl Checker<'_> {
    /// The sources of the project, and those of the catalogue that it uses.
    pub(super) fn sources(&mut self) -> IndexMap<Arc<str>, hir::Source> {
        let declared = self.declared;
        self.used_sources_exist();
        let mut found: IndexMap<Arc<str>, hir::Source> = IndexMap::new();
        for (name, source) in &declared.sources {
            let used = declared.config.sources.iter().any(|(it, _)| it == name);
            if source.author == Author::Std && !used {
                continue;
            }
            if let Some(checked) = self.one_source(name, source) {
                self.path_is_free(&checked, &found);
                found.insert(name.clone(), checked);
            }
        }
        found.sort_keys();
        found
    }

    /// Refuses names in `[sources] use` that nobody declares.
    fn used_sources_exist(&mut self) {
        let declared = self.declared;
        for (name, span) in &declared.config.sources {
            if declared.sources.contains_key(name) {
                self.report.used(self.inside_quotes(*span), Thing::Source(name.clone()));
                continue;
            }
            if declared.stray.contains(&**name) {
                continue;
            }
            let message = format!("there is no source `{name}`");
            let diagnostic = Diagnostic::error(codes::UNKNOWN_SOURCE, *span, message);
            let known = || declared.sources.keys().map(|it| &**it);
            self.report.push(match crate::nearest::nearest(name, known()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).replace(
                    *span,
                    format!("\"{near}\""),
                    crate::diagnostic::Applicability::Unsure,
                ),
                None => diagnostic.help(format!(
                    "the catalogue has {}; declare another by `source {name} {{ … }}`",
                    crate::nearest::list_names(known(), 30)
                )),
            });
        }
    }

    fn path_is_free(&mut self, source: &hir::Source, others: &IndexMap<Arc<str>, hir::Source>) {
        if let Some(other) = others.values().find(|it| it.path == source.path) {
            let own =
                |name: &str| self.declared.sources.get(name).is_some_and(|it| it.author == Author::User);
            // What the catalogue says is right: the project's own has to give way.
            let (source, other) = if own(&source.name) { (source, other) } else { (other, source) };
            self.report.push(
                Diagnostic::error(
                    codes::SOURCE_PATH,
                    source.span,
                    format!("`{}` and `{}` listen at one path, `{}`", other.name, source.name, source.path),
                )
                .also(other.span, "the other is declared here")
                .help("give one of them another path"),
            );
        }
    }

    fn one_source(&mut self, name: &Arc<str>, source: &declare::Source) -> Option<hir::Source> {
        self.begin();
        let request: IndexMap<Arc<str>, Option<Ty>> = REQUEST
            .iter()
            .map(|(name, scalar)| {
                let ty = Ty { ty: Type::One(scalar.clone()), presence: Presence::Required };
                (Arc::from(*name), Some(ty))
            })
            .collect();
        let proof = Scope::of_action(request.clone());
        let mut block = Block { scope: Scope::of_answer(request), origin: source.origin, named: Vec::new() };
        let mut head = Head::default();
        let mut items = Some(Vec::new());
        for item in source.syntax.items() {
            let proof = Cx { scope: &proof, origin: source.origin };
            if self.source_head(proof, block.cx(), &item, &mut head) {
                continue;
            }
            keep(&mut items, self.source_item(&mut block, &item));
        }
        self.has_path_and_proof(source, name, &head);
        if head.broken {
            return None;
        }
        Some(hir::Source {
            name: name.clone(),
            path: head.path?.0?,
            verify: head.verify,
            id: super::trigger::flip(head.id.map(|it| it.0))?,
            at: super::trigger::flip(head.at.map(|it| it.0))?,
            items: items?,
            docs: source.docs.clone(),
            span: source.span,
        })
    }

    /// Takes what a source says once; whether `item` was that.
    fn source_head(&mut self, proof: Cx<'_>, cx: Cx<'_>, item: &ast::SourceItem, head: &mut Head) -> bool {
        let span = self.first_word_of(item, cx.origin);
        let again = match item {
            ast::SourceItem::Path(it) => {
                let path = it.path().and_then(|it| self.source_path(&it, cx.origin));
                put(&mut head.path, path, span)
            }
            ast::SourceItem::Id(it) => {
                let id = it.value().and_then(|it| self.taken(cx, &it, &Type::One(Scalar::Text), "`id`"));
                put(&mut head.id, id, span)
            }
            ast::SourceItem::Time(it) => {
                let at = it.value().and_then(|it| self.taken(cx, &it, &Type::One(Scalar::Time), "`time`"));
                put(&mut head.at, at, span)
            }
            ast::SourceItem::Hmac(_)
            | ast::SourceItem::BasicAuth(_)
            | ast::SourceItem::BearerAuth(_)
            | ast::SourceItem::Token(_) => {
                match self.verify(proof, item, span) {
                    Some(verify) => head.verify.push(verify),
                    None => head.broken = true,
                }
                None
            }
            _ => return false,
        };
        if let Some(first) = again {
            head.broken = true;
            self.report.push(
                Diagnostic::error(codes::SOURCE_CLAUSE, span, "a source says this once")
                    .also(first, "here first")
                    .help("remove one of them"),
            );
        }
        true
    }

    fn source_path(&mut self, literal: &ast::StringLit, origin: Origin) -> Option<Arc<str>> {
        let span = literal.span(origin);
        let path = plain_text(literal, origin, "a path", self.report)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        let rest = path.strip_prefix(BELOW).filter(|it| !it.is_empty() && !it.ends_with('/'));
        if rest.is_none() || !path.chars().all(plain) || path.contains("//") {
            let message = format!("`{path}` is not the path of a source");
            let help = "it begins with `/in/` and goes on with letters, digits and dashes: `/in/shopify`";
            return self.error(codes::SOURCE_PATH, span, message, help);
        }
        Some(path)
    }

    fn has_path_and_proof(&mut self, source: &declare::Source, name: &str, head: &Head) {
        if source.understood == Understood::Partly {
            return;
        }
        if head.path.is_none() {
            let message = format!("`{name}` does not say where it listens");
            self.say(codes::SOURCE_PATH, source.span, message, format!("add `path \"/in/{name}\"`"));
        } else if head.verify.is_empty() && !head.broken {
            self.report.push(
                Diagnostic::warning(
                    codes::UNVERIFIED_SOURCE,
                    source.span,
                    format!("anybody who knows its address can send to `{name}`"),
                )
                .help("say what proves who sends: `verify hmac …`, or a secret in the address, `verify token secret.… in query \"key\"`"),
            );
        }
    }

    fn source_items(
        &mut self,
        mut block: Block,
        items: impl Iterator<Item = ast::SourceItem>,
    ) -> Option<Vec<SourceItem>> {
        let mut found = Some(Vec::new());
        for item in items {
            keep(&mut found, self.source_item(&mut block, &item));
        }
        found
    }

    fn source_item(&mut self, block: &mut Block, item: &ast::SourceItem) -> Option<SourceItem> {
        match item {
            ast::SourceItem::When(it) => self.source_when(block, it),
            ast::SourceItem::Each(it) => self.source_each(block, it),
            ast::SourceItem::Identify(it) => self.identify(block, it),
            ast::SourceItem::Event(it) => self.source_event(block, it),
            ast::SourceItem::Answer(it) => self.answer(block.cx(), &it.value()?).map(SourceItem::Answer),
            _ => {
                let span = self.first_word_of(item, block.origin);
                let source = self.quote(span);
                let message = format!("`{source}` holds for the whole source");
                self.error(
                    codes::SOURCE_CLAUSE,
                    span,
                    message,
                    "write it above, outside of `when` and `for each`",
                )
            }
        }
    }

    fn source_when(&mut self, block: &Block, when: &ast::WhenItem) -> Option<SourceItem> {
        let condition = when.condition().and_then(|it| self.condition(block.cx(), &it));
        let then = block.knowing(proved(condition.as_ref()));
        let failed = condition.as_ref().map(|it| facts(it, Outcome::Fails)).unwrap_or_default();
        let then = when.block().map(|it| self.source_items(then, it.items()));
        let otherwise = when.otherwise().map(|it| self.source_items(block.knowing(failed), it.items()));
        Some(SourceItem::When {
            condition: condition?,
            then: then??,
            otherwise: super::trigger::flip(otherwise)?.unwrap_or_default(),
        })
    }

    fn source_each(&mut self, block: &Block, each: &ast::EachItem) -> Option<SourceItem> {
        let list = each.list().and_then(|it| self.expr(block.cx(), &it)).and_then(|it| self.items(it));
        let var = self.new_var();
        let mut inner = block.clone();
        let before = self.numbers.given.len();
        if let Some(name) = each.name() {
            let span = name.span(block.origin);
            let name: Arc<str> = name.text().into();
            self.name_given(&name, span, Times::Once);
            let ty = Ty { ty: Type::One(Scalar::Json), presence: Presence::Required };
            inner.scope.vars.push((name, var, ty));
        }
        let items = each.block().and_then(|it| self.source_items(inner, it.items()));
        self.numbers.given.truncate(before);
        Some(SourceItem::Each { var, list: list?, items: items? })
    }

    fn identify(&mut self, block: &mut Block, identify: &ast::IdentifyItem) -> Option<SourceItem> {
        let name = identify.entity()?;
        let (text, span) = (name.text(), name.span(block.origin));
        let declared = self.declared;
        let Some((kind, entity)) = declared.entities.get_key_value(&*text) else {
            if !declared.stray.contains(&text) {
                self.report.push(unknown_entity(&text, span, declared.entities.keys().map(|it| &**it)));
            }
            // Events may be about it.
            let keys = typed(ExprKind::Object(Vec::new()), json(), Presence::Required, span);
            block.named.push(Named { kind: text.into(), keys });
            return None;
        };
        self.report.used(span, Thing::Entity(kind.clone()));
        let keys = self.keys_of(block.cx(), kind, identify, span);
        let written = identify.fields().map(|it| self.keys(block.cx(), &it)).unwrap_or_default();
        let mut attributes = Some(Vec::new());
        for (key, at, value) in written {
            self.attribute_used(kind, &key, at);
            let Some(attribute) = entity.attributes.get(&key) else {
                self.no_attribute(kind, &key, at);
                value.and_then(|it| self.expr(block.cx(), &it));
                attributes = None;
                continue;
            };
            let role = format!("`{kind}.{key}`");
            let value = value.zip(attribute.ty.as_ref());
            let value =
                value.and_then(|(it, ty)| self.source_field(block.cx(), &block.named, &it, ty, &role));
            keep(&mut attributes, value.map(|it| (key, it)));
        }
        let object = keys.clone().unwrap_or_default();
        let object = typed(ExprKind::Object(object), json(), Presence::Required, span);
        block.named.push(Named { kind: kind.clone(), keys: object });
        Some(SourceItem::Entity { kind: kind.clone(), keys: keys?, attributes: attributes? })
    }

    fn source_event(&mut self, block: &Block, event: &ast::EventItem) -> Option<SourceItem> {
        let name = event.event()?;
        let (text, span) = (name.text(), name.span(block.origin));
        let cx = block.cx();
        let id = event.id().map(|it| self.taken(cx, &it, &Type::One(Scalar::Text), "`id`"));
        let at = event.at().map(|it| self.taken(cx, &it, &Type::One(Scalar::Time), "`at`"));
        let written = event.fields().map(|it| self.keys(cx, &it)).unwrap_or_default();
        let declared = self.declared;
        let Some((name, event)) = declared.events.get_key_value(&*text) else {
            self.unknown_event(&text, span);
            written.into_iter().for_each(|(.., value)| {
                value.and_then(|it| self.expr(cx, &it));
            });
            return None;
        };
        self.report.used(span, Thing::Event(name.clone()));
        self.is_about_somebody(block, name, event, span);
        let given: Vec<Arc<str>> = written.iter().map(|(key, ..)| key.clone()).collect();
        let mut fields = Some(Vec::new());
        for (key, at, value) in written {
            self.field_used(std::slice::from_ref(name), &key, at);
            let Some(field) = event.fields.get(&key) else {
                self.no_field(name, &key, at, event.fields.keys());
                fields = None;
                continue;
            };
            let role = format!("`{key}` of `{name}`");
            let value = value.zip(field.ty.as_ref());
            let value = value.and_then(|(it, ty)| self.source_field(cx, &block.named, &it, ty, &role));
            keep(&mut fields, value.map(|it| (key, it)));
        }
        let whole = fields.is_some();
        let whole = self.has_required_fields(name, event, whole, &given, span);
        let (id, at) = (super::trigger::flip(id)?, super::trigger::flip(at)?);
        whole.and(fields).map(|fields| SourceItem::Event { event: name.clone(), id, at, fields })
    }

    /// Refuses an event that no entity before it can be about.
    fn is_about_somebody(&mut self, block: &Block, name: &str, event: &declare::Event, span: Span) {
        if block.named.iter().any(|it| it.kind == event.about) {
            return;
        }
        let about = words::entity(&event.about);
        let message = format!("`{name}` is about {about}, and none stands before it");
        let key = if &*event.about == "contact" { "email body.email" } else { "id body.id" };
        let help = format!("say first who it is: `{} by {key}`", event.about);
        self.say(codes::NOBODY, span, message, help);
    }

    /// What the sender is answered: a text as it is, else JSON.
    fn answer(&mut self, cx: Cx<'_>, value: &ast::Expr) -> Option<Expr> {
        let value = self.expr(cx, value)?;
        match &value.ty.ty {
            Type::One(scalar) if super::condition::is_text(scalar) => Some(value),
            _ => self.fit(value, &json(), "`answer`"),
        }
    }

    /// `header "…"`, `query "…"`.
    pub(super) fn request_part(&mut self, cx: Cx<'_>, part: &ast::RequestExpr, span: Span) -> Option<Expr> {
        let seen = REQUEST.iter().all(|(name, _)| cx.scope.params.contains_key(*name));
        let (word, of) = match part.part() {
            ast::RequestPart::Header => ("header", "headers"),
            ast::RequestPart::Query => ("query", "query"),
        };
        let literal = part.name()?;
        if !seen {
            let message = format!("there is no `{word}` here");
            let help = match cx.scope.place {
                Place::Action => "a header that is sent is a line of its own, `header \"X-Name\" value`",
                _ => "only a `source` reads a request",
            };
            return self.error(codes::NO_REQUEST_HERE, span, message, help);
        }
        let name = plain_text(&literal, cx.origin, "the name", self.report)?;
        let name = if of == "headers" { name.to_lowercase().into() } else { name };
        let whole = typed(ExprKind::Param(of.into()), json(), Presence::Required, span);
        let member = ExprKind::Member(Box::new(whole), name);
        let member = typed(member, json(), Presence::Optional, span);
        let text = super::convert::read_as(member, &Type::One(Scalar::Text));
        Some(super::name::known(cx, text))
    }

    /// The first word of a line of a source.
    fn first_word_of(&self, item: &ast::SourceItem, origin: Origin) -> Span {
        let first = item.syntax().first_token().map(|it| origin.span(it.text_range()));
        first.unwrap_or_else(|| item.span(origin))
    }
}

/// JSON.
pub(super) fn json() -> Type {
    Type::One(Scalar::Json)
}

/// Adds `item`, or gives up the list.
pub(super) fn keep<T>(list: &mut Option<Vec<T>>, item: Option<T>) {
    match (list.as_mut(), item) {
        (Some(list), Some(item)) => list.push(item),
        _ => *list = None,
    }
}

/// Puts `value` into `slot`; gives the place of what stands there already.
fn put<T>(slot: &mut Option<(T, Span)>, value: T, span: Span) -> Option<Span> {
    match slot {
        Some((_, first)) => Some(*first),
        None => {
            *slot = Some((value, span));
            None
        }
    }
}
