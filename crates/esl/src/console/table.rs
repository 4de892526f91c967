//! Every console command there is: what runs, and what `show api` and `help` list.

use super::call::Call;
use super::{
    BoxFuture, Host, alias, call_files, callcenter, chat, complete, conference, directory, domain,
    fifo, fsctl, imm_adapter, json, local_stream, modules, network, originate, record, schedule,
    server, show, sofia, sofia_gateways, strings, surroundings, tables, text, uuid_leg, uuid_media,
    uuid_state, uuid_variables, valet, voicemail,
};

type Run = for<'c> fn(&'c Call<'c>) -> BoxFuture<'c, String>;

/// One console command.
pub struct Entry {
    /// Looked up ignoring case.
    pub name: &'static str,
    /// Form of its arguments.
    pub syntax: &'static str,
    /// What it does, in a few words.
    pub description: &'static str,
    /// The part of the server it belongs to, under the original's name.
    pub module: &'static str,
    pub(super) run: Run,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.name)
    }
}

/// The commands there are: some only where the operator wants what they do.
pub(super) fn listed(host: &dyn Host) -> impl Iterator<Item = &'static Entry> {
    let all = COMMANDS.iter();
    all.filter(|entry| match entry.name {
        "bg_system" | "system" => host.may_run_programs(),
        _ => modules::is_loaded(entry.module, host),
    })
}

pub(super) fn find(name: &str, host: &dyn Host) -> Option<&'static Entry> {
    listed(host).find(|entry| entry.name.eq_ignore_ascii_case(name))
}

macro_rules! commands {
    ($($module:literal: $($name:literal $syntax:literal $description:literal => $family:ident::$run:ident,)*;)*) => {
        /// All commands, sorted by name within each part.
        pub const COMMANDS: &[Entry] = &[$($(Entry {
            name: $name,
            syntax: $syntax,
            description: $description,
            module: $module,
            run: |call| Box::pin($family::$run(call)),
        },)*)*];
    };
}

commands! {
    "mod_commands":
        "..." "" "Stops the server" => server::shutdown,
        "acl" "<ip> <list_name>" "Tells whether a list lets an address in" => server::acl,
        "alias" "[add|stickyadd] <alias> <command> | del [<alias>|*]" "Gives a command another name" => alias::alias,
        "banner" "" "Prints what this server is" => server::banner,
        "bg_system" "<command>" "Runs a program in the background" => surroundings::bg_system,
        "bgapi" "<command>[ <arg>]" "Runs a command in the background" => server::bgapi,
        "break" "<uuid> [all]" "Breaks off what a channel plays" => uuid_media::uuid_break,
        "chat" "<proto>|<from>|<to>|<message>|[<content-type>]" "Sends a message" => chat::chat,
        "coalesce" "[^^<delim>]<value1>,<value2>,..." "Prints the first value that is not empty" => strings::coalesce,
        "complete" "add <word>|del [<word>|*]" "Offers words to who types" => alias::complete,
        "cond" "<expr> ? <true val> : <false val>" "Compares and chooses" => text::cond,
        "console_complete" "<line>" "Completes a command line" => complete::console_complete,
        "create_uuid" "" "Makes a UUID" => server::create_uuid,
        "domain_data" "<domain> [var|param|attr] <name>" "Reads the data of a domain" => domain::domain_data,
        "domain_exists" "<domain>" "Tells whether a domain exists" => domain::domain_exists,
        "echo" "<data>" "Prints its argument" => text::echo,
        "escape" "<data>" "Writes a text as an argument" => strings::escape,
        "eval" "[uuid:<uuid> ]<expression>" "Expands variables" => text::eval,
        "expand" "[uuid:<uuid> ]<cmd> <args>" "Runs a command with variables expanded" => text::expand,
        "file_exists" "<file>" "Tells whether there is a file" => surroundings::file_exists,
        "find_user_xml" "<key> <user> <domain>" "Prints a user as XML" => domain::find_user_xml,
        "fsctl" "<command> <args>" "Changes how the server runs" => fsctl::fsctl,
        "getenv" "<name>" "Reads a variable of the environment" => surroundings::getenv,
        "gethost" "<hostname>" "Looks up the address of a name" => network::host_lookup,
        "global_getvar" "<var>" "Reads a global variable" => server::global_getvar,
        "global_setvar" "<var>=<value> [=<value2>]" "Sets a global variable" => server::global_setvar,
        "group_call" "<group>[@<domain>]" "Makes the dial string of a group" => directory::group_call,
        "help" "" "Lists all commands" => server::help,
        "host_lookup" "<hostname>" "Looks up the address of a name" => network::host_lookup,
        "hostname" "" "Prints the host name" => server::hostname,
        "hupall" "<cause> [<var> <value>] [<var2> <value2>]" "Hangs up all channels" => server::hupall,
        "in_group" "<user>[@<domain>] <group_name>" "Tells whether a user is in a group" => domain::in_group,
        "is_lan_addr" "<ip>" "Tells whether an address is a private one" => network::is_lan_addr,
        "json" "JSON" "Runs a command given as JSON" => json::json,
        "list_users" "[group <group>] [domain <domain>] [user <user>] [context <context>]" "Lists the users" => directory::list_users,
        "limit_interval_reset" "<backend> <realm> <id>" "Begins the interval of a resource anew" => tables::limit_interval_reset,
        "limit_reset" "<backend>" "Refuses to forget what is held" => tables::limit_reset,
        "limit_status" "<backend>" "Counts resources" => tables::limit_status,
        "limit_usage" "<backend> <realm> <id> [rate]" "Tells how far a resource is used" => tables::limit_usage,
        "load" "<mod_name>" "Loads a part of the server" => server::load,
        "log" "<level> <message>" "Writes to the log" => server::log,
        "md5" "<data>" "Prints the MD5 sum" => text::md5,
        "module_exists" "<module>" "Tells whether a part of the server is there" => server::module_exists,
        "msleep" "<milliseconds>" "Waits" => server::msleep,
        "nat_map" "[status|republish|reinit] | [add|del] <port> [tcp|udp] [static]" "Tells that no router opens ports for us" => network::nat_map,
        "originate" "<call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]" "Makes a call" => originate::originate,
        "pause" "<uuid> <on|off>" "Lets what a channel plays stand still" => uuid_leg::uuid_pause,
        "presence" "[in|out] <user> <rpid> <message>" "Fires an event about somebody's presence" => chat::presence,
        "quote_shell_arg" "<data>" "Quotes a text for a shell" => strings::quote_shell_arg,
        "reg_url" "<user>@<realm>" "Prints where a user registered last" => domain::reg_url,
        "regex" "<data>|<pattern>[|<subst string>][n|b]" "Matches an expression" => text::regex,
        "reload" "[-f] <mod_name>" "Reads the configuration of a part again" => server::reload,
        "reloadacl" "" "Reads the access lists again" => server::reloadacl,
        "reloadcert" "" "Reads certificates and keys again" => surroundings::reloadcert,
        "reloadxml" "" "Reads the XML configuration again" => server::reloadxml,
        "replace" "<data>|<string1>|<string2>" "Puts one text in the place of another" => strings::replace,
        "say_string" "<module_name>[.<ext>][:<lang>] <say_type> <say_method> [<say_gender>] <text>" "Tells which sounds say a text" => text::say_string,
        "sched_api" "[+@]<time> <group_name> <command_string>[&]" "Runs a command later" => schedule::sched_api,
        "sched_broadcast" "[[+]<time>|@time] <uuid> <path> [aleg|bleg|both]" "Plays to a channel later" => schedule::sched_broadcast,
        "sched_del" "<task_id>|<group_id>" "Deletes scheduled tasks" => schedule::sched_del,
        "sched_hangup" "[+]<time> <uuid> [<cause>]" "Hangs a channel up later" => schedule::sched_hangup,
        "sched_transfer" "[+]<time> <uuid> <extension> [<dialplan>] [<context>]" "Transfers a channel later" => schedule::sched_transfer,
        "show" "channels|calls|registrations|api|application|... [as csv|delim <d>|json|xml]" "Prints tables" => show::show,
        "shutdown" "" "Stops the server" => server::shutdown,
        "sql_escape" "<string>" "Escapes a text for SQL" => strings::sql_escape,
        "status" "" "Prints how the server is" => server::status,
        "strftime" "<format_string>" "Formats the time" => text::strftime,
        "strepoch" "<string>" "Prints the seconds since 1970 of a date" => strings::strepoch,
        "strftime_tz" "<timezone_name> [<epoch>|][format string]" "Formats the time of a zone" => strings::strftime_tz,
        "strmicroepoch" "<string>" "Prints the microseconds since 1970 of a date" => strings::strmicroepoch,
        "switchname" "" "Prints the name of the switch" => server::switchname,
        "system" "<command>" "Runs a program and prints its output" => surroundings::system,
        "tolower" "<string>" "Makes letters small" => text::tolower,
        "tone_detect" "<uuid> <key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]" "Looks for a tone in the sound of a channel" => uuid_leg::tone_detect,
        "toupper" "<string>" "Makes letters capital" => text::toupper,
        "unload" "[-f] <mod_name>" "Unloads a part of the server" => server::unload,
        "unsched_api" "<task_id>" "Deletes a scheduled task" => schedule::unsched_api,
        "uptime" "[us|ms|s|m|h|d|microseconds|milliseconds|seconds|minutes|hours|days]" "Prints how long the server runs" => server::uptime,
        "url_decode" "<string>" "Undoes url-encoding" => text::url_decode,
        "url_encode" "<string>" "Encodes for a URL" => text::url_encode,
        "user_data" "<user>@<domain> [var|param|attr] <name>" "Reads a user's data" => directory::user_data,
        "user_exists" "<key> <user> <domain>" "Tells whether a user exists" => directory::user_exists,
        "uuid_answer" "<uuid>" "Answers a channel" => uuid_state::uuid_answer,
        "uuid_audio" "<uuid> [start [read|write] [mute|level <level>]|stop]" "Changes how loud a channel is" => uuid_media::uuid_audio,
        "uuid_break" "<uuid> [all]" "Breaks off what a channel plays" => uuid_media::uuid_break,
        "uuid_bridge" "<uuid> <other_uuid>" "Connects two channels" => uuid_state::uuid_bridge,
        "uuid_broadcast" "<uuid> <path> [aleg|bleg|holdb|both]" "Plays to a channel" => uuid_media::uuid_broadcast,
        "uuid_buglist" "<uuid>" "Lists what is attached to the sound of a channel" => uuid_leg::uuid_buglist,
        "uuid_chat" "<uuid> <text>" "Sends a text to a phone" => uuid_leg::uuid_chat,
        "uuid_deflect" "<uuid> <uri>" "Sends a caller elsewhere by SIP" => uuid_state::uuid_deflect,
        "uuid_displace" "<uuid> [start|stop] <path> [<limit>] [mux]" "Puts a file in the place of what a channel hears" => uuid_leg::uuid_displace,
        "uuid_display" "<uuid> <display>" "Changes what a phone shows" => uuid_media::uuid_display,
        "uuid_drop_dtmf" "<uuid> [on | off]" "Lets nobody have the digits of a channel" => uuid_media::uuid_drop_dtmf,
        "uuid_dual_transfer" "<uuid> <A-dest-exten>[/<A-dialplan>][/<A-context>] <B-dest-exten>[/<B-dialplan>][/<B-context>]" "Transfers both legs" => uuid_state::uuid_dual_transfer,
        "uuid_dump" "<uuid> [format]" "Prints all about a channel" => uuid_variables::uuid_dump,
        "uuid_early_ok" "<uuid>" "Ignores early media of a channel no longer" => uuid_media::uuid_early_ok,
        "uuid_exists" "<uuid>" "Tells whether a channel lives" => uuid_state::uuid_exists,
        "uuid_fileman" "<uuid> <cmd>:<val>" "Steers what is being played" => uuid_media::uuid_fileman,
        "uuid_flush_dtmf" "<uuid>" "Forgets digits not yet read" => uuid_media::uuid_flush_dtmf,
        "uuid_getvar" "<uuid> <var>" "Reads a variable" => uuid_variables::uuid_getvar,
        "uuid_hold" "[off|toggle] <uuid> [<display>]" "Puts a channel on hold" => uuid_state::uuid_hold,
        "uuid_jitterbuffer" "<uuid> [0|<min_msec>[:<max_msec>]]" "Says how long sound is delayed to make it even" => uuid_leg::uuid_jitterbuffer,
        "uuid_kill" "<uuid> [cause]" "Hangs a channel up" => uuid_state::uuid_kill,
        "uuid_loglevel" "<uuid> <level>" "Shows more or less of the log about a channel" => uuid_state::uuid_loglevel,
        "uuid_media" "[off] <uuid>" "Takes media out of the server, or back" => uuid_state::uuid_media,
        "uuid_media_reneg" "<uuid>[ <codec_string>]" "Offers codecs anew" => uuid_state::uuid_media_reneg,
        "uuid_limit" "<uuid> <backend> <realm> <resource> [<max>[/interval]] [number [dialplan [context]]]" "Takes a resource for a channel" => tables::uuid_limit,
        "uuid_limit_release" "<uuid> <backend> [realm] [resource]" "Gives resources of a channel back" => tables::uuid_limit_release,
        "uuid_park" "<uuid>" "Parks a channel" => uuid_state::uuid_park,
        "uuid_pause" "<uuid> <on|off>" "Lets what a channel plays stand still" => uuid_leg::uuid_pause,
        "uuid_phone_event" "<uuid> talk|hold" "Tells a phone to do something" => uuid_leg::uuid_phone_event,
        "uuid_pre_answer" "<uuid>" "Starts early media" => uuid_state::uuid_pre_answer,
        "uuid_record" "<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]" "Records a channel" => record::uuid_record,
        "uuid_recv_dtmf" "<uuid> <dtmf_data>" "Acts as if digits had come" => uuid_media::uuid_recv_dtmf,
        "uuid_redirect" "<uuid> <uri>" "Sends a caller elsewhere by SIP" => uuid_state::uuid_deflect,
        "uuid_ring_ready" "<uuid> [queued]" "Tells a caller that it rings" => uuid_state::uuid_ring_ready,
        "uuid_send_dtmf" "<uuid> <dtmf_data>" "Sends digits" => uuid_media::uuid_send_dtmf,
        "uuid_send_info" "<uuid> [<mime_type> <mime_subtype>] <message>" "Sends SIP INFO" => uuid_media::uuid_send_info,
        "uuid_send_message" "<uuid> <message>" "Sends a text to a phone" => uuid_leg::uuid_send_message,
        "uuid_session_heartbeat" "<uuid> [sched] [0|<seconds>]" "Switches heartbeat events of a channel" => uuid_media::uuid_session_heartbeat,
        "uuid_setvar" "<uuid> <var> [value]" "Sets a variable" => uuid_variables::uuid_setvar,
        "uuid_setvar_multi" "<uuid> <var>=<value>;<var>=<value>..." "Sets several variables" => uuid_variables::uuid_setvar_multi,
        "uuid_transfer" "<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]" "Transfers a channel" => uuid_state::uuid_transfer,
        "version" "" "Prints the version" => server::version,
        "xml_flush_cache" "<id> <key> <val>" "Says that nothing is cached" => domain::xml_flush_cache,
        "xml_wrap" "<command> <args>" "Wraps the answer of a command in XML" => strings::xml_wrap,
    ;
    "mod_callcenter":
        "callcenter_config" "<target> <args>" "Changes queues and their agents" => callcenter::callcenter_config,
    ;
    "mod_cdr_csv":
        "cdr_csv" "rotate" "Puts files of call records aside" => call_files::cdr_csv,
    ;
    "mod_conference":
        "conference" "<conf name> <command> <args>" "Controls conferences" => conference::conference,
    ;
    "mod_db":
        "db" "[insert|delete|select|exists|count|list]/<realm>/<key>[/<value>]" "Keeps values for the next run of the server" => tables::db,
        "group" "[insert|delete|call]:<group name>[:<url>]" "Keeps dial strings of groups" => tables::group,
    ;
    "mod_fifo":
        "fifo" "list|list_verbose|count|status|has_outbound|importance [<fifo name>]|reparse [del_all]" "Tells who waits in fifos" => fifo::fifo,
        "fifo_check_bridge" "<uuid>" "Tells whether a channel talks in a fifo" => fifo::fifo_check_bridge,
        "fifo_member" "[add <fifo_name> <originate_string> [<simo_count>] [<timeout>] [<lag>] [<expires>] [<taking_calls>] | del <fifo_name> <originate_string>]" "Says who is called when callers wait in a fifo" => fifo::fifo_member,
    ;
    "mod_hash":
        "hash" "<verb>/<realm>/<key>[/<value>]" "Keeps values" => tables::hash,
        "hash_dump" "all|limit|db [<realm>]" "Lists values and resources" => tables::hash_dump,
        "hash_remote" "list" "Lists servers whose values are known here" => tables::hash_remote,
    ;
    "mod_imm_adapter":
        "imm_adapter" "<command> <args>" "Arranges rooms with places" => imm_adapter::imm_adapter,
    ;
    "mod_local_stream":
        "local_stream" "<show|start|reload|stop|hup> <local_stream_name>" "Tells of and changes sound that all hear together" => local_stream::local_stream,
    ;
    "mod_sofia":
        "sofia" "<cmd> <args>" "Tells about SIP" => sofia::sofia,
        "sofia_contact" "[profile/]<user>@<domain>" "Prints where a user can be reached" => sofia::sofia_contact,
        "sofia_gateway_data" "<gateway_name> [ivar|ovar|var] <name>" "Prints a variable of a gateway" => sofia_gateways::sofia_gateway_data,
        "sofia_username_of" "[profile/]<user>@<domain>" "Prints under which name a user registered" => sofia::sofia_username_of,
        "sofia_count_reg" "[profile/]<user>@<domain>" "Counts a user's registrations" => sofia::sofia_count_reg,
    ;
    "mod_valet_parking":
        "valet_info" "[<lot name>]" "Lists parked calls" => valet::valet_info,
    ;
    "mod_voicemail":
        "vm_boxcount" "[profile/]<user>@<domain>[|[new|saved|new-urgent|saved-urgent|all]]" "Counts messages of a voicemail box" => voicemail::vm_boxcount,
        "vm_delete" "<id>@<domain>[/profile] [<uuid>]" "Deletes one message of a voicemail box, or all" => voicemail::vm_delete,
        "vm_inject" "[group=<group>[@domain]|domain=<domain>|<box>[@<domain>]] <sound_file> [<cid_num>] [<cid_name>]" "Puts a sound into voicemail boxes" => voicemail::vm_inject,
        "vm_list" "<id>@<domain>[/profile] [xml]" "Lists messages of a voicemail box" => voicemail::vm_list,
        "vm_prefs" "[profile/]<user>@<domain>[|[name_path|greeting_path|password]]" "Tells greeting and password of a voicemail box" => voicemail::vm_prefs,
        "vm_read" "<id>@<domain>[/profile] <read|unread> [<uuid>]" "Says whether messages were listened to" => voicemail::vm_read,
    ;
    "mod_xml_cdr":
        "xml_cdr" "rotate" "Begins a new folder of call records" => call_files::xml_cdr,
    ;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_their_modules_exist() {
        for (index, entry) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS[..index]
                    .iter()
                    .all(|other| other.name != entry.name),
                "{}",
                entry.name
            );
            let is_there = |module: &modules::Module| module.name == entry.module;
            assert!(modules::MODULES.iter().any(is_there), "{}", entry.module);
        }
    }
}
