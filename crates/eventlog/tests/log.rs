//! What was written is there, in order, whatever happened to the files in between; what is not there is told.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jackfield_eventlog::{Cursor, Entry, EventLog, Missed, OutOfRange, Settings, Writer};

/// A time far from the epoch: 2026-01-01, in microseconds.
const NOW: i64 = 1_767_225_600_000_000;

/// The log's share of one segment in the tests below: 64 KiB, as the least log has sixteen of them.
const SEGMENT: u64 = Settings::LEAST_BYTES / 16;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-eventlog-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::remove_dir_all(&path).ok();
        Self(path)
    }

    fn settings(&self) -> Settings {
        Settings {
            folder: self.0.clone(),
            max_bytes: Settings::LEAST_BYTES,
            max_age: Duration::from_secs(3600),
            sync: Duration::from_secs(1),
        }
    }

    fn open(&self, now: i64) -> (Writer, EventLog) {
        Writer::open(self.settings(), now).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn write(writer: &mut Writer, sequences: impl IntoIterator<Item = u64>, length: usize) {
    for sequence in sequences {
        let payload = format!("{sequence} {}", "x".repeat(length));
        writer.append(sequence, NOW, 1, payload.as_bytes());
        writer.commit();
    }
}

#[test]
fn numbers_of_a_run_are_above_what_was_reserved() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let first = api::EventId {
        node: api::NodeId(api::Uuid::nil()),
        seq: api::Seq(1),
    };
    assert_eq!(log.sequence_of(first), NOW as u64 + 1);
    writer.begin_above(7);
    assert_eq!(log.sequence_of(first), NOW as u64 + 1);
    writer.begin_above(NOW as u64 + 500);
    assert_eq!(log.sequence_of(first), NOW as u64 + 501);
}

/// A reader that has found the end is woken by a number: what belongs to it is there then.
#[test]
fn all_records_of_a_number_come_before_it_is_announced() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let written = log.written();
    let long = vec![b'x'; 2 * SEGMENT as usize];
    writer.append(NOW as u64 + 1, NOW, 1, &long);
    writer.append(NOW as u64 + 1, NOW, 2, b"of the same");
    assert!(*written.borrow() < NOW as u64 + 1, "not yet");
    writer.append(NOW as u64 + 2, NOW, 1, b"next");
    assert_eq!(*written.borrow(), NOW as u64 + 1);
    let entries = rest(&mut log.cursor_from(NOW as u64));
    let kinds = entries.iter().map(|entry| match entry {
        Entry::Event { sequence, kind, .. } => (*sequence - NOW as u64, *kind),
        Entry::Missed(missed) => panic!("{missed:?}"),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), [(1, 1), (1, 2)]);
}

/// What is dropped is counted in events, however many records there were of each.
#[test]
fn an_event_of_several_records_counts_once() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let (first, last) = (NOW as u64 + 1, NOW as u64 + 2000);
    let long = vec![b'x'; 1000];
    for sequence in first..=last {
        writer.append(sequence, NOW, 1, &long);
        writer.append(sequence, NOW, 2, b"of the same");
        writer.commit();
    }
    assert_eq!(log.counters().records.load(Ordering::Relaxed), 2000);
    let events = |entries: &[Entry]| {
        let kinds = entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Event { kind: 2, .. }));
        kinds.count() as u64
    };
    // A reader that has read a little, and then sees that parts have gone.
    let mut cursor = log.cursor_from(first - 1);
    let mut read = cursor.read().unwrap().entries;
    let Some(Entry::Missed(gone)) = read.first().cloned() else {
        panic!("the first part has gone already");
    };
    assert_eq!(gone.count, 0, "nobody has counted what went before");
    for sequence in last + 1..=last + 2000 {
        writer.append(sequence, NOW, 1, &long);
        writer.append(sequence, NOW, 2, b"of the same");
        writer.commit();
    }
    read.extend(rest(&mut cursor));
    let missed = read.iter().skip(1).filter_map(|entry| match entry {
        Entry::Missed(missed) => Some(*missed),
        Entry::Event { .. } => None,
    });
    let missed: Vec<Missed> = missed.collect();
    assert_eq!(missed.len(), 1, "{missed:?}");
    let all = last + 2000 - gone.last;
    assert_eq!(events(&read) + missed[0].count, all);
    // And after the next start.
    drop((writer, cursor));
    let (_writer, again) = folder.open(NOW);
    let bounds = again.bounds();
    let kept = rest(&mut again.cursor(bounds.oldest).unwrap());
    assert_eq!(events(&kept), bounds.newest - bounds.oldest);
}

fn rest(cursor: &mut Cursor) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let batch = cursor.read().unwrap();
        entries.extend(batch.entries);
        if batch.at_end {
            return entries;
        }
    }
}

fn sequences(entries: &[Entry]) -> Vec<u64> {
    entries
        .iter()
        .map(|entry| match entry {
            Entry::Event {
                sequence, payload, ..
            } => {
                let text = String::from_utf8_lossy(payload);
                assert_eq!(text.split(' ').next().unwrap(), sequence.to_string());
                *sequence
            }
            Entry::Missed(missed) => panic!("{missed:?}"),
        })
        .collect()
}

fn after(log: &EventLog, position: u64) -> Vec<u64> {
    sequences(&rest(&mut log.cursor(position).unwrap()))
}

fn copy(from: &Path, to: &Folder) {
    fs::create_dir_all(&to.0).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.0.join(entry.file_name())).unwrap();
    }
}

#[test]
fn from_any_place_exactly_the_rest_is_read_and_numbers_may_have_holes() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let written: Vec<u64> = (1..=3000).map(|n| n * 3).collect();
    write(&mut writer, written.iter().copied(), 200);
    writer.pass_to(9010);
    writer.commit();
    assert!(folder.files().len() > 5, "several segments");
    assert!(log.bytes() <= Settings::LEAST_BYTES);
    for position in [0, 1, 3, 4, 100, 4500, 8997, 8999, 9000, 9005, 9010] {
        let expected: Vec<u64> = written.iter().copied().filter(|n| *n > position).collect();
        assert_eq!(after(&log, position), expected, "after {position}");
    }
    assert_eq!(*log.written().borrow(), 9010);
    let too_new = log.cursor(9011).map(|_| ()).unwrap_err();
    assert_eq!(too_new.to_string(), "the newest position is 9010");
}

#[test]
fn a_reader_follows_the_writer_and_sees_nothing_twice() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let mut cursor = log.cursor(0).unwrap();
    let mut seen = Vec::new();
    for round in 0..400_u64 {
        write(&mut writer, round * 10 + 1..=round * 10 + 10, 150);
        if round % 7 == 0 {
            seen.extend(sequences(&rest(&mut cursor)));
        }
    }
    seen.extend(sequences(&rest(&mut cursor)));
    assert_eq!(seen, (1..=4000).collect::<Vec<_>>());
    assert!(rest(&mut cursor).is_empty());
}

#[test]
fn the_oldest_goes_and_whoever_asks_for_it_is_told() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    let mut slow = log.cursor(0).unwrap();
    let read_before = sequences(&slow.read().unwrap().entries);
    assert!(read_before.is_empty(), "nothing is there yet");
    write(&mut writer, 1..=10, 100);
    let first = slow.read().unwrap();
    assert_eq!(sequences(&first.entries), (1..=10).collect::<Vec<_>>());
    write(&mut writer, 11..=5000, 1000);
    let bounds = log.bounds();
    assert!(log.bytes() <= Settings::LEAST_BYTES + SEGMENT, "bounded");
    let on_disk: u64 = folder
        .files()
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(on_disk, log.bytes());
    assert!(bounds.oldest > 3000 && bounds.newest == 5000, "{bounds:?}");
    let refused = log.cursor(bounds.oldest - 1).map(|_| ()).unwrap_err();
    assert_eq!(refused, OutOfRange::TooOld(bounds));
    assert_eq!(
        after(&log, bounds.oldest),
        (bounds.oldest + 1..=5000).collect::<Vec<_>>()
    );
    // It still has the file it was in; what went with the files behind it is counted.
    let entries = rest(&mut slow);
    let at = entries
        .iter()
        .position(|entry| matches!(entry, Entry::Missed(_)))
        .unwrap();
    let before = sequences(&entries[..at]);
    let last = before.last().copied().unwrap_or(10);
    assert_eq!(before, (11..=last).collect::<Vec<_>>());
    let missed = Missed {
        first: last + 1,
        last: bounds.oldest,
        count: bounds.oldest - last,
    };
    assert_eq!(entries[at], Entry::Missed(missed));
    assert_eq!(
        sequences(&entries[at + 1..]),
        (bounds.oldest + 1..=5000).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_too_old_goes() {
    let folder = Folder::new();
    let settings = Settings {
        max_age: Duration::from_secs(160),
        ..folder.settings()
    };
    let (mut writer, log) = Writer::open(settings, NOW).unwrap();
    // One event each second, a segment every ten.
    for second in 1..=400_u64 {
        let at = NOW + i64::try_from(second).unwrap() * 1_000_000;
        writer.append(second, at, 1, second.to_string().as_bytes());
        writer.commit();
    }
    let oldest = log.bounds().oldest;
    assert!((200..=240).contains(&oldest), "{oldest}");
    assert_eq!(after(&log, oldest).len() as u64, 400 - oldest);
    writer.rest(NOW + 1_000_000_000);
    assert_eq!(log.bounds().oldest, 400, "nothing is kept");
    assert!(folder.files().is_empty());
    write(&mut writer, [401], 1);
    assert_eq!(after(&log, 400), [401]);
}

#[test]
fn a_restart_goes_on_behind_everything_and_later_than_any_number_given_out() {
    let folder = Folder::new();
    let event = api::EventId {
        node: api::NodeId(api::Uuid::nil()),
        seq: api::Seq(5),
    };
    let (mut writer, log) = folder.open(NOW);
    let first = log.sequence_of(event);
    assert_eq!(first, u64::try_from(NOW).unwrap() + 5);
    write(&mut writer, first..first + 500, 300);
    drop(writer);
    // The clock went back by a day.
    let (mut writer, log) = folder.open(NOW - 86_400_000_000);
    let second = log.sequence_of(event);
    assert_eq!(second, first + 499 + 5);
    assert_eq!(log.seq_of(second), Some(5));
    assert_eq!(after(&log, first + 9).len(), 490);
    write(&mut writer, [second, second + 1], 300);
    assert_eq!(
        after(&log, first + 497),
        [first + 498, first + 499, second, second + 1]
    );
    drop(writer);
    // The folder was lost.
    fs::remove_dir_all(&folder.0).unwrap();
    let (_writer, log) = folder.open(NOW + 60_000_000);
    assert!(log.sequence_of(event) > second + 1);
}

#[test]
fn a_torn_end_costs_no_whole_record_wherever_it_is_torn() {
    let folder = Folder::new();
    let (mut writer, _) = folder.open(NOW);
    write(&mut writer, 1..=20, 30);
    drop(writer);
    let file = folder.files().pop().unwrap();
    let bytes = fs::read(&file).unwrap();
    let name = file.file_name().unwrap().to_owned();
    // Ends of the last three records.
    let record = |n: u64| 25 + n.to_string().len() + 31;
    let ends = [
        bytes.len() - record(20) - record(19) - record(18),
        bytes.len() - record(20) - record(19),
        bytes.len() - record(20),
        bytes.len(),
    ];
    for end in ends[0]..=bytes.len() {
        let whole = ends.iter().filter(|at| **at <= end).count() as u64;
        let newest = 16 + whole;
        for damaged in [false, true] {
            if damaged && end == bytes.len() {
                continue;
            }
            let mut torn = bytes.clone();
            if damaged {
                torn[end] ^= 0x40;
            } else {
                torn.truncate(end);
            }
            let copied = Folder::new();
            copy(&folder.0, &copied);
            fs::write(copied.0.join(&name), &torn).unwrap();
            let (mut writer, log) = copied.open(NOW);
            assert_eq!(log.bounds().newest, newest, "torn at {end}, {damaged}");
            let lost = (torn.len() - ends[usize::try_from(whole - 1).unwrap()]) as u64;
            assert_eq!(log.counters().torn_bytes.load(Ordering::Relaxed), lost);
            let left = fs::metadata(copied.0.join(&name)).unwrap().len();
            assert_eq!(left, torn.len() as u64 - lost, "it is cut off");
            assert_eq!(after(&log, 0), (1..=newest).collect::<Vec<_>>());
            write(&mut writer, [100, 101], 30);
            let mut expected: Vec<u64> = (1..=newest).collect();
            expected.extend([100, 101]);
            assert_eq!(after(&log, 0), expected);
        }
    }
}

#[test]
fn a_head_that_was_not_finished_is_no_segment() {
    let folder = Folder::new();
    let (mut writer, _) = folder.open(NOW);
    write(&mut writer, 1..=20, 30);
    drop(writer);
    for length in 0..36 {
        let copied = Folder::new();
        copy(&folder.0, &copied);
        let head = fs::read(folder.files().pop().unwrap()).unwrap();
        fs::write(
            copied.0.join("00000000000000000020.events"),
            &head[..length],
        )
        .unwrap();
        let (mut writer, log) = copied.open(NOW);
        write(&mut writer, [21], 30);
        assert_eq!(after(&log, 0), (1..=21).collect::<Vec<_>>());
    }
}

#[test]
fn damage_in_the_middle_is_told_and_counted() {
    let folder = Folder::new();
    let (mut writer, _) = folder.open(NOW);
    write(&mut writer, 1..=3000, 200);
    drop(writer);
    let files = folder.files();
    let mut bytes = fs::read(&files[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&files[1], bytes).unwrap();
    let (_writer, log) = folder.open(NOW);
    let entries = rest(&mut log.cursor(0).unwrap());
    let missed: Vec<Missed> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Missed(missed) => Some(*missed),
            Entry::Event { .. } => None,
        })
        .collect();
    let [missed] = missed[..] else {
        panic!("one gap: {missed:?}");
    };
    assert_eq!(missed.count, missed.last - missed.first + 1);
    let read: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| matches!(entry, Entry::Event { .. }))
        .collect();
    let mut expected: Vec<u64> = (1..missed.first).collect();
    expected.extend(missed.last + 1..=3000);
    assert_eq!(sequences(&read), expected);
    assert!(missed.count < 300, "the rest of one segment");
}

#[test]
fn a_disk_that_refuses_costs_a_gap_and_no_time() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    write(&mut writer, 1..=10, 30);
    let mut behind = log.cursor(5).unwrap();
    // No file can be made any more; the one that is open is left with the next segment.
    let away = Folder::new();
    fs::rename(&folder.0, &away.0).unwrap();
    let big = usize::try_from(SEGMENT).unwrap();
    write(&mut writer, [11], big);
    assert_eq!(log.counters().failures.load(Ordering::Relaxed), 1);
    write(&mut writer, 12..=20, 30);
    assert_eq!(
        *log.written().borrow(),
        20,
        "readers of live events do not wait for it"
    );
    assert_eq!(log.counters().lost.load(Ordering::Relaxed), 10);
    fs::rename(&away.0, &folder.0).unwrap();
    let entries = rest(&mut behind);
    assert_eq!(sequences(&entries[..5]), [6, 7, 8, 9, 10]);
    let told = Missed {
        first: 11,
        last: 20,
        count: 10,
    };
    assert_eq!(entries[5..], [Entry::Missed(told)], "before it is written");
    // It is tried again after a while.
    while log.counters().records.load(Ordering::Relaxed) == 10 {
        writer.rest(NOW);
        std::thread::sleep(Duration::from_millis(5));
    }
    write(&mut writer, 21..=22, 30);
    assert_eq!(sequences(&rest(&mut behind)), [21, 22], "told once");
    let entries = rest(&mut log.cursor(10).unwrap());
    assert_eq!(entries[0], Entry::Missed(told));
    assert_eq!(sequences(&entries[1..]), [21, 22]);
    assert_eq!(log.counters().gaps.load(Ordering::Relaxed), 1);
    drop(writer);
    let (_writer, log) = folder.open(NOW);
    let entries = rest(&mut log.cursor(10).unwrap());
    assert_eq!(entries[0], Entry::Missed(told), "after a restart too");
}

#[test]
fn an_event_too_long_is_a_gap() {
    let folder = Folder::new();
    let (mut writer, log) = folder.open(NOW);
    writer.append(1, NOW, 1, b"1");
    writer.append(2, NOW, 1, &vec![0; jackfield_eventlog::MAX_PAYLOAD + 1]);
    writer.append(3, NOW, 1, b"3");
    writer.commit();
    let entries = rest(&mut log.cursor(0).unwrap());
    let two = Missed {
        first: 2,
        last: 2,
        count: 1,
    };
    assert_eq!(entries[1], Entry::Missed(two));
    assert_eq!(sequences(&entries[2..]), [3]);
}

#[test]
fn others_on_this_machine_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let (mut writer, _) = folder.open(NOW);
    write(&mut writer, [1], 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    assert_eq!(mode(&folder.files()[0]), 0o600);
}
