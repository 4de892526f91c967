//! What one call of the engine wants done.

use std::net::{IpAddr, SocketAddr};

use crate::control::{LegId, MediaReport, PlayEnd, PlayId, RecordId, TransportFailure, Unicast};
use crate::file::FileName;
use crate::leg::recording::Finishing;
use crate::source::{FrameSink, FrameSource};

/// Room made at the start, so that ticks do not allocate: datagrams, their bytes, reports, requests.
const DATAGRAMS: usize = 1024;
const BYTES: usize = 256 * 1024;
const REPORTS: usize = 1024;
const REQUESTS: usize = 256;

/// Filled by the engine, emptied by its shell after each call, made once.
///
/// Should a tick need more room than ever before, the lists grow, which allocates: it happens while
/// legs are added, never in a steady state.
pub struct Output {
    bytes: Vec<u8>,
    datagrams: Vec<Datagram>,
    /// For the switch, in order.
    pub reports: Vec<MediaReport>,
    /// For the shell, in order.
    pub requests: Vec<Request>,
    /// Recordings that ended in this call; the engine keeps them until their files are complete.
    pub(crate) finishing: Vec<Finishing>,
    /// Playbacks that ended: to be dropped where freeing memory does no harm.
    pub retired: Vec<Box<dyn FrameSource>>,
    /// Packets encoded so far; one that is sent to several legs is encoded once.
    pub encoded: u64,
    /// Frames mixed so far for somebody who listens in three dimensions; one that is sent to several legs is mixed once.
    pub rendered: u64,
}

/// A datagram to be sent from a leg's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Whose socket.
    pub leg: LegId,
    /// Which of its ports.
    pub port: Port,
    /// Where to.
    pub to: SocketAddr,
    start: usize,
    end: usize,
}

/// One of the two ports of an RTP leg, or what a web leg has in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// The even one.
    Rtp,
    /// The odd one after it.
    Rtcp,
    /// The lane to the leg's WebRTC peer. Addresses mean nothing on it.
    Web,
    /// The one socket of a program beside a channel, connected to it.
    Unicast,
}

/// Something only the shell can do.
pub enum Request {
    /// Bind a pair of ports; answer [`Answer::Bound`].
    Bind {
        /// For whom.
        leg: LegId,
        /// At which address of ours.
        address: IpAddr,
    },
    /// Connect a socket to a program; answer [`Answer::Connected`].
    Connect {
        /// For whom.
        leg: LegId,
        /// Between which addresses.
        link: Unicast,
    },
    /// Close the sockets of a leg, after sending what is in this output.
    Release {
        /// Whose.
        leg: LegId,
    },
    /// Open a playback; answer [`Answer::SourceOpened`].
    OpenSource {
        /// For which playback.
        play: PlayId,
        /// What to open; at least one part is a path or a stream.
        name: FileName,
        /// Rate the source shall deliver, hertz.
        rate_hz: u32,
        /// Further rounds after the first, `None` = for ever; the source plays them itself.
        repeats: Option<u32>,
    },
    /// Open a recording; answer [`Answer::SinkOpened`].
    OpenSink {
        /// For which recording.
        record: RecordId,
        /// Path as the client wrote it.
        path: String,
        /// Rate it will be given, hertz.
        rate_hz: u32,
        /// 1 or 2.
        channels: u16,
        /// Continue a file that is there.
        append: bool,
    },
    /// Complete the file of a recording; answer [`Answer::SinkClosed`].
    CloseSink {
        /// Which recording.
        record: RecordId,
        /// What [`Answer::SinkOpened`] brought.
        sink: Box<dyn FrameSink>,
    },
}

/// Outcome of a [`Request`].
pub enum Answer {
    /// The ports of a leg.
    Bound {
        /// Whose.
        leg: LegId,
        /// RTP and RTCP address.
        result: Result<(SocketAddr, SocketAddr), TransportFailure>,
    },
    /// The socket of a program. An error may come later too: a stream has ended.
    Connected {
        /// Whose.
        leg: LegId,
        /// Whether it is there.
        result: Result<(), TransportFailure>,
    },
    /// A playback.
    SourceOpened {
        /// Which.
        play: PlayId,
        /// The source, or [`PlayEnd::NotFound`] or [`PlayEnd::Failed`].
        result: Result<Box<dyn FrameSource>, PlayEnd>,
    },
    /// A recording; `None` = it could not be opened.
    SinkOpened {
        /// Which.
        record: RecordId,
        /// Where its samples go.
        sink: Option<Box<dyn FrameSink>>,
    },
    /// The file of a recording is complete or damaged.
    SinkClosed {
        /// Which.
        record: RecordId,
        /// Bytes of the file; `None`: not everything is in it.
        file_bytes: Option<u64>,
    },
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

impl Output {
    /// Empty, with room for a busy tick.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(BYTES),
            datagrams: Vec::with_capacity(DATAGRAMS),
            reports: Vec::with_capacity(REPORTS),
            requests: Vec::with_capacity(REQUESTS),
            finishing: Vec::with_capacity(REQUESTS),
            retired: Vec::with_capacity(REQUESTS),
            encoded: 0,
            rendered: 0,
        }
    }

    /// What to send, in order.
    pub fn datagrams(&self) -> impl Iterator<Item = (&Datagram, &[u8])> {
        self.datagrams
            .iter()
            .map(|d| (d, &self.bytes[d.start..d.end]))
    }

    /// How many datagrams there are to send.
    #[must_use]
    pub fn datagram_count(&self) -> usize {
        self.datagrams.len()
    }

    /// Forgets what has been sent.
    pub fn clear_datagrams(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.clear_datagrams();
        self.reports.clear();
        self.requests.clear();
        self.retired.clear();
    }

    pub(crate) fn report(&mut self, report: MediaReport) {
        self.reports.push(report);
    }

    /// Appends a datagram; `write` puts its bytes at the end of the buffer, or none: then nothing is sent.
    pub(crate) fn transmit(
        &mut self,
        leg: LegId,
        port: Port,
        to: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>, usize),
    ) {
        let start = self.bytes.len();
        write(&mut self.bytes, start);
        if self.bytes.len() == start {
            return;
        }
        self.datagrams.push(Datagram {
            leg,
            port,
            to,
            start,
            end: self.bytes.len(),
        });
    }
}
