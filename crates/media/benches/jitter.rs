//! A packet into the jitter buffer and out of it again.

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::rtp::JitterBuffer;

fn main() {
    divan::main();
}

#[divan::bench]
fn insert_and_next(bencher: Bencher<'_, '_>) {
    let mut buffer = JitterBuffer::new(480, 20);
    let payload = [0xd5; 160];
    let mut number = 100_000u64;
    bencher.bench_local(|| {
        number += 1;
        let now_us = number * 20_000;
        buffer.observe(now_us, now_us);
        buffer.insert(now_us, number, 0, &payload);
        black_box(buffer.next(now_us));
    });
}
