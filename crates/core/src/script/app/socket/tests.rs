use api::command::channel::{Execute, Hangup, LegChoice, QueuedAction, Transfer};
use api::{Answer, Event};

use super::*;
use crate::rig::Rig;

const WITHIN: Duration = Duration::from_secs(5);

/// A rig whose door this is, with a channel that was sent to `socket` and then to `echo`.
struct Door {
    rig: Rig,
    channel: ChannelId,
    control: ControlId,
}

/// What was asked of doors, and the channel events of `socket`.
fn told(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::System(SystemEvent::ControllerWanted(wanted)) => {
            let flag = |is: bool, text| if is { text } else { "" };
            Some(format!(
                "wanted {}{}{}",
                wanted.address,
                flag(wanted.asynchronous, " async"),
                flag(wanted.full, " full")
            ))
        }
        EventKind::System(SystemEvent::ControlOver { .. }) => Some("over".into()),
        EventKind::Channel(ChannelEvent::Parked) => Some("parked".into()),
        EventKind::Channel(ChannelEvent::Unparked) => Some("unparked".into()),
        EventKind::Channel(ChannelEvent::Executed(ran)) => Some(format!("> {}", ran.name)),
        EventKind::Channel(ChannelEvent::ExecuteComplete { application, .. }) => {
            Some(format!("< {}", application.name))
        }
        EventKind::Channel(ChannelEvent::PrivateCommand { .. }) => Some("private".into()),
        _ => None,
    }
}

impl Door {
    fn new(arguments: &str) -> Self {
        Self::with("null/a", arguments)
    }

    fn with(dial: &str, arguments: &str) -> Self {
        Self::of(dial, "socket", arguments)
    }

    fn of(dial: &str, application: &str, arguments: &str) -> Self {
        let mut rig = Rig::new();
        let channel = rig.park(dial);
        rig.seen(told);
        rig.run(&channel, &format!("{application}:{arguments},echo"));
        let control = ControlId(rig.switch.serials.control);
        Self {
            rig,
            channel,
            control,
        }
    }

    /// Claimed, reached, and the program has spoken.
    fn served(arguments: &str) -> Self {
        let mut door = Self::new(arguments);
        door.serve();
        door
    }

    fn serve(&mut self) {
        assert_eq!(self.claim(), Ok(Answer::Unit(())));
        let (channel, control) = (self.channel.clone(), self.control);
        let begun = self.rig.get(BeginControl {
            channel: channel.clone(),
            control,
        });
        assert_eq!(begun, Ok(Answer::Unit(())));
        let parked = self.rig.get(ParkForControl { channel, control });
        assert_eq!(parked, Ok(Answer::Unit(())));
        self.told();
    }

    fn claim(&mut self) -> Result<Answer, CommandError> {
        self.rig.get(ClaimControl {
            channel: self.channel.clone(),
            control: self.control,
            within: WITHIN,
        })
    }

    fn told(&mut self) -> Vec<String> {
        self.rig.seen(told)
    }

    fn execute(&mut self, name: &str, data: &str) -> RequestId {
        self.rig.ask(ExecuteControlled {
            channel: self.channel.clone(),
            control: self.control,
            action: run(name, data),
            body: None,
            event_lock: false,
            verbatim: false,
        })
    }

    fn is_answered(&self, request: RequestId) -> bool {
        self.rig.answers.contains_key(&request.0)
    }

    fn queue(&mut self, name: &str, data: &str) {
        let queued = self.rig.get(Execute {
            channel: self.channel.clone(),
            action: run(name, data),
            request: vec![("call-command".into(), "execute".into())],
            body: None,
            event_lock: false,
            priority: false,
        });
        assert_eq!(queued, Ok(Answer::Unit(())));
    }

    fn leave(&mut self) {
        let ended = self.rig.get(EndControl {
            channel: self.channel.clone(),
            control: self.control,
        });
        assert_eq!(ended, Ok(Answer::Unit(())));
    }

    fn application(&self) -> String {
        let application = self.rig.channel(&self.channel).application.clone();
        application.map(|(name, _)| name.to_string()).unwrap()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.rig.switch.set_var(&self.channel, name, value);
    }
}

fn run(name: &str, data: &str) -> QueuedAction {
    QueuedAction::Run {
        name: name.into(),
        data: data.into(),
        loops: 1,
        event_uuid: None,
        event_uuid_name: None,
        hold_bleg: false,
        lead_frames: 0,
    }
}

#[test]
fn without_a_door_the_call_goes_on() {
    let mut door = Door::new("127.0.0.1:1 full async other");
    assert_eq!(
        door.told()[2..],
        ["> socket", "wanted 127.0.0.1:1 async full"]
    );
    door.rig.pass(Duration::from_secs(1));
    assert_eq!(door.told(), [""; 0]);
    door.rig.pass(Duration::from_secs(2));
    assert_eq!(door.told(), ["over", "< socket", "> echo"]);
    assert!(door.claim().is_err(), "nobody waits any more");
}

#[test]
fn a_claim_holds_as_long_as_it_says_and_is_one_doors() {
    let mut door = Door::new("127.0.0.1:1");
    assert!(door.claim().is_ok());
    assert!(door.claim().is_err(), "another door was quicker");
    door.told();
    door.rig.pass(Duration::from_secs(4));
    assert_eq!(door.told(), [""; 0]);
    door.rig.pass(Duration::from_secs(2));
    assert_eq!(door.told(), ["over", "< socket", "> echo"]);
}

#[test]
fn a_program_that_is_not_reached_is_passed_over_at_once() {
    let mut door = Door::new("127.0.0.1:1 async");
    door.claim().unwrap();
    door.told();
    door.leave();
    assert_eq!(door.told(), ["< socket", "> echo"]);
    door.rig.pass(Duration::from_secs(60));
    assert_eq!(door.application(), "echo");
}

#[test]
fn without_an_address_there_is_nobody_to_ask() {
    let mut door = Door::new("");
    assert_eq!(door.told()[2..], ["> socket", "< socket", "> echo"]);
}

#[test]
fn an_asynchronous_channel_parks_when_the_program_speaks() {
    let mut door = Door::new("127.0.0.1:1 async");
    door.claim().unwrap();
    let begin = BeginControl {
        channel: door.channel.clone(),
        control: door.control,
    };
    door.rig.get(begin).unwrap();
    door.queue("set", "a=b");
    door.told();
    door.rig.pass(Duration::from_secs(20));
    assert_eq!(
        door.told(),
        [""; 0],
        "nothing is run before the program spoke"
    );
    let park = ParkForControl {
        channel: door.channel.clone(),
        control: door.control,
    };
    door.rig.get(park).unwrap();
    assert_eq!(door.told(), ["parked", "> set", "< set", "private"]);
    door.leave();
    assert_eq!(door.told(), ["unparked", "< socket", "> echo"]);
}

#[test]
fn a_synchronous_channel_runs_one_thing_after_another() {
    let mut door = Door::served("127.0.0.1:1");
    door.queue("set", "queued=1");
    let slept = door.execute("sleep", "500");
    assert_eq!(
        door.told(),
        ["> sleep", "> set", "< set", "private"],
        "sleep reads the queue"
    );
    assert!(!door.is_answered(slept));
    door.rig.pass(Duration::from_secs(1));
    assert!(door.is_answered(slept));
    assert_eq!(
        door.told(),
        ["< sleep"],
        "what the program runs itself is no queued command"
    );
    door.queue("set", "queued=2");
    assert_eq!(
        door.told(),
        [""; 0],
        "an idle synchronous channel reads no queue"
    );
    door.leave();
    assert_eq!(
        door.told(),
        ["< socket", "> set", "< set", "private", "> echo"]
    );
}

#[test]
fn a_hangup_answers_whoever_waits() {
    let mut door = Door::served("127.0.0.1:1");
    let slept = door.execute("sleep", "5000");
    door.told();
    let hangup = Hangup {
        channel: door.channel.clone(),
        cause: HangupCause::UserBusy,
    };
    door.rig.get(hangup).unwrap();
    assert!(door.is_answered(slept));
    assert_eq!(door.told(), ["< sleep", "< socket"]);
    let late = door.execute("set", "a=b");
    assert!(door.rig.answers[&late.0].is_err());
}

#[test]
fn everything_a_program_may_ask_for_is_answered() {
    for action in [
        run("nosuch", ""),
        QueuedAction::Hangup(HangupCause::UserBusy),
        QueuedAction::Nothing,
        QueuedAction::Replace(vec![api::Application::new("echo", "")]),
        run("transfer", "echo: inline"),
        run("hangup", ""),
        QueuedAction::Run {
            name: "set".into(),
            data: "a=b".into(),
            loops: 0,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        },
    ] {
        let mut door = Door::served("127.0.0.1:1");
        let request = door.rig.ask(ExecuteControlled {
            channel: door.channel.clone(),
            control: door.control,
            action: action.clone(),
            body: None,
            event_lock: true,
            verbatim: false,
        });
        assert_eq!(
            door.rig.answers.get(&request.0),
            Some(&Ok(Answer::Unit(()))),
            "{action:?}"
        );
    }
}

#[test]
fn the_body_is_the_argument_of_what_has_none() {
    let mut door = Door::served("127.0.0.1:1");
    door.rig.ask(ExecuteControlled {
        channel: door.channel.clone(),
        control: door.control,
        action: run("set", ""),
        body: Some("greeting=Hello".into()),
        event_lock: false,
        verbatim: false,
    });
    assert_eq!(
        door.rig.switch.var(&door.channel, "greeting"),
        Some("Hello")
    );
}

#[test]
fn what_runs_for_a_program_that_left_ends_first() {
    for mode in ["", " async"] {
        let mut door = Door::served(&format!("127.0.0.1:1{mode}"));
        if mode.is_empty() {
            door.execute("sleep", "2000");
        } else {
            door.queue("sleep", "2000");
        }
        door.told();
        door.leave();
        assert_eq!(door.told(), [""; 0]);
        door.rig.pass(Duration::from_secs(3));
        let told = door.told();
        assert_eq!(told.first().map(String::as_str), Some("< sleep"));
        assert_eq!(told.last().map(String::as_str), Some("> echo"));
    }
}

#[test]
fn with_resume_it_ends_at_once() {
    for mode in ["", " async"] {
        let mut door = Door::served(&format!("127.0.0.1:1{mode}"));
        if mode.is_empty() {
            door.execute("endless_playback", "tone_stream://%(100,100,440)");
        } else {
            door.queue("endless_playback", "tone_stream://%(100,100,440)");
        }
        door.set("socket_resume", "true");
        door.told();
        door.leave();
        let told = door.told();
        assert_eq!(told.first().map(String::as_str), Some("< endless_playback"));
        assert_eq!(told.last().map(String::as_str), Some("> echo"), "{told:?}");
        assert_eq!(door.rig.switch.census().plays, 0);
    }
}

#[test]
fn whoever_talks_is_not_disturbed_by_the_end_of_a_program() {
    let mut door = Door::served("127.0.0.1:1 async");
    door.set("socket_resume", "true");
    door.queue("bridge", "null/b");
    let peer = door.rig.channel(&door.channel).bridged_to.clone().unwrap();
    door.leave();
    door.rig.pass(Duration::from_secs(60));
    assert_eq!(
        door.rig.channel(&door.channel).bridged_to,
        Some(peer.clone())
    );
    door.told();
    let hangup = Hangup {
        channel: peer,
        cause: HangupCause::NormalClearing,
    };
    door.rig.get(hangup).unwrap();
    assert_eq!(door.application(), "echo");
}

#[test]
fn a_transfer_takes_a_synchronous_channel_from_its_program() {
    let mut door = Door::served("127.0.0.1:1");
    let transfer = Transfer {
        channel: door.channel.clone(),
        leg: LegChoice::A,
        extension: "echo:".into(),
        dialplan: Some("inline".into()),
        context: None,
    };
    door.rig.get(transfer.clone()).unwrap();
    assert_eq!(door.told()[..2], ["over", "< socket"]);
    let mut door = Door::served("127.0.0.1:1 async");
    let transfer = Transfer {
        channel: door.channel.clone(),
        ..transfer
    };
    door.rig.get(transfer).unwrap();
    assert_eq!(door.told()[..2], ["unparked", "< socket"]);
    door.leave();
    assert_eq!(door.application(), "echo");
}

#[test]
fn a_channel_under_control_is_not_parked_again() {
    let mut door = Door::served("127.0.0.1:1 async");
    door.queue("park", "");
    assert_eq!(door.told(), ["> park", "< park", "private"]);
    door.leave();
    assert_eq!(door.application(), "echo");
    // A synchronous one is, until its program leaves.
    let mut door = Door::served("127.0.0.1:1");
    let parked = door.execute("park", "");
    assert!(!door.is_answered(parked));
    door.leave();
    assert_eq!(door.application(), "echo");
}

#[test]
fn park_timeout_holds_for_a_parked_channel() {
    let mut door = Door::with("{park_timeout=5:USER_BUSY}null/a", "127.0.0.1:1 async");
    door.serve();
    door.rig.pass(Duration::from_secs(4));
    assert!(door.rig.switch.channels.contains_key(&door.channel));
    door.rig.pass(Duration::from_secs(2));
    assert!(!door.rig.switch.channels.contains_key(&door.channel));
}

#[test]
fn one_program_may_hand_the_channel_to_another() {
    let mut door = Door::served("127.0.0.1:1");
    let first = door.control;
    let handed = door.execute("socket", "127.0.0.1:2 async");
    door.control = ControlId(first.0 + 1);
    door.serve();
    door.queue("set", "a=b");
    assert_eq!(door.told(), ["> set", "< set", "private"]);
    assert!(!door.is_answered(handed));
    door.leave();
    assert!(door.is_answered(handed));
    assert_eq!(door.told(), ["unparked", "< socket"]);
    door.control = first;
    door.leave();
    assert_eq!(door.told(), ["< socket", "> echo"]);
}

#[test]
fn the_door_of_a_web_application_hears_how_its_channel_left() {
    let argument = "http://127.0.0.1:1/call?x=1 fallback=hangup";
    let mut door = Door::of("null/a", "webapp", argument);
    let wanted = door.rig.seen(|event| match &event.kind {
        EventKind::System(SystemEvent::ControllerWanted(wanted)) => {
            Some(format!("{:?} {}", wanted.spoken, wanted.address))
        }
        _ => None,
    });
    assert_eq!(wanted, [format!("Http {argument}")]);
    door.serve();
    let playing = door.execute("endless_playback", "tone_stream://%(100,100,440)");
    let hangup = Hangup {
        channel: door.channel.clone(),
        cause: HangupCause::CallRejected,
    };
    door.rig.get(hangup).unwrap();
    assert!(door.is_answered(playing));
    let over = door.rig.seen(|event| match &event.kind {
        EventKind::System(SystemEvent::ControlOver { control, .. }) => {
            let hangup = event.channel.as_ref().and_then(|channel| channel.hangup);
            let cause = hangup.map(|hangup| hangup.cause.name());
            Some(format!("{control} {}", cause.unwrap_or("none")))
        }
        _ => None,
    });
    assert_eq!(over, [format!("{} CALL_REJECTED", door.control)]);
}

#[test]
fn what_a_web_application_says_is_not_expanded() {
    let mut door = Door::of("null/a", "webapp", "menu");
    door.serve();
    door.set("secret", "1234");
    for (verbatim, value) in [(true, "${secret}"), (false, "1234")] {
        door.rig.ask(ExecuteControlled {
            channel: door.channel.clone(),
            control: door.control,
            action: run("set", "shown=${secret}"),
            body: None,
            event_lock: false,
            verbatim,
        });
        let shown = door.rig.switch.var(&door.channel, "shown");
        assert_eq!(shown, Some(value));
    }
}
