//! `callcenter_config` and `valet_info` against a switch that answers as scripted.

use crate::scripted::{UUID, bench, check};
use api::command::Command;
use api::view::{AgentPatience, AgentState, AgentStatus};
use jackfield_esl::command::api::Line;

#[tokio::test]
async fn tables() {
    let agents = "name|instance_id|uuid|type|contact|status|state|max_no_answer|wrap_up_time|reject_delay_time|busy_delay_time|no_answer_delay_time|last_bridge_start|last_bridge_end|last_offered_call|last_status_change|no_answer_count|calls_answered|talk_time|ready_time|external_calls_count\n\
        1000@default|single_box||callback|[leg_timeout=10]user/1000|Available|Waiting|3|10|11|60|0|0|0|0|1737453500|0|7|301|0|0\n\
        +OK\n";
    let tiers = "queue|agent|state|level|position\n\
        support@default|1000@default|Ready|1|2\n\
        +OK\n";
    let members = format!(
        "queue|instance_id|uuid|session_uuid|cid_number|cid_name|system_epoch|joined_epoch|rejoined_epoch|bridge_epoch|abandoned_epoch|base_score|skill_score|serving_agent|serving_system|state|score\n\
         support@default|single_box|00000000-0000-0000-0000-000000000005|{UUID}|1001|Ana|1737453590|1737453595|0|0|0|100|0|||Waiting|110\n\
         +OK\n"
    );
    let queues = "name|strategy|moh_sound|time_base_score|tier_rules_apply|tier_rule_wait_second|tier_rule_wait_multiply_level|tier_rule_no_agent_no_wait|discard_abandoned_after|abandoned_resume_allowed|max_wait_time|max_wait_time_with_no_agent|max_wait_time_with_no_agent_time_reached|record_template|calls_answered|calls_abandoned|ring_progressively_delay|skip_agents_with_external_calls|agent_no_answer_status\n\
        support@default|longest-idle-agent|local_stream://moh|system|false|300|true|true|60|false|0|0|5||2|1|10|true|On Break\n\
        +OK\n";
    let nobody = agents.lines().next().unwrap_or_default();
    check(&[
        ("callcenter_config agent list", agents),
        ("callcenter_config agent list 1000@default", agents),
        ("callcenter_config queue list agents support@default", agents),
        ("callcenter_config queue list agents support@default Available Waiting", agents),
        (
            "callcenter_config queue list agents support@default 'On Break'",
            &format!("{nobody}\n+OK\n"),
        ),
        ("callcenter_config queue count agents support@default Available", "1\n"),
        ("callcenter_config queue count agents support@default 'On Break'", "0\n"),
        ("callcenter_config tier list", tiers),
        ("callcenter_config queue list tiers support@default", tiers),
        ("callcenter_config queue list members support@default", &members),
        ("callcenter_config queue count members support@default", "1\n"),
        ("callcenter_config queue list", queues),
        ("callcenter_config queue count", "1\n"),
        ("callcenter_config queue list members other", "-ERR Queue not found!\n"),
        ("callcenter_config agent get status 1000@default", "Available\n"),
        ("callcenter_config agent get state 1000@default", "Waiting\n"),
        ("callcenter_config agent get status nobody", "-ERR Agent not found!\n"),
        (
            "valet_info",
            &format!(
                "<lots>\n  <lot name=\"valet_lot\">\n    <extension uuid=\"{UUID}\">6001</extension>\n  </lot>\n</lots>\n"
            ),
        ),
        // As recorded (golden api-10-hash-db-limit).
        ("valet_info nosuch", "<lots>\n</lots>\n"),
    ])
    .await;
}

#[tokio::test]
async fn changes() {
    check(&[
        ("callcenter_config agent add 1001@default callback", "+OK\n"),
        (
            "callcenter_config agent add 1000@default callback",
            "-ERR Agent already exist!\n",
        ),
        (
            "callcenter_config agent add 1001@default uuid-standby",
            "-ERR Invalid Agent type!\n",
        ),
        (
            "callcenter_config agent set status 1000@default Sleeping",
            "-ERR Invalid Agent Status!\n",
        ),
        (
            "callcenter_config agent set state 1000@default Sleeping",
            "-ERR Invalid Agent State!\n",
        ),
        (
            "callcenter_config agent set shoe_size 1000@default 44",
            "-ERR Invalid Agent Set Type!\n",
        ),
        (
            "callcenter_config tier del support@default 1000@default",
            "-ERR Tier not found!\n",
        ),
        ("callcenter_config queue reload support@default", "+OK\n"),
    ])
    .await;
    let usage = bench()
        .await
        .console
        .execute(&Line::parse("callcenter_config fifo"))
        .await;
    assert!(usage.text.starts_with("-USAGE: callcenter_config"));
}

#[tokio::test]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]
async fn what_the_switch_is_asked() {
    let bench = bench().await;
    for line in [
        "callcenter_config agent set status 1000@default 'On Break'",
        "callcenter_config agent set status 1000@default Logged Out",
        "callcenter_config agent set state 1000@default Idle",
        "callcenter_config agent set wrap_up_time 1000@default 30",
        "callcenter_config agent set contact 1000@default [leg_timeout=5]user/1000",
        "callcenter_config tier add support@default 1000@default 2 3",
        "callcenter_config tier set level support@default 1000@default 4",
        "callcenter_config tier reload all all",
        "callcenter_config queue unload support@default",
    ] {
        bench.console.execute(&Line::parse(line)).await;
    }
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let asked: Vec<String> = asked
        .iter()
        .filter_map(|command| match command {
            Command::SetAgentStatus(c) => Some(format!("{} {}", c.agent, c.status)),
            Command::SetAgentState(c) => {
                assert_eq!(c.state, AgentState::Idle);
                Some(format!("{} {}", c.agent, c.state))
            }
            Command::PutAgent(c) => Some(format!("{:?} {:?}", c.patience, c.contact)),
            Command::PutQueueAgent(c) => {
                Some(format!("{:?} {:?} {:?}", c.level, c.position, c.new))
            }
            Command::LoadQueueAgents(c) => Some(format!("{:?} {:?}", c.queue, c.agent)),
            Command::RemoveQueue(c) => Some(format!("without {}", c.queue)),
            _ => None,
        })
        .collect();
    let patience = AgentPatience {
        max_no_answer: 3,
        wrap_up_s: 30,
        reject_delay_s: 11,
        busy_delay_s: 60,
        no_answer_delay_s: 0,
    };
    assert_eq!(
        asked,
        [
            format!("1000@default {}", AgentStatus::OnBreak),
            format!("1000@default {}", AgentStatus::LoggedOut),
            "1000@default Idle".to_owned(),
            format!("Some({patience:?}) None"),
            "None Some(\"[leg_timeout=5]user/1000\")".to_owned(),
            "Some(2) Some(3) Some(true)".to_owned(),
            "Some(4) None Some(false)".to_owned(),
            "None None".to_owned(),
            "without support@default".to_owned(),
        ]
    );
}
