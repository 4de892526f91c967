//! `fifo` against a switch that answers as scripted. An empty fifo and a caller who waits are as recorded (golden
//! api-10-hash-db-limit, stream-35-fifo).

use crate::scripted::check;

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

#[tokio::test]
async fn who_is_there() {
    let usage = "list|list_verbose|count|debug|status|has_outbound|importance [<fifo name>]|reparse [del_all]\n";
    check(&[
        (
            "fifo list",
            &format!("<fifo_report>\n{EMPTY}{SALES}</fifo_report>\n\n"),
        ),
        (
            "fifo list sales",
            &format!("<fifo_report>\n{SALES}</fifo_report>\n\n"),
        ),
        ("fifo list nosuch", "<fifo_report></fifo_report>\n\n"),
        (
            "fifo count",
            "cool_fifo@127.0.0.1:0:0:0:0:0\nsales:1:2:0:0:0\n",
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
        ("fifo list_verbose", usage),
    ])
    .await;
}
