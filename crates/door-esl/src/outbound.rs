//! Outbound connections: the application `socket` of a channel wants a program, and the door dials it
//! (event-socket.md §3).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::command::channel::SetVariables;
use api::command::control::{BeginControl, ClaimControl, ControlId, EndControl};
use api::event::{ControllerWanted, Spoken, SystemEvent};
use api::{EventKind, Origin};
use esl::outbound::{Controller, controllers};
use net::drain::Leaving;
use net::{Cause, NotReached, Stream, dial, dial_secure};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::session;
use crate::start::{NAME, Shared};
use crate::system_events::SystemEvents;

/// Ends of connections that may wait to be noted; whoever ends waits beyond.
const ENDS: usize = 256;

/// What is left for the door between the last try and saying that it failed.
const MARGIN: Duration = Duration::from_secs(2);

/// Serves the switch's wishes until it or the door ends. Connections there are then end as those that came in do.
pub(crate) async fn run(shared: Arc<Shared>, mut events: SystemEvents, stop: CancellationToken) {
    let (ended, mut ends) = mpsc::channel(ENDS);
    let mut over = HashMap::<ControlId, CancellationToken>::new();
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(control) = ends.recv() => {
                over.remove(&control);
                continue;
            }
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        match &event.kind {
            EventKind::System(SystemEvent::ControllerWanted(wanted))
                if wanted.spoken == Spoken::EventSocket =>
            {
                let token = CancellationToken::new();
                over.insert(wanted.control, token.clone());
                let (shared_too, wanted, ended) = (shared.clone(), wanted.clone(), ended.clone());
                shared.spawn(async move {
                    let control = wanted.control;
                    serve(shared_too, *wanted, token).await;
                    // Nobody notes it any more when the door ends.
                    ended.send(control).await.ok();
                });
            }
            EventKind::System(SystemEvent::ControlOver { control, .. }) => {
                if let Some(token) = over.get(control) {
                    token.cancel();
                }
            }
            EventKind::System(
                SystemEvent::Started
                | SystemEvent::ShutdownRequested { .. }
                | SystemEvent::ShuttingDown
                | SystemEvent::Heartbeat(_)
                | SystemEvent::XmlReloaded
                | SystemEvent::ApiExecuted { .. }
                | SystemEvent::Task { .. }
                | SystemEvent::ConsoleLineDue { .. }
                | SystemEvent::ControllerWanted(_),
            )
            | EventKind::Channel(_)
            | EventKind::Room(_)
            | EventKind::Account(_)
            | EventKind::Job(_)
            | EventKind::Custom(_)
            | EventKind::Web(_)
            | EventKind::VideoRoom(_)
            | EventKind::Stage(_)
            | EventKind::Voicemail(_)
            | EventKind::Queue(_)
            | EventKind::Parking(_)
            | EventKind::Fifo(_)
            | EventKind::User(_)
            | EventKind::Message(_) => {}
        }
    }
}

/// A channel whose program is dialled, and what the program may do.
pub(crate) struct Wanted {
    pub(crate) wish: ControllerWanted,
    /// Cancelled when the channel leaves the application.
    pub(crate) over: CancellationToken,
}

/// From the wish to the end of the connection.
async fn serve(shared: Arc<Shared>, wish: ControllerWanted, over: CancellationToken) {
    let connection = shared.next_connection();
    let origin = Origin {
        door: NAME,
        peer: wish.address.clone(),
        connection,
    };
    let hosts = controllers(&wish.address);
    let tries = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
    let claim = ClaimControl {
        channel: wish.channel.clone(),
        control: wish.control,
        within: shared.config.outbound_connect_time.saturating_mul(tries) + MARGIN,
    };
    if shared.switch.ask(claim, origin.clone()).await.is_err() {
        // The call has ended, or another door took it.
        return;
    }
    let end = EndControl {
        channel: wish.channel.clone(),
        control: wish.control,
    };
    let leaving = shared.leaving();
    let place = shared.outbound_places.clone().try_acquire_owned();
    let reached = match &place {
        Ok(_) => tokio::select! {
            biased;
            () = over.cancelled() => None,
            () = leaving.told.cancelled() => None,
            reached = reach(&shared, &hosts, &wish, &origin) => reached,
        },
        Err(_) => {
            shared.counters.count(Cause::TooMany);
            tracing::warn!(channel = %wish.channel, "Too many programs control channels");
            None
        }
    };
    if let Some(stream) = reached {
        let wanted = Wanted { wish, over };
        let of_session = shared.clone();
        let talking = shared.spawn(talk(of_session, stream, connection, leaving, wanted));
        if talking.await.is_err() {
            tracing::error!(connection, "A connection ended without saying so");
        }
    }
    // Says it again after a conversation, in case that could not.
    shared.switch.ask(end, origin).await.ok();
}

/// The first host that answers. The one being tried stands in the channel's variables, whatever comes of it (golden
/// outbound-18-refused).
async fn reach(
    shared: &Shared,
    hosts: &[Controller],
    wish: &ControllerWanted,
    origin: &Origin,
) -> Option<Stream> {
    for host in hosts {
        let Controller {
            host,
            port,
            path,
            secure,
        } = host;
        let mut variables = vec![("socket_host".into(), host.as_str().into())];
        if let Some(path) = path {
            variables.push(("socket_path".into(), path.as_str().into()));
        }
        let set = SetVariables {
            channel: wish.channel.clone(),
            variables,
        };
        // Without the channel there is nobody to dial for, which is heard of elsewhere.
        shared.switch.ask(set, origin.clone()).await.ok();
        let within = shared.config.outbound_connect_time;
        let reached = if *secure {
            dial_secure(host, *port, &shared.outbound_tls, within).await
        } else {
            let dialled = dial(host, *port, within).await;
            dialled.map(Stream::Plain).map_err(NotReached::from)
        };
        match reached {
            Ok(stream) => return Some(stream),
            Err(error) => {
                shared.counters.count(Cause::DialFailed);
                tracing::warn!(channel = %wish.channel, host, port, secure, %error, "A program cannot be reached");
            }
        }
    }
    tracing::error!(channel = %wish.channel, address = &*wish.address, "No program to control the channel");
    None
}

async fn talk(
    shared: Arc<Shared>,
    stream: Stream,
    connection: u64,
    leaving: Leaving,
    wanted: Wanted,
) {
    let Ok(peer) = stream.peer_addr() else {
        // It closed at once.
        return;
    };
    let begin = BeginControl {
        channel: wanted.wish.channel.clone(),
        control: wanted.wish.control,
    };
    shared.counters.count(Cause::Dialled);
    session::run_outbound(shared, stream, peer, connection, leaving, wanted, begin).await;
}
