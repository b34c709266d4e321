//! What fuzzing does with any bytes. It is compiled by the fuzz target and by a plain test.

use onward_bytecode::{Artifact, disassemble, meaning};

/// Reads the bytes as an artifact. Whatever is let through has one way to be written, and can
/// be listed and asked for its meaning. Says whether it was let through.
pub(crate) fn read(bytes: &[u8]) -> bool {
    let Ok(verified) = Artifact::decode(bytes) else { return false };
    let written = verified.artifact().encode();
    assert_eq!(written.as_deref(), Ok(bytes), "an artifact is written in another way than it was read");
    assert!(!disassemble(verified.artifact()).is_empty(), "a program has a listing");
    let program = verified.program();
    for segment in &program.segments {
        std::hint::black_box(meaning(&program.functions, segment.predicate, &segment.kind));
    }
    true
}
