//! Compound RTCP packets of a peer.
#![no_main]

use media::rtp::rtcp::Control;
use rand::SeedableRng;

libfuzzer_sys::fuzz_target!(|packets: Vec<&[u8]>| {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let mut control = Control::new(0, &mut rng);
    for (index, bytes) in packets.iter().enumerate() {
        let now_us = index as u64 * 1_000_000;
        control.receive(now_us, now_us << 12, 0x5eed, 8000, bytes);
    }
});
