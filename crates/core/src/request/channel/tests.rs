use api::command::leg::{PhoneEvent, SendText, SetJitterBuffer};
use api::{ChannelId, CommandError, ErrorKind};
use media::control::MediaCommand;
use sip::message::{Message, Method};

use crate::rig::Rig;
use crate::web::tests::foreign::{SERVER, phone_sdp};

/// A phone in a call.
fn phone() -> (Rig, ChannelId) {
    let mut rig = Rig::new();
    let (id, _) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &phone_sdp("0"));
    rig.sent();
    rig.commands.clear();
    (rig, id)
}

/// The request of that kind a phone was sent.
fn sent(rig: &mut Rig, method: &Method) -> Option<Message> {
    let sent = rig.take_sent();
    sent.into_iter().find(|one| one.method() == Some(method))
}

#[test]
fn a_phone_is_sent_texts_within_its_call() {
    let (mut rig, channel) = phone();
    let text = |channel: &ChannelId| SendText {
        channel: channel.clone(),
        text: "hello there".into(),
    };
    rig.get(text(&channel)).unwrap();
    let message = sent(&mut rig, &Method::Message).expect("a MESSAGE");
    assert_eq!(&message.body()[..], b"hello there");
    assert_eq!(message.header_named("Content-Type"), Some("text/plain"));
    let nobody = rig.park("null/x");
    let error = rig.get(text(&nobody)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSupported);
}

#[test]
fn a_phone_is_told_to_talk_and_to_hold() {
    let (mut rig, channel) = phone();
    let tell = |rig: &mut Rig, channel: &ChannelId, event: &str| {
        let (channel, event) = (channel.clone(), event.into());
        rig.get(PhoneEvent { channel, event }).map(drop)
    };
    for event in ["talk", "hold"] {
        tell(&mut rig, &channel, event).unwrap();
        let notify = sent(&mut rig, &Method::Notify).expect("a NOTIFY");
        assert_eq!(notify.header_named("Event"), Some(event));
        assert_eq!(notify.header_named("Subscription-State"), Some("active"));
    }
    // No header of the asker's own gets in.
    tell(&mut rig, &channel, "talk\r\nX: y").unwrap_err();
    tell(&mut rig, &channel, "").unwrap_err();
    assert!(sent(&mut rig, &Method::Notify).is_none());
    let nobody = rig.park("null/x");
    assert_eq!(tell(&mut rig, &nobody, "talk"), Ok::<_, CommandError>(()));
}

#[test]
fn only_what_comes_over_a_network_waits_in_a_jitter_buffer() {
    let (mut rig, channel) = phone();
    let leg = rig.leg_of(&channel);
    for (asked, told) in [
        (Some((60, 200)), Some((60, 200))),
        (Some((60, 9000)), Some((60, MediaCommand::MAX_DELAY_MS))),
        (None, None),
    ] {
        let channel = channel.clone();
        rig.get(SetJitterBuffer { channel, ms: asked }).unwrap();
        let order = MediaCommand::BoundDelay { leg, ms: told };
        assert_eq!(rig.commands.last(), Some(&order));
    }
    rig.run(&channel, "jitterbuffer:80:160,park");
    let ms = Some((80, 160));
    let order = MediaCommand::BoundDelay { leg, ms };
    assert!(rig.commands.contains(&order));
    let channel = rig.park("null/x");
    rig.get(SetJitterBuffer { channel, ms: None }).unwrap_err();
}
