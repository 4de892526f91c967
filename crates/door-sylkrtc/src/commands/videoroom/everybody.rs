//! What concerns everybody in a room: the active participants, hands, chat, invitations.

use std::sync::Arc;

use api::ChannelId;
use api::command::video_room::{
    AskForSilence, ConfigureVideoRoom, InviteToVideoRoom, SayInVideoRoom, ShowComposing, ToggleHand,
};
use api::event::VideoRoomEventKind as Kind;

use super::{is_gone, of_room};
use crate::commands::{Done, Handled};
use crate::error::Refusal;
use crate::inbox::Notice;
use crate::session::Session;
use crate::wire::videoroom::VideoroomEvent;
use crate::wire::{Event, Invalid};

/// Seconds for which somebody counts as typing (sylkrtc.md §3.6).
const REFRESH: u16 = 120;

impl Session {
    /// `configure` comes before the `ack`.
    pub(super) async fn configure(&mut self, session: &Arc<str>, active: &[Arc<str>]) -> Handled {
        let participation = self.participation(session)?;
        let mut unknown: Vec<&str> = Vec::new();
        let mut chosen = Vec::new();
        for name in active {
            match participation.channel_of(name) {
                Some(channel) => chosen.push(channel.clone()),
                None => unknown.push(name),
            }
        }
        let refuse = |names: &[&str]| {
            let names = names.join(", ");
            Refusal(format!("unknown participant session id: {names}"))
        };
        if !unknown.is_empty() {
            return Err(refuse(&unknown));
        }
        let channel = participation.channel.clone();
        let command = ConfigureVideoRoom {
            channel: channel.clone(),
            active: chosen,
        };
        if let Err(error) = self.ask(command).await {
            let names: Vec<&str> = active.iter().map(|name| &**name).collect();
            return Err(match is_gone(&error) {
                true if !names.is_empty() => refuse(&names),
                _ => of_room(error, session),
            });
        }
        self.told(session, |kind| {
            matches!(kind, Kind::Configured { originator, .. } if originator.as_ref() == Some(&channel))
        })
        .await;
        Ok(Done::default())
    }

    /// `mute-audio` comes before the `ack`.
    pub(super) async fn mute_audio(&mut self, session: &Arc<str>) -> Handled {
        let channel = self.own_channel(session)?;
        let command = AskForSilence {
            channel: channel.clone(),
        };
        let asked = self.ask(command).await;
        asked.map_err(|error| of_room(error, session))?;
        self.told(
            session,
            |kind| matches!(kind, Kind::MuteAsked { originator } if *originator == channel),
        )
        .await;
        Ok(Done::default())
    }

    /// `raised-hands` comes before the `ack`.
    pub(super) async fn toggle_hand(&mut self, session: &Arc<str>, whose: Option<&str>) -> Handled {
        let whose = whose.unwrap_or(session);
        let participation = self.participation(session)?;
        let unknown = || Refusal::unknown_room_session(whose);
        let channel = participation.channel_of(whose).ok_or_else(unknown)?.clone();
        let toggle = ToggleHand {
            channel: channel.clone(),
        };
        let toggled = self.ask(toggle).await;
        let is_up = toggled.map_err(|error| of_room(error, whose))?;
        // Somebody else's may come first.
        self.told(
            session,
            |kind| matches!(kind, Kind::HandsChanged { hands } if hands.contains(&channel) == is_up),
        )
        .await;
        Ok(Done::default())
    }

    pub(super) async fn room_invite(&self, session: &str, participants: Vec<Arc<str>>) -> Handled {
        let command = InviteToVideoRoom {
            channel: self.own_channel(session)?,
            participants,
        };
        let invited = self.ask(command).await;
        invited.map_err(|error| of_room(error, session))?;
        Ok(Done::default())
    }

    /// Acknowledged in any case; whether it was delivered comes as an event.
    pub(super) async fn room_message(
        &self,
        session: &Arc<str>,
        message_id: Arc<str>,
        content: Arc<str>,
        content_type: Arc<str>,
    ) -> Handled {
        let command = SayInVideoRoom {
            channel: self.own_channel(session)?,
            content_type,
            content,
        };
        let (delivered, code, reason) = match self.ask(command).await {
            Ok(()) => (true, 200, "OK".into()),
            Err(error) if is_gone(&error) => return Err(of_room(error, session)),
            Err(error) => (false, 0, Refusal::from(error).0.into()),
        };
        let event = VideoroomEvent::MessageDelivery {
            message_id,
            delivered,
            code,
            reason,
        };
        let session = session.clone();
        Ok(Done {
            after: vec![Event::Videoroom { session, event }],
            ..Done::default()
        })
    }

    pub(super) async fn room_composing(
        &self,
        session: &str,
        active: bool,
        refresh: Option<i64>,
    ) -> Handled {
        let refresh = refresh.unwrap_or(REFRESH.into());
        let wrong = || Invalid(format!("Invalid value for 'refresh' property: {refresh}"));
        let fits = u16::try_from(refresh).map_err(|_| wrong())?;
        let command = ShowComposing {
            channel: self.own_channel(session)?,
            active,
            refresh_s: fits.into(),
        };
        let shown = self.ask(command).await;
        shown.map_err(|error| of_room(error, session))?;
        Ok(Done::default())
    }

    /// EXT, sylkrtc.md §3.8: asks one participant, which may do as it likes.
    pub(super) fn mute_participant(&self, session: &Arc<str>, whom: &str, muted: bool) -> Handled {
        let participation = self.participation(session)?;
        let unknown = || Refusal::unknown_room_session(whom);
        let entry = self.shared.rooms.participant(&participation.room, whom);
        let entry = entry.ok_or_else(unknown)?;
        let notice = Notice::AskedToMute {
            client: entry.client,
            session: whom.into(),
            muted,
            originator: session.clone(),
        };
        if self.shared.roster.tell(entry.client, notice) {
            Ok(Done::default())
        } else {
            Err(unknown())
        }
    }

    fn own_channel(&self, session: &str) -> Result<ChannelId, Refusal> {
        Ok(self.participation(session)?.channel.clone())
    }
}
