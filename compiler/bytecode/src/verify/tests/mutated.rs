//! Damaged copies of the sound program: what fuzzing does, without a fuzzer.

use super::*;

#[path = "../../../fuzz/entry.rs"]
mod entry;

/// Copies that are tried, unless `ONWARD_MUTATIONS` says how many.
const COPIES: usize = 3_000;

/// Numbers that are the same on every run (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// A few bytes flipped, replaced, copied, added or taken out, and the length put right.
fn damaged(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    const HEADER: usize = 10;
    let length = u32::from_be_bytes(bytes[6..HEADER].try_into().unwrap()) as usize;
    let (mut program, debug) = (bytes[HEADER..HEADER + length].to_vec(), &bytes[HEADER + length..]);
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(program.len());
        match dice.below(10) {
            0 => {
                program.remove(at);
            }
            1 => program.insert(at, dice.below(256) as u8),
            2 => {
                let from = dice.below(program.len());
                let to = (from + dice.below(40)).min(program.len());
                let part = program[from..to].to_vec();
                program.splice(at..at, part);
            }
            3 | 4 => program[at] = dice.below(256) as u8,
            5 => program[at] = program[dice.below(program.len())],
            _ => program[at] ^= 1 << dice.below(8),
        }
    }
    let length = (program.len() as u32).to_be_bytes();
    [&bytes[..6], &length, &program, debug].concat()
}

#[test]
fn mutated_artifacts_are_refused_or_sound() {
    #[expect(clippy::disallowed_methods, reason = "how many is said from outside")]
    let wanted = std::env::var("ONWARD_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let copies = wanted.unwrap_or(COPIES);
    let bytes = Artifact { program: sound(), debug: Debug::default() }.encode().unwrap();
    assert!(entry::read(&bytes));
    let mut dice = Dice(0x2211_2026);
    let passed = (0..copies).filter(|_| entry::read(&damaged(&bytes, &mut dice))).count();
    // Enough of them get past the verifier for the test to mean something.
    assert!(passed > copies / 50, "{passed} of {copies} were let through");
}
