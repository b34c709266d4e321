//! Onward's compiler: from the text of rule files to bytecode.
//!
//! It must not know where text comes from or where bytecode goes: no IO, no clock,
//! no environment. What it needs comes in as arguments.

mod analyse;
mod check;
pub mod codes;
mod config;
mod declare;
pub mod diagnostic;
pub mod format;
pub mod graph;
pub mod hir;
pub mod links;
pub mod lower;
mod memory;
pub mod message;
pub mod names;
mod nearest;
mod plain;
pub mod project;
pub mod render;
mod report;
mod shape;
mod source;
pub mod syntax;
mod template;
pub mod uses;
