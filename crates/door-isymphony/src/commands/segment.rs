//! What is done to a call segment.

use std::sync::Arc;

use api::HangupCause;
use api::command::channel::{
    AdjustAudio, AudioChange, Hangup, Hold, HoldAction, LegChoice, Record, RecordAction, Transfer,
};
use api::command::parking::ParkInLot;
use api::command::room::{ControlRoom, MemberTarget, RoomControl, Toggle};
use api::command::voicemail::TransferToVoicemail;
use api::view::Channel;

use super::{Context, Order};
use crate::error::Refusal;
use crate::events::{mailbox_of, number_of};
use crate::rest::channel_of;
use crate::rights::Right;

impl Order<'_> {
    /// The segment of the path, if that may be done to it.
    fn channel(&self, right: Right) -> Result<Arc<Channel>, Refusal> {
        let channel = channel_of(&self.objects, &self.view, &self.core, self.call.place(1))?;
        self.require_call(right, &channel)?;
        Ok(channel)
    }

    /// The named segment goes elsewhere; whom it talked to is left.
    pub(super) async fn transfer(&self) -> Result<(), Refusal> {
        if let Some(lot) = self.text("parkingLotId")? {
            let channel = self.channel(Right::Park)?;
            return self.park_in(&channel, Some(lot)).await;
        }
        let channel = self.channel(Right::Transfer)?;
        let destination = self.destination()?;
        let owner = number_of(&channel).and_then(|user| self.objects.owner(user));
        let extension = owner.as_ref().map(|owner| &*owner.extension);
        let command = Transfer {
            channel: channel.id.clone(),
            leg: LegChoice::A,
            extension: destination.into(),
            dialplan: Some("XML".into()),
            context: self.context(extension, Context::Redirecting),
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    /// The named segment leaves a message in the box of an extension.
    pub(super) async fn to_voicemail(&self) -> Result<(), Refusal> {
        let channel = self.channel(Right::Transfer)?;
        let extension = self.named_extension()?;
        let none = || Refusal::not_found("The extension has no voicemail box.");
        let mailbox = mailbox_of(&extension, &self.view).ok_or_else(none)?;
        let command = TransferToVoicemail {
            channel: channel.id.clone(),
            mailbox: mailbox.name.clone(),
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    pub(super) async fn hangup(&self) -> Result<(), Refusal> {
        let command = Hangup {
            channel: self.channel(Right::Hangup)?.id.clone(),
            cause: HangupCause::NormalClearing,
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    pub(super) async fn hold(&self, on: bool) -> Result<(), Refusal> {
        let command = Hold {
            channel: self.channel(Right::Hold)?.id.clone(),
            action: if on { HoldAction::On } else { HoldAction::Off },
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    pub(super) async fn park(&self) -> Result<(), Refusal> {
        let channel = self.channel(Right::Park)?;
        self.park_in(&channel, self.text("parkingLotId")?).await
    }

    async fn park_in(&self, channel: &Channel, lot: Option<String>) -> Result<(), Refusal> {
        let (lot, range) = self.lot_for(lot)?;
        let command = ParkInLot {
            channel: channel.id.clone(),
            lot,
            slot: None,
            range,
            timeout: None,
        };
        self.shared.ask(command, self.call.peer()?).await?;
        Ok(())
    }

    /// Into a file named after the segment, where recordings are.
    pub(super) async fn record(&self, on: bool) -> Result<(), Refusal> {
        let channel = self.channel(Right::Record)?;
        let command = Record {
            channel: channel.id.clone(),
            path: if on {
                file_name(&channel).into()
            } else {
                "all".into()
            },
            action: if on {
                RecordAction::Start {
                    limit_s: 0,
                    variables: Vec::new(),
                }
            } else {
                RecordAction::Stop
            },
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }

    /// In a conference its member is muted, so that everybody is told; elsewhere what comes from its telephone.
    pub(super) async fn mute(&self, on: bool) -> Result<(), Refusal> {
        let channel = self.channel(Right::Mute)?;
        let room = channel
            .room
            .as_ref()
            .and_then(|name| self.view.rooms.get(name));
        let member = room.and_then(|room| {
            let mut members = room.members.iter();
            Some((
                room,
                members.find(|member| member.channel.id == channel.id)?,
            ))
        });
        if let Some((room, member)) = member {
            let command = ControlRoom {
                room: room.name.clone(),
                action: RoomControl::Mute {
                    target: MemberTarget::Id(member.id),
                    on: if on { Toggle::On } else { Toggle::Off },
                },
            };
            self.shared.ask(command, self.call.peer()?).await?;
            return Ok(());
        }
        let command = AdjustAudio {
            channel: channel.id.clone(),
            change: Some(AudioChange {
                read: true,
                mute: true,
                level: i32::from(on),
            }),
        };
        Ok(self.shared.ask(command, self.call.peer()?).await?)
    }
}

/// Ids can be chosen by clients; nothing of them leads into another folder.
fn file_name(channel: &Channel) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = channel.id.as_str().chars().map(safe).collect();
    let number = channel.serial;
    format!("panel-{name}-{number}.wav")
}
