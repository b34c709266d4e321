//! What requests prove and say. Signatures are those of published examples, or made with
//! other tools (`openssl dgst -hmac`).

use onward_bytecode::{
    Encoding, HashKind, Hmac, HmacKey, Length, Pipe, SourceDecl, SourceItem, Type, Verify,
};

use super::*;
use crate::vm::source::{Answer, Denied, Named, Said, Told, read, verify};

/// Functions of a source under construction; each takes the request and the items of the loops around.
#[derive(Default)]
struct Parts(Vec<Function>);

impl Parts {
    fn add(&mut self, loops: usize, kind: Kind, write: impl FnOnce(&mut Asm)) -> FunctionId {
        let mut asm = Asm::new("part", &vec![Kind::Json; 1 + loops], Some(kind));
        write(&mut asm);
        asm.abc(Op::Return, 9, 0, 0);
        self.0.push(asm.0);
        FunctionId(self.0.len() as u32 - 1)
    }

    /// The value at a path of the request, or of the item of the innermost loop.
    fn path(&mut self, loops: u8, path: &[&str], ty: Type) -> FunctionId {
        self.add(usize::from(loops), ty.kind(), |asm| {
            let (last, inner) = path.split_last().unwrap();
            asm.abc(Op::Copy, 9, loops, 0);
            for member in inner {
                let name = asm.name(member, one(Scalar::Json));
                asm.abc(Op::Member, 9, 9, name);
            }
            let name = asm.name(last, ty.clone());
            asm.abc(Op::Member, 9, 9, name);
        })
    }

    fn text(&mut self, path: &[&str]) -> FunctionId {
        self.path(0, path, one(Scalar::Text))
    }

    fn secret(&mut self, secret: &str) -> FunctionId {
        self.add(0, Kind::Text, |asm| {
            let name = asm.name(secret, one(Scalar::Text));
            asm.ak(Op::Secret, 9, name.into());
        })
    }

    fn program(&self) -> Verified {
        verified(program(self.0.clone()))
    }
}

fn source(proofs: Vec<Verify>, items: Vec<SourceItem>) -> SourceDecl {
    SourceDecl {
        name: "shop".into(),
        path: "/in/shop".into(),
        verify: proofs,
        id: None,
        at: None,
        items,
        docs: "".into(),
    }
}

fn secrets(name: &str) -> Option<std::sync::Arc<str>> {
    match name {
        "KEY" => Some("It's a Secret to Everybody".into()),
        "OLD" => Some("old key".into()),
        "BYTES" => Some("a2V5".into()),
        "TOKEN" => Some("s3cret".into()),
        "EMPTY" => Some("".into()),
        _ => None,
    }
}

fn now() -> Timestamp {
    "2026-03-08T12:00:00Z".parse().unwrap()
}

fn check(parts: &Parts, proof: Verify, raw: &str, request: &Json) -> Result<(), Denied> {
    let program = parts.program();
    verify(program.program(), &source(vec![proof], Vec::new()), raw.as_bytes(), request, now(), &secrets)
}

fn unproven(done: &Result<(), Denied>) -> bool {
    matches!(done, Err(Denied::Unproven(_)))
}

/// GitHub's published example: docs.github.com, "Validating webhook deliveries".
#[test]
fn a_signature_over_the_body() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let mut parts = Parts::default();
    let (sent, key) = (parts.text(&["headers", "x-hub-signature-256"]), parts.secret("KEY"));
    let hmac = Verify::Hmac(Hmac {
        hash: HashKind::Sha256,
        signed: None,
        encoding: Encoding::Hex,
        signature: sent,
        prefix: Some("sha256=".into()),
        keys: vec![HmacKey { encoding: None, key }],
        fresh: None,
    });
    let request = |signature: &str| json!({"headers": {"x-hub-signature-256": signature}});
    let proof = |raw: &str, signature: &str| check(&parts, hmac.clone(), raw, &request(signature));
    assert_eq!(proof("Hello, World!", signature), Ok(()));
    assert!(unproven(&proof("Hello, World", signature)));
    assert!(unproven(&proof("Hello, World!", &signature.replace("sha256=", ""))));
    assert!(unproven(&proof("Hello, World!", signature.get(..20).unwrap())));
    assert!(unproven(&proof("Hello, World!", "sha256=")));
    assert!(unproven(&check(&parts, hmac.clone(), "Hello, World!", &json!({}))));
}

/// Over a timestamp and the body, several signatures in one header, two keys, and not too old.
#[test]
fn a_signature_over_a_timestamp_and_the_body() {
    let mut parts = Parts::default();
    let part = |asm: &mut Asm, name: &str, pipe: Pipe| {
        let (headers, header) = (asm.name("headers", one(Scalar::Json)), asm.name("sig", one(Scalar::Text)));
        asm.abc(Op::Member, 2, 0, headers).abc(Op::Member, 2, 2, header).text(3, name).abc(
            Op::Pipe,
            9,
            pipe as u8,
            2,
        );
    };
    let signed = parts.add(0, Kind::Text, |asm| {
        part(asm, "t", Pipe::Item);
        let raw = asm.name("raw", one(Scalar::Text));
        asm.abc(Op::Copy, 4, 9, 0).text(5, ".").abc(Op::Member, 6, 0, raw).abc(Op::Join, 9, 4, 3);
    });
    let signature = parts.add(0, Kind::List, |asm| part(asm, "v1", Pipe::Items));
    let fresh = parts.add(0, Kind::Time, |asm| {
        part(asm, "t", Pipe::Item);
        asm.abc(Op::Pipe, 9, Pipe::Unix as u8, 9);
    });
    let (new, old, lacking) = (parts.secret("KEY"), parts.secret("OLD"), parts.secret("NEXT"));
    let hmac = |keys: &[FunctionId]| {
        Verify::Hmac(Hmac {
            hash: HashKind::Sha256,
            signed: Some(signed),
            encoding: Encoding::Hex,
            signature,
            prefix: None,
            keys: keys.iter().map(|key| HmacKey { encoding: None, key: *key }).collect(),
            fresh: Some((Length { months: 0, days: 0, millis: 300_000 }, fresh)),
        })
    };
    // printf '1772971000.{"a":1}' | openssl dgst -sha256 -hmac 'old key'
    let (time, by_old) =
        (1_772_971_000_i64, "29c94d5d8ce7804736f0b34b8e39b298d9bf85918120b2c1d4023a5c30187745");
    let request =
        |time: i64| json!({"raw": "{\"a\":1}", "headers": {"sig": format!("t={time},v1=00ff,v1={by_old}")}});
    assert_eq!(check(&parts, hmac(&[new, old]), "{\"a\":1}", &request(time)), Ok(()));
    assert_eq!(check(&parts, hmac(&[lacking, old]), "{\"a\":1}", &request(time)), Ok(()));
    assert!(unproven(&check(&parts, hmac(&[new]), "{\"a\":1}", &request(time))));
    assert!(unproven(&check(&parts, hmac(&[new, old]), "{\"a\":1}", &request(time - 301))));
    assert!(matches!(
        check(&parts, hmac(&[lacking]), "", &request(time)),
        Err(Denied::Fault(Fault::NoSecret(_)))
    ));
}

/// Base64 with and without padding, other hashes, a key that is written in Base64.
#[test]
fn other_ways_to_write_it() {
    let mut parts = Parts::default();
    let (sent, key) = (parts.text(&["headers", "sig"]), parts.secret("BYTES"));
    let hmac = |hash, encoding| {
        Verify::Hmac(Hmac {
            hash,
            signed: None,
            encoding,
            signature: sent,
            prefix: None,
            keys: vec![HmacKey { encoding: Some(Encoding::Base64), key }],
            fresh: None,
        })
    };
    // The key is `key`, the text that of RFC 6151's and Wikipedia's example.
    let text = "The quick brown fox jumps over the lazy dog";
    for (hash, encoding, signature) in [
        (HashKind::Sha1, Encoding::Hex, "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"),
        (HashKind::Sha1, Encoding::Hex, "DE7C9B85B8B78AA6BC8A7A36F70A90701C9DB4D9"),
        (HashKind::Sha1, Encoding::Base64, "3nybhbi3iqa8ino29wqQcBydtNk="),
        (HashKind::Sha1, Encoding::Base64, "3nybhbi3iqa8ino29wqQcBydtNk"),
        (HashKind::Sha256, Encoding::Base64, "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg="),
        (
            HashKind::Sha512,
            Encoding::Hex,
            "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a",
        ),
    ] {
        let request = json!({"headers": {"sig": signature}});
        assert_eq!(check(&parts, hmac(hash, encoding), text, &request), Ok(()), "{signature}");
        assert!(unproven(&check(&parts, hmac(hash, encoding), "another", &request)));
    }
}

#[test]
fn names_and_tokens() {
    let mut parts = Parts::default();
    let (user, token, came) = (parts.secret("TOKEN"), parts.secret("TOKEN"), parts.text(&["query", "token"]));
    let empty = parts.secret("EMPTY");
    let with = |value: &str| json!({"headers": {"authorization": value}, "query": {"token": value}});
    let basic = Verify::Basic(user, token);
    // s3cret:s3cret
    assert_eq!(check(&parts, basic.clone(), "", &with("Basic czNjcmV0OnMzY3JldA==")), Ok(()));
    assert!(unproven(&check(&parts, basic.clone(), "", &with("Basic czNjcmV0OnMzY3JlcQ=="))));
    assert!(unproven(&check(&parts, basic, "", &with("Bearer czNjcmV0OnMzY3JldA=="))));
    assert_eq!(check(&parts, Verify::Bearer(token), "", &with("bearer s3cret")), Ok(()));
    assert!(unproven(&check(&parts, Verify::Bearer(token), "", &with("bearer s3cret2"))));
    assert!(unproven(&check(&parts, Verify::Bearer(token), "", &json!({}))));
    assert_eq!(check(&parts, Verify::Token(token, came), "", &with("s3cret")), Ok(()));
    assert!(unproven(&check(&parts, Verify::Token(token, came), "", &with("S3cret"))));
    assert!(unproven(&check(&parts, Verify::Token(empty, came), "", &with(""))), "an empty secret is none");
}

#[test]
fn one_proof_is_enough_and_none_is_none() {
    let mut parts = Parts::default();
    let (token, other, came) = (parts.secret("TOKEN"), parts.secret("KEY"), parts.text(&["query", "token"]));
    let program = parts.program();
    let proofs = vec![Verify::Token(other, came), Verify::Token(token, came)];
    let request = json!({"query": {"token": "s3cret"}});
    let done =
        |proofs| verify(program.program(), &source(proofs, Vec::new()), b"", &request, now(), &secrets);
    assert_eq!(done(proofs.clone()), Ok(()));
    assert!(unproven(&done(proofs[..1].to_vec())));
    assert_eq!(done(Vec::new()), Ok(()));
}

/// A shop's order: who bought, the order, and each of its lines.
fn order_source(parts: &mut Parts) -> SourceDecl {
    let is_order = parts.add(0, Kind::Bool, |asm| {
        let (headers, topic) = (asm.name("headers", one(Scalar::Json)), asm.name("topic", one(Scalar::Text)));
        asm.abc(Op::Member, 2, 0, headers).abc(Op::Member, 2, 2, topic).text(3, "orders").abc(
            Op::Eq,
            9,
            2,
            3,
        );
    });
    let text = one(Scalar::Text);
    let email = parts.path(0, &["body", "email"], text.clone());
    let name = parts.path(0, &["body", "customer", "first_name"], text.clone());
    let total = parts.path(0, &["body", "total"], one(Scalar::Number));
    let order = parts.path(0, &["body", "name"], text.clone());
    let lines = parts.path(0, &["body", "lines"], Type::List(Scalar::Json));
    let sku = parts.path(1, &["sku"], text.clone());
    let at = parts.path(0, &["body", "at"], one(Scalar::Time));
    let id = parts.path(0, &["headers", "id"], text.clone());
    let answer = parts.path(0, &["body", "challenge"], text);
    let mut source = source(
        Vec::new(),
        vec![
            SourceItem::When {
                condition: is_order,
                then: vec![
                    SourceItem::Entity {
                        kind: "contact".into(),
                        keys: vec![("email".into(), email)],
                        attributes: vec![("first_name".into(), name)],
                    },
                    SourceItem::Event {
                        event: "signup".into(),
                        id: Some(order),
                        at: None,
                        fields: vec![("total".into(), total)],
                    },
                    SourceItem::Each {
                        list: lines,
                        items: vec![SourceItem::Event {
                            event: "line_bought".into(),
                            id: None,
                            at: Some(at),
                            fields: vec![("sku".into(), sku)],
                        }],
                    },
                ],
                otherwise: vec![SourceItem::Answer(answer)],
            },
            SourceItem::Event { event: "heard".into(), id: None, at: None, fields: Vec::new() },
        ],
    );
    source.id = Some(id);
    source.at = Some(at);
    source
}

#[test]
fn a_request_is_read_in_order() {
    let mut parts = Parts::default();
    let source = order_source(&mut parts);
    let program = parts.program();
    let request = json!({
        "headers": {"topic": "orders", "id": "r1"},
        "body": {
            "email": "ana@example.com", "customer": {"first_name": "Ana"}, "total": "19.90", "name": "#7",
            "lines": [{"sku": "a"}, {"no": 1}], "at": "2026-03-08T11:00:00Z",
        },
    });
    let reading = read(program.program(), &source, &request, now(), &secrets).unwrap();
    let at = "2026-03-08T11:00:00Z".parse().ok();
    assert_eq!((reading.id.as_deref(), reading.at, &reading.answer), (Some("shop/r1"), at, &None));
    let told = |event: &str, id: &str, at, members: Json, about: &[usize]| {
        Said::Event(Told {
            event: event.into(),
            id: Some(id.into()),
            at,
            fields: fields(members),
            about: about.to_vec(),
        })
    };
    assert_eq!(
        reading.said,
        [
            Said::Entity(Named {
                kind: "contact".into(),
                keys: vec![("email".into(), "ana@example.com".into())],
                attributes: fields(json!({"first_name": "Ana"})),
            }),
            told("signup", "shop/signup/#7", None, json!({"total": 19.9}), &[0]),
            told("line_bought", "shop/r1/2", at, json!({"sku": "a"}), &[0]),
            told("line_bought", "shop/r1/3", at, json!({}), &[0]),
            // Outside of the block nobody is known.
            told("heard", "shop/r1/4", None, json!({}), &[]),
        ]
    );
}

#[test]
fn who_cannot_be_named_is_left_out_with_what_is_about_them() {
    let mut parts = Parts::default();
    let source = order_source(&mut parts);
    let program = parts.program();
    let request = json!({"headers": {"topic": "orders"}, "body": {"email": " ", "lines": "none"}});
    let reading = read(program.program(), &source, &request, now(), &secrets).unwrap();
    let events: Vec<&str> = reading
        .said
        .iter()
        .filter_map(|said| if let Said::Event(told) = said { Some(&*told.event) } else { None })
        .collect();
    assert_eq!(events, ["line_bought", "heard"]);
    assert_eq!(reading.notes.len(), 1);
    assert!(reading.notes[0].contains("`email`"), "{:?}", reading.notes);
}

#[test]
fn a_sender_is_answered() {
    let mut parts = Parts::default();
    let source = order_source(&mut parts);
    let program = parts.program();
    let request = json!({"headers": {}, "body": {"challenge": "42"}});
    let reading = read(program.program(), &source, &request, now(), &secrets).unwrap();
    assert_eq!(reading.answer, Some(Answer::Text("42".into())));
}
