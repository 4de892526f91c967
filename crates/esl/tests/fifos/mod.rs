//! `fifo` against a switch that answers as scripted. An empty fifo and a caller who waits are as recorded (golden
//! api-10-hash-db-limit, stream-35-fifo).

use api::Timestamp;
use api::command::Command;
use api::command::fifo::ChangeFifo;
use api::view::FifoMemberSettings;
use jackfield_esl::command::api::Line;

use crate::scripted::{UUID, bench, check};

const EMPTY: &str = "  <fifo name=\"cool_fifo@127.0.0.1\" consumer_count=\"0\" caller_count=\"0\" waiting_count=\"0\" importance=\"0\" outbound_per_cycle=\"1\" outbound_per_cycle_min=\"1\" ring_timeout=\"60\" default_lag=\"30\" outbound_priority=\"5\" outbound_strategy=\"ringall\">
    <outbound></outbound>
    <callers></callers>
    <consumers></consumers>
    <bridges></bridges>
  </fifo>
";

const SALES: &str = "  <fifo name=\"sales\" consumer_count=\"1\" caller_count=\"2\" waiting_count=\"1\" importance=\"3\" outbound_per_cycle=\"0\" outbound_per_cycle_min=\"0\" ring_timeout=\"0\" default_lag=\"0\" outbound_priority=\"5\" outbound_strategy=\"ringall\">
    <outbound></outbound>
    <callers>
      <caller uuid=\"a\" status=\"TALKING\" caller_id_name=\"%3C1%3E\" caller_id_number=\"1\" timestamp=\"2025-01-21 10:00:00\" position=\"1\" slot=\"0\"></caller>
      <caller uuid=\"b\" status=\"WAITING\" caller_id_name=\"%3C2%3E\" caller_id_number=\"2\" timestamp=\"2025-01-21 10:00:00\" position=\"2\" slot=\"0\"></caller>
    </callers>
    <consumers>
      <consumer uuid=\"c\" status=\"TALKING\" caller_id_name=\"%3C3%3E\" caller_id_number=\"3\" timestamp=\"2025-01-21 10:00:00\"></consumer>
    </consumers>
    <bridges>
      <bridge caller_uuid=\"a\" consumer_uuid=\"c\" bridge_start=\"2025-01-21 10:00:00\"></bridge>
    </bridges>
  </fifo>
";

const CALLED: &str = "  <fifo name=\"called\" consumer_count=\"0\" caller_count=\"1\" waiting_count=\"1\" importance=\"0\" outbound_per_cycle=\"0\" outbound_per_cycle_min=\"0\" ring_timeout=\"0\" default_lag=\"0\" outbound_priority=\"5\" outbound_strategy=\"enterprise\">
    <outbound>
      <member simo=\"2\" use_count=\"1\" ringing=\"0\" timeout=\"30\" lag=\"5\" taking-calls=\"1\" outbound-call-count=\"4\" outbound-fail-count=\"3\" next-available=\"\" expires=\"\" static=\"1\">user/1000</member>
      <member simo=\"2\" use_count=\"1\" ringing=\"1\" timeout=\"30\" lag=\"5\" taking-calls=\"1\" outbound-call-count=\"4\" outbound-fail-count=\"3\" next-available=\"2025-01-21 10:00:00\" expires=\"2025-01-21 10:00:00\" static=\"0\">{a=&quot;b&quot;}user/1001</member>
    </outbound>
    <callers>
      <caller uuid=\"800a033e-3489-41fd-91f6-f06f942ed1d9\" status=\"WAITING\" caller_id_name=\"%3C4%3E\" caller_id_number=\"4\" timestamp=\"2025-01-21 10:00:00\" position=\"1\" slot=\"0\"></caller>
    </callers>
    <consumers></consumers>
    <bridges></bridges>
  </fifo>
";

#[tokio::test]
async fn who_is_there() {
    let usage = "list|list_verbose|count|debug|status|has_outbound|importance [<fifo name>]|reparse [del_all]\n";
    check(&[
        (
            "fifo list",
            &format!("<fifo_report>\n{CALLED}{EMPTY}{SALES}</fifo_report>\n\n"),
        ),
        (
            "fifo list sales",
            &format!("<fifo_report>\n{SALES}</fifo_report>\n\n"),
        ),
        ("fifo list nosuch", "<fifo_report></fifo_report>\n\n"),
        (
            "fifo count",
            "called:0:1:2:1:0\ncool_fifo@127.0.0.1:0:0:0:0:0\nsales:1:2:0:0:0\n",
        ),
        ("fifo count sales", "sales:1:2:0:0:0\n"),
        ("fifo count nosuch", ""),
        (
            "fifo status sales",
            "node: sales\n outbound_name: \n outbound_per_cycle: 0 outbound_per_cycle_min: 0 outbound_priority: 5 outbound_strategy: ringall\n has_outbound: 0\n outbound_priority: 5\n busy: 0\n ready: 1\n waiting: 1\n",
        ),
        ("fifo has_outbound sales", "sales:0\n"),
        ("fifo importance sales", "importance: 3\n"),
        ("fifo importance nosuch", "no fifo by that name\n"),
        ("fifo", usage),
        ("fifo debug", usage),
    ])
    .await;
}

#[tokio::test]
async fn who_is_called() {
    check(&[
        (
            "fifo list called",
            &format!("<fifo_report>\n{CALLED}</fifo_report>\n\n"),
        ),
        ("fifo has_outbound called", "called:1\n"),
        (
            "fifo status called",
            "node: called\n outbound_name: \n outbound_per_cycle: 0 outbound_per_cycle_min: 0 outbound_priority: 5 outbound_strategy: enterprise\n has_outbound: 1\n outbound_priority: 5\n busy: 1\n ready: 1\n waiting: 1\n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_verbose_list_has_the_channels() {
    let bench = bench().await;
    let run = async |line: &str| bench.console.execute(&Line::parse(line)).await.text;
    let said = run("fifo list_verbose called").await;
    let row = said.split_once("slot=\"0\">").unwrap().1;
    let channel = row.split_once("</caller>").unwrap().0;
    assert!(channel.starts_with("<event>"), "{channel}");
    assert!(channel.contains(&format!("<Unique-ID>{UUID}</Unique-ID>")));
    assert!(!run("fifo list called").await.contains("<event>"));
}

#[tokio::test]
async fn members_come_and_go() {
    let usage = "-USAGE: [add <fifo_name> <originate_string> [<simo_count>] [<timeout>] [<lag>] [<expires>] [<taking_calls>] | del <fifo_name> <originate_string>]\n";
    check(&[
        ("fifo_member add q user/1000", "+OK\n"),
        ("fifo_member del q user/1000", "+OK\n"),
        ("fifo reparse", "+OK\n"),
        ("fifo_check_bridge a", "true"),
        ("fifo_check_bridge c", "true"),
        ("fifo_check_bridge b", "false"),
        ("fifo_check_bridge {0}", "false"),
        ("fifo_check_bridge", "-USAGE: <uuid>\n"),
        ("fifo_member", usage),
        ("fifo_member add q", usage),
        ("fifo_member put q user/1000", usage),
        ("fifo_member add q user/1000 many", usage),
        ("fifo_member add q user/1000 1 60 -5", usage),
        ("fifo_member add q user/1000 1 2 3 4 5 6", usage),
        ("fifo_member del q", usage),
    ])
    .await;
    let bench = bench().await;
    for line in [
        "fifo_member add q user/1000",
        "fifo_member add q '{a=b c}user/1001' 2 30 0 60 0",
        "fifo_member add q user/1002 0 0",
        "fifo_member del q user/1000",
        "fifo reparse",
        "fifo reparse del_all",
    ] {
        bench.console.execute(&Line::parse(line)).await;
    }
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let changes: Vec<_> = asked
        .iter()
        .filter_map(|command| {
            let Command::ChangeFifo(change) = command else {
                return None;
            };
            Some(change.clone())
        })
        .collect();
    let put = |dial: &str, numbers: (u32, u32, u32), expires, takes_calls| ChangeFifo::PutMember {
        fifo: "q".into(),
        dial: dial.into(),
        settings: FifoMemberSettings {
            simultaneous: numbers.0,
            ring_s: numbers.1,
            lag_s: numbers.2,
            takes_calls,
            expires,
        },
    };
    // The clock of the console stands still.
    let in_a_minute = Some(Timestamp(1_737_453_660_000_000));
    let expected = [
        put("user/1000", (1, 60, 5), None, true),
        put("{a=b c}user/1001", (2, 30, 0), in_a_minute, false),
        put("user/1002", (1, 1, 5), None, true),
        ChangeFifo::RemoveMember {
            fifo: "q".into(),
            dial: "user/1000".into(),
        },
        ChangeFifo::Reparse { delete_all: false },
        ChangeFifo::Reparse { delete_all: true },
    ];
    assert_eq!(changes, expected);
}
