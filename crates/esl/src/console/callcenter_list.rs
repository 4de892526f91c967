//! The tables of `callcenter_config`: fields between `|`, names first, `+OK` last.

use crate::view::{AGENT_TYPE, INSTANCE};
use api::Timestamp;
use api::view::{Agent, CallerState, Queue, QueueCaller, Strategy, TimeBase, View};

const AGENT_FIELDS: &str = "name|instance_id|uuid|type|contact|status|state|max_no_answer|wrap_up_time|reject_delay_time|busy_delay_time|no_answer_delay_time|last_bridge_start|last_bridge_end|last_offered_call|last_status_change|no_answer_count|calls_answered|talk_time|ready_time|external_calls_count";
const QUEUE_FIELDS: &str = "name|strategy|moh_sound|time_base_score|tier_rules_apply|tier_rule_wait_second|tier_rule_wait_multiply_level|tier_rule_no_agent_no_wait|discard_abandoned_after|abandoned_resume_allowed|max_wait_time|max_wait_time_with_no_agent|max_wait_time_with_no_agent_time_reached|record_template|calls_answered|calls_abandoned|ring_progressively_delay|skip_agents_with_external_calls|agent_no_answer_status";
const MEMBER_FIELDS: &str = "queue|instance_id|uuid|session_uuid|cid_number|cid_name|system_epoch|joined_epoch|rejoined_epoch|bridge_epoch|abandoned_epoch|base_score|skill_score|serving_agent|serving_system|state|score";
const TIER_FIELDS: &str = "queue|agent|state|level|position";

fn table(fields: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("{fields}\n");
    for row in rows {
        out.push_str(&row.join("|"));
        out.push('\n');
    }
    out.push_str("+OK\n");
    out
}

fn epoch(at: Timestamp) -> String {
    at.as_seconds().to_string()
}

pub(super) fn agents(view: &View, wanted: impl Fn(&Agent) -> bool) -> String {
    let rows = view.agents.values().filter(|agent| wanted(agent));
    table(AGENT_FIELDS, rows.map(|one| agent(one)))
}

fn agent(agent: &Agent) -> Vec<String> {
    let (patience, statistics) = (agent.patience, agent.statistics);
    let channel = agent.channel.as_ref();
    vec![
        agent.name.to_string(),
        INSTANCE.to_owned(),
        channel.map(ToString::to_string).unwrap_or_default(),
        AGENT_TYPE.to_owned(),
        agent.contact.to_string(),
        agent.status.to_string(),
        agent.state.to_string(),
        patience.max_no_answer.to_string(),
        patience.wrap_up_s.to_string(),
        patience.reject_delay_s.to_string(),
        patience.busy_delay_s.to_string(),
        patience.no_answer_delay_s.to_string(),
        epoch(statistics.last_bridge_start),
        epoch(statistics.last_bridge_end),
        epoch(statistics.last_offered),
        epoch(statistics.last_status_change),
        statistics.no_answers.to_string(),
        statistics.calls_answered.to_string(),
        statistics.talk_time_s.to_string(),
        epoch(statistics.ready_at),
        statistics.external_calls.to_string(),
    ]
}

pub(super) fn queues(view: &View) -> String {
    table(QUEUE_FIELDS, view.queues.values().map(|one| queue(one)))
}

fn queue(queue: &Queue) -> Vec<String> {
    let settings = &queue.settings;
    let rules = settings.tier_rules;
    vec![
        queue.name.to_string(),
        settings.strategy.to_string(),
        settings.music.to_string(),
        settings.time_base.to_string(),
        rules.apply.to_string(),
        rules.wait_s.to_string(),
        rules.multiply_level.to_string(),
        rules.no_agent_no_wait.to_string(),
        settings.discard_abandoned_after_s.to_string(),
        settings.abandoned_resume.to_string(),
        settings.max_wait_s.to_string(),
        settings.max_wait_no_agent_s.to_string(),
        settings.max_wait_no_agent_reached_s.to_string(),
        settings
            .record_template
            .as_deref()
            .unwrap_or_default()
            .to_owned(),
        queue.calls_answered.to_string(),
        queue.calls_abandoned.to_string(),
        settings.ring_progressively_delay_s.to_string(),
        settings.skip_agents_with_external_calls.to_string(),
        settings.no_answer_status.to_string(),
    ]
}

pub(super) fn members(queue: &Queue, now: &Timestamp) -> String {
    let rows = queue.callers.iter();
    table(
        MEMBER_FIELDS,
        rows.map(|caller| member(queue, caller, *now)),
    )
}

fn member(queue: &Queue, caller: &QueueCaller, now: Timestamp) -> Vec<String> {
    let base = match queue.settings.time_base {
        TimeBase::Queue => caller.joined_at,
        TimeBase::System => caller.call_began,
    };
    let score = caller.base_score + now.micros_since(base) / 1_000_000;
    let all_ring = match queue.settings.strategy {
        Strategy::RingAll | Strategy::RingProgressively => caller.state == CallerState::Trying,
        Strategy::LongestIdle
        | Strategy::RoundRobin
        | Strategy::TopDown
        | Strategy::LeastTalkTime
        | Strategy::FewestCalls
        | Strategy::Sequentially
        | Strategy::Random => false,
    };
    let serving = match &caller.agent {
        Some(agent) => agent.to_string(),
        None if all_ring => queue.settings.strategy.to_string(),
        None => String::new(),
    };
    let system = if serving.is_empty() { "" } else { INSTANCE };
    vec![
        queue.name.to_string(),
        INSTANCE.to_owned(),
        caller.id.to_string(),
        caller.channel.to_string(),
        caller.caller_number.to_string(),
        caller.caller_name.to_string(),
        epoch(caller.call_began),
        epoch(caller.joined_at),
        epoch(caller.rejoined_at),
        epoch(caller.answered_at),
        epoch(caller.abandoned_at),
        caller.base_score.to_string(),
        "0".to_owned(),
        serving,
        system.to_owned(),
        caller.state.to_string(),
        score.to_string(),
    ]
}

/// The places of all queues, or of one.
pub(super) fn tiers(view: &View, only: Option<&str>) -> String {
    let queues = view.queues.values();
    let queues = queues.filter(|queue| only.is_none_or(|name| &*queue.name == name));
    let rows = queues.flat_map(|queue| {
        queue.agents.iter().map(|place| {
            vec![
                queue.name.to_string(),
                place.agent.to_string(),
                place.state.to_string(),
                place.level.to_string(),
                place.position.to_string(),
            ]
        })
    });
    table(TIER_FIELDS, rows)
}
