//! The road to providers: one trait, so that a project can be run without sending anything.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Project};
use onward_engine::model::Intent;
use onward_engine::vm::request::Request;
use serde_json::Value as Json;

/// Carries requests to providers.
#[async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Carries one request and tells how it went. Never fails otherwise.
    async fn send(&self, call: &Call<'_>) -> Delivery;
}

/// A request with what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What is asked. Its secrets are in it: not to be kept or logged.
    pub request: &'a Request,
    /// What it is for; its key is the idempotency key.
    pub intent: &'a Intent,
    /// The action.
    pub action: &'a ActionDecl,
    /// Settings of the project.
    pub project: &'a Project,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Now.
    pub now: Timestamp,
}

/// How a call went.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// The provider took it.
    Accepted {
        /// Its word: `201`, `250 queued as 1A2B`.
        detail: String,
        /// Its answer, as far as it is JSON; null otherwise.
        body: Json,
    },
    /// The provider will never take it.
    Refused {
        /// Why.
        detail: String,
    },
    /// The provider has certainly not done it; it may, later.
    Failed {
        /// Why.
        detail: String,
        /// How long the provider asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The provider may have done it.
    Unsure {
        /// What happened.
        detail: String,
    },
}

impl Delivery {
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::Refused { detail: detail.into() }
    }

    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::Failed { detail: detail.into(), retry_after: None }
    }

    pub(crate) fn unsure(detail: impl Into<String>) -> Self {
        Self::Unsure { detail: detail.into() }
    }
}
