//! Commands about the server: `status`, `version`, `reloadxml`, `hupall` and their like (event-socket.md §6.2).

use super::call::{Call, OK, usage};
use super::modules;
use crate::clock::up_time;
use crate::command::api::Line;
use crate::command::log::level_of;
use api::command::call::{HangupAll, Matching};
use api::command::server::{ReloadXml, SetGlobal, Shutdown, ShutdownMode};
use api::{HangupCause, JobId};
use std::net::IpAddr;
use std::time::Duration;

/// Longest wait of `msleep`, in milliseconds. Ours: a day.
const MAX_SLEEP_MS: u64 = 86_400_000;

pub(super) async fn status(call: &Call<'_>) -> String {
    let view = call.view();
    let counters = &view.counters;
    let idle = call.console.host.idle_cpu();
    let ready = if view.settings.draining {
        "is not ready"
    } else {
        "is ready"
    };
    let least = u32::from(view.settings.min_idle_cpu);
    format!(
        "UP {}\nFreeSWITCH (Version {}) {ready}\n{} session(s) since startup\n{} session(s) - peak {}, last 5min {} \n\
         {} session(s) per Sec out of max {}, peak {}, last 5min {} \n{} session(s) max\n\
         min idle cpu {least}.00/{}.{:02}\nCurrent Stack Size/Max 240K/8192K\n",
        up_time(uptime_us(call)),
        call.console.server.version,
        counters.sessions_since_startup,
        view.channels.size(),
        counters.sessions_peak,
        counters.sessions_peak_five_min,
        counters.per_second_last,
        view.settings.sessions_per_second,
        counters.per_second_peak,
        counters.per_second_five_min,
        view.settings.max_sessions,
        idle / 100,
        idle % 100,
    )
}

fn uptime_us(call: &Call<'_>) -> u64 {
    let started = call.view().counters.started;
    u64::try_from(call.console.host.now().micros_since(started)).unwrap_or(0)
}

pub(super) async fn version(call: &Call<'_>) -> String {
    let version = &call.console.server.version;
    let number = version.split([' ', '-']).next().unwrap_or_default();
    match call.words().first().map(String::as_str) {
        Some("short") => format!("{number}\n"),
        _ => format!(
            "FreeSWITCH Version {} ({version})\n",
            version.replace(' ', "~")
        ),
    }
}

pub(super) async fn uptime(call: &Call<'_>) -> String {
    let micros = uptime_us(call);
    let number = match call.args {
        "us" | "microseconds" => micros,
        "ms" | "milliseconds" => micros / 1000,
        "" | "s" | "seconds" => micros / 1_000_000,
        "m" | "minutes" => micros / 60_000_000,
        "h" | "hours" => micros / 3_600_000_000,
        "d" | "days" => micros / 86_400_000_000,
        _ => return usage("[us|ms|s|m|h|d|microseconds|milliseconds|seconds|minutes|hours|days]"),
    };
    format!("{number}\n")
}

pub(super) async fn hostname(call: &Call<'_>) -> String {
    call.console.server.hostname.clone()
}

pub(super) async fn switchname(call: &Call<'_>) -> String {
    call.console.server.switchname.clone()
}

pub(super) async fn create_uuid(call: &Call<'_>) -> String {
    call.console.host.new_uuid().to_string()
}

pub(super) async fn help(call: &Call<'_>) -> String {
    let mut text = String::from("\nValid Commands:\n\n");
    for entry in call.console.commands() {
        text.push_str(&format!(
            "{},{},{},{}\n",
            entry.name, entry.syntax, entry.description, entry.module
        ));
    }
    text
}

pub(super) async fn global_getvar(call: &Call<'_>) -> String {
    let view = call.view();
    if call.args.is_empty() {
        return view
            .globals
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
    }
    view.globals
        .get(call.args)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// `<var>=<value> [=<old value>]`: with an old value the change happens only when that is what is set.
pub(super) async fn global_setvar(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return usage("<var>=<value> [=<value2>]");
    }
    let (name, value) = call.args.split_once('=').unwrap_or((call.args, ""));
    // Recorded: whatever follows another `=` is compared with the old value (golden api-03-globals).
    let (value, expected) = match value.split_once('=') {
        Some((value, expected)) => (value.trim_end(), Some(expected)),
        None => (value, None),
    };
    let now = call.view().globals.get(name).cloned();
    if expected.is_none_or(|expected| now.as_deref() == Some(expected)) {
        // A refusal (an empty or too long name) leaves the variable as it was, which `+OK` does not deny.
        call.ask(SetGlobal {
            name: name.into(),
            value: value.into(),
        })
        .await
        .ok();
    }
    "+OK".to_owned()
}

pub(super) async fn reloadxml(call: &Call<'_>) -> String {
    let text = match call.ask(ReloadXml).await {
        Ok(text) => text.to_string(),
        Err(error) => error.detail.into_string(),
    };
    format!("+OK [{text}]\n")
}

/// The configuration is read again with them (golden stream-36-module-events).
pub(super) async fn reloadacl(call: &Call<'_>) -> String {
    if let Err(error) = call.ask(ReloadXml).await {
        return format!("-ERR [{}]\n", error.detail);
    }
    match call.console.host.reload_acl() {
        Ok(()) => "+OK acl reloaded\n".to_owned(),
        Err(error) => format!("-ERR [{error}]\n"),
    }
}

pub(super) async fn acl(call: &Call<'_>) -> String {
    let words = call.words();
    let allowed = match words.as_slice() {
        [address, list, ..] => address
            .parse::<IpAddr>()
            .is_ok_and(|address| call.console.host.acl_allows(address, list)),
        _ => false,
    };
    allowed.to_string()
}

pub(super) async fn module_exists(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        String::new()
    } else {
        modules::exists(call.args, &*call.console.host).to_string()
    }
}

/// Parts of the server are always there: one we have is loaded already, one we lack cannot be.
pub(super) async fn load(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return usage("<mod_name>");
    }
    // The answer says that the configuration was read; whether it was fit shows in the log.
    call.ask(ReloadXml).await.ok();
    let error = if modules::exists(call.args, &*call.console.host) {
        "Module already loaded"
    } else {
        NOT_LOADABLE
    };
    format!("+OK Reloading XML\n-ERR [{error}]\n")
}

pub(super) async fn unload(call: &Call<'_>) -> String {
    match module_word(call) {
        None => usage("[-f] <mod_name>"),
        Some(name) if modules::exists(&name, &*call.console.host) => {
            "-ERR [Module is not unloadable]\n".to_owned()
        }
        Some(_) => format!("-ERR [{NO_SUCH_MODULE}]\n"),
    }
}

/// Reloading a part means reading its configuration again.
pub(super) async fn reload(call: &Call<'_>) -> String {
    let Some(name) = module_word(call) else {
        return usage("[-f] <mod_name>");
    };
    let reloaded = call.ask(ReloadXml).await.is_ok();
    if modules::exists(&name, &*call.console.host) && reloaded {
        return "+OK Reloading XML\n+OK module unloaded\n+OK module loaded\n".to_owned();
    }
    format!(
        "+OK Reloading XML\n-ERR unloading module [{NO_SUCH_MODULE}]\n-ERR loading module [{NOT_LOADABLE}]\n"
    )
}

const NO_SUCH_MODULE: &str = "No such module!";
const NOT_LOADABLE: &str = "module load file routine returned an error";

fn module_word(call: &Call<'_>) -> Option<String> {
    call.words().into_iter().find(|word| word != "-f")
}

pub(super) async fn hupall(call: &Call<'_>) -> String {
    let words = call.words();
    let cause = words.first().map_or(HangupCause::ManagerRequest, |word| {
        HangupCause::from_client(word)
    });
    let pairs: Vec<(String, String)> = words
        .get(1..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let matching = if pairs.is_empty() {
        Matching::Everything
    } else {
        Matching::Variables(
            pairs
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
        )
    };
    if let Err(error) = call.ask(HangupAll { cause, matching }).await {
        return format!("-ERR {}\n", error.detail);
    }
    match pairs.as_slice() {
        [] => format!("+OK hangup all channels with cause {}\n", cause.name()),
        [(name, value)] => {
            format!(
                "+OK hangup all channels matching [{name}]=[{value}] with cause: {}\n",
                cause.name()
            )
        }
        [(name, value), ..] => {
            format!(
                "+OK hangup all channels matching [{name}]=[{value}]... with cause: {}\n",
                cause.name()
            )
        }
    }
}

pub(super) async fn shutdown(call: &Call<'_>) -> String {
    match call
        .ask(Shutdown {
            mode: ShutdownMode::Now,
        })
        .await
    {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

/// Answers `+OK` whatever the level is (golden api-11-system-cmds).
pub(super) async fn log(call: &Call<'_>) -> String {
    let (level, text) = crate::splitter::head(call.args);
    if let Some(level) = level_of(level)
        .and_then(|level| u8::try_from(level).ok())
        .filter(|_| !text.is_empty())
    {
        call.console.host.log(level.min(7), text);
    }
    OK.to_owned()
}

pub(super) async fn msleep(call: &Call<'_>) -> String {
    let millis = call.args.parse::<u64>().unwrap_or(0).min(MAX_SLEEP_MS);
    if millis > 0 {
        call.console.host.sleep(Duration::from_millis(millis)).await;
    }
    "+OK".to_owned()
}

/// `bgapi [uuid:<id> ]<command> [args]` as a console command.
pub(super) async fn bgapi(call: &Call<'_>) -> String {
    let (id, text) = match call.args.strip_prefix("uuid:") {
        Some(rest) => {
            let (id, text) = crate::splitter::head(rest);
            (Some(id.to_owned()), text)
        }
        None => (None, call.args),
    };
    if text.is_empty() {
        return usage("<command>[ <arg>]");
    }
    let id = id.unwrap_or_else(|| call.console.host.new_uuid().to_string());
    let (console, job, line) = (
        call.console.clone(),
        JobId(id.as_str().into()),
        Line::parse(text),
    );
    let accepted =
        call.console.host.spawn(Box::pin(
            async move { console.run_console_job(job, line).await },
        ));
    if accepted {
        format!("+OK Job-UUID: {id}\n")
    } else {
        "-ERR too many jobs\n".to_owned()
    }
}

/// What stands in the log of the original when it starts; ours says what this is.
pub(super) async fn banner(call: &Call<'_>) -> String {
    let rule = format!(".{:=^63}.\n", "");
    let line = |text: &str| format!("|  {text:<59}  |\n");
    let version = format!("Version {}", call.console.server.version);
    [
        rule.clone(),
        line("Jackfield"),
        line(&version),
        line("A communications server, driven by programs"),
        rule,
    ]
    .concat()
}
