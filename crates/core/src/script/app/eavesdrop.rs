//! `eavesdrop` and `three_way`: hearing what another channel says and hears, and talking to it.

use api::event::{ChannelEvent, MediaBug};
use api::{ChannelId, HangupCause};
use media::control::{MediaCommand, Whisper};

use super::{App, Started};
use crate::Switch;

/// `Media-Bug-Function` of an eavesdropper.
pub(super) const BUG: &str = "eavesdrop";

/// A channel that listens to another one.
#[derive(Debug)]
pub(crate) struct Eavesdrop {
    of: ChannelId,
    /// Those heard so far, when it is to hear one after another.
    all: Option<Vec<ChannelId>>,
    keys: bool,
    whisper: Whisper,
    /// It left its own call for this: when it is over, there is nothing to return to.
    left_its_call: bool,
}

/// `<uuid>|all`
pub(super) fn eavesdrop(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let data = data.trim();
    let whisper = Whisper {
        to_leg: switch.var_true(id, "eavesdrop_whisper_aleg"),
        to_other: switch.var_true(id, "eavesdrop_whisper_bleg"),
    };
    let keys = switch
        .var(id, "eavesdrop_enable_dtmf")
        .is_none_or(api::variables::is_true);
    let all = data.eq_ignore_ascii_case("all").then(Vec::new);
    let of = match &all {
        Some(heard) => switch.next_to_hear(id, heard),
        None => switch.view_of(data),
    };
    switch.begin_eavesdrop(id, of, all, keys, whisper)
}

/// `<uuid>`
pub(super) fn three_way(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let of = switch.view_of(data.trim());
    let whisper = Whisper {
        to_leg: true,
        to_other: true,
    };
    switch.begin_eavesdrop(id, of, None, false, whisper)
}

impl Switch {
    /// The channel of that name.
    pub(super) fn view_of(&self, uuid: &str) -> Option<ChannelId> {
        let id = ChannelId::from_text(uuid)?;
        self.channels.contains_key(&id).then_some(id)
    }

    fn begin_eavesdrop(
        &mut self,
        id: &ChannelId,
        of: Option<ChannelId>,
        all: Option<Vec<ChannelId>>,
        keys: bool,
        whisper: Whisper,
    ) -> Started {
        let Some(of) = of.filter(|of| self.may_overhear(id, of)) else {
            tracing::warn!(channel = %id, "There is nobody to be overheard");
            return Started::Done;
        };
        self.overhear(id, &of, whisper);
        Started::Waits(App::Eavesdrop(Eavesdrop {
            of,
            all,
            keys,
            whisper,
            left_its_call: false,
        }))
    }

    /// Lets a channel talk to both sides of a call, for which it left its own.
    pub(super) fn join_call(&mut self, id: &ChannelId, of: ChannelId, whisper: Whisper) -> Started {
        let mut started = self.begin_eavesdrop(id, Some(of), None, false, whisper);
        if let Started::Waits(App::Eavesdrop(app)) = &mut started {
            app.left_its_call = true;
        }
        started
    }

    fn eavesdrop_over(&mut self, id: &ChannelId) {
        let left = matches!(self.innermost_app(id), Some(App::Eavesdrop(app)) if app.left_its_call);
        self.application_done(id, None);
        if left {
            self.continue_after_bridge(id, HangupCause::NormalClearing);
        }
    }

    /// Whether one channel may hear another: both on one media thread, and of the group it asks for.
    fn may_overhear(&self, id: &ChannelId, of: &ChannelId) -> bool {
        let legs = self.channels.get(id).zip(self.channels.get(of));
        let Some((own, other)) = legs.filter(|_| id != of) else {
            return false;
        };
        let group = other.seen.variables.get("eavesdrop_group");
        let group = group.map(|group| group.to_text());
        let asked = own.seen.variables.get("eavesdrop_require_group");
        let fits = asked.is_none_or(|asked| {
            let asked = asked.to_text();
            group.is_some_and(|groups| groups.split([',', ' ']).any(|group| *group == *asked))
        });
        fits && other.is_up() && other.media.open && own.media.worker == other.media.worker
    }

    fn overhear(&mut self, id: &ChannelId, of: &ChannelId, whisper: Whisper) {
        self.need_media(of);
        let Some(leg) = self.channels.get(of).map(|live| live.media.id) else {
            return;
        };
        self.media_of(id, |own| MediaCommand::Eavesdrop {
            leg: own,
            of: Some(leg),
            whisper,
        });
        self.emit(of, ChannelEvent::MediaBugStarted(bug(of)));
    }

    fn overhear_no_more(&mut self, id: &ChannelId, of: &ChannelId) {
        self.media_of(id, |leg| MediaCommand::Eavesdrop {
            leg,
            of: None,
            whisper: Whisper::default(),
        });
        if self.channels.contains_key(of) {
            self.emit(of, ChannelEvent::MediaBugStopped(bug(of)));
        }
    }

    /// The first channel, in the order they were made, that was not heard yet and does not listen itself.
    fn next_to_hear(&self, id: &ChannelId, heard: &[ChannelId]) -> Option<ChannelId> {
        let mut others: Vec<_> = self
            .channels
            .values()
            .filter(|live| live.id() != id && !heard.contains(live.id()))
            .filter(|live| {
                let mut apps = live.script.runs.iter().map(|run| &run.app);
                !apps.any(|app| matches!(app, App::Eavesdrop(_)))
            })
            .filter(|live| self.may_overhear(id, live.id()))
            .map(|live| (live.seen.serial, live.id().clone()))
            .collect();
        others.sort_by_key(|(serial, _)| *serial);
        others.into_iter().map(|(_, id)| id).next()
    }

    /// `2` talks to the channel, `1` to its partner, `3` to both, `0` to nobody; `*` goes to the next channel of all.
    pub(super) fn eavesdrop_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(App::Eavesdrop(app)) = self.innermost_app(id) else {
            return;
        };
        if !app.keys {
            return;
        }
        let (to_leg, to_other) = match digit {
            '0' => (false, false),
            '1' => (false, true),
            '2' => (true, false),
            '3' => (true, true),
            '*' if app.all.is_some() => return self.hear_next(id),
            _ => return,
        };
        app.whisper = Whisper { to_leg, to_other };
        let (of, whisper) = (app.of.clone(), app.whisper);
        let of = self.channels.get(&of).map(|live| live.media.id);
        self.media_of(id, |leg| MediaCommand::Eavesdrop { leg, of, whisper });
    }

    /// Goes on to the next channel; when all were heard, begins anew; when there is none, it is through.
    fn hear_next(&mut self, id: &ChannelId) {
        let Some(App::Eavesdrop(app)) = self.innermost_app(id) else {
            return;
        };
        let (of, whisper) = (app.of.clone(), app.whisper);
        let Some(mut heard) = app.all.take() else {
            return self.eavesdrop_over(id);
        };
        heard.push(of.clone());
        self.overhear_no_more(id, &of);
        let next = match self.next_to_hear(id, &heard) {
            Some(next) => Some(next),
            None => {
                heard.clear();
                self.next_to_hear(id, &heard)
            }
        };
        let Some(next) = next else {
            return self.eavesdrop_over(id);
        };
        self.overhear(id, &next, whisper);
        if let Some(App::Eavesdrop(app)) = self.innermost_app(id) {
            app.of = next;
            app.all = Some(heard);
        }
    }

    /// A channel ends: whoever listens to it goes on.
    pub(crate) fn end_eavesdroppers(&mut self, of: &ChannelId) {
        let listens = |live: &&crate::channel::Live| {
            let mut apps = live.script.runs.iter().map(|run| &run.app);
            apps.any(|app| matches!(app, App::Eavesdrop(app) if app.of == *of))
        };
        let listeners = self.channels.values().filter(listens);
        let listeners: Vec<_> = listeners.map(|live| live.id().clone()).collect();
        for id in listeners {
            // What runs on top is broken off with it: it was there for whoever listened.
            while !matches!(self.innermost_app(&id), Some(App::Eavesdrop(_)) | None) {
                self.end_innermost(&id);
            }
            self.hear_next(&id);
        }
    }

    /// Whether somebody listens to a channel.
    pub(crate) fn is_overheard(&self, of: &ChannelId) -> bool {
        self.channels.values().any(|live| {
            let mut apps = live.script.runs.iter().map(|run| &run.app);
            apps.any(|app| matches!(app, App::Eavesdrop(app) if app.of == *of))
        })
    }

    pub(super) fn abort_eavesdrop(&mut self, id: &ChannelId, app: &Eavesdrop) {
        self.overhear_no_more(id, &app.of);
    }
}

fn bug(of: &ChannelId) -> MediaBug {
    MediaBug {
        function: BUG.into(),
        target: of.as_str().into(),
    }
}
