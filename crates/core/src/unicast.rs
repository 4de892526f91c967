//! The sound of a parked channel for a program beside it (event-socket.md §2.12, unicast).

use api::ChannelId;
use api::command::channel::Unicast;
use media::control::{LegId, LegKind, MediaCommand, TransportFailure, UnicastTransport};

use crate::Switch;
use crate::script::app::App;

/// What a program asked for. It has the channel's sound while that is parked, until the channel ends.
#[derive(Debug)]
pub(crate) struct Program {
    link: Unicast,
    /// Its leg, while it has the sound.
    leg: Option<LegId>,
}

impl Switch {
    /// A program wants a channel's sound, in the place of one that had it.
    pub(crate) fn start_unicast(&mut self, id: &ChannelId, link: Unicast) {
        self.end_unicast(id);
        if let Some(live) = self.channels.get_mut(id) {
            live.program = Some(Program { link, leg: None });
        }
        self.settle_unicast(id);
    }

    /// The channel began or ceased to do nothing but wait.
    pub(crate) fn settle_unicast(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let Some(program) = &live.program else { return };
        let has_it = program.leg.is_some();
        let wants_it = live.is_up() && live.media.open && live.bridge.is_none() && {
            let mut apps = live.script.runs.iter().map(|run| &run.app);
            let parked = apps.any(App::is_parked);
            parked
                && live
                    .script
                    .runs
                    .last()
                    .is_some_and(|r| r.app.leaves_sound())
        };
        match (has_it, wants_it) {
            (false, true) => self.open_unicast(id),
            (true, false) => self.close_unicast(id),
            (true, true) | (false, false) => {}
        }
    }

    fn open_unicast(&mut self, id: &ChannelId) {
        self.serials.leg += 1;
        let leg = LegId(self.serials.leg);
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(program) = &mut live.program else {
            return;
        };
        program.leg = Some(leg);
        let link = media::control::Unicast {
            local: program.link.local,
            remote: program.link.remote,
            transport: if program.link.stream {
                UnicastTransport::Tcp
            } else {
                UnicastTransport::Udp
            },
            native: program.link.native,
        };
        let (worker, own) = (live.media.worker, live.media.id);
        let kind = LegKind::Unicast { link, beside: own };
        self.media(worker, MediaCommand::OpenLeg { leg, kind });
        self.media(worker, MediaCommand::Bridge { a: own, b: leg });
    }

    fn close_unicast(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let leg = live.program.as_mut().and_then(|program| program.leg.take());
        let worker = live.media.worker;
        if let Some(leg) = leg {
            self.media(worker, MediaCommand::CloseLeg { leg });
        }
    }

    fn end_unicast(&mut self, id: &ChannelId) {
        self.close_unicast(id);
        if let Some(live) = self.channels.get_mut(id) {
            live.program = None;
        }
    }

    /// The program cannot be reached, or its stream has ended. False when the leg is no program's.
    pub(crate) fn unicast_failed(&mut self, leg: LegId, why: TransportFailure) -> bool {
        let found = self.channels.values_mut().find(|live| {
            let program = live.program.as_ref();
            program.is_some_and(|program| program.leg == Some(leg))
        });
        let Some(live) = found else { return false };
        let remote = live.program.take().map(|program| program.link.remote);
        tracing::warn!(channel = %live.id(), ?remote, ?why, "Unicast has ended");
        true
    }
}

#[cfg(test)]
mod tests {
    use api::Application;
    use api::command::channel::{Execute, Hangup, QueuedAction};
    use media::control::MediaReport;

    use super::*;
    use crate::Input;
    use crate::rig::Rig;

    fn link(port: u16) -> Unicast {
        Unicast {
            local: ([127, 0, 0, 1], 8025).into(),
            remote: ([127, 0, 0, 1], port).into(),
            stream: false,
            native: false,
        }
    }

    fn run(rig: &mut Rig, id: &ChannelId, action: QueuedAction) {
        let execute = Execute {
            channel: id.clone(),
            action,
            request: Vec::new(),
            body: None,
            event_lock: false,
            priority: false,
        };
        rig.get(execute).unwrap();
    }

    fn application(name: &str, data: &str) -> QueuedAction {
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

    /// The programs that have the sound of some channel now.
    fn programs(rig: &Rig) -> Vec<(LegId, u16)> {
        let mut open = Vec::new();
        for command in &rig.commands {
            if let MediaCommand::OpenLeg {
                leg,
                kind: LegKind::Unicast { link, .. },
            } = command
            {
                open.push((*leg, link.remote.port()));
            }
            if let MediaCommand::CloseLeg { leg } = command {
                open.retain(|(open, _)| open != leg);
            }
        }
        open
    }

    fn ports(rig: &Rig) -> Vec<u16> {
        programs(rig).into_iter().map(|(_, port)| port).collect()
    }

    #[test]
    fn a_program_has_the_sound_of_a_parked_channel_until_something_else_has_it() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        run(&mut rig, &id, QueuedAction::Unicast(link(1)));
        assert_eq!(ports(&rig), [1]);
        run(&mut rig, &id, QueuedAction::Unicast(link(2)));
        assert_eq!(ports(&rig), [2], "the later one in place of the earlier");
        run(&mut rig, &id, application("playback", "/a.wav"));
        assert_eq!(
            ports(&rig),
            [2],
            "what is played is heard by the phone alone"
        );
        run(&mut rig, &id, application("echo", ""));
        assert_eq!(ports(&rig), []);
        run(
            &mut rig,
            &id,
            QueuedAction::Replace(vec![Application::new("park", "")]),
        );
        assert_eq!(ports(&rig), [2], "parked again");
        let cause = api::HangupCause::NormalClearing;
        rig.get(Hangup { channel: id, cause }).unwrap();
        assert_eq!(ports(&rig), []);
    }

    #[test]
    fn what_is_asked_for_while_something_plays_begins_when_the_channel_is_parked() {
        let mut rig = Rig::new();
        let then = api::command::call::Then::Run(Application::new("echo", ""));
        let id = rig.originate("null/x", then);
        run(&mut rig, &id, QueuedAction::Unicast(link(1)));
        assert_eq!(ports(&rig), []);
        rig.get(api::command::channel::ParkChannel {
            channel: id.clone(),
        })
        .unwrap();
        assert_eq!(ports(&rig), [1]);
    }

    #[test]
    fn a_program_that_is_not_there_is_not_tried_again() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        run(&mut rig, &id, QueuedAction::Unicast(link(1)));
        let (leg, _) = programs(&rig)[0];
        rig.feed(Input::Media(MediaReport::OpenFailed {
            leg,
            why: TransportFailure::Refused,
        }));
        rig.commands.clear();
        run(&mut rig, &id, application("echo", ""));
        run(
            &mut rig,
            &id,
            QueuedAction::Replace(vec![Application::new("park", "")]),
        );
        assert_eq!(ports(&rig), []);
        assert!(rig.view.channels.contains_key(&id), "the call goes on");
    }
}
