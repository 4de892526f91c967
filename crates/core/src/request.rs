//! Commands of the doors: the index. Every command is answered, now or when its call is decided.

mod audio;
mod channel;
mod group_call;
mod server;

pub(crate) use audio::AUDIO as AUDIO_BUG;

use api::cause::Blame;
use api::command::server::{AnnounceApi, AnnounceJob};
use api::event::{EventKind, SystemEvent};
use api::{ChannelId, Command, RequestId};

use crate::Switch;
use crate::dtmf::parse_digits;

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
            Command::DropDtmf(c) => {
                self.on_channel(id, &c.channel, |s, channel| s.drop_digits(channel, c.on));
            }
            Command::TakeEarlyMedia(c) => self.on_channel(id, &c.channel, Self::take_early_media),
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
            Command::SetLogLevel(c) => {
                self.on_channel(id, &c.channel, |s, channel| {
                    s.set_log_level(channel, c.level)
                });
            }
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
            Command::PassMedia(c) => {
                let done = self.pass_media(&c.channel, c.past);
                self.answer(id, done);
            }
            Command::Displace(c) => self.displace_command(id, c),
            Command::DetectTone(c) => {
                let done = self
                    .require(&c.channel)
                    .and_then(|()| self.detect_tone(&c.channel, c.tone));
                self.answer(id, done);
            }
            Command::StopToneDetection(c) => self.on_channel(id, &c.channel, Self::stop_tones),
            Command::SetJitterBuffer(c) => {
                let done = self
                    .require(&c.channel)
                    .and_then(|()| self.set_jitter_buffer(&c.channel, c.ms));
                self.answer(id, done);
            }
            Command::SendText(c) => {
                let done = self.send_text(&c);
                self.answer(id, done);
            }
            Command::PhoneEvent(c) => {
                let done = self.phone_event(&c);
                self.answer(id, done);
            }
            Command::ClaimControl(c) => {
                let done = self.claim_control(&c);
                self.answer(id, done);
            }
            Command::BeginControl(c) => {
                let done = self.begin_control(&c);
                self.answer(id, done);
            }
            Command::ParkForControl(c) => {
                let done = self.park_for_control(&c);
                self.answer(id, done);
            }
            Command::ExecuteControlled(c) => self.execute_controlled(id, c),
            Command::EndControl(c) => {
                self.end_control(&c);
                self.answer(id, Ok(()));
            }
            Command::ChangeFifo(c) => {
                let done = self.change_fifo_members(c);
                self.answer(id, done);
            }
            Command::ChangeHash(c) => {
                let done = self.change_hash(c);
                self.answer(id, done);
            }
            Command::ChangeKept(c) => {
                let done = self.change_kept(c);
                self.answer(id, done);
            }
            Command::ChangeAlias(c) => {
                let done = self.change_alias(c);
                self.answer(id, done);
            }
            Command::ChangeCompletion(c) => {
                let done = self.change_completion(&c);
                self.answer(id, done);
            }
            Command::TakeLimit(c) => {
                let done = self.take_limit(&c.channel, &c.limit);
                self.answer(id, done);
            }
            Command::ReleaseLimit(c) => {
                let done = self
                    .require(&c.channel)
                    .map(|()| self.release_limits(&c.channel, c.key.as_ref()));
                self.answer(id, done);
            }
            Command::ResetInterval(c) => {
                self.reset_interval(&c.key);
                self.answer(id, Ok(()));
            }
            Command::ControlRoom(c) => self.control_room(id, c),
            Command::CreateStage(c) => {
                let done = self.create_stage(&c);
                self.answer(id, done);
            }
            Command::DestroyStage(c) => {
                let done = self.destroy_stage(&c);
                self.answer(id, done);
            }
            Command::SetLayout(c) => {
                let done = self.set_layout(&c);
                self.answer(id, done);
            }
            Command::AddParticipant(c) => {
                let done = self.add_participant(c);
                self.answer(id, done);
            }
            Command::RemoveParticipant(c) => {
                let done = self.remove_participant(&c);
                self.answer(id, done);
            }
            Command::RenameParticipant(c) => {
                let done = self.rename_participant(&c);
                self.answer(id, done);
            }
            Command::SeatParticipant(c) => {
                let done = self.seat_participant(&c);
                self.answer(id, done);
            }
            Command::PlaceParticipant(c) => {
                let done = self.place_participant(&c);
                self.answer(id, done);
            }
            Command::SetControl(c) => {
                let done = self.set_control(&c);
                self.answer(id, done);
            }
            Command::FlushParticipant(c) => {
                let done = self.flush_participant(&c);
                self.answer(id, done);
            }
            Command::JoinVideoRoom(c) => {
                let done = self.join_video_room(c);
                self.answer(id, done);
            }
            Command::AttachFeed(c) => {
                let done = self.attach_feed(&c);
                self.answer(id, done);
            }
            Command::LeaveVideoRoom(c) => {
                let done = self.leave_video_room(&c);
                self.answer(id, done);
            }
            Command::AnswerFeed(c) => {
                let done = self.answer_feed(&c);
                self.answer(id, done);
            }
            Command::TrickleFeed(c) => {
                let done = self.trickle_feed(&c);
                self.answer(id, done);
            }
            Command::DetachFeed(c) => {
                let done = self.detach_feed(&c);
                self.answer(id, done);
            }
            Command::UpdateFeed(c) => {
                let done = self.update_feed(&c);
                self.answer(id, done);
            }
            Command::UpdatePublication(c) => {
                let done = self.update_publication(&c);
                self.answer(id, done);
            }
            Command::ConfigureVideoRoom(c) => {
                let done = self.configure_video_room(&c);
                self.answer(id, done);
            }
            Command::ToggleHand(c) => {
                let done = self.toggle_hand(&c);
                self.answer(id, done);
            }
            Command::AskForSilence(c) => {
                let done = self.ask_for_silence(&c);
                self.answer(id, done);
            }
            Command::SayInVideoRoom(c) => {
                let done = self.say_in_video_room(c);
                self.answer(id, done);
            }
            Command::ShowComposing(c) => {
                let done = self.show_composing(&c);
                self.answer(id, done);
            }
            Command::ShareFile(c) => {
                let done = self.share_file(&c);
                self.answer(id, done);
            }
            Command::InviteToVideoRoom(c) => {
                let done = self.invite_to_video_room(c);
                self.answer(id, done);
            }
            Command::Fire(c) => {
                self.waiting_fired(&c.event);
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
            Command::SayString(c) => self.say_string(id, &c),
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
            Command::ListStreams(_) => self.list_streams(id),
            Command::ControlStream(c) => self.control_stream(id, c),
            Command::Shutdown(c) => {
                self.shutdown(c.mode);
                self.answer(id, Ok(()));
            }
            Command::FlushRegistrations(c) => self.flush_registrations(id, c),
            Command::ControlGateway(c) => {
                let done = self.control_gateways(&c);
                self.answer(id, done);
            }
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
            Command::RegisterWebClient(c) => self.register_web_client(id, c),
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
            Command::SendChat(c) => self.send_chat(id, c),
            Command::SendCallMessage(c) => self.send_call_message(id, c),
            Command::AnswerMessage(c) => {
                let done = self.answer_message(&c);
                self.answer(id, done);
            }
            Command::KeepMessages(c) => {
                let done = self.keep_messages(&c);
                self.answer(id, done);
            }
            Command::PutQueue(c) => {
                let done = self.put_queue(c);
                self.answer(id, done);
            }
            Command::RemoveQueue(c) => {
                let done = self.remove_queue(&c);
                self.answer(id, done);
            }
            Command::EnableQueue(c) => {
                let done = self.enable_queue(&c);
                self.answer(id, done);
            }
            Command::LoadQueue(c) => {
                let done = self.load_queue(&c);
                self.answer(id, done);
            }
            Command::PutAgent(c) => {
                let done = self.put_agent(c);
                self.answer(id, done);
            }
            Command::RemoveAgent(c) => {
                let done = self.remove_agent(&c);
                self.answer(id, done);
            }
            Command::LoadAgent(c) => {
                let done = self.load_agent(&c);
                self.answer(id, done);
            }
            Command::SetAgentStatus(c) => {
                let done = self.set_agent_status(&c);
                self.answer(id, done);
            }
            Command::SetAgentState(c) => {
                let done = self.set_agent_state(&c);
                self.answer(id, done);
            }
            Command::PutQueueAgent(c) => {
                let done = self.put_queue_agent(&c);
                self.answer(id, done);
            }
            Command::RemoveQueueAgent(c) => {
                let done = self.remove_queue_agent(&c);
                self.answer(id, done);
            }
            Command::LoadQueueAgents(c) => {
                let done = self.load_queue_agents(&c);
                self.answer(id, done);
            }
            Command::LogIn(c) => {
                let done = self.log_in(&c);
                self.answer(id, done);
            }
            Command::LogOut(c) => {
                let done = self.log_out(&c);
                self.answer(id, done);
            }
            Command::PauseAgent(c) => {
                let done = self.pause_agent(&c);
                self.answer(id, done);
            }
            Command::SetPenalty(c) => {
                let done = self.set_penalty(&c);
                self.answer(id, done);
            }
            Command::MarkVoiceMessage(c) => self.mark_voice_message(id, &c),
            Command::DeleteVoiceMessage(c) => self.delete_voice_message(id, &c),
            Command::InjectVoiceMessage(c) => self.inject_voice_message(id, c),
            Command::FindGreeting(c) => self.find_greeting(id, &c),
            Command::TransferToVoicemail(c) => {
                let done = self.transfer_to_voicemail(&c);
                self.answer(id, done);
            }
            Command::PutLot(c) => {
                let done = self.put_lot(&c);
                self.answer(id, done);
            }
            Command::RemoveLot(c) => {
                let done = self.remove_lot(&c);
                self.answer(id, done);
            }
            Command::ParkInLot(c) => {
                let done = self.park_in_lot(&c);
                self.answer(id, done);
            }
            Command::RetrieveParked(c) => {
                let done = self.retrieve_parked(&c);
                self.answer(id, done);
            }
            Command::SetDoNotDisturb(c) => {
                let done = self.set_do_not_disturb(&c);
                self.answer(id, done);
            }
            Command::SetUserStatus(c) => {
                let done = self.set_user_status(c);
                self.answer(id, done);
            }
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
}
