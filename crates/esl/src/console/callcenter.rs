//! `callcenter_config …`: queues, agents, and their places in queues, which are called tiers here.

use super::call::{Call, OK};
use super::callcenter_list as list;
use crate::view::AGENT_TYPE;
use api::command::queue::{
    LoadAgent, LoadQueue, LoadQueueAgents, PutAgent, PutQueueAgent, RemoveAgent, RemoveQueue,
    RemoveQueueAgent, SetAgentState, SetAgentStatus,
};
use api::view::{AgentPatience, AgentState, AgentStatus};
use api::{Ask, CommandError, ErrorKind, ObjectKind};
use std::sync::Arc;

/// Most words of a command.
const MAX_WORDS: usize = 10;

const USAGE: &str = "-USAGE: callcenter_config <target> <args>,\n\
    callcenter_config agent add [name] [type] | \n\
    callcenter_config agent del [name] | \n\
    callcenter_config agent reload [name] | \n\
    callcenter_config agent set status [agent name] [status] | \n\
    callcenter_config agent set state [agent name] [state] | \n\
    callcenter_config agent set contact [agent name] [contact] | \n\
    callcenter_config agent set max_no_answer [agent name] [value] | \n\
    callcenter_config agent set wrap_up_time [agent name] [wait second] | \n\
    callcenter_config agent set reject_delay_time [agent name] [wait second] | \n\
    callcenter_config agent set busy_delay_time [agent name] [wait second] | \n\
    callcenter_config agent set no_answer_delay_time [agent name] [wait second] | \n\
    callcenter_config agent get status [agent name] | \n\
    callcenter_config agent get state [agent name] | \n\
    callcenter_config agent get contact [agent name] | \n\
    callcenter_config agent get uuid [agent name] | \n\
    callcenter_config agent list [[agent name]] | \n\
    callcenter_config tier add [queue name] [agent name] [level] [position] | \n\
    callcenter_config tier set level [queue name] [agent name] [level] | \n\
    callcenter_config tier set position [queue name] [agent name] [position] | \n\
    callcenter_config tier del [queue name] [agent name] | \n\
    callcenter_config tier reload [queue name] [agent name] | \n\
    callcenter_config tier list | \n\
    callcenter_config queue load [queue name] | \n\
    callcenter_config queue unload [queue name] | \n\
    callcenter_config queue reload [queue name] | \n\
    callcenter_config queue list | \n\
    callcenter_config queue list agents [queue name] [status] [state] | \n\
    callcenter_config queue list members [queue name] | \n\
    callcenter_config queue list tiers [queue name] | \n\
    callcenter_config queue count | \n\
    callcenter_config queue count agents [queue name] [status] [state] | \n\
    callcenter_config queue count members [queue name] | \n\
    callcenter_config queue count tiers [queue name]\n";

pub(super) async fn callcenter_config(call: &Call<'_>) -> String {
    let words = call.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.len() > MAX_WORDS {
        return USAGE.to_owned();
    }
    let Some((target, words)) = words.split_first() else {
        return USAGE.to_owned();
    };
    match (*target, words) {
        ("agent", words) => agent(call, words).await,
        ("tier", words) => tier(call, words).await,
        ("queue", words) => queue(call, words).await,
        _ => USAGE.to_owned(),
    }
}

async fn agent(call: &Call<'_>, words: &[&str]) -> String {
    match words {
        ["add", name, kind] => {
            if !kind.eq_ignore_ascii_case(AGENT_TYPE) {
                return error("Invalid Agent type!");
            }
            if call.view().agents.contains_key(*name) {
                return error("Agent already exist!");
            }
            let put = PutAgent {
                name: (*name).into(),
                display_name: None,
                contact: None,
                patience: None,
            };
            done(call, put).await
        }
        ["del", name] => done(call, RemoveAgent { agent: text(name) }).await,
        ["reload", name] => done(call, LoadAgent { agent: text(name) }).await,
        ["set", key, name, value @ ..] => set_agent(call, key, name, &value.join(" ")).await,
        ["get", key, name] => {
            let view = call.view();
            let Some(agent) = view.agents.get(*name) else {
                return error("Agent not found!");
            };
            match *key {
                "status" => format!("{}\n", agent.status),
                "state" => format!("{}\n", agent.state),
                "contact" => format!("{}\n", agent.contact),
                "uuid" => match &agent.channel {
                    Some(channel) => format!("{channel}\n"),
                    None => "\n".to_owned(),
                },
                _ => error("Invalid Agent Get Type!"),
            }
        }
        ["list"] => list::agents(&call.view(), |_| true),
        ["list", name] => list::agents(&call.view(), |agent| &*agent.name == *name),
        _ => USAGE.to_owned(),
    }
}

async fn set_agent(call: &Call<'_>, key: &str, name: &str, value: &str) -> String {
    let view = call.view();
    let Some(agent) = view.agents.get(name) else {
        return error("Agent not found!");
    };
    let change = |patience: Option<AgentPatience>, contact: Option<Arc<str>>| PutAgent {
        name: text(name),
        display_name: None,
        contact,
        patience,
    };
    let own = agent.patience;
    let number = value.parse::<u32>();
    match (key, number) {
        ("status", _) => match AgentStatus::parse(value) {
            Some(status) => {
                let agent = text(name);
                done(call, SetAgentStatus { agent, status }).await
            }
            None => error("Invalid Agent Status!"),
        },
        ("state", _) => match AgentState::parse(value) {
            Some(state) => {
                let agent = text(name);
                done(call, SetAgentState { agent, state }).await
            }
            None => error("Invalid Agent State!"),
        },
        ("type", _) if value.eq_ignore_ascii_case(AGENT_TYPE) => OK.to_owned(),
        ("type", _) => error("Invalid Agent type!"),
        ("contact", _) => done(call, change(None, Some(text(value)))).await,
        ("max_no_answer", Ok(max_no_answer)) => {
            let patience = AgentPatience {
                max_no_answer,
                ..own
            };
            done(call, change(Some(patience), None)).await
        }
        ("wrap_up_time", Ok(wrap_up_s)) => {
            let patience = AgentPatience { wrap_up_s, ..own };
            done(call, change(Some(patience), None)).await
        }
        ("reject_delay_time", Ok(reject_delay_s)) => {
            let patience = AgentPatience {
                reject_delay_s,
                ..own
            };
            done(call, change(Some(patience), None)).await
        }
        ("busy_delay_time", Ok(busy_delay_s)) => {
            let patience = AgentPatience {
                busy_delay_s,
                ..own
            };
            done(call, change(Some(patience), None)).await
        }
        ("no_answer_delay_time", Ok(no_answer_delay_s)) => {
            let patience = AgentPatience {
                no_answer_delay_s,
                ..own
            };
            done(call, change(Some(patience), None)).await
        }
        _ => error("Invalid Agent Set Type!"),
    }
}

async fn tier(call: &Call<'_>, words: &[&str]) -> String {
    match words {
        ["add", queue, agent, rank @ ..] if rank.len() <= 2 => {
            let number = |index: usize| rank.get(index).map(|word| word.parse::<u32>());
            let (level, position) = (number(0).transpose(), number(1).transpose());
            let (Ok(level), Ok(position)) = (level, position) else {
                return USAGE.to_owned();
            };
            let put = PutQueueAgent {
                queue: text(queue),
                agent: text(agent),
                level,
                position,
                new: Some(true),
            };
            tier_done(call, put, queue, agent).await
        }
        ["set", key, queue, agent, value] => {
            let Ok(number) = value.parse::<u32>() else {
                return error("Invalid Tier Set Value!");
            };
            let (level, position) = match *key {
                "level" => (Some(number), None),
                "position" => (None, Some(number)),
                _ => return error("Invalid Tier Set Type!"),
            };
            let put = PutQueueAgent {
                queue: text(queue),
                agent: text(agent),
                level,
                position,
                new: Some(false),
            };
            tier_done(call, put, queue, agent).await
        }
        ["del", queue, agent] => {
            let remove = RemoveQueueAgent {
                queue: text(queue),
                agent: text(agent),
            };
            tier_done(call, remove, queue, agent).await
        }
        ["reload", queue, agent] => {
            let one = |word: &str| (word != "all").then(|| text(word));
            let load = LoadQueueAgents {
                queue: one(queue),
                agent: one(agent),
            };
            done(call, load).await
        }
        ["list"] => list::tiers(&call.view(), None),
        _ => USAGE.to_owned(),
    }
}

async fn queue(call: &Call<'_>, words: &[&str]) -> String {
    let view = call.view();
    match words {
        ["load" | "reload", name] => done(call, LoadQueue { queue: text(name) }).await,
        ["unload", name] => done(call, RemoveQueue { queue: text(name) }).await,
        ["list"] => list::queues(&view),
        ["count"] => format!("{}\n", view.queues.size()),
        [verb @ ("list" | "count"), what, name, filter @ ..] if filter.len() <= 2 => {
            let Some(queue) = view.queue(name) else {
                return error("Queue not found!");
            };
            let fits = |agent: &api::view::Agent| {
                let status = filter.first().is_none_or(|s| agent.status.name() == *s);
                let state = filter.get(1).is_none_or(|s| agent.state.name() == *s);
                status && state && queue.agent(&agent.name).is_some()
            };
            let printed = match *what {
                "agents" => list::agents(&view, fits),
                "members" => list::members(queue, &call.console.host.now()),
                "tiers" => list::tiers(&view, Some(&queue.name)),
                _ => return USAGE.to_owned(),
            };
            match *verb {
                "list" => printed,
                // Without the heading and the line that says it went well.
                _ => format!("{}\n", printed.lines().count().saturating_sub(2)),
            }
        }
        _ => USAGE.to_owned(),
    }
}

fn text(word: &str) -> Arc<str> {
    word.into()
}

fn error(what: &str) -> String {
    format!("-ERR {what}\n")
}

async fn done<C: Ask>(call: &Call<'_>, command: C) -> String {
    match call.ask(command).await {
        Ok(_) => OK.to_owned(),
        Err(failure) => error(&wording(&failure)),
    }
}

/// A tier that is not there is neither a queue nor an agent that is not there.
async fn tier_done<C: Ask>(call: &Call<'_>, command: C, queue: &str, agent: &str) -> String {
    match call.ask(command).await {
        Ok(_) => OK.to_owned(),
        Err(failure) => {
            let view = call.view();
            let known = view.queue(queue).is_some() && view.agents.contains_key(agent);
            match failure.kind {
                ErrorKind::NotFound(_) if known => error("Tier not found!"),
                ErrorKind::AlreadyExists(_) => error("Tier already exist!"),
                ErrorKind::NotFound(_)
                | ErrorKind::InvalidState
                | ErrorKind::InvalidArgument(_)
                | ErrorKind::NotSupported
                | ErrorKind::Forbidden
                | ErrorKind::Unavailable
                | ErrorKind::TimedOut
                | ErrorKind::LimitReached
                | ErrorKind::CallFailed
                | ErrorKind::Internal => error(&wording(&failure)),
            }
        }
    }
}

fn wording(failure: &CommandError) -> String {
    match failure.kind {
        ErrorKind::NotFound(ObjectKind::Queue) => "Queue not found!".to_owned(),
        ErrorKind::NotFound(_) => "Agent not found!".to_owned(),
        ErrorKind::AlreadyExists(_)
        | ErrorKind::InvalidState
        | ErrorKind::InvalidArgument(_)
        | ErrorKind::NotSupported
        | ErrorKind::Forbidden
        | ErrorKind::Unavailable
        | ErrorKind::TimedOut
        | ErrorKind::LimitReached
        | ErrorKind::CallFailed
        | ErrorKind::Internal => failure.detail.to_string(),
    }
}
