//! Everything the switch asks its shell to do.

use std::sync::Arc;

use api::{Answer, ChannelId, CommandError, RequestId};
use media::control::{MediaCommand, WebCommand};
use sip::resolve::Destination;
use sip::transport::Transmit;

use crate::LookupId;
use crate::file_jobs::FileJob;
use crate::kept_tables::TableNote;
use crate::registrar::BindingNote;
use crate::streams::StreamJob;
use crate::voicemail::VoicemailJob;

/// One thing to do, in order, after the events of the same step were published.
#[derive(Debug)]
pub enum Effect {
    /// Answers a request.
    Answer {
        /// Which.
        id: RequestId,
        /// With what.
        answer: Result<Answer, CommandError>,
    },
    /// Sends a SIP message.
    Sip(Transmit),
    /// Orders something of a media thread.
    Media {
        /// Which thread.
        worker: usize,
        /// What.
        command: MediaCommand,
    },
    /// Orders something of the WebRTC peers.
    Web(WebCommand),
    /// Asks the DNS where a destination is and reports [`crate::Input::Resolved`]. Nothing else waits for it.
    Resolve {
        /// For the report.
        id: LookupId,
        /// What is to be found.
        destination: Destination,
    },
    /// Reads the XML configuration again and reports [`crate::Input::XmlLoaded`].
    ReloadXml {
        /// The request behind it.
        request: RequestId,
    },
    /// Keeps something of voicemail and reports [`crate::Input::VoicemailDone`].
    Voicemail(VoicemailJob),
    /// Keeps a binding of a phone for the next run, or forgets it. Nothing is answered and nobody waits.
    Binding(BindingNote),
    /// Keeps a value of `db` or `group` for the next run, or forgets it. Nothing is answered and nobody waits.
    Table(TableNote),
    /// Shows more or less of the log about a channel. Nothing is answered and nobody waits.
    LogLevel {
        /// Which.
        channel: ChannelId,
        /// -1 none, 7 all; `None` as much as of others.
        level: Option<i8>,
    },
    /// Makes a folder or renames a file, and reports [`crate::Input::FilesDone`].
    Files {
        /// For the report.
        number: u64,
        /// For the report.
        channel: ChannelId,
        /// What.
        job: FileJob,
    },
    /// Does something with streams of sound and reports [`crate::Input::StreamsDone`].
    Streams {
        /// For the report.
        request: RequestId,
        /// What.
        job: StreamJob,
    },
    /// Runs a line of a shell, and reports [`crate::Input::ProgramEnded`]. Nothing else waits for it.
    Program {
        /// For the report.
        number: u64,
        /// For the report.
        channel: ChannelId,
        /// What.
        line: Arc<str>,
    },
    /// The process may end: everything has ended.
    Stop,
}
