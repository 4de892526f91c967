//! How idle the machine is, from `/proc/stat`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Idle CPU in millionths of a percent, as last measured: 100 % before the first measurement.
#[derive(Clone, Debug)]
pub struct IdleCpu(Arc<AtomicU64>);

/// 100 % in millionths of a percent.
const ALL: u64 = 100_000_000;

impl Default for IdleCpu {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(ALL)))
    }
}

impl IdleCpu {
    /// In millionths of a percent.
    pub fn micro_percent(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// In hundredths of a percent, as a log line shows it.
    pub fn centi_percent(&self) -> u32 {
        u32::try_from(self.micro_percent() / 10_000).unwrap_or(u32::MAX)
    }

    /// Remembers a measurement.
    pub(crate) fn set(&self, micro_percent: u64) {
        self.0.store(micro_percent, Ordering::Relaxed);
    }
}

/// Ticks the machine spent, all and idle, since it was switched on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CpuTicks {
    all: u64,
    idle: u64,
}

impl CpuTicks {
    /// Reads the first line of `/proc/stat`; `None` on a machine without one.
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in user already.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.lines().next()?.strip_prefix("cpu ")?;
        let numbers: Vec<u64> = numbers
            .split_whitespace()
            .take(8)
            .map_while(|word| word.parse().ok())
            .collect();
        let idle = numbers.get(3)? + numbers.get(4).copied().unwrap_or(0);
        Some(Self {
            all: numbers.iter().sum(),
            idle,
        })
    }

    /// Share of idle ticks since `earlier` in millionths of a percent; `None` when no tick passed.
    pub(crate) fn idle_since(self, earlier: Self) -> Option<u64> {
        let all = self.all.checked_sub(earlier.all).filter(|all| *all > 0)?;
        let idle = self.idle.saturating_sub(earlier.idle).min(all);
        Some(idle.saturating_mul(ALL) / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_is_the_share_between_two_looks() {
        let first = CpuTicks::parse("cpu  100 0 100 700 100 0 0 0 5 5\ncpu0 …\n").unwrap();
        let second = CpuTicks::parse("cpu  150 0 150 1000 200 0 0 0 5 5\n").unwrap();
        assert_eq!(second.idle_since(first), Some(80_000_000));
        assert_eq!(first.idle_since(first), None);
        assert_eq!(CpuTicks::parse("intr 1 2 3"), None);
    }

    #[test]
    fn a_measurement_is_seen_in_both_units() {
        let idle = IdleCpu::default();
        assert_eq!(idle.centi_percent(), 10_000);
        idle.set(98_765_432);
        assert_eq!(idle.micro_percent(), 98_765_432);
        assert_eq!(idle.centi_percent(), 9_876);
    }
}
