//! Ids for what came without one: unlike any other, from whichever node.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

/// Makes ids. The node's name is new at every start of a process, so that a counter is enough.
#[derive(Debug)]
pub(crate) struct Fresh {
    seed: [u8; 32],
    count: AtomicU64,
}

impl Fresh {
    pub(crate) fn new(node: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(node.as_bytes());
        hasher.update(&Timestamp::now().as_nanosecond().to_le_bytes());
        hasher.update(&fastrand::u128(..).to_le_bytes());
        Self { seed: *hasher.finalize().as_bytes(), count: AtomicU64::new(0) }
    }

    /// An id in the form of a UUID of version 4 (RFC 9562, section 5.4).
    pub(crate) fn id(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let hash = blake3::keyed_hash(&self.seed, &count.to_le_bytes());
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        let mut number = u128::from_be_bytes(bytes);
        number = number & !(0xf << 76) | (0x4 << 76);
        number = number & !(0x3 << 62) | (0x2 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            number >> 96,
            number >> 80 & 0xffff,
            number >> 64 & 0xffff,
            number >> 48 & 0xffff,
            number & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unlike_each_other() {
        let fresh = Fresh::new("a");
        let (one, two) = (fresh.id(), fresh.id());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
        assert_ne!(Fresh::new("a").id(), Fresh::new("a").id());
    }
}
