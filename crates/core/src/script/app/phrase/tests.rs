#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use std::sync::Arc;

use api::event::{ChannelEvent, EventKind};
use api::{ChannelId, Event};
use media::control::MediaCommand;

use crate::config_xml::{Configuration, Globals, TextFiles};
use crate::rig::{Rig, config};

const MACROS: &str = r#"<document>
<section name="languages">
  <language name="en" say-module="en" sound-prefix="/snd/en/">
    <phrases><macros>
      <macro name="count">
        <input pattern="^(1):(.*)$" break_on_match="true">
          <match>
            <action function="play-file" data="you-have.wav"/>
            <action function="say" data="$1" method="pronounced" type="items"/>
            <action function="play-file" data="$2.wav"/>
          </match>
        </input>
        <input pattern="^(\d+):(.*)$">
          <match><action function="say" data="$1" method="pronounced" type="number"/></match>
          <nomatch><action function="play-file" data="/elsewhere/what.wav"/></nomatch>
        </input>
      </macro>
      <macro name="slow" pause="200">
        <input pattern="(.*)"><match>
          <action function="play-file" data="a.wav"/>
          <action function="execute" data="sleep(1000)"/>
          <action function="play-file" data="tone_stream://%(100,0,440)"/>
        </match></input>
      </macro>
      <macro name="who">
        <input pattern="(.*)"><match>
          <action function="play-file" data="${folder}/$1.wav"/>
          <action function="play-file" data="phrase:slow"/>
          <action function="sing" data="la"/>
        </match></input>
      </macro>
      <macro name="mixed">
        <input pattern="(.*)"><match>
          <action function="play-file" data="a.wav"/>
          <action function="execute" data="set(heard=$1)"/>
          <action function="play-file" data="b.wav"/>
          <action function="play-file" data="c.wav"/>
        </match></input>
      </macro>
      <macro name="again"><input pattern="(.*)"><match><action function="play-file" data="phrase:again"/></match></input></macro>
      <macro name="broken"><input pattern="("><match><action function="play-file" data="a.wav"/></match></input></macro>
    </macros></phrases>
  </language>
</section>
<section name="phrases"><macros><language name="xy" sound_path="/snd/xy">
  <macro name="count"><input pattern="(.*)"><action function="play-file" data="zx/$1.wav"/></input></macro>
</language></macros></section>
</document>"#;

fn rig() -> Rig {
    let mut files = TextFiles::new();
    files.insert("/c/root.xml", MACROS);
    let xml = Configuration::load(&files, "/c/root.xml".as_ref(), Globals::new()).unwrap();
    assert_eq!(
        xml.warnings.len(),
        2,
        "a pattern and a function: {:?}",
        xml.warnings
    );
    let mut config = config();
    config.xml = Arc::new(xml);
    Rig::with(config)
}

/// The file that is played last.
fn played(rig: &mut Rig) -> Option<String> {
    let commands = std::mem::take(&mut rig.commands);
    commands
        .into_iter()
        .rev()
        .find_map(|command| match command {
            MediaCommand::Play { file, .. } => Some(file),
            _ => None,
        })
}

fn says(rig: &mut Rig, id: &ChannelId, phrase: &str) -> Option<String> {
    rig.run(id, &format!("m:^:phrase:{phrase}^park"));
    played(rig)?
        .strip_prefix("file_string://")
        .map(str::to_owned)
}

#[test]
fn a_macro_says_what_its_patterns_make_of_the_words() {
    let mut rig = rig();
    let id = rig.park("null/x");
    rig.switch.set_var(&id, "folder", "names");
    for (phrase, files) in [
        (
            "count,1:new",
            "/snd/en/you-have.wav!digits/1.wav!/snd/en/new.wav",
        ),
        ("count,21:new", "digits/20.wav!digits/1.wav"),
        ("count,none", "/elsewhere/what.wav"),
        ("count", "/elsewhere/what.wav"),
        (
            "slow",
            "/snd/en/a.wav!silence_stream://200!silence_stream://1000!silence_stream://200!\
             tone_stream://%(100,0,440)!silence_stream://200",
        ),
        (
            "who,bob",
            "/snd/en/names/bob.wav!/snd/en/a.wav!silence_stream://200!silence_stream://1000!\
             silence_stream://200!tone_stream://%(100,0,440)!silence_stream://200",
        ),
    ] {
        assert_eq!(
            says(&mut rig, &id, phrase).as_deref(),
            Some(files),
            "{phrase}"
        );
    }
    rig.switch.set_var(&id, "default_language", "xy");
    assert_eq!(
        says(&mut rig, &id, "count,5").as_deref(),
        Some("/snd/xy/zx/5.wav")
    );
    for missing in ["nothing", "", "broken"] {
        rig.switch.set_var(&id, "default_language", "en");
        assert_eq!(says(&mut rig, &id, missing), None, "{missing}");
    }
}

#[test]
fn what_a_caller_says_is_no_variable() {
    let mut rig = rig();
    let id = rig.park("null/x");
    rig.switch.set_var(&id, "folder", "names");
    rig.switch.set_var(&id, "number", "${secret}");
    rig.switch.set_var(&id, "secret", "1234");
    let said = says(&mut rig, &id, "who,${number}").unwrap();
    assert!(said.starts_with("/snd/en/names/${secret}.wav!"), "{said}");
}

#[test]
fn a_macro_that_plays_itself_comes_to_an_end() {
    let mut rig = rig();
    let id = rig.park("null/x");
    assert_eq!(
        says(&mut rig, &id, "again").as_deref(),
        Some("phrase:again")
    );
}

#[test]
fn applications_in_a_macro_are_run_where_they_stand() {
    let mut rig = rig();
    let id = rig.park("null/x");
    rig.events.clear();
    rig.run(&id, "m:^:phrase:mixed,you^set:after=1^park");
    let mut ran = Vec::new();
    for file in ["/snd/en/a.wav", "/snd/en/b.wav!/snd/en/c.wav"] {
        assert_eq!(rig.channel(&id).variable("after"), None);
        assert_eq!(
            played(&mut rig).as_deref(),
            Some(format!("file_string://{file}").as_str())
        );
        rig.finish_play();
        ran.extend(rig.seen(|event: &Event| match &event.kind {
            EventKind::Channel(ChannelEvent::Executed(ran)) => Some(ran.name.to_string()),
            _ => None,
        }));
    }
    assert_eq!(
        ran,
        ["phrase", "playback", "set", "playback", "set", "park"]
    );
    assert_eq!(rig.channel(&id).variable("heard"), Some("you"));
    assert_eq!(rig.channel(&id).variable("after"), Some("1"));
}

#[test]
fn a_phrase_is_a_source_too() {
    let mut rig = rig();
    let id = rig.park("null/x");
    for (source, file) in [
        (
            "phrase:count:21:new",
            "file_string://digits/20.wav!digits/1.wav",
        ),
        (
            "file_string://x.wav!phrase:count:2:n",
            "file_string://x.wav!digits/2.wav",
        ),
        ("phrase:nothing", "file_string://phrase:nothing"),
        ("plain.wav", "plain.wav"),
    ] {
        rig.run(&id, &format!("m:^:playback:{source}^park"));
        assert_eq!(played(&mut rig).as_deref(), Some(file), "{source}");
        let told = rig.seen(|event: &Event| match &event.kind {
            EventKind::Channel(ChannelEvent::PlaybackStarted { path, .. }) => {
                Some(path.to_string())
            }
            _ => None,
        });
        assert_eq!(told.last().map(String::as_str), Some(source));
    }
}
