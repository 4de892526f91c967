//! One leg: what it says, what it hears, and everything hung onto it.

pub(crate) mod digit_queue;
mod negotiated;
pub(crate) mod packetiser;
pub(crate) mod playing;
pub(crate) mod playout;
pub(crate) mod recording;
pub(crate) mod rtp_side;
pub(crate) mod scratch;
pub(crate) mod tap;
pub(crate) mod unicast;
pub(crate) mod watching;

use crate::bridge::Echo;
use crate::control::{
    DtmfSource, LegId, LegStats, MediaCommand, MediaReport, MuteSide, PlayId, RecordId,
    RecordSides, RoomId, WatchId,
};
use crate::dsp::{DtmfDetector, Gain, Resampler};
use crate::frame::{Ears, Frame};
use crate::output::Output;
use digit_queue::{DigitQueue, Spoken};
use playing::{Playing, displace};
use recording::Recording;
use rtp_side::RtpSide;
use scratch::Scratch;
use tap::Tap;
use unicast::UnicastSide;
use watching::{Watching, watch};

/// A leg and all it owns; lives on one media thread.
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) kind: Kind,
    pub(crate) rate_hz: u32,
    /// What it said in this tick, after its gain; silence when it is not active.
    pub(crate) heard: Frame,
    /// Whether that is anything, even silence that really came.
    pub(crate) heard_active: bool,
    pub(crate) exchange: Exchange,
    /// Legs that send what it says.
    pub(crate) monitors: Vec<LegId>,
    /// Legs that hear what it says and hears.
    pub(crate) taps: Vec<Tap>,
    /// What the other side of its bridge hears while eavesdroppers talk to that.
    pub(crate) joined: Option<Box<Frame>>,
    /// Converts what the other side of the bridge, or whom it monitors, says where rates differ.
    pub(crate) link: Option<Resampler>,
    pub(crate) plays: Vec<Playing>,
    pub(crate) records: Vec<Recording>,
    pub(crate) watches: Vec<Watching>,
    pub(crate) digits: DigitQueue,
    pub(crate) detector: Option<Box<DtmfDetector>>,
    pub(crate) passes_dtmf: bool,
    /// Digits are sent to it as tones.
    pub(crate) tone_dtmf: bool,
    /// Whether packets of the digit being received were relayed already.
    pub(crate) event_relayed: bool,
    read: Volume,
    write: Volume,
}

/// What a leg talks to.
pub(crate) enum Kind {
    Rtp(Box<RtpSide>),
    Null,
    Pair(Box<PairSide>),
    Unicast(Box<UnicastSide>),
}

/// One half of a pair: what the other half was told to say, for the next tick.
pub(crate) struct PairSide {
    pub(crate) other: LegId,
    pub(crate) incoming: Frame,
    pub(crate) incoming_active: bool,
    pub(crate) converter: Option<Resampler>,
}

/// What a leg exchanges its sound with.
pub(crate) enum Exchange {
    Nothing,
    Bridge(LegId),
    /// Hears what another leg says, which knows nothing of it.
    Monitor(LegId),
    /// Hears what another leg says and hears, and may talk to it.
    Eavesdrop(LegId),
    Echo(Box<Echo>),
    /// What the room lets it hear in this tick.
    Room {
        room: RoomId,
        feed: Box<Feed>,
    },
}

/// What a room lets a leg hear.
pub(crate) struct Feed {
    pub(crate) mid: Frame,
    /// What makes the difference between its ears.
    pub(crate) side: Frame,
    /// Whether there is one.
    pub(crate) is_wide: bool,
    /// What is encoded for it goes to others too.
    pub(crate) leads: bool,
    /// It is sent what is encoded for this leg; what it hears is not here then.
    pub(crate) follows: Option<LegId>,
}

impl Feed {
    pub(crate) fn silent(rate_hz: u32) -> Self {
        Self {
            mid: Frame::silent(rate_hz),
            side: Frame::silent(rate_hz),
            is_wide: false,
            leads: false,
            follows: None,
        }
    }

    pub(crate) fn reshape(&mut self, rate_hz: u32) {
        self.mid.reshape(rate_hz);
        self.side.reshape(rate_hz);
        self.is_wide = false;
    }

    pub(crate) fn clear(&mut self) {
        self.mid.clear();
        self.is_wide = false;
    }
}

/// Gain and mute of one side.
#[derive(Default)]
struct Volume {
    gain: Gain,
    gain_db: f32,
    muted: bool,
}

impl Volume {
    fn apply(&mut self) {
        self.gain.set_muted(self.muted, self.gain_db);
    }
}

impl Leg {
    pub(crate) fn new(id: LegId, kind: Kind, rate_hz: u32) -> Self {
        Self {
            id,
            kind,
            rate_hz,
            heard: Frame::silent(rate_hz),
            heard_active: false,
            exchange: Exchange::Nothing,
            monitors: Vec::new(),
            taps: Vec::new(),
            joined: None,
            link: None,
            plays: Vec::new(),
            records: Vec::new(),
            watches: Vec::new(),
            digits: DigitQueue::default(),
            detector: None,
            passes_dtmf: true,
            tone_dtmf: false,
            event_relayed: false,
            read: Volume::default(),
            write: Volume::default(),
        }
    }

    pub(crate) fn bridged_to(&self) -> Option<LegId> {
        match self.exchange {
            Exchange::Bridge(peer) => Some(peer),
            Exchange::Nothing
            | Exchange::Monitor(_)
            | Exchange::Eavesdrop(_)
            | Exchange::Echo(_)
            | Exchange::Room { .. } => None,
        }
    }

    /// How what a room lets it hear is sent to it.
    pub(crate) fn feed(&self) -> Option<&Feed> {
        match &self.exchange {
            Exchange::Room { feed, .. } => Some(feed),
            Exchange::Nothing
            | Exchange::Bridge(_)
            | Exchange::Monitor(_)
            | Exchange::Eavesdrop(_)
            | Exchange::Echo(_) => None,
        }
    }

    pub(crate) fn rtp(&mut self) -> Option<&mut RtpSide> {
        match &mut self.kind {
            Kind::Rtp(side) => Some(side),
            Kind::Null | Kind::Pair(_) | Kind::Unicast(_) => None,
        }
    }

    /// The program in the place of a peer.
    pub(crate) fn unicast(&mut self) -> Option<&mut UnicastSide> {
        match &mut self.kind {
            Kind::Unicast(side) => Some(side),
            Kind::Rtp(_) | Kind::Null | Kind::Pair(_) => None,
        }
    }

    /// Changes the rate of the leg after a new negotiation; everything hung onto it follows.
    pub(crate) fn set_rate(&mut self, rate_hz: u32) {
        if self.rate_hz == rate_hz {
            return;
        }
        self.rate_hz = rate_hz;
        self.heard = Frame::silent(rate_hz);
        self.plays.iter_mut().for_each(|play| play.adapt(rate_hz));
        for record in &mut self.records {
            // Every rate of a leg can be converted into every rate of a file that was opened.
            record.adapt(rate_hz);
        }
        self.watches
            .iter_mut()
            .for_each(|watch| watch.adapt(rate_hz));
        self.digits.flush();
        if self.detector.is_some() {
            self.detector = Some(Box::new(DtmfDetector::new(rate_hz)));
        }
        if let Exchange::Echo(echo) = &mut self.exchange {
            echo.set_rate(rate_hz);
        }
        self.taps.iter_mut().for_each(|tap| tap.reshape(rate_hz));
        if let Some(joined) = &mut self.joined {
            joined.reshape(rate_hz);
        }
    }

    /// Drops sound that waits to be heard or sent.
    pub(crate) fn flush(&mut self) {
        self.heard.clear();
        match &mut self.kind {
            Kind::Rtp(side) => side.flush(),
            Kind::Null => {}
            Kind::Pair(pair) => pair.incoming_active = false,
            Kind::Unicast(side) => side.flush(),
        }
        match &mut self.exchange {
            Exchange::Room { feed, .. } => feed.clear(),
            Exchange::Nothing
            | Exchange::Bridge(_)
            | Exchange::Monitor(_)
            | Exchange::Eavesdrop(_)
            | Exchange::Echo(_) => {}
        }
    }

    pub(crate) fn set_muted(&mut self, side: MuteSide, muted: bool) {
        let volume = self.volume(side);
        volume.muted = muted;
        volume.apply();
    }

    pub(crate) fn set_gain(&mut self, side: MuteSide, gain_db: f32) {
        let volume = self.volume(side);
        volume.gain_db = gain_db;
        volume.apply();
    }

    fn volume(&mut self, side: MuteSide) -> &mut Volume {
        match side {
            MuteSide::Read => &mut self.read,
            MuteSide::Write => &mut self.write,
        }
    }

    /// Whether what it says is looked at or changed, so that its packets cannot pass by.
    pub(crate) fn is_tapped(&self) -> bool {
        self.detector.is_some()
            || self
                .watches
                .iter()
                .any(|watch| watch.side == MuteSide::Read)
            || self
                .plays
                .iter()
                .any(|play| play.over == Some(MuteSide::Read))
            || !self.monitors.is_empty()
            || !self.taps.is_empty()
            || !self.read.gain.is_neutral()
            || self.records.iter().any(|record| match record.sides {
                RecordSides::Read | RecordSides::Both | RecordSides::Stereo => true,
                RecordSides::Write => false,
            })
    }

    /// Whether what it hears is looked at, changed, or not only the other side of its bridge.
    pub(crate) fn is_shaped(&self) -> bool {
        !self.plays.is_empty()
            || self
                .watches
                .iter()
                .any(|watch| watch.side == MuteSide::Write)
            || !self.taps.is_empty()
            || !self.digits.is_idle()
            || !self.write.gain.is_neutral()
            || self.records.iter().any(|record| match record.sides {
                RecordSides::Write | RecordSides::Both | RecordSides::Stereo => true,
                RecordSides::Read => false,
            })
    }

    /// First half of a tick: what does it say?
    pub(crate) fn listen(&mut self, now_us: u64, scratch: &mut Scratch, out: &mut Output) {
        let was_active = self.heard_active;
        match &mut self.kind {
            Kind::Rtp(side) => {
                self.heard_active = side.listen(now_us, &mut self.heard, scratch);
                side.watch(now_us, self.id, out);
            }
            Kind::Null => self.heard_active = false,
            Kind::Pair(pair) => {
                self.heard_active = std::mem::take(&mut pair.incoming_active);
                if self.heard_active {
                    self.heard.copy_from(&pair.incoming);
                }
            }
            Kind::Unicast(side) => self.heard_active = side.listen(&mut self.heard),
        }
        if was_active && !self.heard_active {
            self.heard.clear();
        }
        if let Some(detector) = &mut self.detector {
            let leg = self.id;
            detector.process(self.heard.samples(), |digit, duration_samples| {
                let source = DtmfSource::Inband;
                out.report(MediaReport::Dtmf {
                    leg,
                    digit,
                    duration_samples,
                    source,
                });
            });
        }
        self.displace_heard(scratch, out);
        self.read.gain.process(self.heard.samples_mut());
        watch(&mut self.watches, MuteSide::Read, self.id, &self.heard, out);
    }

    /// Puts what is played in the place of what it says there.
    fn displace_heard(&mut self, scratch: &mut Scratch, out: &mut Output) {
        if self
            .plays
            .iter()
            .all(|play| play.over != Some(MuteSide::Read))
        {
            return;
        }
        if !self.heard_active {
            self.heard.clear();
        }
        self.heard_active |= displace(
            &mut self.plays,
            MuteSide::Read,
            &mut self.heard,
            scratch,
            out,
        );
    }

    /// Second half of a tick: what does it hear? `base` is what its exchange gives it, at its own
    /// rate. Leaves in `said` what went out, for the other half of a pair, and tells a digit that
    /// was handed over completely. `side` is what makes the difference between its ears, if there is any.
    pub(crate) fn speak(
        &mut self,
        now_us: u64,
        said: &mut Frame,
        mut side: Option<&mut Frame>,
        base_active: bool,
        scratch: &mut Scratch,
        out: &mut Output,
    ) -> (bool, Option<Spoken>) {
        let mut active = base_active;
        if !active {
            said.clear();
        }
        if self.play(said, &mut active, scratch, out) {
            side = None;
        }
        if !self.digits.is_idle() && !self.sends_events() {
            // A tone stands in the place of everything else.
            side = None;
        }
        let spoken = self.spell(now_us, said, &mut active, out);
        for tap in &mut self.taps {
            tap.overhear(said, active);
        }
        for tap in &self.taps {
            active |= tap.whisper_to_leg(said);
        }
        if let Some(side) = &mut side {
            self.write.gain.clone().process(side.samples_mut());
        }
        self.write.gain.process(said.samples_mut());
        watch(&mut self.watches, MuteSide::Write, self.id, said, out);
        self.record(said, scratch, out);
        match &mut self.kind {
            Kind::Rtp(rtp) => {
                let heard = Ears {
                    mid: said,
                    side: side.as_deref(),
                };
                rtp.speak(now_us, self.id, active.then_some(heard), out);
            }
            Kind::Unicast(unicast) => unicast.speak(self.id, said, out),
            Kind::Null | Kind::Pair(_) => {}
        }
        (active, spoken)
    }

    /// Whether digits go to it as events.
    fn sends_events(&mut self) -> bool {
        !self.tone_dtmf && self.rtp().is_some_and(|rtp| rtp.sends_events())
    }

    /// Adds what is played; whether it stands in the place of everything else.
    fn play(
        &mut self,
        said: &mut Frame,
        active: &mut bool,
        scratch: &mut Scratch,
        out: &mut Output,
    ) -> bool {
        let newest = self
            .plays
            .iter()
            .rposition(|play| play.is_open() && !play.mix && play.over.is_none());
        for at in 0..self.plays.len() {
            let play = &mut self.plays[at];
            if !play.is_open() || play.over.is_some() || (!play.mix && Some(at) != newest) {
                continue;
            }
            if !play.mix {
                said.clear();
            }
            play.mix_into(said, scratch, out);
            *active = true;
        }
        let displaced = displace(&mut self.plays, MuteSide::Write, said, scratch, out);
        *active |= displaced;
        // Finished ones go in the order they were started.
        let mut at = 0;
        while at < self.plays.len() {
            if self.plays[at].is_over() {
                let play = self.plays.remove(at);
                play.finish(None, out);
            } else {
                at += 1;
            }
        }
        newest.is_some() || displaced
    }

    /// Sends digits: as events beside the sound, or as tones in its place.
    fn spell(
        &mut self,
        now_us: u64,
        said: &mut Frame,
        active: &mut bool,
        out: &mut Output,
    ) -> Option<Spoken> {
        if self.digits.is_idle() {
            return None;
        }
        let spoken = match &mut self.kind {
            Kind::Rtp(side) if side.sends_events() && !self.tone_dtmf => {
                self.digits.as_events(now_us, self.id, side, active, out)
            }
            Kind::Rtp(_) | Kind::Null => self.digits.as_tones(said, active),
            // A program has asked for sound, and digits are told otherwise.
            Kind::Pair(_) | Kind::Unicast(_) => self.digits.by_hand(),
        };
        if let Some(spoken) = spoken {
            out.report(MediaReport::DtmfSent {
                leg: self.id,
                digit: spoken.digit,
            });
        }
        spoken
    }

    fn record(&mut self, said: &Frame, scratch: &mut Scratch, out: &mut Output) {
        let mut at = 0;
        while at < self.records.len() {
            match self.records[at].take(&self.heard, said, scratch, out) {
                None => at += 1,
                Some(end) => {
                    let record = self.records.remove(at);
                    record.finish(end, Some(self.id), out);
                }
            }
        }
    }

    /// Eavesdroppers came, went or talk to others: makes what the other side of the bridge hears of them, or not.
    pub(crate) fn join_taps(&mut self) {
        let joined = self.taps.iter().any(|tap| tap.whisper.to_other);
        if joined != self.joined.is_some() {
            self.joined = joined.then(|| Box::new(Frame::silent(self.rate_hz)));
        }
    }

    pub(crate) fn play_mut(&mut self, play: PlayId) -> Option<&mut Playing> {
        self.plays.iter_mut().find(|playing| playing.id == play)
    }

    pub(crate) fn record_mut(&mut self, record: RecordId) -> Option<&mut Recording> {
        self.records
            .iter_mut()
            .find(|recording| recording.id == record)
    }

    pub(crate) fn stop_watch(&mut self, watch: WatchId) {
        self.watches.retain(|watching| watching.id != watch);
    }

    pub(crate) fn has_room_for_play(&self) -> bool {
        self.plays.len() < MediaCommand::MAX_PLAYS
    }

    pub(crate) fn has_room_for_record(&self) -> bool {
        self.records.len() < MediaCommand::MAX_RECORDS
    }

    pub(crate) fn stats(&self) -> LegStats {
        match &self.kind {
            Kind::Rtp(side) => side.stats(),
            Kind::Null | Kind::Pair(_) | Kind::Unicast(_) => LegStats::default(),
        }
    }
}
