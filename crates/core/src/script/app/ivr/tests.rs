#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::command::call::Then;
use api::command::channel::ReceiveDtmf;
use api::event::{ChannelEvent, Event, EventKind};
use media::control::MediaCommand;

use crate::config_xml::{Configuration, Globals, TextFiles};
use crate::rig::{Rig, config};

const MENUS: &str = r#"
  <menu name="main" greet-long="/long.wav" greet-short="/short.wav" invalid-sound="/wrong.wav" exit-sound="/bye.wav"
        timeout="5000" inter-digit-timeout="2000" max-failures="2" max-timeouts="2" digit-len="2">
    <entry action="menu-exec-app" digits="11" param="set chosen=one"/>
    <entry action="menu-exec-app" digits="/^2([0-9])$/" param="set chosen=two-$1"/>
    <entry action="menu-sub" digits="3" param="inner"/>
    <entry action="menu-exit" digits="*"/>
  </menu>
  <menu name="inner" greet-long="/inner.wav"><entry action="menu-back" digits="1"/></menu>"#;

fn rig() -> Rig {
    let mut files = TextFiles::new();
    files.insert(
        "/c/freeswitch.xml",
        format!("<document><section name=\"configuration\"><configuration name=\"ivr.conf\"><menus>{MENUS}</menus></configuration></section></document>"),
    );
    let xml = Configuration::load(&files, "/c/freeswitch.xml".as_ref(), Globals::new()).unwrap();
    Rig::with(crate::config::Config {
        xml: Arc::new(xml),
        ..config()
    })
}

fn at_menu(rig: &mut Rig) -> ChannelId {
    let id = rig.park("null/x");
    rig.run(&id, "ivr:main,park");
    id
}

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    rig.get(ReceiveDtmf {
        channel: id.clone(),
        digits: digits.into(),
    })
    .unwrap();
}

/// Files played since the last call of this.
fn played(rig: &mut Rig) -> Vec<String> {
    let files = rig.commands.iter().filter_map(|command| match command {
        MediaCommand::Play { file, .. } => Some(file.clone()),
        _ => None,
    });
    let files = files.collect();
    rig.commands.clear();
    files
}

fn status(rig: &Rig, id: &ChannelId) -> Option<String> {
    rig.channel(id)
        .variable("ivr_menu_status")
        .map(str::to_owned)
}

fn running(rig: &Rig, id: &ChannelId) -> String {
    let application = rig.channel(id).application.clone();
    application
        .map(|(name, _)| name.to_string())
        .unwrap_or_default()
}

#[test]
fn what_is_chosen_is_done_and_the_menu_comes_again() {
    let mut rig = rig();
    let id = at_menu(&mut rig);
    assert_eq!(played(&mut rig), ["/long.wav"]);
    // The greeting is cut off by the first digit.
    press(&mut rig, &id, "1");
    assert!(
        rig.commands
            .iter()
            .any(|command| matches!(command, MediaCommand::StopPlay { .. }))
    );
    assert_eq!(rig.channel(&id).variable("chosen"), None);
    press(&mut rig, &id, "1");
    assert_eq!(rig.channel(&id).variable("chosen"), Some("one"));
    assert_eq!(played(&mut rig), ["/short.wav"]);
    press(&mut rig, &id, "27");
    assert_eq!(rig.channel(&id).variable("chosen"), Some("two-7"));
    // One digit, and no second one within the time.
    press(&mut rig, &id, "*");
    assert_eq!(status(&rig, &id), None);
    rig.pass(Duration::from_millis(2100));
    assert_eq!(status(&rig, &id).as_deref(), Some("success"));
    assert_eq!(running(&rig, &id), "park");
    let executed = |event: &Event| match &event.kind {
        EventKind::Channel(ChannelEvent::Executed(ran)) if &*ran.name == "set" => {
            Some(ran.data.to_string())
        }
        _ => None,
    };
    assert_eq!(rig.seen(executed), ["chosen=one", "chosen=two-7"]);
}

#[test]
fn silence_and_nonsense_end_it() {
    let mut rig = rig();
    let id = at_menu(&mut rig);
    rig.finish_play();
    rig.pass(Duration::from_millis(5100));
    assert_eq!(played(&mut rig), ["/long.wav", "/short.wav"]);
    rig.finish_play();
    rig.pass(Duration::from_millis(5100));
    assert_eq!(played(&mut rig), ["/bye.wav"]);
    rig.finish_play();
    assert_eq!(status(&rig, &id).as_deref(), Some("timeout"));
    assert_eq!(running(&rig, &id), "park");

    let id = at_menu(&mut rig);
    press(&mut rig, &id, "99");
    assert_eq!(played(&mut rig), ["/long.wav", "/wrong.wav"]);
    rig.finish_play();
    assert_eq!(played(&mut rig), ["/short.wav"]);
    press(&mut rig, &id, "98");
    rig.finish_play();
    assert_eq!(status(&rig, &id).as_deref(), Some("failure"));
    assert_eq!(running(&rig, &id), "park");
}

#[test]
fn menus_within_menus() {
    let mut rig = rig();
    let id = at_menu(&mut rig);
    press(&mut rig, &id, "3");
    rig.pass(Duration::from_millis(2100));
    assert_eq!(played(&mut rig), ["/long.wav", "/inner.wav"]);
    press(&mut rig, &id, "1");
    assert_eq!(played(&mut rig), ["/short.wav"]);
    // A menu that is not there is none.
    rig.run(&id, "ivr:nothing,park");
    assert_eq!(running(&rig, &id), "park");
    assert_eq!(rig.switch.census().plays, 0);
}

#[test]
fn a_limit_holds_while_the_other_application_runs() {
    let mut rig = rig();
    let used = |rig: &Rig| {
        let usage = rig.view.tables.limits.get(&("r".into(), "i".into()));
        usage.map(|usage| usage.used)
    };
    let a = rig.park("null/a");
    rig.run(&a, "limit_execute:hash r i 1 sleep 3000,park");
    assert_eq!((running(&rig, &a), used(&rig)), ("sleep".into(), Some(1)));
    // Too much: what is behind comes at once.
    let b = rig.park("null/b");
    rig.run(&b, "limit_execute:hash r i 1 sleep 3000,park");
    assert_eq!(running(&rig, &b), "park");
    rig.pass(Duration::from_millis(3100));
    assert_eq!((running(&rig, &a), used(&rig)), ("park".into(), None));
    // It ends with the channel, too.
    rig.run(&b, "limit_execute:hash r i 1 sleep 3000,park");
    assert_eq!(used(&rig), Some(1));
    rig.run(&b, "hangup:NORMAL_CLEARING");
    assert_eq!(used(&rig), None);
    // What is held already is not given back.
    rig.run(
        &a,
        "limit:hash r i 1,limit_execute:hash r i 1 sleep 100,park",
    );
    rig.pass(Duration::from_millis(200));
    assert_eq!((running(&rig, &a), used(&rig)), ("park".into(), Some(1)));
}

#[test]
fn an_argument_is_expanded_once() {
    let mut rig = rig();
    let id = rig.originate("null/x", Then::Run(api::Application::new("park", "")));
    rig.run(
        &id,
        "set:word=${uuid},limit_execute:hash r i 1 set said=${word},park",
    );
    assert_eq!(rig.channel(&id).variable("said"), Some(id.as_str()));
}
