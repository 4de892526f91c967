//! The servers that are compared: each takes members with the same streams into one conference.

mod audio_bridge;
mod jackfield;

use std::fmt;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::process::Process;
use audio_bridge::AudioBridge;
use jackfield::Jackfield;

/// Which server mixes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mixer {
    Jackfield,
    /// AudioBridge at the 32 kbit/s Jackfield sends, where it uses both coders of Opus.
    Janus,
    /// AudioBridge at 96 kbit/s, where it uses the transform coder alone, as Jackfield does.
    #[value(name = "janus-96k")]
    Janus96k,
}

impl Mixer {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Jackfield => "Jackfield",
            Self::Janus => "Janus, 32 kbit/s",
            Self::Janus96k => "Janus, 96 kbit/s",
        }
    }
}

/// What a server says of its own work; only Jackfield says anything.
#[derive(Default)]
pub(super) struct Account {
    /// Ticks of the media threads, those skipped, packets encoded; `None` where nothing is said.
    ticks: Option<[f64; 3]>,
    /// Latest tick since the start, microseconds.
    worst_us: f64,
}

impl Account {
    /// What was added since.
    pub(super) fn since(self, before: &Self) -> Self {
        let ticks = match (self.ticks, before.ticks) {
            (Some(now), Some(before)) => Some(std::array::from_fn(|n| now[n] - before[n])),
            _ => None,
        };
        Self { ticks, ..self }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some([ticks, skipped, encoded]) = self.ticks else {
            return Ok(());
        };
        write!(
            f,
            "; by its own account {skipped:.0} of {ticks:.0} ticks skipped, {encoded:.0} packets encoded, latest tick \
             since the start {:.1} ms",
            self.worst_us / 1000.0
        )
    }
}

pub(super) enum Bridge {
    Jackfield(Box<Jackfield>),
    Janus(Box<AudioBridge>),
}

impl Bridge {
    /// Starts a server with a conference whose members all hear at `port` of 127.0.0.1.
    pub(super) async fn start(binary: &Path, mixer: Mixer, port: u16) -> Result<Self> {
        Ok(match mixer {
            Mixer::Jackfield => Self::Jackfield(Box::new(Jackfield::start(binary, port).await?)),
            Mixer::Janus => Self::Janus(Box::new(AudioBridge::start(port, 32_000).await?)),
            Mixer::Janus96k => Self::Janus(Box::new(AudioBridge::start(port, 96_000).await?)),
        })
    }

    /// Members more; gives the server's ports for them.
    pub(super) async fn join(&mut self, members: usize) -> Result<Vec<u16>> {
        match self {
            Self::Jackfield(jackfield) => jackfield.join(members).await,
            Self::Janus(janus) => janus.join(members).await,
        }
    }

    pub(super) fn process(&self) -> Process {
        match self {
            Self::Jackfield(jackfield) => jackfield.server.process(),
            Self::Janus(janus) => janus.process(),
        }
    }

    pub(super) async fn account(&self) -> Result<Account> {
        match self {
            Self::Jackfield(jackfield) => jackfield.account().await,
            Self::Janus(_) => Ok(Account::default()),
        }
    }

    pub(super) async fn stop(self) -> Result<()> {
        match self {
            Self::Jackfield(jackfield) => jackfield.stop().await,
            Self::Janus(janus) => janus.stop().await,
        }
    }
}
