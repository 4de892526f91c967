//! A packet through a bridge of two legs with the same codec: what the switch adds to the two system
//! calls. The bar for the whole, system calls included, is 3 µs.

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::Port;
use media::control::{CodecSpec, LegId};
use media::rtp::Packet;

mod studio;

fn main() {
    divan::main();
}

#[divan::bench(args = [2, 200, 2000])]
fn packet(bencher: Bencher<'_, '_>, legs: u64) {
    let mut studio = studio::bridged(legs, CodecSpec::pcmu());
    let mut sequence = 0u32;
    bencher.bench_local(|| {
        sequence = sequence.wrapping_add(1);
        let leg = LegId(u64::from(sequence) % legs + 1);
        let number = u64::from(sequence) / legs;
        let mut datagram = [0xd5; 172];
        let packet = Packet {
            marker: false,
            payload_type: 0,
            sequence: number as u16,
            timestamp: number as u32 * 160,
            ssrc: 7,
            payload: &[],
        };
        datagram[..12].copy_from_slice(&packet.header());
        let now = studio.at_ms(number * 20);
        studio.engine.receive(
            now,
            leg,
            Port::Rtp,
            studio::remote(leg),
            &mut datagram,
            &mut studio.out,
        );
        assert_eq!(black_box(studio.out.datagram_count()), 1);
        studio.out.clear_datagrams();
    });
}
