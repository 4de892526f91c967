//! Music for whoever a channel is bridged with while a program plays something to that channel (`hold-bleg`,
//! event-socket.md §2.12).

use api::ChannelId;
use api::command::channel::QueuedAction;

use super::app::App;
use super::{QueuedMessage, Run};
use crate::Switch;
use crate::work::Work;

impl Switch {
    /// Lets the partner of a channel hear its `hold_music`; `None` without partner or music.
    pub(crate) fn hold_partner(&mut self, id: &ChannelId) -> Option<ChannelId> {
        let music = self.hold_music_of(id)?;
        self.hold_partner_with(id, &music)
    }

    /// What those hear whom a channel puts on hold: the music of that channel, or of everybody. `None` for silence.
    pub(crate) fn hold_music_of(&self, id: &ChannelId) -> Option<String> {
        let music = match self.var(id, "hold_music") {
            Some(own) => own.to_owned(),
            None => self.view.globals.get("hold_music")?.to_string(),
        };
        let silent = music.is_empty() || music.eq_ignore_ascii_case("silence");
        (!silent).then_some(music)
    }

    /// Lets the partner of a channel hear that until what it is held for is through; `None` without a partner.
    pub(crate) fn hold_partner_with(&mut self, id: &ChannelId, music: &str) -> Option<ChannelId> {
        let partner = self.partner(id)?;
        let message = QueuedMessage {
            action: QueuedAction::Run {
                name: "endless_playback".into(),
                data: music.into(),
                loops: 1,
                event_uuid: None,
                event_uuid_name: None,
                hold_bleg: false,
                lead_frames: 0,
            },
            music_for: Some(id.clone()),
            ..QueuedMessage::default()
        };
        if let Err(error) = self.queue_message(&partner, message, true) {
            tracing::warn!(channel = %partner, %error, "There is no music on hold");
            return None;
        }
        Some(partner)
    }

    /// What the partner was held for is through.
    pub(crate) fn end_music_of(&mut self, id: &ChannelId, message: &QueuedMessage) {
        let Some(partner) = &message.holds else {
            return;
        };
        let Some(live) = self.channels.get_mut(partner) else {
            return;
        };
        let is_music = |message: &QueuedMessage| message.music_for.as_ref() == Some(id);
        live.messages.retain(|message| !is_music(message));
        let runs = &mut live.script.runs;
        let plays = |run: &Run| run.message.as_deref().is_some_and(is_music);
        let Some(at) = runs.iter().position(plays) else {
            return;
        };
        if at + 1 == runs.len() {
            self.end_innermost(partner);
            self.resume_innermost(partner);
            self.work.push_back(Work::Messages(partner.clone()));
            self.work.push_back(Work::Continue(partner.clone()));
        } else {
            // Ends in its turn: the application on top is not disturbed.
            let app = std::mem::replace(&mut runs[at].app, App::Sleep);
            runs[at].wait = u64::MAX;
            self.abort_app(partner, app);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api::command::channel::{Execute, Hangup};
    use api::{HangupCause, RequestId};

    use super::*;
    use crate::rig::Rig;

    /// Two bridged channels.
    fn bridged(rig: &mut Rig) -> (ChannelId, ChannelId) {
        let a = rig.park("null/a");
        rig.run(&a, "bridge:null/b");
        let b = rig.channel(&a).bridged_to.clone();
        (a, b.expect("they are bridged"))
    }

    fn play(rig: &mut Rig, id: &ChannelId, hold_bleg: bool, lead_frames: u32) -> RequestId {
        rig.ask(Execute {
            channel: id.clone(),
            action: QueuedAction::Run {
                name: "sleep".into(),
                data: "1000".into(),
                loops: 1,
                event_uuid: None,
                event_uuid_name: None,
                hold_bleg,
                lead_frames,
            },
            request: Vec::new(),
            body: None,
            event_lock: false,
            priority: false,
        })
    }

    fn application(rig: &Rig, id: &ChannelId) -> Option<String> {
        let runs = &rig.switch.channels[id].script.runs;
        runs.last().map(|run| run.ran.name.to_string())
    }

    #[test]
    fn the_partner_hears_music_until_it_is_over() {
        let mut rig = Rig::new();
        let (a, b) = bridged(&mut rig);
        play(&mut rig, &a, true, 0);
        assert_eq!(application(&rig, &b).as_deref(), Some("endless_playback"));
        assert_eq!(rig.switch.census().plays, 1);
        rig.pass(Duration::from_secs(2));
        assert_eq!(application(&rig, &b), None);
        assert_eq!(rig.switch.census().plays, 0);
        assert_eq!(rig.channel(&a).bridged_to, Some(b));
    }

    #[test]
    fn without_the_wish_or_with_silence_there_is_none() {
        let mut rig = Rig::new();
        let (a, b) = bridged(&mut rig);
        play(&mut rig, &a, false, 0);
        assert_eq!(application(&rig, &b), None);
        rig.pass(Duration::from_secs(2));
        rig.switch.set_var(&a, "hold_music", "silence");
        play(&mut rig, &a, true, 0);
        assert_eq!(application(&rig, &b), None);
    }

    #[test]
    fn a_hangup_ends_the_music_too() {
        let mut rig = Rig::new();
        let (a, _) = bridged(&mut rig);
        play(&mut rig, &a, true, 0);
        let hangup = Hangup {
            channel: a,
            cause: HangupCause::NormalClearing,
        };
        rig.get(hangup).expect("it was there");
        rig.pass(Duration::from_secs(1));
        assert_eq!(rig.switch.census().plays, 0);
    }

    #[test]
    fn frames_pass_first_and_hold_up_what_is_behind() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        play(&mut rig, &a, false, 10);
        play(&mut rig, &a, false, 0);
        assert_eq!(application(&rig, &a).as_deref(), Some("park"));
        rig.pass(Duration::from_millis(190));
        assert_eq!(application(&rig, &a).as_deref(), Some("park"));
        rig.pass(Duration::from_millis(20));
        assert_eq!(rig.switch.channels[&a].script.runs.len(), 3);
    }
}
