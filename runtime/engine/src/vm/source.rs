//! Sources: who sent a request, and what it says.
//!
//! It must not know providers, HTTP servers or the store: a request is JSON, and what it
//! says comes out as plain values.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac as Mac, KeyInit, Mac as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{
    Encoding, FunctionId, HashKind, Hmac, Length, Program, Scalar, SourceDecl, SourceItem, Type, Value,
    Verify,
};
use serde_json::Value as Json;
use subtle::ConstantTimeEq;

use super::{Fault, Secrets, World, call};
use crate::civil;
use crate::model::Fields;

/// Why a request is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing that it brought proves who sent it.
    #[error("nothing in the request proves who sent it: {0}")]
    Unproven(&'static str),
    /// The proof cannot be checked: a secret is not set, for example.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The sender's id of the request, the source's name before it.
    pub id: Option<Arc<str>>,
    /// When it happened, if the request says.
    pub at: Option<Timestamp>,
    /// Entities and events, in order.
    pub said: Vec<Said>,
    /// What could not be used, in words.
    pub notes: Vec<Arc<str>>,
    /// What the sender is answered, if the source says.
    pub answer: Option<Answer>,
}

/// One thing that a request says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// An entity.
    Entity(Named),
    /// An event.
    Event(Told),
}

/// An entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its kind.
    pub kind: Arc<str>,
    /// Keys that name it, at least one: `id`, `email`, `phone`, `anonymous_id`, or another system's name.
    pub keys: Vec<(Arc<str>, Arc<str>)>,
    /// Its attributes.
    pub attributes: Fields,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its name.
    pub event: Arc<str>,
    /// Its own id, or one made of the request's; the source's name before it.
    pub id: Option<Arc<str>>,
    /// When it happened, if it says; else see [`Reading::at`].
    pub at: Option<Timestamp>,
    /// Its fields.
    pub fields: Fields,
    /// Whom it is about: places in [`Reading::said`], at most one of each kind.
    pub about: Vec<usize>,
}

/// What the sender is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A text, as it is.
    Text(Arc<str>),
    /// JSON.
    Json(Json),
}

/// Whether a request is from whom it should be. `raw` is its body, byte for byte.
///
/// # Errors
///
/// [`Denied`], with words that hold no secret.
pub fn verify(
    program: &Program,
    source: &SourceDecl,
    raw: &[u8],
    request: &Json,
    now: Timestamp,
    secrets: &Secrets<'_>,
) -> Result<(), Denied> {
    let asked = Asked::new(program, request, now, secrets);
    let mut first = None;
    for proof in &source.verify {
        match asked.proves(proof, raw) {
            Ok(()) => return Ok(()),
            Err(denied) => {
                first.get_or_insert(denied);
            }
        }
    }
    first.map_or(Ok(()), Err)
}

/// What a request says.
///
/// # Errors
///
/// A [`Fault`].
pub fn read(
    program: &Program,
    source: &SourceDecl,
    request: &Json,
    now: Timestamp,
    secrets: &Secrets<'_>,
) -> Result<Reading, Fault> {
    let asked = Asked::new(program, request, now, secrets);
    let id = source.id.map(|id| asked.text(id)).transpose()?.flatten();
    let at = source.at.map(|at| asked.time(at)).transpose()?.flatten();
    let id = id.map(|id| format!("{}/{id}", source.name).into());
    let mut reader = Reader { source, asked, reading: Reading { id, at, ..Reading::default() }, events: 0 };
    reader.items(&source.items, &mut Scope::new())?;
    Ok(reader.reading)
}

/// A request under examination.
struct Asked<'a> {
    program: &'a Program,
    world: World<'a>,
    /// The request, then an item for each loop around.
    args: Vec<Value>,
}

static NO_ENTITIES: BTreeMap<onward_bytecode::EntityId, Option<crate::model::Entity>> = BTreeMap::new();

impl<'a> Asked<'a> {
    fn new(program: &'a Program, request: &Json, now: Timestamp, secrets: &'a Secrets<'a>) -> Self {
        let world = World { secrets: Some(secrets), ..World::new(&NO_ENTITIES, now) };
        Self { program, world, args: vec![Value::Json(Arc::new(request.clone()))] }
    }

    fn value(&self, function: FunctionId) -> Result<Value, Fault> {
        call(self.program, function, &self.args, &self.world)
    }

    fn text(&self, function: FunctionId) -> Result<Option<Arc<str>>, Fault> {
        Ok(match self.value(function)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        })
    }

    fn time(&self, function: FunctionId) -> Result<Option<Timestamp>, Fault> {
        Ok(if let Value::Time(at) = self.value(function)? { Some(at) } else { None })
    }

    fn header(&self, name: &str) -> Option<&str> {
        match self.args.first() {
            Some(Value::Json(request)) => request.get("headers")?.get(name)?.as_str(),
            _ => None,
        }
    }

    /// Whether one proof fits.
    fn proves(&self, proof: &Verify, raw: &[u8]) -> Result<(), Denied> {
        match proof {
            Verify::Hmac(hmac) => self.signed(hmac, raw),
            Verify::Basic(user, password) => {
                let (user, password) = (self.secret(*user)?, self.secret(*password)?);
                let came = self.credentials("basic").and_then(|came| base64().decode(came).ok());
                let wanted = format!("{user}:{password}");
                agree(came.as_deref(), wanted.as_bytes(), "the user name or password is another")
            }
            Verify::Bearer(token) => {
                let came = self.credentials("bearer").map(str::as_bytes);
                agree(came, self.secret(*token)?.as_bytes(), "the token is another")
            }
            Verify::Token(secret, came) => {
                let came = self.text(*came)?;
                agree(
                    came.as_deref().map(str::as_bytes),
                    self.secret(*secret)?.as_bytes(),
                    "the token is another",
                )
            }
        }
    }

    /// What follows a scheme in the `Authorization` header (RFC 9110, 11.4).
    fn credentials(&self, scheme: &str) -> Option<&str> {
        let (named, rest) = self.header("authorization")?.split_once(' ')?;
        named.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }

    /// A secret. An empty one would let everybody in.
    fn secret(&self, function: FunctionId) -> Result<Arc<str>, Denied> {
        self.text(function)?.ok_or(Denied::Unproven("the secret is empty"))
    }

    /// A keyed hash (RFC 2104) of what is signed, by one of the keys, is one of the signatures.
    fn signed(&self, hmac: &Hmac, raw: &[u8]) -> Result<(), Denied> {
        if let Some((length, at)) = &hmac.fresh
            && !self.is_fresh(*length, self.time(*at)?)
        {
            return Err(Denied::Unproven("it was signed too long ago, or does not say when"));
        }
        let text = hmac.signed.map(|signed| self.text(signed)).transpose()?.flatten();
        let signed = match (hmac.signed, &text) {
            (None, _) => raw,
            (Some(_), Some(text)) => text.as_bytes(),
            (Some(_), None) => return Err(Denied::Unproven("what should be signed is missing")),
        };
        let signatures = self.signatures(hmac)?;
        if signatures.is_empty() {
            return Err(Denied::Unproven("it has no signature, or one that is written another way"));
        }
        let mut keys = Vec::new();
        let mut lacking = None;
        for key in &hmac.keys {
            match self.text(key.key) {
                Ok(text) => keys.extend(text.map(|text| (key.encoding, text))),
                // A key that is not in use any more, or not yet, may be left out.
                Err(fault) => lacking = Some(fault),
            }
        }
        let bytes = |(encoding, text): &(Option<Encoding>, Arc<str>)| match encoding {
            None => Some(text.as_bytes().to_vec()),
            // Standard Webhooks (standardwebhooks.com) writes a key's sort before it.
            Some(encoding) => decode(text.strip_prefix("whsec_").unwrap_or(text), *encoding),
        };
        let fitting = |key: Vec<u8>| signatures.iter().any(|sent| fits(hmac.hash, &key, signed, sent));
        match lacking {
            _ if keys.iter().filter_map(bytes).any(fitting) => Ok(()),
            Some(fault) if keys.is_empty() => Err(Denied::Fault(fault)),
            _ => Err(Denied::Unproven("the signature is another")),
        }
    }

    fn is_fresh(&self, length: Length, at: Option<Timestamp>) -> bool {
        let Some(at) = at else { return false };
        let (early, late) = (at.min(self.world.now), at.max(self.world.now));
        civil::shift(early, length, &TimeZone::UTC).is_some_and(|last| late <= last.at)
    }

    fn signatures(&self, hmac: &Hmac) -> Result<Vec<Vec<u8>>, Fault> {
        let came = match self.value(hmac.signature)? {
            Value::List(items) => items.to_vec(),
            one => vec![one],
        };
        let bare = |value: Value| {
            let Value::Text(text) = value else { return None };
            let text = text.trim();
            let text = hmac.prefix.as_ref().map_or(Some(text), |prefix| text.strip_prefix(&**prefix))?;
            decode(text, hmac.encoding).filter(|bytes| !bytes.is_empty())
        };
        Ok(came.into_iter().filter_map(bare).collect())
    }
}

/// Compares without telling by its time how much is alike.
fn agree(came: Option<&[u8]>, wanted: &[u8], otherwise: &'static str) -> Result<(), Denied> {
    let alike = came.is_some_and(|came| bool::from(came.ct_eq(wanted)));
    if alike { Ok(()) } else { Err(Denied::Unproven(otherwise)) }
}

fn fits(hash: HashKind, key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    // A keyed hash takes a key of any length: making one does not fail.
    match hash {
        HashKind::Sha1 => Mac::<sha1::Sha1>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok()),
        HashKind::Sha256 => Mac::<sha2::Sha256>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok()),
        HashKind::Sha512 => Mac::<sha2::Sha512>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok()),
    }
}

/// Base64 (RFC 4648, section 4), with or without padding.
fn base64() -> GeneralPurpose {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, lenient)
}

fn decode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => base64().decode(text).ok(),
        Encoding::Hex => {
            let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
            let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
            let byte = |pair: &[u32]| match pair {
                [high, low] => u8::try_from(high * 16 + low).ok(),
                _ => None,
            };
            digits.chunks(2).map(byte).collect()
        }
    }
}

/// Whom events are about: for each kind, the place of the entity that was said last; `None`
/// if it could not be named.
type Scope = BTreeMap<Arc<str>, Option<usize>>;

/// A request being read.
struct Reader<'a> {
    source: &'a SourceDecl,
    asked: Asked<'a>,
    reading: Reading,
    /// How many events were said.
    events: usize,
}

impl Reader<'_> {
    fn items(&mut self, items: &[SourceItem], scope: &mut Scope) -> Result<(), Fault> {
        items.iter().try_for_each(|item| self.item(item, scope))
    }

    fn item(&mut self, item: &SourceItem, scope: &mut Scope) -> Result<(), Fault> {
        match item {
            SourceItem::When { condition, then, otherwise } => {
                let holds = self.asked.value(*condition)? == Value::Bool(true);
                self.items(if holds { then } else { otherwise }, &mut scope.clone())
            }
            SourceItem::Each { list, items } => self.each(*list, items, scope),
            SourceItem::Entity { kind, keys, attributes } => self.entity(kind, keys, attributes, scope),
            SourceItem::Event { event, id, at, fields } => self.event(event, *id, *at, fields, scope),
            SourceItem::Answer(answer) => {
                self.reading.answer = match self.asked.value(*answer)? {
                    Value::Missing => None,
                    Value::Text(text) => Some(Answer::Text(text)),
                    value => Some(Answer::Json(value.to_json())),
                };
                Ok(())
            }
        }
    }

    fn each(&mut self, list: FunctionId, items: &[SourceItem], scope: &Scope) -> Result<(), Fault> {
        let list = match self.asked.value(list)? {
            Value::List(list) => list.to_vec(),
            Value::Json(json) => match &*json {
                Json::Array(list) => list.iter().map(|item| Value::Json(Arc::new(item.clone()))).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for item in list {
            self.asked.args.push(match item {
                Value::Json(json) => Value::Json(json),
                other => Value::Json(Arc::new(other.to_json())),
            });
            let done = self.items(items, &mut scope.clone());
            self.asked.args.pop();
            done?;
        }
        Ok(())
    }

    fn entity(
        &mut self,
        kind: &Arc<str>,
        keys: &[(Arc<str>, FunctionId)],
        attributes: &[(Arc<str>, FunctionId)],
        scope: &mut Scope,
    ) -> Result<(), Fault> {
        let mut named = Vec::new();
        for (name, key) in keys {
            match self.asked.value(*key)? {
                Value::Missing => {}
                Value::Text(text) if text.trim().is_empty() => {}
                Value::Text(text) => named.push((name.clone(), text)),
                other => {
                    let text = Value::read(&other.to_json(), &Type::One(Scalar::Text));
                    if let Value::Text(text) = text {
                        named.push((name.clone(), text));
                    }
                }
            }
        }
        if named.is_empty() {
            let names: Vec<String> = keys.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.note(format!(
                "the {kind} has no {}: it and what is about it is left out",
                names.join(", no ")
            ));
            scope.insert(kind.clone(), None);
            return Ok(());
        }
        let attributes = self.fields(attributes)?;
        scope.insert(kind.clone(), Some(self.reading.said.len()));
        self.reading.said.push(Said::Entity(Named { kind: kind.clone(), keys: named, attributes }));
        Ok(())
    }

    fn event(
        &mut self,
        event: &Arc<str>,
        id: Option<FunctionId>,
        at: Option<FunctionId>,
        fields: &[(Arc<str>, FunctionId)],
        scope: &Scope,
    ) -> Result<(), Fault> {
        let program = self.asked.program;
        let about = program.events.iter().find(|decl| decl.name == *event).map(|decl| &decl.about);
        if about.is_some_and(|about| scope.get(about) == Some(&None)) {
            return Ok(());
        }
        self.events += 1;
        let own = id.map(|id| self.asked.text(id)).transpose()?.flatten();
        let id = match (own, &self.reading.id) {
            (Some(own), _) => Some(format!("{}/{event}/{own}", self.source.name).into()),
            (None, Some(request)) => Some(format!("{request}/{}", self.events).into()),
            (None, None) => None,
        };
        let at = at.map(|at| self.asked.time(at)).transpose()?.flatten();
        let fields = self.fields(fields)?;
        let about = scope.values().filter_map(|place| *place).collect();
        self.reading.said.push(Said::Event(Told { event: event.clone(), id, at, fields, about }));
        Ok(())
    }

    fn fields(&self, fields: &[(Arc<str>, FunctionId)]) -> Result<Fields, Fault> {
        let mut read = Fields::new();
        for (name, function) in fields {
            let value = self.asked.value(*function)?;
            if !value.is_missing() {
                read.insert(name.to_string(), value.to_json());
            }
        }
        Ok(read)
    }

    fn note(&mut self, note: String) {
        self.reading.notes.push(note.into());
    }
}
