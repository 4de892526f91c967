//! One subscription for the whole door: what happens to a web client goes to the session that has it.

use std::sync::Arc;

use api::EventKind;
use api::bus::{Ended, Families, Interest, Subscription};
use api::event::{Family, VideoRoomEventKind};
use api::id::WebClientId;

use crate::inbox::Notice;
use crate::start::Shared;

/// What concerns clients, without messages, which have a subscription of their own.
pub(crate) fn interest() -> Interest {
    Interest::families(Families::NONE.with(Family::Web).with(Family::VideoRoom))
}

/// Who is to be told of something. What happens in a room goes to everybody of this door who is in it or about to be,
/// as a participant is known by its client before anybody else knows its channel.
fn addressees(shared: &Arc<Shared>, event: &api::Event) -> Vec<WebClientId> {
    match &event.kind {
        EventKind::Web(web) => vec![web.client],
        EventKind::VideoRoom(room) => match &room.kind {
            VideoRoomEventKind::Invited { clients, .. } => clients.clone(),
            VideoRoomEventKind::Closed => {
                shared.close_room(&room.room);
                Vec::new()
            }
            VideoRoomEventKind::Joined { .. }
            | VideoRoomEventKind::Established { .. }
            | VideoRoomEventKind::Left { .. }
            | VideoRoomEventKind::PublisherJoined(_)
            | VideoRoomEventKind::PublisherLeft { .. }
            | VideoRoomEventKind::FeedOffered { .. }
            | VideoRoomEventKind::FeedEstablished { .. }
            | VideoRoomEventKind::FeedEnded { .. }
            | VideoRoomEventKind::Configured { .. }
            | VideoRoomEventKind::HandsChanged { .. }
            | VideoRoomEventKind::MuteAsked { .. }
            | VideoRoomEventKind::Said { .. }
            | VideoRoomEventKind::SaidBefore { .. }
            | VideoRoomEventKind::Composing { .. }
            | VideoRoomEventKind::FileShared(_)
            | VideoRoomEventKind::InviteStatus { .. } => shared.rooms.clients(&room.room),
        },
        EventKind::Channel(_)
        | EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::System(_)
        | EventKind::Custom(_)
        | EventKind::Message(_)
        | EventKind::Stage(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_) => Vec::new(),
    }
}

/// Follows the switch until it stops. Should the door fall behind, nobody knows any more what happened to whom: all
/// connections end, and their clients come back.
pub(crate) async fn run(shared: Arc<Shared>, mut subscription: Subscription) {
    let stop = shared.closing().told;
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = subscription.next() => next,
        };
        match next {
            Ok(event) => {
                for client in addressees(&shared, &event) {
                    shared
                        .roster
                        .tell(client, Notice::Switch(client, event.clone()));
                }
            }
            Err(Ended::Stopped) => return,
            Err(Ended::Overrun(_)) => {
                tracing::error!("The door fell behind the switch; all clients have to come back");
                shared.end_all();
                let observed = shared.switch.observe(interest(), shared.bus_limits()).await;
                let Ok((view, again)) = observed else {
                    return;
                };
                shared.close_lost_rooms(&view);
                subscription = again;
            }
        }
    }
}
