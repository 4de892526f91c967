use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Plays a list of (arrival in ms, sequence) through a buffer that is asked every 20 ms; returns what
/// was played: `Some(first byte)`, or `None` for a concealed or silent tick.
fn play(arrivals: &[(u64, u64)], ticks: u64) -> (Vec<Option<u8>>, JitterBuffer) {
    let mut buffer = JitterBuffer::new(480, 20);
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by_key(|a| a.0);
    let mut coming = arrivals.into_iter().peekable();
    let mut heard = Vec::new();
    for tick in 0..ticks {
        let now = tick * 20 + 10;
        while let Some((at, sequence)) = coming.next_if(|a| a.0 <= now) {
            buffer.observe(at * 1000, sequence * 20_000);
            buffer.insert(at * 1000, 1000 + sequence, 0, &[sequence as u8; 160]);
        }
        heard.push(match buffer.next(now * 1000) {
            Next::Packet { payload, .. } => Some(payload[0]),
            Next::Lost | Next::Dry | Next::Silence => None,
        });
    }
    (heard, buffer)
}

fn played(heard: &[Option<u8>]) -> Vec<u8> {
    heard.iter().flatten().copied().collect()
}

#[test]
fn an_even_stream_plays_whole_after_one_packet_of_delay() {
    let arrivals: Vec<_> = (0..100).map(|n| (n * 20, n)).collect();
    let (heard, buffer) = play(&arrivals, 103);
    assert_eq!(played(&heard), (0..100).collect::<Vec<u8>>());
    assert!(heard.iter().position(Option::is_some).unwrap() <= 2);
    assert_eq!((buffer.late, buffer.overflows), (0, 0));
    assert_eq!(buffer.target_ms(), 20);
}

#[test]
fn reordered_and_doubled_packets_play_once_and_in_order() {
    let mut arrivals: Vec<_> = (0..50).map(|n| (n * 20, n)).collect();
    for pair in arrivals.chunks_mut(10) {
        let (a, b) = (pair[3].0, pair[4].0);
        pair[3].0 = b;
        pair[4].0 = a;
    }
    arrivals.push((210, 10));
    let (heard, _) = play(&arrivals, 60);
    assert_eq!(played(&heard), (0..50).collect::<Vec<u8>>());
}

#[test]
fn a_hole_is_told_as_lost_exactly_once() {
    let mut buffer = JitterBuffer::new(480, 20);
    for sequence in [1, 2, 4] {
        buffer.insert(0, 70_000 + sequence, 3, &[sequence as u8]);
    }
    let at = 1_000_000;
    assert_eq!(
        buffer.next(at),
        Next::Packet {
            format: 3,
            payload: &[1]
        }
    );
    assert_eq!(
        buffer.next(at),
        Next::Packet {
            format: 3,
            payload: &[2]
        }
    );
    assert_eq!(buffer.next(at), Next::Lost);
    assert_eq!(
        buffer.next(at),
        Next::Packet {
            format: 3,
            payload: &[4]
        }
    );
    assert_eq!(buffer.next(at), Next::Dry);
    assert!(!buffer.insert(at, 70_003, 3, &[3]));
    assert_eq!(buffer.late, 1);
}

#[test]
fn event_packets_leave_no_hole_and_end_in_silence() {
    let mut buffer = JitterBuffer::new(480, 20);
    buffer.insert(0, 70_000, 0, &[1]);
    buffer.skip(0, 70_001);
    buffer.skip(0, 70_002);
    assert_eq!(
        buffer.next(1_000_000),
        Next::Packet {
            format: 0,
            payload: &[1]
        }
    );
    assert_eq!(buffer.next(1_000_000), Next::Silence);
    assert_eq!(buffer.next(1_000_000), Next::Silence);
}

#[test]
fn the_delay_grows_with_jitter_and_nearly_everything_plays() {
    let mut rng = StdRng::seed_from_u64(11);
    let arrivals: Vec<_> = (0..2000u64)
        .map(|n| (n * 20 + rng.random_range(0..70), n))
        .collect();
    let (heard, buffer) = play(&arrivals, 2020);
    assert!(
        (60..=110).contains(&buffer.target_ms()),
        "{}",
        buffer.target_ms()
    );
    let missed = 2000 - played(&heard).len();
    assert!(missed < 60, "{missed} of 2000 missed");
}

#[test]
fn a_burst_larger_than_the_buffer_keeps_the_newest() {
    let mut buffer = JitterBuffer::new(480, 20);
    for sequence in 0..60u64 {
        buffer.insert(0, 70_000 + sequence, 0, &[sequence as u8]);
    }
    assert_eq!(buffer.overflows, 35);
    assert_eq!(
        buffer.next(1_000_000),
        Next::Packet {
            format: 0,
            payload: &[35]
        }
    );
}

#[test]
fn too_much_held_for_a_second_is_told_once() {
    let mut buffer = JitterBuffer::new(480, 20);
    for sequence in 0..30u64 {
        buffer.observe(sequence * 20_000, sequence * 20_000);
        buffer.insert(sequence * 20_000, 70_000 + sequence, 0, &[0]);
    }
    buffer.next(600_000);
    let told = (0..EXCESS_TICKS).filter(|_| buffer.is_excessive(0)).count();
    assert_eq!(told, 1);
}

#[test]
fn a_payload_longer_than_sixty_milliseconds_is_refused() {
    let mut buffer = JitterBuffer::new(480, 20);
    assert!(!buffer.insert(0, 70_000, 0, &[0; 481]));
    assert_eq!(buffer.next(1_000_000), Next::Silence);
}

#[test]
fn any_order_of_numbers_keeps_the_count_of_what_is_held() {
    let mut rng = StdRng::seed_from_u64(3);
    let mut buffer = JitterBuffer::new(480, 20);
    for step in 0..20_000u64 {
        let base = 70_000 + step / 3;
        buffer.insert(step * 7_000, base + rng.random_range(0..40), 0, &[1]);
        if rng.random_bool(0.4) {
            buffer.next(step * 7_000);
        }
        let held = buffer
            .slots
            .iter()
            .filter(|slot| slot.sequence != 0)
            .count();
        assert_eq!(held, buffer.held);
    }
}
