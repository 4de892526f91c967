//! Writing records of calls to files, on a thread that may wait for the disk.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::Receiver;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use super::{CsvFiles, XmlFiles};

/// The longest name of a file, without what is put behind it; most file systems take 255 bytes.
const LONGEST_NAME: usize = 200;

/// Folders that channels named themselves and that are remembered for rotating; those beyond are not rotated.
const MOST_FOLDERS: usize = 1_000;

/// The file that has every line.
const MASTER: &str = "Master";

/// What the thread is asked to do.
pub(super) enum Job {
    /// Lines of one leg: for `Master.csv`, and for the file of an account.
    Lines {
        folder: Option<PathBuf>,
        master: String,
        account: Option<(String, String)>,
    },
    /// The document of one leg.
    Document {
        folder: Option<PathBuf>,
        name: String,
        text: String,
    },
    /// Nothing comes any more.
    End,
    Rotate(Kind, oneshot::Sender<Result<(), String>>),
}

/// Which files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Csv,
    Xml,
}

/// What the thread writes to.
pub(super) struct Disk {
    csv: Option<CsvFiles>,
    xml: Option<XmlFiles>,
    zone: TimeZone,
    /// Where lines went that channels had a folder of their own for.
    folders: BTreeSet<PathBuf>,
    /// Where documents go that have no folder of their own.
    documents: Option<PathBuf>,
}

impl Disk {
    pub(super) fn new(csv: Option<CsvFiles>, xml: Option<XmlFiles>, zone: TimeZone) -> Self {
        let mut disk = Self {
            csv,
            xml,
            zone,
            folders: BTreeSet::new(),
            documents: None,
        };
        disk.begin_documents();
        disk
    }

    /// Works until [`Job::End`].
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let written = match job {
                Job::Lines {
                    folder,
                    master,
                    account,
                } => self.lines(folder, &master, account),
                Job::Document { folder, name, text } => self.document(folder, &name, &text),
                Job::End => return,
                Job::Rotate(kind, answer) => {
                    let rotated = self.rotate(kind);
                    if let Err(error) = &rotated {
                        tracing::error!(%error, ?kind, "Files of call records are not rotated");
                    }
                    answer.send(rotated.map_err(|error| error.to_string())).ok();
                    continue;
                }
            };
            if let Err(error) = written {
                super::lost(&error.to_string());
            }
        }
    }

    fn lines(
        &mut self,
        folder: Option<PathBuf>,
        master: &str,
        account: Option<(String, String)>,
    ) -> io::Result<()> {
        let Some(csv) = &self.csv else {
            return Ok(());
        };
        let into = match folder {
            Some(folder) => {
                if self.folders.len() < MOST_FOLDERS {
                    self.folders.insert(folder.clone());
                }
                folder
            }
            None => csv.folder.clone(),
        };
        fs::create_dir_all(&into)?;
        append(&into.join(format!("{MASTER}.csv")), master)?;
        match account {
            Some((name, line)) if name != MASTER => {
                append(&into.join(format!("{}.csv", file_name(&name)?)), &line)
            }
            _ => Ok(()),
        }
    }

    fn document(&self, folder: Option<PathBuf>, name: &str, text: &str) -> io::Result<()> {
        let Some(into) = folder.or_else(|| self.documents.clone()) else {
            return Ok(());
        };
        fs::create_dir_all(&into)?;
        let name = file_name(name)?;
        // Whoever takes documents away finds whole ones only.
        let part = into.join(format!(".{name}.part"));
        fs::write(&part, text)?;
        fs::rename(&part, into.join(format!("{name}.cdr.xml")))
    }

    fn rotate(&mut self, kind: Kind) -> io::Result<()> {
        match (kind, &self.csv) {
            (Kind::Csv, Some(csv)) if csv.rotate => {
                let mut folders = std::mem::take(&mut self.folders);
                folders.insert(csv.folder.clone());
                let stamp = self.stamp();
                folders
                    .iter()
                    .try_for_each(|folder| put_aside(folder, &stamp))
            }
            // Nothing is held open that would have to be opened again.
            (Kind::Csv, _) => Ok(()),
            (Kind::Xml, _) => {
                self.begin_documents();
                Ok(())
            }
        }
    }

    fn begin_documents(&mut self) {
        self.documents = self.xml.as_ref().map(|xml| {
            if xml.rotate {
                xml.folder.join(self.stamp())
            } else {
                xml.folder.clone()
            }
        });
    }

    fn stamp(&self) -> String {
        let now = Timestamp::now().to_zoned(self.zone.clone());
        now.strftime("%Y-%m-%d-%H-%M-%S").to_string()
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// Renames the files of a folder, and begins `Master.csv` anew.
fn put_aside(folder: &Path, stamp: &str) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Nothing has been written yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let name = path.display();
            // A second rotation within the second takes nothing away from the first.
            let aside = (1..)
                .map(|count| match count {
                    1 => PathBuf::from(format!("{name}.{stamp}")),
                    more => PathBuf::from(format!("{name}.{stamp}-{more}")),
                })
                .find(|aside| !aside.exists());
            if let Some(aside) = aside {
                fs::rename(&path, aside)?;
            }
        }
    }
    append_nothing(&folder.join(format!("{MASTER}.csv")))
}

fn append_nothing(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?;
    Ok(())
}

/// A text that a client may have chosen as the name of a file: what would lead elsewhere is written as `%2F`.
pub(super) fn file_name(text: &str) -> io::Result<String> {
    let mut name = String::new();
    for (at, byte) in text.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'+' | b'@')
            || (byte == b'.' && at > 0);
        if is_plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a name is empty or too long to be one of a file",
        ));
    }
    Ok(name)
}

/// The folder a channel names for its records: an absolute one that does not lead back.
pub(super) fn own_folder(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    let leads_on = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    (path.is_absolute() && path.components().all(leads_on)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (text, name) in [
            ("6f32e2f8-38d1-43a7", "6f32e2f8-38d1-43a7"),
            ("../../etc/x", "%2E.%2F..%2Fetc%2Fx"),
            (".hidden", "%2Ehidden"),
            ("a\0b\\ü", "a%00b%5C%C3%BC"),
        ] {
            assert_eq!(file_name(text).unwrap(), name);
        }
        assert!(file_name("").is_err() && file_name(&"x".repeat(201)).is_err());
        assert_eq!(own_folder("/var/cdr"), Some("/var/cdr".into()));
        for bad in ["cdr", "", "/var/../etc"] {
            assert_eq!(own_folder(bad), None, "{bad}");
        }
    }

    #[test]
    fn rotating_twice_in_a_second_loses_nothing() {
        let folder = std::env::temp_dir().join(format!("jackfield-{}", uuid::Uuid::new_v4()));
        put_aside(&folder, "now").unwrap();
        fs::create_dir_all(&folder).unwrap();
        for line in ["one", "two"] {
            append(&folder.join("Master.csv"), line).unwrap();
            put_aside(&folder, "now").unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("Master.csv.now"), "one\n");
        assert_eq!(read("Master.csv.now-2"), "two\n");
        assert_eq!(read("Master.csv"), "");
        fs::remove_dir_all(&folder).unwrap();
    }
}
