//! One peer. The only file that names the WebRTC library, whose every minor release breaks something.
//!
//! The library wants each change followed by taking all its output, so every call here does both and
//! leaves what came of it in the caller's list.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::bwe::BweKind;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Direction as Way, Frequency, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, VideoOrientation};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::agreement;
use super::continuity::Continuity;
use super::happening::{Happening, VideoFormat, VideoPacket};
use super::loss_report::loss_report;
use super::sdp_rules::{self, Foreign, Refusal, Slot};
use super::section::Description;
use super::stage::Stage;
use crate::control::{PeerEnd, PeerWish, WebAgreed};
use crate::rtp::Packet;

/// Candidates of the browser looked at between two ICE restarts; it has a handful.
const MAX_CANDIDATES: usize = 64;
/// Pictures asked for by one viewer are passed on at most this often: a flood of requests would make
/// the sender send nothing but whole pictures.
const KEYFRAME_PAUSE: Duration = Duration::from_millis(250);
/// How often the leg is told how its audio arrives; browsers report about as often.
const LOSS_REPORTS: Duration = Duration::from_secs(5);
/// Video packets kept for resending, some two seconds of a good picture.
const RESEND_PACKETS: usize = 1024;

/// Payload types we propose beside the usual ones of the library; browsers propose their own.
const EVENT_48000: u8 = 110;
const EVENT_8000: u8 = 126;
const H264: (u8, u8) = (108, 109);
/// Constrained baseline, level 3.1: what every browser sends and takes.
const H264_PROFILE: u32 = 0x0042_e01f;

/// Who we are to browsers: one certificate for all peers of the process.
#[derive(Clone)]
pub struct Identity {
    certificate: DtlsCert,
    crypto: Arc<CryptoProvider>,
}

impl Identity {
    /// Makes a certificate. Takes milliseconds, so once.
    ///
    /// # Errors
    /// When the crypto library cannot.
    pub fn new() -> Result<Self, Refusal> {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| Refusal::new("no certificate could be made"))?;
        Ok(Self {
            certificate,
            crypto,
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// Where browsers reach us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddress {
    /// What the socket is bound to.
    pub bound: SocketAddr,
    /// What the world sees of it, where that differs (a NAT that forwards to us).
    pub advertised: Option<SocketAddr>,
}

/// What all peers have in common.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// Who we are.
    pub identity: Identity,
    /// Where we are; each becomes a candidate.
    pub addresses: Vec<LocalAddress>,
    /// Only answer connectivity checks (RFC 8445 §2.5): for servers every browser can reach.
    pub ice_lite: bool,
}

/// A WebRTC peer: the far end is one browser.
pub struct Peer {
    rtc: Rtc,
    stage: Stage,
    slots: Vec<Slot>,
    wish: PeerWish,
    open_offer: Option<(SdpPendingOffer, Description, Vec<Slot>)>,
    /// Descriptions we wrote.
    version: u64,
    candidates: usize,
    audio: Option<Mid>,
    video: Option<Mid>,
    audio_out: Continuity,
    /// Who the leg says it is in its packets.
    leg_ssrc: Option<u32>,
    video_out: Continuity,
    keyframe_asked: Option<Instant>,
    connected_told: bool,
    due: Instant,
}

impl Peer {
    /// A peer that knows nothing of its browser yet. `first_sequence` is random: where its streams
    /// begin.
    #[must_use]
    pub fn new(settings: &PeerSettings, now: Instant, first_sequence: u16) -> Self {
        let mut config = RtcConfig::new()
            .set_crypto_provider(settings.identity.crypto.clone())
            .set_dtls_cert(settings.identity.certificate.clone())
            .set_ice_lite(settings.ice_lite)
            .set_rtp_mode(true)
            .set_send_buffer_video(RESEND_PACKETS)
            .set_stats_interval(Some(LOSS_REPORTS))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_g722(true, false)
            .enable_pcmu(true, false)
            .enable_pcma(true, false)
            .enable_vp8(true);
        let formats = config.codec_config();
        for (payload_type, clock) in [
            (EVENT_48000, Frequency::FORTY_EIGHT_KHZ),
            (EVENT_8000, Frequency::EIGHT_KHZ),
        ] {
            let pt = Pt::new_with_value(payload_type);
            formats.add_config(pt, None, Format::Tele, clock, None, FormatParams::default());
        }
        let (pt, resend) = H264;
        formats.add_h264(pt.into(), Some(resend.into()), true, H264_PROFILE);
        let mut rtc = config.build(now);
        for address in &settings.addresses {
            add_address(&mut rtc, address);
        }
        Self {
            rtc,
            stage: Stage::Waiting,
            slots: Vec::new(),
            wish: PeerWish {
                audio: Vec::new(),
                video: false,
                prefer_video: None,
                leg: None,
            },
            open_offer: None,
            version: 1,
            candidates: 0,
            audio: None,
            video: None,
            audio_out: Continuity::new(8000, first_sequence),
            leg_ssrc: None,
            video_out: Continuity::new(90_000, first_sequence),
            keyframe_asked: None,
            connected_told: false,
            due: now,
        }
    }

    /// Takes a browser's offer, the first or a later one, and answers it.
    ///
    /// # Errors
    /// Why it cannot be used. The peer stays as it was.
    pub fn accept(
        &mut self,
        now: Instant,
        offer: &str,
        wish: &PeerWish,
        out: &mut Vec<Happening>,
    ) -> Result<(String, WebAgreed), Refusal> {
        let foreign = sdp_rules::read(offer)?;
        let mut slots = sdp_rules::slots(&foreign.description);
        let seen = sdp_rules::for_library(&foreign.description, &slots, wish)?;
        let seen = SdpOffer::from_sdp_string(&seen).map_err(|e| Refusal::new(e.to_string()))?;
        self.open_offer = None;
        let written = self
            .rtc
            .sdp_api()
            .accept_offer(seen)
            .map_err(|e| Refusal::new(e.to_string()));
        self.drain(now, out);
        let version = self.version;
        self.version += 1;
        let ours = sdp_rules::for_browser(&written?.to_sdp_string(), &mut slots, wish, version)?;
        let agreed = agreement::agreed(&ours, &foreign.description, true, wish)?;
        self.slots = slots;
        self.settle(now, &ours, &agreed, foreign, wish.clone(), out);
        Ok((ours.to_string(), agreed))
    }

    /// Makes an offer: the first, or one that changes what was agreed. Without a change, it restarts
    /// ICE (RFC 8445 §9).
    ///
    /// # Errors
    /// When there is nothing to offer.
    pub fn offer(
        &mut self,
        now: Instant,
        wish: &PeerWish,
        out: &mut Vec<Happening>,
    ) -> Result<String, Refusal> {
        let mut changes = self.rtc.sdp_api();
        if self.audio.is_none() && !wish.audio.is_empty() {
            changes.add_media(MediaKind::Audio, Way::SendRecv, None, None, None);
        }
        match self.video {
            None if wish.video => {
                changes.add_media(MediaKind::Video, Way::SendRecv, None, None, None);
            }
            Some(mid) if !wish.video => changes.stop_media(mid),
            None | Some(_) => {}
        }
        if !changes.has_changes() {
            changes.ice_restart(true);
        }
        let Some((written, pending)) = changes.apply() else {
            return Err(Refusal::new("there is nothing to offer"));
        };
        let mut slots = self.slots.clone();
        let ours = sdp_rules::for_browser(&written.to_sdp_string(), &mut slots, wish, self.version);
        self.version += 1;
        self.drain(now, out);
        let ours = ours?;
        let text = ours.to_string();
        self.wish = wish.clone();
        self.open_offer = Some((pending, ours, slots));
        Ok(text)
    }

    /// Takes the browser's answer to our offer.
    ///
    /// # Errors
    /// Why it cannot be used; the offer is over then.
    pub fn take_answer(
        &mut self,
        now: Instant,
        answer: &str,
        out: &mut Vec<Happening>,
    ) -> Result<WebAgreed, Refusal> {
        let Some((pending, ours, slots)) = self.open_offer.take() else {
            return Err(Refusal::new("no offer is open"));
        };
        let wish = self.wish.clone();
        let foreign = sdp_rules::read(answer)?;
        let seen = sdp_rules::for_library(&foreign.description, &slots, &wish)?;
        let seen = SdpAnswer::from_sdp_string(&seen).map_err(|e| Refusal::new(e.to_string()))?;
        let agreed = agreement::agreed(&ours, &foreign.description, false, &wish)?;
        let taken = self.rtc.sdp_api().accept_answer(pending, seen);
        self.drain(now, out);
        taken.map_err(|error| Refusal::new(error.to_string()))?;
        self.slots = slots;
        self.settle(now, &ours, &agreed, foreign, wish, out);
        Ok(agreed)
    }

    /// Everything that follows from an agreement.
    fn settle(
        &mut self,
        now: Instant,
        ours: &Description,
        agreed: &WebAgreed,
        foreign: Foreign,
        wish: PeerWish,
        out: &mut Vec<Happening>,
    ) {
        self.wish = wish;
        self.audio = None;
        self.video = None;
        for section in ours.sections.iter().filter(|section| section.port != 0) {
            let Some(mid) = section.mid().map(Mid::from) else {
                continue;
            };
            match self.rtc.media(mid).map(|media| media.kind()) {
                Some(MediaKind::Audio) if agreed.audio.is_some() => self.audio = Some(mid),
                Some(MediaKind::Video) if agreed.video => self.video = Some(mid),
                Some(MediaKind::Audio | MediaKind::Video) | None => {}
            }
        }
        if let Some(audio) = &agreed.audio {
            self.audio_out.set_clock_rate(audio.send.clock_rate_hz);
        }
        // Each description may begin a new generation of candidates.
        self.candidates = 0;
        for candidate in foreign.candidates {
            self.trickle(now, &candidate, out);
        }
        self.stage.described(now);
        self.timeout(now, out);
    }

    /// Takes one candidate of the browser. Unusable ones are dropped: names instead of addresses
    /// (mDNS; such a browser is found when its own checks arrive), TCP, and the empty one that means
    /// there are no more.
    pub fn trickle(&mut self, now: Instant, candidate: &str, out: &mut Vec<Happening>) {
        let candidate = candidate.trim();
        let candidate = candidate.strip_prefix("a=").unwrap_or(candidate);
        if !candidate.is_ascii() || self.candidates >= MAX_CANDIDATES {
            return;
        }
        let Ok(candidate) = Candidate::from_sdp_string(candidate) else {
            return;
        };
        if candidate.proto() != Protocol::Udp || candidate.addr().port() == 0 {
            return;
        }
        self.candidates += 1;
        self.rtc.add_remote_candidate(candidate);
        self.drain(now, out);
    }

    /// The name under which a browser's checks ask for this peer: the first half of their user name.
    #[must_use]
    pub fn fragment(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// Whether that address has proved by a successful check that it is our browser's.
    #[must_use]
    pub fn trusts(&self, now: Instant, from: SocketAddr, to: SocketAddr) -> bool {
        // Anything that is neither STUN nor from the browser is refused by its address alone.
        let anything = [0x80, 0, 0, 0];
        Receive::new(Protocol::Udp, from, to, &anything)
            .is_ok_and(|received| self.rtc.accepts(&Input::Receive(now, received)))
    }

    /// Takes a datagram that came to one of our addresses. `false`: it is not our browser's.
    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<Happening>,
    ) -> bool {
        let Ok(received) = Receive::new(Protocol::Udp, from, to, datagram) else {
            return false;
        };
        let input = Input::Receive(now, received);
        if self.stage == Stage::Over || !self.rtc.accepts(&input) {
            return false;
        }
        if self.rtc.handle_input(input).is_err() {
            self.fail(PeerEnd::DtlsFailed, out);
        }
        self.drain(now, out);
        true
    }

    /// Lets time pass: to be called when [`Peer::due`] is reached, and any time before.
    pub fn timeout(&mut self, now: Instant, out: &mut Vec<Happening>) {
        if self.stage == Stage::Over {
            return;
        }
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.fail(PeerEnd::DtlsTimeout, out);
        }
        self.drain(now, out);
        if let Some(why) = self.stage.overdue(now) {
            self.end(why, out);
        }
    }

    /// When [`Peer::timeout`] wants to be called next.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.stage
            .until()
            .map_or(self.due, |until| self.due.min(until))
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Sends one plain RTP packet of audio to the browser. `false`: it cannot go.
    pub fn send_audio(&mut self, now: Instant, datagram: &[u8], out: &mut Vec<Happening>) -> bool {
        let (Some(packet), Some(mid)) = (Packet::parse(datagram), self.audio) else {
            return false;
        };
        self.leg_ssrc = Some(packet.ssrc);
        let pt = Pt::new_with_value(packet.payload_type);
        if self.stage != Stage::Up || self.rtc.codec_config().find(|p| p.pt() == pt).is_none() {
            return false;
        }
        let numbered = self
            .audio_out
            .number(now, packet.ssrc, packet.sequence, packet.timestamp);
        let Some((sequence, timestamp)) = numbered else {
            return false;
        };
        let write = RtpWrite::new(pt, sequence.into(), timestamp, now, packet.payload)
            .marker(packet.marker);
        self.write(now, mid, write, out)
    }

    /// Sends a packet of somebody's video to the browser. `false`: it cannot go, or the browser does
    /// not take its format.
    pub fn send_video(
        &mut self,
        now: Instant,
        packet: &VideoPacket,
        out: &mut Vec<Happening>,
    ) -> bool {
        let (Some(mid), Stage::Up) = (self.video, self.stage) else {
            return false;
        };
        let Some(pt) = self.video_payload_type(mid, packet.format) else {
            return false;
        };
        let numbered = self
            .video_out
            .number(now, packet.ssrc, packet.sequence, packet.timestamp);
        let Some((sequence, timestamp)) = numbered else {
            return false;
        };
        let mut write = RtpWrite::new(pt, sequence.into(), timestamp, now, packet.payload.clone())
            .marker(packet.marker)
            .nackable(true);
        if let Some(degrees) = packet.turned {
            write = write.ext_vals(ExtensionValues {
                video_orientation: Some(orientation(degrees)),
                ..ExtensionValues::default()
            });
        }
        self.write(now, mid, write, out)
    }

    fn write(&mut self, now: Instant, mid: Mid, write: RtpWrite, out: &mut Vec<Happening>) -> bool {
        match self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            Some(stream) => stream.write_rtp(write),
            None => return false,
        }
        self.timeout(now, out);
        true
    }

    fn video_payload_type(&self, mid: Mid, format: VideoFormat) -> Option<Pt> {
        let media = self.rtc.media(mid)?;
        self.rtc
            .codec_config()
            .params()
            .iter()
            .find(|p| video_format(p.spec().codec) == Some(format))
            .map(|p| p.pt())
            .filter(|pt| media.remote_pts().contains(pt))
    }

    /// The video forwarded to this browser comes from elsewhere from now on.
    pub fn expect_new_video(&mut self) {
        self.video_out.expect_new_source();
    }

    /// Asks the browser for a whole picture, unless it was asked a moment ago.
    pub fn ask_for_keyframe(&mut self, now: Instant, out: &mut Vec<Happening>) {
        let recently = |asked| now.saturating_duration_since(asked) < KEYFRAME_PAUSE;
        let Some(mid) = self.video else { return };
        if self.keyframe_asked.is_some_and(recently) {
            return;
        }
        let mut api = self.rtc.direct_api();
        // Before its first packet there is nobody to ask, and that packet begins a whole picture.
        if let Some(stream) = api.stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            self.keyframe_asked = Some(now);
            self.timeout(now, out);
        }
    }

    /// Tells the browser to send no more video than this, bits per second.
    pub fn limit_bitrate(&mut self, now: Instant, bits: u64, out: &mut Vec<Happening>) {
        let Some(mid) = self.video else { return };
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_remb(bits.into());
            self.timeout(now, out);
        }
    }

    /// Says good-bye to the browser (RTCP BYE, DTLS close_notify).
    pub fn close(&mut self, now: Instant, out: &mut Vec<Happening>) {
        if self.stage == Stage::Over {
            return;
        }
        // A connection that never was has nobody to say it to.
        if self.rtc.close().is_ok() {
            self.stage = Stage::Over;
            self.drain(now, out);
        }
        self.stage = Stage::Over;
    }

    fn end(&mut self, why: PeerEnd, out: &mut Vec<Happening>) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            out.push(Happening::Ended(why));
        }
    }

    /// The library gave up on this peer.
    fn fail(&mut self, why: PeerEnd, out: &mut Vec<Happening>) {
        let why = self.stage.given_up(why);
        self.end(why, out);
        self.rtc.disconnect();
    }

    /// Takes everything the library has to say.
    fn drain(&mut self, now: Instant, out: &mut Vec<Happening>) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    return;
                }
                Ok(Output::Transmit(transmit)) => out.push(Happening::Send {
                    from: transmit.source,
                    to: transmit.destination,
                    bytes: transmit.contents.into(),
                }),
                Ok(Output::Event(event)) => self.happen(now, event, out),
                // What it says here without a datagram before is that the handshake takes too long.
                Err(str0m::RtcError::Dtls(_)) => self.fail(PeerEnd::DtlsTimeout, out),
                Err(_) => self.fail(PeerEnd::DtlsFailed, out),
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
    fn happen(&mut self, now: Instant, event: Event, out: &mut Vec<Happening>) {
        match event {
            Event::Connected => {
                self.stage.shaken();
                if !self.connected_told && self.stage != Stage::Over {
                    self.connected_told = true;
                    out.push(Happening::Connected);
                }
            }
            Event::IceConnectionStateChange(state) => {
                let connected = state.is_connected();
                self.stage.ice(now, connected, self.connected_told);
            }
            Event::RtpPacket(packet) => self.packet(&packet, out),
            Event::KeyframeRequest(request) if Some(request.mid) == self.video => {
                out.push(Happening::KeyframeWanted);
            }
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                out.push(Happening::BitrateLimit(estimate.as_u64()));
            }
            Event::MediaEgressStats(stats) if Some(stats.mid) == self.audio => {
                if let (Some(loss), Some(ssrc)) = (stats.loss, self.leg_ssrc) {
                    let remote = stats.remote.map(|r| (r.packets_lost, r.jitter));
                    out.push(Happening::Audio(loss_report(ssrc, loss, remote)));
                }
            }
            Event::Closed => self.end(PeerEnd::Closed, out),
            _ => {}
        }
    }

    fn packet(&self, packet: &RtpPacket, out: &mut Vec<Happening>) {
        let header = &packet.header;
        let params = self
            .rtc
            .codec_config()
            .find(|p| p.pt() == header.payload_type);
        let Some(codec) = params.map(|params| params.spec().codec) else {
            return;
        };
        if let Some(format) = video_format(codec) {
            if self.video.is_some() {
                out.push(Happening::Video(VideoPacket {
                    format,
                    ssrc: *header.ssrc,
                    sequence: header.sequence_number,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    turned: header.ext_vals.video_orientation.map(degrees),
                    payload: packet.payload.clone(),
                }));
            }
        } else if self.audio.is_some() {
            let plain = Packet {
                marker: header.marker,
                payload_type: *header.payload_type,
                sequence: header.sequence_number,
                timestamp: header.timestamp,
                ssrc: *header.ssrc,
                payload: &packet.payload,
            };
            let mut bytes =
                Vec::with_capacity(crate::rtp::packet::HEADER_BYTES + plain.payload.len());
            bytes.extend_from_slice(&plain.header());
            bytes.extend_from_slice(plain.payload);
            out.push(Happening::Audio(bytes));
        }
    }
}

fn add_address(rtc: &mut Rtc, address: &LocalAddress) {
    // An address that is no candidate (unspecified, port 0) is refused by the library; the shell
    // checks its configuration before.
    if let Ok(host) = Candidate::host(address.bound, "udp") {
        rtc.add_local_candidate(host);
    }
    if let Some(advertised) = address.advertised
        && let Ok(reflexive) = Candidate::server_reflexive(advertised, address.bound, "udp")
    {
        rtc.add_local_candidate(reflexive);
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
fn video_format(codec: Format) -> Option<VideoFormat> {
    match codec {
        Format::Vp8 => Some(VideoFormat::Vp8),
        Format::H264 => Some(VideoFormat::H264),
        _ => None,
    }
}

fn orientation(degrees: u16) -> VideoOrientation {
    match degrees {
        90 => VideoOrientation::Deg90,
        180 => VideoOrientation::Deg180,
        270 => VideoOrientation::Deg270,
        _ => VideoOrientation::Deg0,
    }
}

fn degrees(orientation: VideoOrientation) -> u16 {
    match orientation {
        VideoOrientation::Deg0 => 0,
        VideoOrientation::Deg90 => 90,
        VideoOrientation::Deg180 => 180,
        VideoOrientation::Deg270 => 270,
    }
}
