//! Cost of writing one event of 70 headers, in the three formats.

use jackfield_esl::{Format, Headers, serialise};

fn main() {
    divan::main();
}

/// The shape of a CHANNEL_EXECUTE of a SIP leg: core headers, channel data, variables.
fn event() -> Headers {
    let mut event = Headers::with_capacity(70);
    event.push("Event-Name", "CHANNEL_EXECUTE");
    event.push("Event-Date-Local", "2025-01-21 10:00:00");
    event.push("Channel-Name", "sofia/internal/1000@10.0.0.5");
    event.push("Unique-ID", "6f0c2f0e-9a0f-4d5c-8f3a-0f8f4c1d2e3f");
    for index in 0..30 {
        event.push(format!("Caller-Field-{index}"), "1737453599100000");
    }
    for index in 0..36 {
        event.push(
            format!("variable_name_{index}"),
            "sip:1000@10.0.0.77:5060;transport=udp",
        );
    }
    event
}

#[divan::bench(args = ["plain", "json", "xml"])]
fn esl_encode(bencher: divan::Bencher<'_, '_>, word: &str) {
    let event = event();
    let format = Format::from_word(word).expect("one of the three words");
    bencher.bench_local(|| serialise::frame(format, divan::black_box(&event)));
}
