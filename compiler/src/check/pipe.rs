//! Pipes: `value | name arguments`.
//!
//! What each takes and gives is one table in the bytecode crate. It must not know
//! what a pipe does.

use onward_bytecode::{Constant, Given, Kind, Pipe, PipeArg, Presence, Scalar, Signature, Type};
use rust_decimal::Decimal;

use super::condition::is_text;
use super::convert::{is_part_of, read_as};
use super::expression::constant;
use super::scope::Place;
use super::{Checker, Cx, either, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Expr, ExprKind};
use crate::nearest::{list_names, nearest};
use crate::shape;
use crate::syntax::ast;
use crate::uses::Thing;

/// What other languages call a pipe, and its name here.
const ELSEWHERE: [(&str, &str); 12] = [
    ("upcase", "upper"),
    ("uppercase", "upper"),
    ("downcase", "lower"),
    ("lowercase", "lower"),
    ("strip", "trim"),
    ("length", "size"),
    ("count", "size"),
    ("urlencode", "url_encode"),
    ("titlecase", "title"),
    ("strftime", "date"),
    ("raw", "safe"),
    ("to_json", "json"),
];

impl Checker<'_> {
    pub(super) fn pipe(&mut self, cx: Cx<'_>, pipe: &ast::PipeExpr, span: Span) -> Option<Expr> {
        let value = pipe.value().and_then(|it| self.expr(cx, &it));
        let name = pipe.name()?;
        let text = name.text();
        let args: Vec<ast::Expr> = pipe.arguments().collect();
        if text == "default" {
            self.report.used(cx.span(&name), Thing::Pipe("default".into()));
            let fallback = args.first().and_then(|it| self.expr(cx, it));
            return self.default(value?, fallback?, span);
        }
        let Some(found) = Pipe::from_name(&text) else {
            self.unknown_pipe(&text, cx.span(&name));
            return None;
        };
        self.report.used(cx.span(&name), Thing::Pipe(found.name().into()));
        if found == Pipe::Number && args.is_empty() && cx.scope.place == Place::Answer {
            return self.read_number(value?, &text, cx.span(&name));
        }
        let signature = found.signature();
        let name_span = cx.span(&name);
        let args = self.pipe_args(cx, &text, name_span, &signature, &args);
        let value = self.pipe_input(value?, &text, name_span, &signature)?;
        let presence = value.ty.presence;
        let ty = type_of(signature.result).unwrap_or(Type::One(Scalar::Text));
        Some(typed(ExprKind::Pipe(found, Box::new(value), args?), ty, presence, span))
    }

    /// `| number` of what came from outside reads a number; in a message it writes one.
    fn read_number(&mut self, value: Expr, name: &str, name_span: Span) -> Option<Expr> {
        let value = self.pipe_input(value, name, name_span, &Pipe::Number.signature())?;
        Some(read_as(value, &Type::One(Scalar::Number)))
    }

    fn unknown_pipe(&mut self, name: &str, span: Span) {
        let known = || Pipe::ALL.iter().map(|it| it.name()).chain(["default"]);
        let elsewhere = ELSEWHERE.iter().find(|(it, _)| *it == name).map(|(_, it)| *it);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_PIPE, span, format!("there is no pipe `{name}`"));
        self.report.push(match elsewhere.or_else(|| nearest(name, known())) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("there are {}", list_names(known(), 40))),
        });
    }

    fn pipe_input(
        &mut self,
        value: Expr,
        name: &str,
        name_span: Span,
        signature: &Signature,
    ) -> Option<Expr> {
        let kind = value.ty.ty.kind();
        if signature.input.contains(&kind) {
            return Some(value);
        }
        if kind == Kind::Json
            && let Some(want) = signature.input.first().and_then(|kind| type_of(*kind))
        {
            return Some(read_as(value, &want));
        }
        let wanted: Vec<String> =
            signature.input.iter().filter_map(|kind| type_of(*kind)).map(|ty| words::plain(&ty)).collect();
        let message = format!(
            "`{name}` takes {}, and `{}` is {}",
            wanted.join(" or "),
            self.quote(value.span),
            words::what(&value)
        );
        let help = match (kind, name) {
            (Kind::List, _) => "take one item, `| first`, or join them, `| join \", \"`",
            (Kind::Number, "date" | "time") => "only a date or a moment can be written as a date",
            (Kind::Text, "date" | "time") => "declare it as `date` or `time` where it comes from",
            (Kind::Text, "join") => "a text is one piece already; `| split \",\"` makes a list of it",
            _ => "put it into a text first, or leave the pipe out",
        };
        let at = value.span;
        self.report.push(
            Diagnostic::error(codes::WRONG_PIPE_INPUT, name_span, message)
                .also(at, format!("this is {}", words::what(&value)))
                .help(help),
        );
        None
    }

    /// The arguments, with those filled in that were left out.
    fn pipe_args(
        &mut self,
        cx: Cx<'_>,
        name: &str,
        name_span: Span,
        signature: &Signature,
        args: &[ast::Expr],
    ) -> Option<Vec<Expr>> {
        if let Some(extra) = args.get(signature.args.len()) {
            let span = cx.span(extra);
            let takes = match signature.args {
                [] => format!("`{name}` stands alone"),
                some => format!("`{name}` takes {}", list_args(some)),
            };
            let message = format!("`{}` is one value too many", self.quote(span));
            return self.error(codes::WRONG_PIPE_ARGUMENT, span, message, takes);
        }
        let mut found = Vec::new();
        for (at, wanted) in signature.args.iter().enumerate() {
            found.push(match args.get(at) {
                Some(arg) => self.pipe_arg(cx, name, wanted, arg)?,
                None => self.left_out(name, name_span, wanted, signature)?,
            });
        }
        Some(found)
    }

    fn pipe_arg(&mut self, cx: Cx<'_>, name: &str, wanted: &PipeArg, arg: &ast::Expr) -> Option<Expr> {
        let value = self.expr(cx, arg)?;
        if value.ty.ty.kind() == wanted.kind {
            return Some(value);
        }
        let ty = type_of(wanted.kind)?;
        let message = format!(
            "the {} of `{name}` is {}, and `{}` is {}",
            wanted.name,
            words::plain(&ty),
            self.quote(value.span),
            words::what(&value)
        );
        let help = if wanted.kind == Kind::Text { "put it in quotes" } else { "leave out the quotes" };
        self.error(codes::WRONG_PIPE_ARGUMENT, value.span, message, help)
    }

    fn left_out(&mut self, name: &str, span: Span, wanted: &PipeArg, signature: &Signature) -> Option<Expr> {
        match wanted.given {
            Given::Must => {
                let message = format!("`{name}` wants its {}", wanted.name);
                let must = signature.args.iter().filter(|it| it.given == Given::Must);
                let example = must.map(|it| if it.kind == Kind::Number { " 20" } else { " \"…\"" });
                let help = format!("write it behind: `{name}{}`", example.collect::<String>());
                self.error(codes::WRONG_PIPE_ARGUMENT, span, message, help)
            }
            Given::May => Some(typed(ExprKind::Missing, type_of(wanted.kind)?, Presence::Optional, span)),
            Given::ElseText(text) => Some(constant(Constant::Text(text.into()), Scalar::Text, span)),
            Given::ElseNumber(number) => {
                Some(constant(Constant::Number(Decimal::from(number)), Scalar::Number, span))
            }
        }
    }

    /// `value | default fallback`
    fn default(&mut self, value: Expr, fallback: Expr, span: Span) -> Option<Expr> {
        let presence = match (value.ty.presence, fallback.ty.presence) {
            (Presence::Required, _) | (_, Presence::Required) => Presence::Required,
            _ => either(value.ty.presence, fallback.ty.presence),
        };
        let (value, fallback, ty) = match (value.ty.ty.clone(), fallback.ty.ty.clone()) {
            (Type::One(a), Type::One(b)) if is_text(&a) && is_text(&b) => {
                let ty = if is_part_of(&b, &a) || is_literal_of(&fallback, &a) { a } else { Scalar::Text };
                (value, fallback, Type::One(ty))
            }
            (Type::One(Scalar::Json), other) => (read_as(value, &other), fallback, other),
            (want, _) => {
                let fallback = self.fit(fallback, &want, "`default` after this")?;
                (value, fallback, want)
            }
        };
        let kind = ExprKind::Default(Box::new(value), Box::new(fallback));
        Some(typed(kind, ty, presence, span))
    }
}

/// Whether a fixed text is an address or a zone, as the value that it stands in for.
fn is_literal_of(fallback: &Expr, ty: &Scalar) -> bool {
    let ExprKind::Constant(Constant::Text(text)) = &fallback.kind else { return false };
    match ty {
        Scalar::Email => shape::is_email(text),
        Scalar::Timezone => shape::is_timezone(text),
        _ => false,
    }
}

/// The plainest type of a kind.
pub(crate) fn type_of(kind: Kind) -> Option<Type> {
    Some(match kind {
        Kind::Bool => Type::One(Scalar::Bool),
        Kind::Number => Type::One(Scalar::Number),
        Kind::Text => Type::One(Scalar::Text),
        Kind::Date => Type::One(Scalar::Date),
        Kind::Time => Type::One(Scalar::Time),
        Kind::Clock => Type::One(Scalar::Clock),
        Kind::Duration => Type::One(Scalar::Duration),
        Kind::List => Type::List(Scalar::Text),
        Kind::Json => Type::One(Scalar::Json),
        Kind::Entity => return None,
    })
}

fn list_args(args: &[PipeArg]) -> String {
    let example = |arg: &PipeArg| match arg.kind {
        Kind::Number => format!("{} (a number)", arg.name),
        _ => format!("{} (a text)", arg.name),
    };
    args.iter().map(example).collect::<Vec<_>>().join(", then ")
}
