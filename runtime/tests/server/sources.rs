//! What other programs send to `/in/…`: proofs as providers document them, and what becomes of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use onward_runtime::store::Found;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use crate::bed::{Bed, KEY, compiled_with, noon};

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn sha1(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn bed(uses: &str, rules: &str) -> Bed {
    let bed = Bed::dev("").await;
    bed.server.deploy(compiled_with(&format!("[sources]\nuse = [{uses}]\n"), rules), "test").await.unwrap();
    bed
}

/// Sends JSON to a source, with these headers.
async fn sent(bed: &Bed, path: &str, body: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let (status, _, text) = bed
        .plain(|client, url| {
            let request = client.post(format!("{url}{path}")).header("content-type", "application/json");
            with(request, headers).body(body.to_owned())
        })
        .await;
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

async fn find(bed: &Bed, kind: &str, word: &str) -> Found {
    bed.server.until_idle().await.unwrap();
    let found = bed.server.store().find(kind, word).await.unwrap();
    found.unwrap_or_else(|| panic!("no {kind} is named {word}"))
}

fn attribute(found: &Found, name: &str) -> Value {
    found.entity.as_ref().unwrap().attributes.get(name).cloned().unwrap_or_default()
}

const NOTED: &str = "
workflow noted { on order_placed do set contact.city = event.order }
";

#[tokio::test]
async fn a_shops_order_makes_a_contact_an_order_and_an_event() {
    let bed = bed("\"shopify\"", NOTED).await;
    let body = json!({
        "id": 820_982_911_946_154_508_u64, "name": "#9999", "email": "Jon@Example.com", "total_price": "404.95",
        "currency": "USD", "created_at": "2026-03-06T11:00:00-05:00", "line_items": [{"sku": "a"}],
        "customer": { "id": 115_310_627_314_723_954_u64, "first_name": "Jon", "last_name": "" },
    })
    .to_string();
    let signature = STANDARD.encode(sha256(b"the SHOPIFY_SECRET", &body));
    let headers = [
        ("X-Shopify-Topic", "orders/create"),
        ("X-Shopify-Hmac-Sha256", signature.as_str()),
        ("X-Shopify-Webhook-Id", "w-1"),
        ("X-Shopify-Triggered-At", "2026-03-06T11:59:00Z"),
    ];
    let (status, answer) = sent(&bed, "/in/shopify", &body, &headers).await;
    assert_eq!((status, &answer["events"], &answer["entities"]), (200, &json!(1), &json!(2)), "{answer}");
    let contact = find(&bed, "contact", "jon@example.com").await;
    assert_eq!(find(&bed, "contact", "shopify:115310627314723954").await.id, contact.id);
    assert_eq!(attribute(&contact, "first_name"), "Jon");
    assert_eq!(attribute(&contact, "city"), "#9999", "the event came with its field");
    let order = find(&bed, "order", "shopify:820982911946154508").await;
    assert_eq!(attribute(&order, "contact"), json!(&*contact.id.id), "the order refers to the contact");
    assert_eq!(attribute(&order, "total"), json!(404.95));

    let (status, again) = sent(&bed, "/in/shopify", &body, &headers).await;
    assert_eq!((status, &again["events"], &again["duplicates"]), (200, &json!(0), &json!(3)), "{again}");

    let (status, answer) = sent(&bed, "/in/shopify", &body.replace("404", "405"), &headers).await;
    assert_eq!(status, 401);
    assert_eq!(answer["error"]["message"], "this request is not proved to be from its sender");
    assert_eq!(sent(&bed, "/in/shopify", &body, &[]).await.0, 401);
}

#[tokio::test]
async fn a_signature_over_a_timestamp_is_fresh_and_keys_are_changed() {
    let rules = r#"
source payments2 {
  path "/in/pay"
  verify hmac sha256 of "{{ header "Stripe-Signature" | item "t" }}.{{ raw }}" as hex
    in header "Stripe-Signature" | items "v1" with secret.NEW_KEY, secret.OLD_KEY
    within 5m of header "Stripe-Signature" | item "t" | unix
  id body.id
  contact by email body.email
  event order_placed { order: body.order }
}
"#;
    let bed = bed("", rules).await;
    let now = noon().as_second();
    let signed = |at: i64, key: &str, body: &str| hex(&sha256(key.as_bytes(), &format!("{at}.{body}")));
    let body = |id: &str| json!({"id": id, "email": "ana@example.com", "order": "1"}).to_string();
    for (number, at, keys, expected) in [
        (1, now, vec!["the NEW_KEY"], 200),
        (2, now, vec!["the OLD_KEY"], 200),
        (3, now, vec!["another", "the OLD_KEY"], 200),
        (4, now - 299, vec!["the NEW_KEY"], 200),
        (5, now - 301, vec!["the NEW_KEY"], 401),
        (6, now + 301, vec!["the NEW_KEY"], 401),
        (7, now, vec!["another"], 401),
        (8, now, vec![], 401),
    ] {
        let body = body(&number.to_string());
        let signatures: String = keys.iter().map(|key| format!(",v1={}", signed(at, key, &body))).collect();
        let header = format!("t={at}{signatures},v0=00");
        let (status, answer) = sent(&bed, "/in/pay", &body, &[("Stripe-Signature", &header)]).await;
        assert_eq!(status, expected, "{number}: {answer}");
    }
}

#[tokio::test]
async fn the_catalogues_stripe_takes_its_events() {
    let bed = bed("\"stripe\"", "").await;
    let body = json!({
        "id": "evt_1", "type": "charge.refunded", "created": noon().as_second(),
        "data": { "object": {
            "amount_refunded": 1999, "currency": "eur", "customer": "cus_1",
            "billing_details": { "email": "ana@example.com" },
        } },
    })
    .to_string();
    let at = noon().as_second();
    let signature = hex(&sha256(b"the STRIPE_WEBHOOK_SECRET", &format!("{at}.{body}")));
    let header = format!("t={at},v1={signature}");
    let (status, answer) = sent(&bed, "/in/stripe", &body, &[("Stripe-Signature", &header)]).await;
    assert_eq!((status, &answer["events"]), (200, &json!(1)), "{answer}");
    let stripe = find(&bed, "contact", "stripe:cus_1").await;
    assert_eq!(stripe.id, find(&bed, "contact", "ana@example.com").await.id);
}

#[tokio::test]
async fn a_form_is_signed_with_its_address() {
    let bed = bed("\"twilio_sms\"", "").await;
    let form =
        [("MessageSid", "SM1"), ("From", "+14155550123"), ("Body", "yes & more"), ("To", "+14155550199")];
    let encoded = "MessageSid=SM1&From=%2B14155550123&Body=yes+%26+more&To=%2B14155550199";
    let address = "https://rules.acme.example/in/twilio/sms?a=1";
    let mut sorted = form;
    sorted.sort_unstable();
    let text: String = sorted.iter().map(|(name, value)| format!("{name}{value}")).collect();
    let signature = STANDARD.encode(sha1(b"the TWILIO_TOKEN", &format!("{address}{text}")));
    let send = async |signature: &str| {
        bed.plain(|client, url| {
            client
                .post(format!("{url}/in/twilio/sms?a=1"))
                .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
                .header("x-forwarded-proto", "https")
                .header("x-forwarded-host", "rules.acme.example")
                .header("X-Twilio-Signature", signature)
                .body(encoded)
        })
        .await
    };
    let (status, kind, text) = send(&signature).await;
    assert_eq!((status, kind.as_str(), text.as_str()), (200, "text/xml; charset=utf-8", "<Response/>"));
    assert_eq!(attribute(&find(&bed, "contact", "+14155550123").await, "phone"), "+14155550123");
    assert_eq!(send("AAAA").await.0, 401);
}

#[tokio::test]
async fn standard_webhooks_are_proved_by_one_of_their_signatures() {
    let bed = bed("\"resend\"", "").await;
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let body = json!({
        "type": "email.delivered", "created_at": "2026-03-06T12:00:00Z", "data": { "to": ["ana@example.com"] },
    })
    .to_string();
    let at = noon().as_second().to_string();
    let signature = STANDARD.encode(sha256(&key, &format!("msg_1.{at}.{body}")));
    let send = async |signature: &str| {
        let headers = [("svix-id", "msg_1"), ("svix-timestamp", at.as_str()), ("svix-signature", signature)];
        sent(&bed, "/in/resend", &body, &headers).await.0
    };
    assert_eq!(send(&format!("v1,AAAA v1,{signature}")).await, 200);
    assert_eq!(send(&format!("v2,{signature}")).await, 401);
}

const PROOFS: &str = r#"
source github {
  path "/in/github"
  verify hmac sha256 of body as hex in header "X-Hub-Signature-256" prefix "sha256=" with secret.NEW_KEY
  contact by id body.login
  event order_placed { order: body.login }
}
source basic { path "/in/basic" verify basic auth secret.USER secret.PASSWORD contact by id body.login { first_name: body.name } }
source bearer { path "/in/bearer" verify bearer auth secret.TOKEN contact by id body.login { first_name: body.name } }
source token { path "/in/token" verify token secret.TOKEN in query "key" contact by id query "login" answer query "challenge" }
source unset { path "/in/unset" verify bearer auth secret.NOBODY_SET contact by id body.login { first_name: body.name } }
"#;

#[tokio::test]
async fn proofs_of_every_sort() {
    let bed = bed("", PROOFS).await;
    let body = r#"{"login": "ana"}"#;
    let signature = format!("sha256={}", hex(&sha256(b"the NEW_KEY", body)));
    let post = async |path: &str, headers: &[(&str, &str)]| sent(&bed, path, body, headers).await.0;
    assert_eq!(post("/in/github", &[("X-Hub-Signature-256", &signature)]).await, 200);
    assert_eq!(post("/in/github", &[("X-Hub-Signature-256", &signature.to_uppercase())]).await, 401);
    let basic = format!("Basic {}", STANDARD.encode("the USER:the PASSWORD"));
    assert_eq!(post("/in/basic", &[("Authorization", &basic)]).await, 200);
    assert_eq!(post("/in/basic", &[("Authorization", "Basic AAAA")]).await, 401);
    assert_eq!(post("/in/bearer", &[("Authorization", "Bearer t0ken")]).await, 200);
    assert_eq!(post("/in/bearer", &[("Authorization", "Bearer t0kem")]).await, 401);
    assert_eq!(post("/in/bearer", &[("Authorization", &format!("Bearer {KEY}"))]).await, 401);
    assert_eq!(post("/in/unset", &[("Authorization", "Bearer ")]).await, 401);
    let (status, _, text) = bed
        .plain(|client, url| client.get(format!("{url}/in/token?key=t0ken&login=ben&challenge=c%201")))
        .await;
    assert_eq!((status, text.as_str()), (200, "c 1"));
    find(&bed, "contact", "ben").await;
    let (status, _, _) = bed.plain(|client, url| client.get(format!("{url}/in/token?key=x&login=eve"))).await;
    assert_eq!(status, 401);
    assert!(bed.server.store().find("contact", "eve").await.unwrap().is_none());
}

#[tokio::test]
async fn what_does_not_fit_is_told_and_the_rest_is_kept() {
    let rules = r#"
event paid about contact { amount: number, plan: "free" | "pro"? }
source shop2 {
  path "/in/shop"
  verify token secret.TOKEN in query "key"
  for each it in body.items {
    contact by email it.email { first_name: it.name }
    event paid id it.id { amount: it.amount, plan: it.plan }
  }
}
"#;
    let bed = bed("", rules).await;
    let items = |items: Value| json!({ "items": items }).to_string();
    let good = json!({"id": "1", "email": "ana@example.com", "amount": "12.50", "plan": "gold", "name": 7});
    let lacks = json!({"id": "2", "email": "ben@example.com"});
    let bad = json!({"id": "3", "email": "cy@example.com", "amount": "many"});
    let nobody = json!({"id": "4", "email": "not an address", "amount": 1});
    let (status, answer) =
        sent(&bed, "/in/shop?key=t0ken", &items(json!([good, lacks, bad, nobody])), &[]).await;
    assert_eq!((status, &answer["events"], &answer["refused"]), (200, &json!(1), &json!(2)), "{answer}");
    for problem in answer["problems"].as_array().unwrap() {
        assert_eq!(
            (&problem["error"]["code"], &problem["error"]["field"]),
            (&json!("missing"), &json!("amount"))
        );
    }
    assert_eq!(answer["notes"], json!(["the contact has no `email`: it and what is about it is left out"]));
    assert_eq!(attribute(&find(&bed, "contact", "ana@example.com").await, "first_name"), "7");
    find(&bed, "contact", "ben@example.com").await;
    let (status, answer) = sent(&bed, "/in/shop?key=t0ken", "{", &[]).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("not_json")), "{answer}");
    assert_eq!(sent(&bed, "/in/shop?key=no", "{", &[]).await.0, 401, "a proof comes first");
}

#[tokio::test]
async fn a_path_that_is_none_is_answered_with_the_nearest() {
    let bed = bed("", PROOFS).await;
    let (status, answer) = sent(&bed, "/in/githob", "{}", &[]).await;
    assert_eq!((status, &answer["error"]["help"]), (404, &json!("did you mean `/in/github`?")), "{answer}");
    assert_eq!(sent(&bed, "/in/nothing/like/it", "{}", &[]).await.0, 404);
    assert_eq!(sent(&Bed::dev("").await, "/in/github", "{}", &[]).await.0, 404, "no rules");
    let (status, _, _) =
        bed.plain(|client, url| client.head(format!("{url}/in/token?key=t0ken&login=eve"))).await;
    assert_eq!(status, 405);
    let large = "x".repeat((5 << 20) + 1);
    assert_eq!(sent(&bed, "/in/bearer", &large, &[("Authorization", "Bearer t0ken")]).await.0, 413);
}
