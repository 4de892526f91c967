//! Console lines the switch asks for: scheduled ones (`sched_api`) and those of `api_on_answer` and its like.

use std::sync::Arc;

use api::Event;
use api::EventKind;
use api::bus::{Ended, Families, Interest, QueueLimits, Subscription};
use api::event::{Family, SystemEvent};
use esl::command::api::Line;
use esl::console::Console;
use tokio_util::sync::CancellationToken;

use crate::jobs::Jobs;

/// Runs due lines until the switch or the door ends.
pub(crate) async fn run(console: Console, jobs: Jobs, stop: CancellationToken) {
    let interest = Interest::families(Families::NONE.with(Family::System));
    let observing = console
        .switch
        .observe(interest.clone(), QueueLimits::default());
    let Ok((_, mut events)) = observing.await else {
        return;
    };
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = events.next() => next,
        };
        match next {
            Ok(event) => {
                if let Some(line) = due_line(&event) {
                    start(&console, &jobs, line).await;
                }
            }
            Err(Ended::Stopped) => return,
            Err(Ended::Overrun(overrun)) => match go_on(&console, &interest, overrun.last).await {
                Some(again) => events = again,
                None => return,
            },
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
            | SystemEvent::ApiExecuted { .. },
        )
        | EventKind::Channel(_)
        | EventKind::Room(_)
        | EventKind::Account(_)
        | EventKind::Job(_)
        | EventKind::Custom(_)
        | EventKind::Web(_)
        | EventKind::VideoRoom(_)
        | EventKind::Stage(_)
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

/// Lines must not be lost because many came at once: what was missed is still in the replay ring.
async fn go_on(
    console: &Console,
    interest: &Interest,
    last: Option<api::EventId>,
) -> Option<Subscription> {
    tracing::warn!("Console lines fell behind the switch");
    if let Some(last) = last {
        let resumed = console
            .switch
            .resume(last, interest.clone(), QueueLimits::default());
        if let Ok(events) = resumed.await {
            return Some(events);
        }
        tracing::error!("Console lines were lost");
    }
    let observing = console
        .switch
        .observe(interest.clone(), QueueLimits::default());
    observing.await.ok().map(|(_, events)| events)
}
