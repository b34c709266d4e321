//! Declarations and the tables of workflows, a line each.
//!
//! It must not know code.

use std::fmt::Write;
use std::sync::Arc;

use jiff::civil::Time;

use super::{lives, name_of};
use crate::{
    Bound, DateTrigger, Direction, Enrolment, Every, Exit, FieldDecl, FunctionId, Hold, OnFailure, Opt,
    Overlap, Policy, Program, Rhythm, Schedule, Site, SiteKind, SourceDecl, SourceItem, Stage, TriggerKind,
    Verify, Weekdays, Window, WorkflowDecl,
};

/// All declarations but workflows.
pub(super) fn declarations(out: &mut String, program: &Program) {
    let Program { project, events, entities, teams, actions, segments, sources, follows, .. } = program;
    say!(out, "project {} in {}", project.name, project.timezone);
    for event in events {
        say!(out, "event {} about {}", event.name, event.about);
        event.fields.iter().for_each(|field| say!(out, "    {}: {}", field.name, field.ty));
    }
    for entity in entities {
        say!(out, "entity {}", entity.name);
        entity.attributes.iter().for_each(|field| say!(out, "    {}: {}", field.name, field.ty));
    }
    for team in teams {
        say!(out, "team {} of {}", team.name, team.members.len());
    }
    for action in actions {
        let params: Vec<String> = action.params.iter().map(|p| format!("{}: {}", p.name, p.ty)).collect();
        let channel = action.channel.as_ref().map(|channel| format!(" by {channel}")).unwrap_or_default();
        say!(out, "action {}({}){channel}", action.name, params.join(", "));
    }
    for segment in segments {
        let predicate = name_of(program, segment.predicate.0);
        say!(
            out,
            "segment {} of {} where {predicate}, definition {:016x}",
            segment.name,
            segment.kind,
            segment.definition
        );
    }
    policy(out, program, &program.policy);
    sources.iter().for_each(|decl| source(out, program, decl));
    for follow in follows {
        say!(out, "follow {}.{} to {}", follow.kind, follow.attribute, follow.target);
    }
}

fn policy(out: &mut String, program: &Program, policy: &Policy) {
    for quiet in &policy.quiet {
        say!(out, "quiet for {}, {}", by(&quiet.channels), hours(program, &quiet.window));
    }
    for cap in &policy.caps {
        say!(out, "at most {} by {} per {}", cap.count, by(&cap.channels), cap.per);
    }
    for topic in &policy.topics {
        let opt = match topic.opt {
            Opt::In => "in",
            Opt::Out => "out",
        };
        say!(out, "topic {} opt {opt}", topic.name);
    }
}

fn by(channels: &[Arc<str>]) -> String {
    if channels.is_empty() { "any channel".to_owned() } else { channels.join(", ") }
}

fn hours(program: &Program, window: &Window) -> String {
    let zone = window.zone.map(|zone| format!(" in {}", name_of(program, zone.0))).unwrap_or_default();
    format!("{} to {} on {}{zone}", window.from, window.to, weekdays(window.days))
}

fn source(out: &mut String, program: &Program, decl: &SourceDecl) {
    let name = |id: &FunctionId| name_of(program, id.0);
    say!(out, "source {} at {}", decl.name, decl.path);
    for proof in &decl.verify {
        let proof = match proof {
            Verify::Hmac(hmac) => {
                let keys: Vec<String> = hmac.keys.iter().map(|key| name(&key.key)).collect();
                format!("hmac {:?} in {} with {}", hmac.hash, name(&hmac.signature), keys.join(", "))
            }
            Verify::Basic(user, password) => format!("basic {}, {}", name(user), name(password)),
            Verify::Bearer(token) => format!("bearer {}", name(token)),
            Verify::Token(secret, came) => format!("token {} in {}", name(secret), name(came)),
        };
        say!(out, "    verify {proof}");
    }
    decl.id.iter().for_each(|id| say!(out, "    id {}", name(id)));
    decl.at.iter().for_each(|at| say!(out, "    time {}", name(at)));
    items(out, program, &decl.items, 1);
}

fn items(out: &mut String, program: &Program, listed: &[SourceItem], depth: usize) {
    let indent = "    ".repeat(depth);
    let name = |id: &FunctionId| name_of(program, id.0);
    let members = |members: &[(Arc<str>, FunctionId)]| {
        let members: Vec<String> = members.iter().map(|(key, id)| format!("{key}: {}", name(id))).collect();
        members.join(", ")
    };
    for item in listed {
        match item {
            SourceItem::When { condition, then, otherwise } => {
                say!(out, "{indent}when {}", name(condition));
                items(out, program, then, depth + 1);
                if !otherwise.is_empty() {
                    say!(out, "{indent}else");
                    items(out, program, otherwise, depth + 1);
                }
            }
            SourceItem::Each { list, items: inner } => {
                say!(out, "{indent}for each in {}", name(list));
                items(out, program, inner, depth + 1);
            }
            SourceItem::Entity { kind, keys, attributes } => {
                say!(out, "{indent}{kind} by {} {{ {} }}", members(keys), members(attributes));
            }
            SourceItem::Event { event, id, at, fields } => {
                let id = id.as_ref().map(|id| format!(" id {}", name(id))).unwrap_or_default();
                let at = at.as_ref().map(|at| format!(" at {}", name(at))).unwrap_or_default();
                say!(out, "{indent}event {event}{id}{at} {{ {} }}", members(fields));
            }
            SourceItem::Answer(answer) => say!(out, "{indent}answer {}", name(answer)),
        }
    }
}

/// What is said of a workflow before its code.
pub(super) fn tables(out: &mut String, program: &Program, workflow: &WorkflowDecl) {
    let draft = match workflow.stage {
        Stage::Live => "",
        Stage::Draft => ", a draft",
    };
    say!(out, "\nworkflow {} for {}, body f{}{draft}", workflow.name, workflow.subject, workflow.body.0);
    for trigger in &workflow.triggers {
        let what = happens(program, &trigger.kind);
        let condition =
            trigger.condition.map(|f| format!(" where {}", name_of(program, f.0))).unwrap_or_default();
        say!(out, "    on {what}{condition} → {:04}", trigger.entry);
    }
    workflow.entry.iter().for_each(|entry| say!(out, "    start → {entry:04}"));
    clauses(out, program, workflow);
    for (place, site) in workflow.sites.iter().enumerate() {
        if let Some(what) = step(site) {
            say!(out, "    step {place} `{}` {what}", site.name);
        }
    }
    for (place, point) in workflow.points.iter().enumerate() {
        say!(out, "    point {place} `{}` → {:04} keeps {}", point.name, point.pc, lives(&point.live));
    }
    for (place, wait) in workflow.waits.iter().enumerate() {
        say!(
            out,
            "    wait {place} for {} at point {}, else → {:04}",
            wait.event,
            wait.point,
            wait.otherwise
        );
    }
}

fn clauses(out: &mut String, program: &Program, workflow: &WorkflowDecl) {
    let name = |id: FunctionId| name_of(program, id.0);
    match workflow.enrolment {
        Enrolment::EveryTime => {}
        Enrolment::Once => say!(out, "    once"),
        Enrolment::OncePer(value) => say!(out, "    once per {}", name(value)),
        Enrolment::AtMostOncePer(length) => say!(out, "    at most once per {length}"),
    }
    match workflow.overlap {
        Overlap::Ignore => {}
        Overlap::Restart => say!(out, "    while running restart"),
        Overlap::Queue => say!(out, "    while running queue"),
        Overlap::Parallel => say!(out, "    while running parallel"),
    }
    for exit in &workflow.exits {
        let holds = |call: &crate::CaptureCall| {
            let registers: Vec<String> =
                call.registers.iter().map(|register| format!("r{register}")).collect();
            format!("{} of ({})", name(call.function), registers.join(", "))
        };
        match exit {
            Exit::When(call) => say!(out, "    exit when {}", holds(call)),
            Exit::On { event, condition: Some(call) } => {
                say!(out, "    exit on {event} where {}", holds(call))
            }
            Exit::On { event, condition: None } => say!(out, "    exit on {event}"),
        }
    }
    if let Some(goal) = &workflow.goal {
        let condition = goal.condition.map(|id| format!(" where {}", name(id))).unwrap_or_default();
        say!(out, "    goal {}{condition} within {}", goal.event, goal.within);
    }
    workflow.holdout.iter().for_each(|share| say!(out, "    holdout {share} of 10000"));
    workflow.window.iter().for_each(|window| say!(out, "    send {}", hours(program, window)));
    workflow.topic.iter().for_each(|topic| say!(out, "    topic {topic}"));
    workflow.max_age.iter().for_each(|length| say!(out, "    max age {length}"));
}

/// What a step's name does not say.
fn step(site: &Site) -> Option<String> {
    let names = |fields: &[FieldDecl]| fields.iter().map(|field| &*field.name).collect::<Vec<_>>().join(", ");
    match &site.kind {
        SiteKind::Effect { hold, failure, .. } => {
            let held = match hold {
                Hold::Free => None,
                Hold::Draft => Some("held"),
            };
            let fails = match failure {
                OnFailure::Park => None,
                OnFailure::Continue => Some("goes on after a failure"),
                OnFailure::Stop => Some("ends after a failure"),
            };
            let said: Vec<&str> = held.into_iter().chain(fails).collect();
            if said.is_empty() { None } else { Some(said.join(", ")) }
        }
        SiteKind::Turn { team, .. } => Some(format!("takes turns in {team}")),
        SiteKind::Set { attribute, ty } => Some(format!("sets {attribute}: {ty}")),
        SiteKind::Gain { attribute } => Some(format!("adds to {attribute}")),
        SiteKind::Lose { attribute } => Some(format!("takes from {attribute}")),
        SiteKind::Create { kind, attributes } => Some(format!("creates {kind} {{ {} }}", names(attributes))),
        SiteKind::Update { attributes } => Some(format!("updates {{ {} }}", names(attributes))),
        SiteKind::Delete => Some("deletes".to_owned()),
        SiteKind::Start { workflow } => Some(format!("starts {workflow}")),
        SiteKind::StopRuns { workflow } => Some(format!("stops {workflow}")),
        SiteKind::Emit { event, fields } => Some(format!("emits {event} {{ {} }}", fields.join(", "))),
        SiteKind::Arm { split } => Some(format!("is an arm of `{split}`")),
        SiteKind::Task { .. } | SiteKind::Note | SiteKind::Branch | SiteKind::Split | SiteKind::Until => None,
    }
}

/// What a trigger waits for.
fn happens(program: &Program, kind: &TriggerKind) -> String {
    let segment = |place: u32| match program.segments.get(place as usize) {
        Some(segment) => segment.name.to_string(),
        None => "?".to_owned(),
    };
    match kind {
        TriggerKind::Event(event) => event.to_string(),
        TriggerKind::Created => "created".to_owned(),
        TriggerKind::Changed => "changes".to_owned(),
        TriggerKind::Deleted => "deleted".to_owned(),
        TriggerKind::Moved { attribute, from, to } => {
            let part =
                |word, id: &Option<FunctionId>| id.map(|id| format!(" {word} {}", name_of(program, id.0)));
            let (from, to) = (part("from", from), part("to", to));
            format!("{attribute} changes{}{}", from.unwrap_or_default(), to.unwrap_or_default())
        }
        TriggerKind::Crossed { attribute, direction, bound } => {
            let way = match direction {
                Direction::Up => "rises",
                Direction::Down => "drops",
            };
            let far = match bound {
                Bound::Any => String::new(),
                Bound::To(id) => format!(" to {}", name_of(program, id.0)),
                Bound::Past(id) => format!(" beyond {}", name_of(program, id.0)),
            };
            format!("{attribute} {way}{far}")
        }
        TriggerKind::Gains { attribute, item } => format!("{attribute} gains {}", name_of(program, item.0)),
        TriggerKind::Loses { attribute, item } => format!("{attribute} loses {}", name_of(program, item.0)),
        TriggerKind::Enters(place) => format!("enters {}", segment(*place)),
        TriggerKind::Leaves(place) => format!("leaves {}", segment(*place)),
        TriggerKind::Unchanged { attribute, length } => format!("{attribute} unchanged for {length}"),
        TriggerKind::Date(DateTrigger { attribute, offset, clock, rhythm }) => {
            let round = match rhythm {
                Rhythm::Once => "",
                Rhythm::Yearly => " every year",
            };
            format!("{attribute} and {offset}{}{round}", at(*clock))
        }
        TriggerKind::Schedule(Schedule { every, clock, segment: within }) => {
            let within = within.map(|place| format!(" in {}", segment(place))).unwrap_or_default();
            format!("{}{}{within}", rounds(*every), at(*clock))
        }
    }
}

fn at(clock: Option<Time>) -> String {
    clock.map(|clock| format!(" at {clock}")).unwrap_or_default()
}

fn rounds(every: Every) -> String {
    match every {
        Every::Weekdays(days) => format!("every {}", weekdays(days)),
        Every::Days(count) => format!("every {count} days"),
        Every::Months(count) => format!("every {count} months"),
        Every::Millis(count) => format!("every {count} ms"),
    }
}

fn weekdays(days: Weekdays) -> String {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let on: Vec<&str> =
        (1..).zip(names).filter(|(number, _)| days.has(*number)).map(|(_, name)| name).collect();
    on.join(", ")
}
