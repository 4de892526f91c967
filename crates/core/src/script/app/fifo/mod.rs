//! `fifo`: wait for a consumer, or take those who wait; [`crate::fifo`] knows who is there.

mod talk;

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::event::FifoAction;
use media::control::PlayId;

use super::playback::Playing;
use super::{App, Started};
use crate::Switch;
use crate::fifo::Side;
use crate::work::Work;

/// The key by which a consumer ends the talk with a caller, when `fifo_consumer_exit_key` names no other.
const CONSUMER_EXIT_KEY: &str = "*";

/// Most fifos one consumer serves.
const MAX_SERVED: usize = 50;

/// Somebody in a fifo.
#[derive(Debug)]
pub(crate) struct InFifo {
    /// Where they are called or talk, or one of those where they wait.
    fifo: Arc<str>,
    /// Where a consumer waits besides.
    others: Vec<Arc<str>>,
    role: Role,
    /// Heard before the talk.
    announce: Option<Arc<str>>,
    music: Option<Arc<str>>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Caller,
    /// `stays`: they wait for callers, one after the other.
    Consumer {
        stays: bool,
    },
}

impl Role {
    fn side(self) -> Side {
        match self {
            Self::Caller => Side::Caller,
            Self::Consumer { .. } => Side::Consumer,
        }
    }
}

#[derive(Debug)]
enum Stage {
    /// For somebody of the other side, with music.
    Waiting(Option<Playing>),
    /// Somebody is there; the announcement is heard first.
    Called(Option<Playing>),
    Talking,
    /// They are not in the fifo any more, and go on.
    Left,
}

impl InFifo {
    pub(super) fn talks(&self) -> bool {
        match self.stage {
            Stage::Waiting(_) | Stage::Called(_) | Stage::Left => false,
            Stage::Talking => true,
        }
    }

    /// All fifos they are in while they wait.
    fn names(&self) -> Vec<Arc<str>> {
        let first = std::iter::once(&self.fifo);
        first.chain(&self.others).cloned().collect()
    }

    fn sound(&mut self) -> Option<&mut Option<Playing>> {
        match &mut self.stage {
            Stage::Waiting(playing) | Stage::Called(playing) => Some(playing),
            Stage::Talking | Stage::Left => None,
        }
    }

    /// What is being played.
    pub(super) fn playing_mut(&mut self) -> Option<&mut Playing> {
        self.sound().and_then(Option::as_mut)
    }

    fn take_playing(&mut self) -> Option<Playing> {
        self.sound().and_then(Option::take)
    }
}

/// What the argument wants.
struct Wish {
    /// With their importance.
    fifos: Vec<(Arc<str>, Option<i32>)>,
    role: Role,
    announce: Option<Arc<str>>,
    music: Option<Arc<str>>,
}

/// `<name>[!<importance>][,…] [in [<announce>|undef] [<music>|undef] | out [wait|nowait] [<announce>|undef] [<music>|undef]]`
fn parse(data: &str) -> Option<Wish> {
    let mut words = data.split_whitespace().peekable();
    let mut fifos: Vec<(Arc<str>, Option<i32>)> = Vec::new();
    for name in words.next()?.split(',') {
        let (fifo, importance) = match name.split_once('!') {
            Some((fifo, importance)) => (fifo, Some(importance.parse().ok()?)),
            None => (name, None),
        };
        if !fifos.iter().any(|(one, _)| **one == *fifo) {
            fifos.push((fifo.into(), importance));
        }
    }
    let role = match words.next() {
        None => Role::Caller,
        Some(word) if word.eq_ignore_ascii_case("in") => Role::Caller,
        Some(word) if word.eq_ignore_ascii_case("out") => {
            let how = words.next_if(|word| {
                word.eq_ignore_ascii_case("wait") || word.eq_ignore_ascii_case("nowait")
            });
            let stays = how.is_none_or(|word| word.eq_ignore_ascii_case("wait"));
            Role::Consumer { stays }
        }
        Some(_) => return None,
    };
    let most = if role == Role::Caller { 1 } else { MAX_SERVED };
    if fifos.len() > most {
        return None;
    }
    let mut file = || {
        let word = words.next();
        word.filter(|word| !word.eq_ignore_ascii_case("undef"))
            .map(Arc::from)
    };
    Some(Wish {
        fifos,
        role,
        announce: file(),
        music: file(),
    })
}

pub(super) fn fifo(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(wish) = parse(data) else {
        tracing::warn!(channel = %id, data, "fifo does not say what to do");
        return Started::Done;
    };
    let Wish {
        fifos,
        role,
        announce,
        music,
    } = wish;
    let names: Vec<Arc<str>> = fifos.iter().map(|(name, _)| name.clone()).collect();
    let is_wanted = |name: &Arc<str>| switch.has_caller_for(id, name);
    if role == (Role::Consumer { stays: false }) && !names.iter().any(is_wanted) {
        return Started::Done;
    }
    if role != Role::Caller {
        switch.answer_channel(id);
    }
    for (at, (name, importance)) in fifos.iter().enumerate() {
        if !switch.enter_fifo(id, name, *importance, role.side()) {
            tracing::warn!(channel = %id, fifo = &**name, "Nobody else can be in the fifo");
            for entered in &names[..at] {
                switch.exit_fifo(id, entered, role.side());
            }
            return Started::Done;
        }
    }
    for name in &names {
        match role {
            Role::Caller => switch.caller_came(id, name),
            Role::Consumer { .. } => switch.tell_of_fifo(id, name, FifoAction::ConsumerStarted),
        }
    }
    let mut others = names.clone();
    let fifo = others.remove(0);
    let mut app = InFifo {
        fifo,
        others,
        role,
        announce,
        music,
        stage: Stage::Waiting(None),
    };
    app.stage = Stage::Waiting(switch.fifo_music(id, app.music.as_deref()));
    // Whoever waits on the other side is found when this application has begun.
    for name in switch.in_serving_order(id, names) {
        switch.work.push_back(Work::Fifo(name));
    }
    Started::Waits(App::Fifo(app))
}

impl Switch {
    /// A caller waits from now on.
    fn caller_came(&mut self, id: &ChannelId, fifo: &Arc<str>) {
        let priority = self.fifo_priority(id, fifo);
        self.tell_of_fifo(id, fifo, FifoAction::Pushed { priority });
        let time = self.fifo_time();
        let position = self.fifo_position(id, fifo).to_string();
        self.set_vars(
            id,
            &[
                ("fifo_position", position),
                ("fifo_priority", priority.to_string()),
                ("fifo_push_timestamp", time.clone()),
                ("fifo_status", "WAITING".into()),
                ("fifo_timestamp", time),
            ],
        );
        if let Some((_, span)) = self.fifo_orbit(id) {
            self.wait(id, span);
        }
    }

    /// Where a caller goes who has waited so long: `<extension>:<seconds>`.
    fn fifo_orbit(&self, id: &ChannelId) -> Option<(Arc<str>, Duration)> {
        let (extension, seconds) = self.var(id, "fifo_orbit_exten")?.rsplit_once(':')?;
        let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
        Some((extension.into(), Duration::from_secs(seconds)))
    }

    /// Now, as variables have it.
    fn fifo_time(&self) -> String {
        let micros = self.now.wall.as_micros();
        let at = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
        let at = at.to_zoned(self.config.time_zone.clone());
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn set_fifo_status(&mut self, id: &ChannelId, status: &str) {
        self.set_var(id, "fifo_status", status);
        let time = self.fifo_time();
        self.set_var(id, "fifo_timestamp", time);
    }

    /// What is heard while waiting: that of the argument, of the channel, or of everybody.
    fn fifo_music(&mut self, id: &ChannelId, wanted: Option<&str>) -> Option<Playing> {
        let own = || {
            let names = ["fifo_music", "hold_music"];
            names.iter().find_map(|name| self.var(id, name))
        };
        let everybodys = || self.view.globals.get("hold_music").map(|music| &**music);
        let music = wanted.or_else(own).or_else(everybodys)?.to_owned();
        let silent = music.is_empty() || music.eq_ignore_ascii_case("silence");
        (!silent).then(|| self.start_playing(id, &music, None))
    }

    /// Music and announcements are no answer of the application (recorded).
    fn end_fifo_sound(&mut self, id: &ChannelId, playing: Playing) {
        self.abort_playing(id, playing);
        self.unset_var(id, "current_application_response");
    }

    fn fifo_app(&mut self, id: &ChannelId) -> Option<&mut InFifo> {
        let live = self.channels.get_mut(id)?;
        live.script
            .runs
            .iter_mut()
            .find_map(|run| match &mut run.app {
                App::Fifo(app) => Some(app),
                App::Starting
                | App::Park(_)
                | App::Sleep
                | App::Echo
                | App::Playback(_)
                | App::Record(_)
                | App::Collect(_)
                | App::Bridge(_)
                | App::Queue(_)
                | App::Listen(_)
                | App::Await(_)
                | App::Consult(_)
                | App::Valet(_)
                | App::Voicemail(_)
                | App::Nested(_)
                | App::Socket(_)
                | App::Eavesdrop(_)
                | App::Conference => None,
            })
    }

    /// Whether the channel talks with the other side of a fifo now.
    pub(crate) fn talks_in_fifo(&mut self, id: &ChannelId) -> bool {
        self.fifo_app(id).is_some_and(|app| app.talks())
    }

    /// Whether that was music or an announcement of a fifo, which is over then.
    pub(super) fn fifo_played(&mut self, id: &ChannelId, play: PlayId) -> bool {
        let Some(app) = self.fifo_app(id) else {
            return false;
        };
        let Some(sound) = app.sound() else {
            return false;
        };
        if sound.take_if(|one| one.play == play).is_none() {
            return false;
        }
        match app.stage {
            Stage::Called(_) => self.join_in_fifo(id),
            // Music has no end of its own: there is no such file, or somebody broke it off.
            Stage::Waiting(_) | Stage::Talking | Stage::Left => {}
        }
        true
    }

    /// Music again, after a program let the channel do something else.
    pub(super) fn resume_fifo(&mut self, id: &ChannelId) {
        let Some(app) = self.fifo_app(id) else { return };
        let Stage::Waiting(None) = &app.stage else {
            return;
        };
        let music = app.music.clone();
        let playing = self.fifo_music(id, music.as_deref());
        if let Some(app) = self.fifo_app(id) {
            app.stage = Stage::Waiting(playing);
        }
    }

    /// A caller has waited too long.
    pub(super) fn fifo_timeout(&mut self, id: &ChannelId) {
        let waits = |app: &mut InFifo| matches!(app.stage, Stage::Waiting(_));
        if !self.fifo_app(id).is_some_and(waits) {
            return;
        }
        let orbit = self.fifo_orbit(id).map(|(extension, _)| extension);
        self.leave_fifo(id, Some((FifoAction::TimedOut, "TIMEOUT", orbit)));
    }

    /// A key: callers leave with one of `fifo_caller_exit_key`, consumers end the talk.
    pub(super) fn fifo_digit(&mut self, id: &ChannelId, digit: char) {
        let Some(app) = self.fifo_app(id) else { return };
        match (&app.stage, app.role) {
            (Stage::Waiting(_), Role::Caller) => {
                let keys = self.var(id, "fifo_caller_exit_key").unwrap_or_default();
                if !keys.contains(digit) {
                    return;
                }
                self.set_var(id, "fifo_caller_exit_key", digit.to_string());
                let orbit = self.var_true(id, "fifo_caller_exit_to_orbit");
                let orbit = orbit.then(|| self.fifo_orbit(id)).flatten();
                let orbit = orbit.map(|(extension, _)| extension);
                self.leave_fifo(id, Some((FifoAction::Aborted, "ABORTED", orbit)));
            }
            (Stage::Talking, Role::Consumer { .. }) => {
                let keys = self.var(id, "fifo_consumer_exit_key");
                if keys.unwrap_or(CONSUMER_EXIT_KEY).contains(digit) {
                    self.disconnect(id);
                    self.fifo_talk_over(id);
                }
            }
            (Stage::Waiting(_) | Stage::Called(_), Role::Consumer { .. })
            | (Stage::Called(_) | Stage::Talking, Role::Caller)
            | (Stage::Left, Role::Caller | Role::Consumer { .. }) => {}
        }
    }

    /// Somebody who waits goes on, in their dialplan or elsewhere. A caller is told with what became of them.
    fn leave_fifo(&mut self, id: &ChannelId, caller: Option<(FifoAction, &str, Option<Arc<str>>)>) {
        self.end_applications_over_fifo(id);
        let Some(app) = self.fifo_app(id) else { return };
        let (fifo, side, playing) = (app.fifo.clone(), app.role.side(), app.take_playing());
        let others = app.others.clone();
        app.stage = Stage::Left;
        if let Some(playing) = playing {
            self.end_fifo_sound(id, playing);
        }
        for name in std::iter::once(&fifo).chain(&others) {
            self.exit_fifo(id, name, side);
        }
        match caller {
            Some((action, status, orbit)) => {
                self.set_fifo_status(id, status);
                self.tell_of_fifo(id, &fifo, action);
                if let Some(extension) = orbit {
                    return self.transfer_channel(id, &extension, None, None);
                }
            }
            None => self.consumer_stopped(id, &fifo, &others),
        }
        self.application_done(id, None);
    }

    pub(super) fn abort_fifo(&mut self, id: &ChannelId, mut app: InFifo) {
        if let Some(playing) = app.take_playing() {
            self.end_fifo_sound(id, playing);
        }
        let (fifo, others, side) = (app.fifo, app.others, app.role.side());
        match app.stage {
            Stage::Waiting(_) => {
                for name in std::iter::once(&fifo).chain(&others) {
                    self.exit_fifo(id, name, side);
                }
            }
            Stage::Called(_) => {
                if let Some(partner) = self.exit_fifo(id, &fifo, side) {
                    self.wait_again(&partner.channel, &fifo);
                }
            }
            Stage::Talking => {
                self.end_fifo_talk(id);
                self.exit_fifo(id, &fifo, side);
                let up = self.channels.get(id);
                if up.is_some_and(crate::channel::Live::is_up) {
                    self.disconnect(id);
                }
            }
            Stage::Left => return,
        }
        match (side, app.stage) {
            (Side::Caller, Stage::Waiting(_) | Stage::Called(_)) => {
                self.set_fifo_status(id, "ABORTED");
                self.tell_of_fifo(id, &fifo, FifoAction::Aborted);
            }
            (Side::Caller, Stage::Talking | Stage::Left) => {}
            (Side::Consumer, _) => self.consumer_stopped(id, &fifo, &others),
        }
    }

    fn consumer_stopped(&mut self, id: &ChannelId, fifo: &Arc<str>, others: &[Arc<str>]) {
        for name in std::iter::once(fifo).chain(others) {
            self.tell_of_fifo(id, name, FifoAction::ConsumerStopped);
        }
    }
}
