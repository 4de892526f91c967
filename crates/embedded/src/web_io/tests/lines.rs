//! The video of phones, which are sockets here.

use std::net::{SocketAddr, UdpSocket};

use media::control::{Asking, VideoCodec, VideoSpec};
use media::rtp::rtcp::write;

use super::*;

/// A phone with a camera: a pair of ports.
struct Phone {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Where our line is.
    line: SocketAddr,
    payload_type: u8,
}

impl Phone {
    /// Opens a line and describes it with a phone whose pictures have that payload type.
    fn new(stage: &mut Stage, peer: PeerId, payload_type: u8, asking: Asking) -> Self {
        let bind = "127.0.0.1".parse().unwrap();
        stage.post(WebCommand::OpenLine { peer, bind });
        let WebReport::LineOpened { peer: of, local } = stage.report(&mut []) else {
            panic!("no line")
        };
        assert_eq!(of, peer);
        let [rtp, rtcp] = [(); 2].map(|()| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        let spec = VideoSpec {
            remote: rtp.local_addr().unwrap(),
            rtcp: rtcp.local_addr().unwrap(),
            codec: VideoCodec::Vp8,
            send_payload_type: payload_type,
            receive_payload_type: payload_type,
            direction: Direction::SendRecv,
            asking,
        };
        stage.post(WebCommand::DescribeLine { peer, spec });
        Self {
            rtp,
            rtcp,
            line: local,
            payload_type,
        }
    }

    /// Shows a whole picture.
    fn show(&self, sequence: u16) {
        let packet = rtp(
            self.payload_type,
            sequence,
            u32::from(sequence) * 3000,
            &[0x10, 0x50, 1],
        );
        self.rtp.send_to(&packet, self.line).unwrap();
    }

    fn lost_a_picture(&self) {
        let mut bytes = Vec::new();
        write::report(1, None, None, &mut bytes);
        write::picture_loss(1, 0, &mut bytes);
        let to = SocketAddr::new(self.line.ip(), self.line.port() + 1);
        self.rtcp.send_to(&bytes, to).unwrap();
    }

    /// Whether it has been asked for a whole picture by RTCP.
    fn is_asked(&self) -> bool {
        let mut buffer = [0; 1500];
        let mut asked = false;
        while let Ok((length, _)) = self.rtcp.recv_from(&mut buffer) {
            // A report and a name, then the request: RFC 4585 §6.1.
            asked |= buffer[..length].windows(2).any(|pair| pair == [0x81, 206]);
        }
        asked
    }

    /// Sequence numbers of what it sees, each with its own payload type.
    fn seen(&self) -> Vec<u16> {
        let mut buffer = [0; 1500];
        let mut seen = Vec::new();
        while let Ok((length, from)) = self.rtp.recv_from(&mut buffer) {
            assert_eq!(from, self.line);
            let packet = Packet::parse(&buffer[..length]).unwrap();
            assert_eq!(packet.payload_type, self.payload_type);
            seen.push(packet.sequence);
        }
        seen
    }
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn two_phones_see_each_other_under_their_own_numbers() {
    let mut stage = Stage::new(true, 1);
    let (a, b) = (PeerId(1), PeerId(2));
    let one = Phone::new(&mut stage, a, 96, Asking::PictureLoss);
    let two = Phone::new(&mut stage, b, 104, Asking::Signalled);
    stage.post(WebCommand::LinkVideo { a, b });
    // The second one is asked through its signalling, the first as soon as there is somebody to ask.
    assert_eq!(stage.report(&mut []), WebReport::PictureWanted { peer: b });
    for n in 0..50 {
        one.show(n);
        two.show(n);
    }
    for phone in [&one, &two] {
        let mut seen = Vec::new();
        wait("pictures arrive", || {
            seen.extend(phone.seen());
            seen.len() >= 50
        });
        let first = seen[0];
        let expected: Vec<u16> = (0..50).map(|n| first.wrapping_add(n)).collect();
        assert_eq!(seen, expected);
    }
    one.is_asked();
    two.lost_a_picture();
    wait("the other one is asked", || one.is_asked());
    // As when it asks through its signalling.
    stage.post(WebCommand::AskForPicture { peer: b });
    wait("and again", || one.is_asked());
    assert_eq!(stage.web.counters().lines.get(), 2);
    let before = stage.media.ports().available();
    for peer in [a, b] {
        stage.post(WebCommand::Close { peer });
    }
    wait("the ports are free", || {
        stage.media.ports().available() == before + 2
    });
}

#[test]
fn a_browser_and_a_phone_see_each_other() {
    let mut stage = Stage::new(true, 1);
    let (a, b) = (PeerId(1), PeerId(2));
    let wanted = PeerWish {
        far_video: Some(vec![VideoCodec::Vp8]),
        ..wish(Codec::Pcmu, true, None)
    };
    let (mut browser, agreed) = stage.call(a, wanted);
    assert_eq!(agreed.video, Some(VideoCodec::Vp8));
    let phone = Phone::new(&mut stage, b, 97, Asking::PictureLoss);
    stage.post(WebCommand::LinkVideo { a, b });
    let mut seen = Vec::new();
    let mut n = 0;
    until(&mut browser, |browser| {
        browser.show(n);
        phone.show(n);
        n += 1;
        seen.extend(phone.seen());
        seen.len() >= 50 && browser.seen.len() >= 50
    });
    assert!(
        browser
            .seen
            .iter()
            .all(|packet| packet.format == VideoCodec::Vp8)
    );
    let before = browser.keyframes_wanted;
    phone.lost_a_picture();
    until(&mut browser, |browser| browser.keyframes_wanted > before);
    phone.is_asked();
    until(&mut browser, |browser| {
        browser.want_keyframe();
        phone.is_asked()
    });
}

#[test]
fn lines_come_without_browsers_and_not_twice() {
    let prepared = Prepared::new(None).unwrap();
    let config = MediaConfig {
        port_range: 24_000..=24_001,
        seed: Some(1),
        ..MediaConfig::default()
    };
    let (media, media_reports, lanes) =
        MediaThreads::start_with(config, Some(prepared.waker())).unwrap();
    let (web, reports) = prepared.start(lanes, media.ports()).unwrap();
    let mut stage = Stage {
        web,
        reports,
        media,
        media_reports,
    };
    let peer = PeerId(1);
    let wish = wish(Codec::Pcmu, false, None);
    stage.post(WebCommand::Offer { peer, wish });
    let refused = |report| matches!(report, WebReport::Refused { .. });
    assert!(refused(stage.report(&mut [])), "no browsers are expected");
    let phone = Phone::new(&mut stage, peer, 96, Asking::PictureLoss);
    assert_eq!(phone.line.port(), 24_000);
    for peer in [peer, PeerId(2)] {
        let bind = phone.line.ip();
        stage.post(WebCommand::OpenLine { peer, bind });
        assert!(
            refused(stage.report(&mut [])),
            "the name is taken; no ports are left"
        );
    }
}
