//! Console lines the switch asks for: scheduled ones (`sched_api`) and those of `api_on_answer` and its like.

use std::sync::Arc;

use api::Event;
use api::EventKind;
use api::event::SystemEvent;
use esl::command::api::Line;
use esl::console::Console;
use tokio_util::sync::CancellationToken;

use crate::jobs::Jobs;
use crate::system_events::SystemEvents;

/// Runs due lines until the switch or the door ends.
pub(crate) async fn run(
    console: Console,
    jobs: Jobs,
    mut events: SystemEvents,
    stop: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        if let Some(line) = due_line(&event) {
            start(&console, &jobs, line).await;
        }
    }
}

fn due_line(event: &Event) -> Option<Arc<str>> {
    match &event.kind {
        EventKind::System(SystemEvent::Task { run, .. }) => run.clone(),
        EventKind::System(SystemEvent::ConsoleLineDue { line, .. }) => Some(line.clone()),
        EventKind::System(
            SystemEvent::Started
            | SystemEvent::ShutdownRequested { .. }
            | SystemEvent::ShuttingDown
            | SystemEvent::Heartbeat(_)
            | SystemEvent::XmlReloaded
            | SystemEvent::ApiExecuted { .. }
            | SystemEvent::ControllerWanted(_)
            | SystemEvent::ControlOver { .. },
        )
        | EventKind::Channel(_)
        | EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::Custom(_)
        | EventKind::Web(_)
        | EventKind::VideoRoom(_)
        | EventKind::Stage(_)
        | EventKind::Queue(_)
        | EventKind::Parking(_)
        | EventKind::Fifo(_)
        | EventKind::User(_)
        | EventKind::Voicemail(_)
        | EventKind::Message(_) => None,
    }
}

async fn start(console: &Console, jobs: &Jobs, line: Arc<str>) {
    let console = console.clone();
    let job = async move {
        let outcome = console.execute(&Line::parse(line.trim())).await;
        tracing::debug!(line = &*line, known = outcome.known, "Console line was run");
    };
    jobs.run(job).await;
}
