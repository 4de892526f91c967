//! The table of dialplan applications: names, syntax, what starts them.

use api::capability::ApplicationInfo;
use api::{Application, ChannelId};

use super::{
    Started, answer, bridge, collect, conference, dtmf, echo, fire, hangup, hold, park, playback,
    record, schedule, sleep, transfer, variables,
};
use crate::Switch;

type StartFn = fn(&mut Switch, &ChannelId, &str) -> Started;

/// A row of the table of applications.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) syntax: &'static str,
    pub(crate) start: StartFn,
    /// An unanswered caller gets early media first.
    pub(crate) needs_media: bool,
    /// Its argument is not expanded.
    pub(crate) raw: bool,
}

const fn app(
    name: &'static str,
    description: &'static str,
    syntax: &'static str,
    start: StartFn,
) -> Entry {
    Entry {
        name,
        description,
        syntax,
        start,
        needs_media: false,
        raw: false,
    }
}

const fn media(
    name: &'static str,
    description: &'static str,
    syntax: &'static str,
    start: StartFn,
) -> Entry {
    Entry {
        name,
        description,
        syntax,
        start,
        needs_media: true,
        raw: false,
    }
}

/// Every application that works, sorted by name.
static TABLE: &[Entry] = &[
    app("answer", "Answer the call", "", answer::answer),
    app(
        "bridge",
        "Call somebody and connect the two",
        "<dial_string>",
        bridge::bridge,
    ),
    app(
        "bridge_export",
        "Set a variable across the next bridge",
        "<name>=<value>",
        variables::bridge_export,
    ),
    media(
        "conference",
        "Enter a conference",
        "<name>[@<profile>][+<pin>][+flags{...}]",
        conference::conference,
    ),
    app(
        "deflect",
        "Send the caller elsewhere by SIP",
        "<uri>",
        transfer::deflect,
    ),
    media(
        "delay_echo",
        "Play back what was said, later",
        "<delay ms>",
        echo::delay_echo,
    ),
    media("echo", "Play back what is said", "", echo::echo),
    app(
        "enable_heartbeat",
        "Fire SESSION_HEARTBEAT",
        "[0|<seconds>]",
        fire::enable_heartbeat,
    ),
    media(
        "endless_playback",
        "Play a file for ever",
        "<file>",
        playback::endless_playback,
    ),
    app(
        "eval",
        "Expand its argument and do nothing",
        "<text>",
        variables::eval,
    ),
    app("event", "Fire an event", "<name>=<value>,...", fire::event),
    app(
        "execute_extension",
        "Run an extension and come back",
        "<extension> [<dialplan> [<context>]]",
        transfer::execute_extension,
    ),
    app(
        "export",
        "Set a variable here and on the next bridge",
        "[nolocal:]<name>=<value>",
        variables::export,
    ),
    app(
        "flush_dtmf",
        "Forget digits not read yet",
        "",
        dtmf::flush_dtmf,
    ),
    media(
        "gentones",
        "Play tones",
        "<tones>[|<loops>]",
        playback::gentones,
    ),
    app("hangup", "End the call", "[<cause>]", hangup::hangup),
    app("hold", "Put the caller on hold", "[<display>]", hold::hold),
    app(
        "info",
        "Log everything known about the call",
        "",
        fire::info,
    ),
    app("log", "Write a log line", "<level> <text>", fire::log),
    media(
        "loop_playback",
        "Play a file several times",
        "[+<loops>] <file>",
        playback::loop_playback,
    ),
    app(
        "multiset",
        "Set several variables",
        "[^^<delimiter>]<name>=<value> ...",
        variables::multiset,
    ),
    app("park", "Wait for commands", "", park::park),
    media(
        "play_and_get_digits",
        "Play a file and collect digits",
        "<min> <max> <tries> <timeout ms> <terminators> <file> <invalid file> <variable> <regex> [<digit timeout> [<failure extension> ...]]",
        collect::play_and_get_digits,
    ),
    media("playback", "Play a file", "<file>", playback::playback),
    app("pre_answer", "Start early media", "", answer::pre_answer),
    app(
        "push",
        "Append to a list variable",
        "<name>=<value>",
        variables::push,
    ),
    media(
        "queue_dtmf",
        "Send digits once somebody answers",
        "<digits>[@<ms>]",
        dtmf::queue_dtmf,
    ),
    media(
        "read",
        "Play a file and read digits",
        "<min> <max> <file> <variable> <timeout ms> <terminators> [<digit timeout ms>]",
        collect::read,
    ),
    media(
        "record",
        "Record into a file",
        "<path> [<max s>] [<silence threshold>] [<silence s>]",
        record::record,
    ),
    media(
        "record_session",
        "Record beside the call",
        "<path> [+<max s>]",
        record::record_session,
    ),
    app(
        "record_session_mask",
        "Record silence instead",
        "<path>",
        record::record_session_mask,
    ),
    app(
        "record_session_pause",
        "Record nothing for a while",
        "<path>",
        record::record_session_pause,
    ),
    app(
        "record_session_resume",
        "Go on recording",
        "<path>",
        record::record_session_resume,
    ),
    app(
        "record_session_unmask",
        "Record what is heard again",
        "<path>",
        record::record_session_unmask,
    ),
    app(
        "redirect",
        "Send the caller elsewhere by SIP",
        "<uri>",
        transfer::deflect,
    ),
    app(
        "respond",
        "Refuse the call with a SIP status",
        "<code> [<phrase>]",
        hangup::respond,
    ),
    app(
        "ring_ready",
        "Tell the caller that it rings",
        "",
        answer::ring_ready,
    ),
    app(
        "sched_broadcast",
        "Play something later",
        "[+]<time> <path> [aleg|bleg|both]",
        schedule::sched_broadcast,
    ),
    app(
        "sched_hangup",
        "End the call later",
        "[+]<time> [<cause>]",
        schedule::sched_hangup,
    ),
    app(
        "sched_transfer",
        "Transfer the call later",
        "[+]<time> <extension> [<dialplan> [<context>]]",
        schedule::sched_transfer,
    ),
    media(
        "send_dtmf",
        "Send digits",
        "<digits>[@<ms>]",
        dtmf::send_dtmf,
    ),
    app("set", "Set a variable", "<name>=<value>", variables::set),
    app(
        "set_global",
        "Set a global variable",
        "<name>=<value>",
        variables::set_global,
    ),
    app(
        "set_name",
        "Rename the channel",
        "<name>",
        variables::set_name,
    ),
    app(
        "set_profile_var",
        "Set a field of the caller profile",
        "<name>=<value>",
        variables::set_profile_var,
    ),
    app("sleep", "Wait", "<ms>", sleep::sleep),
    media(
        "start_dtmf",
        "Look for tones in the audio",
        "",
        dtmf::start_dtmf,
    ),
    app("stop", "Nothing", "", variables::eval),
    app("stop_dtmf", "Look for tones no longer", "", dtmf::stop_dtmf),
    app(
        "stop_record_session",
        "End a recording",
        "<path>|all",
        record::stop_record_session,
    ),
    app(
        "transfer",
        "Go to another extension",
        "[-bleg|-both] <extension> [<dialplan> [<context>]]",
        transfer::transfer,
    ),
    app("unhold", "Take the caller off hold", "", hold::unhold),
    app("unset", "Remove a variable", "<name>", variables::unset),
    app(
        "unshift",
        "Prepend to a list variable",
        "<name>=<value>",
        variables::unshift,
    ),
    app(
        "verbose_events",
        "Every event carries the variables",
        "[<on>]",
        fire::verbose_events,
    ),
];

/// The application of that name, any case.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    TABLE
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// Every application that works, for `show application`.
pub fn applications() -> Vec<ApplicationInfo> {
    TABLE
        .iter()
        .map(|entry| ApplicationInfo {
            name: entry.name,
            description: entry.description,
            syntax: entry.syntax,
        })
        .collect()
}

/// Whether an action has to wait until the media leg is open.
pub(crate) fn waits_for_media(action: &Application) -> bool {
    name_waits_for_media(&action.name)
}

pub(crate) fn name_waits_for_media(name: &str) -> bool {
    find(name).is_some_and(|entry| {
        entry.needs_media || matches!(entry.name, "answer" | "pre_answer" | "bridge")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_are_unique() {
        for pair in TABLE.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{} before {}",
                pair[0].name,
                pair[1].name
            );
        }
    }
}
