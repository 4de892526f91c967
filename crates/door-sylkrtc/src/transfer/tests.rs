use super::*;

const NOW: i64 = 1_772_356_800_000_000;
const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = format!("jackfield-transfers-{}", api::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self) -> Arc<Transfers> {
        let limits = TransfersConfig {
            folder: Some(self.0.clone()),
            max_file: 100,
            max_bytes: 250,
            max_bytes_per_sender: 150,
            max_files: 4,
            expire_days: 15,
        };
        Transfers::open(&limits).unwrap().unwrap()
    }

    fn entries(&self) -> usize {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name() != ".lock")
            .count()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn from_alice(id: &str, size: u64) -> Transfer {
    Transfer::new("alice@Example.org", "bob@example.net", id, "a.txt", size)
}

fn send(transfers: &Arc<Transfers>, transfer: Transfer) -> Address {
    let address = transfer.address();
    let begun = transfers.begin(transfer, HOME).unwrap();
    let (folder, part) = begun.part();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(part, vec![b'x'; begun.transfer().size as usize]).unwrap();
    begun.finish(NOW).unwrap();
    address
}

#[test]
fn a_restart_finds_what_was_finished_and_nothing_else() {
    let scratch = Scratch::new();
    let transfers = scratch.open();
    let kept = send(&transfers, from_alice("t1", 5));
    let cut_off = transfers.begin(from_alice("t2", 5), HOME).unwrap();
    std::fs::create_dir_all(cut_off.part().0).unwrap();
    std::fs::write(cut_off.part().1, b"xx").unwrap();
    let strangers = scratch.0.join("5f");
    std::fs::create_dir_all(&strangers).unwrap();
    // As a process that is killed: nothing is dropped.
    std::mem::forget(cut_off);
    let copy = Scratch::new();
    let status = std::process::Command::new("cp")
        .args([
            std::ffi::OsStr::new("-r"),
            scratch.0.as_os_str(),
            copy.0.as_os_str(),
        ])
        .status();
    assert!(status.unwrap().success());
    let again = copy.open();
    let (found, path) = again.find(&kept, NOW).unwrap();
    assert_eq!(
        (&*found.sender, &*found.receiver),
        ("alice@example.org", "bob@example.net")
    );
    assert_eq!((&*found.name, found.size), ("a.txt", 5));
    assert_eq!(std::fs::read(path).unwrap(), b"xxxxx");
    assert_eq!(copy.entries(), 2, "the transfer, and what is none of ours");
}

#[test]
fn a_folder_is_of_one_server() {
    let scratch = Scratch::new();
    let _first = scratch.open();
    let limits = TransfersConfig {
        folder: Some(scratch.0.clone()),
        ..TransfersConfig::default()
    };
    assert!(Transfers::open(&limits).is_err());
}

#[test]
fn limits_count_what_is_still_coming_and_give_it_back() {
    let scratch = Scratch::new();
    let transfers = scratch.open();
    let refused = |transfer| transfers.begin(transfer, HOME).err();
    assert_eq!(refused(from_alice("t", 101)), Some(NotTaken::TooLarge));
    let coming = transfers.begin(from_alice("t1", 100), HOME).unwrap();
    assert_eq!(refused(from_alice("t1", 1)), Some(NotTaken::Exists));
    assert_eq!(
        refused(from_alice("t2", 51)),
        Some(NotTaken::Full),
        "of the sender"
    );
    let of_carol = |id: &str, size| Transfer::new("carol@x", "bob@example.net", id, "a", size);
    let other = transfers.begin(of_carol("t3", 100), HOME).unwrap();
    assert_eq!(
        refused(Transfer::new("dave@x", "b@c", "t4", "a", 51)),
        Some(NotTaken::Full)
    );
    drop((coming, other));
    let whole = send(&transfers, from_alice("t1", 100));
    assert!(transfers.find(&whole, NOW).is_some());
    assert_eq!(refused(from_alice("t1", 1)), Some(NotTaken::Exists));
    let few: Vec<Begin> = (0..3)
        .map(|n| transfers.begin(of_carol(&n.to_string(), 1), HOME).unwrap())
        .collect();
    assert_eq!(
        refused(of_carol("9", 0)),
        Some(NotTaken::Full),
        "{}",
        few.len()
    );
}

#[test]
fn time_is_over_when_the_size_says() {
    let scratch = Scratch::new();
    let transfers = scratch.open();
    let small = send(&transfers, from_alice("t1", 5));
    let days = |days: i64| NOW + days * MICROS_PER_DAY;
    assert!(transfers.find(&small, days(30) - 1).is_some());
    assert!(transfers.find(&small, days(30)).is_none());
    assert!(transfers.expire(days(30) - 1).is_empty());
    let over = transfers.expire(days(30));
    assert_eq!(over.len(), 1);
    assert!(over[0].join(BODY).is_file(), "the caller deletes it");
    assert!(transfers.expire(days(30)).is_empty());
    // A large one has half of that.
    let limits = TransfersConfig {
        folder: Some(scratch.0.join("large")),
        ..TransfersConfig::default()
    };
    let large = Transfers::open(&limits).unwrap().unwrap();
    let begun = large.begin(from_alice("t1", LARGE), HOME).unwrap();
    std::fs::create_dir_all(begun.part().0).unwrap();
    let until = begun.finish(NOW).unwrap();
    assert_eq!(until, days(15));
}

#[test]
fn either_side_removes_and_nobody_else() {
    let scratch = Scratch::new();
    let transfers = scratch.open();
    let address = send(&transfers, from_alice("t1", 5));
    assert!(
        transfers
            .remove("alice@example.org", "carol@x", "t1")
            .is_empty()
    );
    assert!(
        transfers
            .remove("bob@example.net", "carol@x", "t1")
            .is_empty()
    );
    assert!(
        transfers
            .remove("alice@example.org", "bob@example.net", "t2")
            .is_empty()
    );
    assert!(transfers.find(&address, NOW).is_some());
    assert_eq!(
        transfers
            .remove("bob@EXAMPLE.net", "alice@example.org", "t1")
            .len(),
        1
    );
    assert!(transfers.find(&address, NOW).is_none());
}

#[test]
fn only_where_it_comes_from_it_is_cancelled() {
    let scratch = Scratch::new();
    let transfers = scratch.open();
    let begun = transfers.begin(from_alice("t1", 5), HOME).unwrap();
    assert!(!transfers.cancel("t1", ELSEWHERE) && !begun.cancelled.is_cancelled());
    assert!(!transfers.cancel("t2", HOME));
    assert!(transfers.cancel("t1", HOME) && begun.cancelled.is_cancelled());
    let (folder, part) = begun.part();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(part, b"12345").unwrap();
    assert_eq!(
        begun.finish(NOW),
        Err(NotTaken::Cancelled),
        "who cancels may rely on it"
    );
    assert_eq!(scratch.entries(), 0);
    send(&transfers, from_alice("t1", 5));
    assert!(!transfers.cancel("t1", HOME), "it has come");
}

#[test]
fn damaged_notes_are_no_transfers() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(&scratch.0).unwrap();
    let long = format!("{{\"sender\":\"{}\"", "x".repeat(40_000));
    let escaping = r#"{"sender":"a@b","receiver":"c@d","id":"t","name":"../../x","until":9}"#;
    for (index, note) in ["", "{}", "[1", &long, escaping].iter().enumerate() {
        let folder = scratch.0.join(format!("{index:032x}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("about.json"), note).unwrap();
        std::fs::write(folder.join(BODY), "x").unwrap();
    }
    let transfers = scratch.open();
    assert_eq!(transfers.state().files, 0);
}
