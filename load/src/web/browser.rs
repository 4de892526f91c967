//! A browser that talks: a WebRTC peer on a socket of its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use media::codec::g711::linear_to_ulaw;
use media::codec::opus::OpusEncoder;
use media::control::{Codec, OpusSending, PeerWish};
use media::webrtc::{Happening, Identity, LocalAddress, Peer, PeerSettings};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::calls::PageCodec;

/// Packets of audio before they repeat: a second.
const FRAMES: usize = 50;
const FRAME: Duration = Duration::from_millis(20);
/// Longest sleep, when the peer wants nothing.
const IDLE: Duration = Duration::from_millis(200);

/// What a browser talks with.
#[derive(Clone)]
pub(crate) struct Voice {
    codec: Codec,
    payload_type: u8,
    /// RTP clock per packet.
    step: u32,
    frames: Arc<[Vec<u8>]>,
}

impl Voice {
    /// A tone that wanders, so that a coder has something to do.
    pub(crate) fn new(codec: PageCodec) -> Self {
        let (codec, rate, payload_type) = match codec {
            PageCodec::Pcmu => (Codec::Pcmu, 8_000, 0),
            PageCodec::Opus => (Codec::Opus, 48_000, 111),
        };
        let length = rate / 50;
        let mut encoder =
            (codec == Codec::Opus).then(|| OpusEncoder::new(48_000, OpusSending::default()));
        let mut phase = 0.0_f64;
        let frames = (0..FRAMES)
            .map(|frame| {
                let hertz = 200.0 + 20.0 * frame as f64;
                let samples: Vec<i16> = (0..length)
                    .map(|_| {
                        phase += hertz * std::f64::consts::TAU / f64::from(rate);
                        (phase.sin() * 8_000.0) as i16
                    })
                    .collect();
                match &mut encoder {
                    None => samples.into_iter().map(linear_to_ulaw).collect(),
                    Some(encoder) => {
                        let mut bytes = vec![0; 1500];
                        let length = encoder.encode(&samples, &mut bytes);
                        bytes.truncate(length);
                        bytes
                    }
                }
            })
            .collect();
        Self {
            codec,
            payload_type,
            step: length,
            frames,
        }
    }

    fn packet(&self, number: u32) -> Vec<u8> {
        let frame = &self.frames[number as usize % FRAMES];
        let mut packet = vec![0x80, self.payload_type];
        packet.extend_from_slice(&(number as u16).to_be_bytes());
        packet.extend_from_slice(&number.wrapping_mul(self.step).to_be_bytes());
        packet.extend_from_slice(&7_u32.to_be_bytes());
        packet.extend_from_slice(frame);
        packet
    }
}

/// What happened to a browser so far.
#[derive(Default)]
pub(crate) struct Heard {
    /// Packets of audio that came.
    pub(crate) packets: AtomicUsize,
    /// Packets of audio that went.
    pub(crate) sent: AtomicUsize,
    /// When the first one came.
    pub(crate) first: OnceLock<Instant>,
    /// Why the peer ended, if it did.
    pub(crate) ended: OnceLock<String>,
}

/// A browser that has made its offer.
pub(crate) struct Browser {
    peer: Peer,
    socket: UdpSocket,
    here: SocketAddr,
    voice: Voice,
    out: Vec<Happening>,
    connected: bool,
    heard: Arc<Heard>,
}

impl Browser {
    /// On a port of `address`, with its offer.
    pub(crate) async fn new(
        identity: &Identity,
        address: IpAddr,
        voice: &Voice,
    ) -> Result<(Self, String)> {
        let socket = UdpSocket::bind((address, 0)).await.context("a port")?;
        let here = socket.local_addr().context("its number")?;
        let settings = PeerSettings {
            identity: identity.clone(),
            addresses: vec![LocalAddress {
                bound: here,
                advertised: None,
            }],
            ice_lite: false,
        };
        let mut browser = Self {
            peer: Peer::new(&settings, Instant::now(), 1),
            socket,
            here,
            voice: voice.clone(),
            out: Vec::new(),
            connected: false,
            heard: Arc::default(),
        };
        let wish = PeerWish {
            audio: vec![voice.codec],
            video: false,
            prefer_video: None,
            far_video: None,
            leg: None,
        };
        let offer = browser
            .peer
            .offer(Instant::now(), &wish, &mut browser.out)
            .map_err(|refusal| anyhow!("no offer: {refusal:?}"))?;
        browser.carry();
        Ok((browser, offer))
    }

    /// Takes the answer and talks from then on until the task is ended.
    pub(crate) fn talk(mut self, answer: &str) -> Result<(Arc<Heard>, JoinHandle<()>)> {
        self.peer
            .take_answer(Instant::now(), answer, &mut self.out)
            .map_err(|refusal| anyhow!("the answer was not taken: {refusal:?}\n{answer}"))?;
        self.carry();
        let heard = Arc::clone(&self.heard);
        Ok((heard, tokio::spawn(self.run())))
    }

    async fn run(mut self) {
        let mut pace = tokio::time::interval(FRAME);
        let mut number = 0;
        let mut buffer = vec![0; 2048];
        loop {
            let due = self.peer.due().min(Instant::now() + IDLE);
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    if let Ok((length, from)) = received {
                        self.peer.receive(Instant::now(), from, self.here, &buffer[..length], &mut self.out);
                    }
                }
                _ = pace.tick(), if self.connected => {
                    let packet = self.voice.packet(number);
                    number += 1;
                    if self.peer.send_audio(Instant::now(), &packet, &mut self.out) {
                        self.heard.sent.fetch_add(1, Ordering::Relaxed);
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {
                    self.peer.timeout(Instant::now(), &mut self.out);
                }
            }
            self.carry();
            if self.peer.is_over() {
                return;
            }
        }
    }

    fn carry(&mut self) {
        for happening in self.out.drain(..) {
            match happening {
                // A full socket loses the packet, as a network does.
                Happening::Send { to, bytes, .. } => drop(self.socket.try_send_to(&bytes, to)),
                Happening::Audio(_) => {
                    self.heard.packets.fetch_add(1, Ordering::Relaxed);
                    self.heard.first.get_or_init(Instant::now);
                }
                Happening::Connected => self.connected = true,
                Happening::Ended(why) => {
                    self.heard.ended.get_or_init(|| why.phrase().to_owned());
                }
                Happening::AudioReport(_)
                | Happening::Video(_)
                | Happening::Measured(_)
                | Happening::KeyframeWanted
                | Happening::KeyframeAsked
                | Happening::BitrateLimit(_) => {}
            }
        }
    }
}
