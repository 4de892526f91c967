//! `fsctl`: settings of the running server (event-socket.md §6.2).

use super::call::{Call, OK};
use crate::command::log::{level_name, level_of};
use api::command::server::{ChangeSettings, DtmfDuration, Shutdown, ShutdownMode};
use api::log::LogLevel;

/// The syntax as scripts know it; what is not in [`fsctl`] is refused like an unknown word.
const SYNTAX: &str = "[api_expansion [on|off]|recover|send_sighup|hupall|pause [inbound|outbound]|\
                      resume [inbound|outbound]|shutdown [cancel|elegant|asap|now|restart]|uuid_version [4|7]|sps|\
                      sps_peak_reset|sync_clock|sync_clock_when_idle|reclaim_mem|max_sessions|\
                      min_dtmf_duration [num]|max_dtmf_duration [num]|default_dtmf_duration [num]|min_idle_cpu|\
                      loglevel [level]|debug_level [level]|mdns_resolve [enable|disable]]";

pub(super) async fn fsctl(call: &Call<'_>) -> String {
    let words = call.words();
    let Some(command) = words.first() else {
        return format!("-USAGE: {SYNTAX}\n");
    };
    let argument = words.get(1).map(String::as_str);
    match command.to_ascii_lowercase().as_str() {
        "hupall" => hupall(call, argument).await,
        "pause" => pause(call, argument, true).await,
        "resume" => pause(call, argument, false).await,
        "pause_check" => pause_check(call, argument),
        "ready_check" => (!call.view().settings.draining).to_string(),
        "shutdown_check" => call.view().settings.draining.to_string(),
        "shutdown" => shutdown(call, &words[1..]).await,
        "max_sessions" => max_sessions(call, argument).await,
        "sps" => sessions_per_second(call, argument).await,
        "last_sps" => format!(
            "+OK last sessions per second: {}\n",
            call.view().counters.per_second_last
        ),
        "sps_peak_reset" => {
            change(call, ChangeSettings::ResetPeak).await;
            "+OK max sessions per second counter reset\n".to_owned()
        }
        "min_idle_cpu" => min_idle_cpu(call, argument).await,
        "loglevel" => log_level(call, argument).await,
        "verbose_events" => verbose_events(call, argument).await,
        "min_dtmf_duration" => dtmf(call, DtmfDuration::Min, "min", argument).await,
        "default_dtmf_duration" => dtmf(call, DtmfDuration::Default, "default", argument).await,
        "max_dtmf_duration" => dtmf(call, DtmfDuration::Max, "max", argument).await,
        // The system's clock is used as it is, so it is always in step.
        "sync_clock" | "sync_clock_when_idle" => "+OK clock synchronized\n".to_owned(),
        "uuid_version" if argument.is_none_or(|version| version == "4") => {
            "+OK set uuid version: 4\n".to_owned()
        }
        // Nothing of ours holds what these let go.
        "flush_db_handles" | "reclaim_mem" | "save_history" => OK.to_owned(),
        _ => format!("-ERR Invalid command\nUSAGE: fsctl {SYNTAX}\n"),
    }
}

/// Asks; the reply shows the value afterwards, so a refusal shows as an unchanged value.
async fn change(call: &Call<'_>, settings: ChangeSettings) {
    call.ask(settings).await.ok();
}

async fn hupall(call: &Call<'_>, cause: Option<&str>) -> String {
    use api::command::call::{HangupAll, Matching};
    let cause = cause.map_or(
        api::HangupCause::ManagerRequest,
        api::HangupCause::from_client,
    );
    match call
        .ask(HangupAll {
            cause,
            matching: Matching::Everything,
        })
        .await
    {
        Ok(_) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

async fn pause(call: &Call<'_>, direction: Option<&str>, paused: bool) -> String {
    let (inbound, outbound) = directions(direction);
    change(
        call,
        ChangeSettings::Pause {
            inbound,
            outbound,
            paused,
        },
    )
    .await;
    OK.to_owned()
}

fn directions(word: Option<&str>) -> (bool, bool) {
    (word != Some("outbound"), word != Some("inbound"))
}

fn pause_check(call: &Call<'_>, direction: Option<&str>) -> String {
    let settings = call.view().settings;
    let (inbound, outbound) = directions(direction);
    ((!inbound || settings.paused_inbound) && (!outbound || settings.paused_outbound)).to_string()
}

async fn shutdown(call: &Call<'_>, words: &[String]) -> String {
    let mut mode = ShutdownMode::Now;
    for word in words {
        mode = match word.as_str() {
            "cancel" => ShutdownMode::Cancel,
            "elegant" => ShutdownMode::Elegant,
            "asap" => ShutdownMode::Asap,
            "now" => ShutdownMode::Now,
            // Starting again is for whoever supervises us.
            "restart" => return "-ERR restart is not supported\n".to_owned(),
            _ => return format!("-ERR Invalid command\nUSAGE: fsctl {SYNTAX}\n"),
        };
    }
    match call.ask(Shutdown { mode }).await {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

async fn max_sessions(call: &Call<'_>, number: Option<&str>) -> String {
    if let Some(number) = number.and_then(|word| word.parse().ok()) {
        change(call, ChangeSettings::MaxSessions(number)).await;
    }
    format!("+OK max sessions: {}\n", call.view().settings.max_sessions)
}

async fn sessions_per_second(call: &Call<'_>, number: Option<&str>) -> String {
    if let Some(number) = number.and_then(|word| word.parse().ok()) {
        change(call, ChangeSettings::SessionsPerSecond(number)).await;
    }
    format!(
        "+OK sessions per second: {}\n",
        call.view().settings.sessions_per_second
    )
}

async fn min_idle_cpu(call: &Call<'_>, number: Option<&str>) -> String {
    if let Some(number) = number.and_then(|word| word.parse::<f32>().ok()) {
        // A percentage; the cast saturates.
        change(
            call,
            ChangeSettings::MinIdleCpu(number.clamp(0.0, 100.0) as u8),
        )
        .await;
    }
    match call.view().settings.min_idle_cpu {
        0 => "+OK min idle cpu: DISABLED\n".to_owned(),
        percent => format!("+OK min idle cpu: {percent}.00\n"),
    }
}

async fn log_level(call: &Call<'_>, word: Option<&str>) -> String {
    if let Some(word) = word {
        let levels = [
            LogLevel::Console,
            LogLevel::Alert,
            LogLevel::Crit,
            LogLevel::Err,
            LogLevel::Warning,
            LogLevel::Notice,
            LogLevel::Info,
            LogLevel::Debug,
        ];
        let level = level_of(word)
            .and_then(|level| usize::try_from(level).ok())
            .and_then(|level| levels.get(level));
        let Some(level) = level else {
            return "-ERR syntax error, log level not set!\n".to_owned();
        };
        change(call, ChangeSettings::LogLevel(*level)).await;
    }
    let level = call.view().settings.log_level as i8;
    format!(
        "+OK log level: {} [{level}]\n",
        level_name(level).unwrap_or_default()
    )
}

async fn verbose_events(call: &Call<'_>, word: Option<&str>) -> String {
    if let Some(word) = word {
        change(
            call,
            ChangeSettings::VerboseEvents(crate::headers::is_true(word)),
        )
        .await;
    }
    let state = if call.view().settings.verbose_events {
        "on"
    } else {
        "off"
    };
    format!("+OK verbose_events is {state} \n")
}

async fn dtmf(call: &Call<'_>, which: DtmfDuration, name: &str, number: Option<&str>) -> String {
    if let Some(samples) = number.and_then(|word| word.parse().ok()) {
        change(call, ChangeSettings::DtmfDuration { which, samples }).await;
    }
    let [min, default, max] = call.view().settings.dtmf_durations;
    let samples = match which {
        DtmfDuration::Min => min,
        DtmfDuration::Default => default,
        DtmfDuration::Max => max,
    };
    format!("+OK {name} dtmf duration: {samples}\n")
}
