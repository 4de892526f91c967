//! What a browser costs: a video packet taken from one and sent to others (unprotect, then number and protect for each),
//! and a connection from the offer on. The bar is 150,000 forwarded packets per second and core.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jackfield_media as media;
use media::control::{Codec, PeerWish, VideoCodec};
use media::webrtc::{
    Forwarding, Happening, Identity, LocalAddress, Peer, PeerSettings, Refusal, Sending,
    VideoPacket,
};

fn main() {
    divan::main();
    processor_time();
}

/// The same by the kernel's account of this thread, which holds on a machine that others use too. Best of eight.
fn processor_time() {
    let settings = [settings("10.0.0.1:1"), settings("10.0.0.2:2")];
    let mut connection = u64::MAX;
    for _ in 0..8 {
        let began = worked_ns();
        let pairs = (Pair::connected(&settings), Pair::feed(&settings));
        connection = connection.min((worked_ns() - began) / 2);
        drop(pairs);
    }
    let one = packet_ns(&settings, 1);
    let many = packet_ns(&settings, MANY);
    println!(
        "processor time: {} µs per connection of two, {one} ns per packet forwarded to one ({} per second and core), \
         {many} ns to {MANY} ({} forwarded per second and core)",
        connection / 1000,
        1_000_000_000 / one.max(1),
        MANY as u64 * 1_000_000_000 / many.max(1),
    );
}

/// Nanoseconds per packet taken from one and forwarded to so many.
fn packet_ns(settings: &[PeerSettings; 2], viewers: usize) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..8 {
        let sender = sealed(Pair::connected(settings));
        let viewers = room(settings, viewers);
        let began = worked_ns();
        let kept = forward(sender, viewers);
        // What the peers keep for resending is freed after the clock stopped.
        best = best.min((worked_ns() - began) / u64::from(PACKETS));
        drop(kept);
    }
    best
}

/// Nanoseconds this thread has worked. proc(5), `schedstat`.
fn worked_ns() -> u64 {
    // The account is brought up to date with the clock of the scheduler, or when the thread gives way; one measurement
    // takes less than the one.
    std::thread::yield_now();
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let worked = account.split(' ').next().unwrap_or_default();
    worked.parse().unwrap_or_default()
}

/// Packets sent in one measurement.
const PACKETS: u16 = 1000;
/// Feeds of a room with many.
const MANY: usize = 20;

fn settings(address: &str) -> PeerSettings {
    PeerSettings {
        identity: Identity::new().expect("a certificate can be made"),
        addresses: vec![LocalAddress {
            bound: address.parse().expect("an address"),
            advertised: None,
        }],
        ice_lite: false,
    }
}

fn wish() -> PeerWish {
    PeerWish {
        audio: vec![Codec::Opus],
        video: true,
        prefer_video: None,
        far_video: None,
        leg: None,
    }
}

/// Two peers, connected to each other.
struct Pair {
    peers: [Peer; 2],
    now: Instant,
}

impl Pair {
    fn connected(settings: &[PeerSettings; 2]) -> Self {
        Self::offered(settings, |peer, now, out| peer.offer(now, &wish(), out))
    }

    /// The first feeds the second.
    fn feed(settings: &[PeerSettings; 2]) -> Self {
        let sending = Sending {
            audio: Some(Codec::Opus),
            video: Some(VideoCodec::Vp8),
            layered: false,
        };
        Self::offered(settings, |peer, now, out| {
            peer.offer_feed(now, sending, out)
        })
    }

    fn offered(
        settings: &[PeerSettings; 2],
        offer: impl FnOnce(&mut Peer, Instant, &mut Vec<Happening>) -> Result<String, Refusal>,
    ) -> Self {
        let now = Instant::now();
        let mut pair = Self {
            peers: [0, 1].map(|end| Peer::new(&settings[end], now, 1)),
            now,
        };
        let mut out = Vec::new();
        let offer = offer(&mut pair.peers[0], now, &mut out).expect("an offer");
        pair.carry(0, &mut out);
        let (answer, _) = pair.peers[1]
            .accept(now, &offer, &wish(), &mut out)
            .expect("an answer");
        pair.carry(1, &mut out);
        pair.peers[0]
            .take_answer(now, &answer, &mut out)
            .expect("an agreement");
        let mut connected = pair.carry(0, &mut out);
        while connected < 2 {
            pair.now += Duration::from_millis(10);
            for end in [0, 1] {
                pair.peers[end].timeout(pair.now, &mut out);
                connected += pair.carry(end, &mut out);
            }
        }
        pair
    }

    /// Delivers everything; returns how many ends got connected by it.
    fn carry(&mut self, end: usize, out: &mut Vec<Happening>) -> usize {
        let mut connected = 0;
        let mut waiting: Vec<_> = out.drain(..).map(|happening| (end, happening)).collect();
        waiting.reverse();
        while let Some((end, happening)) = waiting.pop() {
            if happening == Happening::Connected {
                connected += 1;
            }
            if let Happening::Send { from, to, bytes } = happening {
                let mut more = Vec::new();
                self.peers[1 - end].receive(self.now, from, to, &bytes, &mut more);
                waiting.extend(more.into_iter().rev().map(|happening| (1 - end, happening)));
            }
        }
        connected
    }
}

fn picture(sequence: u16) -> VideoPacket {
    VideoPacket {
        format: VideoCodec::Vp8,
        layer: 0,
        ssrc: 1,
        sequence,
        timestamp: u32::from(sequence / 10) * 3000,
        marker: sequence % 10 == 9,
        turned: None,
        payload: Arc::from([0x10; 1000].as_slice()),
    }
}

/// A browser's video as it comes off the wire, and the peers it comes to.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only what is sent counts here"
)]
fn sealed(mut sender: Pair) -> (Pair, Vec<Datagram>) {
    let mut sealed = Vec::new();
    let mut out = Vec::new();
    for n in 0..PACKETS {
        sender.now += Duration::from_millis(1);
        let now = sender.now;
        sender.peers[0].send_video(now, &picture(n), &mut out);
        sealed.extend(out.drain(..).filter_map(|happening| match happening {
            Happening::Send { from, to, bytes } => Some((now, from, to, bytes)),
            _ => None,
        }));
    }
    (sender, sealed)
}

type Datagram = (Instant, SocketAddr, SocketAddr, Vec<u8>);

fn room(settings: &[PeerSettings; 2], viewers: usize) -> Vec<Pair> {
    (0..viewers).map(|_| Pair::feed(settings)).collect()
}

/// Through one peer, and onto the wires of others.
fn forward(
    (mut sender, sealed): (Pair, Vec<Datagram>),
    mut viewers: Vec<Pair>,
) -> (Pair, Vec<Pair>) {
    let (mut out, mut sent) = (Vec::new(), Vec::new());
    let mut forwarded = 0;
    for (now, from, to, bytes) in sealed {
        sender.peers[1].receive(now, from, to, &bytes, &mut out);
        for happening in out.drain(..) {
            if let Happening::Video(packet) = happening {
                for viewer in &mut viewers {
                    let done = viewer.peers[0].send_video(now, &packet, &mut sent);
                    forwarded += usize::from(done == Forwarding::Sent);
                }
            }
        }
        black_box(&sent);
        sent.clear();
    }
    assert_eq!(forwarded, usize::from(PACKETS) * viewers.len());
    (sender, viewers)
}

/// To one and to many; the items are packets forwarded.
#[divan::bench(sample_count = 20, args = [1, MANY])]
fn video_packet(bencher: Bencher<'_, '_>, viewers: usize) {
    let settings = [settings("10.0.0.1:1"), settings("10.0.0.2:2")];
    bencher
        .counter(ItemsCount::new(usize::from(PACKETS) * viewers))
        .with_inputs(|| {
            let sender = Pair::connected(&settings);
            (sealed(sender), room(&settings, viewers))
        })
        .bench_local_values(|(sealed, viewers)| forward(sealed, viewers));
}

/// Both ends from offer to connected, with certificates made before.
#[divan::bench(sample_count = 100)]
fn connection_of_two(bencher: Bencher<'_, '_>) {
    let settings = [settings("10.0.0.1:1"), settings("10.0.0.2:2")];
    bencher.bench_local(|| Pair::connected(&settings));
}
