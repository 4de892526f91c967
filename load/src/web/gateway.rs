//! The servers that are compared: each takes a page's offer to the same telephone and brings the answer.

mod jackfield;
mod janus;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

pub(crate) use jackfield::{Jackfield, hashed_password};
pub(crate) use janus::Janus;

use super::phone::Phone;

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    Jackfield,
    Janus,
}

impl Which {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Jackfield => "Jackfield",
            Self::Janus => "Janus",
        }
    }
}

pub(crate) enum Gateway {
    Jackfield(Box<Jackfield>),
    Janus(Box<Janus>),
}

impl Gateway {
    pub(crate) async fn start(
        which: Which,
        binary: &Path,
        address: IpAddr,
        phone: &Phone,
    ) -> Result<Self> {
        Ok(match which {
            Which::Jackfield => {
                Self::Jackfield(Box::new(Jackfield::start(binary, address, phone).await?))
            }
            Which::Janus => Self::Janus(Box::new(Janus::start(address, phone).await?)),
        })
    }

    /// Calls the telephone; gives the answer for the page.
    pub(crate) async fn call(&mut self, offer: &str) -> Result<String> {
        match self {
            Self::Jackfield(jackfield) => jackfield.call(offer).await,
            Self::Janus(janus) => janus.call(offer).await,
        }
    }

    pub(crate) fn processor_time(&self) -> Result<Duration> {
        match self {
            Self::Jackfield(jackfield) => jackfield.server.processor_time(),
            Self::Janus(janus) => janus.process().processor_time(),
        }
    }

    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        match self {
            Self::Jackfield(jackfield) => jackfield.server.resident_bytes(),
            Self::Janus(janus) => janus.process().resident_bytes(),
        }
    }

    pub(crate) async fn stop(self) -> Result<()> {
        match self {
            Self::Jackfield(jackfield) => jackfield.stop().await,
            Self::Janus(janus) => janus.stop().await,
        }
    }
}
