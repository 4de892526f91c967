//! One file of the log: a head, then records.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::record::{Decoded, GAP, PREFIX, checksum, decode, numbers};

/// First bytes of every segment; the last one is the version.
const MAGIC: [u8; 8] = *b"jkevlog1";

/// Magic, sequence before the first record, ordinal of the first record, when it was made, checksum.
pub(crate) const HEAD: u64 = 36;

const HEAD_BYTES: usize = 36;

/// How a segment's file ends.
const EXTENSION: &str = "events";

/// Longest file we write: a full segment, and one record that may be longer.
const MOST_SCANNED: u64 = 64 << 20;

/// Events carry what people say and whom they call: nobody else's to read.
const PRIVATE: u32 = 0o600;

/// What is known of a segment without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// Everything after this, up to the next segment, is here or a gap.
    pub(crate) after: u64,
    /// How many records there were ever before the first one here.
    pub(crate) ordinal: u64,
    /// When it was begun, Unix microseconds.
    pub(crate) begun: i64,
    /// Length with head, of what can be read.
    pub(crate) bytes: u64,
    /// When the last thing in it happened, Unix microseconds.
    pub(crate) last_at: i64,
}

/// What was found in a file from its first to its last good record.
pub(crate) struct Scanned {
    pub(crate) segment: Segment,
    pub(crate) records: u64,
    /// Sequence number of the last record, or [`Segment::after`].
    pub(crate) newest: u64,
    /// Bytes behind the last good record.
    pub(crate) torn: u64,
}

impl Segment {
    /// Makes a new file, with its head.
    pub(crate) fn create(
        folder: &Path,
        after: u64,
        ordinal: u64,
        now: i64,
    ) -> io::Result<(Self, File)> {
        let path = folder.join(format!("{after:020}.{EXTENSION}"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(PRIVATE)
            .open(&path)?;
        let mut head = MAGIC.to_vec();
        for number in [after, ordinal, u64::from_le_bytes(now.to_le_bytes())] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        head.extend_from_slice(&checksum(0, &head).to_le_bytes());
        if let Err(error) = file.write_all(&head) {
            fs::remove_file(&path).ok();
            return Err(error);
        }
        let segment = Self {
            path,
            after,
            ordinal,
            begun: now,
            bytes: HEAD,
            last_at: now,
        };
        Ok((segment, file))
    }

    /// Reads a head; `None` when it is none.
    fn read_head(path: PathBuf, file: &File) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD_BYTES];
        match file.read_exact_at(&mut head, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (covered, sum) = head.split_at(HEAD_BYTES - 4);
        if !covered.starts_with(&MAGIC) || checksum(0, covered).to_le_bytes() != *sum {
            return Ok(None);
        }
        Ok(
            numbers(&covered[MAGIC.len()..]).map(|[after, ordinal, begun]| Self {
                path,
                after,
                ordinal,
                begun: i64::from_le_bytes(begun.to_le_bytes()),
                bytes: HEAD,
                last_at: i64::from_le_bytes(begun.to_le_bytes()),
            }),
        )
    }

    /// Reads the head of a file, and takes the rest for good; `None` when it has none.
    pub(crate) fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self::read_head(path, &file)?.map(|segment| Self {
            bytes: length,
            ..segment
        }))
    }

    /// Looks through a file from its first to its last good record; `None` when it has no head.
    pub(crate) fn scan(path: PathBuf) -> io::Result<Option<Scanned>> {
        let Some(mut segment) = Self::open(path)? else {
            return Ok(None);
        };
        let length = segment.bytes;
        let mut bytes = Vec::new();
        File::open(&segment.path)?
            .take(MOST_SCANNED)
            .read_to_end(&mut bytes)?;
        let (mut newest, mut at) = (segment.after, HEAD_BYTES);
        let (mut records, mut counted) = (0, Counted(segment.after));
        while let Some(Decoded::Record(record, taken)) = bytes.get(at..).map(decode) {
            if record.sequence < newest {
                break;
            }
            newest = record.sequence;
            segment.last_at = segment.last_at.max(record.at);
            records += counted.add(record.kind, record.sequence);
            at += taken;
        }
        segment.bytes = at as u64;
        Ok(Some(Scanned {
            torn: length.saturating_sub(segment.bytes),
            segment,
            records,
            newest,
        }))
    }
}

/// Counts events and gaps: the records several doors write of one event count once.
pub(crate) struct Counted(pub(crate) u64);

impl Counted {
    /// 1 where another one begins.
    pub(crate) fn add(&mut self, kind: u8, sequence: u64) -> u64 {
        if kind == GAP {
            return 1;
        }
        let is_new = sequence > self.0;
        self.0 = self.0.max(sequence);
        u64::from(is_new)
    }
}

/// Paths of all segments in the folder, oldest first.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str());
        let is_one = path.extension().is_some_and(|is| is == EXTENSION)
            && number.is_some_and(|text| text.len() == 20 && text.parse::<u64>().is_ok());
        if is_one {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads at most `wanted` bytes at `offset`, and fewer when `end` comes first.
pub(crate) fn read_at(
    file: &File,
    out: &mut Vec<u8>,
    offset: u64,
    end: u64,
    wanted: usize,
) -> io::Result<()> {
    let left = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
    out.clear();
    out.resize(wanted.max(PREFIX).min(left), 0);
    file.read_exact_at(out, offset)
}
