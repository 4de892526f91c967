//! What the media side tells the switch.

use std::net::SocketAddr;

use super::{Digit, LegId, PlayId, RecordId, RoomId, WatchId};

/// One thing that happened on a media thread, in the order it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaReport {
    /// The leg is there.
    Opened {
        /// Which leg.
        leg: LegId,
        /// Where it listens for RTP and RTCP; `None` for legs without a socket.
        local: Option<(SocketAddr, SocketAddr)>,
        /// SSRC of everything it will send; `None` for legs without a socket.
        ssrc: Option<u32>,
    },
    /// The leg could not be made; its name is free again.
    OpenFailed {
        /// Which leg.
        leg: LegId,
        /// Why.
        why: TransportFailure,
    },
    /// A digit ended.
    Dtmf {
        /// Who pressed it.
        leg: LegId,
        /// Which one.
        digit: Digit,
        /// How long, in samples at 8000 Hz whatever the leg's rate.
        duration_samples: u32,
        /// How it came.
        source: DtmfSource,
    },
    /// A digit was sent completely.
    DtmfSent {
        /// To whom.
        leg: LegId,
        /// Which one.
        digit: Digit,
    },
    /// What a watch looks for is there.
    Noticed {
        /// Whose sound.
        leg: LegId,
        /// Which watch.
        watch: WatchId,
    },
    /// A playback is open and its first frame goes out.
    PlayStarted {
        /// Which one.
        play: PlayId,
    },
    /// A playback is over.
    PlayDone {
        /// Which one.
        play: PlayId,
        /// Why.
        end: PlayEnd,
        /// How much was played, all rounds together.
        length: RecordLength,
    },
    /// A recording is open and takes its first frame.
    RecordStarted {
        /// Which one.
        record: RecordId,
    },
    /// A recording is over and its file complete.
    RecordDone {
        /// Which one.
        record: RecordId,
        /// Why.
        end: RecordEnd,
        /// How much was recorded, pauses not counted.
        length: RecordLength,
        /// Whether anything above the silence threshold was heard (always `true` without one).
        heard: bool,
        /// Samples the disk was too slow for.
        dropped: u64,
        /// Size of the file in bytes, what was in it before included; 0 when there is none or it is damaged.
        file_bytes: u64,
    },
    /// A member of a room began or ceased to talk.
    Talking {
        /// Where.
        room: RoomId,
        /// Who.
        leg: LegId,
        /// Began or ceased.
        on: bool,
        /// Mean absolute sample value of the frame that decided, 0–32767.
        energy: u16,
    },
    /// Nothing arrived on a leg for as long as its `timeout_ms`. Repeated only after packets came
    /// again.
    MediaTimeout {
        /// Which leg.
        leg: LegId,
        /// How long nothing arrived.
        silence_ms: u64,
    },
    /// Answer to `ReportStats`.
    Stats {
        /// Of which leg.
        leg: LegId,
        /// Its counters so far.
        stats: LegStats,
    },
    /// A leg is gone; its last report.
    Closed {
        /// Which leg.
        leg: LegId,
        /// Its counters.
        stats: LegStats,
    },
    /// A leg was moved to another media thread, which now takes its commands.
    Moved {
        /// Which leg.
        leg: LegId,
        /// Index of the thread that owns it now.
        worker: usize,
    },
    /// A media thread is above its load limit (`true`) or below again; new legs belong elsewhere.
    WorkerSaturated {
        /// Index of the thread.
        worker: usize,
        /// Above or below.
        on: bool,
    },
}

/// How a digit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DtmfSource {
    /// As RFC 4733 packets.
    Rtp,
    /// As tones in the audio.
    Inband,
}

/// Why a playback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayEnd {
    /// Everything was played.
    Finished,
    /// `StopPlay`, or its leg or room went away.
    Stopped,
    /// There is no such file, or the name means nothing; nothing was played.
    NotFound,
    /// It could not be read (further).
    Failed,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordEnd {
    /// `StopRecord`, or its leg or room went away.
    Stopped,
    /// `limit_ms` is reached.
    Limit,
    /// Nobody spoke for as long as `silence` allows.
    Silence,
    /// The file could not be made or written (further).
    Failed,
}

/// Length of something played or recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RecordLength {
    /// Samples per channel.
    pub samples: u64,
    /// At this rate, hertz.
    pub rate_hz: u32,
}

impl RecordLength {
    /// In whole milliseconds.
    #[must_use]
    pub fn as_ms(self) -> u64 {
        match self.rate_hz {
            0 => 0,
            rate => self.samples.saturating_mul(1000) / u64::from(rate),
        }
    }
}

/// Why a leg got no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportFailure {
    /// A leg of that name exists already.
    Exists,
    /// No pair of ports is free.
    NoPorts,
    /// The address is not ours, or the system refused.
    Refused,
}

/// What a leg counted since it was opened. RTP payload bytes, without headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LegStats {
    /// RTP packets received, duplicates included.
    pub packets_in: u64,
    /// RTP payload bytes received.
    pub bytes_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// RTP payload bytes sent.
    pub bytes_out: u64,
    /// Packets forwarded as they came, in `packets_out` of the leg they went to.
    pub relayed: u64,
    /// Packets of the peer that never arrived. RFC 3550 §6.4.1, never negative here.
    pub lost: u64,
    /// Packets that came after their turn to be played.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after one sent later.
    pub reordered: u64,
    /// Datagrams dropped: not RTP, unknown payload type, from a stranger, or not genuine where SRTP was agreed on.
    pub refused: u64,
    /// Times the jitter buffer had no room and gave up its oldest packet.
    pub overflows: u64,
    /// Samples invented in place of lost ones.
    pub concealed_samples: u64,
    /// Interarrival jitter, microseconds. RFC 3550 §6.4.1.
    pub jitter_us: u32,
    /// What the jitter buffer adds now, milliseconds.
    pub buffer_ms: u32,
    /// Packets of ours that did not reach the peer, by its last RTCP report.
    pub remote_lost: u32,
    /// Jitter the peer sees, microseconds, by its last RTCP report.
    pub remote_jitter_us: u32,
    /// Round trip, microseconds, from RTCP; 0 = unknown.
    pub round_trip_us: u32,
    /// Ticks in which the peer was listened to and no packet of its came.
    pub empty_ticks: u64,
    /// Packets of telephone-events received, and sent. RFC 4733.
    pub events_in: u64,
    /// See `events_in`.
    pub events_out: u64,
    /// Packets of comfort noise received. RFC 3389; we send none.
    pub comfort_noise_in: u64,
    /// Audio packets whose times were measured.
    pub measured: u64,
    /// Mean time between two of them that follow each other, microseconds.
    pub interval_us: u64,
    /// Smallest and largest variance of that time against what they hold, over 50 packets each, µs².
    pub variance_us2: (u64, u64),
    /// Packets missing in holes of two and more, when the packet behind the hole came.
    pub missing_in_bursts: u64,
    /// Most packets the jitter buffer held.
    pub largest_buffer: u32,
    /// Packets of a partner's that were too old to be passed on.
    pub not_relayed: u64,
    /// Bytes of RTCP received.
    pub rtcp_bytes_in: u64,
    /// RTCP packets received.
    pub rtcp_in: u32,
    /// RTCP packets sent.
    pub rtcp_out: u32,
}
