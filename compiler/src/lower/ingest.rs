//! Sources: a function of the request for each of their values.
//!
//! It must not know how requests come, or what becomes of what they say.

use std::sync::Arc;

use onward_bytecode::{FunctionId, Hmac, HmacKey, Kind, Op, Scalar, SourceDecl, SourceItem, Type, Verify};

use super::Functions;
use super::code::Code;
use super::expression::function_of;
use super::limit::{DEPTH, Limit, Lowering};
use super::source::{Slot, Source, Sources, collect};
use crate::diagnostic::Span;
use crate::hir::{self, Expr, VarId};

/// A value that does not fit the machine, and where it stands.
type Part<T> = Result<T, (Limit, Span)>;

const JSON: Type = Type::One(Scalar::Json);
const TEXT: Type = Type::One(Scalar::Text);
const TIME: Type = Type::One(Scalar::Time);
const BOOL: Type = Type::One(Scalar::Bool);
const LIST: Type = Type::List(Scalar::Json);

/// Lowers a source.
///
/// # Errors
/// A value of it that does not fit the machine.
pub(super) fn lower(source: &hir::Source, functions: &mut Functions) -> Part<SourceDecl> {
    let mut values = Values { name: &source.name, span: source.span, vars: Vec::new(), functions };
    Ok(SourceDecl {
        name: source.name.clone(),
        path: source.path.clone(),
        verify: source.verify.iter().map(|proof| values.proof(proof)).collect::<Part<_>>()?,
        id: values.maybe("id", source.id.as_ref(), &TEXT)?,
        at: values.maybe("time", source.at.as_ref(), &TIME)?,
        items: values.items(&source.items, 0)?,
        docs: source.docs.clone(),
    })
}

struct Values<'a> {
    name: &'a str,
    /// Where the source is declared.
    span: Span,
    /// Variables of the loops around, the outermost first.
    vars: Vec<VarId>,
    functions: &'a mut Functions,
}

impl Values<'_> {
    /// A function of the request and of the items of the loops around.
    fn value(&mut self, sort: &str, expr: &Expr, ty: &Type) -> Part<FunctionId> {
        self.function(sort, expr, ty).map_err(|limit| (limit, expr.span))
    }

    fn function(&mut self, sort: &str, expr: &Expr, ty: &Type) -> Lowering<FunctionId> {
        let vars = self.vars.iter().map(|var| (Source::Var(*var), JSON));
        let params = std::iter::once((Source::Request, JSON)).chain(vars);
        let mut code = Code::with_params(self.functions, format!("{}.{sort}", self.name), params)?;
        let Some(request) = code.env.get(&Source::Request).map(|slot| slot.register) else {
            return Err(Limit::Registers);
        };
        let mut read = Sources::new();
        collect(expr, &mut read);
        for (source, ty) in read {
            if let Source::Param(name) = &source {
                let register = code.temporary()?;
                let member = code.name_c(name, &ty)?;
                code.abc(expr.span, Op::Member, register, request, member)?;
                code.env.insert(source, Slot { register, ty });
            }
        }
        function_of(code, expr, ty)
    }

    fn maybe(&mut self, sort: &str, expr: Option<&Expr>, ty: &Type) -> Part<Option<FunctionId>> {
        expr.map(|expr| self.value(sort, expr, ty)).transpose()
    }

    /// Each value as it is: what it becomes is read by the declared types when it comes in.
    fn members(&mut self, sort: &str, members: &[(Arc<str>, Expr)]) -> Part<Vec<(Arc<str>, FunctionId)>> {
        let member = |(name, expr): &(Arc<str>, Expr)| {
            Ok((name.clone(), self.value(&format!("{sort}.{name}"), expr, &expr.ty.ty)?))
        };
        members.iter().map(member).collect()
    }

    fn proof(&mut self, proof: &hir::Verify) -> Part<Verify> {
        Ok(match proof {
            hir::Verify::Hmac(hmac) => Verify::Hmac(self.hmac(hmac)?),
            hir::Verify::Basic(user, password) => {
                Verify::Basic(self.value("user", user, &TEXT)?, self.value("password", password, &TEXT)?)
            }
            hir::Verify::Bearer(token) => Verify::Bearer(self.value("token", token, &TEXT)?),
            hir::Verify::Token(secret, came) => {
                Verify::Token(self.value("token", secret, &TEXT)?, self.value("came", came, &TEXT)?)
            }
        })
    }

    fn hmac(&mut self, hmac: &hir::Hmac) -> Part<Hmac> {
        let signature = match hmac.signature.ty.ty.kind() {
            Kind::List => &LIST,
            _ => &TEXT,
        };
        let mut keys = Vec::new();
        for (encoding, key) in &hmac.keys {
            keys.push(HmacKey { encoding: *encoding, key: self.value("key", key, &TEXT)? });
        }
        let fresh = match &hmac.fresh {
            Some((length, moment)) => Some((*length, self.value("fresh", moment, &TIME)?)),
            None => None,
        };
        Ok(Hmac {
            hash: hmac.hash,
            signed: self.maybe("signed", hmac.signed.as_ref(), &TEXT)?,
            encoding: hmac.encoding,
            signature: self.value("signature", &hmac.signature, signature)?,
            prefix: hmac.prefix.clone(),
            keys,
            fresh,
        })
    }

    /// The items of a block that stands within `depth` others.
    fn items(&mut self, items: &[hir::SourceItem], depth: usize) -> Part<Vec<SourceItem>> {
        if depth > DEPTH {
            return Err((Limit::Blocks, self.span));
        }
        items.iter().map(|item| self.item(item, depth)).collect()
    }

    fn item(&mut self, item: &hir::SourceItem, depth: usize) -> Part<SourceItem> {
        Ok(match item {
            hir::SourceItem::When { condition, then, otherwise } => SourceItem::When {
                condition: self.value("when", condition, &BOOL)?,
                then: self.items(then, depth + 1)?,
                otherwise: self.items(otherwise, depth + 1)?,
            },
            hir::SourceItem::Each { var, list, items } => {
                let list = self.value("each", list, &LIST)?;
                self.vars.push(*var);
                let items = self.items(items, depth + 1)?;
                self.vars.pop();
                SourceItem::Each { list, items }
            }
            hir::SourceItem::Entity { kind, keys, attributes } => SourceItem::Entity {
                kind: kind.clone(),
                keys: self.keys(kind, keys)?,
                attributes: self.members(kind, attributes)?,
            },
            hir::SourceItem::Event { event, id, at, fields } => SourceItem::Event {
                event: event.clone(),
                id: self.maybe(&format!("{event}.id"), id.as_ref(), &TEXT)?,
                at: self.maybe(&format!("{event}.at"), at.as_ref(), &TIME)?,
                fields: self.members(event, fields)?,
            },
            hir::SourceItem::Answer(answer) => {
                SourceItem::Answer(self.value("answer", answer, &answer.ty.ty)?)
            }
        })
    }

    fn keys(&mut self, kind: &str, keys: &[(Arc<str>, Expr)]) -> Part<Vec<(Arc<str>, FunctionId)>> {
        let mut found = Vec::new();
        for (name, key) in keys {
            found.push((name.clone(), self.value(&format!("{kind}.by {name}"), key, &TEXT)?));
        }
        Ok(found)
    }
}
