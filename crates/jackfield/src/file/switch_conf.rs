//! `switch.conf` as FreeSWITCH has it, in so far as there is something to set.

use api::log::LogLevel;
use switch_core::config_xml::ModuleXml;

use super::module_params::Module;
use super::problem::Problem;
use super::schema;

/// What the file names.
#[derive(Default)]
pub(super) struct SwitchConf {
    pub(super) max_sessions: Option<u64>,
    pub(super) sessions_per_second: Option<u64>,
    pub(super) rtp_start_port: Option<u16>,
    pub(super) rtp_end_port: Option<u16>,
    pub(super) log_level: Option<LogLevel>,
    pub(super) switchname: Option<String>,
}

/// Reads it.
pub(super) fn read(
    xml: &ModuleXml,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> SwitchConf {
    let mut conf = SwitchConf::default();
    let module = match Module::parse(xml) {
        Ok(module) => module,
        Err(problem) => {
            problems.push(problem);
            return conf;
        }
    };
    for param in module.params(module.root(), "settings") {
        match param.name.as_str() {
            "max-sessions" => conf.max_sessions = param.number(problems),
            "sessions-per-second" => conf.sessions_per_second = param.number(problems),
            "rtp-start-port" => conf.rtp_start_port = param.number(problems),
            "rtp-end-port" => conf.rtp_end_port = param.number(problems),
            "loglevel" => {
                let by_number = |text: &str| {
                    let names = [
                        "console", "alert", "crit", "err", "warning", "notice", "info", "debug",
                    ];
                    text.parse::<usize>()
                        .ok()
                        .and_then(|n| names.get(n))
                        .copied()
                };
                let read = |text: &str| schema::level(by_number(text).unwrap_or(text));
                conf.log_level = param.parse("a log level", read, problems);
            }
            "switchname" => conf.switchname = Some(param.value.clone()),
            name => {
                let what = format!("{name} has no effect here");
                notes.push(Problem::at(param.origin.clone(), what));
            }
        }
    }
    conf
}
