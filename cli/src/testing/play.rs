//! Plays one test: what happens, then what is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use onward_bytecode::{EntityId, Value as Held};
use onward_compiler::hir::ActorId;
use onward_engine::model::{Entry, Fields};
use onward_engine::simulate::{Behaviour, Simulation};
use onward_engine::{Programs, civil};
use serde_json::Value as Json;

use super::plan::{Behaves, Does, Test, Value};
use super::recorded;

/// Where a test's clock stands before it is set: a Monday morning.
const START: DateTime = DateTime::constant(2026, 1, 5, 9, 0, 0, 0);

/// How a test went.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) name: Arc<str>,
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
    /// What was not as expected; none if all was.
    pub(crate) trouble: Option<Trouble>,
    /// How many expectations were looked at.
    pub(crate) checked: usize,
}

/// What was not as expected.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) line: usize,
    /// The test's words.
    pub(crate) expected: String,
    /// What was found instead.
    pub(crate) found: String,
    /// What had happened until then, a line each.
    pub(crate) timeline: Vec<String>,
}

/// A test while it is played.
pub(super) struct Stage<'a> {
    pub(super) world: Simulation,
    pub(super) programs: Programs,
    pub(super) actors: BTreeMap<ActorId, EntityId>,
    /// What people of the test are called, by their ids.
    pub(super) names: BTreeMap<EntityId, Arc<str>>,
    /// Effects that an earlier line has found.
    pub(super) found: BTreeSet<Arc<str>>,
    /// The zone of whoever has none of their own.
    project: TimeZone,
    /// Whose clock the test's times are written by: the first who appears, if they have a zone.
    host: Option<EntityId>,
    root: &'a Path,
    file: &'a str,
}

/// Plays a test.
pub(super) fn play(test: &Test, programs: Programs, root: &Path) -> Outcome {
    let zone = programs.live.as_ref().map(|it| it.program().project.timezone.clone()).unwrap_or_default();
    let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
    let start = moment(START, &zone);
    let mut stage = Stage {
        world: Simulation::new(programs.clone(), start),
        programs,
        actors: BTreeMap::new(),
        names: BTreeMap::new(),
        found: BTreeSet::new(),
        project: zone,
        host: None,
        root,
        file: &test.file,
    };
    let mut outcome = Outcome {
        name: test.name.clone(),
        file: test.file.clone(),
        line: test.line,
        trouble: None,
        checked: 0,
    };
    for step in &test.steps {
        let done = stage.step(&step.does);
        outcome.checked += usize::from(is_expectation(&step.does));
        if let Err(found) = done {
            let timeline = stage.told();
            outcome.trouble =
                Some(Trouble { line: step.line, expected: step.words.clone(), found, timeline });
            break;
        }
    }
    outcome
}

fn is_expectation(does: &Does) -> bool {
    matches!(
        does,
        Does::Effects { .. } | Does::Runs { .. } | Does::Tasks { .. } | Does::Events { .. } | Does::That(_)
    )
}

fn moment(at: DateTime, zone: &TimeZone) -> Timestamp {
    civil::resolve(at, zone).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Stage<'_> {
    /// Does a line. What was not as it should be is told in words.
    fn step(&mut self, does: &Does) -> Result<(), String> {
        match does {
            Does::At(at, zone) => {
                let zone = match zone {
                    Some(zone) => self.zone_named(zone)?,
                    None => self.zone(),
                };
                let at = self.at(at, &zone)?;
                if at < self.world.now() {
                    return Err(format!(
                        "the clock stands at {} already and never goes back",
                        self.clock(self.world.now())
                    ));
                }
                self.world.advance(at).map_err(text)
            }
            Does::After(length) => {
                let to =
                    civil::shift(self.world.now(), *length, &self.zone()).ok_or("that is too far away")?;
                self.world.advance(to.at).map_err(text)
            }
            Does::Recorded(path) => {
                let folder = self.root.join(self.file);
                let path = folder.parent().unwrap_or(self.root).join(&**path);
                recorded::play(&mut self.world, &path)
            }
            Does::Appear { actor, name, kind, fields } => {
                let fields = self.fields(fields.iter().map(|(field, value)| (&field.name, value)))?;
                let id = EntityId::new(kind.clone(), name.clone());
                if self.actors.is_empty() && fields.get("timezone").is_some_and(Json::is_string) {
                    self.host = Some(id.clone());
                }
                self.actors.insert(*actor, id.clone());
                self.names.insert(id.clone(), name.clone());
                self.world.attributes(&id, fields).map_err(text)
            }
            Does::Happen { actor, event, fields } => {
                let fields = self.fields(fields.iter().map(|(field, value)| (&field.name, value)))?;
                let id = self.actor(*actor)?;
                self.world.event(&id, event, fields, None).map_err(text)
            }
            Does::Set { actor, attribute, value } => {
                let value = self.json(value)?;
                let id = self.actor(*actor)?;
                let fields: Fields = [(attribute.name.to_string(), value)].into_iter().collect();
                self.world.attributes(&id, fields).map_err(text)
            }
            Does::Delete(actor) => {
                let id = self.actor(*actor)?;
                self.world.delete(&id).map_err(text)
            }
            Does::Provider(action, behaves) => self.provider(action, behaves),
            Does::Approve(action) => self.decided(action, "approve"),
            Does::Discard(action) => self.decided(action, "discard"),
            Does::Effects { count, action, held, parts } => self.effects(*count, action, *held, parts),
            Does::Runs { count, workflow, actor, state, step } => {
                self.runs(*count, workflow, *actor, state.as_deref(), step.as_deref())
            }
            Does::Tasks { count, parts } => self.tasks(*count, parts),
            Does::Events { count, event, actor, fields } => self.events(*count, event, *actor, fields),
            Does::That(condition) => self.that(condition),
        }
    }

    fn provider(&mut self, action: &str, behaves: &Behaves) -> Result<(), String> {
        let behaviour = match behaves {
            Behaves::Accept(result) => {
                Behaviour::Accept(self.fields(result.iter().map(|(name, value)| (name, value)))?)
            }
            Behaves::Refuse(why) => Behaviour::Refuse(why.clone()),
            Behaves::Fail(why) => Behaviour::Fail(why.clone()),
            Behaves::Lose(why) => Behaviour::Lose(why.clone()),
        };
        self.world.provider(action, behaviour);
        Ok(())
    }

    fn decided(&mut self, action: &str, verb: &str) -> Result<(), String> {
        let was_there =
            if verb == "approve" { self.world.approve(action) } else { self.world.discard(action) };
        match was_there {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("no draft of `{action}` is held now")),
            Err(stuck) => Err(text(stuck)),
        }
    }

    pub(super) fn actor(&self, actor: ActorId) -> Result<EntityId, String> {
        self.actors.get(&actor).cloned().ok_or_else(|| "that entity has not appeared yet".to_owned())
    }

    /// A value, now.
    pub(super) fn value(&mut self, value: &Value) -> Result<Held, String> {
        let args = value.0.actors.iter().map(|actor| self.actor(*actor).map(Held::Entity));
        let args = args.collect::<Result<Vec<_>, _>>()?;
        let Some(live) = self.programs.live.clone() else { return Ok(Held::Missing) };
        self.world.evaluate(live.program(), value.0.function, &args, self.host.as_ref()).map_err(text)
    }

    pub(super) fn json(&mut self, value: &Value) -> Result<Json, String> {
        self.value(value).map(|it| it.to_json())
    }

    fn fields<'f>(
        &mut self,
        fields: impl Iterator<Item = (&'f Arc<str>, &'f Value)>,
    ) -> Result<Fields, String> {
        fields.map(|(name, value)| Ok((name.to_string(), self.json(value)?))).collect()
    }

    /// The zone by whose clock the test's times are written.
    fn zone(&self) -> TimeZone {
        let host = self.host.as_ref().and_then(|id| self.world.entity(id));
        let name = host.and_then(|it| it.attributes.get("timezone")).and_then(Json::as_str);
        name.and_then(|it| TimeZone::get(it).ok()).unwrap_or_else(|| self.project.clone())
    }

    /// A moment that is written as a date and a time of day, in a zone.
    fn at(&mut self, at: &Value, zone: &TimeZone) -> Result<Timestamp, String> {
        match self.value(at)? {
            // Code reads the time of day by the clock of the test's people.
            Held::Time(at) => Ok(moment(at.to_zoned(self.zone()).datetime(), zone)),
            Held::Date(day) => Ok(moment(day.at(0, 0, 0, 0), zone)),
            _ => Err("that is no moment".to_owned()),
        }
    }

    fn zone_named(&mut self, zone: &Value) -> Result<TimeZone, String> {
        match self.value(zone)? {
            Held::Text(name) => TimeZone::get(&name).map_err(|_| format!("`{name}` is no time zone")),
            _ => Err("that is no time zone".to_owned()),
        }
    }

    /// A moment as the test's people read it.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone()).strftime("%a %Y-%m-%d %H:%M").to_string()
    }

    /// What had happened until now.
    fn told(&self) -> Vec<String> {
        self.world.timeline().iter().map(|entry| self.line(entry)).collect()
    }

    fn line(&self, entry: &Entry) -> String {
        let who = self.names.get(&entry.subject).cloned().unwrap_or_else(|| entry.subject.to_string().into());
        let what = serde_json::to_value(entry.what).ok().and_then(|it| it.as_str().map(str::to_owned));
        let step = entry.step.as_ref().map(|it| format!(" [{it}]")).unwrap_or_default();
        format!(
            "{}  {who}  {}{step}  {}: {}",
            self.clock(entry.at),
            entry.workflow,
            what.unwrap_or_default(),
            entry.detail
        )
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
