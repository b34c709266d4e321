//! What a compiled Onward program is: values, types, instructions, declarations,
//! the bytes of an artifact, and the proof that they are safe to run.
//!
//! The compiler writes programs, the engine runs them; both know this crate and
//! not each other. It must not know rule text, stores, clocks or providers.

mod artifact;
mod instruction;
mod json;
mod length;
mod listing;
mod pipe;
mod program;
mod types;
mod value;
mod verify;

pub use artifact::{Artifact, ArtifactError, MAX_ARTIFACT, Verified};
pub use instruction::{Function, FunctionId, Instruction, NameRef, Op, Pipe};
pub use json::Misfit;
pub use length::LengthError;
pub use listing::disassemble;
pub use pipe::{Given, PipeArg, Signature};
pub use program::{
    ActionDecl, Auth, Body, CaptureCall, Debug, Enrolment, EntityDecl, EventDecl, Exit, FieldDecl, Hash,
    IndexKey, KeySource, Live, Overlap, Presence, Program, Project, ResumePoint, Site, SiteKind, Smtp,
    SourceFile, SpanAt, StatusRange, TeamDecl, Tls, Transport, Trigger, TriggerKind, Unsure, WaitSite,
    WorkflowDecl,
};
pub use types::{Kind, Scalar, Type};
pub use value::{Constant, EntityId, Length, Value};
