//! How loud automatic gain makes voices in a room: as loud as the others (event-manager.md §8, control 4, and §11).

use super::Room;
use super::member::Member;

/// Where more speak, they are what a voice is compared with.
const FEW: usize = 2;

impl Room {
    /// Measures the others as long as anybody is to be as loud as they are. Allocates; for commands.
    pub(super) fn meter(&mut self) {
        let is_needed = self.members.iter().any(Member::is_levelled);
        self.members
            .iter_mut()
            .for_each(|member| member.meter(is_needed));
    }

    /// Tells those with automatic gain how loud to be. Where more than two have spoken in the last 3 s, that is the mean of those
    /// without it as they are heard. Where all have it, each would follow the others: then it is the mean of all before it.
    pub(super) fn level(&mut self) {
        if !self.members.iter().any(Member::is_levelled) {
            return;
        }
        let (mut free, mut levelled) = (Mean::default(), Mean::default());
        for member in &self.members {
            if let Some(lufs) = member.measured_lufs() {
                let mean = if member.is_levelled() {
                    &mut levelled
                } else {
                    &mut free
                };
                mean.add(lufs);
            }
        }
        let others = if free.count > 0 { &free } else { &levelled };
        let target = (free.count + levelled.count > FEW).then(|| others.value());
        for member in &mut self.members {
            member.set_target(target);
        }
    }
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> f64 {
        self.sum / self.count as f64
    }
}
