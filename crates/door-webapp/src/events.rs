//! What the switch asks of the door: web applications to be asked about channels.

use std::collections::HashMap;
use std::sync::Arc;

use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::command::control::ControlId;
use api::event::{ControllerWanted, EventKind, Family, Spoken, SystemEvent};
use api::view::Channel;
use api::{Event, Switch};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::session;
use crate::start::Shared;

/// Ends of calls that may wait to be noted; whoever ends waits beyond.
const ENDS: usize = 256;

/// How a task hears that its channel is not its own any more, with the channel as it was then.
pub(crate) type Over = oneshot::Receiver<Option<Arc<Channel>>>;

type Calls = HashMap<ControlId, oneshot::Sender<Option<Arc<Channel>>>>;

/// Serves the switch's wishes until it or the door ends.
pub(crate) async fn run(shared: Arc<Shared>, mut events: Subscription, stop: CancellationToken) {
    let (ended, mut ends) = mpsc::channel(ENDS);
    let mut calls = Calls::new();
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(control) = ends.recv() => {
                calls.remove(&control);
                continue;
            }
            event = events.next() => event,
        };
        match event {
            Ok(event) => act(&shared, &mut calls, &ended, &event),
            Err(Ended::Stopped) => return,
            Err(Ended::Overrun(overrun)) => {
                tracing::warn!("The door fell behind the switch");
                let resumed = match overrun.last {
                    Some(last) => {
                        let limits = QueueLimits::default();
                        shared.switch.resume(last, interest(), limits).await.ok()
                    }
                    None => None,
                };
                let again = match resumed {
                    Some(events) => Some(events),
                    None => {
                        tracing::error!("Wishes of the switch were lost");
                        observe(&shared.switch).await
                    }
                };
                let Some(again) = again else { return };
                events = again;
            }
        }
    }
}

/// Every system event from now on; `None` when the switch has stopped.
pub(crate) async fn observe(switch: &Switch) -> Option<Subscription> {
    let observing = switch.observe(interest(), QueueLimits::default());
    observing.await.ok().map(|(_, events)| events)
}

fn interest() -> Interest {
    Interest::families(Families::NONE.with(Family::System))
}

fn act(shared: &Arc<Shared>, calls: &mut Calls, ended: &mpsc::Sender<ControlId>, event: &Event) {
    let EventKind::System(system) = &event.kind else {
        return;
    };
    if let SystemEvent::ControllerWanted(wanted) = system
        && wanted.spoken == Spoken::Http
    {
        let (tell, over) = oneshot::channel();
        calls.insert(wanted.control, tell);
        begin(shared, ended.clone(), (**wanted).clone(), over);
    } else if let SystemEvent::ControlOver { control, .. } = system
        && let Some(tell) = calls.remove(control)
    {
        // Whoever has ended already need not hear of it.
        tell.send(event.channel.clone()).ok();
    }
}

fn begin(shared: &Arc<Shared>, ended: mpsc::Sender<ControlId>, wish: ControllerWanted, over: Over) {
    let of_call = shared.clone();
    let control = wish.control;
    let serving = shared
        .drain
        .spawn(session::serve(shared.clone(), wish.clone(), over));
    shared.drain.spawn(async move {
        if serving.await.is_err() {
            tracing::error!(channel = %wish.channel, "The task of a call ended without saying so");
            session::let_go(&of_call, &wish).await;
        }
        // Nobody notes it any more when the door ends.
        ended.send(control).await.ok();
    });
}
