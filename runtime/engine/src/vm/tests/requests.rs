//! What actions ask providers.

use std::sync::Arc;

use onward_bytecode::{
    ActionDecl, Auth, Body, FunctionId, Kind, Length, Op, Pipe, Program, Scalar, Transport, Unsure,
};
use serde_json::json;

use super::*;
use crate::vm::request::{self, Credentials, Payload, Request, Unmade, render, result};

fn secrets(name: &str) -> Option<Arc<str>> {
    (name == "TOKEN").then(|| "s3cret".into())
}

/// Gives argument 0.
fn echo(name: &str, params: &[Kind]) -> Function {
    let mut asm = Asm::new(name, params, Some(params[0]));
    asm.abc(Op::Return, 0, 0, 0);
    asm.0
}

fn constant(name: &str, params: &[Kind], text: &str) -> Function {
    let mut asm = Asm::new(name, params, Some(Kind::Text));
    asm.text(5, text).abc(Op::Return, 5, 0, 0);
    asm.0
}

fn missing(name: &str, params: &[Kind], kind: Kind) -> Function {
    let mut asm = Asm::new(name, params, Some(kind));
    let place = Kind::ALL.iter().position(|k| *k == kind).unwrap() as u8;
    asm.abc(Op::Missing, 5, place, 0).abc(Op::Return, 5, 0, 0);
    asm.0
}

fn secret(name: &str, params: &[Kind], of: &str) -> Function {
    let mut asm = Asm::new(name, params, Some(Kind::Text));
    let of = asm.name(of, one(Scalar::Text));
    asm.ak(Op::Secret, 5, of.into()).abc(Op::Return, 5, 0, 0);
    asm.0
}

fn decl(params: Vec<FieldDecl>, transport: Transport) -> ActionDecl {
    ActionDecl {
        name: "test".into(),
        params,
        transport,
        result: Vec::new(),
        unsure: Unsure::Park,
        channel: None,
        docs: "".into(),
    }
}

fn http(url: u32, headers: Vec<(Arc<str>, FunctionId)>, body: Body) -> Transport {
    Transport::Http {
        method: "POST".into(),
        url: FunctionId(url),
        auth: None,
        headers,
        body,
        sign: None,
        expect: Vec::new(),
        proof: None,
        retry: Vec::new(),
        timeout: Length { months: 0, days: 0, millis: 10_000 },
    }
}

#[track_caller]
fn rendered(functions: Vec<Function>, action: ActionDecl, arguments: &[Json]) -> Result<Request, Unmade> {
    let program: Program = Program { actions: vec![action], ..program(functions) };
    let verified = verified(program);
    let now = Timestamp::UNIX_EPOCH;
    render(verified.program(), &verified.program().actions[0], arguments, now, &secrets)
}

const TEXT: &[Kind] = &[Kind::Text];

/// An HTTP action that sends its argument everywhere.
fn everywhere(argument: &str) -> Result<Request, Unmade> {
    let mut url = Asm::new("url", TEXT, Some(Kind::Text));
    url.text(1, "https://api.example/to/").abc(Op::Pipe, 2, Pipe::UrlEncode as u8, 0);
    url.abc(Op::Join, 3, 1, 2).abc(Op::Return, 3, 0, 0);
    let functions = vec![
        url.0,
        echo("header", TEXT),
        secret("token", TEXT, "TOKEN"),
        missing("form.none", TEXT, Kind::Text),
    ];
    let form = Body::Form(vec![("a".into(), FunctionId(1)), ("b".into(), FunctionId(3))]);
    let mut transport = http(0, vec![("X-A".into(), FunctionId(1)), ("X-B".into(), FunctionId(3))], form);
    if let Transport::Http { auth, sign, .. } = &mut transport {
        *auth = Some(Auth::Basic(FunctionId(1), FunctionId(2)));
        *sign = Some(FunctionId(2));
    }
    rendered(functions, decl(vec![field("to", Scalar::Text)], transport), &[json!(argument)])
}

#[test]
fn an_http_request_is_made() {
    let Ok(Request::Http(http)) = everywhere("a b&c") else { panic!() };
    assert_eq!(&*http.method, "POST");
    assert_eq!(&*http.url, "https://api.example/to/a%20b%26c");
    assert!(http.auth == Some(Credentials::Basic("a b&c".into(), "s3cret".into())));
    assert_eq!(http.headers, [("X-A".into(), "a b&c".into())]);
    assert_eq!(http.body, Payload::Form(vec![("a".into(), "a b&c".into())]));
    assert_eq!(http.sign.as_deref(), Some("s3cret"));
    assert!(!format!("{http:?} {:?}", http.auth).contains("s3cret"));
}

#[test]
fn a_header_has_no_line_breaks() {
    assert_eq!(everywhere("a\r\nX-Evil: 1"), Err(Unmade::LineBreak("header `X-A`".into())));
}

#[test]
fn json_is_sent_as_it_is() {
    let mut json = Asm::new("json", TEXT, Some(Kind::Json));
    json.text(1, "to").abc(Op::Copy, 2, 0, 0).abc(Op::Object, 3, 1, 1).abc(Op::Return, 3, 0, 0);
    let functions =
        vec![constant("url", TEXT, "http://localhost:8080"), json.0, missing("none", TEXT, Kind::Json)];
    let action =
        |body: u32| decl(vec![field("to", Scalar::Text)], http(0, Vec::new(), Body::Json(FunctionId(body))));
    let Ok(Request::Http(made)) = rendered(functions.clone(), action(1), &[json!("x")]) else { panic!() };
    assert_eq!(made.body, Payload::Json(json!({"to": "x"})));
    assert_eq!(rendered(functions, action(2), &[json!("x")]), Err(Unmade::Missing("body")));
}

#[test]
fn a_url_is_one_that_a_server_may_call() {
    for url in ["file:///etc/passwd", "https://", "javascript:alert(1)", "https://a b", "//acme.com", ""] {
        let action = decl(Vec::new(), http(0, Vec::new(), Body::Empty));
        assert_eq!(rendered(vec![constant("url", &[], url)], action, &[]), Err(Unmade::Url), "{url}");
    }
    let action = decl(Vec::new(), http(0, Vec::new(), Body::Empty));
    let error = rendered(vec![missing("url", &[], Kind::Text)], action, &[]).unwrap_err();
    assert_eq!(error.to_string(), "its url is missing");
}

#[test]
fn a_secret_that_is_not_set_is_named() {
    let action = decl(Vec::new(), http(0, Vec::new(), Body::Empty));
    let error = rendered(vec![secret("url", &[], "OTHER")], action, &[]).unwrap_err();
    assert_eq!(error, Unmade::Fault(Fault::NoSecret("OTHER".into())));
    assert!(error.to_string().contains("`OTHER`"));
}

/// A mail to `to` with this subject; text and HTML are there or missing.
fn mail(to: Json, subject: &str, text: bool) -> Result<Request, Unmade> {
    let params = &[Kind::List];
    let body = if text { constant("text", params, "Hello") } else { missing("text", params, Kind::Text) };
    let functions = vec![
        echo("to", params),
        missing("from", params, Kind::Text),
        constant("subject", params, subject),
        body,
        missing("html", params, Kind::Text),
    ];
    let transport = Transport::Smtp {
        to: FunctionId(0),
        from: FunctionId(1),
        subject: FunctionId(2),
        text: FunctionId(3),
        html: FunctionId(4),
        reply_to: None,
    };
    let to_param = FieldDecl { ty: Type::List(Scalar::Email), ..field("to", Scalar::Email) };
    rendered(functions, decl(vec![to_param], transport), &[to])
}

#[test]
fn a_mail_is_made() {
    let Ok(Request::Mail(mail)) = mail(json!(["ana@acme.com", "no address"]), "Hi\n  Ana\r\nBcc: x", true)
    else {
        panic!()
    };
    assert_eq!(mail.to, ["ana@acme.com".into()]);
    assert_eq!(mail.from.as_deref(), Some("Acme <hi@acme.example>"));
    assert_eq!(&*mail.subject, "Hi Ana Bcc: x");
    assert_eq!((&*mail.text, mail.html, mail.reply_to), ("Hello", None, None));
}

#[test]
fn a_mail_has_a_recipient_and_something_to_say() {
    assert_eq!(mail(json!([]), "x", true), Err(Unmade::Missing("recipient")));
    assert_eq!(mail(json!(null), "x", true), Err(Unmade::Missing("recipient")));
    assert_eq!(mail(json!(["ana@acme.com"]), "x", false), Err(Unmade::Missing("text")));
}

#[test]
fn an_answer_gives_what_the_result_names() {
    let mut sid = Asm::new("sid", &[Kind::Json], Some(Kind::Text));
    let name = sid.name("sid", one(Scalar::Text));
    sid.abc(Op::Member, 1, 0, name).abc(Op::Return, 1, 0, 0);
    let mut action = decl(Vec::new(), http(0, Vec::new(), Body::Empty));
    action.result = vec![(field("sid", Scalar::Text), FunctionId(1))];
    let functions = vec![constant("url", &[], "https://acme.com"), sid.0];
    let verified = verified(Program { actions: vec![action], ..program(functions) });
    let read = |body: Json| {
        let action = &verified.program().actions[0];
        Json::Object(result(verified.program(), action, &body, Timestamp::UNIX_EPOCH).unwrap())
    };
    assert_eq!(read(json!({"sid": "SM1"})), json!({"sid": "SM1"}));
    assert_eq!(read(json!({"other": 1})), json!({}));
    assert_eq!(read(json!(null)), json!({}));
}

#[test]
fn times_are_told_in_the_project_s_zone() {
    let mut url = Asm::new("text", &[Kind::Time], Some(Kind::Text));
    url.abc(Op::Text, 1, 0, 0).abc(Op::Return, 1, 0, 0);
    let functions = vec![constant("url", &[Kind::Time], "https://acme.com"), url.0];
    let action = decl(vec![field("at", Scalar::Time)], http(0, Vec::new(), Body::Text(FunctionId(1))));
    let Ok(Request::Http(made)) = rendered(functions, action, &[json!("2026-03-08T13:00:00Z")]) else {
        panic!()
    };
    assert_eq!(made.body, Payload::Text("8 March 2026, 09:00".into()));
}

#[test]
fn a_form_of_several_parts_is_encoded() {
    let parts: [(Arc<str>, Arc<str>); 2] = [("to".into(), "+1".into()), ("a\"b".into(), "x\r\ny".into())];
    let (kind, body) = request::multipart(&parts);
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let part = |name: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let wanted = format!("{}{}--{boundary}--\r\n", part("to", "+1"), part("a%22b", "x\r\ny"));
    assert_eq!(String::from_utf8(body), Ok(wanted));
    assert_eq!(request::multipart(&parts), request::multipart(&parts));
    assert!(boundary.len() <= 70, "RFC 2046, 5.1.1");
}

#[test]
fn a_token_is_asked_for_with_what_the_action_says() {
    let functions = vec![
        constant("url", TEXT, "https://login.example/token"),
        constant("client", TEXT, "app"),
        secret("secret", TEXT, "TOKEN"),
        constant("scope", TEXT, "mail.send"),
    ];
    let oauth = |refresh| {
        let mut transport = http(0, Vec::new(), Body::Form(Vec::new()));
        if let Transport::Http { auth, .. } = &mut transport {
            *auth = Some(Auth::OAuth(onward_bytecode::OAuth {
                url: FunctionId(0),
                client: FunctionId(1),
                secret: FunctionId(2),
                refresh,
                scope: Some(FunctionId(3)),
            }));
        }
        let made =
            rendered(functions.clone(), decl(vec![field("to", Scalar::Text)], transport), &[json!("x")]);
        let Ok(Request::Http(http)) = made else { panic!("{made:?}") };
        assert!(!format!("{http:?}").contains("s3cret"));
        let Some(Credentials::OAuth(oauth)) = http.auth else { panic!() };
        oauth
    };
    let own = oauth(None);
    assert_eq!((&*own.url, &*own.client, &*own.secret), ("https://login.example/token", "app", "s3cret"));
    assert_eq!((own.refresh, own.scope.as_deref()), (None, Some("mail.send")));
    assert_eq!(oauth(Some(FunctionId(2))).refresh.as_deref(), Some("s3cret"));
}
