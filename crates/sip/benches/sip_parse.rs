//! Cost of reading an INVITE: the whole message, with Via, From, To and CSeq typed.
//! The bar is 2.7 µs, what the best existing parser needs for the same.

use bytes::Bytes;
use divan::{Bencher, black_box};
use jackfield_sip::message::parse_datagram;

const INVITE: &str = "INVITE sip:9196@192.0.2.10 SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.77:5062;rport;branch=z9hG4bK1ca7K971SHDcm\r\n\
Via: SIP/2.0/UDP 10.0.0.4:5060;branch=z9hG4bK776asdhds;received=192.0.2.4\r\n\
Max-Forwards: 70\r\n\
From: \"Extension 1000\" <sip:1000@192.0.2.10>;tag=3re8tjX3m7mKg\r\n\
To: <sip:9196@192.0.2.10>\r\n\
Call-ID: 44d4c51f-5ff9-1240-cb9d-d94593bfd862\r\n\
CSeq: 123060947 INVITE\r\n\
Contact: <sip:1000@192.0.2.77:5062;transport=udp>\r\n\
User-Agent: Phone 5.0.2\r\n\
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY\r\n\
Supported: timer, path, replaces\r\n\
Allow-Events: talk, hold, conference, refer\r\n\
Content-Type: application/sdp\r\n\
Content-Disposition: session\r\n\
Content-Length: 137\r\n\
X-FS-Support: update_display,send_info\r\n\
\r\n\
v=0\r\no=- 1795198363 1795198364 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 31116 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn main() {
    divan::main();
}

#[divan::bench]
fn invite_with_typed_headers(bencher: Bencher<'_, '_>) {
    let bytes = Bytes::from_static(INVITE.as_bytes());
    bencher.bench(|| {
        let message =
            parse_datagram(black_box(&bytes).clone()).expect("the message is well formed");
        let via = message.via().map(|via| via.branch().len());
        let from = message.from().and_then(|from| from.tag()).map(str::len);
        let to = message.to().map(|to| to.uri.len());
        let cseq = message.cseq().map(|cseq| cseq.number);
        black_box((via, from, to, cseq))
    });
}

#[divan::bench]
fn invite_with_all_checks(bencher: Bencher<'_, '_>) {
    let bytes = Bytes::from_static(INVITE.as_bytes());
    bencher.bench(|| {
        let message =
            parse_datagram(black_box(&bytes).clone()).expect("the message is well formed");
        message.check().expect("the message is well formed");
        message
    });
}

#[divan::bench]
fn description(bencher: Bencher<'_, '_>) {
    let body = parse_datagram(INVITE.as_bytes())
        .expect("the message is well formed")
        .body();
    bencher.bench(|| {
        jackfield_sip::sdp::parse(black_box(&body)).expect("the description is well formed")
    });
}
