//! Commands that concern one channel and have no file of their own.

use api::command::channel::{
    Display, QueueEvent, Record, RecordAction, RenegotiateMedia, SendInfo,
};
use api::command::leg::{PhoneEvent, SendText};
use api::event::{ChannelEvent, EventKind};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, RequestId};
use bytes::Bytes;
use media::control::MediaCommand;
use sip::message::Method;

use crate::Switch;
use crate::leg::LegEnd;

impl Switch {
    pub(crate) fn display(&mut self, command: &Display) -> Result<(), CommandError> {
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
            self.show_on_phone(id, &command.name, &command.number)?;
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

    /// Tells a phone whom it speaks with: by UPDATE where it takes that, else by an INFO that only few understand.
    ///
    /// # Errors
    /// As those of [`send_info`](Self::send_info).
    fn show_on_phone(
        &mut self,
        id: &ChannelId,
        name: &str,
        number: &str,
    ) -> Result<(), CommandError> {
        let now = self.now.mono;
        let called_us = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == api::view::Direction::Inbound);
        let Some((session, profile)) = self
            .sip_leg(id)
            .and_then(|leg| Some((leg.session?, leg.profile)))
        else {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the session has ended",
            ));
        };
        let dialog = self.sip.dialog(session);
        let own = self.config.profiles.get(profile);
        let Some(own) = own.filter(|_| dialog.is_some_and(|dialog| dialog.takes_update)) else {
            let info = SendInfo {
                channel: id.clone(),
                content_type: "message/sipfrag".into(),
                body: format!("From:\r\nTo: \"{name}\" {number}\r\n").into(),
            };
            return self.send_info(&info);
        };
        let shown = format!(
            "{} <sip:{}@{}>",
            sip::message::header::quote(name),
            crate::originate::escape_user(number),
            own.sip.ip()
        );
        let party = if called_us { "called" } else { "calling" };
        // Phones look for one or the other (RFC 3325 §9.1).
        let headers = [
            ("P-Asserted-Identity".to_owned(), shown.clone()),
            (
                "Remote-Party-ID".to_owned(),
                format!("{shown};party={party};privacy=off;screen=no"),
            ),
        ];
        self.sip
            .request_in_dialog(now, session, Method::Update, &headers, None)
            .map(drop)
            .map_err(|error| CommandError::new(ErrorKind::InvalidState, error.to_string()))
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

    pub(crate) fn send_info(&mut self, command: &SendInfo) -> Result<(), CommandError> {
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

    /// A text for the phone, within its call.
    pub(super) fn send_text(&mut self, command: &SendText) -> Result<(), CommandError> {
        let body = Bytes::copy_from_slice(command.text.as_bytes());
        let body = Some(("text/plain", body));
        self.request_of_phone(&command.channel, Method::Message, &[], body)
    }

    /// `talk` and `hold` as phones understand them: NOTIFY of that event (RFC 3265 §5.4.1 names none of a subscription; phones
    /// that do this want none).
    pub(super) fn phone_event(&mut self, command: &PhoneEvent) -> Result<(), CommandError> {
        let event = &*command.event;
        if !event
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            || event.is_empty()
        {
            let kind = ErrorKind::InvalidArgument("event");
            return Err(CommandError::new(kind, "that is no event"));
        }
        self.require(&command.channel)?;
        if self.sip_leg(&command.channel).is_none() {
            // Nobody is there who could be told; clients of the original hear success all the same (recorded).
            return Ok(());
        }
        let headers = [
            ("Event".to_owned(), event.to_owned()),
            ("Subscription-State".to_owned(), "active".to_owned()),
        ];
        self.request_of_phone(&command.channel, Method::Notify, &headers, None)
    }

    fn request_of_phone(
        &mut self,
        id: &ChannelId,
        method: Method,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Result<(), CommandError> {
        self.require(id)?;
        let now = self.now.mono;
        let Some(leg) = self.sip_leg(id) else {
            let kind = ErrorKind::NotSupported;
            return Err(CommandError::new(kind, "the channel is no SIP phone"));
        };
        let over = |text: String| CommandError::new(ErrorKind::InvalidState, text);
        let session = leg
            .session
            .ok_or_else(|| over("the session is over".into()))?;
        self.sip
            .request_in_dialog(now, session, method, headers, body)
            .map(|_| ())
            .map_err(|error| over(error.to_string()))
    }

    /// Bounds what a phone's jitter buffer adds, as far as it can hold.
    pub(crate) fn set_jitter_buffer(
        &mut self,
        id: &ChannelId,
        ms: Option<(u16, u16)>,
    ) -> Result<(), CommandError> {
        let has_one = self.channels.get(id).is_some_and(|live| match &live.end {
            LegEnd::Sip(_) | LegEnd::Web(_) => live.media.open,
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => false,
        });
        if !has_one {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "the channel has no jitter buffer",
            ));
        }
        let most = MediaCommand::MAX_DELAY_MS;
        let ms = ms.map(|(least, longest)| (least.min(most), longest.min(most)));
        self.media_of(id, |leg| MediaCommand::BoundDelay { leg, ms });
        Ok(())
    }

    pub(super) fn renegotiate(&mut self, command: &RenegotiateMedia) -> Result<(), CommandError> {
        self.require(&command.channel)?;
        if let (Some(codecs), Some(leg)) = (&command.codecs, self.sip_leg(&command.channel)) {
            leg.codecs = codecs.split(',').map(|name| name.trim().into()).collect();
        }
        self.offer_anew(&command.channel)
    }
}

#[cfg(test)]
mod tests;
