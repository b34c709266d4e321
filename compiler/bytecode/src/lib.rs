//! What a compiled Onward program is: values, types, instructions, declarations,
//! the bytes of an artifact, and the proof that they are safe to run.
//!
//! The compiler writes programs, the engine runs them; both know this crate and
//! not each other. It must not know rule text, stores, clocks or providers.

// The entry of the fuzzer, which tests share, calls the crate by its name.
#[cfg(test)]
extern crate self as onward_bytecode;

mod artifact;
mod instruction;
mod json;
mod length;
mod listing;
mod meaning;
mod nested;
mod pipe;
mod program;
mod types;
mod value;
mod verify;

pub use artifact::{Artifact, ArtifactError, MAX_ARTIFACT, Verified};
pub use instruction::{Ask, Function, FunctionId, HistoryRef, Instruction, NameRef, Op, Pipe, Span};
pub use json::Misfit;
pub use length::LengthError;
pub use listing::disassemble;
pub use meaning::meaning;
pub use pipe::{Given, PipeArg, Signature};
pub use program::{
    ActionDecl, Auth, Body, Bound, Cap, CaptureCall, DateTrigger, Debug, Direction, Encoding, Enrolment,
    EntityDecl, EventDecl, Every, Exit, FieldDecl, Follow, Goal, Hash, HashKind, Hmac, HmacKey, Hold,
    IndexKey, KeySource, Live, OAuth, OnFailure, Opt, Overlap, Policy, Presence, Program, Project, Quiet,
    ResumePoint, Rhythm, Schedule, SegmentDecl, Site, SiteKind, Smtp, SourceDecl, SourceFile, SourceItem,
    SpanAt, Stage, StatusRange, TeamDecl, Tls, TopicDecl, Transport, Trigger, TriggerKind, Unsure, Verify,
    WaitSite, Weekdays, Window, WorkflowDecl,
};
pub use types::{Kind, Scalar, Type};
pub use value::{Constant, EntityId, Length, Value};
