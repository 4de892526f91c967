//! `valet_park`: keep a call in a slot of a parking lot, or take it out; [`crate::parking`] does the rest.

use std::sync::Arc;
use std::time::Duration;

use api::ChannelId;
use api::event::UnparkReason;
use media::control::PlayId;

use super::playback::Playing;
use super::{App, Started};
use crate::Switch;

/// Slots that are chosen when nobody says which.
const USUAL_SLOTS: (u32, u32) = (1, 100);

/// A call in its slot.
#[derive(Debug)]
pub(crate) struct Valet {
    lot: Arc<str>,
    playing: Option<Playing>,
}

impl Valet {
    /// What is being played.
    pub(super) fn playing_mut(&mut self) -> Option<&mut Playing> {
        self.playing.as_mut()
    }
}

/// What the argument wants.
enum Wish {
    Slot(Arc<str>),
    In((u32, u32)),
    Out((u32, u32)),
}

/// `<lot> <extension>`, or `<lot> auto [in|out] [<min>] [<max>]`.
fn parse(data: &str) -> Option<(Arc<str>, Wish)> {
    let mut words = data.split_whitespace();
    let lot = words.next()?.into();
    let slot = words.next()?;
    if !slot.eq_ignore_ascii_case("auto") {
        // `ask` would have to speak.
        let known = !slot.eq_ignore_ascii_case("ask");
        return known.then(|| (lot, Wish::Slot(slot.into())));
    }
    let mut words = words.peekable();
    let out = match words.peek() {
        Some(word) if word.eq_ignore_ascii_case("in") || word.eq_ignore_ascii_case("out") => {
            words.next()?.eq_ignore_ascii_case("out")
        }
        Some(_) | None => false,
    };
    let mut number = |usual: u32| match words.next() {
        Some(word) => word.parse().ok(),
        None => Some(usual),
    };
    let range = (number(USUAL_SLOTS.0)?, number(USUAL_SLOTS.1)?);
    Some((
        lot,
        if out {
            Wish::Out(range)
        } else {
            Wish::In(range)
        },
    ))
}

pub(super) fn valet_park(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((lot, wish)) = parse(data) else {
        tracing::warn!(channel = %id, data, "valet_park does not say where");
        return Started::Done;
    };
    let (taken, slot) = match wish {
        Wish::Slot(slot) => (switch.parked(&lot, &slot), Some(slot)),
        Wish::In(range) => (None, switch.free_slot(&lot, range)),
        Wish::Out(range) => (switch.longest_parked(&lot, range), None),
    };
    if let Some(parked) = taken {
        if let Err(error) = switch.retrieve(&lot, &parked, id) {
            tracing::warn!(channel = %id, %error, "A parked call cannot be had");
        }
        return Started::Done;
    }
    let Some(slot) = slot else {
        return Started::Done;
    };
    let timeout = switch.var(id, "valet_parking_timeout");
    let timeout = timeout
        .and_then(|text| text.parse().ok())
        .filter(|s| *s > 0);
    let timeout = timeout.map(Duration::from_secs);
    if !switch.park_at(id, &lot, &slot, timeout) {
        return Started::Done;
    }
    switch.set_var(id, "valet_lot_name", &*lot);
    switch.set_var(id, "valet_lot_extension", &*slot);
    if let Some(timeout) = timeout {
        switch.wait(id, timeout);
    }
    let playing = switch.valet_music(id);
    Started::Waits(App::Valet(Valet { lot, playing }))
}

impl Switch {
    fn valet_music(&mut self, id: &ChannelId) -> Option<Playing> {
        let own = self.var(id, "valet_hold_music").map(str::to_owned);
        let music = match own {
            Some(music) => music,
            None => self.view.globals.get("hold_music")?.to_string(),
        };
        let silent = music.is_empty() || music.eq_ignore_ascii_case("silence");
        (!silent).then(|| self.start_playing(id, &music, None))
    }

    fn valet(&mut self, id: &ChannelId) -> Option<&mut Valet> {
        let live = self.channels.get_mut(id)?;
        live.script
            .runs
            .iter_mut()
            .find_map(|run| match &mut run.app {
                App::Valet(valet) => Some(valet),
                App::Eavesdrop(_)
                | App::Starting
                | App::Park(_)
                | App::Sleep
                | App::Listen(_)
                | App::Await(_)
                | App::Consult(_)
                | App::Echo
                | App::Playback(_)
                | App::Record(_)
                | App::Collect(_)
                | App::Bridge(_)
                | App::Queue(_)
                | App::Fifo(_)
                | App::Voicemail(_)
                | App::Nested(_)
                | App::Socket(_)
                | App::Conference => None,
            })
    }

    /// Whether that is what the channel heard in its slot, which is over then.
    pub(super) fn valet_played(&mut self, id: &ChannelId, play: PlayId) -> bool {
        let Some(valet) = self.valet(id) else {
            return false;
        };
        valet.playing.take_if(|one| one.play == play).is_some()
    }

    /// Music again, after a program let the channel do something else.
    pub(super) fn resume_valet(&mut self, id: &ChannelId) {
        if self.valet(id).is_some_and(|valet| valet.playing.is_none()) {
            let playing = self.valet_music(id);
            if let Some(valet) = self.valet(id) {
                valet.playing = playing;
            }
        }
    }

    /// It was there too long: it goes to the orbit, or on in its dialplan.
    pub(super) fn valet_timeout(&mut self, id: &ChannelId) {
        let Some(valet) = self.valet(id) else { return };
        let (lot, playing) = (valet.lot.clone(), valet.playing.take());
        if let Some(playing) = playing {
            self.abort_playing(id, playing);
        }
        self.unpark(&lot, id, UnparkReason::TimedOut);
        let named = |name: &str| self.var(id, name).map(Arc::<str>::from);
        match named("valet_parking_orbit_exten") {
            Some(extension) => {
                let dialplan = named("valet_parking_orbit_dialplan");
                let context = named("valet_parking_orbit_context");
                self.transfer_channel(id, &extension, dialplan, context);
            }
            None => self.application_done(id, None),
        }
    }

    pub(super) fn abort_valet(&mut self, id: &ChannelId, valet: Valet) {
        if let Some(playing) = valet.playing {
            self.abort_playing(id, playing);
        }
        let up = self
            .channels
            .get(id)
            .is_some_and(crate::channel::Live::is_up);
        let reason = if up {
            UnparkReason::Transferred
        } else {
            UnparkReason::HungUp
        };
        self.unpark(&valet.lot, id, reason);
    }
}
