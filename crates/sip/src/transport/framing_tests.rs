use super::*;

const ONE: &str = "OPTIONS sip:h SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 5\r\n\r\nhello";
const TWO: &str = "OPTIONS sip:h SIP/2.0\nCall-ID: 2\n\n";

fn drain(framer: &mut Framer) -> Vec<String> {
    let mut frames = Vec::new();
    loop {
        match framer.next_frame() {
            Ok(Some(Frame::Message(message))) => {
                frames.push(format!("{}:{}", message.call_id(), message.body().len()))
            }
            Ok(Some(Frame::Ping)) => frames.push("ping".into()),
            Ok(Some(Frame::Pong)) => frames.push("pong".into()),
            Ok(None) => return frames,
            Err(error) => {
                frames.push(error.to_string());
                return frames;
            }
        }
    }
}

#[test]
fn however_the_bytes_arrive_the_frames_are_the_same() {
    let stream = format!("{ONE}\r\n\r\n{TWO}{ONE}\r\n");
    for size in [1, 2, 3, 7, 50, stream.len()] {
        let mut framer = Framer::new();
        let mut frames = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            framer.push(piece);
            frames.extend(drain(&mut framer));
        }
        framer.push(TWO.as_bytes());
        frames.extend(drain(&mut framer));
        assert_eq!(
            frames,
            ["1:5", "ping", "2:0", "1:5", "pong", "2:0"],
            "pieces of {size}"
        );
        assert!(!framer.is_mid_message());
    }
}

#[test]
fn a_wrong_length_is_answerable_once_and_then_the_stream_is_over() {
    for length in ["-1", "70000", "abc"] {
        let mut framer = Framer::new();
        framer.push(
            format!("OPTIONS sip:h SIP/2.0\r\nCall-ID: 1\r\nContent-Length: {length}\r\n\r\n{ONE}")
                .as_bytes(),
        );
        let first = framer.next_frame().unwrap();
        assert!(
            matches!(first, Some(Frame::Message(message)) if message.check().is_err_and(|refusal| refusal.code == 400))
        );
        assert_eq!(framer.next_frame().map(|_| ()), Err(FrameError::OutOfStep));
    }
}

#[test]
fn noise_and_endless_heads_end_the_stream() {
    for (bytes, error) in [
        (&b"\x16\x03\x01\x02\x00"[..], FrameError::NotSip),
        (b"GET / HTTP/1.1\r\n\r\n", FrameError::NotSip),
        (&[b'a'; MAX_HEAD + 1], FrameError::TooLong),
        (&b"x: y\r\n".repeat(MAX_HEAD / 4), FrameError::TooLong),
    ] {
        let mut framer = Framer::new();
        framer.push(bytes);
        assert_eq!(framer.next_frame().map(|_| ()), Err(error));
        assert_eq!(framer.next_frame().map(|_| ()), Err(FrameError::OutOfStep));
        assert!(
            !framer.is_mid_message(),
            "nothing is kept of a broken stream"
        );
    }
}

#[test]
fn a_body_beyond_the_limit_is_not_awaited() {
    let mut framer = Framer::new();
    framer.push(b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 65530\r\n\r\n");
    assert_eq!(framer.next_frame().map(|_| ()), Err(FrameError::TooLong));
}
