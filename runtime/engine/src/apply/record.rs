//! Steps that change what is kept here: done at once, in the same transaction.

use std::sync::Arc;

use onward_bytecode::{EntityId, FieldDecl, Site, SiteKind, Value};
use serde_json::{Value as Json, json};

use super::body::{Flow, Walk};
use super::effect::Effect;
use super::turn::{Followed, Moved, Turn, root};
use super::{Met, id, say};
use crate::model::{FactKind, Fields, Finish, Origin, What};

pub(super) const CHAIN_TOO_LONG: &str =
    "not done: rules set each other off; too many facts have followed from one another";

impl Turn<'_> {
    /// Does a step of a run.
    pub(super) fn perform(&mut self, walk: &mut Walk<'_>, site: &Site, args: Vec<Value>) -> Met<Flow> {
        match &site.kind {
            SiteKind::Effect { action, point, hold, failure } => {
                let effect = Effect { action: *action, point: *point, hold: *hold, failure: *failure };
                return self.intend_effect(walk, site, effect, &args);
            }
            SiteKind::Turn { team, point } => return self.ask_turn(walk, site, team, *point),
            SiteKind::StopRuns { workflow } => return self.perform_stop(walk, site, workflow),
            SiteKind::Set { attribute, .. } => self.perform_update(walk, site, &[attribute], &args)?,
            SiteKind::Update { attributes } => {
                let names: Vec<_> = attributes.iter().map(|attribute| &attribute.name).collect();
                self.perform_update(walk, site, &names, &args)?;
            }
            SiteKind::Create { kind, attributes } => {
                self.perform_create(walk, site, kind, attributes, &args)?
            }
            SiteKind::Delete => self.perform_delete(walk, site, &args),
            SiteKind::Start { workflow } => self.perform_start(walk, site, workflow),
            SiteKind::Gain { attribute } => self.perform_list(walk, site, attribute, Listing::Gain, &args)?,
            SiteKind::Lose { attribute } => self.perform_list(walk, site, attribute, Listing::Lose, &args)?,
            SiteKind::Emit { event, fields } => self.perform_emit(walk, site, event, fields, &args),
            SiteKind::Task { sort, group } => self.perform_task(walk, site, sort, group.as_deref(), &args)?,
            SiteKind::Note => self.perform_note(walk, site, &args)?,
            // They are told by the words that take them.
            SiteKind::Branch | SiteKind::Arm { .. } | SiteKind::Split | SiteKind::Until => {}
        }
        Ok(Flow::On)
    }

    /// Sets attributes of an entity: at once if it lives in the same shard, else by a fact.
    fn perform_update(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        names: &[&Arc<str>],
        args: &[Value],
    ) -> Met<()> {
        let Some((Value::Entity(entity), values)) = args.split_first() else {
            let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let detail = format!("there is nothing whose {names} could be set: the reference is missing");
            self.say(&walk.run, Some(&site.name), What::Skipped, detail);
            return Ok(());
        };
        let fields: Fields =
            names.iter().zip(values).map(|(name, value)| (name.to_string(), value.to_json())).collect();
        let detail = if root(entity) == root(&walk.run.subject) {
            let moved = self.change(entity, &fields)?;
            updated(entity, &fields, &moved)
        } else {
            let set = fields
                .iter()
                .map(|(name, value)| format!("{}.{name} of {entity}: {}", entity.kind, say::value(value)));
            let set = set.collect::<Vec<_>>().join(", ");
            match self.follow_from(walk, site, entity, FactKind::Attributes { attributes: fields }) {
                Followed::Recorded => set,
                Followed::ChainTooLong => {
                    self.say(&walk.run, Some(&site.name), What::Skipped, CHAIN_TOO_LONG);
                    return Ok(());
                }
            }
        };
        self.say(&walk.run, Some(&site.name), What::Changed, detail);
        Ok(())
    }

    fn perform_create(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        kind: &Arc<str>,
        attributes: &[FieldDecl],
        args: &[Value],
    ) -> Met<()> {
        let given = attributes.iter().zip(args).filter(|(_, value)| !value.is_missing());
        let fields = given.map(|(attribute, value)| (attribute.name.to_string(), value.to_json())).collect();
        let created = self.create_beside(walk, site, kind, &fields)?;
        self.say(&walk.run, Some(&site.name), What::Changed, format!("{created} created"));
        walk.machine.leave(Value::Entity(created));
        Ok(())
    }

    /// The end of an entity is a fact of its own: this run goes on until it is worked out.
    fn perform_delete(&mut self, walk: &mut Walk<'_>, site: &Site, args: &[Value]) {
        let [Value::Entity(entity)] = args else {
            self.say(
                &walk.run,
                Some(&site.name),
                What::Skipped,
                "there is nothing to delete: the reference is missing",
            );
            return;
        };
        let done = self.follow_from(walk, site, entity, FactKind::Deleted);
        self.tell_followed(walk, site, done, format!("{entity} deleted"));
    }

    fn perform_start(&mut self, walk: &mut Walk<'_>, site: &Site, workflow: &Arc<str>) {
        let subject = walk.run.subject.clone();
        let kind = FactKind::Start { workflow: workflow.clone() };
        let done = self.follow_from(walk, site, &subject, kind);
        self.tell_followed(walk, site, done, format!("`{workflow}` is to start"));
    }

    /// Ends the subject's runs of a workflow, this one last.
    fn perform_stop(&mut self, walk: &mut Walk<'_>, site: &Site, workflow: &Arc<str>) -> Met<Flow> {
        let reason = format!("`do stop {workflow}` in `{}`", walk.run.workflow);
        let others = self.unfinished(&walk.run.subject)?;
        let others = others.iter().filter(|id| **id != walk.run.id).filter_map(|id| self.run(id));
        let others: Vec<_> = others.filter(|run| run.workflow == *workflow).cloned().collect();
        self.say(
            &walk.run,
            Some(&site.name),
            What::Changed,
            format!("{} of `{workflow}` stopped", runs(others.len())),
        );
        for other in others {
            self.end(other, Finish::Stopped, reason.as_str());
        }
        if walk.run.workflow != *workflow {
            return Ok(Flow::On);
        }
        self.end(walk.run.clone(), Finish::Stopped, reason);
        Ok(Flow::Rested)
    }

    /// Says what a fact that follows does, or that it was not recorded.
    fn tell_followed(&mut self, walk: &Walk<'_>, site: &Site, done: Followed, detail: String) {
        match done {
            Followed::Recorded => self.say(&walk.run, Some(&site.name), What::Changed, detail),
            Followed::ChainTooLong => self.say(&walk.run, Some(&site.name), What::Skipped, CHAIN_TOO_LONG),
        }
    }

    fn perform_list(
        &mut self,
        walk: &Walk<'_>,
        site: &Site,
        attribute: &Arc<str>,
        listing: Listing,
        args: &[Value],
    ) -> Met<()> {
        let what = item_of(attribute);
        let [Value::Text(item)] = args else {
            self.say(&walk.run, Some(&site.name), What::Skipped, format!("the {what} is missing"));
            return Ok(());
        };
        let subject = walk.run.subject.clone();
        let known = self.attribute(&subject, attribute)?.and_then(Json::as_array).cloned();
        let known = known.unwrap_or_default();
        let has = known.iter().any(|known| known.as_str() == Some(item));
        let mut items = known;
        let (news, detail) = match (listing, has) {
            (Listing::Gain, false) => {
                items.push(Json::from(&**item));
                (News::Some, format!("{what} `{item}` added"))
            }
            (Listing::Lose, true) => {
                items.retain(|known| known.as_str() != Some(item));
                (News::Some, format!("{what} `{item}` removed"))
            }
            (Listing::Gain, true) => (News::None, format!("{what} `{item}` is there already")),
            (Listing::Lose, false) => (News::None, format!("{what} `{item}` was not there")),
        };
        if news == News::Some {
            self.change_one(&subject, attribute, Json::Array(items))?;
        }
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
        let done = self.follow_from(walk, site, &subject, kind);
        self.tell_followed(walk, site, done, format!("event `{event}` recorded"));
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
        let subject = &walk.run.subject;
        fields.insert(subject.kind.to_string(), json!(subject.id));
        self.create_beside(walk, site, "task", &fields)?;
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
        let subject = &walk.run.subject;
        let about = (subject.kind.to_string(), json!(subject.id));
        self.create_beside(
            walk,
            site,
            "note",
            &Fields::from_iter([("text".to_owned(), json!(text)), about]),
        )?;
        self.say(&walk.run, Some(&site.name), What::Noted, text.clone());
        Ok(())
    }

    /// Creates an entity that lives in the subject's shard.
    fn create_beside(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        kind: &str,
        fields: &Fields,
    ) -> Met<EntityId> {
        let run = &mut walk.run;
        run.effects += 1;
        let hash = id::name(&[kind, &run.id, &site.name, &run.effects.to_string()]);
        let entity = EntityId::new(kind, format!("{}/{kind}-{hash}", run.subject.id));
        self.create(&entity);
        self.change(&entity, fields)?;
        Ok(entity)
    }
}

/// What a list's item is called.
fn item_of(attribute: &str) -> String {
    match attribute {
        "tags" => "tag".to_owned(),
        "access" => "access to".to_owned(),
        other => format!("`{other}`"),
    }
}

/// What is different now, in words.
fn updated(entity: &EntityId, fields: &Fields, moved: &[Moved]) -> String {
    let words = fields.iter().map(|(name, value)| match moved.iter().find(|moved| *moved.name == **name) {
        Some(moved) => say::moved(entity, moved),
        None => format!("{}.{name} is {} already", entity.kind, say::value(value)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn runs(count: usize) -> String {
    if count == 1 { "1 other run".to_owned() } else { format!("{count} other runs") }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    Gain,
    Lose,
}

/// Whether anything is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Some,
    None,
}
