//! `onward pause`, `resume` and `disable`: holding a workflow up without deploying.

use clap::Args;

use super::Format;
use super::runs::encode;
use crate::client::{Body, Connection, block};
use crate::failure::{Exit, Outcome};
use crate::{json, screen};

/// Hold a workflow up: nothing is sent, and nobody is lost
///
/// No wait ends until it is resumed. Who matches meanwhile enrols and goes as far as the first message or wait. What has become due goes on when
/// the workflow is resumed, within quiet hours and the like.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    which: Which,
}

/// Let a workflow go on that was paused or disabled
#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    which: Which,
}

/// Have a workflow start nothing any more; runs under way go on
#[derive(Debug, Args)]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// The workflow's name
    workflow: String,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Pause {
    pub(super) fn run(self) -> Outcome {
        self.which.turn("pause")
    }
}

impl Resume {
    pub(super) fn run(self) -> Outcome {
        self.which.turn("resume")
    }
}

impl Disable {
    pub(super) fn run(self) -> Outcome {
        self.which.turn("disable")
    }
}

impl Which {
    fn turn(self, order: &str) -> Outcome {
        let client = self.connection.client()?;
        let path = format!("/v1/workflows/{}/{order}?by=onward+{order}", encode(&self.workflow));
        let answer = block(async { client.post(&path, Body::Bytes(Vec::new())).await })?;
        if self.format.json {
            screen::json(&answer);
            return Ok(Exit::Fine);
        }
        let (before, state) = (json::text(&answer, "before"), json::text(&answer, "state"));
        let name = screen::tame(&self.workflow);
        screen::line(if before == state {
            format!("{name} is {state} already")
        } else {
            format!("{name} is {state}, it was {before}")
        });
        Ok(Exit::Fine)
    }
}
