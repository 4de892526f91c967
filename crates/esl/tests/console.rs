//! Console commands against a switch that answers as scripted: the texts clients parse, byte for byte.
mod fifos;
mod gateways;
mod queues;
mod scripted;
mod tables;
mod voicemail;

use api::command::Command;
use jackfield_esl::Request;
use jackfield_esl::command::api::{Api, Line};
use scripted::{NOBODY, UUID, bench, check};
use std::time::Duration;

#[tokio::test]
async fn the_server() {
    check(&[
        ("hostname", "pbx1"),
        ("create_uuid foo", NOBODY),
        ("uptime", "3785\n"),
        ("uptime m", "63\n"),
        (
            "uptime foo",
            "-USAGE: [us|ms|s|m|h|d|microseconds|milliseconds|seconds|minutes|hours|days]\n",
        ),
        ("version short", "1.10.12\n"),
        ("global_getvar domain", "127.0.0.1"),
        ("global_getvar nosuchvar", ""),
        ("global_setvar", "-USAGE: <var>=<value> [=<value2>]\n"),
        ("global_setvar foo=bar", "+OK"),
        ("reloadxml foo", "+OK [Success]\n"),
        ("reloadacl", "+OK acl reloaded\n"),
        ("acl 127.0.0.1 loopback.auto", "true"),
        ("acl 127.0.0.1", "false"),
        ("module_exists mod_sofia", "true"),
        ("module_exists mod_nope", "false"),
        (
            "load mod_nosuch",
            "+OK Reloading XML\n-ERR [module load file routine returned an error]\n",
        ),
        (
            "load mod_sofia",
            "+OK Reloading XML\n-ERR [Module already loaded]\n",
        ),
        ("unload mod_nosuch", "-ERR [No such module!]\n"),
        ("reload", "-USAGE: [-f] <mod_name>\n"),
        (
            "reload -f mod_sofia",
            "+OK Reloading XML\n+OK module unloaded\n+OK module loaded\n",
        ),
        (
            "hupall",
            "+OK hangup all channels with cause MANAGER_REQUEST\n",
        ),
        (
            "hupall NOSUCHCAUSE",
            "+OK hangup all channels with cause NORMAL_CLEARING\n",
        ),
        (
            "hupall USER_BUSY tag red",
            "+OK hangup all channels matching [tag]=[red] with cause: USER_BUSY\n",
        ),
        ("msleep", "+OK"),
        ("log nosuch hello", "+OK\n"),
        ("fsctl sps", "+OK sessions per second: 30\n"),
        ("fsctl max_sessions", "+OK max sessions: 1000\n"),
        ("fsctl min_idle_cpu", "+OK min idle cpu: DISABLED\n"),
        (
            "fsctl loglevel nosuch",
            "-ERR syntax error, log level not set!\n",
        ),
        ("fsctl verbose_events", "+OK verbose_events is off \n"),
        ("fsctl pause_check", "false"),
        (
            "fsctl default_dtmf_duration",
            "+OK default dtmf duration: 2000\n",
        ),
        ("nosuch x", "-ERR nosuch Command not found!\n"),
        ("db_cache status", "-ERR db_cache Command not found!\n"),
        ("", "-ERR  Command not found!\n"),
        (
            "console_complete c=4;stat",
            "[              status]\t\n\n\nwrite=7:status ",
        ),
        ("console_complete nosuch", "\n\n"),
    ])
    .await;
}

#[tokio::test]
async fn status_has_the_lines_programs_parse() {
    let text = bench()
        .await
        .console
        .execute(&Line::parse("status"))
        .await
        .text;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[0],
        "UP 0 years, 0 days, 1 hour, 3 minutes, 5 seconds, 123 milliseconds, 456 microseconds"
    );
    assert_eq!(lines[1], "FreeSWITCH (Version 1.10.12-test 64bit) is ready");
    assert_eq!(lines[3], "1 session(s) - peak 0, last 5min 0 ");
    assert_eq!(lines[6], "min idle cpu 0.00/98.50");
}

#[tokio::test]
async fn texts() {
    check(&[
        ("echo  a b", "a b"),
        ("md5 a", "0cc175b9c0f1b6a831c399e269772661"),
        ("url_encode a b", "a%20b"),
        ("url_decode a%20b", "a b"),
        ("toupper aB", "AB"),
        ("strftime", "2025-01-21 10:00:00"),
        ("strftime 1700000000|%F %T %z", "F 22:13:20 +0000"),
        ("strftime %Q", ""),
        ("eval ${domain}", "127.0.0.1"),
        ("expand echo ${domain}", "127.0.0.1"),
        ("regex abc123|([0-9]+)|x$1y", "x123y"),
        ("regex abc|^b", "false"),
        ("regex abc|^z|$1|n", ""),
        ("cond 5 > 4 ? yes : no", "yes"),
        ("cond abc == 'abd' ? yes : no", "no"),
        ("replace a-b-c|-|+", "a+b+c"),
        ("replace a||b", "-USAGE: <data>|<string1>|<string2>\n"),
        ("coalesce ,,c,d", "c"),
        ("coalesce ^^:::x:y", "x"),
        ("coalesce", "-USAGE: [^^<delim>]<value1>,<value2>,...\n"),
        (r#"escape it's a\"#, r"it\'s\sa\\"),
        ("quote_shell_arg a'; rm -rf /", r"'a'\''; rm -rf /'"),
        ("sql_escape it's", "it''s"),
        ("is_lan_addr 192.168.1.2", "true"),
        ("is_lan_addr 8.8.8.8", "false"),
        ("is_lan_addr", "false"),
        ("host_lookup localhost", "127.0.0.1"),
        ("host_lookup nosuch.invalid", ""),
    ])
    .await;
}

#[tokio::test]
async fn moments() {
    // golden api-05-time
    check(&[
        ("strftime_tz", "2025-01-21 10:00:00"),
        ("strftime_tz UTC", "2025-01-21 10:00:00"),
        (
            "strftime_tz UTC 1700000000|%F %T %z",
            "2023-11-14 22:13:20 +0000",
        ),
        ("strftime_tz Nope/Zone %F", "-ERR Invalid timezone/format\n"),
        ("strepoch", "1737453600"),
        ("strepoch 2023-11-14 22:13:20", "1700000000"),
        ("strepoch +60", "0"),
        ("strmicroepoch 2023-11-14 22:13:20", "1700000000000000"),
    ])
    .await;
}

#[tokio::test]
async fn answers_in_other_clothes() {
    // golden api-08-directory, api-11-system-cmds
    check(&[
        (
            "xml_wrap echo a<b",
            "<result>\n  <row id=\"1\">\n    <data>a&lt;b</data>\n  </row>\n</result>\n",
        ),
        (
            "xml_wrap",
            "<result>\n  <row id=\"1\">\n    <data>INVALID COMMAND!\n</data>\n  </row>\n</result>\n",
        ),
        ("xml_flush_cache", "+OK cleared 0 entries\n"),
        ("chat", "Invalid"),
        ("chat sip|a|b|", "Invalid"),
        ("chat sip|1000@h|1001@h|hello|there", "Sent"),
        ("chat sip|1000@h|9999@h|hello", "Error! Message Not Sent"),
        ("chat verto|a|b|c", "Error! Message Not Sent"),
        ("presence in 1000@127.0.0.1 open available", "Event Sent"),
        ("presence out 1000@127.0.0.1", "Event Sent"),
        (
            "presence in",
            "Invalid: presence [in|out] <user> <rpid> <message>",
        ),
        (
            "presence",
            "Invalid: presence [in|out] <user> <rpid> <message>",
        ),
        ("json", "-ERR No JSON supplied.\n"),
        ("json garbage", "-ERR Parse error.\n"),
        (
            "json {}",
            "{\"status\":\"error\",\"message\":\"Invalid request or non-existant command\",\"response\":null}\n",
        ),
        (
            r#"json {"command":"nosuch"}"#,
            "{\"command\":\"nosuch\",\"status\":\"error\",\"message\":\"Invalid request or non-existant command\",\"response\":null}\n",
        ),
        (
            r#"json {"command":"fsapi","data":{"cmd":"version","arg":"short"}}"#,
            "{\"command\":\"fsapi\",\"data\":{\"arg\":\"short\",\"cmd\":\"version\"},\"status\":\"success\",\"response\":{\"message\":\"1.10.12\\n\"}}\n",
        ),
    ])
    .await;
    let text = bench()
        .await
        .console
        .execute(&Line::parse(r#"json {"command":"status","data":""}"#))
        .await
        .text;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let response = &answer["response"];
    assert_eq!(answer["status"], "success");
    assert_eq!(response["systemStatus"], "ready");
    assert_eq!(response["uptime"]["minutes"], 3);
    assert_eq!(response["sessions"]["count"]["active"], 1);
    assert_eq!(response["idleCPU"]["allowed"], 98.5);
}

#[tokio::test]
async fn one_channel() {
    // golden uuid-01-usage, uuid-02-bad-uuid, uuid-03-getvar-setvar
    check(&[
        ("uuid_exists {u}", "true"),
        ("uuid_exists", "false"),
        ("uuid_kill", "-USAGE: <uuid> [cause]\n"),
        ("uuid_kill {0}", "-ERR No such channel!\n"),
        ("uuid_kill {u} USER_BUSY", "+OK\n"),
        ("uuid_answer {0}", "-ERROR\n"),
        ("uuid_answer {u}", "+OK\n"),
        ("uuid_bridge {u}", "-USAGE: <uuid> <other_uuid>\n"),
        ("uuid_bridge {u} {0}", "-ERR Invalid uuid\n"),
        ("uuid_bridge {u} {u}", "+OK {u}\n"),
        ("uuid_broadcast {0} x both", "-ERR invalid uuid\n"),
        ("uuid_broadcast {u} tone_stream://%(1,1,440) aleg", "+OK Message sent\n"),
        ("uuid_getvar {u} foo", "bar"),
        ("uuid_getvar {u} FOO", "bar"),
        ("uuid_getvar {u} arr", "ARRAY::x|:y"),
        ("uuid_getvar {u} arr[1]", "y"),
        ("uuid_getvar {u} foo[0]", "_undef_"),
        ("uuid_getvar {u} caller_id_number", "1001"),
        ("uuid_getvar {u} domain", "127.0.0.1"),
        ("uuid_getvar {u} nosuch", "_undef_"),
        ("uuid_getvar {u}", "-USAGE: <uuid> <var>\n"),
        ("uuid_setvar {u}", "-USAGE: <uuid> <var> [value]\n"),
        ("uuid_setvar {u} foo value with spaces", "+OK\n"),
        ("uuid_setvar {0} a b", "-ERR No such channel!\n"),
        ("uuid_setvar_multi {u} a=1;b=2;c", "+OK\n"),
        ("uuid_setvar_multi {u}", ""),
        ("uuid_setvar_multi {0} a=1", "-ERR No such channel!\n-USAGE: <uuid> <var>=<value>;<var>=<value>...\n"),
        ("uuid_hold", "-USAGE: [off|toggle] <uuid> [<display>]\n-ERR Operation failed\n"),
        ("uuid_hold off {0}", "+OK Success\n"),
        ("uuid_media_reneg", "-USAGE: <uuid>[ <codec_string>]\n-ERR Operation Failed\n"),
        ("uuid_send_dtmf {u} 1@500", "+OK {u} sent DTMF 1@500.\n"),
        ("uuid_send_dtmf {u} xyz", "-ERR Operation failed\n"),
        ("uuid_send_dtmf {0} 1", "-ERR Cannot locate session!\n"),
        ("uuid_recv_dtmf {u} 45#", "+OK {u} received DTMF 45#.\n"),
        ("uuid_audio {u} start read mute", "-USAGE: <uuid> [start [read|write] [mute|level <level>]|stop]\n"),
        ("uuid_audio {u} start read level -4", "+OK\n"),
        ("uuid_fileman {u} pause", "-ERR No file handle!\n"),
        ("uuid_record {u} stop all", "+OK Success\n"),
        ("uuid_record {u} foo x", "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"),
        ("uuid_record {0} start x", "-ERR Cannot locate session!\n"),
        ("uuid_transfer {u}", "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"),
        ("uuid_transfer {u} -both 9196", "+OK\n"),
        ("uuid_deflect {0} sip:x@y", "-ERR No such channel {0}!\n"),
        ("uuid_session_heartbeat {0} 60", "-ERR Cannot locate session. USAGE: uuid_session_heartbeat <uuid> [sched] [0|<seconds>]\n"),
        ("uuid_flush_dtmf", "-ERR No such session\n"),
        ("uuid_drop_dtmf", "-USAGE: <uuid> [on | off ] [ mask_digits <digits> | mask_file <file>]\n"),
        ("uuid_drop_dtmf {0} on", "-USAGE: <uuid> [on | off ] [ mask_digits <digits> | mask_file <file>]\n"),
        ("uuid_drop_dtmf {u} maybe", "-USAGE: <uuid> [on | off ] [ mask_digits <digits> | mask_file <file>]\n"),
        ("uuid_drop_dtmf {u} on", "+OK\n"),
        ("uuid_drop_dtmf {u} off", "+OK\n"),
        ("uuid_drop_dtmf {u} on mask_digits 5", "-ERR Operation failed\n"),
        ("uuid_early_ok", "-ERROR\n"),
        ("uuid_early_ok {0}", "-ERROR\n"),
        ("uuid_early_ok {u}", ""),
        ("uuid_display {u} Bob|1002", "+OK Success\n"),
        ("uuid_displace", "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"),
        ("uuid_displace {u} start", "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"),
        ("uuid_displace {u} begin x", "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"),
        ("uuid_displace {0} start x.wav", "-ERR Cannot locate session!\n"),
        ("uuid_displace {u} start x.wav 10 mux", "+OK Success\n"),
        ("uuid_displace {u} start missing.wav", "-ERR Cannot displace session!\n"),
        ("uuid_displace {u} stop missing.wav", "-ERR Cannot stop displace session!\n"),
        ("uuid_buglist", "-USAGE: <uuid>\n"),
        ("uuid_buglist {0}", ""),
        ("uuid_buglist {u}", "<media-bugs>\n <media-bug>\n  <function>displace</function>\n  <target>a&amp;b.wav</target>\n  <thread-locked>0</thread-locked>\n </media-bug>\n</media-bugs>\n"),
        ("uuid_jitterbuffer", "-USAGE: <uuid> [0|<min_msec>[:<max_msec>]]\n"),
        ("uuid_jitterbuffer {0} 60", "-ERR Operation failed\n"),
        ("uuid_jitterbuffer {u} 60", "+OK Success\n"),
        ("uuid_jitterbuffer {u} sixty", "-ERR Operation failed\n"),
        ("tone_detect", "-USAGE: <uuid> <key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]\n"),
        ("tone_detect {u} busy", "-USAGE: <uuid> <key> <tone_spec> [<flags> <timeout> <app> <args> <hits>]\n"),
        ("tone_detect {0} busy 480,620", "-ERR No such channel!\n"),
        ("tone_detect {u} busy 480,620 r +5000 hangup 'USER_BUSY' 3", "+OK\n"),
        ("uuid_pause", "-USAGE: <uuid> <on|off>\n"),
        ("uuid_pause {0} on", "-ERR No such channel!\n"),
        ("uuid_pause {u} on", ""),
        ("pause {u} off", ""),
        ("uuid_chat", "-USAGE: <uuid> <text>\n"),
        ("uuid_chat {0} hi", "-ERR No such channel {0}!\n"),
        ("uuid_chat {u} hello", "-ERR Send failed\n"),
        ("uuid_send_message", "-USAGE: <uuid> <message>\n"),
        ("uuid_send_message {0} hi", "-ERR Unable to find session for UUID\n"),
        ("uuid_send_message {u} hello", "+OK Success\n"),
        ("uuid_phone_event", "-USAGE: <uuid>\n-ERR Operation failed\n"),
        ("uuid_phone_event {0} talk", "-ERR Operation failed\n"),
        ("uuid_phone_event {u} talk", "+OK Success\n"),
        ("break {0}", "-ERR No such channel!\n"),
        ("uuid_simplify {u}", "-ERR Operation failed\n"),
        ("uuid_loglevel {0} debug", "-ERR No such channel {0}!\n"),
        ("sched_api", "-ERR Invalid syntax. USAGE: [+@]<time> <group_name> <command_string>[&]\n"),
        ("sched_api +60 grp echo hi", "+OK Added: 4\n"),
        ("sched_api foo", "-ERR Invalid syntax. USAGE: [+@]<time> <group_name> <command_string>[&]\n"),
        ("sched_del grp", "+OK Deleted: 0\n"),
        ("unsched_api 999999", "-ERR No such id\n"),
        ("sched_hangup +1 {u} ALLOTTED_TIMEOUT", "+OK\n"),
        ("sched_broadcast +1 {0} x aleg", "+OK Message scheduled\n"),
    ])
    .await;
}

#[tokio::test]
async fn calls_are_made_or_not() {
    let usage = "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n";
    check(&[
        ("originate", usage),
        ("originate loopback/9196", usage),
        (
            "originate loopback/9196 9197 XML default \"Caller Name\" 5551212 10",
            usage,
        ),
        ("originate loopback/9196 &park()", "+OK {u}\n"),
        ("ORIGINATE 'loopback/9196'  '&park()'", "+OK {u}\n"),
        (
            "originate {a=b loopback/9196 &park()",
            "-ERR DESTINATION_OUT_OF_ORDER\n",
        ),
        ("originate error/USER_BUSY &park()", "-ERR USER_BUSY\n"),
    ])
    .await;
}

#[tokio::test]
async fn what_originate_asks_for() {
    let bench = bench().await;
    bench
        .console
        .execute(&Line::parse(
            "originate null/x 'answer,playback:/sounds/x y.wav' inline undef 'A B' 100 20",
        ))
        .await;
    let asked = bench.asked.lock().unwrap();
    let Some(Command::Originate(originate)) = asked.first() else {
        panic!("not an originate: {asked:?}")
    };
    let api::command::call::Then::Route {
        extension,
        dialplan,
        context,
    } = &originate.then
    else {
        panic!("not a route")
    };
    assert_eq!(
        (&**extension, &**dialplan, &**context),
        ("answer,playback:/sounds/x y.wav", "inline", "default")
    );
    assert_eq!(originate.caller_id_name.as_deref(), Some("A B"));
    assert_eq!(originate.timeout, Some(Duration::from_secs(20)));
    assert!(
        matches!(asked.get(1), Some(Command::AnnounceApi(api)) if &*api.command == "originate")
    );
}

#[tokio::test]
async fn tables() {
    let bench = bench().await;
    let run = async |line: &str| bench.console.execute(&Line::parse(line)).await.text;
    assert_eq!(run("show channels count").await, "\n1 total.\n");
    assert_eq!(
        run("show channels as yaml").await,
        "-ERR Cannot find format yaml\n"
    );
    assert_eq!(run("show channels like nosuch").await, "\n0 total.\n");
    assert_eq!(
        run("show bridged_calls as json").await,
        "{\"row_count\": 0}\n"
    );
    let rows = run("SHOW CHANNELS").await;
    assert!(rows.ends_with(
        "\n800a033e-3489-41fd-91f6-f06f942ed1d9,outbound,2025-01-21 10:00:00,1737453600,loopback/9196-a,CS_EXECUTE,Alice,1001,,9196,park,,,,L16,8000,128000,L16,8000,128000,,pbx1,,,,ACTIVE,,,,800a033e-3489-41fd-91f6-f06f942ed1d9,,,Alice,1001,,9196,,\n\n1 total.\n"
    ), "{rows}");
    assert_eq!(
        run("show registrations").await,
        "reg_user,realm,token,url,expires,network_ip,network_port,network_proto,hostname,metadata\n1000,127.0.0.1,golden-1000,sofia/internal/sip:1000@127.0.0.1:5601,1737453959,127.0.0.1,5601,udp,pbx1,\n\n1 total.\n"
    );
    assert_eq!(
        run("show dialplan").await,
        "type,name,ikey\ndialplan,XML,mod_dialplan_xml\ndialplan,inline,mod_dptools\n\n2 total.\n"
    );
    assert!(
        run("show distinct_channels")
            .await
            .starts_with("-USAGE: codec|endpoint|")
    );
    assert!(
        run("show api status")
            .await
            .starts_with("name,description,syntax,ikey\nstatus,")
    );
}

#[tokio::test]
async fn conferences() {
    const SET: &str = "set <max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>";
    // golden conf-01-none, conf-02-list, conf-03-controls
    check(&[
        ("conference nosuch list", "-ERR Conference nosuch not found\n"),
        ("conference 3000", "Conference command, not specified.\nTry 'help'\n"),
        ("conference 3000 nosuchcommand", "-ERR Conference command 'nosuchcommand' not found.\n"),
        ("conference 3000 count", "2"),
        ("conference 3000 list", "2;loopback/9196-a;{u};Alice;1001;hear|speak;0;0;100\n1;loopback/9196-a;{u};Alice;1001;hear|speak|floor;0;0;100\n"),
        ("conference list summary", "+OK Conference 3000 (2 members rate: 8000 flags: running|answered|enforce_min|dynamic)\n"),
        ("conference 3000 mute all", "+OK mute 2\n+OK mute 1\n"),
        ("conference 3000 mute 99", "-ERR Non-Existant ID 99\n"),
        ("conference 3000 mute foo", "mute <[member_id|all]|last|non_moderator> [<quiet>]"),
        ("conference 3000 volume_in last 0", "+OK Volume IN 2 = 0\n"),
        (
            "conference 3000 position 1 1:0:-0.5",
            "+OK Position 1 = 0.00:0.00:1.10\n",
        ),
        (
            "conference 3000 position 2",
            "+OK Position 2 = 0.78:0.00:0.78\n",
        ),
        (
            "conference 3000 position 9 1:0:0",
            "-ERR Non-Existant ID 9\n",
        ),
        (
            "conference 3000 position 1 1:0",
            "position <member_id> <x>:<y>:<z>",
        ),
        (
            "conference 3000 position",
            "position <member_id> <x>:<y>:<z>",
        ),
        (
            "conference 3000 auto-3d-position on",
            "+OK 3000 auto-3d-position on\n",
        ),
        (
            "conference 3000 auto-3d-position off",
            "+OK 3000 auto-3d-position off\n",
        ),
        (
            "conference 3000 auto-3d-position",
            "auto-3d-position [on|off]",
        ),
        ("conference 3000 energy 2", "Energy 2 = 100\n"),
        ("conference 3000 agc 2", "Agc 2 = 0\n"),
        (
            "conference 3000 auto-energy 2",
            "2 = Auto-Energy: 0 Energy: 100\n",
        ),
        (
            "conference 3000 max-energy",
            "max-energy <member_id|all|last|non_moderator> [<newval>]",
        ),
        (
            "conference 3000 agc",
            "agc <member_id|all|last|non_moderator> [<newval>]",
        ),
        ("conference 3000 agc 99 1", "-ERR Non-Existant ID 99\n"),
        ("conference 3000 get max_members", "0"),
        ("conference 3000 get nosuch", "get <parameter-name>"),
        ("conference 3000 get", "get <parameter-name>"),
        ("conference 3000 set max_members 10", "0"),
        ("conference 3000 set max_members many", SET),
        ("conference 3000 set nosuch x", SET),
        ("conference 3000 set max_members", SET),
        ("conference 3000 set", SET),
        ("conference 3000 dtmf 2 12", "+OK sent 12 to 2\n"),
        ("conference 3000 floor 2", "-ERR floor is held by 1\n"),
        ("conference 3000 lock", "+OK 3000 locked\n"),
        ("conference 3000 pin 1234", "+OK Pin for conference 3000 set: 1234\n"),
        ("conference 3000 pin", "-ERR Invalid parameters:\npin <pin#>"),
        ("conference 3000 stop", "+OK Stopped 1 files.\n"),
        // golden conf-04-play-record
        ("conference 3000 play_status", "+OK 4000/0 %(1,0,1)\n"),
        ("conference 3000 play_status 2", "-ERR Nothing is playing\n"),
        ("conference 3000 file_seek +100", "+OK seek to position 100 true\n"),
        ("conference 3000 file_seek -100", "+OK seek to position -100 true\n"),
        ("conference 3000 file_seek 100 2", "+OK seek to position 100 false\n"),
        ("conference 3000 file_seek", "file_seek [+-]<val> [<member_id>]"),
        ("conference 3000 file-vol 2", "-ERR File not playing\nfile-vol <vol#>"),
        ("conference 3000 file-vol", "file-vol <vol#>"),
        ("conference 3000 moh off", "+OK moh\n"),
        ("conference 3000 moh toggle", "+OK moh\n"),
        ("conference 3000 moh /m.wav", "+OK moh\n"),
        ("conference 3000 moh", "-ERR invalid moh param\n"),
        ("conference 3000 stop last", "stop <[current|all|async|last]> [<member_id>]"),
        ("conference 3000 relate 1 2 nohear", "+OK 1->2 nohear set\n"),
        ("conference 3000 relate 98 99 nospeak", "-ERR relationship 98->99 not found.\n"),
        ("conference 3000 enter_sound off", "+OK 3000 enter sounds off (tone_stream://%(200,0,500))\n"),
        ("conference 3000 norecord x", "-ERR non-existant recording 'x'\n+OK Stopped recording 0 files\n"),
        ("conference 3000 chkrecord", "-ERR Conference is not being recorded.\n"),
        ("conference 3000 transfer other 9", "-ERR No Member 9 in conference 3000.\n"),
        ("conference 3000 get-uuid 1", "{u}"),
    ])
    .await;
}

#[tokio::test]
async fn the_directory() {
    // golden api-08-directory
    check(&[
        ("domain_exists vm.test", "true"),
        ("domain_exists nosuch", "false"),
        ("domain_exists", ""),
        ("domain_data vm.test var default_areacode", "918"),
        ("domain_data vm.test", ""),
        ("in_group 1005@vm.test desk", "true"),
        ("in_group 1005 desk", "true"),
        ("in_group 1006@vm.test desk", "false"),
        ("in_group", "false"),
        ("user_exists id 1005 vm.test", "true"),
        ("reg_url nobody@vm.test", "error/user_not_registered"),
        ("sofia_username_of nobody@vm.test", ""),
        ("find_user_xml id 9999 vm.test", "-ERR can't find user\n"),
        ("find_user_xml", "-ERR bad args\n"),
        (
            "find_user_xml id 1005 vm.test",
            "<user id=\"1005\" domain-name=\"vm.test\">\n  <params>\n    <param name=\"vm-enabled\" value=\"true\"></param>\n  \
             </params>\n  <variables>\n    <variable name=\"callgroup\" value=\"a &quot;b&quot; &amp; c\"></variable>\n  \
             </variables>\n</user>\n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn sip() {
    // golden sofia-01-status, sofia-02-registered
    let rule = "=".repeat(97);
    let status = format!(
        "                     Name\t   Type\t                                      Data\tState\n{rule}\n                127.0.0.1\t  alias\t                                  internal\tALIASED\n                 internal\tprofile\t              sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)\n{rule}\n1 profile 1 alias\n"
    );
    let registered = format!(
        "\nRegistrations:\n{rule}\nCall-ID:    \tgolden-1000\nUser:       \t1000@127.0.0.1\nContact:    \t\"\" <sip:1000@127.0.0.1:5601>\nAgent:      \tgolden/1.0\nStatus:     \tRegistered(UDP)(unknown) EXP(2025-01-21 10:05:59) EXPSECS(359)\nPing-Status:\tReachable\nPing-Time:\t0.00\nHost:       \tpbx1\nIP:         \t127.0.0.1\nPort:       \t5601\nAuth-User:  \t1000\nAuth-Realm: \t127.0.0.1\nMWI-Account:\t1000@127.0.0.1\n\nTotal items returned: 1\n{rule}\n"
    );
    check(&[
        ("sofia status", &status),
        ("sofia status profile internal reg 1000", &registered),
        ("sofia status profile nosuch", "Invalid Profile!\n"),
        ("sofia status gateway nosuch", "Invalid Gateway!\n"),
        ("sofia nosuch", "Unknown Command [nosuch]\n"),
        ("sofia profile internal", "Invalid Args!\n"),
        ("sofia profile internal nosuch", "-ERR Unknown command!\n"),
        (
            "sofia profile nosuch start",
            "Reload XML [Success]\nFailure starting nosuch\n",
        ),
        (
            "sofia profile internal flush_inbound_reg",
            "+OK flushing all registrations\n",
        ),
        (
            "sofia profile internal killgw nosuch",
            "-ERR no such gateway.\n",
        ),
        (
            "sofia profile nosuch siptrace on",
            "Invalid Profile [nosuch]",
        ),
        (
            "sofia_contact 1000@127.0.0.1",
            "sofia/internal/sip:1000@127.0.0.1:5601",
        ),
        (
            "sofia_contact */1001@127.0.0.1",
            "error/user_not_registered",
        ),
        ("sofia_count_reg 1000@127.0.0.1", "1"),
        ("group_call nosuch@127.0.0.1", "error/NO_ROUTE_DESTINATION"),
    ])
    .await;
}

#[tokio::test]
async fn a_console_line_chains_commands_and_fails_as_a_whole() {
    let bench = bench().await;
    let api = |text: &str| {
        let mut request = Request::of_line("api x");
        request.headers.push("console_execute", "true");
        Api::parse(&request, text)
    };
    assert_eq!(
        bench.console.execute_api(&api("echo a;;echo b")).await,
        "ab"
    );
    assert_eq!(
        bench.console.execute_api(&api("echo a;;nosuch")).await,
        "-ERR echo a;;nosuch Command not found!\n"
    );
    assert_eq!(
        bench
            .console
            .execute_api(&Api::parse(&Request::of_line("x"), "nosuch 1"))
            .await,
        "-ERR nosuch Command not found!\n"
    );
}

#[tokio::test]
async fn jobs_announce_their_end() {
    let bench = bench().await;
    let started = bench
        .console
        .execute(&Line::parse("bgapi uuid:mine nosuch x"))
        .await
        .text;
    assert_eq!(started, "+OK Job-UUID: mine\n");
    let jobs = std::mem::take(&mut *bench.host.jobs.lock().unwrap());
    for job in jobs {
        job.await;
    }
    let asked = bench.asked.lock().unwrap();
    let Some(Command::AnnounceJob(announced)) = asked.last() else {
        panic!("no job was announced: {asked:?}")
    };
    assert_eq!(announced.job.job.to_string(), "mine");
    assert_eq!(
        announced.job.output.as_deref(),
        Some("nosuch: Command not found!\n")
    );
}

#[tokio::test]
async fn a_dump_in_every_format() {
    // golden uuid-04-dump
    let bench = bench().await;
    let run = async |line: String| bench.console.execute(&Line::parse(&line)).await.text;
    let plain = run(format!("uuid_dump {UUID}")).await;
    assert!(
        plain.starts_with("Event-Name: CHANNEL_DATA\nCore-UUID: ")
            && plain.ends_with("variable_arr: ARRAY%3A%3Ax%7C%3Ay\n\n")
    );
    assert_eq!(plain, run(format!("uuid_dump {UUID} nosuch")).await);
    assert!(
        run(format!("uuid_dump {UUID} plain"))
            .await
            .contains("\nvariable_arr: [ARRAY::x|:y]\n")
    );
    assert!(
        run(format!("uuid_dump {UUID} json"))
            .await
            .ends_with("\"variable_arr\":[\"x\",\"y\"]}")
    );
    assert!(
        run(format!("uuid_dump {UUID} xml"))
            .await
            .starts_with("<event>\n  <headers>\n    <Event-Name>CHANNEL_DATA")
    );
    assert_eq!(
        run(format!("uuid_dump {NOBODY}")).await,
        "-ERR No such channel!\n"
    );
}

/// event-manager.md §12.2
#[tokio::test]
async fn rooms_with_places() {
    let first = "X: 0\nY: 0\nZ: 110\nAzimuth Heading: 180\nElevation Heading: 0\n";
    let head = "Participant 1 in Room 3000 position:\n";
    let (position, seat) = (format!("{head}{first}"), format!("{head}ID: 1\n{first}"));
    check(&[
        (
            "imm_adapter get_version",
            "Immersitech Library Version: v1.0.14\nEngage Freeswitch Adapter Version: v0.02.009",
        ),
        (
            "imm_adapter get_library_configuration",
            "output_sampling_rate: 48000\noutput_number_channels: 2\noutput_number_frames: 960\nspatial_quality: 3\ninterleaved: 1\n",
        ),
        (
            "imm_adapter get_license_info",
            r#"{"valid":true,"name":"none","department":"open","minimum_version":"v0.0.0","maximum_version":"v999.999.999","creation_date":"1/1/1970","expiration_date":"12/31/9999"}"#,
        ),
        ("imm_adapter get_room_count", "1"),
        ("imm_adapter get_room_layout 3000", "1"),
        ("imm_adapter get_participant_count 3000", "2"),
        ("imm_adapter get_participant_position 3000 1", &position),
        ("imm_adapter get_participant_seat 3000 1", &seat),
        (
            "imm_adapter get_participant_state 3000 1 IMM_CONTROL_MIXING_3D_ATTENUATION",
            "6",
        ),
        (
            "imm_adapter get_participant_configuration 3000 2",
            "Participant 2\ninput_sampling_rate 48000\ninput_number_channels 1\ntype 1\n",
        ),
        ("imm_adapter get_participant_name 3000 2", "Bo"),
        (
            "imm_adapter get_participant_spherical 3000 1 2",
            "azimuth: -68\nelevation: 0\ndistance: 84\n",
        ),
        // A getter that fails, and every setter, print nothing.
        ("imm_adapter get_participant_name 3000 3", ""),
        ("imm_adapter get_participant_state 3000 1 MUTE_ENABLE", ""),
        ("imm_adapter get_room_layout 77", ""),
        ("imm_adapter set_room_layout 77 1", ""),
        ("imm_adapter set_log_level 5", ""),
        ("imm_adapter set_participant_position 3000 1 0 0 0 181 0", ""),
    ])
    .await;
    let bench = bench().await;
    let run = async |line: &str| bench.console.execute(&Line::parse(line)).await.text;
    let layouts = run("imm_adapter get_json_all_room_layouts").await;
    let start = concat!(
        r#"{"default":"default","room_list":{"default":{"id":1,"desc":"Eight seats in a circle","#,
        r#""allowParticipantStacking":false,"stackDelta":10,"openRoom":false,"centerPoint":{"x":0,"y":0,"z":0},"#,
        r#""defaultStates":{},"seats":[{"x":0,"y":0,"z":110},"#
    );
    assert!(layouts.starts_with(start), "{layouts}");
    for wrong in [
        "imm_adapter",
        "imm_adapter make_coffee",
        "imm_adapter get_room_layout",
        "imm_adapter get_room_count 5",
        "imm_adapter set_room_layout 3000",
        "imm_adapter get_version 1 2 3 4 5 6 7 8 9 10",
    ] {
        let usage = run(wrong).await;
        assert!(
            usage.starts_with("Usage: \n") && usage.contains("set_participant_seat"),
            "{wrong}"
        );
    }
    for (line, given) in [
        ("imm_adapter set_room_layout 3000 2", "SetLayout"),
        (
            "imm_adapter set_participant_seat 3000 1 3",
            "SeatParticipant",
        ),
        (
            "imm_adapter set_participant_name 3000 1 Ann",
            "RenameParticipant",
        ),
        (
            "imm_adapter set_participant_position 3000 1 1 2 3 4 5",
            "PlaceParticipant",
        ),
        (
            "imm_adapter set_participant_state 3000 1 IMM_CONTROL_MUTE_ENABLE 1",
            "SetControl",
        ),
        (
            "imm_adapter set_all_participants_state 3000 IMM_CONTROL_MUTE_ENABLE 1",
            "SetControl",
        ),
        ("imm_adapter set_log_level 0", "ChangeSettings"),
    ] {
        bench.asked.lock().expect("nobody panics with it").clear();
        assert_eq!(run(line).await, "");
        let asked = bench.asked.lock().expect("nobody panics with it");
        assert!(
            asked.iter().any(|command| command.name() == given),
            "{line}"
        );
    }
}
