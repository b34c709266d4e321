//! The members of a JSON object that a stranger sent, taken out one by one, each
//! refused with its own name if it is not what it should be.

use jiff::Timestamp;
use onward_bytecode::{FieldDecl, Presence, Scalar, Type, Value};
use onward_engine::model::Fields;
use serde_json::Value as Json;

use super::json::{Fault, Trouble};
use super::refusal::{Refusal, article, nearest};

/// A name, id or key may have so many bytes.
const LONGEST: usize = 512;

/// What is left of an object.
#[derive(Debug)]
pub(super) struct Members {
    members: Fields,
    /// Where the object stands: empty, or `contact`.
    place: String,
}

impl Members {
    pub(super) fn new(members: Fields, place: &str) -> Self {
        Self { members, place: place.to_owned() }
    }

    /// The place of a member, for people.
    pub(super) fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// Takes a member; `null` counts as none.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text of at least one character.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => key(&text, &place).map(|()| Some(text)),
            Some(other) => Err(wrong(&place, "a text", &other)),
        }
    }

    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(wrong(&place, "`true` or `false`", &other)),
        }
    }

    pub(super) fn moment(&mut self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => moment(&text).map(Some).ok_or_else(|| {
                wrong(&place, "a moment", &Json::String(text))
                    .help("write it like `2026-03-07T20:00:00Z` (RFC 3339)")
            }),
            Some(other) => {
                Err(wrong(&place, "a moment", &other).help("write it like `2026-03-07T20:00:00Z` (RFC 3339)"))
            }
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Fields>, Refusal> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(None),
            Some(Json::Object(members)) => Ok(Some(members)),
            Some(other) => Err(wrong(&place, "an object", &other)),
        }
    }

    pub(super) fn rest(self) -> Fields {
        self.members
    }

    /// Refuses what nobody has taken.
    pub(super) fn end(self, whole: &str, known: &[&str], help: &str) -> Result<(), Refusal> {
        let Some((name, _)) = self.members.iter().next() else { return Ok(()) };
        let place = self.place(name);
        let refusal =
            Refusal::new("unknown_member", format!("{} {whole} has no member `{name}`", article(whole)))
                .at(place);
        Err(match nearest(name, known.iter().copied()) {
            Some(near) => refusal.help(format!("did you mean `{near}`?")),
            None => refusal.help(help),
        })
    }
}

/// A moment of RFC 3339 that can be kept.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment: Timestamp = text.parse().ok()?;
    // A year of four digits: what databases and receivers can read.
    let year = moment.to_zoned(jiff::tz::TimeZone::UTC).year();
    (0..=9999).contains(&year).then_some(moment)
}

/// Refuses a text that cannot be a name or a key.
pub(super) fn key(text: &str, place: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::new("empty", format!("`{place}` is empty"))
            .at(place)
            .help("leave it out, or fill it in"));
    }
    if text.len() > LONGEST {
        let message = format!("`{place}` has {} bytes, and {LONGEST} are allowed", text.len());
        return Err(Refusal::new("too_long", message).at(place));
    }
    if text.chars().any(char::is_control) {
        let message = format!("`{place}` has a control character in it");
        return Err(Refusal::new("control_character", message).at(place).help("take it out"));
    }
    Ok(())
}

pub(super) fn wrong(place: &str, expected: &str, got: &Json) -> Refusal {
    Refusal::new("wrong_type", format!("`{place}`: expected {expected}, got {}", shown(got))).at(place)
}

/// What came, for a sentence.
pub(super) fn shown(json: &Json) -> String {
    match json {
        Json::Null => "nothing".to_owned(),
        Json::Bool(value) => format!("`{value}`"),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => {
            let short: String = text.chars().take(60).collect();
            let dots = if short.len() < text.len() { "…" } else { "" };
            format!("the text `{short}{dots}`")
        }
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// Refuses what could not be kept as it came.
pub(super) fn faultless(faults: &[Fault]) -> Result<(), Refusal> {
    let Some(fault) = faults.first() else { return Ok(()) };
    let path = if fault.path.is_empty() { "the value" } else { &fault.path };
    let (code, what, help) = match fault.trouble {
        Trouble::Nul => ("nul", "has the character U+0000 in it", "take it out"),
        Trouble::Surrogate => {
            ("half_character", "has half of a character in it", "write both parts, such as `\\ud83d\\ude00`")
        }
        Trouble::Number => {
            ("number", "has more digits than can be kept exactly", "send it as a text, in quotes")
        }
        Trouble::Twice => ("twice", "comes twice", "send it once"),
        Trouble::Deep => ("too_deep", "has more than 32 levels", "send it flatter, or as a text"),
    };
    Err(Refusal::new(code, format!("`{path}` {what}")).at(&*fault.path).help(help))
}

/// Whether a declared field has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// What is required has to be there.
    Whole,
    /// Only what is there is looked at.
    Part,
}

/// Refuses fields that are not as declared. Fields that are not declared may be anything.
pub(super) fn check(
    fields: &Fields,
    declared: &[FieldDecl],
    place: &str,
    check: Check,
) -> Result<(), Refusal> {
    for field in declared {
        let path = format!("{place}.{}", field.name);
        match fields.get(&*field.name).filter(|value| !value.is_null()) {
            Some(value) => typed(value, &field.ty, &path)?,
            None if check == Check::Whole && field.presence == Presence::Required => {
                let message =
                    format!("`{path}` is missing: it is {} {}", article(&field.ty.to_string()), field.ty);
                return Err(Refusal::new("missing", message)
                    .at(path)
                    .help(format!("send it, or declare it as `{}: {}?`", field.name, field.ty)));
            }
            None => {}
        }
    }
    Ok(())
}

/// Refuses a value that is not of its declared type.
pub(super) fn typed(value: &Json, ty: &Type, place: &str) -> Result<(), Refusal> {
    Value::from_json(value, ty).map(|_| ()).map_err(|misfit| {
        let message = format!("`{place}`: expected {}, got {}", misfit.expected, misfit.got);
        let refusal = Refusal::new("wrong_type", message).at(place);
        match (ty, value) {
            (Type::One(Scalar::Number), Json::String(_)) => {
                refusal.help("send it as a number, without quotes")
            }
            (Type::One(Scalar::Text), Json::Number(_)) => refusal.help("send it as a text, in quotes"),
            _ => refusal,
        }
    })
}
