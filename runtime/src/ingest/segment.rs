//! The calls of Segment's HTTP tracking API
//! (<https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/>,
//! <https://segment.com/docs/connections/spec/>), as facts.
//!
//! Clients of that API send what they have and read no errors: members that are not
//! needed are ignored, and an attribute that does not fit its declaration is left out.

use jiff::{SignedDuration, Timestamp};
use onward_bytecode::{EntityDecl, EventDecl, Program, Scalar, Type, Value};
use onward_engine::model::{FactKind, Fields, Origin};
use serde_json::Value as Json;

use super::event::{Happening, LARGEST, Parties, Taken, undeclared};
use super::fresh::Fresh;
use super::json::Parsed;
use super::members::{Check, check, faultless, moment, shown};
use super::refusal::Refusal;
use super::who::{Named, contact_keys};
use crate::store::{IdentityKey, Namespace, NewFact, Who};

/// What a call tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Who somebody is.
    Identify,
    /// What somebody did.
    Track,
    /// A web page that somebody saw.
    Page,
    /// An app's screen that somebody saw.
    Screen,
    /// Which account somebody belongs to.
    Group,
    /// That two ids are one person.
    Alias,
}

impl Call {
    /// The call of this name: a path's end, or a batch item's `type`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "identify" => Self::Identify,
            "track" => Self::Track,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return None,
        })
    }
}

/// A call with what it is read with.
struct Reading<'a> {
    members: &'a Fields,
    program: Option<&'a Program>,
    id: String,
    at: Timestamp,
}

/// Reads one call. `sent` is when its batch was sent, by the client's clock.
pub(super) fn read(
    parsed: &Parsed,
    call: Option<Call>,
    sent: Option<Timestamp>,
    program: Option<&Program>,
    now: Timestamp,
    fresh: &Fresh,
) -> Result<Taken, Refusal> {
    if parsed.size > LARGEST {
        let message = format!("the message has {} KiB, and {} are allowed", parsed.size >> 10, LARGEST >> 10);
        return Err(Refusal::new("event_too_large", message));
    }
    faultless(&parsed.faults)?;
    let Json::Object(members) = &parsed.value else {
        return Err(Refusal::new("wrong_type", format!("expected a message, got {}", shown(&parsed.value))));
    };
    let call = match call {
        Some(call) => call,
        None => {
            let name = members.get("type").and_then(Json::as_str).unwrap_or_default();
            Call::named(name).ok_or_else(|| {
                Refusal::new("unknown_type", format!("`type` is `{name}`"))
                    .at("type")
                    .help("it is identify, track, page, screen, group or alias")
            })?
        }
    };
    let reading = Reading {
        members,
        program,
        id: word(members, "messageId").unwrap_or_else(|| fresh.id()),
        at: happened(members, sent, now),
    };
    match call {
        Call::Identify => reading.identify(),
        Call::Track => reading.track(),
        Call::Page => reading.view("page_viewed"),
        Call::Screen => reading.view("screen_viewed"),
        Call::Group => reading.group(),
        Call::Alias => reading.alias(),
    }
}

/// When it happened, the client's clock corrected by how far it was off when it sent
/// (Spec: Common Fields, "Timestamps").
fn happened(members: &Fields, sent: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let read = |name: &str| members.get(name).and_then(Json::as_str).and_then(moment);
    let Some(at) = read("timestamp").or_else(|| read("originalTimestamp")) else { return now };
    match read("sentAt").or(sent) {
        Some(sent) if sent >= at => now.checked_sub(sent.duration_since(at)).unwrap_or(at),
        _ => at.min(now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now)),
    }
}

/// A member as a word: ids are often numbers.
fn word(members: &Fields, name: &str) -> Option<String> {
    let text = match members.get(name)? {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 512 && !text.chars().any(char::is_control)).then_some(text)
}

fn object<'a>(members: &'a Fields, name: &str) -> Option<&'a Fields> {
    members.get(name).and_then(Json::as_object)
}

impl Reading<'_> {
    /// The contact of the call, with these traits.
    fn contact(&self, traits: Fields) -> Result<Named, Refusal> {
        let mut attributes = self.fitting("contact", traits);
        if let Some(zone) = self.timezone() {
            attributes.entry("timezone").or_insert(zone);
        }
        let mut keys = Vec::new();
        keys.extend(word(self.members, "userId").map(|id| IdentityKey::new(Namespace::Id, id)));
        // What is no address names nobody.
        keys.extend(contact_keys(&attributes, "contact", "traits").unwrap_or_default());
        keys.extend(word(self.members, "anonymousId").map(|id| IdentityKey::new(Namespace::Anonymous, id)));
        if keys.is_empty() {
            return Err(Refusal::new("nobody", "neither `userId` nor `anonymousId` is given").at("userId"));
        }
        Ok(Named { who: Who { kind: "contact".into(), keys }, attributes })
    }

    /// Traits under the names that rules use, without those that do not fit their declaration.
    fn fitting(&self, kind: &str, traits: Fields) -> Fields {
        let entity =
            self.program.and_then(|program| program.entities.iter().find(|entity| *entity.name == *kind));
        let named =
            traits.into_iter().filter(|(name, _)| name != "id").map(|(name, value)| (snake(&name), value));
        named.filter(|(name, value)| fits(entity, name, value)).collect()
    }

    /// `context.timezone`, if it is one.
    fn timezone(&self) -> Option<Json> {
        let zone = object(self.members, "context")?.get("timezone")?;
        Value::from_json(zone, &Type::One(Scalar::Timezone))
            .is_ok()
            .then(|| zone.clone())
            .filter(|zone| !zone.is_null())
    }

    fn traits(&self) -> Fields {
        object(self.members, "traits").cloned().unwrap_or_default()
    }

    fn told(&self, id: String, named: Named) -> NewFact {
        NewFact {
            id: id.into(),
            who: named.who,
            contact: None,
            kind: FactKind::Attributes { attributes: named.attributes },
            refers: Vec::new(),
            at: self.at,
            origin: Origin::Live,
        }
    }

    fn identify(self) -> Result<Taken, Refusal> {
        let mut traits = self.traits();
        if let Some(context) = object(self.members, "context").and_then(|context| object(context, "traits")) {
            for (name, value) in context {
                traits.entry(name).or_insert_with(|| value.clone());
            }
        }
        let contact = self.contact(traits)?;
        let fact = self.told(self.id.clone(), contact);
        Ok(Taken { id: self.id, facts: vec![fact], warning: None })
    }

    fn track(self) -> Result<Taken, Refusal> {
        let title =
            self.members.get("event").and_then(Json::as_str).map(str::trim).filter(|title| !title.is_empty());
        let title = title.ok_or_else(|| {
            Refusal::new("missing", "`event` is missing: the name of what happened").at("event")
        })?;
        let properties = object(self.members, "properties").cloned().unwrap_or_default();
        let name = self.event_name(title);
        self.event(name, properties)
    }

    fn view(self, name: &str) -> Result<Taken, Refusal> {
        let mut data = object(self.members, "properties").cloned().unwrap_or_default();
        for member in ["name", "category"] {
            if let Some(value) = self.members.get(member).filter(|value| value.is_string()) {
                data.entry(member).or_insert_with(|| value.clone());
            }
        }
        if let Some(page) = object(self.members, "context").and_then(|context| object(context, "page")) {
            for member in ["url", "path", "title", "referrer", "search"] {
                if let Some(value) = page.get(member).filter(|value| value.is_string()) {
                    data.entry(member).or_insert_with(|| value.clone());
                }
            }
        }
        self.event(name.to_owned(), data)
    }

    fn event(self, name: String, data: Fields) -> Result<Taken, Refusal> {
        let declared = self.declared(&name);
        let data = match declared {
            Some(event) => properties(event, data),
            None => data,
        };
        if let Some(event) = declared {
            check(&data, &event.fields, "properties", Check::Whole)?;
        }
        let contact = self.contact(Fields::new())?;
        let account = object(self.members, "context").and_then(|context| word(context, "groupId"));
        let account = account.map(|id| Named { who: Who::id("account", id), attributes: Fields::new() });
        let warning = declared.is_none().then(|| undeclared(&name, self.program));
        let happening = Happening { id: self.id.clone(), name, data, at: self.at, origin: Origin::Live };
        happening.taken(Parties { contact: Some(contact), account, other: None }, declared, warning)
    }

    fn group(self) -> Result<Taken, Refusal> {
        let group = word(self.members, "groupId")
            .ok_or_else(|| Refusal::new("missing", "`groupId` is missing").at("groupId"))?;
        let account = Named {
            who: Who::id("account", group.clone()),
            attributes: self.fitting("account", self.traits()),
        };
        let mut facts = vec![self.told(self.id.clone(), account)];
        if let Ok(mut contact) = self.contact(Fields::new()) {
            contact.attributes.insert("account".to_owned(), Json::from(group));
            facts.push(self.told(format!("{}/contact", self.id), contact));
        }
        Ok(Taken { id: self.id, facts, warning: None })
    }

    fn alias(self) -> Result<Taken, Refusal> {
        let missing = |name: &str| Refusal::new("missing", format!("`{name}` is missing")).at(name);
        let previous = word(self.members, "previousId").ok_or_else(|| missing("previousId"))?;
        let user = word(self.members, "userId").ok_or_else(|| missing("userId"))?;
        let keys =
            vec![IdentityKey::new(Namespace::Id, user), IdentityKey::new(Namespace::Anonymous, previous)];
        let contact = Named { who: Who { kind: "contact".into(), keys }, attributes: Fields::new() };
        let fact = self.told(self.id.clone(), contact);
        Ok(Taken { id: self.id, facts: vec![fact], warning: None })
    }

    fn declared(&self, name: &str) -> Option<&EventDecl> {
        self.program?.events.iter().find(|event| *event.name == *name)
    }

    /// `Form Submitted` is `form_submitted`; a name that a rule declares as it is stays so.
    fn event_name(&self, title: &str) -> String {
        let plain: String = title
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .collect::<Vec<_>>()
            .join("_");
        let plain = if plain.is_empty() { title.to_owned() } else { plain };
        let forms = [title.to_owned(), plain.clone(), snake(title)];
        forms.into_iter().find(|name| self.declared(name).is_some()).unwrap_or(plain)
    }
}

/// Properties under their declared names: `orderId` is `order_id`, if that is declared.
fn properties(event: &EventDecl, data: Fields) -> Fields {
    let declared = |name: &str| event.fields.iter().any(|field| *field.name == *name);
    data.into_iter()
        .map(|(name, value)| {
            let other = snake(&name);
            if !declared(&name) && declared(&other) { (other, value) } else { (name, value) }
        })
        .collect()
}

fn fits(entity: Option<&EntityDecl>, name: &str, value: &Json) -> bool {
    let field = entity.and_then(|entity| entity.attributes.iter().find(|field| *field.name == *name));
    let fits = field.is_none_or(|field| Value::from_json(value, &field.ty).is_ok());
    if !fits {
        tracing::debug!(attribute = name, "a trait does not fit its declaration and is left out");
    }
    fits
}

/// `firstName` is `first_name`, `Company Name` is `company_name`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let starts = c.is_uppercase()
            && before.is_some_and(|b: char| {
                b.is_lowercase()
                    || b.is_numeric()
                    || (b.is_uppercase() && chars.peek().is_some_and(|n| n.is_lowercase()))
            });
        if (!c.is_alphanumeric() || starts) && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        if c.is_alphanumeric() {
            snake.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    let trimmed = snake.trim_end_matches('_');
    if trimmed.is_empty() { name.to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json::value;
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn taken(call: Call, body: &Json) -> Taken {
        let parsed = value(body.to_string().as_bytes()).unwrap();
        read(&parsed, Some(call), None, None, now(), &Fresh::new("test")).unwrap()
    }

    fn keys(fact: &NewFact) -> Vec<(Namespace, String)> {
        fact.who.keys.iter().map(|key| (key.namespace, key.value.to_string())).collect()
    }

    fn attributes(fact: &NewFact) -> Json {
        match &fact.kind {
            FactKind::Attributes { attributes } | FactKind::Event { attributes, .. } => {
                Json::Object(attributes.clone())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn identify_tells_traits_and_keys() {
        let taken = taken(
            Call::Identify,
            &json!({
                "messageId": "m1", "userId": 97_980, "anonymousId": "a1", "sentAt": "2026-11-22T11:00:00Z",
                "timestamp": "2026-11-22T10:59:00Z", "integrations": {"All": true},
                "traits": {"firstName": "Ana", "email": "Ana@Example.com", "phone": "no number", "id": "x", "URL": "u"},
                "context": {"timezone": "Europe/Madrid", "ip": "1.2.3.4"},
            }),
        );
        let fact = &taken.facts[0];
        assert_eq!(&*fact.id, "m1");
        assert_eq!(fact.at, "2026-11-22T11:59:00Z".parse().unwrap());
        assert_eq!(
            attributes(fact),
            json!({"first_name": "Ana", "email": "Ana@Example.com", "phone": "no number", "timezone": "Europe/Madrid", "url": "u"})
        );
        assert_eq!(keys(fact)[0], (Namespace::Id, "97980".to_owned()));
        assert!(keys(fact).contains(&(Namespace::Anonymous, "a1".to_owned())));
    }

    #[test]
    fn track_and_page_are_events() {
        let track = taken(
            Call::Track,
            &json!({"anonymousId": "a1", "event": "Form Submitted", "properties": {"form": "contact"}}),
        );
        let FactKind::Event { name, fields, .. } = &track.facts[0].kind else { panic!("an event") };
        assert_eq!((&**name, Json::Object(fields.clone())), ("form_submitted", json!({"form": "contact"})));
        let page = taken(
            Call::Page,
            &json!({"userId": "u1", "name": "Pricing", "properties": {"path": "/pricing"},
                "context": {"page": {"path": "/other", "title": "Prices"}}}),
        );
        let FactKind::Event { name, fields, .. } = &page.facts[0].kind else { panic!("an event") };
        assert_eq!(&**name, "page_viewed");
        assert_eq!(
            Json::Object(fields.clone()),
            json!({"path": "/pricing", "name": "Pricing", "title": "Prices"})
        );
    }

    #[test]
    fn group_tells_of_the_account_and_its_member() {
        let taken = taken(
            Call::Group,
            &json!({"messageId": "m1", "userId": "u1", "groupId": "acme", "traits": {"name": "Acme", "employeeCount": 7}}),
        );
        assert_eq!(&*taken.facts[0].who.kind, "account");
        assert_eq!(attributes(&taken.facts[0]), json!({"name": "Acme", "employee_count": 7}));
        assert_eq!(attributes(&taken.facts[1]), json!({"account": "acme"}));
        assert_eq!(&*taken.facts[1].id, "m1/contact");
    }

    #[test]
    fn alias_joins_two_ids() {
        let taken = taken(Call::Alias, &json!({"previousId": "a1", "userId": "u1"}));
        assert_eq!(
            keys(&taken.facts[0]),
            [(Namespace::Id, "u1".to_owned()), (Namespace::Anonymous, "a1".to_owned())]
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let code = |call, body: Json| {
            let parsed = value(body.to_string().as_bytes()).unwrap();
            read(&parsed, call, None, None, now(), &Fresh::new("test")).unwrap_err().code
        };
        assert_eq!(code(Some(Call::Identify), json!({})), "nobody");
        assert_eq!(code(Some(Call::Track), json!({"userId": "u1"})), "missing");
        assert_eq!(code(Some(Call::Group), json!({"userId": "u1"})), "missing");
        assert_eq!(code(Some(Call::Alias), json!({"userId": "u1"})), "missing");
        assert_eq!(code(None, json!({"type": "delete"})), "unknown_type");
        assert_eq!(code(Some(Call::Track), json!([])), "wrong_type");
    }

    #[test]
    fn names_become_snakes() {
        for (name, snake_name) in [
            ("firstName", "first_name"),
            ("Form Submitted", "form_submitted"),
            ("createdAt", "created_at"),
            ("URL", "url"),
            ("HTTPServer", "http_server"),
            ("plan2Name", "plan2_name"),
            ("already_snake", "already_snake"),
            ("$$", "$$"),
        ] {
            assert_eq!(snake(name), snake_name);
        }
    }
}
