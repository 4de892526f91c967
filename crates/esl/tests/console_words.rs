//! Console commands of few words: the texts clients parse, byte for byte.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod scripted;

use api::command::Command;
use api::command::table::ChangeAlias;
use jackfield_esl::Request;
use jackfield_esl::command::api::{Api, Line};
use scripted::{TestHost, bench, bench_hanging_up, bench_of, check, check_at};

#[tokio::test]
async fn nobody_opens_ports_at_a_router() {
    check(&[
        ("nat_map", "false"),
        ("nat_map status", "false"),
        ("nat_map add 5060 udp", "false"),
        ("show nat_map", "\n0 total.\n"),
    ])
    .await;
}

#[tokio::test]
async fn other_names_of_commands() {
    check(&[
        ("alias", "-USAGE: [add|stickyadd] <alias> <command> | del [<alias>|*]\n"),
        ("alias add x", "-USAGE: [add|stickyadd] <alias> <command> | del [<alias>|*]\n"),
        ("alias del", "-USAGE: [add|stickyadd] <alias> <command> | del [<alias>|*]\n"),
        ("alias add ll show channels", "+OK\n"),
        ("alias StickyAdd ll show channels", "+OK\n"),
        ("alias add full status", "-ERR there are too many\n"),
        ("alias del ll", "+OK\n"),
        ("alias del *", "+OK\n"),
        ("complete", "-USAGE: add <word>|del [<word>|*]\n"),
        ("complete add", "-USAGE: add <word>|del [<word>|*]\n"),
        ("complete add foo", "+OK\n"),
        ("complete del foo", "+OK\n"),
        ("complete del *", "+OK\n"),
        (
            "show aliases",
            "sticky,alias,command,hostname\n0,ll,show channels,pbx1\n1,st,status,pbx1\n\n2 total.\n",
        ),
        (
            "show complete",
            "sticky,a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,hostname\n0,mine,own,,,,,,,,,pbx1\n\n1 total.\n",
        ),
        ("console_complete mine o", "[                 own]\t\n\n\nwrite=9:mine own "),
    ])
    .await;
    let bench = bench().await;
    for (line, wanted) in [
        (
            "alias StickyAdd a  b c",
            ChangeAlias::Set {
                alias: "a".into(),
                command: "b c".into(),
                is_sticky: true,
            },
        ),
        ("alias del *", ChangeAlias::RemoveAll),
        ("alias del a", ChangeAlias::Remove("a".into())),
    ] {
        bench.console.execute(&Line::parse(line)).await;
        let asked = bench.asked.lock().unwrap();
        let changes = asked.iter().rev().find_map(|command| match command {
            Command::ChangeAlias(change) => Some(change.clone()),
            _ => None,
        });
        assert_eq!(changes, Some(wanted), "{line}");
    }
}

#[tokio::test]
async fn an_alias_is_one_on_a_console_line_alone() {
    let bench = bench().await;
    let mut request = Request::of_line("api x");
    let plain = Api::parse(&request, "ll count");
    request.headers.push("console_execute", "true");
    let console = Api::parse(&request, "ll count;;hostname");
    let run = async |api: Api| {
        let tables = bench.console.switch.view().tables.clone();
        bench
            .console
            .execute_api(&api.expanded(&tables, None))
            .await
    };
    assert_eq!(run(plain).await, "-ERR ll Command not found!\n");
    assert_eq!(
        run(console).await,
        "\nExpand Alias [ll]->[show channels count]\n\n\n1 total.\npbx1"
    );
}

#[tokio::test]
async fn the_machine_below() {
    check(&[
        // golden api-01-system
        ("file_exists /etc/hosts", "true"),
        ("file_exists /nope", "false"),
        ("getenv HOME", "/root"),
        ("getenv NOPE_NOT_SET", "_undef_"),
        ("getenv", "_undef_"),
        ("reloadcert", "+OK cert reload event sent\n"),
        ("system echo hi", "-ERR system Command not found!\n"),
        ("bg_system echo hi", "-ERR bg_system Command not found!\n"),
        ("cdr_csv rotate", "-ERR cdr_csv Command not found!\n"),
        ("module_exists mod_xml_cdr", "false"),
        ("show api system", "\n0 total.\n"),
    ])
    .await;
    let bench = bench_of(TestHost {
        runs_programs: true,
        ..TestHost::default()
    })
    .await;
    for (line, wanted) in [
        // golden api-11-system-cmds
        ("system echo hi", "hi"),
        ("system false", ""),
        ("system", "-USAGE: <command>\n"),
        ("bg_system", "-USAGE: <command>\n"),
        ("bg_system echo hi", "+OK\n"),
        ("cdr_csv rotate", "+OK\n"),
        ("cdr_csv", "-USAGE: rotate\n"),
        ("xml_cdr rotate", "-ERR No space left on device\n"),
        ("module_exists mod_xml_cdr", "true"),
        ("reloadcert", "+OK cert reload event sent\n"),
    ] {
        let outcome = bench.console.execute(&Line::parse(line)).await;
        assert_eq!(outcome.text, wanted, "{line}");
    }
    assert_eq!(*bench.host.reloads.lock().unwrap(), 1);
    assert_eq!(bench.host.jobs.lock().unwrap().len(), 1);
    let shown = bench.console.execute(&Line::parse("show api system")).await;
    assert!(shown.text.ends_with("\n\n1 total.\n"), "{}", shown.text);
    let fired = bench.asked.lock().unwrap();
    let reload = |command: &&Command| matches!(command, Command::Fire(fire) if &*fire.event.name == "CERT_RELOAD");
    assert_eq!(fired.iter().filter(reload).count(), 1);
}

#[tokio::test]
async fn the_end_of_the_server_is_told_before_it_begins() {
    for (line, first) in [
        ("fsctl shutdown", true),
        ("FSCTL Shutdown asap", true),
        ("shutdown", true),
        ("...", true),
        ("fsctl pause", false),
    ] {
        let bench = bench().await;
        bench.console.execute(&Line::parse(line)).await;
        let asked = bench.asked.lock().unwrap();
        let at = asked
            .iter()
            .position(|command| matches!(command, Command::AnnounceApi(_)));
        assert_eq!((asked.len(), at == Some(0)), (2, first), "{line}");
    }
}

#[tokio::test]
async fn a_channel_that_hangs_up_lives_no_more() {
    check_at(&bench_hanging_up().await, &[("uuid_exists {u}", "false")]).await;
}
