//! The table of dialplan applications: names, syntax, what starts them.

use api::capability::ApplicationInfo;
use api::{Application, ChannelId};

use super::{
    Started, answer, att_xfer, awaiting, bridge, callcenter, check_acl, collect, conference,
    digit_actions, dtmf, eavesdrop, echo, fifo, files, fire, hangup, hold, intercept, ivr,
    leg_sound, listen, meta, nested, offered, page, park, phrase, pickup, playback, record, say,
    schedule, sleep, socket, sound, tables, transfer, valet_park, variables, voicemail,
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
        "att_xfer",
        "Hand a call on after talking to whom it goes to",
        "<channel_url>",
        att_xfer::att_xfer,
    ),
    app(
        "bgsystem",
        "Run a program of the machine and go on",
        "<command>",
        files::bgsystem,
    ),
    app(
        "bind_digit_action",
        "Let digits of the channel run an application or a console command",
        "<realm>,<digits|~regex>,exec:<application>|api:<command>[,<argument>][,<dtmf target leg>][,<event target leg>]",
        digit_actions::bind_digit_action,
    ),
    app(
        "bind_meta_app",
        "Let a key behind * run an application while the channel is bridged",
        "<key> [a|b|ab] [a|b|o|s|i|1] <app>[::<argument>]",
        meta::bind_meta_app,
    ),
    app(
        "block_dtmf",
        "Let nobody have the digits of the channel",
        "",
        sound::block_dtmf,
    ),
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
        "callcenter",
        "Wait in a queue for an agent",
        "<queue_name>",
        callcenter::callcenter,
    ),
    app(
        "capture",
        "Keep what an expression catches of a text in a list variable",
        "<varname>|<data>|<regex>",
        variables::capture,
    ),
    app(
        "check_acl",
        "Hang up unless an access list lets an address in",
        "<ip> <acl | cidr> [<hangup_cause>]",
        check_acl::check_acl,
    ),
    app(
        "clear_digit_action",
        "Let digits run nothing any more",
        "[<realm>|all[,<target>]]",
        digit_actions::clear_digit_action,
    ),
    media(
        "conference",
        "Enter a conference",
        "<name>[@<profile>][+<pin>][+flags{...}]",
        conference::conference,
    ),
    app(
        "db",
        "Keep a value for the next run of the server, too",
        "insert/<realm>/<key>/<value>|delete/<realm>/<key>",
        tables::db,
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
    media(
        "detect_audio",
        "Wait until something is heard",
        "<threshold> <audio_hits> <timeout_ms>",
        listen::detect_audio,
    ),
    media(
        "detect_silence",
        "Wait until nothing is heard",
        "<threshold> <silence_hits> <timeout_ms>",
        listen::detect_silence,
    ),
    app(
        "digit_action_set_realm",
        "Choose which bound digits are in force",
        "<realm>[,<target>]",
        digit_actions::digit_action_set_realm,
    ),
    media(
        "displace_session",
        "Put a file in the place of what is heard, or said",
        "<path> [<flags>] [+time_limit_ms]",
        leg_sound::displace_session,
    ),
    media(
        "eavesdrop",
        "Hear what another channel says and hears",
        "<uuid>|all",
        eavesdrop::eavesdrop,
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
    media(
        "fifo",
        "Wait for somebody, or take those who wait",
        "<fifo name>[!<importance_number>] [in [<announce file>|undef] [<music file>|undef] | out [wait|nowait] [<announce file>|undef] [<music file>|undef]]",
        fifo::fifo,
    ),
    app(
        "filter_codecs",
        "Let the caller have these codecs only",
        "<codec string>",
        offered::filter_codecs,
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
    app(
        "group",
        "Put a dial string into a group, or take it out",
        "insert|delete:<group name>:<dial string>",
        tables::group,
    ),
    app("hangup", "End the call", "[<cause>]", hangup::hangup),
    app(
        "hash",
        "Keep a value in the switch",
        "<verb>/<realm>/<key>[/<value>]",
        tables::hash,
    ),
    app("hold", "Put the caller on hold", "[<display>]", hold::hold),
    app(
        "info",
        "Log everything known about the call",
        "",
        fire::info,
    ),
    app(
        "intercept",
        "Take over the call of another channel",
        "[-bleg] <uuid>",
        intercept::intercept,
    ),
    media(
        "ivr",
        "Let the caller choose from a menu",
        "<menu_name>",
        ivr::ivr,
    ),
    media(
        "jitterbuffer",
        "Say how long sound is delayed to make it even",
        "<jitterbuffer_data>",
        leg_sound::jitterbuffer,
    ),
    app(
        "limit",
        "Count the channels that use a resource, and send those beyond its limit elsewhere",
        "<backend> <realm> <id> [<max>[/<interval>]] [<extension> [<dialplan> [<context>]]]",
        tables::limit,
    ),
    Entry {
        raw: true,
        ..app(
            "limit_execute",
            "Run an application as long as a limit allows it",
            "<backend> <realm> <id> <max>[/interval] <application> [application arguments]",
            nested::limit_execute,
        )
    },
    app(
        "limit_hash",
        "Count the channels that use a resource, and send those beyond its limit elsewhere",
        "<realm> <id> [<max>[/<interval>]] [<extension> [<dialplan> [<context>]]]",
        tables::limit_hash,
    ),
    Entry {
        raw: true,
        ..app(
            "limit_hash_execute",
            "Run an application as long as a limit allows it",
            "<realm> <id> <max>[/interval] <application> [application arguments]",
            nested::limit_hash_execute,
        )
    },
    app("log", "Write a log line", "<level> <text>", fire::log),
    media(
        "loop_playback",
        "Play a file several times",
        "[+<loops>] <file>",
        playback::loop_playback,
    ),
    app(
        "media_reset",
        "Let sound go through the server again",
        "",
        offered::media_reset,
    ),
    app("mkdir", "Make a folder", "<path>", files::mkdir),
    app(
        "multiset",
        "Set several variables",
        "[^^<delimiter>]<name>=<value> ...",
        variables::multiset,
    ),
    app(
        "multiunset",
        "Remove several variables",
        "[^^<delimiter>]<name> ...",
        variables::multiunset,
    ),
    app(
        "mutex",
        "Wait until no other channel has a key",
        "<keyname>[ on|off]",
        awaiting::mutex,
    ),
    app(
        "novideo",
        "Let the caller have no pictures",
        "",
        offered::novideo,
    ),
    app(
        "page",
        "Call telephones, and play a file to whoever answers",
        "(page_path=<file>)<variables>dial:_:dial",
        page::page,
    ),
    app("park", "Wait for commands", "", park::park),
    media(
        "phrase",
        "Say what a macro makes of some words",
        "<macro_name>,<data>",
        phrase::phrase,
    ),
    app(
        "pickup",
        "Take a call that rings for a group",
        "<key>",
        pickup::pickup,
    ),
    media(
        "play_and_get_digits",
        "Play a file and collect digits",
        "<min> <max> <tries> <timeout ms> <terminators> <file> <invalid file> <variable> <regex> [<digit timeout> [<failure extension> ...]]",
        collect::play_and_get_digits,
    ),
    media("playback", "Play a file", "<file>", playback::playback),
    app("pre_answer", "Start early media", "", answer::pre_answer),
    app(
        "presence",
        "Tell of somebody's presence",
        "<rpid> <status> [<id>]",
        fire::presence,
    ),
    app(
        "privacy",
        "Hide name or number from whoever is called",
        "no|yes|name|full|number",
        variables::privacy,
    ),
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
        "remove_bugs",
        "Take away what is attached to the sound of the channel",
        "[<function>]",
        leg_sound::remove_bugs,
    ),
    app(
        "rename",
        "Give a file another name",
        "<from_path> <to_path>",
        files::rename,
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
    media(
        "say",
        "Say a number, a date, or letters",
        "<module_name>[:<lang>] <say_type> <say_method> [<say_gender>] <text>",
        say::say,
    ),
    app(
        "sched_broadcast",
        "Play something later",
        "[+]<time> <path> [aleg|bleg|both]",
        schedule::sched_broadcast,
    ),
    app(
        "sched_cancel",
        "Delete scheduled tasks",
        "[<group>]",
        schedule::sched_cancel,
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
    app(
        "send_display",
        "Change what the phone shows",
        "<text>",
        leg_sound::send_display,
    ),
    media(
        "send_dtmf",
        "Send digits",
        "<digits>[@<ms>]",
        dtmf::send_dtmf,
    ),
    app("send_info", "Send SIP INFO", "<info>", leg_sound::send_info),
    app(
        "session_loglevel",
        "Show more or less of the log about the channel",
        "<level>",
        fire::session_loglevel,
    ),
    app("set", "Set a variable", "<name>=<value>", variables::set),
    app(
        "set_audio_level",
        "Change how loud the channel is",
        "read|write <level>",
        sound::set_audio_level,
    ),
    app(
        "set_global",
        "Set a global variable",
        "<name>=<value>",
        variables::set_global,
    ),
    app(
        "set_mute",
        "Silence one side of the channel",
        "read|write <on>",
        sound::set_mute,
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
    app(
        "set_user",
        "Set the variables of a user",
        "<user>@<domain> [<prefix>]",
        variables::set_user,
    ),
    app("sleep", "Wait", "<ms>", sleep::sleep),
    app(
        "socket",
        "Let a program control the call",
        "<host>[:<port>][/<path>][|<host>...] [async] [full]",
        socket::socket,
    ),
    app(
        "soft_hold",
        "Put a bridged call on hold until a key is pressed",
        "<unhold key> [<moh_a>] [<moh_b>]",
        hold::soft_hold,
    ),
    media(
        "spandsp_start_dtmf",
        "Look for tones in the audio",
        "",
        dtmf::start_dtmf,
    ),
    app(
        "spandsp_stop_dtmf",
        "Look for tones no longer",
        "",
        dtmf::stop_dtmf,
    ),
    media(
        "start_dtmf",
        "Look for tones in the audio",
        "",
        dtmf::start_dtmf,
    ),
    media(
        "start_dtmf_generate",
        "Send digits as tones",
        "",
        sound::start_dtmf_generate,
    ),
    app("stop", "Nothing", "", variables::eval),
    app(
        "stop_displace_session",
        "Let be heard again what a file took the place of",
        "<path>",
        leg_sound::stop_displace_session,
    ),
    app("stop_dtmf", "Look for tones no longer", "", dtmf::stop_dtmf),
    app(
        "stop_dtmf_generate",
        "Send digits as they were agreed on",
        "",
        sound::stop_dtmf_generate,
    ),
    app(
        "stop_record_session",
        "End a recording",
        "<path>|all",
        record::stop_record_session,
    ),
    app(
        "stop_tone_detect",
        "Look for tones no longer",
        "",
        leg_sound::stop_tone_detect,
    ),
    app(
        "strftime",
        "Set a variable to the time",
        "<name>=<format>",
        variables::strftime,
    ),
    app(
        "system",
        "Run a program of the machine and wait for its end",
        "<command>",
        files::system,
    ),
    media(
        "three_way",
        "Talk to a channel and its partner",
        "<uuid>",
        eavesdrop::three_way,
    ),
    media(
        "tone_detect",
        "Look for a tone",
        "<key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]",
        leg_sound::tone_detect,
    ),
    app(
        "transfer",
        "Go to another extension",
        "[-bleg|-both] <extension> [<dialplan> [<context>]]",
        transfer::transfer,
    ),
    app(
        "unbind_meta_app",
        "Let keys run nothing any more",
        "[<key>]",
        meta::unbind_meta_app,
    ),
    app(
        "unblock_dtmf",
        "Let the digits of the channel be read again",
        "",
        sound::unblock_dtmf,
    ),
    app("unhold", "Take the caller off hold", "", hold::unhold),
    app("unset", "Remove a variable", "<name>", variables::unset),
    app(
        "unshift",
        "Prepend to a list variable",
        "<name>=<value>",
        variables::unshift,
    ),
    media(
        "valet_park",
        "Keep a call in a slot of a parking lot, or take it out",
        "<lotname> <extension>|auto [in|out] [<min>] [<max>]",
        valet_park::valet_park,
    ),
    app(
        "verbose_events",
        "Every event carries the variables",
        "[<on>]",
        fire::verbose_events,
    ),
    media(
        "voicemail",
        "Leave a message in a box, or listen to those in it",
        "[check] [auth] <profile_name> <domain_name> [<id>]",
        voicemail::voicemail,
    ),
    app(
        "wait_for_answer",
        "Wait until the call is answered",
        "",
        awaiting::wait_for_answer,
    ),
    media(
        "wait_for_silence",
        "Wait until somebody has spoken and is silent",
        "<silence_thresh> <silence_hits> <listen_hits> <timeout_ms>",
        listen::wait_for_silence,
    ),
    app(
        "webapp",
        "Let a web application control the call",
        "<url>|<name> [fallback=continue|hangup[/<cause>]|transfer/<extension>[/<context>]] [vars=<name>,...]",
        socket::webapp,
    ),
];

/// The application of that name, any case.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    TABLE
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// Those that are there only where programs of the machine may be run.
const RUN_PROGRAMS: [&str; 2] = ["bgsystem", "system"];

impl Entry {
    /// Whether it is there, where programs may be run or not.
    pub(crate) fn is_there(&self, programs: bool) -> bool {
        programs || !RUN_PROGRAMS.contains(&self.name)
    }
}

/// Every application that works, for `show application`; `programs`: those that run programs of the machine, too.
pub fn applications(programs: bool) -> Vec<ApplicationInfo> {
    TABLE
        .iter()
        .filter(|entry| entry.is_there(programs))
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
        let answers = matches!(entry.name, "answer" | "pre_answer" | "bridge" | "pickup");
        entry.needs_media || answers
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
