//! The order in which servers of one service are tried (RFC 2782).

use rand::Rng as _;
use rand::rngs::StdRng;

use super::lookup::Srv;

/// Sorts by priority, and within one priority draws by weight.
pub(super) fn by_priority_and_weight(mut records: Vec<Srv>, rng: &mut StdRng) -> Vec<Srv> {
    records.sort_by_key(|record| record.priority);
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let same = records.partition_point(|record| record.priority == priority);
        let mut group: Vec<Srv> = records.drain(..same).collect();
        // Those without weight stand in front, so that they have a small chance (RFC 2782, "Usage rules").
        group.sort_by_key(|record| record.weight != 0);
        while !group.is_empty() {
            let total: u64 = group.iter().map(|record| u64::from(record.weight)).sum();
            let drawn = rng.random_range(0..=total);
            let mut sum = 0;
            let index = group
                .iter()
                .position(|record| {
                    sum += u64::from(record.weight);
                    sum >= drawn
                })
                .unwrap_or(0);
            ordered.push(group.remove(index));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn record(target: &str, priority: u16, weight: u16) -> Srv {
        Srv {
            priority,
            weight,
            port: 5060,
            target: target.into(),
        }
    }

    #[test]
    fn lower_priorities_first_and_weights_in_proportion() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut heavy_first = 0;
        for _ in 0..2000 {
            let ordered = by_priority_and_weight(
                vec![
                    record("backup", 20, 0),
                    record("light", 10, 25),
                    record("heavy", 10, 75),
                    record("never", 10, 0),
                ],
                &mut rng,
            );
            let names: Vec<&str> = ordered.iter().map(|record| &*record.target).collect();
            assert_eq!(names.len(), 4);
            assert_eq!(names[3], "backup");
            heavy_first += usize::from(names[0] == "heavy");
        }
        assert!((1380..1600).contains(&heavy_first), "{heavy_first} of 2000");
    }
}
