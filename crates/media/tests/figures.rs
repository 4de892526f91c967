//! What a leg tells about the packets of its phone, which the last events of a call repeat.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{Codec, LegId, MediaCommand};
use studio::{Network, Studio};

/// A phone that says something for so many seconds to another one.
fn said(studio: &mut Studio, other: Codec, seconds: u64) -> (LegId, LegId) {
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(other));
    studio.command(MediaCommand::Bridge { a, b });
    studio.at(a).say(440.0, -10.0);
    studio.run(seconds * 1000);
    (a, b)
}

#[test]
fn an_even_stream_has_no_flaw() {
    let mut studio = Studio::new(1);
    let (a, b) = said(&mut studio, Codec::Pcma, 10);
    let counted = studio.stats(a);
    assert_eq!(
        (counted.interval_us, counted.variance_us2),
        (20_000, (0, 0))
    );
    assert_eq!((counted.missing_in_bursts, counted.events_in), (0, 0));
    assert_eq!(counted.measured, counted.packets_in);
    assert!(counted.empty_ticks <= 1, "{counted:?}");
    assert!((1..=2).contains(&counted.largest_buffer), "{counted:?}");
    // The other one says nothing.
    let silent = studio.stats(b);
    assert_eq!((silent.empty_ticks, silent.measured), (500, 0));
}

#[test]
fn keys_are_counted_apart() {
    // Passed on as they came, and made anew.
    for other in [Codec::Pcmu, Codec::Pcma] {
        let mut studio = Studio::new(2);
        let (a, b) = said(&mut studio, other, 2);
        studio.at(a).press('5', 200);
        studio.run(2_000);
        let (from, to) = (studio.stats(a), studio.stats(b));
        assert!((8..=16).contains(&from.events_in), "{from:?}");
        assert!((8..=16).contains(&to.events_out), "{to:?}");
        assert_eq!(from.measured + from.events_in, from.packets_in);
    }
}

#[test]
fn a_rough_network_shows() {
    let mut studio = Studio::new(3);
    // Too little for one packet to overtake another.
    studio.network = Network {
        loss: 0.1,
        jitter_ms: 15,
        duplicates: 0.0,
    };
    let (a, _) = said(&mut studio, Codec::Pcma, 60);
    let counted = studio.stats(a);
    let (least, most) = counted.variance_us2;
    // Each delay is one of sixteen whole milliseconds: 21.25 ms², and the difference of two twice that.
    assert!(
        (20_000_000..42_500_000).contains(&least) && (42_500_001..80_000_000).contains(&most),
        "{counted:?}"
    );
    assert!(
        (19_900..=20_100).contains(&counted.interval_us),
        "{counted:?}"
    );
    assert!(counted.largest_buffer >= 2, "{counted:?}");
    // Of a hundred lost packets nineteen are beside another one.
    let share = counted.missing_in_bursts * 100 / counted.lost;
    assert!((10..=30).contains(&share), "{counted:?}");
}
