//! Stable shares: who is held out, which branch of a split somebody takes.
//!
//! It must not know workflows: names come in.

use blake3::Hasher;

/// A whole number from 0 to 9,999 made of these parts, spread evenly and the same for ever.
#[must_use]
pub fn share(parts: &[&str]) -> u16 {
    let mut hasher = Hasher::new();
    for part in parts {
        // The length before each part keeps `ab c` apart from `a bc`.
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize();
    let start = hash.as_bytes().iter().take(8).fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    // 2^64 is no multiple of 10,000, but so large that nobody can measure it.
    u16::try_from(start % 10_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_stable() {
        assert_eq!(share(&["welcome", "ana"]), share(&["welcome", "ana"]));
        let mut tenths = [0_u32; 10];
        for id in 0..20_000 {
            tenths[usize::from(share(&["welcome", "split", &id.to_string()]) / 1000)] += 1;
        }
        assert!(tenths.iter().all(|count| (1_850..2_150).contains(count)), "{tenths:?}");
    }
}
