//! `acl.conf` as FreeSWITCH has it, beside the lists that are always there (event-socket.md §1.1).

use std::net::IpAddr;

use net::{Acl, Acls, Network, Rule};
use roxmltree::Node;
use switch_core::config_xml::{Configuration, ModuleXml};

use super::module_params::{Module, children};
use super::problem::Problem;

/// All lists: those always there for a machine with these networks, and those of the configuration.
pub(crate) fn access_lists(
    xml: &Configuration,
    local: &[Network],
    problems: &mut Vec<Problem>,
) -> Acls {
    let mut acls = Acls::automatic(local);
    let Some(module) = xml.module("acl.conf") else {
        return acls;
    };
    read(module, xml, &mut acls, problems);
    acls
}

fn read(conf: &ModuleXml, xml: &Configuration, acls: &mut Acls, problems: &mut Vec<Problem>) {
    let module = match Module::parse(conf) {
        Ok(module) => module,
        Err(problem) => return problems.push(problem),
    };
    let mut complain = |node: Node<'_, '_>, what: String| {
        problems.push(Problem::at(module.origin(node), what));
    };
    let lists = children(module.root(), "network-lists").flat_map(|l| children(l, "list"));
    for list in lists {
        let Some(name) = list.attribute("name").filter(|name| !name.is_empty()) else {
            complain(list, "a list has no name".to_owned());
            continue;
        };
        let Some(default) = rule(list.attribute("default").unwrap_or("allow")) else {
            complain(
                list,
                format!("list {name}: default is neither allow nor deny"),
            );
            continue;
        };
        let mut acl = Acl::new(default);
        for node in children(list, "node") {
            let Some(rule) = rule(node.attribute("type").unwrap_or("allow")) else {
                complain(node, format!("list {name}: type is neither allow nor deny"));
                continue;
            };
            match networks(node, xml) {
                Ok(networks) => networks.into_iter().for_each(|n| acl.add(n, rule)),
                Err(what) => complain(node, format!("list {name}: {what}")),
            }
        }
        acls.insert(name, acl);
    }
}

fn rule(word: &str) -> Option<Rule> {
    match word {
        "allow" | "true" => Some(Rule::Allow),
        "deny" | "false" => Some(Rule::Deny),
        _ => None,
    }
}

/// The networks one node is about.
fn networks(node: Node<'_, '_>, xml: &Configuration) -> Result<Vec<Network>, String> {
    if let Some(cidr) = node.attribute("cidr") {
        return list_of(cidr);
    }
    if let Some(domain) = node.attribute("domain") {
        return Ok(of_users(domain, xml));
    }
    let (Some(host), Some(mask)) = (node.attribute("host"), node.attribute("mask")) else {
        return Err("a node needs cidr, domain, or host and mask".to_owned());
    };
    let address = |text: &str| -> Result<IpAddr, String> {
        text.parse().map_err(|_| format!("{text} is no address"))
    };
    let network = Network::with_mask(address(host)?, address(mask)?);
    Ok(vec![
        network.ok_or_else(|| format!("{mask} is no mask for {host}"))?,
    ])
}

fn list_of(cidrs: &str) -> Result<Vec<Network>, String> {
    cidrs
        .split(',')
        .map(|cidr| cidr.trim().parse::<Network>().map_err(|e| e.to_string()))
        .collect()
}

/// The `cidr` attributes of a domain's users. A user with a mistyped one gets no access by address.
fn of_users(domain: &str, xml: &Configuration) -> Vec<Network> {
    let Some(domain) = xml.directory.domain(domain) else {
        return Vec::new();
    };
    domain
        .users()
        .filter_map(|user| user.attribute("cidr"))
        .flat_map(|cidrs| list_of(cidrs).unwrap_or_default())
        .collect()
}
