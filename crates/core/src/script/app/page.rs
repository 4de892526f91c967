//! `page`: an announcement to many telephones.

use std::sync::Arc;

use api::ChannelId;
use api::dial::{DialString, Thread};

use super::Started;
use crate::Switch;
use crate::originate::Purpose;

/// `(page_path=<file>)<variables>dial string:_:dial string …`: each is called for itself; whoever answers hears the file from its
/// beginning, and is hung up. The channel does not wait for them, nor they for it.
pub(super) fn page(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((path, dial)) = parse(data) else {
        tracing::warn!(channel = %id, data, "page needs (page_path=<file>) and whom to call");
        return Started::Done;
    };
    if switch.view.settings.paused_outbound || switch.view.settings.draining {
        tracing::warn!(channel = %id, "Nobody is paged while outbound calls are paused");
        return Started::Done;
    }
    let DialString {
        mut variables,
        threads,
    } = dial;
    for (name, _) in &mut variables {
        // A word of `export`: the leg is to have it, and not the channel, which does not get it here anyway.
        if let Some(own) = name.strip_prefix("nolocal:") {
            *name = own.into();
        }
    }
    let says = |name: &str| {
        variables
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if !says("ignore_early_media") {
        // Told is who answers, and not the announcement of a network that rings.
        variables.push(("ignore_early_media".into(), "true".into()));
    }
    for thread in threads {
        let dial = DialString {
            variables: variables.clone(),
            threads: vec![thread],
        };
        switch.originate(dial, None, Purpose::Page(path.clone()));
    }
    Started::Done
}

fn parse(data: &str) -> Option<(Arc<str>, DialString)> {
    let inner = data.trim().strip_prefix("(page_path=")?;
    let (path, dial) = inner.split_at_checked(closing(inner)?)?;
    let (path, dial) = (path.trim(), &dial[1..]);
    if path.is_empty() {
        return None;
    }
    let dial = DialString::parse(dial.trim()).ok()?;
    let calls_somebody = |thread: &Thread| thread.hunts.iter().any(|hunt| !hunt.is_empty());
    dial.threads
        .iter()
        .any(calls_somebody)
        .then(|| (path.into(), dial))
}

/// Where the parenthesis is closed that was open before the text. Tones have parentheses of their own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_u32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use api::HangupCause;
    use api::event::{ChannelEvent, EventKind};

    use super::*;
    use crate::rig::Rig;

    #[test]
    fn what_to_play_and_whom_to_call_are_read() {
        let (path, dial) = parse("(page_path=/a b.wav)<x=1>null/a:_:{y=2}null/b").unwrap();
        assert_eq!((&*path, dial.threads.len()), ("/a b.wav", 2));
        assert_eq!(dial.variables, [("x".into(), "1".into())]);
        let (path, dial) = parse("(page_path=tone_stream://%(3000,0,800))null/a").unwrap();
        assert_eq!(
            (&*path, dial.threads.len()),
            ("tone_stream://%(3000,0,800)", 1)
        );
        for wrong in [
            "",
            "null/a",
            "()null/a",
            "(page_path=)null/a",
            "(page_path=/a",
            "(page_path=/a)",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn everybody_hears_the_file_and_the_channel_goes_on() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        rig.events.clear();
        rig.run(
            &a,
            "m:^:page:(page_path=/news.wav)<nolocal:colour=red>null/b:_:error/USER_BUSY:_:null/c^set:after=1^park",
        );
        assert_eq!(rig.channel(&a).variable("after"), Some("1"));
        assert_eq!(rig.channel(&a).variable("colour"), None);
        let paged = |event: &api::Event| {
            let channel = event.channel.as_ref()?;
            let EventKind::Channel(ChannelEvent::PlaybackStarted { path, .. }) = &event.kind else {
                return None;
            };
            assert_eq!(&**path, "/news.wav");
            assert_eq!(channel.variable("colour"), Some("red"));
            Some(channel.name.to_string())
        };
        assert_eq!(rig.seen(paged), ["null/b", "null/c"]);
        // Nothing is left to do for who has heard it.
        rig.events.clear();
        rig.finish_play();
        rig.finish_play();
        let ended = rig.seen(|event| {
            let EventKind::Channel(ChannelEvent::HungUp) = &event.kind else {
                return None;
            };
            let channel = event.channel.as_ref()?;
            Some((channel.name.to_string(), channel.hangup?.cause))
        });
        let normal = HangupCause::NormalClearing;
        assert_eq!(
            ended,
            [("null/b".into(), normal), ("null/c".into(), normal)]
        );
        assert_eq!(rig.switch.census().originates, 0);
        assert!(rig.view.channels.contains_key(&a));
    }
}
