//! The names clients know our parts by: `module_exists`, `show modules`, the `ikey` columns.

use super::{CallFiles, Host};

/// A part of the server under the name of the original's module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Module {
    /// As `mod_sofia`.
    pub name: &'static str,
    /// Dialplan types it brings.
    pub dialplans: &'static [&'static str],
}

/// All parts, sorted by name.
pub const MODULES: &[Module] = &[
    Module {
        name: "mod_callcenter",
        dialplans: &[],
    },
    Module {
        name: "mod_cdr_csv",
        dialplans: &[],
    },
    Module {
        name: "mod_commands",
        dialplans: &[],
    },
    Module {
        name: "mod_conference",
        dialplans: &[],
    },
    Module {
        name: "mod_db",
        dialplans: &[],
    },
    Module {
        name: "mod_dialplan_xml",
        dialplans: &["XML"],
    },
    Module {
        name: "mod_dptools",
        dialplans: &["inline"],
    },
    Module {
        name: "mod_event_socket",
        dialplans: &[],
    },
    Module {
        name: "mod_fifo",
        dialplans: &[],
    },
    Module {
        name: "mod_hash",
        dialplans: &[],
    },
    Module {
        name: "mod_imm_adapter",
        dialplans: &[],
    },
    Module {
        name: "mod_local_stream",
        dialplans: &[],
    },
    Module {
        name: "mod_loopback",
        dialplans: &[],
    },
    Module {
        name: "mod_sndfile",
        dialplans: &[],
    },
    Module {
        name: "mod_sofia",
        dialplans: &[],
    },
    Module {
        name: "mod_tone_stream",
        dialplans: &[],
    },
    Module {
        name: "mod_valet_parking",
        dialplans: &[],
    },
    Module {
        name: "mod_voicemail",
        dialplans: &[],
    },
    Module {
        name: "mod_xml_cdr",
        dialplans: &[],
    },
];

/// Those that are loaded: all but what writes files nobody has asked for.
fn loaded(host: &dyn Host) -> impl Iterator<Item = &'static Module> {
    let all = MODULES.iter();
    all.filter(|module| is_loaded(module.name, host))
}

/// Of one that there is.
pub(super) fn is_loaded(name: &str, host: &dyn Host) -> bool {
    match name {
        "mod_cdr_csv" => host.writes(CallFiles::Csv),
        "mod_xml_cdr" => host.writes(CallFiles::Xml),
        _ => true,
    }
}

pub(super) fn exists(name: &str, host: &dyn Host) -> bool {
    loaded(host).any(|module| module.name == name)
}

/// The module an endpoint type of dial strings belongs to.
pub(super) fn of_endpoint(endpoint: &str) -> &'static str {
    match endpoint {
        "sofia" | "rtc" => "mod_sofia",
        "loopback" | "null" => "mod_loopback",
        _ => "mod_dptools",
    }
}

/// The module a codec of `show codec` belongs to.
pub(super) fn of_codec(codec: &str) -> &'static str {
    match codec {
        "G.722" => "mod_spandsp",
        "OPUS (STANDARD)" => "mod_opus",
        _ => "CORE_PCM_MODULE",
    }
}
