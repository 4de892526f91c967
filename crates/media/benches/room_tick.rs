//! One tick of a conference in which everybody talks: jitter buffers, mix, encoding. The figure to
//! compare is the time divided by the members.

use divan::Bencher;
use jackfield_media as media;
use media::control::{CodecSpec, LegId, MediaCommand, MemberSettings, RoomId};
use media::rtp::Packet;
use media::{Port, level};

mod studio;

fn main() {
    divan::main();
}

#[divan::bench(args = [3, 20, 100, 300])]
fn everybody_talks(bencher: Bencher<'_, '_>, members: u64) {
    let mut studio = studio::legs(members, CodecSpec::pcmu());
    let room = RoomId(1);
    studio.command(MediaCommand::OpenRoom {
        room,
        rate_hz: 8000,
    });
    for leg in 1..=members {
        let settings = MemberSettings::default();
        studio.command(MediaCommand::JoinRoom {
            room,
            leg: LegId(leg),
            settings,
        });
    }
    let mut payload = vec![0; 160];
    media::codec::g711::ulaw_encode(&level::sine(8000, 400.0, -20.0, 160), &mut payload);
    let mut number = 0u64;
    bencher.bench_local(|| {
        number += 1;
        let now = studio.at_ms(number * 20);
        for leg in 1..=members {
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence: number as u16,
                timestamp: number as u32 * 160,
                ssrc: 7,
                payload: &[],
            };
            let mut datagram = [0; 172];
            datagram[..12].copy_from_slice(&packet.header());
            datagram[12..].copy_from_slice(&payload);
            let leg = LegId(leg);
            studio.engine.receive(
                now,
                leg,
                Port::Rtp,
                studio::remote(leg),
                &mut datagram,
                &mut studio.out,
            );
        }
        studio.engine.tick(now, &mut studio.out);
        studio.out.clear();
    });
}
