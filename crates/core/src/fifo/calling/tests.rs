//! Members of fifos in a whole switch, in virtual time.

use api::command::channel::Hangup;
use api::command::fifo::ChangeFifo;
use api::error::ErrorKind;
use api::event::{EventKind, FifoAction};
use api::view::{Fifo, FifoMemberSettings};

use super::*;
use crate::Input;
use crate::config_xml::{Configuration, Globals, TextFiles};
use crate::kept_tables::{KeptFifoMember, KeptTables, TableChange};
use crate::rig::{Rig, config};

/// Members are called at these numbers by loopback.
const DIALPLAN: &str = r#"<section name="dialplan"><context name="default">
  <extension name="rings"><condition field="destination_number" expression="^rings(\d+)$">
    <action application="ring_ready"/><action application="sleep" data="$1000"/>
    <action application="answer"/><action application="park"/></condition></extension>
  <extension name="busy"><condition field="destination_number" expression="^busy$">
    <action application="hangup" data="USER_BUSY"/></condition></extension>
  </context></section>"#;

fn rig(fifos: &str, kept: Vec<KeptFifoMember>) -> Rig {
    let text = format!(
        "<document>{DIALPLAN}<section name=\"configuration\"><configuration name=\"fifo.conf\">{fifos}\
         </configuration></section></document>"
    );
    let mut files = TextFiles::new();
    files.insert("/c/root.xml", &text);
    let xml = Configuration::load(&files, "/c/root.xml".as_ref(), Globals::new());
    let mut rig = Rig::with(crate::config::Config {
        xml: xml.expect("a sound configuration").into(),
        tables: Some(KeptTables {
            fifo_members: kept,
            ..KeptTables::default()
        }),
        ..config()
    });
    rig.feed(Input::Tick);
    rig
}

/// A fifo `q` of that strategy whose members are called at these numbers.
fn fifo_of(strategy: &str, members: &[(&str, &str)]) -> Rig {
    let members: String = members
        .iter()
        .map(|(number, attributes)| format!("<member {attributes}>{}</member>", dial(number)))
        .collect();
    rig(
        &format!(
            "<fifos><fifo name=\"q\" outbound_strategy=\"{strategy}\">{members}</fifo></fifos>"
        ),
        Vec::new(),
    )
}

fn dial(number: &str) -> String {
    format!("loopback/{number}/default")
}

fn settings() -> FifoMemberSettings {
    FifoMemberSettings {
        simultaneous: 1,
        ring_s: 60,
        lag_s: 5,
        takes_calls: true,
        expires: None,
    }
}

fn put(rig: &mut Rig, fifo: &str, dial: &str, settings: FifoMemberSettings) {
    let (fifo, dial) = (fifo.into(), dial.into());
    rig.get(ChangeFifo::PutMember {
        fifo,
        dial,
        settings,
    })
    .unwrap();
}

fn caller(rig: &mut Rig, name: &str) -> ChannelId {
    let id = rig.park(&format!("null/{name}"));
    rig.run(&id, "fifo:q in,set:after=yes,park");
    id
}

fn seen(rig: &Rig) -> Arc<Fifo> {
    rig.view.fifos.get("q").expect("the fifo is seen").clone()
}

/// Ringing, talking, answered and failed of each member.
fn members(rig: &Rig) -> Vec<(u32, u32, u64, u64)> {
    let fifo = seen(rig);
    let all = fifo.members.iter();
    all.map(|one| (one.ringing, one.talking, one.answered, one.failed))
        .collect()
}

fn pass(rig: &mut Rig, seconds: u64) {
    rig.pass(Duration::from_secs(seconds));
}

fn hang_up(rig: &mut Rig, channel: &ChannelId) {
    let hangup = Hangup {
        channel: channel.clone(),
        cause: HangupCause::NormalClearing,
    };
    rig.get(hangup).expect("the channel lives");
}

fn partner(rig: &Rig, id: &ChannelId) -> Option<ChannelId> {
    rig.channel(id).bridged_to.clone()
}

/// Calls to members and what came of them, by the last part of the dial string.
fn told(rig: &mut Rig) -> Vec<String> {
    rig.seen(|event| {
        let EventKind::Fifo(kind) = &event.kind else {
            return None;
        };
        let short = |member: &str| member.split('/').nth(1).unwrap_or("?").to_owned();
        match &kind.action {
            FifoAction::MemberCalled { member, .. } => Some(format!("call {}", short(member))),
            FifoAction::MemberDecided { member, failure } => Some(match failure {
                None => format!("answer {}", short(member)),
                Some(cause) => format!("{} {}", cause.name(), short(member)),
            }),
            FifoAction::Pushed { .. }
            | FifoAction::Aborted
            | FifoAction::TimedOut
            | FifoAction::CallerPopped
            | FifoAction::ConsumerPopped { .. }
            | FifoAction::ConsumerStarted
            | FifoAction::ConsumerStopped
            | FifoAction::ConsumerReturned
            | FifoAction::CallerBridged(_)
            | FifoAction::ConsumerBridged(_) => None,
        }
    })
}

#[test]
fn all_ring_the_first_to_answer_talks_and_rests_behind_it() {
    let mut rig = fifo_of("ringall", &[("rings3", "lag=\"20\""), ("rings9", "")]);
    assert_eq!(members(&rig), [(0, 0, 0, 0); 2]);
    let a = caller(&mut rig, "a");
    assert_eq!(told(&mut rig), ["call rings3", "call rings9"]);
    assert_eq!(members(&rig), [(1, 0, 0, 0); 2]);
    pass(&mut rig, 3);
    let member = partner(&rig, &a).expect("they talk");
    assert_eq!(told(&mut rig), ["answer rings3", "LOSE_RACE rings9"]);
    assert_eq!(members(&rig), [(0, 1, 1, 0), (0, 0, 0, 0)]);
    assert_eq!(rig.channel(&member).variable("fifo_name"), Some("q"));
    // Whoever comes now gets the other one; the first is in a call.
    let b = caller(&mut rig, "b");
    assert_eq!(told(&mut rig), ["call rings9"]);
    hang_up(&mut rig, &a);
    assert!(
        rig.view.channels.get(&member).is_none(),
        "one caller, and no more"
    );
    assert_eq!(members(&rig), [(0, 0, 1, 0), (1, 0, 0, 0)]);
    hang_up(&mut rig, &b);
    assert_eq!(told(&mut rig), ["ORIGINATOR_CANCEL rings9"]);
    // It rests for 20 seconds.
    let c = caller(&mut rig, "c");
    assert_eq!(told(&mut rig), ["call rings9"]);
    pass(&mut rig, 8);
    hang_up(&mut rig, &c);
    told(&mut rig);
    let d = caller(&mut rig, "d");
    assert_eq!(told(&mut rig), ["call rings9"]);
    pass(&mut rig, 5);
    hang_up(&mut rig, &d);
    told(&mut rig);
    pass(&mut rig, 7);
    caller(&mut rig, "e");
    assert_eq!(told(&mut rig), ["call rings9", "call rings3"]);
}

#[test]
fn nobody_rings_for_nobody() {
    let mut rig = fifo_of("ringall", &[("rings9", ""), ("rings8", "")]);
    let a = caller(&mut rig, "a");
    pass(&mut rig, 2);
    hang_up(&mut rig, &a);
    assert_eq!(members(&rig), [(0, 0, 0, 0); 2]);
    assert_eq!(
        told(&mut rig),
        [
            "call rings9",
            "call rings8",
            "ORIGINATOR_CANCEL rings9",
            "ORIGINATOR_CANCEL rings8"
        ]
    );
    pass(&mut rig, 60);
    assert_eq!(told(&mut rig), Vec::<String>::new());
    assert_eq!(rig.switch.member_calls.len(), 0);
    // A consumer who comes by themselves is as good.
    let (b, agent) = (caller(&mut rig, "b"), rig.park("null/agent"));
    rig.run(&agent, "fifo:q out wait");
    assert_eq!(partner(&rig, &b).as_ref(), Some(&agent));
    assert_eq!(members(&rig), [(0, 0, 0, 0); 2]);
}

#[test]
fn as_many_as_callers_wait() {
    let members_of = [("rings5", ""), ("rings6", ""), ("rings7", "")];
    let mut rig = fifo_of("enterprise", &members_of);
    let a = caller(&mut rig, "a");
    assert_eq!(told(&mut rig), ["call rings5"]);
    let b = caller(&mut rig, "b");
    assert_eq!(told(&mut rig), ["call rings6"]);
    hang_up(&mut rig, &a);
    assert_eq!(told(&mut rig), ["ORIGINATOR_CANCEL rings6"]);
    pass(&mut rig, 5);
    assert!(partner(&rig, &b).is_some());
    assert_eq!(told(&mut rig), ["answer rings5"]);
    // Who rested longest comes first.
    caller(&mut rig, "c");
    assert_eq!(told(&mut rig), ["call rings6"]);
}

#[test]
fn who_does_not_answer_is_called_again_later() {
    let mut rig = fifo_of(
        "ringall",
        &[
            ("busy", "lag=\"7\""),
            ("rings30", "timeout=\"4\" lag=\"0\""),
        ],
    );
    caller(&mut rig, "a");
    assert_eq!(
        told(&mut rig),
        ["call busy", "call rings30", "USER_BUSY busy"]
    );
    pass(&mut rig, 4);
    assert_eq!(told(&mut rig), ["NO_ANSWER rings30"]);
    pass(&mut rig, 3);
    assert_eq!(told(&mut rig), ["call busy", "USER_BUSY busy"]);
    // At least five seconds, whatever the lag says.
    pass(&mut rig, 1);
    assert_eq!(told(&mut rig), Vec::<String>::new());
    pass(&mut rig, 1);
    assert_eq!(told(&mut rig), ["call rings30"]);
    assert_eq!(members(&rig), [(0, 0, 0, 2), (1, 0, 0, 1)]);
}

#[test]
fn a_member_may_have_several_calls_and_stay() {
    let mut rig = fifo_of("ringall", &[("rings1", "simo=\"2\"")]);
    let (a, b, c) = (
        caller(&mut rig, "a"),
        caller(&mut rig, "b"),
        caller(&mut rig, "c"),
    );
    pass(&mut rig, 1);
    pass(&mut rig, 1);
    assert_eq!(members(&rig), [(0, 2, 2, 0)]);
    assert!(partner(&rig, &a).is_some() && partner(&rig, &b).is_some());
    pass(&mut rig, 60);
    assert_eq!(partner(&rig, &c), None, "two are enough");
    drop((a, b, c));

    let mut rig = rig_with_command();
    let stays = "{fifo_member_wait=wait}loopback/rings1/default";
    put(&mut rig, "q", stays, settings());
    let (a, b) = (caller(&mut rig, "a"), caller(&mut rig, "b"));
    pass(&mut rig, 1);
    let member = partner(&rig, &a).unwrap();
    hang_up(&mut rig, &a);
    assert_eq!(partner(&rig, &b).as_ref(), Some(&member), "the same call");
    hang_up(&mut rig, &b);
    assert!(rig.view.channels.get(&member).is_some(), "they wait on");
    assert_eq!(members(&rig), [(0, 1, 1, 0)]);
    hang_up(&mut rig, &member);
    assert_eq!(members(&rig), [(0, 0, 1, 0)]);
}

fn rig_with_command() -> Rig {
    rig("", Vec::new())
}

#[test]
fn commands_are_kept_and_told_to_the_next_run() {
    let mut rig = rig_with_command();
    let one = dial("rings1");
    put(&mut rig, "q", &one, settings());
    put(
        &mut rig,
        "q",
        &one,
        FifoMemberSettings {
            lag_s: 9,
            ..settings()
        },
    );
    put(&mut rig, "q", &dial("busy"), settings());
    assert_eq!(seen(&rig).members.len(), 2);
    let (fifo, gone) = (Arc::<str>::from("q"), Arc::<str>::from(dial("busy")));
    let del = ChangeFifo::RemoveMember { fifo, dial: gone };
    rig.get(del.clone()).unwrap();
    rig.get(del).unwrap();
    let notes = std::mem::take(&mut rig.table_notes);
    assert_eq!(notes.len(), 4);
    assert_eq!(notes[0].key, notes[1].key);
    assert_ne!(notes[0].key, notes[2].key);
    let TableChange::FifoMember(kept) = &notes[1].change else {
        panic!("{:?}", notes[1]);
    };
    assert_eq!(kept.settings.lag_s, 9);
    assert!(matches!(notes[3].change, TableChange::NoFifoMember(..)));

    // The next run, whose configuration calls the same one otherwise, and another one besides.
    let configured = format!(
        "<fifos><fifo name=\"q\"><member simo=\"5\">{one}</member><member>{}</member></fifo></fifos>",
        dial("busy")
    );
    let mut rig = self::rig(&configured, vec![kept.clone()]);
    let there = seen(&rig);
    let all: Vec<_> = there
        .members
        .iter()
        .map(|member| (member.is_kept, member.settings.simultaneous))
        .collect();
    assert_eq!(all, [(true, 1), (false, 1)]);
    // The configuration alone.
    rig.get(ChangeFifo::Reparse { delete_all: true }).unwrap();
    let there = seen(&rig);
    assert!(there.members.iter().all(|member| !member.is_kept));
    assert_eq!((there.members.len(), rig.table_notes.len()), (2, 1));
    // What a command takes out of the configuration is there again when that is read.
    let del = ChangeFifo::RemoveMember {
        fifo: "q".into(),
        dial: one.as_str().into(),
    };
    rig.get(del).unwrap();
    assert_eq!(seen(&rig).members.len(), 1);
    rig.get(ChangeFifo::Reparse { delete_all: false }).unwrap();
    assert_eq!((seen(&rig).members.len(), rig.table_notes.len()), (2, 1));

    let forgets = "<settings><param name=\"delete-all-outbound-member-on-startup\" value=\"true\"/></settings>";
    let rig = self::rig(forgets, vec![kept.clone()]);
    assert!(rig.view.fifos.get("q").is_none());
}

#[test]
fn a_member_that_is_taken_out_stops_ringing_and_talks_on() {
    let mut rig = fifo_of("ringall", &[("rings2", ""), ("rings9", "")]);
    let a = caller(&mut rig, "a");
    let del = |number: &str| ChangeFifo::RemoveMember {
        fifo: "q".into(),
        dial: dial(number).into(),
    };
    rig.get(del("rings9")).unwrap();
    assert_eq!(
        told(&mut rig),
        ["call rings2", "call rings9", "ORIGINATOR_CANCEL rings9"]
    );
    pass(&mut rig, 2);
    let member = partner(&rig, &a).expect("they talk");
    rig.get(del("rings2")).unwrap();
    assert_eq!(partner(&rig, &a), Some(member));
    assert_eq!(members(&rig), []);
    hang_up(&mut rig, &a);
    assert_eq!(rig.switch.member_calls.len(), 0);
}

#[test]
fn members_expire_and_may_be_told_to_rest() {
    let mut rig = rig_with_command();
    let expires = Some(rig.now().wall.after(Duration::from_secs(30)));
    put(
        &mut rig,
        "q",
        &dial("rings50"),
        FifoMemberSettings {
            expires,
            ..settings()
        },
    );
    let silent = FifoMemberSettings {
        takes_calls: false,
        ..settings()
    };
    put(&mut rig, "q", &dial("rings1"), silent);
    caller(&mut rig, "a");
    assert_eq!(told(&mut rig), ["call rings50"]);
    rig.table_notes.clear();
    pass(&mut rig, 30);
    assert_eq!(told(&mut rig), ["ORIGINATOR_CANCEL rings50"]);
    assert_eq!((seen(&rig).members.len(), rig.table_notes.len()), (1, 1));
    put(&mut rig, "q", &dial("rings1"), settings());
    assert_eq!(told(&mut rig), ["call rings1"]);
}

#[test]
fn what_cannot_be_called_is_refused() {
    let mut rig = rig_with_command();
    let mut refused = |fifo: &str, dial: &str| {
        let (fifo, dial) = (fifo.into(), dial.into());
        let settings = settings();
        let put = ChangeFifo::PutMember {
            fifo,
            dial,
            settings,
        };
        rig.get(put).unwrap_err().kind
    };
    for name in ["", "q!1", "q r"] {
        let kind = refused(name, "user/1000");
        assert_eq!(kind, ErrorKind::InvalidArgument("name of a fifo"), "{name}");
    }
    for dial in ["", "{a=b", &"x".repeat(5_000)] {
        let kind = refused("q", dial);
        assert_eq!(kind, ErrorKind::InvalidArgument("dial string"));
    }
    let mut rig = Rig::with(crate::config::Config {
        tables: None,
        ..config()
    });
    let put = ChangeFifo::PutMember {
        fifo: "q".into(),
        dial: "user/1000".into(),
        settings: settings(),
    };
    assert_eq!(rig.get(put).unwrap_err().kind, ErrorKind::Unavailable);
    // One of the configuration that cannot be called is as if it were not there.
    let rig = fifo_of("nonsense", &[("rings1", "simo=\"many\""), ("rings2", "")]);
    let there = seen(&rig);
    assert_eq!(there.members.len(), 1);
    assert_eq!(there.strategy, FifoStrategy::RingAll);
}

#[test]
fn members_are_shown_who_waits_unless_that_is_hidden() {
    let mut rig = fifo_of("ringall", &[("rings9", "")]);
    let shown = |rig: &Rig| {
        let channels = rig.view.channels.values();
        let mut legs = channels.filter(|one| one.variable("fifo_name").is_some());
        let profile = legs.next().expect("a leg").profile.clone();
        let profile = profile.expect("it has one");
        (
            profile.caller_id_number.to_string(),
            profile.privacy_hide_number,
        )
    };
    let a = caller(&mut rig, "4711");
    assert_eq!(shown(&rig), ("4711".to_owned(), false));
    hang_up(&mut rig, &a);
    let b = rig.park("null/4712");
    rig.run(&b, "privacy:full,fifo:q in,park");
    assert_eq!(shown(&rig), ("4712".to_owned(), true));
}

#[test]
fn a_server_that_may_not_call_calls_later() {
    let mut rig = fifo_of("ringall", &[("rings9", "")]);
    let a = rig.park("null/a");
    rig.switch.view.settings.paused_outbound = true;
    rig.run(&a, "fifo:q in,park");
    pass(&mut rig, 60);
    assert_eq!(told(&mut rig), Vec::<String>::new());
    rig.switch.view.settings.paused_outbound = false;
    pass(&mut rig, 5);
    assert_eq!(told(&mut rig), ["call rings9"]);
}
