//! What proves who sent a request to a source.
//!
//! Secrets are read here and compared; nothing of it is kept. It must not know what the
//! request says.

use std::sync::Arc;

use onward_bytecode::{Constant, Encoding, HashKind, Length, Scalar, Type};

use super::{Checker, Cx};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Expr, ExprKind, Hmac, Verify};
use crate::nearest::{list_names, nearest};
use crate::plain::plain_text;
use crate::syntax::ast::{self, Spelling};

const HASHES: [&str; 3] = ["sha1", "sha256", "sha512"];
const ENCODINGS: [&str; 2] = ["hex", "base64"];

impl Checker<'_> {
    /// One `verify`, whose first word stands at `span`.
    pub(super) fn verify(&mut self, cx: Cx<'_>, item: &ast::SourceItem, span: Span) -> Option<Verify> {
        match item {
            ast::SourceItem::Hmac(it) => self.hmac(cx, it, span).map(|it| Verify::Hmac(Box::new(it))),
            ast::SourceItem::BasicAuth(it) => {
                let text = Type::One(Scalar::Text);
                let user = it.user().and_then(|it| self.value_of(cx, &it, &text, "the user of `basic auth`"));
                let password =
                    it.password().and_then(|it| self.kept_secret(cx, &it, "the password of `basic auth`"));
                Some(Verify::Basic(user?, password?))
            }
            ast::SourceItem::BearerAuth(it) => {
                self.kept_secret(cx, &it.value()?, "the token of `bearer auth`").map(Verify::Bearer)
            }
            ast::SourceItem::Token(it) => {
                let token = it.token().and_then(|it| self.kept_secret(cx, &it, "the token"));
                let found = it.found_in().map(|it| self.taken(cx, &it, &Type::One(Scalar::Text), "`in`"));
                let Some(found) = found else {
                    return self.not_said_where(cx, item, span, "in query \"key\"");
                };
                Some(Verify::Token(token?, found?))
            }
            _ => None,
        }
    }

    fn hmac(&mut self, cx: Cx<'_>, hmac: &ast::HmacItem, span: Span) -> Option<Hmac> {
        if self.misread(cx.span(hmac)) {
            return None;
        }
        let hash = hmac.algorithm().and_then(|it| self.hash(cx, &it));
        let signed = hmac.signed().map(|it| self.signed(cx, &it));
        let encoding = match hmac.encoding() {
            None => Some(Encoding::Hex),
            Some(name) => self.encoding(cx, &name),
        };
        let found = hmac.found_in().map(|it| self.signature(cx, &it));
        let prefix = hmac.prefix().map(|it| plain_text(&it, cx.origin, "a prefix", self.report));
        let mut keys = Some(Vec::new());
        for key in hmac.keys() {
            let encoding = key.spelling().map(|it| match it {
                Spelling::Base64 => Encoding::Base64,
                Spelling::Hex => Encoding::Hex,
            });
            let value = key.value().and_then(|it| self.kept_secret(cx, &it, "a key"));
            super::source::keep(&mut keys, value.map(|it| (encoding, it)));
        }
        let fresh = hmac.tolerance().map(|it| self.fresh(cx, &it));
        let keys = keys?;
        if keys.is_empty() {
            let help = "add the key: `… with secret.WEBHOOK_SECRET`";
            return self.error(codes::BAD_VERIFY, span, "this does not say with which key", help);
        }
        let Some(signature) = found else {
            let help = "say where the signature stands: `… in header \"X-Signature\" with …`";
            return self.error(codes::BAD_VERIFY, span, "this does not say where the signature is", help);
        };
        Some(Hmac {
            hash: hash?,
            signed: super::trigger::flip(signed)?.flatten(),
            encoding: encoding?,
            signature: signature?,
            prefix: super::trigger::flip(prefix)?,
            keys,
            fresh: super::trigger::flip(fresh)?,
        })
    }

    fn not_said_where<T>(
        &mut self,
        cx: Cx<'_>,
        item: &ast::SourceItem,
        span: Span,
        example: &str,
    ) -> Option<T> {
        if self.misread(cx.span(item)) {
            return None;
        }
        let help = format!("say where it comes: `… {example}`");
        self.error(codes::BAD_VERIFY, span, "this does not say what to compare with", help)
    }

    /// What is signed; the body as it came is none.
    fn signed(&mut self, cx: Cx<'_>, value: &ast::Expr) -> Option<Option<Expr>> {
        if let ast::Expr::Path(path) = value
            && matches!(path.text().as_str(), "body" | "raw")
        {
            return Some(None);
        }
        self.taken(cx, value, &Type::One(Scalar::Text), "what is signed").map(Some)
    }

    /// A signature: a text, or a list of texts.
    fn signature(&mut self, cx: Cx<'_>, value: &ast::Expr) -> Option<Expr> {
        let value = self.expr(cx, value)?;
        match &value.ty.ty {
            Type::List(Scalar::Text) | Type::One(Scalar::Text) => Some(value),
            Type::One(Scalar::Json) => Some(super::convert::read_as(value, &Type::One(Scalar::Text))),
            _ => self.misfit(&value, &Type::One(Scalar::Text), "a signature"),
        }
    }

    fn fresh(&mut self, cx: Cx<'_>, tolerance: &ast::Tolerance) -> Option<(Length, Expr)> {
        let at = tolerance
            .of()
            .and_then(|it| self.taken(cx, &it, &Type::One(Scalar::Time), "what stands after `of`"));
        let duration = tolerance.duration()?;
        let length = self.duration(cx, &duration)?;
        let length = self.longer_than_nothing(length, "`within`")?;
        match length.kind {
            ExprKind::Constant(Constant::Duration(length)) => Some((length, at?)),
            _ => None,
        }
    }

    fn hash(&mut self, cx: Cx<'_>, name: &ast::Name) -> Option<HashKind> {
        match name.text().as_str() {
            "sha1" => Some(HashKind::Sha1),
            "sha256" => Some(HashKind::Sha256),
            "sha512" => Some(HashKind::Sha512),
            other => self.none_of("hash", other, cx.span(name), &HASHES),
        }
    }

    fn encoding(&mut self, cx: Cx<'_>, name: &ast::Name) -> Option<Encoding> {
        match name.text().as_str() {
            "hex" => Some(Encoding::Hex),
            "base64" => Some(Encoding::Base64),
            other => self.none_of("way to write bytes", other, cx.span(name), &ENCODINGS),
        }
    }

    fn none_of<T>(&mut self, sort: &str, text: &str, span: Span, known: &[&str]) -> Option<T> {
        let diagnostic = Diagnostic::error(codes::BAD_VERIFY, span, format!("there is no {sort} `{text}`"));
        let text: Arc<str> = text.replace(['-', '_'], "").to_lowercase().into();
        let near = known.iter().find(|it| ***it == *text).copied();
        self.report.push(match near.or_else(|| nearest(&text, known.iter().copied())) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("it is {}", list_names(known.iter().copied(), known.len()))),
        });
        None
    }
}
