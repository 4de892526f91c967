use super::super::parse;
use super::*;

fn codec(payload_type: u8, name: &str, clock_rate: u32) -> Codec {
    Codec {
        payload_type,
        name: name.into(),
        clock_rate,
        channels: 1,
        fmtp: None,
    }
}

fn audio(names: &[(u8, &str)]) -> LocalMedia {
    let codecs = names
        .iter()
        .map(|(number, name)| LocalCodec {
            codec: codec(*number, name, 8000),
            auxiliary: *name == "telephone-event",
        })
        .collect();
    LocalMedia {
        kind: "audio".into(),
        protocol: "RTP/AVP".into(),
        address: "192.0.2.10:4000".parse().unwrap(),
        codecs,
        direction: Direction::SendRecv,
        ptime_ms: Some(20),
        attributes: Vec::new(),
    }
}

fn side() -> OfferAnswer {
    OfferAnswer::new("Jackfield", "Jackfield", 7, 100)
}

fn phone(text: &str) -> SessionDescription {
    parse(
        format!(
            "v=0\r\no=p 1 1 IN IP4 192.0.2.77\r\ns=p\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\n{text}"
        )
        .as_bytes(),
    )
    .unwrap()
}

#[test]
fn two_sides_agree_and_each_knows_the_numbers_of_the_other() {
    let (mut caller, mut callee) = (side(), side());
    let offer = caller.offer(&audio(&[
        (0, "PCMU"),
        (8, "PCMA"),
        (101, "telephone-event"),
    ]));
    let (answer, callee_view) = callee
        .answer(
            &offer,
            &audio(&[(8, "PCMA"), (96, "telephone-event")]),
            CodecOrder::Remote,
        )
        .unwrap();
    assert_eq!(
        answer.media[0].formats,
        ["8", "101"],
        "the answer speaks the offerer's numbers"
    );
    let caller_view = caller.accept(&answer).unwrap();
    let numbers = |view: &Agreed| -> Vec<_> {
        view.codecs
            .iter()
            .map(|c| (c.send_payload_type, c.receive_payload_type))
            .collect()
    };
    assert_eq!(numbers(&callee_view), [(8, 8), (101, 101)]);
    assert_eq!(numbers(&caller_view), [(8, 8), (101, 101)]);
    assert_eq!(callee_view.remote.to_string(), "192.0.2.10:4000");
}

#[test]
fn the_order_asked_for_chooses_the_codec() {
    let offer = phone("m=audio 9000 RTP/AVP 0 8\r\n");
    let local = audio(&[(8, "PCMA"), (0, "PCMU")]);
    let first = |order| {
        side().answer(&offer, &local, order).unwrap().0.media[0]
            .formats
            .clone()
    };
    assert_eq!(first(CodecOrder::Remote), ["0"]);
    assert_eq!(first(CodecOrder::Local), ["8"]);
}

#[test]
fn lines_we_do_not_want_are_refused_in_their_place() {
    let offer =
        phone("m=video 9002 RTP/AVP 31\r\nm=audio 9000 RTP/AVP 0\r\nm=audio 9004 RTP/AVP 0\r\n");
    let (answer, agreed) = side()
        .answer(&offer, &audio(&[(0, "PCMU")]), CodecOrder::Remote)
        .unwrap();
    let ports: Vec<_> = answer
        .media
        .iter()
        .map(|line| (line.kind.as_str(), line.port))
        .collect();
    assert_eq!(ports, [("video", 0), ("audio", 4000), ("audio", 0)]);
    assert_eq!(agreed.index, 1);
}

#[test]
fn nothing_in_common_is_an_error() {
    let local = audio(&[(0, "PCMU"), (101, "telephone-event")]);
    for lines in [
        "m=audio 9000 RTP/AVP 8\r\n",
        "m=video 9000 RTP/AVP 31\r\n",
        "m=audio 0 RTP/AVP 0\r\n",
        "",
        "m=audio 9000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        "m=audio 9000 RTP/SAVP 0\r\n",
    ] {
        assert_eq!(
            side().answer(&phone(lines), &local, CodecOrder::Remote),
            Err(AnswerError::NoCommonCodec),
            "{lines}"
        );
    }
    let mut caller = side();
    assert_eq!(
        caller.accept(&phone("m=audio 1 RTP/AVP 0\r\n")),
        Err(AnswerError::DoesNotFit)
    );
    caller.offer(&local);
    assert_eq!(
        caller.accept(&phone("m=audio 0 RTP/AVP 0\r\n")),
        Err(AnswerError::NoCommonCodec)
    );
    assert_eq!(caller.accept(&phone("")), Err(AnswerError::DoesNotFit));
}

#[test]
fn every_way_of_holding_is_understood() {
    let local = audio(&[(0, "PCMU")]);
    for (lines, direction, held) in [
        ("m=audio 9000 RTP/AVP 0\r\n", Direction::SendRecv, false),
        (
            "m=audio 9000 RTP/AVP 0\r\na=sendonly\r\n",
            Direction::RecvOnly,
            true,
        ),
        (
            "m=audio 9000 RTP/AVP 0\r\na=inactive\r\n",
            Direction::Inactive,
            true,
        ),
        (
            "m=audio 9000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
            Direction::RecvOnly,
            true,
        ),
        (
            "m=audio 9000 RTP/AVP 0\r\na=recvonly\r\n",
            Direction::SendOnly,
            false,
        ),
    ] {
        let (answer, agreed) = side()
            .answer(&phone(lines), &local, CodecOrder::Remote)
            .unwrap();
        assert_eq!(
            (agreed.direction, agreed.held_by_peer),
            (direction, held),
            "{lines}"
        );
        assert_eq!(answer.direction_of(&answer.media[0]), direction, "{lines}");
    }
}

#[test]
fn versions_grow_with_changes_only_and_lines_keep_their_places() {
    let offer = phone("m=video 9002 RTP/AVP 31\r\nm=audio 9000 RTP/AVP 0\r\n");
    let mut local = audio(&[(0, "PCMU")]);
    let mut side = side();
    let first = side.answer(&offer, &local, CodecOrder::Remote).unwrap().0;
    let again = side.answer(&offer, &local, CodecOrder::Remote).unwrap().0;
    assert_eq!((first.origin.version, again.origin.version), (100, 100));
    local.direction = Direction::SendOnly;
    let hold = side.offer(&local);
    assert_eq!((hold.origin.version, hold.origin.id.as_str()), (101, "7"));
    let ports: Vec<_> = hold.media.iter().map(|line| line.port).collect();
    assert_eq!(ports, [0, 4000]);
    assert_eq!(hold.direction_of(&hold.media[1]), Direction::SendOnly);
}

#[test]
fn events_with_another_clock_than_the_audio_are_left_out() {
    let offer = phone(
        "m=audio 9000 RTP/AVP 0 96 101\r\na=rtpmap:96 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    let mut local = audio(&[(0, "PCMU"), (101, "telephone-event")]);
    local.codecs.push(LocalCodec {
        codec: codec(102, "telephone-event", 48000),
        auxiliary: true,
    });
    let (answer, _) = side().answer(&offer, &local, CodecOrder::Remote).unwrap();
    assert_eq!(answer.media[0].formats, ["0", "101"]);
}

#[test]
fn an_offer_with_feedback_is_answered_in_its_own_words() {
    let local = audio(&[(0, "PCMU")]);
    let offer = phone("m=audio 9000 RTP/AVPF 0\r\n");
    let (answer, _) = side().answer(&offer, &local, CodecOrder::Remote).unwrap();
    assert_eq!(answer.media[0].protocol, "RTP/AVPF");
    let secure = phone("m=audio 9000 RTP/SAVPF 0\r\n");
    assert_eq!(
        side().answer(&secure, &local, CodecOrder::Remote),
        Err(AnswerError::NoCommonCodec)
    );
}
