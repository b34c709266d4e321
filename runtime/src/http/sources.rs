//! `/in/…`: what other programs send, each to the path of its source.
//!
//! A request is proved before anything else is made of it, and one that is not believed learns
//! nothing: the log has the reason. It must not know any provider.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use onward_bytecode::SourceDecl;
use onward_engine::Loaded;
use onward_engine::vm::source::{Answer, Denied, read, verify};
use serde_json::{Map, Value, json};

use super::Api;
use super::answer::Problem;
use super::request::{BODY, bytes};
use crate::ingest::{Heard, Reader, Sort, Trouble, nearest, value};
use crate::store::{NewFact, Receipt};

/// Where sources listen.
const BELOW: &str = "/in/";

pub(super) async fn take(
    State(api): State<Arc<Api>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if method == Method::HEAD {
        let message = format!("`{}` does not take HEAD", uri.path());
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message));
    }
    let raw = bytes(&headers, body, BODY).await?;
    let (live, source) = find(&api, uri.path())?;
    let program = live.program();
    let source = program.sources.get(source).ok_or_else(unbelieved)?;
    let came =
        Came { method: &method, uri: &uri, headers: &headers, raw: &raw, public: api.public.as_deref() };
    let (request, form) = came.request();
    let now = api.clock.now();
    let secret = |name: &str| api.secrets.get(name).map(Arc::from);
    if let Err(denied) = verify(program, source, &raw, &request, now, &secret) {
        tell_denied(source, &denied);
        return Err(unbelieved());
    }
    form.fit()?;
    let reading = read(program, source, &request, now, &secret).map_err(|fault| {
        tracing::error!(source = &*source.name, %fault, "a request cannot be read");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", format!("it cannot be read: {fault}"))
    })?;
    let reader = Reader { program: Some(program), now, fresh: &api.fresh };
    let Heard { items, notes } = reader.source(&source.name, &reading, program);
    for note in &notes {
        tracing::warn!(source = &*source.name, "{note}");
    }
    let mut facts: Vec<NewFact> = Vec::new();
    let mut refused = Vec::new();
    let mut sorts = Vec::new();
    for item in items {
        match item.fact {
            Ok(fact) => {
                facts.push(fact);
                sorts.push(item.sort);
            }
            Err(why) => {
                tracing::warn!(source = &*source.name, what = &*item.name, reason = %why.message, "not taken");
                refused.push(json!({ "name": &*item.name, "error": why }));
            }
        }
    }
    let receipts = api.ingest.accept(facts).await?;
    Ok(match (reading.answer, refused.is_empty() || !receipts.is_empty()) {
        (Some(answer), true) => said(answer),
        _ => summary(&sorts, &receipts, refused, &notes),
    })
}

/// The live program with the place of the source at a path.
fn find(api: &Api, path: &str) -> Result<(Arc<Loaded>, usize), Problem> {
    let asked = path.trim_end_matches('/');
    let none = || {
        let message = format!("no source listens at `{asked}`");
        Problem::new(StatusCode::NOT_FOUND, "unknown_source", message)
    };
    let live = api.library.live().ok_or_else(|| none().help("no rules are deployed yet"))?;
    let sources = &live.program().sources;
    if let Some(place) = sources.iter().position(|source| &*source.path == asked) {
        return Ok((live, place));
    }
    let below = |path: &str| path.strip_prefix(BELOW).unwrap_or(path).to_ascii_lowercase();
    let paths: Vec<String> = sources.iter().map(|source| below(&source.path)).collect();
    Err(match nearest(&below(asked), paths.iter().map(String::as_str)) {
        Some(near) => none().help(format!("did you mean `{BELOW}{near}`?")),
        None => {
            none().help("sources are declared in the rules, or switched on in onward.toml under `[sources]`")
        }
    })
}

/// Says nothing that helps to guess.
fn unbelieved() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unproven", "this request is not proved to be from its sender")
}

fn tell_denied(source: &SourceDecl, denied: &Denied) {
    match denied {
        Denied::Unproven(why) => tracing::warn!(source = &*source.name, why, "a request is not believed"),
        Denied::Fault(fault) => {
            tracing::error!(source = &*source.name, %fault, "requests cannot be proved, and are refused");
        }
    }
}

/// What a source is asked to answer.
fn said(answer: Answer) -> Response {
    match answer {
        Answer::Json(json) => Json(json).into_response(),
        Answer::Text(text) => {
            let kind =
                if text.starts_with('<') { "text/xml; charset=utf-8" } else { "text/plain; charset=utf-8" };
            ([(header::CONTENT_TYPE, kind)], text.to_string()).into_response()
        }
    }
}

fn summary(sorts: &[Sort], receipts: &[Receipt], refused: Vec<Value>, notes: &[String]) -> Response {
    let count = |sort: Sort, fits: fn(&Receipt) -> bool| {
        sorts.iter().zip(receipts).filter(|(own, receipt)| **own == sort && fits(receipt)).count()
    };
    let accepted: fn(&Receipt) -> bool = |receipt| matches!(receipt, Receipt::Accepted { .. });
    let duplicate: fn(&Receipt) -> bool = |receipt| matches!(receipt, Receipt::Duplicate { .. });
    let mut body = json!({
        "events": count(Sort::Event, accepted),
        "entities": count(Sort::Entity, accepted),
        "duplicates": count(Sort::Event, duplicate) + count(Sort::Entity, duplicate),
        "refused": refused.len(),
    });
    let nothing = receipts.is_empty() && !refused.is_empty();
    if let (Value::Object(members), false) = (&mut body, refused.is_empty()) {
        let first = refused.first().and_then(|refused| refused.get("error")).cloned();
        members.extend(first.filter(|_| nothing).map(|error| ("error".to_owned(), error)));
        members.insert("problems".to_owned(), Value::Array(refused));
    }
    if let (Value::Object(members), false) = (&mut body, notes.is_empty()) {
        members.insert("notes".to_owned(), json!(notes));
    }
    let status = if nothing { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, Json(body)).into_response()
}

/// A request as it came.
struct Came<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    raw: &'a [u8],
    /// Where the server is known to the world.
    public: Option<&'a str>,
}

/// Whether a body is what it says it is.
enum Form {
    Fit,
    Unfit(Problem),
}

impl Form {
    fn fit(self) -> Result<(), Problem> {
        match self {
            Self::Fit => Ok(()),
            Self::Unfit(problem) => Err(problem),
        }
    }
}

impl Came<'_> {
    /// As sources read it.
    fn request(&self) -> (Value, Form) {
        let (body, form) = self.body();
        let query = pairs(self.uri.query().unwrap_or_default().as_bytes());
        let request = json!({
            "body": body,
            "raw": String::from_utf8_lossy(self.raw),
            "headers": self.named(),
            "query": query,
            "url": self.url(),
            "method": self.method.as_str(),
        });
        (request, form)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// Headers by their names in small letters; those that come twice are one list (RFC 9110, 5.3).
    fn named(&self) -> Value {
        let mut named: Map<String, Value> = Map::new();
        for (name, value) in self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let joined = match named.get(name.as_str()).and_then(Value::as_str) {
                Some(before) => format!("{before}, {value}"),
                None => value.into_owned(),
            };
            named.insert(name.as_str().to_owned(), Value::String(joined));
        }
        Value::Object(named)
    }

    /// The address that the sender has used, as far as it can be known behind a proxy.
    fn url(&self) -> String {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        if let Some(public) = self.public {
            return format!("{}{path}", public.trim_end_matches('/'));
        }
        let first = |name: &str| self.header(name).and_then(|value| value.split(',').next()).map(str::trim);
        let scheme = first("x-forwarded-proto").unwrap_or("http");
        let host = first("x-forwarded-host").or_else(|| self.header("host")).unwrap_or("localhost");
        format!("{scheme}://{host}{path}")
    }

    /// JSON, or a form's names and values. Any other body is read by `raw` only.
    fn body(&self) -> (Value, Form) {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind == "application/x-www-form-urlencoded" {
            return (pairs(self.raw), Form::Fit);
        }
        let is_json = kind == "application/json" || kind.ends_with("+json");
        match value(self.raw) {
            Ok(parsed) => match parsed.faults.iter().find(|fault| fault.trouble == Trouble::Deep) {
                Some(_) => (Value::Null, Form::Unfit(too_deep())),
                None => (parsed.value, Form::Fit),
            },
            Err(error) if is_json && !self.raw.is_empty() => (Value::Null, Form::Unfit(error.into())),
            Err(_) => (Value::Null, Form::Fit),
        }
    }
}

fn too_deep() -> Problem {
    Problem::bad("too_deep", "the body has more than 32 levels")
}

/// The names and values of a form (WHATWG URL, 5.1). A name that comes twice has a list.
fn pairs(form: &[u8]) -> Value {
    let mut named: Map<String, Value> = Map::new();
    for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let mut part = || decoded(parts.next().unwrap_or_default());
        let (name, value) = (part(), Value::String(part()));
        match named.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value),
            Some(before) => *before = Value::Array(vec![before.take(), value]),
            None => {
                named.insert(name, value);
            }
        }
    }
    Value::Object(named)
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => match escaped(more) {
                Some((byte, more)) => {
                    rest = more;
                    byte
                }
                None => b'%',
            },
            other => *other,
        });
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    Some((u8::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let form = b"a=1&b=x+y%20z&b=%C3%A4&empty=&alone&%2B=%zz&=";
        let expected =
            json!({ "a": "1", "b": ["x y z", "\u{e4}"], "empty": "", "alone": "", "+": "%zz", "": "" });
        assert_eq!(pairs(form), expected);
        assert_eq!(pairs(b""), json!({}));
    }

    fn url(headers: &[(&'static str, &'static str)], public: Option<&str>) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap()))
            .collect::<Vec<(header::HeaderName, header::HeaderValue)>>()
            .into_iter()
            .collect();
        let uri: Uri = "/in/calls?source=ads".parse().unwrap();
        Came { method: &Method::POST, uri: &uri, headers: &headers, raw: b"", public }.url()
    }

    #[test]
    fn an_address_is_what_the_sender_used() {
        assert_eq!(url(&[("host", "a.example:4700")], None), "http://a.example:4700/in/calls?source=ads");
        let proxied =
            [("host", "10.0.0.1"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "a.example, b")];
        assert_eq!(url(&proxied, None), "https://a.example/in/calls?source=ads");
        assert_eq!(url(&proxied, Some("https://c.example/")), "https://c.example/in/calls?source=ads");
    }
}
