//! Legs with encrypted sound: what passes between two keys, and what strangers send.

mod studio;

use std::net::SocketAddr;

use jackfield_media as media;
use media::control::{Codec, LegId, LegProtection, LegSpec, MediaCommand, OpusSending};
use media::rtp::Packet;
use media::rtp::packet::is_rtcp;
use media::srtp::{MasterKey, Receiver, Sender, Suite};
use media::{Output, Port};
use studio::{Studio, agreed};

const STRANGER: &str = "203.0.113.5:9";

fn key(suite: Suite, fill: u8) -> MasterKey {
    let bytes = [fill; MasterKey::MAX_BYTES];
    MasterKey::new(suite, &bytes[..suite.key_bytes() + suite.salt_bytes()]).expect("of that length")
}

/// A phone that does SRTP itself, on a leg of the studio.
struct Secure {
    leg: LegId,
    sender: Sender,
    receiver: Receiver,
    sequence: u16,
}

impl Secure {
    /// `keys`: fill of what we send and what the phone sends.
    fn new(studio: &mut Studio, suite: Suite, keys: [u8; 2]) -> Self {
        let leg = studio.phone_with(|leg| LegSpec {
            symmetric: true,
            ..agreed(leg, Codec::Pcmu, OpusSending::default())
        });
        studio.at(leg).hush();
        let [send, receive] = keys.map(|fill| key(suite, fill));
        protect(studio, leg, LegProtection::Srtp { send, receive });
        Self {
            leg,
            sender: Sender::new(receive).expect("a key"),
            receiver: Receiver::new(send).expect("a key"),
            sequence: 100,
        }
    }

    /// The next packet it sends, covered.
    fn packet(&mut self, fill: u8) -> Vec<u8> {
        self.sequence += 1;
        let mut bytes = clear(self.sequence, fill);
        assert!(self.sender.seal_rtp(&mut bytes, 0));
        bytes
    }
}

fn clear(sequence: u16, fill: u8) -> Vec<u8> {
    let packet = Packet {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 7,
        payload: &[],
    };
    let mut bytes = packet.header().to_vec();
    bytes.extend([fill; 160]);
    bytes
}

fn protect(studio: &mut Studio, leg: LegId, protection: LegProtection) {
    studio.command(MediaCommand::Protect { leg, protection });
}

/// Gives the engine a datagram; returns what it sends because of it.
fn deliver(
    studio: &mut Studio,
    leg: LegId,
    port: Port,
    from: SocketAddr,
    bytes: &[u8],
) -> Vec<(LegId, SocketAddr, Vec<u8>)> {
    let now = studio.now();
    let mut out = Output::new();
    studio
        .engine
        .receive(now, leg, port, from, &mut bytes.to_vec(), &mut out);
    out.datagrams()
        .map(|(datagram, bytes)| (datagram.leg, datagram.to, bytes.to_vec()))
        .collect()
}

fn home(leg: LegId) -> SocketAddr {
    studio::phone::address(leg)
}

fn bridged(a: Suite, b: Suite) -> (Studio, Secure, Secure) {
    let mut studio = Studio::new(11);
    let a = Secure::new(&mut studio, a, [1, 2]);
    let b = Secure::new(&mut studio, b, [3, 4]);
    studio.command(MediaCommand::Bridge { a: a.leg, b: b.leg });
    (studio, a, b)
}

#[test]
fn what_comes_under_one_key_goes_on_under_another() {
    for (first, second) in Suite::ALL.into_iter().zip(Suite::ALL.into_iter().rev()) {
        let (mut studio, mut a, mut b) = bridged(first, second);
        for fill in 1..50 {
            let packet = a.packet(fill);
            let mut sent = deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &packet);
            let (to, _, bytes) = &mut sent[0];
            assert_eq!(*to, b.leg);
            let plain = b.receiver.open_rtp(bytes).expect("it is for the phone");
            assert_eq!(plain[12..], [fill; 160]);
        }
    }
}

#[test]
fn a_leg_in_the_clear_hears_one_that_is_not() {
    let (mut studio, mut a, b) = bridged(Suite::Aes128CmSha1_80, Suite::Aes128CmSha1_80);
    protect(&mut studio, b.leg, LegProtection::Plain);
    let packet = a.packet(5);
    let sent = deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &packet);
    assert_eq!(sent[0].2[12..], [5; 160]);
    let sent = deliver(&mut studio, b.leg, Port::Rtp, home(b.leg), &clear(1, 6));
    let mut bytes = sent[0].2.clone();
    assert_ne!(bytes[12..172], [6; 160]);
    assert_eq!(a.receiver.open_rtp(&mut bytes).unwrap()[12..], [6; 160]);
}

#[test]
fn what_strangers_send_is_dropped_and_counted() {
    let (mut studio, mut a, _b) = bridged(Suite::Aes128CmSha1_80, Suite::AeadAes128Gcm);
    let stranger: SocketAddr = STRANGER.parse().unwrap();
    let refused = |studio: &mut Studio, leg, from, bytes: &[u8]| {
        let before = studio.stats(leg).refused;
        assert!(deliver(studio, leg, Port::Rtp, from, bytes).is_empty());
        studio.stats(leg).refused == before + 1
    };
    // In the clear, before the phone was heard: nobody becomes the phone that way.
    assert!(refused(&mut studio, a.leg, stranger, &clear(1, 9)));
    let first = a.packet(1);
    assert_eq!(
        deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &first).len(),
        1
    );
    // Again, by the phone's network and by a stranger who has seen it.
    assert!(refused(&mut studio, a.leg, home(a.leg), &first));
    assert!(refused(&mut studio, a.leg, stranger, &first));
    // Genuine, from a third address while the phone talks.
    let second = a.packet(2);
    assert!(refused(&mut studio, a.leg, stranger, &second));
    // Changed on its way, cut short, and anything.
    let third = a.packet(3);
    let mut changed = third.clone();
    changed[40] ^= 1;
    assert!(refused(&mut studio, a.leg, home(a.leg), &changed));
    for length in 0..third.len() {
        deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &third[..length]);
        deliver(
            &mut studio,
            a.leg,
            Port::Rtcp,
            home(a.leg),
            &third[..length],
        );
    }
    // The phone is heard all the same, and still where it was.
    let sent = deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &third);
    assert_eq!(sent.len(), 1);
    studio.run(40);
    assert!(studio.stats(a.leg).packets_in == 2);
}

#[test]
fn reports_are_covered_and_forged_ones_are_refused() {
    let mut studio = Studio::new(12);
    let mut a = Secure::new(&mut studio, Suite::AeadAes256Gcm, [1, 2]);
    // A receiver report of the phone: it heard all.
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
    let forged = report.clone();
    assert!(a.sender.seal_rtcp(&mut report, 0));
    let before = studio.stats(a.leg);
    deliver(&mut studio, a.leg, Port::Rtcp, home(a.leg), &forged);
    let after = studio.stats(a.leg);
    assert_eq!(
        (after.refused, after.rtcp_in),
        (before.refused + 1, before.rtcp_in)
    );
    deliver(&mut studio, a.leg, Port::Rtcp, home(a.leg), &report);
    let heard = studio.stats(a.leg);
    assert_eq!(
        (heard.refused, heard.rtcp_in),
        (after.refused, after.rtcp_in + 1)
    );
    deliver(&mut studio, a.leg, Port::Rtcp, home(a.leg), &report);
    assert_eq!(
        studio.stats(a.leg).refused,
        heard.refused + 1,
        "it came before"
    );
    // Ours: within ten seconds one is due, and only the phone can read it.
    let mut out = Output::new();
    let own = (1..600u64).find_map(|tick| {
        let at = studio.now() + std::time::Duration::from_millis(tick * 20);
        out.clear();
        studio.engine.tick(at, &mut out);
        let mut sent = out.datagrams();
        sent.find_map(|(_, bytes)| is_rtcp(bytes).then(|| bytes.to_vec()))
    });
    let mut own = own.expect("a report of ours");
    let plain = a
        .receiver
        .open_rtcp(&mut own)
        .expect("covered under our key");
    assert!([200, 201].contains(&plain[1]));
}

#[test]
fn a_key_that_stays_goes_on_and_a_new_one_is_taken() {
    let (mut studio, mut a, mut b) = bridged(Suite::Aes128CmSha1_80, Suite::Aes128CmSha1_80);
    let suite = Suite::Aes128CmSha1_80;
    let first = a.packet(1);
    assert_eq!(
        deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &first).len(),
        1
    );
    // A hold: the same keys again. What came before is still known.
    let (send, receive) = (key(suite, 1), key(suite, 2));
    protect(&mut studio, a.leg, LegProtection::Srtp { send, receive });
    assert!(deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &first).is_empty());
    // The phone takes another key: the old one is worth nothing any more.
    let old = a.packet(2);
    protect(
        &mut studio,
        a.leg,
        LegProtection::Srtp {
            send,
            receive: key(suite, 9),
        },
    );
    assert!(deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &old).is_empty());
    a.sender = Sender::new(key(suite, 9)).unwrap();
    let new = a.packet(3);
    let mut sent = deliver(&mut studio, a.leg, Port::Rtp, home(a.leg), &new);
    assert_eq!(b.receiver.open_rtp(&mut sent[0].2).unwrap()[12..], [3; 160]);
}
