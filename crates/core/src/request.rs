//! Commands of the doors: the index. Every command is answered, now or when its call is decided.

use api::cause::Blame;
use api::command::call::{HangupAll, Matching};
use api::command::channel::{
    AdjustAudio, Break, ControlPlayback, Display, PlaybackControl, QueueEvent, Record,
    RecordAction, RenegotiateMedia, SendInfo,
};
use api::command::server::{AnnounceApi, AnnounceJob, ChangeSettings, DtmfDuration};
use api::event::{ChannelEvent, EventKind, SystemEvent};
use api::{ChannelId, Command, CommandError, ErrorKind, ObjectKind, RequestId};
use bytes::Bytes;
use media::control::{MediaCommand, MuteSide, SeekTo};

use crate::Switch;
use crate::dtmf::parse_digits;
use crate::leg::LegEnd;

/// Gain of one step of `uuid_audio … level` and of conference volumes, decibels.
const STEP_DB: f32 = 5.0;

impl Switch {
    /// Carries out one command.
    pub(crate) fn request(&mut self, id: RequestId, command: Command) {
        match command {
            Command::Originate(c) => self.originate_command(id, c),
            Command::HangupAll(c) => {
                let count = self.hangup_all(&c);
                self.answer(id, Ok(count));
            }
            Command::BridgeChannels(c) => self.bridge_command(id, &c),
            Command::Hangup(c) => {
                let done = self
                    .require(&c.channel)
                    .map(|()| self.hangup(&c.channel, c.cause, Blame::Ours));
                self.answer(id, done);
            }
            Command::SetVariables(c) => {
                let done = self.require(&c.channel).map(|()| {
                    for (name, value) in &c.variables {
                        self.set_var(&c.channel, name, &**value);
                    }
                });
                self.answer(id, done);
            }
            Command::Answer(c) => self.on_channel(id, &c.channel, Self::answer_channel),
            Command::PreAnswer(c) => self.on_channel(id, &c.channel, Self::pre_answer_channel),
            Command::RingReady(c) => self.on_channel(id, &c.channel, Self::ring_channel),
            Command::Transfer(c) => {
                let done = self.transfer_command(&c);
                self.answer(id, done);
            }
            Command::DualTransfer(c) => {
                let done = self.dual_transfer_command(&c);
                self.answer(id, done);
            }
            Command::ParkChannel(c) => self.on_channel(id, &c.channel, Self::enter_park),
            Command::Broadcast(c) => {
                let done = self.broadcast_command(&c);
                self.answer(id, done);
            }
            Command::Break(c) => {
                let done = self.break_channel(&c);
                self.answer(id, done);
            }
            Command::Hold(c) => {
                let done = self.hold_command(&c.channel, c.action);
                self.answer(id, done);
            }
            Command::Display(c) => {
                let done = self.display(&c);
                self.answer(id, done);
            }
            Command::Record(c) => self.record_command(id, c),
            Command::SendDtmf(c) => {
                let steps = parse_digits(&c.digits, self.view.settings.dtmf_durations[1]);
                let done = self.require(&c.channel).map(|()| {
                    self.send_steps(&c.channel, &steps);
                    self.note_sent_digits(&c.channel, &steps);
                });
                self.answer(id, done);
            }
            Command::ReceiveDtmf(c) => self.on_channel(id, &c.channel, |s, channel| {
                s.receive_digits(channel, &c.digits)
            }),
            Command::FlushDtmf(c) => self.on_channel(id, &c.channel, Self::flush_digits),
            Command::Execute(c) => self.execute_command(id, c),
            Command::QueueEvent(c) => {
                let done = self.queue_event(c);
                self.answer(id, done);
            }
            Command::ControlPlayback(c) => {
                let done = self.control_playback(&c);
                self.answer(id, done);
            }
            Command::AdjustAudio(c) => {
                let done = self.adjust_audio(&c);
                self.answer(id, done);
            }
            Command::SetHeartbeat(c) => self.set_heartbeat(id, c),
            Command::Deflect(c) => {
                let done = self.deflect_channel(&c.channel, &c.uri);
                self.answer(id, done);
            }
            Command::SendInfo(c) => {
                let done = self.send_info(&c);
                self.answer(id, done);
            }
            Command::RenegotiateMedia(c) => {
                let done = self.renegotiate(&c);
                self.answer(id, done);
            }
            Command::ControlRoom(c) => self.control_room(id, c),
            Command::Fire(c) => {
                self.publish(EventKind::Custom(Box::new(c.event)), None);
                self.answer(id, Ok(()));
            }
            Command::AnnounceJob(AnnounceJob { job }) => {
                self.publish(EventKind::Job(Box::new(job)), None);
                self.answer(id, Ok(()));
            }
            Command::AnnounceApi(AnnounceApi {
                command,
                argument,
                job,
            }) => {
                self.publish(
                    EventKind::System(SystemEvent::ApiExecuted {
                        command,
                        argument,
                        job,
                    }),
                    None,
                );
                self.answer(id, Ok(()));
            }
            Command::SetGlobal(c) => {
                self.set_global(&c.name, &c.value);
                self.answer(id, Ok(()));
            }
            Command::Expand(c) => {
                let expanded = match &c.channel {
                    Some(channel) => self
                        .require(channel)
                        .map(|()| self.expand_for(channel, &c.text)),
                    None => Ok(self.expand_global(&c.text)),
                };
                self.answer(id, expanded);
            }
            Command::ChangeSettings(c) => {
                self.change_settings(c);
                self.answer(id, Ok(()));
            }
            Command::Schedule(c) => self.schedule(id, c),
            Command::Unschedule(c) => self.unschedule(id, c),
            Command::ReloadXml(_) => self.effect(crate::Effect::ReloadXml { request: id }),
            Command::Shutdown(c) => {
                self.shutdown(c.mode);
                self.answer(id, Ok(()));
            }
            Command::FlushRegistrations(c) => self.flush_registrations(id, c),
            Command::GroupCall(c) => {
                let text = self.group_call(&c);
                self.answer(id, text);
            }
            Command::AddWebClient(c) => {
                let done = self.add_web_client(c);
                self.answer(id, done);
            }
            Command::RemoveWebClient(c) => {
                let done = self.remove_web_client(&c);
                self.answer(id, done);
            }
            Command::RegisterWebClient(c) => {
                let done = self.register_web_client(c);
                self.answer(id, done);
            }
            Command::UnregisterWebClient(c) => {
                let done = self.unregister_command(&c);
                self.answer(id, done);
            }
            Command::PlaceWebCall(c) => self.place_web_call(id, c),
            Command::AnswerWebCall(c) => {
                let done = self.answer_web_call(c);
                self.answer(id, done);
            }
            Command::EndWebCall(c) => {
                let done = self.end_web_call(&c);
                self.answer(id, done);
            }
            Command::TrickleWebCall(c) => {
                let done = self.trickle_web_call(&c);
                self.answer(id, done);
            }
            Command::UpdateWebCall(c) => {
                let done = self.update_web_call(&c);
                self.answer(id, done);
            }
            Command::PressWebDigits(c) => {
                let done = self.press_web_digits(&c);
                self.answer(id, done);
            }
            Command::SendMessage(c) => self.send_message(id, c),
            Command::SendCallMessage(c) => self.send_call_message(id, c),
        }
    }

    /// A command that only needs its channel to exist.
    fn on_channel(
        &mut self,
        id: RequestId,
        channel: &ChannelId,
        act: impl FnOnce(&mut Self, &ChannelId),
    ) {
        let done = self.require(channel).map(|()| act(self, channel));
        self.answer(id, done);
    }

    fn hangup_all(&mut self, command: &HangupAll) -> u64 {
        let wanted = |variables: &api::Variables| match &command.matching {
            Matching::Everything => true,
            Matching::Variables(pairs) => pairs
                .iter()
                .all(|(name, value)| variables.text(name) == Some(value)),
        };
        let mut found: Vec<(u64, ChannelId)> = self
            .channels
            .values()
            .filter(|live| live.is_up() && wanted(&live.seen.variables))
            .map(|live| (live.seen.serial, live.id().clone()))
            .collect();
        // The order of creation, so that the same calls end in the same order each time.
        found.sort_unstable();
        for (_, id) in &found {
            self.hangup(id, command.cause, Blame::Ours);
        }
        found.len() as u64
    }

    fn break_channel(&mut self, command: &Break) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        if command.all
            && let Some(live) = self.channels.get_mut(&command.channel)
        {
            live.messages.clear();
        }
        self.break_playing(&command.channel);
        Ok(())
    }

    fn display(&mut self, command: &Display) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let id = &command.channel;
        let Some(live) = self.channels.get_mut(id) else {
            return Ok(());
        };
        if !live.seen.is_answered() {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the channel is not answered",
            ));
        }
        // There is no display behind a loopback (recorded: `-ERR Operation failed`).
        if matches!(live.end, LegEnd::Loopback(_)) {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "a loopback has no display",
            ));
        }
        live.seen_mut().sent_callee = Some((command.name.clone(), command.number.clone()));
        let bridged_to = live.bridge.as_ref().map(|bridge| bridge.peer.clone());
        let sip = matches!(live.end, LegEnd::Sip(_));
        self.set_var(id, "last_sent_callee_id_name", &*command.name);
        self.set_var(id, "last_sent_callee_id_number", &*command.number);
        if sip {
            let text = format!("From:\r\nTo: \"{}\" {}\r\n", command.name, command.number);
            let info = SendInfo {
                channel: id.clone(),
                content_type: "message/sipfrag".into(),
                body: text.into(),
            };
            self.send_info(&info)?;
        }
        let (name, number) = (command.name.clone(), command.number.clone());
        self.emit(
            id,
            ChannelEvent::Updated {
                direction: Some("SEND"),
                name,
                number,
                bridged_to,
            },
        );
        Ok(())
    }

    /// A recording is answered when its file is open, everything else at once.
    fn record_command(&mut self, request: RequestId, command: Record) {
        let Record {
            channel,
            path,
            action,
        } = command;
        let change: fn(media::control::RecordId) -> MediaCommand = match action {
            RecordAction::Start { limit_s, variables } => {
                let begun =
                    self.begin_session_record(&channel, &path, limit_s, variables, Some(request));
                if let Err(error) = begun {
                    self.refuse(request, error);
                }
                return;
            }
            RecordAction::Stop => |record| MediaCommand::StopRecord { record },
            RecordAction::Mask => |record| MediaCommand::MaskRecord {
                record,
                masked: true,
            },
            RecordAction::Unmask => |record| MediaCommand::MaskRecord {
                record,
                masked: false,
            },
            RecordAction::Pause => |record| MediaCommand::PauseRecord {
                record,
                paused: true,
            },
            RecordAction::Resume => |record| MediaCommand::PauseRecord {
                record,
                paused: false,
            },
        };
        let done = self.require(&channel).and_then(|()| {
            if self.change_session_record(&channel, &path, change) {
                Ok(())
            } else {
                Err(CommandError::not_found(ObjectKind::Recording))
            }
        });
        self.answer(request, done);
    }

    /// An event put into a channel's own queue is fired with the channel's data.
    fn queue_event(&mut self, command: QueueEvent) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let channel = self
            .channels
            .get(&command.channel)
            .map(|live| live.seen.clone());
        self.publish(EventKind::Custom(Box::new(command.event)), channel);
        Ok(())
    }

    fn control_playback(&mut self, command: &ControlPlayback) -> Result<(), CommandError> {
        let id = &command.channel;
        self.require(id)?;
        let Some(play) = self.current_play(id) else {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "nothing is being played",
            ));
        };
        let state = self.plays_state.entry(play).or_default();
        let order = match command.control {
            PlaybackControl::Pause => {
                state.paused = !state.paused;
                MediaCommand::PausePlay {
                    play,
                    paused: state.paused,
                }
            }
            PlaybackControl::Stop => MediaCommand::StopPlay { play },
            PlaybackControl::Restart => MediaCommand::SeekPlay {
                play,
                to: SeekTo::Start { ms: 0 },
            },
            PlaybackControl::Seek { ms, relative } => MediaCommand::SeekPlay {
                play,
                to: match (relative, ms < 0) {
                    (true, true) => SeekTo::Back {
                        ms: ms.unsigned_abs(),
                    },
                    (true, false) => SeekTo::Ahead {
                        ms: ms.unsigned_abs(),
                    },
                    (false, _) => SeekTo::Start {
                        ms: u64::try_from(ms).unwrap_or(0),
                    },
                },
            },
            PlaybackControl::Volume { level, relative } => {
                state.volume = if relative {
                    state.volume + level
                } else {
                    level
                }
                .clamp(-4, 4);
                MediaCommand::SetPlayGain {
                    play,
                    gain_db: state.volume as f32 * STEP_DB,
                }
            }
            PlaybackControl::Speed { .. } | PlaybackControl::Truncate => {
                return Err(CommandError::new(
                    ErrorKind::NotSupported,
                    "not possible while playing",
                ));
            }
        };
        self.media_of(id, |_| order);
        Ok(())
    }

    fn adjust_audio(&mut self, command: &AdjustAudio) -> Result<(), CommandError> {
        let id = &command.channel;
        self.require(id)?;
        match command.change {
            Some(change) => {
                let side = if change.read {
                    MuteSide::Read
                } else {
                    MuteSide::Write
                };
                if change.mute {
                    self.media_of(id, |leg| MediaCommand::Mute {
                        leg,
                        side,
                        on: change.level != 0,
                    });
                } else {
                    let gain_db = change.level.clamp(-4, 4) as f32 * STEP_DB;
                    self.media_of(id, |leg| MediaCommand::SetGain { leg, side, gain_db });
                }
            }
            None => {
                for side in [MuteSide::Read, MuteSide::Write] {
                    self.media_of(id, |leg| MediaCommand::Mute {
                        leg,
                        side,
                        on: false,
                    });
                    self.media_of(id, |leg| MediaCommand::SetGain {
                        leg,
                        side,
                        gain_db: 0.0,
                    });
                }
            }
        }
        Ok(())
    }

    fn send_info(&mut self, command: &SendInfo) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let now = self.now.mono;
        let Some(leg) = self.sip_leg(&command.channel) else {
            // Nobody is there who could read it; clients of the original hear success all the same (recorded).
            return Ok(());
        };
        let Some(session) = leg.session else {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the session is over",
            ));
        };
        let body = Bytes::copy_from_slice(command.body.as_bytes());
        self.sip
            .info(now, session, &command.content_type, body)
            .map(|_| ())
            .map_err(|error| CommandError::new(ErrorKind::InvalidState, error.to_string()))
    }

    fn renegotiate(&mut self, command: &RenegotiateMedia) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        if let (Some(codecs), Some(leg)) = (&command.codecs, self.sip_leg(&command.channel)) {
            leg.codecs = codecs.split(',').map(|name| name.trim().into()).collect();
        }
        let held = self
            .channels
            .get(&command.channel)
            .is_some_and(|live| live.held);
        let direction = if held {
            sip::sdp::Direction::SendOnly
        } else {
            sip::sdp::Direction::SendRecv
        };
        self.send_reinvite(&command.channel, direction)
    }

    /// Sets a global variable; an empty value removes it.
    pub(crate) fn set_global(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.view.globals.remove_mut(name);
        } else {
            self.view.globals.insert_mut(name.into(), value.into());
        }
        self.view_changed();
    }

    fn expand_global(&self, text: &str) -> std::sync::Arc<str> {
        match crate::expand::expand(text, &self.scope(None)) {
            Ok(expanded) => expanded.as_ref().into(),
            Err(error) => {
                tracing::warn!(%error, "Text is left unexpanded");
                text.into()
            }
        }
    }

    fn change_settings(&mut self, change: ChangeSettings) {
        let settings = &mut self.view.settings;
        match change {
            ChangeSettings::MaxSessions(n) => settings.max_sessions = n,
            ChangeSettings::SessionsPerSecond(n) => settings.sessions_per_second = n,
            ChangeSettings::Pause {
                inbound,
                outbound,
                paused,
            } => {
                if inbound {
                    settings.paused_inbound = paused;
                }
                if outbound {
                    settings.paused_outbound = paused;
                }
            }
            ChangeSettings::VerboseEvents(on) => settings.verbose_events = on,
            ChangeSettings::LogLevel(level) => settings.log_level = level,
            ChangeSettings::MinIdleCpu(percent) => settings.min_idle_cpu = percent,
            ChangeSettings::DtmfDuration { which, samples } => {
                let slot = match which {
                    DtmfDuration::Min => 0,
                    DtmfDuration::Default => 1,
                    DtmfDuration::Max => 2,
                };
                settings.dtmf_durations[slot] = samples;
            }
            ChangeSettings::ResetPeak => {
                self.view.counters.per_second_peak = 0;
                self.view.counters.per_second_five_min = 0;
            }
        }
        self.view_changed();
    }
}
