//! What `callcenter.conf` says: queues, agents, and which agents are in which queues.

use std::sync::Arc;

use api::view::{AgentPatience, AgentStatus, Announcement, QueueSettings, Strategy, TimeBase};
use roxmltree::{Document, Node};

use crate::config_xml::Configuration;

/// An agent of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ConfiguredAgent {
    pub(super) name: Arc<str>,
    pub(super) display_name: Option<Arc<str>>,
    pub(super) contact: Arc<str>,
    pub(super) status: AgentStatus,
    pub(super) patience: AgentPatience,
}

/// A place of an agent of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ConfiguredPlace {
    pub(super) queue: Arc<str>,
    pub(super) agent: Arc<str>,
    pub(super) level: Option<u32>,
    pub(super) position: Option<u32>,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct CallCenter {
    pub(super) queues: Vec<(Arc<str>, QueueSettings, bool)>,
    pub(super) agents: Vec<ConfiguredAgent>,
    pub(super) places: Vec<ConfiguredPlace>,
}

impl CallCenter {
    /// What the configuration says; what cannot be understood is logged, and is as if it were not there.
    pub(super) fn read(xml: &Configuration) -> Self {
        let Some(module) = xml.module("callcenter.conf") else {
            return Self::default();
        };
        match Document::parse(&module.xml) {
            Ok(document) => Self::of(document.root_element()),
            Err(error) => {
                tracing::error!(%error, "callcenter.conf cannot be read; there are no queues");
                Self::default()
            }
        }
    }

    fn of(root: Node<'_, '_>) -> Self {
        let all = |name: &'static str| root.descendants().filter(move |n| n.has_tag_name(name));
        Self {
            queues: all("queue").filter_map(queue).collect(),
            agents: all("agent").filter_map(agent).collect(),
            places: all("tier").filter_map(place).collect(),
        }
    }
}

fn queue(node: Node<'_, '_>) -> Option<(Arc<str>, QueueSettings, bool)> {
    let name: Arc<str> = named(node, "name")?.into();
    let mut settings = QueueSettings::named(&name);
    let mut enabled = true;
    let mut announcement = (String::new(), 0);
    let mut position = (String::new(), 0);
    for param in node.children().filter(|n| n.has_tag_name("param")) {
        let (Some(key), Some(value)) = (param.attribute("name"), param.attribute("value")) else {
            continue;
        };
        let value = value.trim();
        let on = api::variables::is_true(value);
        let text = || (!value.is_empty()).then(|| Arc::<str>::from(value));
        let number = || value.parse::<u32>().ok();
        let understood = match key {
            "display-name" => set(&mut settings.display_name, text()),
            "number" => set(&mut settings.number, text()),
            "enabled" => set(&mut enabled, Some(on)),
            "strategy" => set(&mut settings.strategy, Strategy::parse(value)),
            "moh-sound" => set(&mut settings.music, Some(value.into())),
            "announce-sound" => set(&mut announcement.0, Some(value.to_owned())),
            "announce-frequency" => set(
                &mut announcement.1,
                number().or(value.is_empty().then_some(0)),
            ),
            "announce-position-sound" => set(&mut position.0, Some(value.to_owned())),
            "announce-position-frequency" => {
                set(&mut position.1, number().or(value.is_empty().then_some(0)))
            }
            "record-template" => set(&mut settings.record_template, Some(text())),
            "time-base-score" => set(&mut settings.time_base, TimeBase::parse(value)),
            "max-wait-time" => set(&mut settings.max_wait_s, number()),
            "max-wait-time-with-no-agent" => set(&mut settings.max_wait_no_agent_s, number()),
            "max-wait-time-with-no-agent-time-reached" => {
                set(&mut settings.max_wait_no_agent_reached_s, number())
            }
            "tier-rules-apply" => set(&mut settings.tier_rules.apply, Some(on)),
            "tier-rule-wait-second" => set(&mut settings.tier_rules.wait_s, number()),
            "tier-rule-wait-multiply-level" => {
                set(&mut settings.tier_rules.multiply_level, Some(on))
            }
            "tier-rule-no-agent-no-wait" => {
                set(&mut settings.tier_rules.no_agent_no_wait, Some(on))
            }
            "discard-abandoned-after" => set(&mut settings.discard_abandoned_after_s, number()),
            "abandoned-resume-allowed" => set(&mut settings.abandoned_resume, Some(on)),
            "ring-progressively-delay" => set(&mut settings.ring_progressively_delay_s, number()),
            "skip-agents-with-external-calls" => {
                set(&mut settings.skip_agents_with_external_calls, Some(on))
            }
            "agent-no-answer-status" => {
                set(&mut settings.no_answer_status, AgentStatus::parse(value))
            }
            "wrap-up-time" => set(&mut settings.wrap_up_s, number()),
            "overflow" => set(&mut settings.overflow, Some(text())),
            _ => false,
        };
        if !understood {
            tracing::warn!(
                queue = &*name,
                param = key,
                value,
                "A setting of a queue means nothing"
            );
        }
    }
    settings.announcement = said(announcement);
    settings.position_announcement = said(position);
    Some((name, settings, enabled))
}

/// An announcement with both a file and a time.
fn said((file, every_s): (String, u32)) -> Option<Announcement> {
    (!file.is_empty() && every_s > 0).then(|| Announcement {
        file: file.into(),
        every_s,
    })
}

fn agent(node: Node<'_, '_>) -> Option<ConfiguredAgent> {
    let name: Arc<str> = named(node, "name")?.into();
    let number = |attribute: &str| {
        let value = node
            .attribute(attribute)
            .filter(|value| !value.is_empty())?;
        let number = value.parse().ok();
        if number.is_none() {
            tracing::warn!(
                agent = &*name,
                attribute,
                value,
                "A setting of an agent is no number"
            );
        }
        number
    };
    let kind = node.attribute("type").unwrap_or("callback");
    if kind != "callback" {
        tracing::warn!(
            agent = &*name,
            kind,
            "An agent of this type is called like any other"
        );
    }
    let patience = AgentPatience {
        max_no_answer: number("max-no-answer").unwrap_or(0),
        wrap_up_s: number("wrap-up-time").unwrap_or(0),
        reject_delay_s: number("reject-delay-time").unwrap_or(0),
        busy_delay_s: number("busy-delay-time").unwrap_or(0),
        no_answer_delay_s: number("no-answer-delay-time").unwrap_or(0),
    };
    let status = node.attribute("status").unwrap_or("Logged Out");
    let status = AgentStatus::parse(status).unwrap_or_else(|| {
        tracing::warn!(
            agent = &*name,
            status,
            "An agent's status means nothing; the agent is logged out"
        );
        AgentStatus::LoggedOut
    });
    Some(ConfiguredAgent {
        display_name: node.attribute("display-name").map(Arc::from),
        contact: node.attribute("contact").unwrap_or_default().into(),
        name,
        status,
        patience,
    })
}

fn place(node: Node<'_, '_>) -> Option<ConfiguredPlace> {
    let number = |attribute: &str| node.attribute(attribute)?.parse().ok();
    Some(ConfiguredPlace {
        queue: named(node, "queue")?.into(),
        agent: named(node, "agent")?.into(),
        level: number("level"),
        position: number("position"),
    })
}

fn named<'a>(node: Node<'a, '_>, attribute: &str) -> Option<&'a str> {
    let name = node.attribute(attribute).filter(|name| !name.is_empty());
    if name.is_none() {
        let element = node.tag_name().name();
        tracing::warn!(
            element,
            attribute,
            "Something in callcenter.conf has no name"
        );
    }
    name
}

/// Sets what was understood.
fn set<T>(field: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) => {
            *field = value;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CallCenter {
        CallCenter::of(Document::parse(text).expect("well-formed").root_element())
    }

    #[test]
    fn a_queue_its_agents_and_their_places() {
        let read = read(
            r#"<configuration name="callcenter.conf"><settings/><queues>
              <queue name="support@default">
                <param name="strategy" value="top-down"/>
                <param name="moh-sound" value="tone_stream://%(251,0,1004)"/>
                <param name="max-wait-time" value="30"/>
                <param name="announce-sound" value="wait.wav"/>
                <param name="announce-frequency" value="20"/>
                <param name="number" value="5001"/>
                <param name="abandoned-resume-allowed" value="true"/>
                <param name="tier-rule-wait-second" value="soon"/>
                <param name="nonsense" value="1"/>
              </queue></queues><agents>
              <agent name="1000@default" type="callback" contact="[leg_timeout=10]user/1000" status="Available"
                max-no-answer="3" wrap-up-time="10" reject-delay-time="11" busy-delay-time="60"/>
              <agent contact="user/1001"/></agents><tiers>
              <tier agent="1000@default" queue="support@default" level="2" position="3"/>
              <tier agent="1000@default"/></tiers></configuration>"#,
        );
        let [(name, settings, enabled)] = read.queues.as_slice() else {
            panic!("{:?}", read.queues);
        };
        assert_eq!((&**name, *enabled), ("support@default", true));
        let expected = QueueSettings {
            strategy: Strategy::TopDown,
            music: "tone_stream://%(251,0,1004)".into(),
            max_wait_s: 30,
            announcement: Some(Announcement {
                file: "wait.wav".into(),
                every_s: 20,
            }),
            number: "5001".into(),
            abandoned_resume: true,
            ..QueueSettings::named("support@default")
        };
        assert_eq!(*settings, expected);
        let [agent] = read.agents.as_slice() else {
            panic!("{:?}", read.agents);
        };
        assert_eq!(agent.status, AgentStatus::Available);
        assert_eq!(
            (agent.patience.max_no_answer, agent.patience.busy_delay_s),
            (3, 60)
        );
        let [place] = read.places.as_slice() else {
            panic!("{:?}", read.places);
        };
        assert_eq!((place.level, place.position), (Some(2), Some(3)));
    }
}
