#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use rtcp_types::{Compound, Packet as Rtcp};

use super::*;
use crate::control::{Direction, VideoCodec};

const PHONE: &str = "192.0.2.7:6000";
const ELSEWHERE: &str = "198.51.100.9:6000";
const WHOLE: &[u8] = &[0x10, 0x50, 0x01];
const PREDICTED: &[u8] = &[0x10, 0x51, 0x01];

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn spec(asking: Asking) -> VideoSpec {
    VideoSpec {
        remote: at(PHONE),
        rtcp: at("192.0.2.7:6001"),
        codec: VideoCodec::Vp8,
        send_payload_type: 100,
        receive_payload_type: 96,
        direction: Direction::SendRecv,
        asking,
    }
}

struct Stand {
    line: VideoLine,
    start: Instant,
    out: Vec<LineHappening>,
    refused: usize,
}

impl Stand {
    fn new(asking: Asking) -> Self {
        let start = Instant::now();
        let mut line = VideoLine::new(start, 7 << 32, 1);
        line.describe(start, spec(asking));
        Self {
            line,
            start,
            out: Vec::new(),
            refused: 0,
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// The phone sends; what the others get of it.
    fn heard(
        &mut self,
        ms: u64,
        from: &str,
        pt: u8,
        sequence: u16,
        payload: &[u8],
    ) -> Option<VideoPacket> {
        let packet = Packet {
            marker: true,
            payload_type: pt,
            sequence,
            timestamp: u32::from(sequence) * 3000,
            ssrc: 0xf0e,
            payload,
        };
        let datagram = [&packet.header()[..], payload].concat();
        let now = self.at(ms);
        let taken = self.line.receive(now, at(from), &datagram, &mut self.out);
        self.refused += usize::from(!taken);
        self.out.drain(..).find_map(|happening| match happening {
            LineHappening::Video(packet) => Some(packet),
            _ => None,
        })
    }

    fn feedback(&mut self, ms: u64, from: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        rtcp::write::report(9, None, None, &mut bytes);
        write(&mut bytes);
        let now = self.at(ms);
        self.line.receive_rtcp(now, at(from), &bytes, &mut self.out);
    }

    /// Somebody's packet for the phone: what became of it, and its number, timestamp and marker on the wire.
    fn shown(
        &mut self,
        ms: u64,
        ssrc: u32,
        sequence: u16,
        payload: &[u8],
    ) -> (Forwarding, Option<(u16, u32, bool)>) {
        let packet = VideoPacket {
            format: VideoCodec::Vp8,
            layer: 0,
            ssrc,
            sequence,
            timestamp: u32::from(sequence) * 3000,
            marker: false,
            turned: None,
            payload: Arc::from(payload),
        };
        let now = self.at(ms);
        let sent = self.line.send(now, &packet, &mut self.out);
        let numbers = self.out.iter().find_map(|happening| match happening {
            LineHappening::SendRtp { to, bytes } if *to == at(PHONE) => {
                let packet = Packet::parse(bytes).unwrap();
                assert_eq!(
                    (packet.payload_type, packet.ssrc),
                    (100, self.line.sending.ssrc())
                );
                assert_eq!(packet.payload, payload);
                Some((packet.sequence, packet.timestamp, packet.marker))
            }
            _ => None,
        });
        (sent, numbers)
    }

    /// Requests for whole pictures the phone gets by RTCP, by what they name.
    fn asked(&mut self) -> Vec<u32> {
        let wire = self.out.drain(..).filter_map(|happening| match happening {
            LineHappening::SendRtcp { to, bytes } => {
                assert_eq!(to, at("192.0.2.7:6001"));
                Some(bytes)
            }
            _ => None,
        });
        let mut asked = Vec::new();
        for bytes in wire {
            for packet in Compound::parse(&bytes).unwrap() {
                if let Rtcp::PayloadFeedback(feedback) = packet.unwrap() {
                    if feedback.parse_fci::<rtcp_types::Pli<'_>>().is_ok() {
                        asked.push(feedback.media_ssrc());
                    } else {
                        let fir = feedback.parse_fci::<rtcp_types::Fir<'_>>().unwrap();
                        asked.extend(fir.entries().map(|entry| entry.ssrc()));
                    }
                }
            }
        }
        asked
    }
}

#[test]
fn what_the_phone_sends_is_passed_on_and_nobody_elses() {
    let mut stand = Stand::new(Asking::PictureLoss);
    let packet = stand.heard(0, PHONE, 96, 65_535, WHOLE).unwrap();
    assert_eq!(
        (packet.format, packet.sequence, packet.marker),
        (VideoCodec::Vp8, 65_535, true)
    );
    assert!(stand.heard(1, PHONE, 96, 0, PREDICTED).is_some());
    assert_eq!(
        stand.heard(2, PHONE, 96, 0, PREDICTED),
        None,
        "it came before"
    );
    assert_eq!(
        stand.heard(3, PHONE, 97, 1, PREDICTED),
        None,
        "nobody agreed on that"
    );
    assert_eq!(
        stand.heard(4, ELSEWHERE, 96, 1, PREDICTED),
        None,
        "the phone is not there"
    );
    assert_eq!(stand.refused, 2);
    // It rebooted behind its NAT.
    assert!(stand.heard(2000, ELSEWHERE, 96, 1, PREDICTED).is_some());
}

#[test]
fn nothing_is_known_before_something_is_agreed() {
    let start = Instant::now();
    let mut line = VideoLine::new(start, 0, 1);
    let mut out = Vec::new();
    assert!(!line.receive(start, at(PHONE), &[0x80; 20], &mut out));
    line.ask_for_picture(start, &mut out);
    line.timeout(start + Duration::from_secs(60), &mut out);
    line.close(&mut out);
    assert_eq!((out.len(), line.due()), (0, None));
}

#[test]
fn the_phone_sees_one_stream_whoever_is_shown_to_it() {
    let mut stand = Stand::new(Asking::PictureLoss);
    let (_, first) = stand.shown(0, 1, 500, WHOLE);
    let (sequence, stamp, marker) = first.unwrap();
    assert!(!marker, "the marker ends pictures, and this one goes on");
    stand.out.clear();
    let (_, second) = stand.shown(33, 1, 501, PREDICTED);
    assert_eq!(
        second,
        Some((sequence.wrapping_add(1), stamp.wrapping_add(3000), false))
    );
    stand.out.clear();
    // Somebody else: nothing before a whole picture, which is asked for once in a while.
    stand.line.expect_new_video();
    assert_eq!(stand.shown(40, 2, 9, PREDICTED), (Forwarding::Held, None));
    assert_eq!(stand.out, [LineHappening::PictureWanted]);
    assert_eq!(stand.shown(50, 2, 10, PREDICTED), (Forwarding::Held, None));
    assert_eq!(stand.out.len(), 1);
    let (_, third) = stand.shown(133, 2, 11, WHOLE);
    assert_eq!(
        third,
        Some((
            sequence.wrapping_add(2),
            stamp.wrapping_add(3000 + 9000),
            false
        ))
    );
}

#[test]
fn on_hold_nothing_goes_out_and_afterwards_a_whole_picture_first() {
    let mut stand = Stand::new(Asking::PictureLoss);
    stand.shown(0, 1, 500, WHOLE);
    stand.out.clear();
    let held = VideoSpec {
        direction: Direction::Inactive,
        ..spec(Asking::PictureLoss)
    };
    stand.line.describe(stand.at(10), held);
    assert_eq!(stand.shown(20, 1, 501, PREDICTED), (Forwarding::Held, None));
    assert_eq!(stand.heard(20, PHONE, 96, 1, WHOLE), None);
    assert!(!stand.line.watches());
    stand.line.describe(stand.at(30), spec(Asking::PictureLoss));
    assert_eq!(stand.shown(40, 1, 502, PREDICTED).0, Forwarding::Held);
    assert_eq!(stand.shown(50, 1, 503, WHOLE).0, Forwarding::Sent);
}

#[test]
fn a_phone_is_asked_by_rtcp_where_it_says_so_and_not_too_often() {
    for (asking, numbers) in [(Asking::PictureLoss, 1), (Asking::FullIntra, 1)] {
        let mut stand = Stand::new(asking);
        stand.line.ask_for_picture(stand.at(0), &mut stand.out);
        assert_eq!(stand.asked(), [], "it has sent nothing yet");
        stand.heard(1000, PHONE, 96, 1, PREDICTED);
        for ms in 1001..1200 {
            let now = stand.at(ms);
            stand.line.ask_for_picture(now, &mut stand.out);
        }
        assert_eq!(stand.asked(), vec![0xf0e; numbers]);
        assert_eq!(stand.line.due(), Some(stand.at(1301)));
        stand.line.timeout(stand.at(1301), &mut stand.out);
        assert_eq!(stand.asked(), [0xf0e], "the last wish is not lost");
    }
}

#[test]
fn a_phone_without_feedback_is_asked_through_its_signalling() {
    let mut stand = Stand::new(Asking::Signalled);
    for ms in [0, 500, 900] {
        let now = stand.at(ms);
        stand.line.ask_for_picture(now, &mut stand.out);
    }
    assert_eq!(stand.out, [LineHappening::AskBySignalling]);
    stand.line.timeout(stand.at(1000), &mut stand.out);
    assert_eq!(
        stand.out,
        [
            LineHappening::AskBySignalling,
            LineHappening::AskBySignalling
        ]
    );
}

#[test]
fn the_phone_asks_for_whole_pictures_itself() {
    let mut stand = Stand::new(Asking::PictureLoss);
    stand.feedback(0, PHONE, |bytes| rtcp::write::picture_loss(9, 0, bytes));
    stand.feedback(1, PHONE, |bytes| {
        rtcp::write::full_intra_request(9, 5, 1, bytes)
    });
    assert_eq!(
        stand.out,
        [LineHappening::PictureWanted, LineHappening::PictureWanted]
    );
    stand.feedback(2, ELSEWHERE, |bytes| rtcp::write::picture_loss(9, 0, bytes));
    stand.feedback(3, PHONE, |_| {});
    assert_eq!(stand.out.len(), 2);
}

#[test]
fn reports_say_what_came_and_what_went() {
    let mut stand = Stand::new(Asking::PictureLoss);
    stand.shown(0, 1, 1, WHOLE);
    stand.heard(0, PHONE, 96, 1, WHOLE);
    stand.heard(0, PHONE, 96, 3, WHOLE);
    stand.out.clear();
    let due = stand.line.due().unwrap();
    assert!(due <= stand.at(5000));
    stand.line.timeout(due, &mut stand.out);
    let Some(LineHappening::SendRtcp { bytes, .. }) = stand.out.pop() else {
        panic!("no report")
    };
    let Some(Ok(Rtcp::Sr(report))) = Compound::parse(&bytes).unwrap().next() else {
        panic!("no sender report")
    };
    assert_eq!((report.packet_count(), report.octet_count()), (1, 3));
    let seconds = (due - stand.start).as_secs();
    assert_eq!(report.ntp_timestamp() >> 32, 7 + seconds);
    let block = report.report_blocks().next().unwrap();
    assert_eq!((block.ssrc(), block.cumulative_lost()), (0xf0e, 1));
    stand.line.close(&mut stand.out);
    assert!(matches!(&stand.out[..], [LineHappening::SendRtcp { .. }]));
}
