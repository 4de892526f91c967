//! `json {…}`: the interface for programs that speak JSON (event-socket.md §6.8; golden api-11-system-cmds).

use super::MAX_DEPTH;
use super::call::Call;
use crate::command::api::Line;
use serde_json::{Map, Value, json};

/// `{"command": "status"}`, or `{"command": "fsapi", "data": {"cmd": …, "arg": …}}`.
pub(super) async fn json(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return "-ERR No JSON supplied.\n".to_owned();
    }
    let Ok(Value::Object(request)) = serde_json::from_str(call.args) else {
        return "-ERR Parse error.\n".to_owned();
    };
    let response = match request.get("command").and_then(Value::as_str) {
        Some("status") => Some(status(call)),
        Some("fsapi") => run(call, &request).await,
        Some(_) | None => None,
    };
    // What was asked comes back in front.
    let mut out = String::from("{");
    for (name, value) in &request {
        out.push_str(&format!("{}:{value},", Value::from(name.as_str())));
    }
    match response {
        Some(response) => out.push_str(&format!("\"status\":\"success\",\"response\":{response}}}\n")),
        None => out.push_str(
            "\"status\":\"error\",\"message\":\"Invalid request or non-existant command\",\"response\":null}\n",
        ),
    }
    out
}

/// The console command that `text` runs, if it is of the kind that runs one.
pub(crate) fn inner(text: &str) -> Option<Line> {
    let request: Map<String, Value> = serde_json::from_str(text).ok()?;
    let runs = request.get("command").and_then(Value::as_str) == Some("fsapi");
    runs.then(|| line(&request)).flatten()
}

fn line(request: &Map<String, Value>) -> Option<Line> {
    let data = request.get("data")?;
    let word = |name: &str| data.get(name).and_then(Value::as_str);
    let args = word("arg").unwrap_or_default();
    Some(Line {
        name: word("cmd")?.to_owned(),
        args: args.trim().to_owned(),
    })
}

async fn run(call: &Call<'_>, request: &Map<String, Value>) -> Option<Value> {
    let line = line(request).filter(|_| call.depth < MAX_DEPTH)?;
    let outcome = call.console.run(&line, call.depth + 1).await;
    Some(json!({ "message": outcome.text }))
}

/// The figures of `status`.
fn status(call: &Call<'_>) -> Value {
    let view = call.view();
    let (counters, settings) = (&view.counters, &view.settings);
    let micros = call.console.host.now().micros_since(counters.started);
    let micros = u64::try_from(micros).unwrap_or(0);
    let seconds = micros / 1_000_000;
    let state = if settings.draining {
        "not ready"
    } else {
        "ready"
    };
    json!({
        "systemStatus": state,
        "uptime": {
            "years": seconds / 31_536_000,
            "days": seconds / 86_400 % 365,
            "hours": seconds / 3600 % 24,
            "minutes": seconds / 60 % 60,
            "seconds": seconds % 60,
            "milliseconds": micros / 1000 % 1000,
            "microseconds": micros % 1000,
        },
        "version": call.console.server.version,
        "sessions": {
            "count": {
                "total": counters.sessions_since_startup,
                "active": view.channels.size(),
                "peak": counters.sessions_peak,
                "peak5Min": counters.sessions_peak_five_min,
                "limit": settings.max_sessions,
            },
            "rate": {
                "current": counters.per_second_last,
                "max": settings.sessions_per_second,
                "peak": counters.per_second_peak,
                "peak5Min": counters.per_second_five_min,
            },
        },
        "idleCPU": {
            "used": settings.min_idle_cpu,
            "allowed": f64::from(call.console.host.idle_cpu()) / 100.0,
        },
    })
}
