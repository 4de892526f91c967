//! Against the vectors of the RFCs, and both ends against each other.

use aws_lc_rs::aead;
use proptest::prelude::*;

use super::session::{Nonces, Session, keystream};
use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn master(suite: Suite, fill: u8) -> MasterKey {
    let length = suite.key_bytes() + suite.salt_bytes();
    let bytes: Vec<u8> = (0..length).map(|at| at as u8 ^ fill).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

/// RFC 3711 §B.3.
#[test]
fn session_keys_are_those_of_the_rfc() {
    let master = MasterKey::new(
        Suite::Aes128CmSha1_80,
        &bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"),
    )
    .unwrap();
    let made = |label, length| {
        let mut out = vec![0; length];
        keystream(&master, label, &mut out).unwrap();
        out
    };
    assert_eq!(made(0, 16), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(made(2, 14), bytes("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        made(1, 20),
        bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
}

/// RFC 6188 §7.2.
#[test]
fn session_keys_of_256_bits_are_those_of_the_rfc() {
    let master = MasterKey::new(
        Suite::Aes256CmSha1_80,
        &bytes(
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6
             3b04803de51ee7c96423ab5b78d2",
        ),
    )
    .unwrap();
    let made = |label, length| {
        let mut out = vec![0; length];
        keystream(&master, label, &mut out).unwrap();
        out
    };
    assert_eq!(
        made(0, 32),
        bytes("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4")
    );
    assert_eq!(made(2, 14), bytes("fa31791685ca444a9e07c6c64e93"));
    assert_eq!(
        made(1, 20),
        bytes("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05")
    );
}

/// RFC 7714 §16.1.1, §16.2.1: a session key as it is, without derivation.
#[test]
fn aead_packets_are_those_of_the_rfc() {
    let salt = bytes("517569642070726f2071756f");
    let packet = bytes(
        "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361
         20696e207061727465732074726573",
    );
    for (algorithm, key, body) in [
        (
            &aead::AES_128_GCM,
            "000102030405060708090a0b0c0d0e0f",
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            &aead::AES_256_GCM,
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ] {
        let salt = salt.as_slice().try_into().unwrap();
        let session = Session::gcm(algorithm, &bytes(key), salt).unwrap();
        let nonces = Nonces {
            ssrc: 0x5501_a0b2,
            index: 0xf17b,
        };
        let mut covered = packet.clone();
        covered.resize(packet.len() + 16, 0);
        let (head, rest) = covered.split_at_mut(12);
        let (sealed, tag) = rest.split_at_mut(packet.len() - 12);
        session.seal_rtp(nonces, head, sealed, tag).unwrap();
        assert_eq!(covered[12..], bytes(body));
        let (head, rest) = covered.split_at_mut(12);
        session.open_rtp(nonces, head, rest).unwrap();
        assert_eq!(covered[..packet.len()], packet);
    }
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend(7u32.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn rtcp(ssrc: u32, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(rest);
    packet
}

/// The packet other implementations of RFC 3711 test themselves with, under the keys of §B.3.
#[test]
fn a_packet_is_covered_as_others_cover_it() {
    let master = MasterKey::new(
        Suite::Aes128CmSha1_80,
        &bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6"),
    )
    .unwrap();
    let mut packet = bytes("800f1234decafbadcafebabe abababababababababababababababab");
    assert!(Sender::new(master).unwrap().seal_rtp(&mut packet, 0));
    let covered =
        bytes("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    assert_eq!(packet, covered);
}

#[test]
fn every_suite_brings_packets_over() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        // Past a wrap of the sequence number.
        for at in 0..40u16 {
            let plain = rtp(65_520u16.wrapping_add(at), 9, &[at as u8; 160]);
            // Something stands in front, as other datagrams do in the buffer.
            let mut wire = vec![1, 2, 3];
            wire.extend(&plain);
            assert!(sender.seal_rtp(&mut wire, 3));
            assert_eq!(wire[..3], [1, 2, 3]);
            assert_ne!(wire[15..175], plain[12..], "{suite:?}");
            assert_eq!(wire.len(), 3 + plain.len() + suite.rtp_tag_bytes());
            assert_eq!(receiver.open_rtp(&mut wire[3..]).unwrap(), plain);
            let plain = rtcp(9, &[at as u8; 20]);
            let mut wire = plain.clone();
            assert!(sender.seal_rtcp(&mut wire, 0));
            assert_ne!(wire[8..28], plain[8..]);
            assert_eq!(wire.len(), plain.len() + 4 + suite.rtcp_tag_bytes());
            assert_eq!(receiver.open_rtcp(&mut wire).unwrap(), plain);
        }
    }
}

fn ends(suite: Suite) -> (Sender, Receiver) {
    let key = master(suite, 0);
    (Sender::new(key).unwrap(), Receiver::new(key).unwrap())
}

#[test]
fn what_came_before_or_was_changed_is_refused() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        let mut wire = rtp(1, 9, &[5; 160]);
        assert!(sender.seal_rtp(&mut wire, 0));
        for at in 0..wire.len() {
            let mut changed = wire.clone();
            changed[at] ^= 1;
            assert!(receiver.open_rtp(&mut changed).is_none(), "{suite:?} {at}");
        }
        assert!(receiver.open_rtp(&mut wire.clone()).is_some());
        assert!(receiver.open_rtp(&mut wire).is_none(), "it came before");
        let mut wire = rtcp(9, &[5; 20]);
        assert!(sender.seal_rtcp(&mut wire, 0));
        for at in 0..wire.len() {
            let mut changed = wire.clone();
            changed[at] ^= 1;
            assert!(receiver.open_rtcp(&mut changed).is_none(), "{suite:?} {at}");
        }
        assert!(receiver.open_rtcp(&mut wire.clone()).is_some());
        assert!(receiver.open_rtcp(&mut wire).is_none(), "it came before");
    }
}

#[test]
fn another_key_opens_nothing() {
    for suite in Suite::ALL {
        let mut sender = Sender::new(master(suite, 1)).unwrap();
        let mut receiver = Receiver::new(master(suite, 2)).unwrap();
        let mut wire = rtp(1, 9, &[5; 160]);
        assert!(sender.seal_rtp(&mut wire, 0));
        assert!(receiver.open_rtp(&mut wire).is_none());
        let mut wire = rtcp(9, &[5; 20]);
        assert!(sender.seal_rtcp(&mut wire, 0));
        assert!(receiver.open_rtcp(&mut wire).is_none());
    }
}

#[test]
fn packets_in_another_order_across_a_wrap_are_known() {
    let (mut sender, mut receiver) = ends(Suite::Aes128CmSha1_80);
    let mut wires: Vec<Vec<u8>> = [65_534u16, 65_535, 0, 1]
        .map(|sequence| {
            let mut wire = rtp(sequence, 9, &[1; 20]);
            assert!(sender.seal_rtp(&mut wire, 0));
            wire
        })
        .into();
    wires.swap(1, 2);
    for mut wire in wires {
        assert!(receiver.open_rtp(&mut wire).is_some());
    }
}

#[test]
fn a_key_is_not_printed() {
    let printed = format!("{:?}", master(Suite::Aes128CmSha1_80, 0));
    assert_eq!(printed, "MasterKey(Aes128CmSha1_80)");
}

proptest! {
    /// Whatever comes, nothing panics and nothing is taken for genuine.
    #[test]
    fn anything_is_refused(mut datagram in proptest::collection::vec(any::<u8>(), 0..300)) {
        for suite in Suite::ALL {
            let (_, mut receiver) = ends(suite);
            prop_assert!(receiver.open_rtp(&mut datagram).is_none());
            prop_assert!(receiver.open_rtcp(&mut datagram).is_none());
            let (mut sender, _) = ends(suite);
            let _sealed = sender.seal_rtp(&mut datagram, 0);
            let _sealed = sender.seal_rtcp(&mut datagram, 0);
            datagram.truncate(300);
        }
    }
}
