//! Calling somebody into a conference: `dial`, `bgdial`, and `bridge:` in the application's argument.

use std::sync::Arc;

use api::dial::DialString;
use api::event::RoomAction;
use api::{ChannelId, CommandError, HangupCause, JobId, RequestId};

use super::enter::Entrance;
use crate::Switch;
use crate::originate::Purpose;

impl Switch {
    /// The media thread a leg for a conference belongs on: the conference's own, while it runs.
    pub(crate) fn room_worker(&mut self, argument: &str) -> usize {
        let name = self
            .entrance(argument)
            .map(|entrance| entrance.name)
            .unwrap_or_default();
        match self.conference_worker(&name) {
            Some(worker) => worker,
            None => self.place(),
        }
    }

    /// Answers `dial` once it is decided, `bgdial` at once.
    pub(super) fn dial_into_room(
        &mut self,
        request: RequestId,
        name: &Arc<str>,
        mut dial: DialString,
        (caller_name, caller_number): (Option<Arc<str>>, Option<Arc<str>>),
        background: Option<JobId>,
    ) {
        if self.view.settings.paused_outbound || self.view.settings.draining {
            let error = CommandError::call_failed(HangupCause::DestinationOutOfOrder);
            return self.answer(request, Err::<Vec<Arc<str>>, _>(error));
        }
        let waits = background.is_none().then_some(request);
        if background.is_some() {
            self.answer(request, Ok(Vec::<Arc<str>>::new()));
        }
        let room = self
            .rooms
            .by_name(name)
            .and_then(|mix| self.rooms.all.get(&mix));
        let argument = match room {
            Some(room) => format!("{name}@{}", room.seen.profile).into(),
            None => name.clone(),
        };
        let own = room.map(|room| room.seen.parameters.clone());
        let (own_name, own_number) = own.map_or((None, None), |own| {
            (own.caller_id_name, own.caller_id_number)
        });
        // What the dial string itself says about the caller wins.
        let named = [
            ("origination_caller_id_name", caller_name.or(own_name)),
            ("origination_caller_id_number", caller_number.or(own_number)),
        ];
        for (variable, value) in named {
            if let Some(value) = value
                && !dial
                    .variables
                    .iter()
                    .any(|(known, _)| known.eq_ignore_ascii_case(variable))
            {
                dial.variables.insert(0, (variable.into(), value));
            }
        }
        self.originate(
            dial,
            None,
            Purpose::Room {
                room: argument,
                request: waits,
                job: background,
            },
        );
    }

    /// `bridge:<name>:<dial string>`: calls somebody to talk to the member that asks for it, and only to it.
    pub(super) fn dial_beside(&mut self, id: &ChannelId, entrance: &Entrance, dial: &str) {
        let dial = match DialString::parse(dial) {
            Ok(dial) => dial,
            Err(error) => {
                tracing::warn!(channel = %id, %error, "Conference cannot call anybody");
                return;
            }
        };
        let room = format!("{}@{}+flags{{endconf}}", entrance.name, entrance.profile).into();
        self.originate(
            dial,
            None,
            Purpose::Room {
                room,
                request: None,
                job: None,
            },
        );
    }

    /// A call into a conference was decided; a winner runs `conference` next.
    pub(crate) fn room_dial_done(
        &mut self,
        argument: &Arc<str>,
        request: Option<RequestId>,
        job: Option<JobId>,
        result: Result<ChannelId, HangupCause>,
    ) {
        let name = self
            .entrance(argument)
            .map(|entrance| entrance.name)
            .unwrap_or_default();
        let mix = self.rooms.by_name(&name);
        if let Some(request) = request {
            let answer = match &result {
                Ok(id) => Ok(vec![Arc::<str>::from(id.as_str())]),
                Err(cause) => Err(CommandError::call_failed(*cause)),
            };
            return self.answer(request, answer);
        }
        if job.is_some() {
            match (result, mix) {
                (Ok(peer), Some(mix)) => {
                    self.room_event(
                        mix,
                        RoomAction::DialResult {
                            cause: HangupCause::Success,
                            job,
                            peer: Some(peer),
                        },
                    );
                }
                (Err(cause), Some(mix)) => self.room_event(
                    mix,
                    RoomAction::DialResult {
                        cause,
                        job,
                        peer: None,
                    },
                ),
                // The conference begins with this call: its events come when there is one.
                (Ok(peer), None) => {
                    self.rooms.announced_on_entry.insert(peer, job);
                }
                (Err(cause), None) => tracing::info!(
                    room = name,
                    cause = cause.name(),
                    "Nobody was reached for a conference"
                ),
            }
            return;
        }
        // `bridge:` failed: whoever waits there alone waits in vain.
        if result.is_err()
            && let Some(mix) = mix
            && let Some(room) = self.rooms.all.get(&mix)
            && let [only] = room.members.as_slice()
        {
            let only = only.id;
            self.evict(mix, only);
        }
    }

    /// The member that a `bgdial` made the conference begin with is in it.
    pub(super) fn announce_dialled(&mut self, mix: media::control::RoomId, id: &ChannelId) {
        if let Some(job) = self.rooms.announced_on_entry.remove(id) {
            let peer = Some(id.clone());
            self.room_event(
                mix,
                RoomAction::DialResult {
                    cause: HangupCause::Success,
                    job,
                    peer,
                },
            );
        }
    }
}
