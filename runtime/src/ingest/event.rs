//! `POST /v1/events`: one event becomes the facts that it stands for.

use jiff::Timestamp;
use onward_bytecode::{EventDecl, Program};
use onward_engine::model::{FactKind, Fields, Origin};
use serde_json::Value as Json;

use super::fresh::Fresh;
use super::json::Parsed;
use super::members::{Check, Members, check, faultless, shown, wrong};
use super::refusal::{Refusal, nearest};
use super::who::{Named, missing, named};
use crate::store::NewFact;

/// An event may be written with so many bytes.
pub(super) const LARGEST: usize = 64 << 10;

/// What an event may say.
const MEMBERS: [&str; 7] = ["id", "event", "contact", "account", "time", "data", "backfill"];

/// An event that is fit to be kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Taken {
    /// Its id.
    pub(crate) id: String,
    /// The event's own fact first, then what it tells of others.
    pub(crate) facts: Vec<NewFact>,
    /// What its sender should know.
    pub(crate) warning: Option<String>,
}

/// An event that is not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// Its id, if it has one.
    pub(crate) id: Option<String>,
    /// Why.
    pub(crate) why: Refusal,
}

/// Reads one event.
pub(super) fn read(
    parsed: Parsed,
    program: Option<&Program>,
    now: Timestamp,
    fresh: &Fresh,
) -> Result<Taken, Box<Refused>> {
    let id = parsed.value.get("id").and_then(Json::as_str).map(str::to_owned);
    event(parsed, program, now, fresh).map_err(|why| Box::new(Refused { id, why }))
}

fn event(parsed: Parsed, program: Option<&Program>, now: Timestamp, fresh: &Fresh) -> Result<Taken, Refusal> {
    if parsed.size > LARGEST {
        let message = format!("the event has {} KiB, and {} are allowed", parsed.size >> 10, LARGEST >> 10);
        return Err(
            Refusal::new("event_too_large", message).help("keep large contents elsewhere, and send a link")
        );
    }
    faultless(&parsed.faults)?;
    let Json::Object(members) = parsed.value else {
        return Err(Refusal::new("wrong_type", format!("expected an event, got {}", shown(&parsed.value)))
            .help(
                "an event looks like `{\"event\": \"form_submitted\", \"contact\": \"u1\", \"data\": {}}`",
            ));
    };
    let mut members = Members::new(members, "");
    let name = members.text("event")?.ok_or_else(|| {
        Refusal::new("missing", "`event` is missing: the name of what happened")
            .at("event")
            .help("such as `form_submitted`")
    })?;
    let id = members.text("id")?.unwrap_or_else(|| fresh.id());
    let at = members.moment("time")?.unwrap_or(now);
    let origin = match members.boolean("backfill")? {
        Some(true) => Origin::Backfill,
        Some(false) | None => Origin::Live,
    };
    let data = match members.take("data") {
        None => Fields::new(),
        Some(Json::Object(data)) => data,
        Some(other) => return Err(wrong("data", "an object", &other)),
    };
    let declared = program.and_then(|program| program.events.iter().find(|event| *event.name == *name));
    if let Some(event) = declared {
        check(&data, &event.fields, "data", Check::Whole)?;
    }
    let parties = Parties::take(&mut members, declared, program)?;
    members.end("event", &MEMBERS, "the event's own fields go into `data`")?;
    let happening = Happening { id, name, data, at, origin };
    let warning = declared.is_none().then(|| undeclared(&happening.name, program));
    happening.taken(parties, declared, warning)
}

/// What happened, and when.
pub(super) struct Happening {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data: Fields,
    pub(super) at: Timestamp,
    pub(super) origin: Origin,
}

/// Whom it concerns.
#[derive(Debug, Default)]
pub(super) struct Parties {
    pub(super) contact: Option<Named>,
    pub(super) account: Option<Named>,
    /// Of the kind that the event is about, if that is neither.
    pub(super) other: Option<Named>,
}

impl Parties {
    fn take(
        members: &mut Members,
        event: Option<&EventDecl>,
        program: Option<&Program>,
    ) -> Result<Self, Refusal> {
        let mut party = |kind: &str| match members.take(kind) {
            Some(json) => named(json, kind, kind, program).map(Some),
            None => Ok(None),
        };
        let other = match event.map(|event| &*event.about) {
            None | Some("contact" | "account") => None,
            Some(kind) => party(kind)?,
        };
        Ok(Self { contact: party("contact")?, account: party("account")?, other })
    }
}

impl Happening {
    pub(super) fn taken(
        self,
        parties: Parties,
        event: Option<&EventDecl>,
        warning: Option<String>,
    ) -> Result<Taken, Refusal> {
        let Parties { mut contact, account, other } = parties;
        let about = match event {
            Some(event) => &*event.about,
            None if contact.is_some() => "contact",
            None if account.is_some() => "account",
            None => "contact",
        };
        let name = self.name.clone();
        let lacks = || missing(about, &name);
        let mut facts = Vec::new();
        let (subject, beside) = match about {
            "contact" => {
                let mut contact = contact.take().ok_or_else(lacks)?;
                belongs(&mut contact, account.as_ref());
                (contact, None)
            }
            "account" => (account.clone().ok_or_else(lacks)?, contact),
            _ => (other.ok_or_else(lacks)?, contact),
        };
        let is_about_account = about == "account";
        facts.push(NewFact {
            id: self.id.as_str().into(),
            who: subject.who,
            contact: beside.as_ref().map(|contact| contact.who.clone()),
            kind: FactKind::Event {
                name: self.name.into(),
                fields: self.data,
                contact: None,
                attributes: subject.attributes,
            },
            refers: Vec::new(),
            at: self.at,
            origin: self.origin,
        });
        let mut told = |named: Named, kind: &str| {
            if !named.attributes.is_empty() {
                facts.push(NewFact {
                    id: format!("{}/{kind}", self.id).into(),
                    who: named.who,
                    contact: None,
                    kind: FactKind::Attributes { attributes: named.attributes },
                    refers: Vec::new(),
                    at: self.at,
                    origin: self.origin,
                });
            }
        };
        if let Some(mut contact) = beside {
            belongs(&mut contact, account.as_ref());
            told(contact, "contact");
        }
        if let Some(account) = account.filter(|_| !is_about_account) {
            told(account, "account");
        }
        Ok(Taken { id: self.id, facts, warning })
    }
}

/// A contact that is named together with an account belongs to it.
fn belongs(contact: &mut Named, account: Option<&Named>) {
    let id = account
        .and_then(|account| account.who.keys.iter().find(|key| key.namespace == crate::store::Namespace::Id));
    if let Some(id) = id {
        contact.attributes.entry("account").or_insert_with(|| Json::from(&*id.value));
    }
}

/// An event that no rule knows is kept, but its sender may have misspelt it.
pub(super) fn undeclared(name: &str, program: Option<&Program>) -> String {
    let Some(program) = program else {
        return format!("`{name}` is kept, but no rules are deployed yet");
    };
    match nearest(name, program.events.iter().map(|event| &*event.name)) {
        Some(near) => format!("no rule declares `{name}`; did you mean `{near}`?"),
        None => format!("no rule declares `{name}`; it is kept, and its fields are not checked"),
    }
}
