//! What a playback consists of, read one part after the other, as often as asked.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use media::control::PlayEnd;
use media::dsp::Resampler;
use media::file::wav::{self, Layout};
use media::file::{FileName, Part};
use media::source::{Fill, FrameSource};

use super::{path, prompt};

/// Bytes looked at in search of the samples.
const MAX_HEADER: u64 = 1 << 20;
/// Samples decoded in one go.
const BLOCK: usize = 2048;

/// The parts of a name, ready to be read.
pub(super) struct Program {
    directory: PathBuf,
    parts: Vec<Part>,
    rate_hz: u32,
    /// Rounds after this one; `None` = for ever.
    repeats: Option<u32>,
    current: usize,
    open: Option<Box<dyn FrameSource>>,
    /// Samples this round has given; a round that gives none is the last.
    given: u64,
}

/// How far a read got.
pub(super) struct Given {
    pub(super) samples: usize,
    pub(super) ended: bool,
}

impl Program {
    /// Opens the first part, so that a missing file is known at once. Later parts that are missing
    /// are passed over.
    pub(super) fn open(
        directory: &Path,
        name: FileName,
        rate_hz: u32,
        repeats: Option<u32>,
    ) -> Result<Self, PlayEnd> {
        let mut program = Self {
            directory: directory.to_owned(),
            parts: name.parts,
            rate_hz,
            repeats,
            current: 0,
            open: None,
            given: 0,
        };
        program.open = Some(program.open_part(0)?);
        Ok(program)
    }

    fn open_part(&self, at: usize) -> Result<Box<dyn FrameSource>, PlayEnd> {
        let part = self.parts.get(at).ok_or(PlayEnd::NotFound)?;
        if let Some(source) = part.synthesise(self.rate_hz, Some(0)) {
            return Ok(source);
        }
        let Part::Path {
            path: name,
            start_sample,
        } = part
        else {
            return Err(PlayEnd::NotFound);
        };
        let path = path::resolve(&self.directory, name);
        let opened = open_sound(&path, *start_sample, self.rate_hz).or_else(|error| {
            let compiled_in =
                prompt::find(name).filter(|_| error.kind() == io::ErrorKind::NotFound);
            match compiled_in {
                Some(bytes) => {
                    let size = bytes.len() as u64;
                    begin(
                        DiskSource::of(Box::new(Cursor::new(bytes)), size, self.rate_hz)?,
                        *start_sample,
                    )
                }
                None => Err(error),
            }
        });
        opened.map_err(|error| {
            let missing = matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::IsADirectory
            );
            if missing {
                PlayEnd::NotFound
            } else {
                PlayEnd::Failed
            }
        })
    }

    /// Gives the next samples.
    pub(super) fn read(&mut self, out: &mut [i16]) -> Given {
        let mut samples = 0;
        while samples < out.len() {
            let filled = match &mut self.open {
                Some(source) => source.read(&mut out[samples..]),
                None => Fill::End(0),
            };
            let (more, over) = match filled {
                Fill::Full => (out.len() - samples, false),
                Fill::Starved(more) => (more, false),
                Fill::End(more) => (more, true),
                Fill::Failed => (0, true),
            };
            samples += more;
            self.given += more as u64;
            if over && !self.advance() {
                return Given {
                    samples,
                    ended: true,
                };
            }
        }
        Given {
            samples,
            ended: false,
        }
    }

    /// Goes to the next part or round; `false` when there is none.
    fn advance(&mut self) -> bool {
        self.current += 1;
        if self.current >= self.parts.len() {
            if self.repeats == Some(0) || self.given == 0 {
                return false;
            }
            self.repeats = self.repeats.map(|left| left - 1);
            self.current = 0;
            self.given = 0;
        }
        self.open = self.open_part(self.current).ok();
        true
    }

    /// Goes to a sample of the current part, which is the last one when all is over.
    pub(super) fn seek(&mut self, sample: u64) {
        let moved = match &mut self.open {
            Some(source) => source.seek(sample),
            None => return,
        };
        // What cannot be moved can still begin again.
        if !moved && sample == 0 {
            let part = self.current.min(self.parts.len().saturating_sub(1));
            self.open = self.open_part(part).ok();
        }
    }
}

/// A WAV file as mono samples at a rate, hertz, from one of its own samples on. Blocks on the disk, then and when it is read.
pub(super) fn open_sound(
    path: &Path,
    start_sample: u64,
    rate_hz: u32,
) -> io::Result<Box<dyn FrameSource>> {
    begin(DiskSource::open(path, rate_hz)?, start_sample)
}

fn begin(mut source: DiskSource, start_sample: u64) -> io::Result<Box<dyn FrameSource>> {
    if start_sample > 0 {
        source.seek_native(start_sample)?;
    }
    Ok(Box::new(source))
}

/// Bytes of a file, wherever they are.
trait Bytes: Read + Seek + Send {}

impl<B: Read + Seek + Send> Bytes for B {}

/// A WAV file, read as mono at a rate. Blocks on the disk.
struct DiskSource {
    file: Box<dyn Bytes>,
    size: u64,
    layout: Layout,
    rate_hz: u32,
    converter: Option<Resampler>,
    left_bytes: u64,
    raw: Vec<u8>,
    mono: Vec<i16>,
}

impl DiskSource {
    fn open(path: &Path, rate_hz: u32) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Self::of(Box::new(BufReader::new(file)), size, rate_hz)
    }

    fn of(mut file: Box<dyn Bytes>, size: u64, rate_hz: u32) -> io::Result<Self> {
        let layout = read_layout(&mut file)?;
        let converter = if layout.rate_hz == rate_hz {
            None
        } else {
            let converter = Resampler::new(layout.rate_hz, rate_hz);
            Some(converter.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?)
        };
        // A writer that died left a length that is not true: the file's own size is.
        let left_bytes = layout.data_bytes.min(size.saturating_sub(layout.data_at));
        file.seek(SeekFrom::Start(layout.data_at))?;
        let raw = vec![0; BLOCK * layout.frame_bytes()];
        Ok(Self {
            file,
            size,
            layout,
            rate_hz,
            converter,
            left_bytes,
            raw,
            mono: vec![0; BLOCK],
        })
    }

    /// Goes to a sample counted at the file's own rate.
    fn seek_native(&mut self, sample: u64) -> io::Result<()> {
        let whole = self
            .layout
            .data_bytes
            .min(self.size.saturating_sub(self.layout.data_at));
        let offset = sample
            .saturating_mul(self.layout.frame_bytes() as u64)
            .min(whole);
        self.file
            .seek(SeekFrom::Start(self.layout.data_at + offset))?;
        self.left_bytes = whole - offset;
        if let Some(converter) = &mut self.converter {
            converter.reset();
        }
        Ok(())
    }

    /// Decodes up to so many samples into `self.mono`.
    fn decode(&mut self, samples: usize) -> io::Result<usize> {
        let frame = self.layout.frame_bytes();
        let wanted = (samples.min(BLOCK) * frame) as u64;
        let wanted = wanted.min(self.left_bytes / frame as u64 * frame as u64) as usize;
        self.file.read_exact(&mut self.raw[..wanted])?;
        self.left_bytes -= wanted as u64;
        Ok(self.layout.mono(&self.raw[..wanted], &mut self.mono))
    }
}

impl FrameSource for DiskSource {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let mut written = 0;
        while written < out.len() {
            let room = (out.len() - written).min(BLOCK / 8);
            let wanted = self
                .converter
                .as_ref()
                .map_or(room, |c| c.inputs_for(room))
                .min(BLOCK);
            let Ok(decoded) = self.decode(wanted) else {
                return Fill::Failed;
            };
            if decoded == 0 && wanted > 0 {
                return Fill::End(written);
            }
            match &mut self.converter {
                None => {
                    out[written..written + decoded].copy_from_slice(&self.mono[..decoded]);
                    written += decoded;
                }
                Some(converter) => {
                    let room = &mut out[written..written + room];
                    written += converter.process(&self.mono[..decoded], room);
                }
            }
        }
        Fill::Full
    }

    fn seek(&mut self, sample: u64) -> bool {
        let native =
            sample.saturating_mul(u64::from(self.layout.rate_hz)) / u64::from(self.rate_hz);
        self.seek_native(native).is_ok()
    }
}

/// Reads only as much as it takes to find the samples.
fn read_layout(file: &mut impl Read) -> io::Result<Layout> {
    let mut head = Vec::new();
    loop {
        match wav::layout(&head) {
            Ok(Some(layout)) => return Ok(layout),
            Ok(None) if (head.len() as u64) < MAX_HEADER => {}
            Ok(None) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
        let before = head.len();
        file.take(512).read_to_end(&mut head)?;
        if head.len() == before {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}
