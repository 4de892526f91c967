//! Last reports: what an application is told when a call is not its own any more. They keep nobody waiting.

use std::sync::Arc;

use bytes::Bytes;

use crate::address::Target;
use crate::counters::Outcome;
use crate::post;
use crate::start::Shared;

/// Sends it beside everything else; when too many are under way it is dropped, and counted.
pub(crate) fn send(shared: &Arc<Shared>, target: Target, id: String, body: Bytes) {
    let Ok(place) = shared.farewell_places.clone().try_acquire_owned() else {
        shared.counters.count(Outcome::FarewellDropped);
        tracing::warn!(url = %target.url, request = id, "Last report is dropped; too many are under way");
        return;
    };
    let shared_too = shared.clone();
    let closed = shared.drain.connection().closed;
    shared.drain.spawn(async move {
        let _place = place;
        let told = tokio::select! {
            biased;
            () = closed.cancelled() => return,
            told = post::tell(&shared_too, &target, &id, &body) => told,
        };
        match told {
            Ok(()) => shared_too.counters.count(Outcome::FarewellTaken),
            Err(failure) => {
                shared_too.counters.count(Outcome::FarewellFailed);
                tracing::info!(url = %target.url, request = id, %failure, "Last report was not taken");
            }
        }
    });
}
