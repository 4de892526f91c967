//! Two in a fifo meet, talk, and go on.

use std::sync::Arc;

use api::ChannelId;
use api::event::FifoAction;

use super::super::App;
use super::{Role, Stage};
use crate::Switch;
use crate::fifo::Side;
use crate::work::Work;

impl Switch {
    /// Brings together who waits on both sides.
    pub(crate) fn serve_fifo(&mut self, fifo: &Arc<str>) {
        while let Some((caller, consumer)) = self.match_fifo(fifo) {
            let popped = FifoAction::ConsumerPopped {
                caller: caller.channel.clone(),
                name: caller.name.clone(),
                number: caller.number.clone(),
            };
            self.tell_of_fifo(&consumer.channel, fifo, popped);
            self.tell_of_fifo(&caller.channel, fifo, FifoAction::CallerPopped);
            self.leave_other_fifos(&consumer.channel, fifo);
            for id in [&caller.channel, &consumer.channel] {
                self.answer_channel(id);
                self.announce_in_fifo(id);
            }
            self.join_in_fifo(&caller.channel);
        }
        self.dismiss_consumers(fifo);
    }

    /// Consumers who did not want to wait, and for whom nobody is there any more.
    fn dismiss_consumers(&mut self, fifo: &Arc<str>) {
        let Some(seen) = self.fifos.get(fifo) else {
            return;
        };
        let waiting: Vec<ChannelId> = seen
            .consumers
            .iter()
            .filter(|party| party.waits())
            .map(|party| party.channel.clone())
            .collect();
        for id in waiting {
            let Some(app) = self.fifo_app(&id) else {
                continue;
            };
            let (role, names) = (app.role, app.names());
            let mut names = names.iter();
            if role == (Role::Consumer { stays: false })
                && !names.any(|name| self.has_caller_for(&id, name))
            {
                self.leave_fifo(&id, None);
            }
        }
    }

    /// A consumer has a caller in this fifo, and is in no other one meanwhile.
    fn leave_other_fifos(&mut self, id: &ChannelId, fifo: &Arc<str>) {
        let Some(app) = self.fifo_app(id) else { return };
        let mut others = app.names();
        others.retain(|name| name != fifo);
        app.fifo = fifo.clone();
        app.others = others.clone();
        for name in &others {
            self.exit_fifo(id, name, Side::Consumer);
        }
    }

    /// A consumer waits again, wherever they did.
    fn wait_in_all_fifos(&mut self, id: &ChannelId) {
        let Some(app) = self.fifo_app(id) else { return };
        let (names, others, side) = (app.names(), app.others.clone(), app.role.side());
        for name in &others {
            if !self.enter_fifo(id, name, None, side) {
                tracing::warn!(channel = %id, fifo = &**name, "Nobody else can be in the fifo");
            }
        }
        for name in self.in_serving_order(id, names) {
            self.work.push_back(Work::Fifo(name));
        }
    }

    /// Somebody is there: whatever is heard and done meanwhile ends, and the announcement begins.
    fn announce_in_fifo(&mut self, id: &ChannelId) {
        self.end_applications_over_fifo(id);
        let Some(app) = self.fifo_app(id) else { return };
        let (music, announce) = (app.take_playing(), app.announce.clone());
        app.stage = Stage::Called(None);
        if let Some(music) = music {
            self.end_fifo_sound(id, music);
        }
        let Some(announce) = announce else { return };
        let playing = self.start_playing(id, &announce, Some(0));
        if let Some(app) = self.fifo_app(id) {
            app.stage = Stage::Called(Some(playing));
        }
    }

    /// What a program lets somebody do meanwhile ends.
    pub(super) fn end_applications_over_fifo(&mut self, id: &ChannelId) {
        loop {
            let live = self.channels.get(id);
            let top = live.and_then(|live| live.script.runs.last());
            let is_reached = top.is_none_or(|run| matches!(run.app, App::Fifo(_)));
            if is_reached || !self.end_innermost(id) {
                return;
            }
        }
    }

    /// Connects a pair when neither hears an announcement any more.
    pub(super) fn join_in_fifo(&mut self, id: &ChannelId) {
        let Some(app) = self.fifo_app(id) else { return };
        let (fifo, side) = (app.fifo.clone(), app.role.side());
        let Some(partner) = self.fifo_partner(id, &fifo, side) else {
            return;
        };
        let ready = |switch: &mut Self, id: &ChannelId| {
            let app = switch.fifo_app(id);
            app.is_some_and(|app| matches!(app.stage, Stage::Called(None)))
        };
        if !ready(self, id) || !ready(self, &partner) {
            return;
        }
        let (caller, consumer) = match side {
            Side::Caller => (id.clone(), partner),
            Side::Consumer => (partner, id.clone()),
        };
        for (id, other, side) in [
            (&caller, &consumer, Side::Caller),
            (&consumer, &caller, Side::Consumer),
        ] {
            if let Some(app) = self.fifo_app(id) {
                app.stage = Stage::Talking;
            }
            self.set_fifo_talk(id, &fifo, side, true);
            self.set_var(id, "fifo_target", other.as_str());
            self.set_fifo_status(id, "TALKING");
        }
        self.connect(&consumer, &caller, false);
        self.tell_of_fifo(&consumer, &fifo, FifoAction::ConsumerBridged(true));
        self.tell_of_fifo(&caller, &fifo, FifoAction::CallerBridged(true));
    }

    fn fifo_partner(&self, id: &ChannelId, fifo: &str, side: Side) -> Option<ChannelId> {
        let fifo = self.fifos.get(fifo)?;
        let parties = match side {
            Side::Caller => &fifo.callers,
            Side::Consumer => &fifo.consumers,
        };
        let party = parties.iter().find(|one| one.channel == *id)?;
        party.partner.as_ref().map(|one| one.channel.clone())
    }

    /// The other side has gone: the caller goes on as after a bridge, a consumer waits for the next one.
    pub(crate) fn fifo_talk_over(&mut self, id: &ChannelId) {
        self.end_fifo_talk(id);
        let Some(app) = self.fifo_app(id) else { return };
        if !app.talks() {
            return;
        }
        let (fifo, role) = (app.fifo.clone(), app.role);
        match role {
            Role::Caller => {
                app.stage = Stage::Left;
                self.exit_fifo(id, &fifo, Side::Caller);
                self.bridge_over(id);
            }
            Role::Consumer { stays: false } => {
                app.stage = Stage::Waiting(None);
                self.leave_fifo(id, None);
            }
            Role::Consumer { stays: true } => {
                app.stage = Stage::Waiting(None);
                self.set_fifo_status(id, "WAITING");
                self.tell_of_fifo(id, &fifo, FifoAction::ConsumerReturned);
                self.resume_fifo(id);
                self.wait_in_all_fifos(id);
            }
        }
    }

    /// A talk is over for both, whoever notices first.
    pub(super) fn end_fifo_talk(&mut self, id: &ChannelId) {
        let names: Vec<_> = self.fifos.keys().cloned().collect();
        for fifo in names {
            for side in [Side::Caller, Side::Consumer] {
                let Some(partner) = self.set_fifo_talk(id, &fifo, side, false) else {
                    continue;
                };
                let (caller, consumer) = match side {
                    Side::Caller => (id.clone(), partner.channel),
                    Side::Consumer => (partner.channel, id.clone()),
                };
                self.set_fifo_talk(&caller, &fifo, Side::Caller, false);
                self.set_fifo_talk(&consumer, &fifo, Side::Consumer, false);
                // The caller is served, and does not wait again.
                self.exit_fifo(&caller, &fifo, Side::Caller);
                for id in [&caller, &consumer] {
                    self.set_fifo_status(id, "DONE");
                }
                self.tell_of_fifo(&consumer, &fifo, FifoAction::ConsumerBridged(false));
                self.tell_of_fifo(&caller, &fifo, FifoAction::CallerBridged(false));
                return;
            }
        }
    }

    /// Whoever was there has gone before they talked.
    pub(super) fn wait_again(&mut self, id: &ChannelId, fifo: &Arc<str>) {
        let Some(app) = self.fifo_app(id) else { return };
        let (side, announcement) = (app.role.side(), app.take_playing());
        app.stage = Stage::Waiting(None);
        if let Some(announcement) = announcement {
            self.end_fifo_sound(id, announcement);
        }
        self.set_fifo_talk(id, fifo, side, false);
        self.resume_fifo(id);
        self.wait_in_all_fifos(id);
    }
}
