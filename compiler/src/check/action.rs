//! Actions: how a `do` becomes a request.
//!
//! An action sees its parameters, secrets and settings, never a contact or an
//! event: what is sent is fixed when the `do` is reached. It must not know who
//! uses it.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Constant, FieldDecl, Length, Presence, Scalar, StatusRange, Type, Unsure};

use super::program::param_decls;
use super::scope::Scope;
use super::{Checker, Cx, typed};
use crate::codes;
use crate::declare::{self, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{self, Auth, Body, Expr, ExprKind, Http, OAuth, Request, Smtp, Ty};
use crate::nearest::{list_names, nearest};
use crate::plain::plain_text;
use crate::syntax::ast::{self, ActionItem, AstNode as _, Method, Origin, StatusCode};
use crate::uses::{Role, Thing};

/// How long a request waits for its answer unless the action says so.
const TIMEOUT: Length = Length { months: 0, days: 0, millis: 30_000 };

/// What a mail is made of.
const MAIL_PARTS: [&str; 6] = ["to", "from", "subject", "text", "html", "reply_to"];

/// The items of an action, each with its place.
#[derive(Default)]
struct Items {
    request: Option<(Kind, Span)>,
    auth: Option<(Option<Auth>, Span)>,
    headers: Vec<(Arc<str>, Expr, Span)>,
    body: Option<(Option<Body>, Span)>,
    sign: Option<(Option<Expr>, Span)>,
    expect: Option<(Vec<StatusRange>, Span)>,
    /// What must hold of the answer.
    proof: Option<Expr>,
    channel: Option<(Arc<str>, Span)>,
    retry: Option<(Vec<StatusRange>, Span)>,
    result: Option<(Vec<(FieldDecl, Expr)>, Span)>,
    unsure: Option<(Unsure, Span)>,
    timeout: Option<(Length, Span)>,
    broken: bool,
}

/// What an action does.
enum Kind {
    Http(Arc<str>, Option<Expr>),
    Smtp(Option<Box<Smtp>>),
}

impl Checker<'_> {
    pub(super) fn action(&mut self, name: &Arc<str>, action: &declare::Action) -> Option<hir::Action> {
        self.begin_named(name);
        let params: IndexMap<Arc<str>, Option<Ty>> = action
            .params
            .values()
            .map(|param| {
                let presence = match param.default {
                    // A default such as `contact.email` may be missing itself.
                    Some(_) => Presence::Optional,
                    None => param.presence,
                };
                let ty = param.kind.as_ref().map(|kind| Ty { ty: kind.ty(), presence });
                (param.name.clone(), ty)
            })
            .collect();
        let scope = Scope::of_action(params);
        let cx = Cx { scope: &scope, origin: action.origin };
        let mut items = Items::default();
        for item in action.syntax.items() {
            self.item(cx, &item, &mut items);
        }
        self.fits_together(name, action, &mut items);
        let request = self.request(items.request.take()?, &mut items)?;
        if items.broken {
            return None;
        }
        Some(hir::Action {
            name: name.clone(),
            params: param_decls(&action.params)?,
            request,
            result: items.result.map(|it| it.0).unwrap_or_default(),
            unsure: items.unsure.map_or(Unsure::Park, |it| it.0),
            channel: items.channel.map(|it| it.0),
            docs: action.docs.clone(),
        })
    }

    fn request(&mut self, kind: (Kind, Span), items: &mut Items) -> Option<Request> {
        match kind.0 {
            Kind::Smtp(smtp) => smtp.map(Request::Smtp),
            Kind::Http(method, url) => {
                let auth = super::trigger::flip(items.auth.take().map(|it| it.0))?;
                let body = super::trigger::flip(items.body.take().map(|it| it.0))?;
                let sign = super::trigger::flip(items.sign.take().map(|it| it.0))?;
                let headers = std::mem::take(&mut items.headers);
                Some(Request::Http(Box::new(Http {
                    method,
                    url: url?,
                    auth,
                    headers: headers.into_iter().map(|(name, value, _)| (name, value)).collect(),
                    body: body.unwrap_or(Body::Empty),
                    sign,
                    expect: items.expect.take().map(|it| it.0).unwrap_or_default(),
                    proof: items.proof.take(),
                    retry: items.retry.take().map(|it| it.0).unwrap_or_default(),
                    timeout: items.timeout.map_or(TIMEOUT, |it| it.0),
                })))
            }
        }
    }

    fn item(&mut self, cx: Cx<'_>, item: &ActionItem, items: &mut Items) {
        let span = self.first_word(item, cx.origin);
        let text = Type::One(Scalar::Text);
        let first = match item {
            ActionItem::Request(it) => {
                let url = it.url().and_then(|url| self.url(cx, &url));
                items.broken |= url.is_none();
                it.method().and_then(|method| put(&mut items.request, (Kind::Http(word(method), url), span)))
            }
            ActionItem::Smtp(it) => {
                let smtp = it.object().and_then(|object| self.smtp(cx, &object, span));
                items.broken |= smtp.is_none();
                put(&mut items.request, (Kind::Smtp(smtp), span))
            }
            ActionItem::BasicAuth(_)
            | ActionItem::BearerAuth(_)
            | ActionItem::OauthClient(_)
            | ActionItem::OauthRefresh(_) => {
                let auth = self.auth(cx, item);
                items.broken |= auth.is_none();
                put(&mut items.auth, (auth, span))
            }
            ActionItem::Header(it) => {
                self.header(cx, it, items);
                None
            }
            ActionItem::Form(_) | ActionItem::Multipart(_) | ActionItem::Json(_) | ActionItem::Body(_) => {
                let body = self.body_item(cx, item);
                items.broken |= body.is_none();
                put(&mut items.body, (body, span))
            }
            ActionItem::Sign(it) => {
                let key = it.value().and_then(|it| self.value_of(cx, &it, &text, "`sign webhook with`"));
                items.broken |= key.is_none();
                put(&mut items.sign, (key, span))
            }
            ActionItem::Expect(it) => {
                if let Some(condition) = it.condition() {
                    let scope = answer();
                    items.proof = self.condition(Cx { scope: &scope, ..cx }, &condition);
                    items.broken |= items.proof.is_none();
                }
                put(&mut items.expect, (ranges(it.statuses()), span))
            }
            ActionItem::Retry(it) => put(&mut items.retry, (ranges(it.statuses()), span)),
            ActionItem::Result(it) => {
                let result = it.object().and_then(|object| self.result(cx, &object));
                items.broken |= result.is_none();
                put(&mut items.result, (result.unwrap_or_default(), span))
            }
            ActionItem::Unsure(it) => {
                self.unsure(cx, it).and_then(|unsure| put(&mut items.unsure, (unsure, span)))
            }
            ActionItem::Timeout(it) => {
                let length = it.value().and_then(|it| self.timeout(cx, &it));
                items.broken |= length.is_none();
                length.and_then(|length| put(&mut items.timeout, (length, span)))
            }
            ActionItem::Channel(it) => {
                if let Some(name) = it.name() {
                    let channel = Thing::Channel(name.text().into());
                    self.report.note(name.span(cx.origin), channel, Role::Declares);
                }
                it.name().and_then(|name| put(&mut items.channel, (name.text().into(), span)))
            }
        };
        if let Some(first) = first {
            items.broken = true;
            let message = match item {
                ActionItem::Request(_) | ActionItem::Smtp(_) => "an action makes one request",
                ActionItem::Form(_)
                | ActionItem::Multipart(_)
                | ActionItem::Json(_)
                | ActionItem::Body(_) => "a request sends one thing",
                _ => "this is said already",
            };
            self.report.push(
                Diagnostic::error(codes::ACTION_REQUEST, span, message)
                    .also(first, "here first")
                    .help("remove one of them"),
            );
        }
    }

    fn auth(&mut self, cx: Cx<'_>, item: &ActionItem) -> Option<Auth> {
        let text = Type::One(Scalar::Text);
        let mut part = |value: Option<ast::Expr>, role: &str| self.value_of(cx, &value?, &text, role);
        match item {
            ActionItem::BasicAuth(it) => {
                let user = part(it.user(), "the user of `basic auth`");
                let password = part(it.password(), "the password of `basic auth`");
                user.zip(password).map(|(user, password)| Auth::Basic(user, password))
            }
            ActionItem::BearerAuth(it) => part(it.value(), "`bearer auth`").map(Auth::Bearer),
            ActionItem::OauthClient(it) => {
                let parts =
                    OauthParts { url: it.url(), client: it.client(), secret: it.secret(), scope: it.scope() };
                self.oauth(cx, parts, None)
            }
            ActionItem::OauthRefresh(it) => {
                let refresh = part(it.token(), "the refresh token");
                let parts =
                    OauthParts { url: it.url(), client: it.client(), secret: it.secret(), scope: it.scope() };
                self.oauth(cx, parts, Some(refresh))
            }
            _ => None,
        }
    }

    /// A token that is fetched; without a refresh token, by the client's credentials.
    fn oauth(&mut self, cx: Cx<'_>, parts: OauthParts, refresh: Option<Option<Expr>>) -> Option<Auth> {
        let text = Type::One(Scalar::Text);
        let url = match parts.url? {
            ast::Expr::String(it) => it.literal().and_then(|it| self.url(cx, &it)),
            other => self.value_of(cx, &other, &text, "the address that gives tokens"),
        };
        let mut part = |value: Option<ast::Expr>, role: &str| self.value_of(cx, &value?, &text, role);
        let client = part(parts.client, "the client's id");
        let secret = part(parts.secret, "the client's secret");
        let scope = parts.scope.map(|it| part(Some(it), "`scope`"));
        Some(Auth::OAuth(Box::new(OAuth {
            url: url?,
            client: client?,
            secret: secret?,
            refresh: super::trigger::flip(refresh)?,
            scope: super::trigger::flip(scope)?,
        })))
    }

    fn body_item(&mut self, cx: Cx<'_>, item: &ActionItem) -> Option<Body> {
        match item {
            ActionItem::Form(it) => self.form(cx, &it.object()?).map(Body::Form),
            ActionItem::Multipart(it) => self.form(cx, &it.object()?).map(Body::Multipart),
            ActionItem::Json(it) => {
                self.value_of(cx, &it.value()?, &Type::One(Scalar::Json), "`json`").map(Body::Json)
            }
            ActionItem::Body(it) => {
                self.value_of(cx, &it.value()?, &Type::One(Scalar::Text), "`body`").map(Body::Text)
            }
            _ => None,
        }
    }

    /// The first word of an item.
    fn first_word(&self, item: &ActionItem, origin: Origin) -> Span {
        let first = item.syntax().first_token().map(|it| origin.span(it.text_range()));
        first.unwrap_or_else(|| item.span(origin))
    }

    /// Refuses an action without a request, and a mail with parts of an HTTP request.
    fn fits_together(&mut self, name: &str, action: &declare::Action, items: &mut Items) {
        if items.request.is_none() && action.understood == Understood::Whole {
            let message = format!("`{name}` does not say what it does");
            let help = "say what it sends: `post \"https://…\" json { … }`";
            self.say(codes::ACTION_REQUEST, action.span, message, help);
        }
        if let Some((Kind::Smtp(_), smtp)) = &items.request {
            let smtp = *smtp;
            let http_only = [
                items.auth.as_ref().map(|it| it.1),
                items.headers.first().map(|it| it.2),
                items.body.as_ref().map(|it| it.1),
                items.sign.as_ref().map(|it| it.1),
                items.expect.as_ref().map(|it| it.1),
                items.retry.as_ref().map(|it| it.1),
                items.timeout.as_ref().map(|it| it.1),
                items.result.as_ref().map(|it| it.1),
            ];
            if let Some(span) = http_only.into_iter().flatten().next() {
                items.broken = true;
                self.report.push(
                    Diagnostic::error(codes::ACTION_REQUEST, span, "a mail has no such thing")
                        .also(smtp, "this action sends a mail")
                        .help("remove it, or make the action a request over HTTP"),
                );
            }
        }
    }

    fn header(&mut self, cx: Cx<'_>, header: &ast::HeaderItem, items: &mut Items) {
        let value = header
            .value()
            .and_then(|it| self.expr(cx, &it))
            .and_then(|it| self.as_text(it, "the value of a header"));
        let Some(name) = header.name() else { return };
        let span = name.span(cx.origin);
        let Some(text) = plain_text(&name, cx.origin, "the name of a header", self.report) else {
            items.broken = true;
            return;
        };
        let token = !text.is_empty()
            && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it));
        if !token {
            items.broken = true;
            let message = format!("`{text}` cannot be the name of a header");
            self.say(codes::BAD_TEXT, span, message, "a header's name is letters, digits and dashes");
            return;
        }
        if let Some((.., first)) = items.headers.iter().find(|(it, ..)| it.eq_ignore_ascii_case(&text)) {
            items.broken = true;
            self.report.push(
                Diagnostic::error(codes::FIELD_TWICE, span, format!("the header `{text}` is there already"))
                    .also(*first, "here first")
                    .help("remove one of them"),
            );
            return;
        }
        match value {
            Some(value) => items.headers.push((text, value, span)),
            None => items.broken = true,
        }
    }

    fn form(&mut self, cx: Cx<'_>, object: &ast::ObjectExpr) -> Option<Vec<(Arc<str>, Expr)>> {
        let entries = self.entries(cx, object)?;
        let texts: Vec<_> = entries
            .into_iter()
            .map(|(name, value)| Some((name, self.as_text(value, "a field of a form")?)))
            .collect();
        texts.into_iter().collect()
    }

    /// A value as the text that goes over the wire.
    fn as_text(&mut self, value: Expr, role: &str) -> Option<Expr> {
        let text = Type::One(Scalar::Text);
        match &value.ty.ty {
            Type::One(Scalar::Entity(_)) | Type::List(_) => self.misfit(&value, &text, role),
            Type::One(scalar) if super::condition::is_text(scalar) => Some(value),
            Type::One(Scalar::Number | Scalar::Bool | Scalar::Json) => {
                Some(super::convert::read_as(value, &text))
            }
            Type::One(_) => {
                let span = value.span;
                let presence = value.ty.presence;
                Some(typed(ExprKind::Message(vec![hir::Part::Value(value)]), text, presence, span))
            }
        }
    }

    fn smtp(&mut self, cx: Cx<'_>, object: &ast::ObjectExpr, span: Span) -> Option<Box<Smtp>> {
        let mut parts: IndexMap<Arc<str>, Expr> = IndexMap::new();
        let mut whole = true;
        for (key, key_span, value) in self.keys(cx, object) {
            if !MAIL_PARTS.contains(&&*key) {
                self.unknown_mail_part(&key, key_span);
                whole = false;
                continue;
            }
            let want = if &*key == "to" { Type::List(Scalar::Email) } else { Type::One(Scalar::Text) };
            let role = format!("`{key}` of a mail");
            match value.and_then(|it| self.value_of(cx, &it, &want, &role)) {
                Some(value) => {
                    parts.insert(key, value);
                }
                None => whole = false,
            }
        }
        let missing = ["to", "subject", "text"].into_iter().find(|it| !parts.contains_key(*it));
        if let (true, Some(missing)) = (whole, missing) {
            let message = format!("this mail has no `{missing}`");
            return self.error(codes::MISSING_ARGUMENT, span, message, format!("add `{missing}: …`"));
        }
        let nothing = || typed(ExprKind::Missing, Type::One(Scalar::Text), Presence::Optional, span);
        let mut take = |name: &str| parts.swap_remove(name);
        let smtp = Smtp {
            to: take("to")?,
            from: take("from").unwrap_or_else(nothing),
            subject: take("subject")?,
            text: take("text")?,
            html: take("html").unwrap_or_else(nothing),
            reply_to: take("reply_to"),
        };
        whole.then(|| Box::new(smtp))
    }

    fn unknown_mail_part(&mut self, key: &str, span: Span) {
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, span, format!("a mail has no `{key}`"));
        self.report.push(match nearest(key, MAIL_PARTS) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("it has {}", list_names(MAIL_PARTS, 6))),
        });
    }

    /// What the answer gives: read from its JSON, `body`.
    fn result(&mut self, cx: Cx<'_>, object: &ast::ObjectExpr) -> Option<Vec<(FieldDecl, Expr)>> {
        let scope = answer();
        let entries = self.entries(Cx { scope: &scope, ..cx }, object)?;
        let fields = entries.into_iter().map(|(name, value)| {
            let ty = value.ty.ty.clone();
            (FieldDecl { name, ty, presence: Presence::Optional, docs: "".into() }, value)
        });
        Some(fields.collect())
    }

    fn unsure(&mut self, cx: Cx<'_>, item: &ast::UnsureItem) -> Option<Unsure> {
        match item.choice()? {
            ast::Unsure::Park => Some(Unsure::Park),
            ast::Unsure::Retry if item.has_key() => {
                let header = item.header()?;
                plain_text(&header, cx.origin, "the name of a header", self.report).map(Unsure::RetryWithKey)
            }
            ast::Unsure::Retry => Some(Unsure::Retry),
        }
    }

    fn timeout(&mut self, cx: Cx<'_>, value: &ast::Expr) -> Option<Length> {
        let value = self.length(cx, value, "`timeout`")?;
        match value.kind {
            ExprKind::Constant(Constant::Duration(length)) if !length.is_civil() => Some(length),
            _ => {
                let source = self.quote(value.span);
                let message = format!("`timeout` is a fixed time, and `{source}` is none");
                self.error(codes::WRONG_TYPE, value.span, message, "write it in seconds, as in `timeout 10s`")
            }
        }
    }
}

/// What both ways to fetch a token have.
struct OauthParts {
    url: Option<ast::Expr>,
    client: Option<ast::Expr>,
    secret: Option<ast::Expr>,
    scope: Option<ast::Expr>,
}

/// What an answer can be read from: its body.
fn answer() -> Scope {
    let body = Ty { ty: Type::One(Scalar::Json), presence: Presence::Optional };
    Scope::of_answer(IndexMap::from([(Arc::from("body"), Some(body))]))
}

/// Puts `value` into `slot`; gives the place of what stands there already.
fn put<T>(slot: &mut Option<(T, Span)>, value: (T, Span)) -> Option<Span> {
    match slot {
        Some((_, first)) => Some(*first),
        None => {
            *slot = Some(value);
            None
        }
    }
}

fn word(method: Method) -> Arc<str> {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
    .into()
}

fn ranges(statuses: impl Iterator<Item = ast::Status>) -> Vec<StatusRange> {
    statuses
        .filter_map(|status| status.code())
        .map(|code| match code {
            StatusCode::One(code) => StatusRange { first: code, last: code },
            StatusCode::Class(class) => StatusRange { first: class * 100, last: class * 100 + 99 },
        })
        .collect()
}
