//! `POST /v1/entities`: what is known of an entity, or that it is gone.

use jiff::Timestamp;
use onward_bytecode::Program;
use onward_engine::model::{FactKind, Origin};
use serde_json::Value as Json;

use super::event::LARGEST;
use super::fresh::Fresh;
use super::json::Parsed;
use super::members::{Members, faultless, shown};
use super::refusal::Refusal;
use super::who::{declared, named};
use crate::store::NewFact;

/// What an entity may say.
const MEMBERS: [&str; 9] =
    ["entity", "id", "email", "phone", "anonymous_id", "attributes", "deleted", "time", "backfill"];

/// Reads one entity.
pub(super) fn read(
    parsed: Parsed,
    program: Option<&Program>,
    now: Timestamp,
    fresh: &Fresh,
) -> Result<NewFact, Refusal> {
    if parsed.size > LARGEST {
        let message = format!("the entity has {} KiB, and {} are allowed", parsed.size >> 10, LARGEST >> 10);
        return Err(Refusal::new("entity_too_large", message));
    }
    faultless(&parsed.faults)?;
    let Json::Object(members) = parsed.value else {
        return Err(Refusal::new("wrong_type", format!("expected an entity, got {}", shown(&parsed.value)))
            .help("an entity looks like `{\"entity\": \"contact\", \"id\": \"u1\", \"attributes\": {}}`"));
    };
    let mut members = Members::new(members, "");
    let kind = members.text("entity")?.ok_or_else(|| {
        Refusal::new("missing", "`entity` is missing: the kind of what this is")
            .at("entity")
            .help("such as `contact`")
    })?;
    declared(&kind, program, "entity")?;
    let gone = members.boolean("deleted")?.unwrap_or(false);
    let at = members.moment("time")?.unwrap_or(now);
    let backfill = members.boolean("backfill")?.unwrap_or(false);
    let mut whole = members.object("attributes")?.unwrap_or_default();
    if let Some(name) = ["id", "anonymous_id"].into_iter().find(|name| whole.contains_key(*name)) {
        let place = format!("attributes.{name}");
        return Err(Refusal::new("misplaced", format!("`{place}` names the {kind}, and is no attribute"))
            .at(place)
            .help(format!("write `{name}` beside `attributes`")));
    }
    for name in ["id", "email", "phone", "anonymous_id"] {
        if let Some(value) = members.take(name) {
            whole.insert(name.to_owned(), value);
        }
    }
    members.end("entity", &MEMBERS, "its attributes go into `attributes`")?;
    let named =
        named(Json::Object(whole), &kind, "attributes", program).map_err(|refusal| beside(refusal, &kind))?;
    let kind = if gone { FactKind::Deleted } else { FactKind::Attributes { attributes: named.attributes } };
    let origin = if backfill { Origin::Backfill } else { Origin::Live };
    Ok(NewFact { id: fresh.id().into(), who: named.who, contact: None, kind, refers: Vec::new(), at, origin })
}

/// Keys stand beside the attributes.
fn beside(mut refusal: Refusal, kind: &str) -> Refusal {
    if refusal.code == "nobody" {
        refusal.message = format!("it does not say which {kind}");
        refusal.field = Some("id".to_owned());
    }
    refusal
}
