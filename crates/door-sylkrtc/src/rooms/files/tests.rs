use super::*;
use crate::rooms::RoomConfig;

const TEAM: &str = "team@videoconference.example.org";

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("jackfield-files-{}", api::Uuid::new_v4().simple());
        Self(std::env::temp_dir().join(name))
    }

    fn config(&self) -> RoomsConfig {
        let persistent = RoomConfig {
            persistent: true,
            ..RoomConfig::default()
        };
        RoomsConfig {
            files: Some(self.0.clone()),
            max_file: 100,
            max_files_bytes: 250,
            max_files: 4,
            rooms: [("kept@x".to_owned(), persistent)].into(),
            ..RoomsConfig::default()
        }
    }

    fn open(&self) -> Arc<SharedFiles> {
        let labels = Labels::new(std::iter::empty());
        SharedFiles::open(&self.config(), labels).unwrap().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn begin(files: &Arc<SharedFiles>, room: &str, name: &str, size: u64) -> Result<Begin, NotShared> {
    let uploader = Party {
        uri: "alice@example.org".into(),
        display_name: "Alice".into(),
    };
    files.begin(&room.into(), name, size, uploader, "V-alice".into())
}

fn share(files: &Arc<SharedFiles>, room: &str, name: &str, bytes: &[u8]) -> FileInfo {
    let begun = begin(files, room, name, bytes.len() as u64).unwrap();
    let (folder, part) = begun.part();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(part, bytes).unwrap();
    begun.finish().unwrap()
}

#[test]
fn clashes_get_numbers() {
    let folder = Folder::new();
    let files = folder.open();
    let names = ["plan.pdf", "plan.pdf", "plan.pdf", "README"]
        .map(|name| share(&files, TEAM, name, b"x").name);
    assert_eq!(
        names.map(|name| name.to_string()),
        ["plan.pdf", "plan-1.pdf", "plan-2.pdf", "README"]
    );
}

#[test]
fn limits_count_what_is_still_coming() {
    let folder = Folder::new();
    let files = folder.open();
    assert_eq!(
        begin(&files, TEAM, "a", 101).err(),
        Some(NotShared::TooLarge)
    );
    let first = begin(&files, TEAM, "a", 100).unwrap();
    let _second = begin(&files, TEAM, "a", 100).unwrap();
    assert_eq!(begin(&files, TEAM, "b", 51).err(), Some(NotShared::Full));
    drop(first);
    let _small = ["b", "c", "d"].map(|name| begin(&files, TEAM, name, 1).unwrap());
    assert_eq!(
        begin(&files, TEAM, "e", 0).err(),
        Some(NotShared::Full),
        "too many"
    );
    assert!(files.list(TEAM).is_empty(), "none is there yet");
    assert!(begin(&files, "other@x", "a", 100).is_ok());
}

#[test]
fn files_go_with_their_room() {
    let folder = Folder::new();
    let files = folder.open();
    let info = share(&files, TEAM, "plan.pdf", b"plan");
    let (found, path) = files.find(TEAM, "plan.pdf").unwrap();
    assert_eq!(
        (found, std::fs::read(path).unwrap()),
        (info, b"plan".to_vec())
    );
    assert!(files.find(TEAM, "../plan.pdf").is_none());
    let late = begin(&files, TEAM, "late", 1).unwrap();
    std::fs::write(late.part().1, b"x").unwrap();
    let gone = files.close(TEAM).unwrap();
    assert!(gone.starts_with(&folder.0) && gone != folder.0);
    std::fs::remove_file(gone.join("plan.pdf")).unwrap();
    assert_eq!(late.finish(), Err(NotShared::Gone));
    assert!(!gone.exists() && files.list(TEAM).is_empty());
    assert!(files.close(TEAM).is_none());
}

#[test]
fn a_folder_has_one_server() {
    let folder = Folder::new();
    let _files = folder.open();
    let labels = Labels::new(std::iter::empty());
    assert!(SharedFiles::open(&folder.config(), labels).is_err());
}

#[test]
fn persistent_rooms_keep_theirs_over_a_restart() {
    let folder = Folder::new();
    let files = folder.open();
    let info = share(&files, "kept@x", "plan.pdf", b"plan");
    share(&files, "kept@x", "gone.pdf", b"x");
    share(&files, TEAM, "left.pdf", b"x");
    assert!(files.close("kept@x").is_none());
    drop(files);
    let others = ["team@conference.example.org", "backup.20260301", "x@y.z"];
    for other in others {
        std::fs::create_dir(folder.0.join(other)).unwrap();
    }
    std::fs::remove_file(folder.0.join("kept@x/kept/gone.pdf")).unwrap();
    let again = folder.open();
    assert_eq!(again.list("kept@x"), [info]);
    let folders = std::fs::read_dir(&folder.0).unwrap().flatten();
    let folders = folders.filter(|entry| entry.path().is_dir()).count();
    assert_eq!(
        folders,
        1 + others.len(),
        "nobody knows of one any more; what is not ours stays"
    );
    assert!(again.list(TEAM).is_empty());
}

#[test]
fn what_was_cut_off_goes_with_a_restart() {
    let folder = Folder::new();
    let files = folder.open();
    let info = share(&files, "kept@x", "plan.pdf", b"plan");
    drop(files);
    let room = folder.0.join("kept@x");
    let part = format!(".{}", api::Uuid::new_v4().simple());
    for orphan in [format!("kept/{part}"), "kept/untold.pdf".into(), part] {
        std::fs::write(room.join(orphan), "x").unwrap();
    }
    std::fs::write(room.join("notes.txt"), "of the operator").unwrap();
    assert_eq!(folder.open().list("kept@x"), [info]);
    let names = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(room.join("kept")), ["plan.pdf"]);
    assert_eq!(names(room.clone()), ["index.json", "kept", "notes.txt"]);
    // Without an index nobody knows what is what, so nothing is deleted.
    std::fs::write(room.join(INDEX), "[{").unwrap();
    assert!(folder.open().list("kept@x").is_empty());
    let aside = names(room.clone());
    let aside = aside.iter().find(|name| name.len() > 30).unwrap();
    assert_eq!(names(room.join(aside)), ["plan.pdf"]);
}

#[test]
fn a_file_a_restart_would_not_find_is_not_there() {
    let folder = Folder::new();
    let files = folder.open();
    let begun = begin(&files, "kept@x", "plan.pdf", 1).unwrap();
    let (kept, part) = begun.part();
    let kept = kept.to_owned();
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(part, "x").unwrap();
    std::fs::create_dir(folder.0.join("kept@x/index.json")).unwrap();
    assert_eq!(begun.finish(), Err(NotShared::Failed));
    assert!(files.list("kept@x").is_empty());
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
    std::fs::remove_dir(folder.0.join("kept@x/index.json")).unwrap();
    let again = share(&files, "kept@x", "plan.pdf", b"y");
    assert_eq!(&*again.name, "plan.pdf", "its place was given back");
}

#[test]
fn files_that_come_at_once_are_all_found_again() {
    let folder = Folder::new();
    let config = RoomsConfig {
        max_files: 1_000,
        max_files_bytes: 1_000,
        ..folder.config()
    };
    let open = || {
        let labels = Labels::new(std::iter::empty());
        SharedFiles::open(&config, labels).unwrap().unwrap()
    };
    for round in 1..=20 {
        let files = open();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| share(&files, "kept@x", "plan.pdf", b"x"));
            }
        });
        drop(files);
        assert_eq!(open().list("kept@x").len(), round * 8);
    }
}
