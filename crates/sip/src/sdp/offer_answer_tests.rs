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

fn video(formats: &[(u8, &str, Option<&str>)]) -> LocalMedia {
    let codecs = formats.iter().map(|(number, name, fmtp)| LocalCodec {
        codec: Codec {
            fmtp: fmtp.map(str::to_owned),
            ..codec(*number, name, 90_000)
        },
        auxiliary: false,
    });
    LocalMedia {
        kind: "video".into(),
        address: "192.0.2.10:4002".parse().unwrap(),
        codecs: codecs.collect(),
        ptime_ms: None,
        attributes: vec![Attribute::new("rtcp-fb", "* nack pli")],
        ..audio(&[])
    }
}

const MODE_1: &str = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";

#[test]
fn pictures_are_agreed_beside_sound_and_end_without_it() {
    let mut caller = side();
    let both = [
        audio(&[(0, "PCMU")]),
        video(&[(100, "VP8", None), (105, "H264", Some(MODE_1))]),
    ];
    let offer = caller.offer(&both);
    assert_eq!(
        (offer.media[1].port, offer.media[1].formats.len()),
        (4002, 2)
    );
    let h264 = "m=audio 1 RTP/AVP 0\r\nm=video 8 RTP/AVP 97\r\nb=AS:384\r\na=rtpmap:97 H264/90000\r\n\
                a=fmtp:97 profile-level-id=42801f;packetization-mode=1\r\na=rtcp-fb:97 nack pli\r\n";
    let agreed = caller.accept(&phone(h264)).unwrap();
    let pictures = agreed.beside("video").unwrap();
    let numbers = |view: &Agreed| {
        (
            view.codecs[0].send_payload_type,
            view.codecs[0].receive_payload_type,
        )
    };
    assert_eq!(numbers(pictures), (97, 105));
    assert_eq!(pictures.feedback, ["97 nack pli"]);
    assert_eq!(pictures.bandwidth, Some(384_000));
    // Refused, left out, packed another way: a call of sound.
    for lines in [
        "m=audio 1 RTP/AVP 0\r\nm=video 0 RTP/AVP 97\r\n",
        "m=audio 1 RTP/AVP 0\r\n",
        "m=audio 1 RTP/AVP 0\r\nm=video 8 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n",
    ] {
        let agreed = caller.accept(&phone(lines)).unwrap();
        assert_eq!(
            (agreed.kind.as_str(), agreed.beside.len()),
            ("audio", 0),
            "{lines}"
        );
    }
    let without = caller.offer(&both[0]);
    assert_eq!((without.media.len(), without.media[1].port), (2, 0));
    let again = caller.offer(&both);
    assert_eq!((again.media.len(), again.media[1].port), (2, 4002));
}

#[test]
fn an_offer_of_pictures_is_answered_with_one_way_of_coding_them() {
    let ours = [
        audio(&[(0, "PCMU")]),
        video(&[(105, "H264", Some(MODE_1)), (100, "VP8", None)]),
    ];
    let offer = "m=video 8 RTP/AVPF 99 98 97\r\na=rtpmap:99 H264/90000\r\na=rtpmap:98 VP8/90000\r\n\
                 a=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=428014;packetization-mode=1\r\n\
                 m=audio 1 RTP/AVP 0\r\nm=video 10 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\n";
    let (answer, agreed) = side()
        .answer(&phone(offer), &ours, CodecOrder::Remote)
        .unwrap();
    assert_eq!(agreed.kind, "audio");
    let chosen: Vec<_> = answer
        .media
        .iter()
        .map(|line| (line.port, line.formats.join(" ")))
        .collect();
    assert_eq!(
        chosen,
        [(4002, "98".into()), (4000, "0".into()), (0, "98".into())]
    );
    assert_eq!(answer.media[0].protocol, "RTP/AVPF");
    let (answer, agreed) = side()
        .answer(&phone(offer), &ours, CodecOrder::Local)
        .unwrap();
    assert_eq!(
        answer.media[0].formats,
        ["97"],
        "the one that is packed as ours"
    );
    assert_eq!(
        answer.media[0].attribute("fmtp"),
        Some("97 profile-level-id=428014;packetization-mode=1")
    );
    assert_eq!(
        agreed.beside("video").unwrap().codecs[0].remote.name,
        "H264"
    );
    // Pictures alone are no call.
    let alone = phone("m=video 8 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\n");
    let refused = side().answer(&alone, &ours, CodecOrder::Remote);
    assert_eq!(refused, Err(AnswerError::NoCommonCodec));
}
