//! The configuration that works with no files at all: the `config/` folder of the repository, compiled in.

use super::TextFiles;

/// The file to start from in [`built_in`].
pub const BUILT_IN_ROOT: &str = "/built-in/freeswitch.xml";

/// The files of `config/`, below `/built-in`.
pub fn built_in() -> TextFiles {
    let mut files = TextFiles::new();
    for (path, text) in FILES {
        files.insert(format!("/built-in/{path}"), *text);
    }
    files
}

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = shipped![
    "freeswitch.xml",
    "vars.xml",
    "lang/en.xml",
    "dialplan/default.xml",
    "dialplan/public.xml",
    "directory/default.xml",
    "autoload_configs/acl.conf.xml",
    "autoload_configs/callcenter.conf.xml",
    "autoload_configs/conference.conf.xml",
    "autoload_configs/event_socket.conf.xml",
    "autoload_configs/sofia.conf.xml",
    "autoload_configs/switch.conf.xml",
    "autoload_configs/ivr.conf.xml",
    "autoload_configs/voicemail.conf.xml",
];
