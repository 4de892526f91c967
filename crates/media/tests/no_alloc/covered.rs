//! A bridge of two legs with encrypted sound, and an echo of one.

use media::control::LegProtection;
use media::srtp::{MasterKey, Receiver, Sender, Suite};

use super::*;

fn key(suite: Suite, fill: u8) -> MasterKey {
    let bytes = [fill; MasterKey::MAX_BYTES];
    MasterKey::new(suite, &bytes[..suite.key_bytes() + suite.salt_bytes()]).expect("of that length")
}

#[test]
fn covering_and_uncovering_allocate_nothing() {
    for suite in Suite::ALL {
        let mut line = Line::new(4);
        let spec = CodecSpec::pcmu();
        let mut senders = Vec::new();
        let mut receivers = Vec::new();
        // Two are relayed to each other, the third is encoded and hears itself.
        for id in 1..=3u8 {
            let leg = LegId(id.into());
            line.phone(leg, spec);
            let (send, receive) = (key(suite, id), key(suite, id + 10));
            let protection = LegProtection::Srtp { send, receive };
            line.command(MediaCommand::Protect { leg, protection });
            senders.push(Sender::new(receive).unwrap());
            receivers.push(Receiver::new(send).unwrap());
        }
        let (a, b) = (LegId(1), LegId(2));
        line.command(MediaCommand::Bridge { a, b });
        line.command(MediaCommand::Echo {
            leg: LegId(3),
            delay: Some(media::control::EchoDelay::default()),
        });
        let mut datagram = Vec::with_capacity(400);
        let mut opened = 0;
        let mut tick = |line: &mut Line, n: u16, opened: &mut u64| {
            let mut read = |out: &Output| {
                for (sent, bytes) in out.datagrams() {
                    let mut copy = [0; 400];
                    let copy = &mut copy[..bytes.len()];
                    copy.copy_from_slice(bytes);
                    let receiver = &mut receivers[sent.leg.0 as usize - 1];
                    let plain = match sent.port {
                        Port::Rtcp => receiver.open_rtcp(copy),
                        Port::Rtp | Port::Web | Port::Unicast => receiver.open_rtp(copy),
                    };
                    *opened += u64::from(plain.is_some());
                }
            };
            let now = line.now();
            for (sender, id) in senders.iter_mut().zip(1u32..) {
                let packet = Packet {
                    marker: false,
                    payload_type: 0,
                    sequence: n,
                    timestamp: u32::from(n) * 160,
                    ssrc: id,
                    payload: &[],
                };
                datagram.clear();
                datagram.extend_from_slice(&packet.header());
                datagram.extend_from_slice(&[0xd5; 160]);
                assert!(sender.seal_rtp(&mut datagram, 0));
                let leg = LegId(id.into());
                line.engine.receive(
                    now,
                    leg,
                    Port::Rtp,
                    remote(leg),
                    &mut datagram,
                    &mut line.out,
                );
            }
            line.ms += 20;
            line.engine.tick(line.now(), &mut line.out);
            read(&line.out);
            line.out.clear();
        };
        for n in 0..50 {
            tick(&mut line, n, &mut opened);
        }
        opened = 0;
        COUNT.with(|count| count.set(Some(0)));
        for n in 50..1050 {
            tick(&mut line, n, &mut opened);
        }
        let counted = COUNT.with(|count| count.replace(None));
        assert_eq!(
            counted,
            Some(0),
            "allocations and frees in 1,000 ticks of {suite:?}"
        );
        // Sound of three, and reports.
        assert!(opened > 3000, "{opened} datagrams of {suite:?} can be read");
    }
}
