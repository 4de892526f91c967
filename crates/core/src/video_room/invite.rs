//! Inviting accounts: pages are told, phones are called.

use std::sync::Arc;

use api::command::video_room::InviteToVideoRoom;
use api::dial::{DialString, Leg, Thread, VariableList};
use api::event::VideoRoomEventKind;
use api::id::WebClientId;
use api::{ChannelId, CommandError, ErrorKind, HangupCause};
use rand::RngCore as _;
use sip::message::reason_phrase;

use super::senseless;
use crate::Switch;
use crate::originate::{AttemptId, OriginateId, Purpose};
use crate::web::is_plain;

/// Most addresses of one invitation, and most calls of one room that nobody has answered yet.
const MAX_INVITED: usize = 100;
/// Longest address, bytes.
const MAX_ADDRESS: usize = 256;
/// The variable of a called channel that says which address was invited.
pub(super) const INVITED_AS: &str = "video_room_invited_as";

/// A call into a room.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) room: Arc<str>,
    /// Who is told how it goes.
    asker: ChannelId,
    /// `user@host`
    participant: Arc<str>,
    /// Status told last.
    told: u16,
}

/// Where an address leads by phone.
enum Reached {
    /// These ring at once.
    Legs(Vec<(Arc<str>, Arc<str>)>),
    /// It cannot be called, for the reason a phone would give.
    Nowhere(u16),
    /// It has pages only.
    NoPhone,
}

impl Switch {
    pub(crate) fn invite_to_video_room(
        &mut self,
        command: InviteToVideoRoom,
    ) -> Result<(), CommandError> {
        let InviteToVideoRoom {
            channel,
            participants,
        } = command;
        let (name, originator) = self.require_participant(&channel)?;
        let mut invited: Vec<Arc<str>> = Vec::new();
        for address in participants {
            let bare = address.strip_prefix("sip:").unwrap_or(&address);
            if !is_address(bare) {
                return Err(senseless("participants", "not an address we could call"));
            }
            if !invited.iter().any(|known| **known == *bare) {
                invited.push(bare.into());
            }
        }
        if invited.len() + self.invitations_of(&name).len() > MAX_INVITED {
            return Err(CommandError::new(
                ErrorKind::LimitReached,
                "too many are being called",
            ));
        }
        let asker = self.as_web_leg(&channel).map(|leg| leg.client);
        let of_each: Vec<Vec<WebClientId>> = invited.iter().map(|to| self.pages_of(to)).collect();
        let mut clients: Vec<WebClientId> = of_each.iter().flatten().copied().collect();
        clients.sort_unstable();
        clients.dedup();
        clients.retain(|client| Some(*client) != asker);
        let event = VideoRoomEventKind::Invited {
            clients,
            participants: invited.clone(),
            originator,
            number: self.rng.next_u32(),
        };
        self.tell_video_room(&name, event);
        for (participant, pages) in invited.into_iter().zip(of_each) {
            let has_page = !pages.is_empty();
            let invitation = Invitation {
                room: name.clone(),
                asker: channel.clone(),
                participant,
                told: 0,
            };
            self.call_into_video_room(invitation, has_page);
        }
        Ok(())
    }

    /// The clients of an address.
    fn pages_of(&self, address: &str) -> Vec<WebClientId> {
        match address.split_once('@') {
            Some((user, host)) => self.web_clients_at(user, host),
            None => Vec::new(),
        }
    }

    /// The phones of an address.
    fn reach_by_phone(&self, address: &str, has_page: bool) -> Reached {
        let Some((user, host)) = address.split_once('@') else {
            return Reached::Nowhere(404);
        };
        if !self.is_local_host(host) {
            if has_page {
                return Reached::NoPhone;
            }
            let profile = self.web_profile(host);
            return Reached::Legs(vec![(
                "sofia".into(),
                format!("{profile}/{address}").into(),
            )]);
        }
        let contacts = self.contacts_of(host, user);
        if !contacts.is_empty() {
            let leg = |contact: crate::registrar::Contact| ("sofia".into(), contact.dial);
            return Reached::Legs(contacts.into_iter().map(leg).collect());
        }
        // The dialplan is not asked: whoever is let into a room may not call wherever that leads.
        if has_page {
            return Reached::NoPhone;
        }
        let Some(account) = self.account(host, user) else {
            return Reached::Nowhere(404);
        };
        match account.own_dial_string() {
            Some(_) => Reached::Legs(vec![("user".into(), address.into())]),
            None => Reached::Nowhere(480),
        }
    }

    fn call_into_video_room(&mut self, invitation: Invitation, has_page: bool) {
        let legs = match self.reach_by_phone(&invitation.participant, has_page) {
            Reached::NoPhone => return,
            Reached::Nowhere(code) => return self.tell_invitation(&invitation, code),
            Reached::Legs(legs) => legs,
        };
        if self.view.settings.paused_outbound || self.view.settings.draining {
            return self.tell_invitation(&invitation, 503);
        }
        let leg = |(endpoint, address)| Leg {
            variables: Vec::new(),
            endpoint,
            address,
        };
        let dial = DialString {
            variables: self.invitation_variables(&invitation),
            threads: vec![Thread {
                variables: Vec::new(),
                hunts: vec![legs.into_iter().map(leg).collect()],
            }],
        };
        self.originate(dial, None, Purpose::VideoRoom(Box::new(invitation)));
    }

    /// The room calls, under the address by which it can be called back. Nobody is in it before they answer.
    fn invitation_variables(&self, invitation: &Invitation) -> VariableList {
        let (user, host) = invitation
            .room
            .split_once('@')
            .unwrap_or((&invitation.room, ""));
        let callee = invitation.participant.split_once('@');
        let callee_name = callee.map(|(user, host)| {
            let account = self.account(host, user);
            let shown = account
                .as_ref()
                .and_then(|account| account.user.variable("effective_caller_id_name"));
            shown.unwrap_or(user).to_owned()
        });
        [
            ("origination_caller_id_name", user),
            ("origination_caller_id_number", user),
            ("sip_from_host", host),
            ("ignore_early_media", "true"),
            (
                "origination_callee_id_name",
                callee_name.as_deref().unwrap_or_default(),
            ),
            (INVITED_AS, &invitation.participant),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
    }

    /// Tells who invited how it goes, unless it has left.
    fn tell_invitation(&mut self, invitation: &Invitation, code: u16) {
        if self.video_rooms.places.get(&invitation.asker) != Some(&invitation.room) {
            return;
        }
        let status = VideoRoomEventKind::InviteStatus {
            channel: invitation.asker.clone(),
            participant: invitation.participant.clone(),
            code,
            phrase: reason_phrase(code).into(),
        };
        self.tell_video_room(&invitation.room, status);
    }

    /// A call into a room rings; said once, however many phones do.
    pub(crate) fn invitation_rings(&mut self, attempt: AttemptId) {
        let originate = self.originates.get_mut(&attempt.originate);
        let Some(Purpose::VideoRoom(invitation)) = originate.map(|o| &mut o.purpose) else {
            return;
        };
        if std::mem::replace(&mut invitation.told, 180) == 180 {
            return;
        }
        let invitation = invitation.clone();
        self.tell_invitation(&invitation, 180);
    }

    /// A call into a room was decided.
    pub(crate) fn invitation_done(&mut self, invitation: &Invitation, refused: Option<u16>) {
        self.tell_invitation(invitation, refused.unwrap_or(200));
    }

    /// The calls into a room that nobody has answered, in the order they began.
    fn invitations_of(&self, name: &str) -> Vec<OriginateId> {
        let mut calls: Vec<OriginateId> = self
            .originates
            .iter()
            .filter(|(_, originate)| match &originate.purpose {
                Purpose::VideoRoom(invitation) => *invitation.room == *name,
                Purpose::Command { .. }
                | Purpose::Bridge { .. }
                | Purpose::Room { .. }
                | Purpose::Fifo(..)
                | Purpose::Queue(..)
                | Purpose::Page(_) => false,
            })
            .map(|(id, _)| *id)
            .collect();
        calls.sort_unstable();
        calls
    }

    /// Nobody is there any more whom the called could meet.
    pub(super) fn cancel_invitations(&mut self, name: &str) {
        for id in self.invitations_of(name) {
            self.cancel_originate(id, HangupCause::OriginatorCancel);
        }
    }
}

/// `user@host`, of characters that mean nothing to dial strings.
fn is_address(text: &str) -> bool {
    text.len() <= MAX_ADDRESS
        && text.split_once('@').is_some_and(|(user, host)| {
            let plain = |part: &str| !part.is_empty() && is_plain(part);
            plain(user) && plain(host)
        })
}
