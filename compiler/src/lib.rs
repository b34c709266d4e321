//! Onward's compiler: from the text of rule files to bytecode.
//!
//! It must not know where text comes from or where bytecode goes: no IO, no clock,
//! no environment. What it needs comes in as arguments.

pub mod diagnostic;
pub mod hir;
pub mod lower;
pub mod render;
pub mod syntax;
