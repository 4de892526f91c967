//! One datagram on an audio port, and the digits it may carry.
#![no_main]

use media::rtp::telephone_event::Payload;
use media::rtp::{JitterBuffer, Packet, Reception};

libfuzzer_sys::fuzz_target!(|datagrams: Vec<&[u8]>| {
    let mut reception = Reception::new(8000);
    let mut jitter = JitterBuffer::new(8, 20);
    for (index, datagram) in datagrams.iter().enumerate() {
        let now_us = index as u64 * 20_000;
        if let Some(packet) = Packet::parse(datagram) {
            assert!(packet.payload.len() <= datagram.len());
            let _ = Payload::parse(packet.payload);
            reception.measure(packet.timestamp, now_us);
            if let media::rtp::reception::Arrival::Part(sequence) =
                reception.arrive(packet.ssrc, packet.sequence)
            {
                jitter.insert(now_us, sequence, packet.payload_type, packet.payload);
            }
        }
        let _ = jitter.next(now_us);
    }
});
