//! `cdr_csv.conf` and `xml_cdr.conf` as FreeSWITCH has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use switch_core::config_xml::ModuleXml;

use super::module_params::{Module, children};
use super::problem::Problem;
use crate::call_records::files::{CsvFiles, Template, XmlFiles};

/// The template of that name, unless the file has one.
const DEFAULT: &str = r#""${caller_id_name}","${caller_id_number}","${destination_number}","${context}","${start_stamp}","${answer_stamp}","${end_stamp}","${duration}","${billsec}","${hangup_cause}","${uuid}","${bleg_uuid}", "${accountcode}""#;

/// What is written when the chosen template is not there.
const ASTERISK: &str = r#""${accountcode}","${caller_id_number}","${destination_number}","${context}","${caller_id}","${channel_name}","${bridge_channel}","${last_app}","${last_arg}","${start_stamp}","${answer_stamp}","${end_stamp}","${duration}","${billsec}","${hangup_cause}","${amaflags}","${uuid}","${userfield}""#;

/// Reads `cdr_csv.conf`; `logs` is the folder of logs.
pub(super) fn csv(
    xml: &ModuleXml,
    logs: &Path,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> Option<CsvFiles> {
    let module = match Module::parse(xml) {
        Ok(module) => module,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let mut templates = BTreeMap::from([("default".to_owned(), Template::new(DEFAULT))]);
    for node in children(module.root(), "templates").flat_map(|all| children(all, "template")) {
        if let Some(name) = node.attribute("name") {
            let text = node.text().unwrap_or_default();
            templates.insert(name.to_owned(), Template::new(text));
        }
    }
    let mut files = CsvFiles {
        folder: logs.join("cdr-csv"),
        template: Template::new(DEFAULT),
        templates,
        a_legs: true,
        b_legs: false,
        master_only: false,
        rotate: false,
        debug: false,
    };
    let mut chosen = "default".to_owned();
    let mut origin = xml.origin(0);
    for param in module.params(module.root(), "settings") {
        match param.name.as_str() {
            "log-base" => files.folder = logs.join(&param.value).join("cdr-csv"),
            "default-template" => (chosen, origin) = (param.value.clone(), param.origin.clone()),
            "legs" => match param.value.as_str() {
                "a" => (files.a_legs, files.b_legs) = (true, false),
                "b" => (files.a_legs, files.b_legs) = (false, true),
                "ab" => (files.a_legs, files.b_legs) = (true, true),
                _ => problems.push(param.wrong("a, b or ab")),
            },
            "rotate-on-hup" => files.rotate = param.is_true(),
            "master-file-only" => files.master_only = param.is_true(),
            "debug" => files.debug = param.is_true(),
            name => {
                let what = format!("{name} has no effect here");
                notes.push(Problem::at(param.origin.clone(), what));
            }
        }
    }
    match files.templates.get(&chosen) {
        Some(template) => files.template = template.clone(),
        None => {
            files.template = Template::new(ASTERISK);
            let what = format!(
                "default-template: there is no template \"{chosen}\"; lines are those of Asterisk"
            );
            notes.push(Problem::at(origin, what));
        }
    }
    Some(files)
}

/// Reads `xml_cdr.conf`; `None` when it has nothing written.
pub(super) fn xml(
    xml: &ModuleXml,
    logs: &Path,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> Option<XmlFiles> {
    let module = match Module::parse(xml) {
        Ok(module) => module,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let mut folder: Option<PathBuf> = None;
    let (mut b_legs, mut prefix_a_leg, mut rotate) = (true, false, false);
    for param in module.params(module.root(), "settings") {
        match param.name.as_str() {
            "log-dir" if param.value.is_empty() => folder = Some(logs.join("xml_cdr")),
            "log-dir" => folder = Some(logs.join(&param.value)),
            "log-b-leg" => b_legs = param.is_true(),
            "prefix-a-leg" => prefix_a_leg = param.is_true(),
            "rotate" => rotate = param.is_true(),
            "url" if !param.value.is_empty() => {
                let what = "url: records are not posted; leave it out and give a log-dir";
                problems.push(Problem::at(param.origin.clone(), what));
            }
            // They are about posting, which is refused above.
            "url" | "encode" | "cred" | "retries" | "delay" | "timeout" | "auth-scheme" => {}
            name => {
                let what = format!("{name} has no effect here");
                notes.push(Problem::at(param.origin.clone(), what));
            }
        }
    }
    folder.map(|folder| XmlFiles {
        folder,
        b_legs,
        prefix_a_leg,
        rotate,
    })
}
