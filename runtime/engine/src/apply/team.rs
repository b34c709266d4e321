//! Whose turn it is in a team: the team itself is an entity that counts, so that two runs in
//! different shards do not get the same member.

use std::sync::Arc;

use onward_bytecode::{EntityId, Site};
use serde_json::{Value as Json, json};

use super::body::{Flow, Walk};
use super::turn::{Followed, Turn};
use super::{Met, id};
use crate::model::{Fact, FactKind, Fields, Origin, Outcome, RunState, What};

/// The kind of entity that a team is.
const TEAM: &str = "team";
/// Its attribute: how many turns it has had.
const TURN: &str = "turn";

impl Turn<'_> {
    /// Asks a team whose turn it is. The run rests at the point until it knows.
    pub(super) fn ask_turn(
        &mut self,
        walk: &mut Walk<'_>,
        site: &Site,
        team: &Arc<str>,
        point: u16,
    ) -> Met<Flow> {
        let rest = walk.machine.rest(point);
        walk.run.effects += 1;
        let run = &mut walk.run;
        let key: Arc<str> = id::turn_key(&[&run.id, &site.name, &run.effects.to_string()]).into();
        let kind = FactKind::Turn { intent: key.clone(), run: run.id.clone(), of: run.subject.clone() };
        let parts = ["turn", &key];
        match self.follow(&parts, &EntityId::new(TEAM, team.clone()), kind, self.now, Origin::Live) {
            Followed::Recorded => {
                walk.run.state = RunState::Acting { rest, intent: key };
                self.say(
                    &walk.run,
                    Some(&site.name),
                    What::Waiting,
                    format!("asks whose turn it is in `{team}`"),
                );
                self.put(walk.run.clone());
            }
            Followed::ChainTooLong => {
                let again = walk.machine.again(walk.event.as_ref());
                self.park(walk.run.clone(), rest, Some(again), super::record::CHAIN_TOO_LONG);
            }
        }
        Ok(Flow::Rested)
    }

    /// The subject, a team, is asked whose turn it is.
    pub(super) fn take_turn(
        &mut self,
        fact: &Fact,
        intent: &Arc<str>,
        run: &Arc<str>,
        of: &EntityId,
    ) -> Met<()> {
        let team = &fact.subject;
        let had = self.attribute(team, TURN)?.and_then(Json::as_u64).unwrap_or(0);
        let teams = self.loaded().map(|loaded| &loaded.program().teams);
        let members = teams.flatten().find(|known| known.name == team.id).map(|known| known.members.clone());
        let members = members.unwrap_or_default();
        let place = had.checked_rem(members.len() as u64).and_then(|place| usize::try_from(place).ok());
        let member = place.and_then(|place| members.get(place));
        let outcome = match member {
            Some(member) => Outcome::Accepted {
                result: Fields::from_iter([("member".to_owned(), json!(member))]),
                detail: format!("it is the turn of {member}").into(),
            },
            None => Outcome::Dropped { detail: format!("nobody is in team `{}`", team.id).into() },
        };
        if member.is_some() {
            let fields = Fields::from_iter([(TURN.to_owned(), json!(had.wrapping_add(1)))]);
            self.set(team, &fields, fact.at)?;
        }
        let kind = FactKind::Outcome { intent: intent.clone(), run: run.clone(), outcome };
        self.follow(&["turn", &fact.id], of, kind, self.now, Origin::Live);
        Ok(())
    }
}
