//! Tables by the ids of legs and rooms: looked into several times per packet.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table whose keys are ids the switch gave out. Nobody outside can choose them to collide, so it does
/// without the keyed hash that a table of strangers' words needs.
pub type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Spreads serial numbers over a table: Fibonacci hashing, folded so that high and low bits are both good.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

/// 2⁶⁴ divided by the golden ratio, odd.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(SPREAD);
        self.0 = spread ^ spread >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_in_any_stride_spread_over_a_small_table() {
        for stride in [1, 2, 16, 1024, 1 << 32] {
            let places: HashSet<u64> = (0..256u64)
                .map(|n| {
                    let mut hasher = IdHasher::default();
                    hasher.write_u64(n * stride);
                    hasher.finish() % 256
                })
                .collect();
            // 162 of 256 are what chance would fill.
            assert!(places.len() > 120, "stride {stride}: {}", places.len());
        }
    }
}
