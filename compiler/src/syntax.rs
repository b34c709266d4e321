//! From text to tree: tokens, the parser, and typed views of what it built.
//!
//! Parsing never fails: there is always a tree that holds every byte of the text,
//! and a list of mistakes. It must not know what a name refers to.

pub mod ast;
pub mod codes;
pub mod kind;
pub mod lexer;
