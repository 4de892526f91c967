//! A browser that sends one video in several layers (RFC 8853), which our own peers never do: straight from the library.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// How often each layer has a picture.
const FRAME: Duration = Duration::from_millis(40);

pub(super) struct Layered {
    rtc: Rtc,
    socket: UdpSocket,
    mid: Mid,
    pending: Option<SdpPendingOffer>,
    layers: Vec<Layer>,
    /// The last SSRC it chose itself.
    chosen: u32,
    next: Instant,
    pub(super) connected: bool,
}

struct Layer {
    name: Rid,
    /// Bytes of each picture, one packet each.
    bytes: usize,
    flows: bool,
    sequence: u64,
    /// A whole picture is due.
    whole: bool,
    asked: usize,
}

impl Layered {
    /// Layers by name and bytes per picture, 25 pictures a second.
    pub(super) fn new(layers: &[(&str, usize)]) -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let now = Instant::now();
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_vp8(true)
            .build(now);
        let own = Candidate::host(socket.local_addr().unwrap(), "udp").unwrap();
        rtc.add_local_candidate(own);
        let mut simulcast = Simulcast::new();
        for (name, _) in layers {
            simulcast.add_send_layer(SimulcastLayer::new(name));
        }
        let mut changes = rtc.sdp_api();
        let way = Direction::SendOnly;
        let mid = changes.add_media(MediaKind::Video, way, None, None, Some(simulcast));
        let (offer, pending) = changes.apply().unwrap();
        let layer = |(name, bytes): &(&str, usize)| Layer {
            name: (*name).into(),
            bytes: *bytes,
            flows: true,
            sequence: 1000,
            whole: true,
            asked: 0,
        };
        let this = Self {
            rtc,
            socket,
            mid,
            pending: Some(pending),
            layers: layers.iter().map(layer).collect(),
            chosen: 0,
            next: now,
            connected: false,
        };
        (this, offer.to_sdp_string())
    }

    pub(super) fn take_answer(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    /// How often a layer was asked for a whole picture.
    pub(super) fn asked(&self, layer: usize) -> usize {
        self.layers[layer].asked
    }

    /// Sends all layers as other streams from now on.
    pub(super) fn change_streams(&mut self) {
        for layer in &self.layers {
            let (stream, repair) = (self.chosen + 1, self.chosen + 2);
            self.chosen = repair;
            let mut library = self.rtc.direct_api();
            let name = Some(layer.name);
            let changed =
                library.reset_stream_tx(self.mid, name, stream.into(), Some(repair.into()));
            assert!(changed.is_some());
        }
    }

    /// Begins all layers anew, with whole pictures.
    pub(super) fn refresh(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.whole = true);
    }

    pub(super) fn stop(&mut self, layer: usize) {
        self.layers[layer].flows = false;
    }

    /// Takes what has come, sends what is due, and lets time pass.
    pub(super) fn work(&mut self) {
        let now = Instant::now();
        let to = self.socket.local_addr().unwrap();
        let mut buffer = [0; 2048];
        loop {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let datagram = &buffer[..length];
                    let received = Receive::new(Protocol::Udp, from, to, datagram).unwrap();
                    let input = Input::Receive(now, received);
                    if self.rtc.accepts(&input) {
                        self.rtc.handle_input(input).unwrap();
                        self.drain();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
        if self.connected && now >= self.next {
            self.next = now + FRAME;
            for at in 0..self.layers.len() {
                self.show(now, at);
            }
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
    }

    /// One picture of a layer, numbered and in a temporal layer as browsers do it (RFC 7741 §4.2): behind the descriptor
    /// stand whether it is predicted, and which layer it is of.
    fn show(&mut self, now: Instant, at: usize) {
        let vp8 = |p: &&str0m::format::PayloadParams| p.spec().codec == Codec::Vp8;
        let params = self.rtc.codec_config().params();
        let pt = params.iter().find(vp8).unwrap().pt();
        let layer = &mut self.layers[at];
        if !layer.flows {
            return;
        }
        layer.sequence += 1;
        let predicted = !std::mem::take(&mut layer.whole);
        let mut payload = vec![0; layer.bytes];
        let id = (layer.sequence as u16 + 5000 * at as u16) | 0x8000;
        let [high, low] = id.to_be_bytes();
        let head = [0x90, 0xe0, high, low, low, 0, u8::from(predicted), at as u8];
        payload[..8].copy_from_slice(&head);
        let timestamp = (layer.sequence * 3600) as u32 + at as u32 * 77_777;
        let write = RtpWrite::new(pt, layer.sequence.into(), timestamp, now, payload).marker(true);
        let mut library = self.rtc.direct_api();
        let stream = library.stream_tx_by_mid(self.mid, Some(layer.name));
        stream.unwrap().write_rtp(write.nackable(true));
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(transmit) => {
                    let sent = self
                        .socket
                        .send_to(&transmit.contents, transmit.destination);
                    sent.unwrap();
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::KeyframeRequest(request)) => {
                    let named = |layer: &&mut Layer| Some(layer.name) == request.rid;
                    let layer = self.layers.iter_mut().find(named).unwrap();
                    layer.whole = true;
                    layer.asked += 1;
                }
                Output::Event(_) => {}
            }
        }
    }
}
