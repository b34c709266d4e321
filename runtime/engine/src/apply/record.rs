//! Steps that change what is kept here: done at once, in the same transaction.

use std::sync::Arc;

use onward_bytecode::{EntityId, Site, SiteKind, Value};
use serde_json::{Value as Json, json};

use super::body::{Flow, Walk};
use super::turn::{Followed, Happening, Turn};
use super::{Met, id, say};
use crate::model::{FactKind, Fields, Origin, What};

const CHAIN_TOO_LONG: &str =
    "not done: rules set each other off; too many facts have followed from one another";

impl Turn<'_> {
    /// Does a step of a run.
    pub(super) fn perform(&mut self, walk: &mut Walk<'_>, site: &Site, args: Vec<Value>) -> Met<Flow> {
        match &site.kind {
            SiteKind::Effect { action, point, .. } => {
                return self.intend_effect(walk, site, *action, *point, &args);
            }
            SiteKind::Set { attribute, .. } => self.perform_set(walk, site, attribute, &args)?,
            SiteKind::Gain { .. } => self.perform_tag(walk, site, Tagging::Add, &args)?,
            SiteKind::Lose { .. } => self.perform_tag(walk, site, Tagging::Remove, &args)?,
            SiteKind::Emit { event, fields } => self.perform_emit(walk, site, event, fields, &args),
            SiteKind::Task { sort, group } => self.perform_task(walk, site, sort, group.as_deref(), &args)?,
            SiteKind::Note => self.perform_note(walk, site, &args)?,
            _ => {}
        }
        Ok(Flow::On)
    }

    fn perform_set(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        attribute: &Arc<str>,
        args: &[Value],
    ) -> Met<()> {
        let [Value::Entity(entity), value] = args else {
            let detail =
                format!("there is nothing whose `{attribute}` could be set: the reference is missing");
            self.say(&walk.run, Some(&site.name), What::Skipped, detail);
            return Ok(());
        };
        if root(entity) == root(&walk.run.subject) {
            return self.record_change(walk, site, entity, attribute, value.to_json());
        }
        let attributes = Fields::from_iter([(attribute.to_string(), value.to_json())]);
        let detail = format!("{}.{attribute} of {entity}: {}", entity.kind, say::value(&value.to_json()));
        match self.follow_from(walk, site, entity, FactKind::Attributes { attributes }) {
            Followed::Recorded => self.say(&walk.run, Some(&site.name), What::Changed, detail),
            Followed::ChainTooLong => self.say(&walk.run, Some(&site.name), What::Skipped, CHAIN_TOO_LONG),
        }
        Ok(())
    }

    fn record_change(
        &mut self,
        walk: &Walk<'_>,
        site: &Site,
        entity: &EntityId,
        attribute: &Arc<str>,
        value: Json,
    ) -> Met<()> {
        let detail = match self.change(entity, attribute, value.clone())? {
            Some(moved) => say::moved(entity, &moved),
            None => format!("{}.{attribute} is {} already", entity.kind, say::value(&value)),
        };
        self.say(&walk.run, Some(&site.name), What::Changed, detail);
        Ok(())
    }

    fn perform_tag(&mut self, walk: &Walk<'_>, site: &Site, tagging: Tagging, args: &[Value]) -> Met<()> {
        let [Value::Text(tag)] = args else {
            self.say(&walk.run, Some(&site.name), What::Skipped, "the tag is missing");
            return Ok(());
        };
        let subject = walk.run.subject.clone();
        let known = self.attribute(&subject, "tags")?.and_then(Json::as_array).cloned().unwrap_or_default();
        let has = known.iter().any(|known| known.as_str() == Some(tag));
        let mut tags = known;
        match (tagging, has) {
            (Tagging::Add, false) => tags.push(Json::from(&**tag)),
            (Tagging::Remove, true) => tags.retain(|known| known.as_str() != Some(tag)),
            (Tagging::Add, true) | (Tagging::Remove, false) => {}
        }
        self.change(&subject, &"tags".into(), Json::Array(tags))?;
        let detail = match (tagging, has) {
            (Tagging::Add, false) => format!("tag `{tag}` added"),
            (Tagging::Add, true) => format!("tag `{tag}` is there already"),
            (Tagging::Remove, true) => format!("tag `{tag}` removed"),
            (Tagging::Remove, false) => format!("tag `{tag}` was not there"),
        };
        self.say(&walk.run, Some(&site.name), What::Changed, detail);
        Ok(())
    }

    fn perform_emit(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        event: &Arc<str>,
        names: &[Arc<str>],
        args: &[Value],
    ) {
        let fields = names.iter().zip(args).filter(|(_, value)| !value.is_missing());
        let fields = fields.map(|(name, value)| (name.to_string(), value.to_json())).collect();
        let kind = FactKind::Event { name: event.clone(), fields, contact: None, attributes: Fields::new() };
        let subject = walk.run.subject.clone();
        match self.follow_from(walk, site, &subject, kind) {
            Followed::Recorded => {
                self.say(&walk.run, Some(&site.name), What::Changed, format!("event `{event}` recorded"));
            }
            Followed::ChainTooLong => self.say(&walk.run, Some(&site.name), What::Skipped, CHAIN_TOO_LONG),
        }
    }

    /// Records a fact that follows from a run's step.
    fn follow_from(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        subject: &EntityId,
        kind: FactKind,
    ) -> Followed {
        walk.run.effects += 1;
        let parts = ["step", &walk.run.id, &site.name, &walk.run.effects.to_string()];
        self.follow(&parts, subject, kind, self.now, Origin::Live)
    }

    fn perform_task(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        sort: &Arc<str>,
        group: Option<&str>,
        args: &[Value],
    ) -> Met<()> {
        if let Some(group) = group
            && let Some(reason) = self.outside(walk, group)?
        {
            self.say(&walk.run, Some(&site.name), What::Skipped, reason);
            return Ok(());
        }
        let mut fields = Fields::new();
        for (name, value) in ["title", "due", "remind_at", "assignee", "notes"].iter().zip(args) {
            if !value.is_missing() {
                fields.insert((*name).to_owned(), value.to_json());
            }
        }
        if !sort.is_empty() {
            fields.insert("type".to_owned(), json!(sort));
        }
        fields.insert("status".to_owned(), json!("open"));
        let due = match args.get(1) {
            Some(Value::Time(due)) => {
                let zone = self.zone(walk.loaded, &walk.run.subject)?;
                format!(", due {}", say::moment(*due, &zone))
            }
            _ => String::new(),
        };
        let title = args.first().map_or_else(String::new, |title| say::value(&title.to_json()));
        self.create_beside(walk, site, "task", fields)?;
        self.say(&walk.run, Some(&site.name), What::Changed, format!("task {title} created{due}"));
        Ok(())
    }

    /// Why a task for a group is not for this subject: its owner is in another one.
    fn outside(&mut self, walk: &Walk<'_>, group: &str) -> Met<Option<String>> {
        let kind = &walk.run.subject.kind;
        let owner = self.attribute(&walk.run.subject, "owner")?.and_then(Json::as_str);
        let Some(owner) = owner else {
            return Ok(Some(format!("the {kind} has no owner, and the task is for group `{group}`")));
        };
        let teams = &walk.loaded.program().teams;
        let members = teams.iter().filter(|team| *team.name == *group).flat_map(|team| &team.members);
        let inside = members.into_iter().any(|member| member.eq_ignore_ascii_case(owner));
        Ok((!inside).then(|| format!("the owner {owner} is not in group `{group}`")))
    }

    fn perform_note(&mut self, walk: &mut Walk<'_>, site: &Site, args: &[Value]) -> Met<()> {
        let [Value::Text(text)] = args else {
            self.say(&walk.run, Some(&site.name), What::Skipped, "the note has no text");
            return Ok(());
        };
        self.create_beside(walk, site, "note", Fields::from_iter([("text".to_owned(), json!(text))]))?;
        self.say(&walk.run, Some(&site.name), What::Noted, text.clone());
        Ok(())
    }

    /// Creates an entity that belongs to the subject and lives in its shard.
    fn create_beside(&mut self, walk: &mut Walk<'_>, site: &Site, kind: &str, mut fields: Fields) -> Met<()> {
        let run = &mut walk.run;
        run.effects += 1;
        let hash = id::name(&[kind, &run.id, &site.name, &run.effects.to_string()]);
        let entity = EntityId::new(kind, format!("{}/{kind}-{hash}", run.subject.id));
        fields.insert(run.subject.kind.to_string(), json!(run.subject.id));
        let created = self.create(&entity, &fields)?;
        self.queue.push_back(Happening::Changed(created));
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tagging {
    Add,
    Remove,
}

/// What decides where an entity lives: a key `a/b` lives where `a` lives.
fn root(entity: &EntityId) -> &str {
    entity.id.split('/').next().unwrap_or_default()
}
