//! `local_stream`: sound that everybody hears at the same place (event-socket.md §6.8). The lists are those the original is
//! known to print; its XML and what it says of changes are not documented, and ours.

use std::fmt::Write as _;
use std::sync::Arc;

use api::command::server::{ControlStream, ListStreams, StreamAction};
use api::view::LocalStream;
use api::{ErrorKind, ObjectKind};

use super::call::{Call, OK, usage};
use super::sofia_status::{XML_HEAD, escaped};

const USAGE: &str = "<show|start|reload|stop|hup> <local_stream_name>";

pub(super) async fn local_stream(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["show"] => show(call, None, false).await,
        ["show", "as", "xml"] => show(call, None, true).await,
        ["show", name] => show(call, Some(name), false).await,
        ["show", name, "as", "xml"] => show(call, Some(name), true).await,
        ["start", name] => change(call, name, StreamAction::Start).await,
        ["stop", name] => change(call, name, StreamAction::Stop).await,
        ["reload", name] => change(call, name, StreamAction::Reload).await,
        ["hup", name] => change(call, name, StreamAction::Next).await,
        _ => usage(USAGE),
    }
}

fn unknown(name: &str) -> String {
    format!("-ERR no stream {name}\n")
}

async fn change(call: &Call<'_>, name: &str, action: StreamAction) -> String {
    let name: Arc<str> = name.into();
    let command = ControlStream {
        name: name.clone(),
        action,
    };
    match call.ask(command).await {
        Ok(()) => OK.to_owned(),
        Err(error) if error.kind == ErrorKind::NotFound(ObjectKind::Stream) => unknown(&name),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

async fn show(call: &Call<'_>, name: Option<&str>, xml: bool) -> String {
    let streams = match call.ask(ListStreams).await {
        Ok(streams) => streams,
        Err(error) => return format!("-ERR {}\n", error.detail),
    };
    let Some(name) = name else {
        return if xml {
            let all: String = streams.iter().map(element).collect();
            format!("{XML_HEAD}<local_streams>\n{all}</local_streams>\n")
        } else {
            streams
                .iter()
                .map(|stream| format!("{},{}\n", stream.name, stream.location))
                .collect()
        };
    };
    match streams.iter().find(|stream| *stream.name == *name) {
        None => unknown(name),
        Some(stream) if xml => format!("{XML_HEAD}{}", element(stream)),
        Some(stream) => {
            let mut out = format!("{}\n", stream.name);
            for (label, value) in facts(stream) {
                // Writing to a text cannot fail.
                writeln!(out, "  {label}: {value}").ok();
            }
            out
        }
    }
}

/// What is told of a stream. `samples` are those of 20 ms, and `prebuf` bytes of sound that are ready.
fn facts(stream: &LocalStream) -> [(&'static str, String); 12] {
    [
        ("location", stream.location.to_string()),
        // Whatever files have, they are heard by one ear.
        ("channels", "1".to_owned()),
        ("rate", stream.rate_hz.to_string()),
        ("interval", stream.interval_ms.to_string()),
        ("samples", (stream.rate_hz / 50).to_string()),
        ("prebuf", stream.ready_bytes.to_string()),
        ("timer", stream.timer.to_string()),
        ("total", stream.listeners.to_string()),
        ("shuffle", stream.shuffle.to_string()),
        ("ready", stream.ready.to_string()),
        ("stopped", stream.stopped.to_string()),
        ("reloading", stream.reloading.to_string()),
    ]
}

fn element(stream: &LocalStream) -> String {
    let lines: String = facts(stream)
        .iter()
        .map(|(label, value)| format!("    <{label}>{}</{label}>\n", escaped(value)))
        .collect();
    let name = escaped(&stream.name);
    format!("  <local_stream name=\"{name}\">\n{lines}  </local_stream>\n")
}
