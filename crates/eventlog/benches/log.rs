//! How many events a second are written and read again: 1,000 events of 3 kB, about what a channel's are.

use std::path::PathBuf;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jackfield_eventlog::{Settings, Writer};

/// Events in one round.
const EVENTS: u64 = 1_000;

/// Bytes of one.
const LENGTH: usize = 3_000;

/// Events in one write.
const BATCH: u64 = 50;

fn main() {
    divan::main();
}

fn settings(name: &str) -> Settings {
    let folder: PathBuf = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&folder).ok();
    Settings {
        folder,
        max_bytes: 64 << 20,
        max_age: Duration::from_secs(3600),
        sync: Duration::from_secs(1),
    }
}

fn fill(writer: &mut Writer) {
    let payload = vec![b'x'; LENGTH];
    let newest = writer.newest();
    for number in 1..=EVENTS {
        writer.append(newest + number, 1, 1, &payload);
        if number % BATCH == 0 {
            writer.commit();
        }
    }
}

#[divan::bench]
fn append(bencher: Bencher<'_, '_>) {
    let settings = settings("jackfield-bench-append");
    let folder = settings.folder.clone();
    let (mut writer, _log) = Writer::open(settings, 0).expect("a folder for temporary files");
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| fill(&mut writer));
    drop(writer);
    std::fs::remove_dir_all(folder).ok();
}

#[divan::bench]
fn replay(bencher: Bencher<'_, '_>) {
    let settings = settings("jackfield-bench-replay");
    let folder = settings.folder.clone();
    let (mut writer, log) = Writer::open(settings, 0).expect("a folder for temporary files");
    fill(&mut writer);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut cursor = log.cursor_from(0);
        loop {
            let batch = cursor.read().expect("what was just written");
            if black_box(&batch).at_end {
                break;
            }
        }
    });
    drop(writer);
    std::fs::remove_dir_all(folder).ok();
}
