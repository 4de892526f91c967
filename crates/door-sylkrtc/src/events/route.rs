//! One subscription for the whole door: what happens to a web client goes to the session that has it.

use std::sync::Arc;

use api::EventKind;
use api::bus::{Ended, Families, Interest, Subscription};
use api::event::Family;

use crate::inbox::Notice;
use crate::start::Shared;

/// Follows the switch until it stops. Should the door fall behind, nobody knows any more what happened to whom: all
/// connections end, and their clients come back.
pub(crate) async fn run(shared: Arc<Shared>, mut subscription: Subscription) {
    let interest = Interest::families(Families::NONE.with(Family::Web));
    let stop = shared.closing().told;
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = subscription.next() => next,
        };
        match next {
            Ok(event) => {
                if let EventKind::Web(web) = &event.kind {
                    let client = web.client;
                    shared
                        .roster
                        .tell(client, Notice::Switch(client, event.clone()));
                }
            }
            Err(Ended::Stopped) => return,
            Err(Ended::Overrun(_)) => {
                tracing::error!("The door fell behind the switch; all clients have to come back");
                shared.end_all();
                let observed = shared
                    .switch
                    .observe(interest.clone(), shared.bus_limits())
                    .await;
                let Ok((_, again)) = observed else {
                    return;
                };
                subscription = again;
            }
        }
    }
}
