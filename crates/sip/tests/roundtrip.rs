//! Whatever is printed is read back, and nothing that arrives makes the readers panic.

#![allow(clippy::unwrap_used, reason = "a test may fail here")]

use bytes::Bytes;
use jackfield_sip::message::{MessageWriter, Method, is_header_value, parse_datagram};
use jackfield_sip::sdp;
use jackfield_sip::transport::Framer;
use proptest::collection::vec;
use proptest::prelude::*;

/// Header values as they may be printed: no line breaks, no blanks around them.
fn value() -> impl Strategy<Value = String> {
    "[ -~äöü€]{0,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("printable", |text| is_header_value(text))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn headers_keep_their_order_and_bytes(
        headers in vec(("X-[a-zA-Z0-9-]{1,12}", value()), 0..20),
        body in vec(any::<u8>(), 0..200),
    ) {
        let mut writer = MessageWriter::request(&Method::Message, "sip:a@h");
        for (name, value) in &headers {
            writer.named(name, value);
        }
        let printed = writer.finish_with("application/octet-stream", &body);
        let read = parse_datagram(printed.clone()).unwrap();
        let found: Vec<_> = read.headers().map(|h| (h.raw_name.to_owned(), h.value.to_owned())).take(headers.len()).collect();
        prop_assert_eq!(found, headers);
        prop_assert_eq!(&read.body()[..], &body[..]);
        prop_assert_eq!(read.as_bytes(), &printed);
    }

    #[test]
    fn noise_is_survived(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(message) = parse_datagram(bytes.clone()) {
            look(&message);
        }
        drop(sdp::parse(&bytes));
        let mut framer = Framer::new();
        framer.push(&bytes);
        while let Ok(Some(_)) = framer.next_frame() {}
    }

    #[test]
    fn damaged_messages_are_survived(at in 0_usize..700, with in vec(any::<u8>(), 0..4), cut in 0_usize..8) {
        let mut bytes = include_bytes!("torture/wsinv.dat").to_vec();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with);
        if let Ok(message) = parse_datagram(Bytes::from(bytes)) {
            look(&message);
            if let Some(body) = message.sdp() {
                drop(sdp::parse(&body));
            }
        }
    }

    #[test]
    fn descriptions_are_read_back(port in 1_u16.., payload in 0_u8..128, name in "[a-zA-Z0-9-]{1,12}", rate in 1_u32..200_000) {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP {payload}\r\na=rtpmap:{payload} {name}/{rate}\r\n"
        );
        let read = sdp::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(&read.print()[..], text.as_bytes());
        let codec = &read.media[0].codecs()[0];
        prop_assert_eq!((codec.payload_type, codec.name.as_str(), codec.clock_rate), (payload, name.as_str(), rate));
    }
}

/// Uses every typed view.
fn look(message: &jackfield_sip::message::Message) {
    let _views = (
        message.check(),
        message.via(),
        message.from(),
        message.to(),
        message.contact(),
        message.cseq(),
        message.sdp(),
    );
    for header in message.headers() {
        assert!(!header.value.contains('\n'));
    }
}
