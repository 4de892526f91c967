//! Covering and uncovering a packet of 20 ms G.711: what encrypted sound costs a leg, for each packet sent and for each
//! packet received.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jackfield_media as media;
use media::rtp::Packet;
use media::srtp::{MasterKey, Receiver, Sender, Suite};

fn main() {
    divan::main();
}

/// Packets of one round: making a round is not measured.
const PACKETS: u16 = 1000;

fn key(suite: Suite) -> MasterKey {
    let bytes = [0x5a; MasterKey::MAX_BYTES];
    MasterKey::new(suite, &bytes[..suite.key_bytes() + suite.salt_bytes()]).expect("of that length")
}

fn packet(sequence: u16) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 7,
        payload: &[],
    };
    let mut bytes = Vec::with_capacity(200);
    bytes.extend_from_slice(&packet.header());
    bytes.extend_from_slice(&[0xd5; 160]);
    bytes
}

#[divan::bench(args = Suite::ALL)]
fn protect(bencher: Bencher<'_, '_>, suite: Suite) {
    bencher
        .counter(ItemsCount::new(usize::from(PACKETS)))
        .with_inputs(|| {
            let packets: Vec<_> = (0..PACKETS).map(packet).collect();
            (Sender::new(key(suite)).expect("a key"), packets)
        })
        .bench_local_refs(|(sender, packets)| {
            for packet in packets {
                assert!(black_box(sender.seal_rtp(packet, 0)));
            }
        });
}

#[divan::bench(args = Suite::ALL)]
fn unprotect(bencher: Bencher<'_, '_>, suite: Suite) {
    bencher
        .counter(ItemsCount::new(usize::from(PACKETS)))
        .with_inputs(|| {
            let mut sender = Sender::new(key(suite)).expect("a key");
            let mut packets: Vec<_> = (0..PACKETS).map(packet).collect();
            for packet in &mut packets {
                assert!(sender.seal_rtp(packet, 0));
            }
            (Receiver::new(key(suite)).expect("a key"), packets)
        })
        .bench_local_refs(|(receiver, packets)| {
            for packet in packets {
                assert!(black_box(receiver.open_rtp(packet)).is_some());
            }
        });
}
