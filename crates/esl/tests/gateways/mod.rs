//! What the console tells of gateways, and does with them (event-socket.md §6.7). The empty table is as recorded (golden
//! sofia-01-status).

use api::command::Command;
use api::command::server::GatewayAction;
use jackfield_esl::command::api::Line;

use crate::scripted::{bench_with_gateways, check, check_at};

const CARRIER: &str = "Name    \tcarrier
Profile \tinternal
Scheme  \tDigest
Realm   \tcarrier.example
Username\tu1
Password\tyes
From    \t<sip:u1@carrier.example>
Contact \t<sip:gw+carrier@127.0.0.1:5060;gw=carrier>
Exten   \tu1
To      \tsip:u1@carrier.example
Proxy   \tsip:192.0.2.9:5070
Context \tpublic
Expires \t0
Freq    \t3600
Ping    \t0
PingFreq\t0
PingTime\t0.00
PingState\t0/0/0
State   \tFAIL_WAIT
Status  \tDOWN
Uptime  \t0s
CallsIN \t7
CallsOUT\t5
FailedCallsIN\t2
FailedCallsOUT\t1
";

fn rule() -> String {
    "=".repeat(97) + "\n"
}

#[tokio::test]
async fn the_tables() {
    let rule = rule();
    let status = format!(
        "                     Name\t   Type\t                                      Data\tState\n{rule}\
         \x20               127.0.0.1\t  alias\t                                  internal\tALIASED\n\
         \x20                internal\tprofile\t              sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)\n\
         \x20       internal::carrier\tgateway\t                    sip:u1@carrier.example\tFAIL_WAIT (retry: 30s)\n\
         \x20         internal::trunk\tgateway\t                    sip:u1@carrier.example\tREGED\n\
         {rule}1 profile 1 alias\n"
    );
    let head = format!(
        "    Profile::Gateway-Name\t                        Data    \tState\tPing Time\tIB Calls(F/T)\tOB Calls(F/T)\n{rule}"
    );
    let table = format!(
        "{head}        internal::carrier\t          sip:u1@carrier.example\tFAIL_WAIT (retry: 30s)\t0.00\t2/7\t1/5\n\
         \x20         internal::trunk\t          sip:u1@carrier.example\tREGED\t12.35\t2/7\t1/5\n\
         {rule}2 gateways: Inbound(Failed/Total): 4/14,Outbound(Failed/Total):2/10\n"
    );
    let bench = bench_with_gateways().await;
    check_at(
        &bench,
        &[
            ("sofia status", &status),
            ("sofia status gateway", &table),
            ("sofia profile internal gwlist", "trunk"),
            ("sofia profile internal gwlist up", "trunk"),
            ("sofia profile internal gwlist down", "carrier"),
            ("sofia profile nosuch gwlist", "Invalid Profile [nosuch]"),
        ],
    )
    .await;
    check(&[(
        "sofia status gateway",
        &format!("{head}{rule}0 gateways: Inbound(Failed/Total): 0/0,Outbound(Failed/Total):0/0\n"),
    )])
    .await;
}

#[tokio::test]
async fn one_gateway_in_three_formats() {
    let rule = rule();
    let bench = bench_with_gateways().await;
    let text = |line: &'static str| {
        let console = &bench.console;
        async move { console.execute(&Line::parse(line)).await.text }
    };
    let plain = text("sofia status gateway carrier").await;
    assert_eq!(plain, format!("{rule}{CARRIER}{rule}"));
    assert_eq!(text("sofia status gateway internal::CARRIER").await, plain);
    let trunk = text("sofia status gateway trunk").await;
    for line in [
        "Password\tno\n",
        "Expires \t1737453660\n",
        "Ping    \t1737453605\nPingFreq\t25\nPingTime\t12.35\nPingState\t1/2/3\n",
        "State   \tREGED\nStatus  \tUP\nUptime  \t90s\n",
    ] {
        assert!(trunk.contains(line), "{line} in {trunk}");
    }
    let head = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n";
    let xml = text("sofia xmlstatus gateway carrier").await;
    assert!(
        xml.starts_with(&format!(
            "{head}  <gateway>\n    <name>carrier</name>\n    <profile>internal</profile>\n"
        )),
        "{xml}"
    );
    assert!(
        xml.contains("    <from>&lt;sip:u1@carrier.example&gt;</from>\n"),
        "{xml}"
    );
    let all = text("sofia xmlstatus gateway").await;
    assert!(
        all.starts_with(&format!("{head}<gateways>\n  <gateway>\n")),
        "{all}"
    );
    assert_eq!(all.matches("<state>").count(), 2);
    let json = text("sofia jsonstatus gateway").await;
    assert!(
        json.starts_with("{\n\t\"gateways\":\t{\n\t\t\"carrier\":\t{\n"),
        "{json}"
    );
    assert!(json.contains("\"calls-in\":\t\"7\""), "{json}");
    let json = text("sofia jsonstatus gateway trunk").await;
    assert!(
        json.starts_with("{\n\t\"gateways\":\t{\n\t\t\"trunk\":\t{\n")
            && !json.contains("\"carrier\""),
        "{json}"
    );
    for format in ["status", "xmlstatus", "jsonstatus"] {
        let line = format!("sofia {format} gateway nosuch");
        let answer = bench.console.execute(&Line::parse(&line)).await.text;
        assert_eq!(answer, "Invalid Gateway!\n", "{line}");
    }
}

#[tokio::test]
async fn what_is_done_with_them() {
    let bench = bench_with_gateways().await;
    let unknown = "Invalid gateway!\n";
    let killed = "-ERR no such gateway.\n";
    check_at(
        &bench,
        &[
            ("sofia profile internal register carrier", "+OK\n"),
            ("sofia profile internal unregister all", "+OK\n"),
            ("sofia profile internal register nosuch", unknown),
            ("sofia profile internal unregister nosuch", unknown),
            ("sofia profile internal register", unknown),
            (
                "sofia profile internal killgw trunk",
                "+OK gateway marked for deletion.\n",
            ),
            (
                "sofia profile internal killgw _all_",
                "+OK every gateway marked for deletion.\n",
            ),
            ("sofia profile internal killgw nosuch", killed),
            ("sofia profile internal killgw", killed),
            (
                "sofia profile internal startgw trunk",
                "Reload XML [Success]\n+OK start gateway trunk complete\n",
            ),
            // Recorded: it says so of what nobody knows, too.
            (
                "sofia profile 127.0.0.1 startgw nosuch",
                "Reload XML [Success]\n+OK start gateway nosuch complete\n",
            ),
        ],
    )
    .await;
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let did: Vec<(GatewayAction, Option<&str>)> = asked
        .iter()
        .filter_map(|command| {
            let Command::ControlGateway(control) = command else {
                return None;
            };
            assert_eq!(&*control.profile, "internal");
            Some((control.action, control.gateway.as_deref()))
        })
        .collect();
    assert_eq!(
        did,
        [
            (GatewayAction::Register, Some("carrier")),
            (GatewayAction::Unregister, None),
            (GatewayAction::Register, Some("nosuch")),
            (GatewayAction::Unregister, Some("nosuch")),
            (GatewayAction::Kill, Some("trunk")),
            (GatewayAction::Kill, None),
            (GatewayAction::Kill, Some("nosuch")),
            (GatewayAction::Start, Some("trunk")),
            (GatewayAction::Start, Some("nosuch")),
        ]
    );
}

#[tokio::test]
async fn their_variables() {
    let usage = "-USAGE: <gateway_name> [ivar|ovar|var] <name>\n";
    check_at(
        &bench_with_gateways().await,
        &[
            ("sofia_gateway_data carrier ivar area", "030"),
            ("sofia_gateway_data carrier ovar Area", "040"),
            ("sofia_gateway_data carrier ovar tag", "a&b"),
            ("sofia_gateway_data carrier ivar tag", ""),
            ("sofia_gateway_data carrier var tag", "a&b"),
            ("sofia_gateway_data carrier var Area", "030"),
            ("sofia_gateway_data nosuch var x", "Invalid Gateway!\n"),
            ("sofia_gateway_data carrier xvar x", usage),
            ("sofia_gateway_data carrier", usage),
            ("sofia_gateway_data", usage),
        ],
    )
    .await;
}
