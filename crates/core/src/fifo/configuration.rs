//! What `fifo.conf` says.

use std::sync::Arc;

use api::dial::DialString;
use api::view::{FifoMemberSettings, FifoOrigin, FifoStrategy};
use roxmltree::{Document, Node};

use super::{MAX_FIFOS, is_name, members, new_fifo};
use crate::Switch;
use crate::config_xml::Configuration;
use crate::work::Work;

/// The one every server has.
const BUILT_IN: &str = "manual_calls";

/// What a member rings and rests for that does not say it, seconds.
const RING_S: u32 = 60;
const LAG_S: u32 = 10;

/// Attributes of a fifo that mean something.
const KNOWN: &[&str] = &["name", "importance", "outbound_strategy"];

/// A fifo of the configuration.
struct Configured {
    name: Arc<str>,
    origin: FifoOrigin,
    importance: i32,
    strategy: FifoStrategy,
    members: Vec<(Arc<str>, FifoMemberSettings)>,
}

/// All fifos; what cannot be understood is logged, and is as if it were not there.
fn read(xml: &Configuration) -> Vec<Configured> {
    let built_in = Configured {
        name: BUILT_IN.into(),
        origin: FifoOrigin::BuiltIn,
        importance: 0,
        strategy: FifoStrategy::RingAll,
        members: Vec::new(),
    };
    let document = xml
        .module("fifo.conf")
        .and_then(|module| Document::parse(&module.xml).ok());
    let mut found = vec![built_in];
    if let Some(document) = &document {
        let nodes = document.descendants();
        let fifos = nodes.filter(|node| node.has_tag_name("fifo"));
        found.extend(fifos.filter_map(fifo));
    }
    found.truncate(MAX_FIFOS);
    found
}

/// Whether members that commands have put there are forgotten at the start.
pub(super) fn deletes_at_start(xml: &Configuration) -> bool {
    let document = xml
        .module("fifo.conf")
        .and_then(|module| Document::parse(&module.xml).ok());
    let says = |document: &Document<'_>| {
        let mut nodes = document.descendants();
        nodes.any(|node| {
            let is_it = |name: &str, value: &str| {
                let given = node.attribute(name);
                given.is_some_and(|given| given.eq_ignore_ascii_case(value))
            };
            node.has_tag_name("param")
                && is_it("name", "delete-all-outbound-member-on-startup")
                && is_it("value", "true")
        })
    };
    document.as_ref().is_some_and(says)
}

fn fifo(node: Node<'_, '_>) -> Option<Configured> {
    let Some(name) = node.attribute("name").filter(|name| is_name(name)) else {
        tracing::warn!("A fifo of the configuration has no name");
        return None;
    };
    for attribute in node.attributes() {
        if !KNOWN.contains(&attribute.name()) {
            tracing::warn!(
                fifo = name,
                attribute = attribute.name(),
                "Without a meaning here"
            );
        }
    }
    let strategy = node.attribute("outbound_strategy").map(|word| {
        FifoStrategy::from_word(word).unwrap_or_else(|| {
            tracing::warn!(
                fifo = name,
                strategy = word,
                "Members ring all: there is no such strategy"
            );
            FifoStrategy::RingAll
        })
    });
    let nodes = node.children();
    let nodes = nodes.filter(|child| child.has_tag_name("member"));
    let members = nodes.filter_map(|node| member(name, node));
    let importance = node.attribute("importance");
    Some(Configured {
        name: name.into(),
        origin: FifoOrigin::Configured,
        importance: importance.and_then(|text| text.parse().ok()).unwrap_or(0),
        strategy: strategy.unwrap_or_default(),
        members: members.collect(),
    })
}

fn member(fifo: &str, node: Node<'_, '_>) -> Option<(Arc<str>, FifoMemberSettings)> {
    let dial = node.text().unwrap_or_default().trim();
    let number = |name: &str, otherwise: u32| match node.attribute(name) {
        Some(text) => text.trim().parse().ok(),
        None => Some(otherwise),
    };
    let settings = || {
        Some(FifoMemberSettings {
            simultaneous: number("simo", 1)?.max(1),
            ring_s: number("timeout", RING_S)?.max(1),
            lag_s: number("lag", LAG_S)?,
            takes_calls: number("taking_calls", 1)? > 0,
            expires: None,
        })
    };
    let settings = settings().filter(|_| members::is_dial(dial) && DialString::parse(dial).is_ok());
    if settings.is_none() {
        tracing::warn!(
            fifo,
            member = dial,
            "A member of a fifo cannot be called like this"
        );
    }
    Some((dial.into(), settings?))
}

impl Switch {
    /// The fifos of the configuration, and the one there always is. Those that are there keep who is in them, and the
    /// members that commands have put there.
    pub(crate) fn load_fifos(&mut self) {
        let xml = self.config.xml.clone();
        let found = read(&xml);
        for fifo in self.fifos.values_mut() {
            fifo.origin = FifoOrigin::Used;
        }
        for one in found {
            let Configured {
                name,
                origin,
                importance,
                strategy,
                members,
            } = one;
            let fifo = self.fifos.entry(name.clone());
            let fifo = fifo.or_insert_with(|| new_fifo(name.clone(), origin));
            fifo.origin = origin;
            fifo.importance = importance;
            fifo.strategy = strategy;
            self.configure_members(&name, members);
        }
        let names: Vec<_> = self.fifos.keys().cloned().collect();
        for name in names {
            let origin = self.fifos.get(&name).map(|fifo| fifo.origin);
            if origin == Some(FifoOrigin::Used) {
                // It is not in the configuration any more.
                self.configure_members(&name, Vec::new());
            }
            self.show_fifo(&name);
            self.work.push_back(Work::Fifo(name));
        }
    }
}
