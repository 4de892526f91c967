//! `event_socket.conf` as FreeSWITCH has it, with the two queue sizes of ours (event-socket.md §1.1, §7.3).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use switch_core::config_xml::ModuleXml;

use super::module_params::Module;
use super::problem::Problem;

/// Overwrites what the file names; an access list given there replaces the default one.
pub(super) fn apply(
    xml: &ModuleXml,
    config: &mut door_esl::Config,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) {
    let module = match Module::parse(xml) {
        Ok(module) => module,
        Err(problem) => return problems.push(problem),
    };
    let mut ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut port = 8021;
    let mut acls = Vec::new();
    // Absent means: keep trying to bind.
    config.stop_on_bind_error = false;
    for param in module.params(module.root(), "settings") {
        match param.name.as_str() {
            "listen-ip" => {
                let parsed = param.parse("an address", |text| text.parse().ok(), problems);
                ip = parsed.unwrap_or(ip);
            }
            "listen-port" => port = param.number(problems).unwrap_or(port),
            "password" => config.password = door_esl::Secret::new(param.value.as_str()),
            "apply-inbound-acl" => acls.push(param.value.trim().to_owned()),
            "stop-on-bind-error" => config.stop_on_bind_error = param.is_true(),
            "max-queue" => {
                config.max_queue = param.number(problems).unwrap_or(config.max_queue);
            }
            "max-queue-bytes" => {
                let bytes = param.number(problems).unwrap_or(config.max_queue_bytes);
                config.max_queue_bytes = bytes;
            }
            // Read and without effect in the original as well; connections are logged at level debug.
            "nat-map" | "debug" => {}
            name => {
                let what = format!("{name}: the event socket knows no such parameter");
                notes.push(Problem::at(param.origin.clone(), what));
            }
        }
    }
    config.listen = vec![SocketAddr::new(ip, port)];
    if !acls.is_empty() {
        config.apply_inbound_acl = acls;
    }
}
