//! Events of the server, of jobs, and those clients fire (event-socket.md §5.1, §2.4, §2.8).

use super::channel::push_all;
use super::channel_data::channel_dump;
use super::{Server, Source, core, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{CustomEvent, Event, Heartbeat, JobEvent, SystemEvent, TaskEvent};
use api::view::Task;

/// `None`: never seen by clients.
pub(super) fn name(event: &SystemEvent) -> Option<EventName> {
    match event {
        SystemEvent::Started => Some(EventName::Startup),
        SystemEvent::ShutdownRequested { .. } => Some(EventName::ShutdownRequested),
        SystemEvent::ShuttingDown => Some(EventName::Shutdown),
        SystemEvent::Heartbeat(_) => Some(EventName::Heartbeat),
        SystemEvent::XmlReloaded => Some(EventName::Reloadxml),
        SystemEvent::ApiExecuted { .. } => Some(EventName::Api),
        SystemEvent::Task {
            what: TaskEvent::Added,
            ..
        } => Some(EventName::AddSchedule),
        SystemEvent::Task {
            what: TaskEvent::Executed,
            ..
        } => Some(EventName::ExeSchedule),
        SystemEvent::Task {
            what: TaskEvent::Rescheduled,
            ..
        } => Some(EventName::ReSchedule),
        SystemEvent::Task {
            what: TaskEvent::Deleted,
            ..
        } => Some(EventName::DelSchedule),
        SystemEvent::ConsoleLineDue { .. }
        | SystemEvent::ControllerWanted(_)
        | SystemEvent::ControlOver { .. } => None,
    }
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &SystemEvent, server: &Server) {
    let Some(name) = name(kind) else { return };
    core(
        headers,
        name,
        event,
        server,
        &Source {
            file: "system.rs",
            function: name.as_str(),
            line: line!(),
        },
    );
    match kind {
        SystemEvent::Started => headers.push("Event-Info", "System Ready"),
        SystemEvent::ShutdownRequested { how } => headers.push("Event-Info", *how),
        SystemEvent::ShuttingDown => headers.push("Event-Info", "System Shutting Down"),
        SystemEvent::Heartbeat(figures) => heartbeat(headers, figures, server),
        SystemEvent::ApiExecuted {
            command, argument, ..
        } => {
            headers.push("API-Command", command.to_string());
            headers.push(
                "API-Command-Argument",
                argument.as_deref().unwrap_or_default().to_owned(),
            );
        }
        SystemEvent::Task { task, .. } => scheduled(headers, task),
        SystemEvent::XmlReloaded
        | SystemEvent::ConsoleLineDue { .. }
        | SystemEvent::ControllerWanted(_)
        | SystemEvent::ControlOver { .. } => {}
    }
}

fn heartbeat(headers: &mut Headers, figures: &Heartbeat, server: &Server) {
    let counters = &figures.counters;
    headers.push("Event-Info", "System Ready");
    headers.push("Up-Time", crate::clock::up_time(figures.uptime_us));
    headers.push("FreeSWITCH-Version", server.version.clone());
    headers.push_display("Uptime-msec", figures.uptime_us / 1000);
    headers.push_display("Session-Count", figures.sessions);
    headers.push_display("Max-Sessions", figures.max_sessions);
    headers.push_display("Session-Per-Sec", figures.sessions_per_second);
    headers.push_display("Session-Per-Sec-Last", counters.per_second_last);
    headers.push_display("Session-Per-Sec-Max", counters.per_second_peak);
    headers.push_display("Session-Per-Sec-FiveMin", counters.per_second_five_min);
    headers.push_display("Session-Since-Startup", counters.sessions_since_startup);
    headers.push_display("Session-Peak-Max", counters.sessions_peak);
    headers.push_display("Session-Peak-FiveMin", counters.sessions_peak_five_min);
    let idle = figures.idle_cpu_micro_percent;
    headers.push(
        "Idle-CPU",
        format!("{}.{:06}", idle / 1_000_000, idle % 1_000_000),
    );
}

fn scheduled(headers: &mut Headers, task: &Task) {
    headers.push_display("Task-ID", task.id);
    headers.push("Task-Desc", task.description.to_string());
    headers.push("Task-Group", task.group.to_string());
    headers.push_display("Task-Runtime", task.due.as_seconds());
}

pub(super) fn write_job(headers: &mut Headers, event: &Event, job: &JobEvent, server: &Server) {
    let source = Source {
        file: "system.rs",
        function: "job",
        line: line!(),
    };
    core(headers, EventName::BackgroundJob, event, server, &source);
    headers.push("Job-UUID", job.job.to_string());
    headers.push(
        "Job-Owner-UUID",
        job.owner
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    );
    headers.push("Job-Command", job.command.to_string());
    headers.push(
        "Job-Command-Arg",
        job.argument.as_deref().unwrap_or_default().to_owned(),
    );
    // Silence is an empty body, which only JSON shows (golden bgapi-01-json).
    headers.set_body(job.output.as_deref().unwrap_or_default());
}

pub(super) fn write_custom(
    headers: &mut Headers,
    event: &Event,
    custom: &CustomEvent,
    server: &Server,
) {
    let name = EventName::from_word(&custom.name).unwrap_or(EventName::Custom);
    let source = Source {
        file: "system.rs",
        function: "custom",
        line: line!(),
    };
    // Events that are not CUSTOM begin with their name (golden stream-37-presence).
    let is_named = custom.subclass.is_none() && !custom.from_client && name != EventName::Custom;
    if is_named {
        headers.push("Event-Name", name.as_str());
    } else {
        headers.push(
            "Event-Subclass",
            custom.subclass.as_deref().unwrap_or_default().to_owned(),
        );
    }
    if custom.from_client {
        push_all(headers, &custom.headers);
        core(headers, name, event, server, &source);
    } else {
        core_without_name(headers, event, server, &source);
        if !is_named {
            headers.push("Event-Name", name.as_str());
        }
        for (header, value) in &custom.headers {
            let known = ["Event-Name", "Event-Subclass"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(header));
            if !known {
                headers.push(header.to_string(), value.to_string());
            }
        }
    }
    if let Some(channel) = &event.channel {
        channel_dump(headers, channel);
    }
    if let Some(body) = &custom.body {
        headers.set_body(body.as_bytes());
    }
}
