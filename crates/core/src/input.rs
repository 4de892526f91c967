//! Everything that can make the switch act: the closed list.

use api::view::{Extension, VoiceMessage};
use api::{ChannelId, Command, Origin, RequestId};
use media::control::{MediaReport, WebReport};
use sip::message::Message;
use sip::resolve::Hop;
use sip::transport::{Flow, FlowId, Transmit};

use crate::LookupId;
use crate::config::GatewayLists;
use crate::config_xml::Configuration;
use crate::kept_tables::KeptTables;
use crate::registrar::KeptBinding;
use crate::streams::StreamOutcome;

/// A configuration that was read again.
#[derive(Debug)]
pub struct Reloaded {
    /// The XML.
    pub configuration: Box<Configuration>,
    /// The gateways of all files; `None`: they cannot be used, and those known before are.
    pub gateways: Option<GatewayLists>,
}

/// One input of [`crate::Switch::handle`].
#[derive(Debug)]
pub enum Input {
    /// A door asks for something. Answered once by [`crate::Effect::Answer`].
    Request {
        /// For the answer.
        id: RequestId,
        /// What.
        command: Command,
        /// Who.
        origin: Origin,
    },
    /// A SIP message arrived.
    Sip {
        /// On which flow.
        flow: Flow,
        /// Parsed by the reader.
        message: Message,
    },
    /// A SIP connection is gone.
    FlowClosed(FlowId),
    /// A SIP message could not be sent.
    SipFailed(Transmit),
    /// A media thread reports.
    Media(MediaReport),
    /// The WebRTC peers report.
    Web(WebReport),
    /// The DNS answered, or did not.
    Resolved {
        /// The lookup.
        id: LookupId,
        /// Hops in the order they are to be tried, at least one; or why there is none.
        result: Result<Vec<Hop>, Box<str>>,
    },
    /// Nothing but time passed: [`crate::Switch::next_deadline`] is due.
    Tick,
    /// The XML configuration was read again.
    XmlLoaded {
        /// The request that asked.
        request: RequestId,
        /// The new one, or the first error.
        result: Result<Reloaded, String>,
    },
    /// Gateways were read again because somebody wants them to be as the files say.
    GatewaysRead(GatewayLists),
    /// A [`crate::StreamJob`] was done.
    StreamsDone {
        /// The request that asked.
        request: RequestId,
        /// What became of it.
        outcome: StreamOutcome,
    },
    /// A [`crate::VoicemailJob`] was done.
    VoicemailDone {
        /// Its number.
        number: u64,
        /// Or why not: nothing of it has happened then.
        result: Result<(), Box<str>>,
    },
    /// A [`crate::VoicemailWork::Copy`] was done.
    VoicemailCopied {
        /// Its number.
        number: u64,
        /// How long it is, milliseconds.
        length_ms: u64,
    },
    /// Messages of earlier runs, when the index could not be read at the start. Those that are known stay as they are.
    VoicemailFound(Vec<(Extension, VoiceMessage)>),
    /// Bindings of earlier runs, when they could not be read at the start. Those of this run stay as they are.
    BindingsFound(Vec<KeptBinding>),
    /// Values of `db` and `group` of earlier runs, when they could not be read at the start.
    TablesFound(KeptTables),
    /// What [`crate::Effect::Program`] asked for has ended, or was ended.
    ProgramEnded {
        /// Its number.
        number: u64,
        /// For whom.
        channel: ChannelId,
    },
    /// What [`crate::Effect::Files`] asked for was done.
    FilesDone {
        /// Its number.
        number: u64,
        /// Who waits.
        channel: ChannelId,
        /// Or why not.
        result: Result<(), Box<str>>,
    },
    /// Idle CPU in millionths of a percent, measured by the shell.
    IdleCpu(u64),
    /// The process is asked to stop: drain, then [`crate::Effect::Stop`].
    Shutdown,
}
