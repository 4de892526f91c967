//! Figures by room for /metrics.

use std::collections::HashSet;
use std::sync::Arc;

/// One of something that a gauge counts while it is there.
pub(crate) struct Counted(metrics::Gauge);

impl Counted {
    pub(crate) fn new(name: &'static str, room: &str) -> Self {
        let gauge = metrics::gauge!(name, "room" => room.to_owned());
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// What rooms are called in figures. Clients make rooms of any name and a figure never goes away, so only those the
/// operator has named have their own.
#[derive(Clone)]
pub(crate) struct Labels(Arc<HashSet<String>>);

impl Labels {
    pub(crate) fn new(named: impl Iterator<Item = String>) -> Self {
        Self(Arc::new(named.collect()))
    }

    pub(crate) fn of<'r>(&self, room: &'r str) -> &'r str {
        if self.0.contains(room) {
            room
        } else {
            "others"
        }
    }

    pub(crate) fn participant(&self, room: &str) -> Counted {
        Counted::new("jackfield_sylkrtc_room_participants", self.of(room))
    }

    pub(crate) fn feed(&self, room: &str) -> Counted {
        Counted::new("jackfield_sylkrtc_room_feeds", self.of(room))
    }

    pub(crate) fn file(&self, room: &str) -> Counted {
        Counted::new("jackfield_sylkrtc_room_files", self.of(room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_without_a_name_count_together() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let page = recorder.handle();
        let labels = Labels::new(["team@x".to_owned()].into_iter());
        metrics::with_local_recorder(&recorder, || {
            let all =
                ["team@x", "team@x", "a@x", "b@x", "c@x"].map(|room| labels.participant(room));
            let shown = page.render();
            let is = |line: &str| shown.lines().any(|shown| shown == line);
            let name = "jackfield_sylkrtc_room_participants";
            assert!(is(&format!("{name}{{room=\"team@x\"}} 2")), "{shown}");
            assert!(is(&format!("{name}{{room=\"others\"}} 3")), "{shown}");
            drop(all);
            assert!(
                page.render()
                    .contains(&format!("{name}{{room=\"others\"}} 0\n"))
            );
        });
    }
}
