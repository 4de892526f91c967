//! Voicemail as clients read it.

use super::*;

#[test]
fn voicemail_speaks_as_mod_voicemail() {
    use api::event::{VoicemailAction, VoicemailEvent};
    use api::view::{Extension, Mailbox, VoiceMessage};
    let message = Arc::new(VoiceMessage {
        id: "m-1".into(),
        caller_name: "Ana".into(),
        caller_number: "1001".into(),
        left_at: Timestamp(1_737_453_540_000_000),
        read_at: None,
        length_ms: 4_200,
        path: "/v/msg_m-1.wav".into(),
    });
    let mailbox = Arc::new(Mailbox {
        name: Extension {
            user: "1000".into(),
            domain: "10.0.0.5".into(),
        },
        messages: vec![message.clone()],
    });
    let told = |action: VoicemailAction| {
        let kind = VoicemailEvent {
            mailbox: mailbox.clone(),
            action,
        };
        let event = event(EventKind::Voicemail(Box::new(kind)), None);
        let all = headers(&event, &server());
        let name = all.get("Event-Name").map(|name| name.into_owned());
        let own: Vec<String> = all
            .iter()
            .filter(|header| header.name.starts_with("VM-") || header.name.starts_with("MWI-"))
            .map(|header| format!("{}: {}", header.name, header.text()))
            .collect();
        (
            name.unwrap_or_default(),
            subclass(&event).map(str::to_owned),
            own,
        )
    };
    let (name, subclass, own) = told(VoicemailAction::Waiting);
    assert_eq!((name.as_str(), subclass), ("MESSAGE_WAITING", None));
    assert_eq!(
        own,
        [
            "MWI-Messages-Waiting: yes",
            "MWI-Message-Account: 1000@10.0.0.5",
            "MWI-Voice-Message: 1/0 (0/0)"
        ]
    );
    let (name, subclass, own) = told(VoicemailAction::Left(message.clone()));
    assert_eq!(
        (name.as_str(), subclass.as_deref()),
        ("CUSTOM", Some("vm::maintenance"))
    );
    assert_eq!(
        own,
        [
            "VM-Action: leave-message",
            "VM-User: 1000",
            "VM-Domain: 10.0.0.5",
            "VM-Caller-ID-Name: Ana",
            "VM-Caller-ID-Number: 1001",
            "VM-File-Path: /v/msg_m-1.wav",
            "VM-Folder: inbox",
            "VM-UUID: m-1",
            "VM-Message-Len: 4",
            "VM-Timestamp: 1737453540"
        ]
    );
    let (_, _, own) = told(VoicemailAction::Counted);
    assert_eq!(
        own[3..],
        [
            "VM-Total-New: 1",
            "VM-Total-Saved: 0",
            "VM-Total-New-Urgent: 0",
            "VM-Total-Saved-Urgent: 0"
        ]
    );
    let (_, _, own) = told(VoicemailAction::Authenticated { ok: false });
    assert_eq!(own[0], "VM-Action: authentication");
    assert_eq!(own[3], "VM-Auth-Result: fail");
    let path = "/v/greeting.wav".into();
    let (_, _, own) = told(VoicemailAction::GreetingRecorded { path });
    assert_eq!(own[0], "VM-Action: record-greeting");
    assert_eq!(own[3], "VM-Greeting-Path: /v/greeting.wav");
}
