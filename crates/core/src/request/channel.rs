//! Commands that concern one channel and have no file of their own.

use api::command::channel::{
    Display, QueueEvent, Record, RecordAction, RenegotiateMedia, SendInfo,
};
use api::event::{ChannelEvent, EventKind};
use api::{CommandError, ErrorKind, ObjectKind, RequestId};
use bytes::Bytes;
use media::control::MediaCommand;

use crate::Switch;
use crate::leg::LegEnd;

impl Switch {
    pub(super) fn display(&mut self, command: &Display) -> Result<(), CommandError> {
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
    pub(super) fn record_command(&mut self, request: RequestId, command: Record) {
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
    pub(super) fn queue_event(&mut self, command: QueueEvent) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        let channel = self
            .channels
            .get(&command.channel)
            .map(|live| live.seen.clone());
        self.publish(EventKind::Custom(Box::new(command.event)), channel);
        Ok(())
    }

    pub(super) fn send_info(&mut self, command: &SendInfo) -> Result<(), CommandError> {
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

    pub(super) fn renegotiate(&mut self, command: &RenegotiateMedia) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        if let (Some(codecs), Some(leg)) = (&command.codecs, self.sip_leg(&command.channel)) {
            leg.codecs = codecs.split(',').map(|name| name.trim().into()).collect();
        }
        self.offer_anew(&command.channel)
    }
}
