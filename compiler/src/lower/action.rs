//! Actions: a function for each part of the request, of all the action's parameters.
//!
//! It must not know workflows.

use std::sync::Arc;

use onward_bytecode::{ActionDecl, Auth, Body, FunctionId, OAuth, Scalar, Transport, Type};

use super::Functions;
use super::expression::function;
use super::limit::Limit;
use super::source::Source;
use crate::diagnostic::Span;
use crate::hir::{self, Action, Expr, Request};

/// A part of an action that does not fit.
pub(super) struct TooLarge {
    /// Why.
    pub(super) limit: Limit,
    /// The part.
    pub(super) span: Span,
}

/// Lowers an action.
///
/// # Errors
/// A part of it that does not fit the machine.
pub(super) fn lower(action: &Action, functions: &mut Functions) -> Result<ActionDecl, TooLarge> {
    let mut parts = Parts { action, functions };
    let transport = match &action.request {
        Request::Http(http) => parts.http(http)?,
        Request::Smtp(smtp) => parts.smtp(smtp)?,
    };
    let mut result = Vec::new();
    for (field, expr) in &action.result {
        result.push((field.clone(), parts.result(&format!("result.{}", field.name), expr)?));
    }
    Ok(ActionDecl {
        name: action.name.clone(),
        params: action.params.clone(),
        transport,
        result,
        unsure: action.unsure.clone(),
        channel: action.channel.clone(),
        docs: action.docs.clone(),
    })
}

struct Parts<'a> {
    action: &'a Action,
    functions: &'a mut Functions,
}

type Part = Result<FunctionId, TooLarge>;

impl Parts<'_> {
    fn part(&mut self, name: &str, expr: &Expr) -> Part {
        let params =
            self.action.params.iter().map(|param| (Source::Param(param.name.clone()), param.ty.clone()));
        self.function(name, params.collect(), expr)
    }

    fn result(&mut self, name: &str, expr: &Expr) -> Part {
        let body = (Source::Param("body".into()), Type::One(Scalar::Json));
        self.function(name, vec![body], expr)
    }

    fn function(&mut self, name: &str, params: Vec<(Source, Type)>, expr: &Expr) -> Part {
        let action = &self.action.name;
        function(self.functions, format!("{action}.{name}"), params, expr)
            .map_err(|limit| TooLarge { limit, span: expr.span })
    }

    fn parts(
        &mut self,
        group: &str,
        members: &[(Arc<str>, Expr)],
    ) -> Result<Vec<(Arc<str>, FunctionId)>, TooLarge> {
        members
            .iter()
            .map(|(name, expr)| Ok((name.clone(), self.part(&format!("{group}.{name}"), expr)?)))
            .collect()
    }

    fn http(&mut self, http: &hir::Http) -> Result<Transport, TooLarge> {
        Ok(Transport::Http {
            method: http.method.clone(),
            url: self.part("url", &http.url)?,
            auth: http.auth.as_ref().map(|auth| self.auth(auth)).transpose()?,
            headers: self.parts("header", &http.headers)?,
            body: self.body(&http.body)?,
            sign: http.sign.as_ref().map(|key| self.part("sign", key)).transpose()?,
            expect: http.expect.clone(),
            proof: http.proof.as_ref().map(|proof| self.result("proof", proof)).transpose()?,
            retry: http.retry.clone(),
            timeout: http.timeout,
        })
    }

    fn auth(&mut self, auth: &hir::Auth) -> Result<Auth, TooLarge> {
        Ok(match auth {
            hir::Auth::Basic(user, password) => {
                Auth::Basic(self.part("user", user)?, self.part("password", password)?)
            }
            hir::Auth::Bearer(token) => Auth::Bearer(self.part("token", token)?),
            hir::Auth::OAuth(auth) => Auth::OAuth(OAuth {
                url: self.part("oauth.url", &auth.url)?,
                client: self.part("oauth.client", &auth.client)?,
                secret: self.part("oauth.secret", &auth.secret)?,
                refresh: auth.refresh.as_ref().map(|it| self.part("oauth.refresh", it)).transpose()?,
                scope: auth.scope.as_ref().map(|it| self.part("oauth.scope", it)).transpose()?,
            }),
        })
    }

    fn body(&mut self, body: &hir::Body) -> Result<Body, TooLarge> {
        Ok(match body {
            hir::Body::Empty => Body::Empty,
            hir::Body::Form(members) => Body::Form(self.parts("form", members)?),
            hir::Body::Multipart(members) => Body::Multipart(self.parts("form", members)?),
            hir::Body::Json(json) => Body::Json(self.part("json", json)?),
            hir::Body::Text(text) => Body::Text(self.part("body", text)?),
        })
    }

    fn smtp(&mut self, smtp: &hir::Smtp) -> Result<Transport, TooLarge> {
        Ok(Transport::Smtp {
            to: self.part("to", &smtp.to)?,
            from: self.part("from", &smtp.from)?,
            subject: self.part("subject", &smtp.subject)?,
            text: self.part("text", &smtp.text)?,
            html: self.part("html", &smtp.html)?,
            reply_to: smtp.reply_to.as_ref().map(|to| self.part("reply_to", to)).transpose()?,
        })
    }
}
