//! Every page and file the console serves.

use axum::body::Bytes;
use sha2::{Digest, Sha256};

use crate::contents::Contents;
use crate::front;
use crate::start::{PANEL, ROOMS_SOCKET};

/// Something to serve.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    /// `Content-Type`.
    pub(crate) form: &'static str,
    pub(crate) body: Bytes,
    /// `ETag`, with its quotes: changes with the body.
    pub(crate) etag: String,
    /// Which pages may show it, and which it may show.
    pub(crate) frames: Frames,
}

/// Pages inside of pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Frames {
    /// It is shown by none, and shows none.
    None,
    /// Our own pages may show it.
    Inside,
    /// It shows pages that come from there, as a policy says it.
    Shows(String),
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! scripts {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$((
            concat!("/", $folder, "/", $name, ".js"),
            include_str!(concat!("../compiled/", $folder, "/", $name, ".js")),
        )),*]
    };
}

/// What the compiler made of `web/phone/*.ts`.
const PHONE_SCRIPTS: &[(&str, &str)] = scripts![
    "phone":
    "address",
    "announce",
    "backoff",
    "call",
    "call_panel",
    "dial_pad",
    "gateway",
    "history",
    "history_list",
    "main",
    "md5",
    "meter",
    "peer",
    "phone",
    "reason",
    "settings",
    "sign_in",
    "sounds",
    "wire",
];

/// What the compiler made of `web/rooms/*.ts`.
const ROOMS_SCRIPTS: &[(&str, &str)] = scripts![
    "rooms":
    "control_list",
    "controls",
    "ear",
    "geometry",
    "house",
    "key_form",
    "latest",
    "layouts",
    "link",
    "main",
    "myself",
    "person_panel",
    "plan",
    "room_list",
    "seats",
    "svg",
    "token",
    "wire",
    "words",
];

/// What the compiler made of `web/caller/*.ts`.
const CALLER_SCRIPTS: &[(&str, &str)] = scripts!["caller": "card", "main"];

/// What the compiler made of `web/panel/*.ts`.
const PANEL_SCRIPTS: &[(&str, &str)] = scripts![
    "panel":
    "call_list",
    "calls",
    "clock",
    "crm",
    "drag",
    "link",
    "main",
    "move_menu",
    "office",
    "own_phone",
    "own_status",
    "past_calls",
    "pause_menu",
    "people_list",
    "place_list",
    "queue_list",
    "reading",
    "rights",
    "rows",
    "sign_in",
    "targets",
    "wire",
    "words",
];

const ROOMS: &str = include_str!("../static/rooms.html");

const CALLER: &str = include_str!("../static/caller.html");

const PANEL_PAGE: &str = include_str!("../static/panel.html");

const PHONE: &str = include_str!("../static/phone.html");

/// Files that are the same on every server.
const FILES: &[(&str, &str, &str)] = &[
    ("/console.css", CSS, include_str!("../static/console.css")),
    ("/phone/phone.css", CSS, include_str!("../static/phone.css")),
    ("/rooms/rooms.css", CSS, include_str!("../static/rooms.css")),
    ("/panel/panel.css", CSS, include_str!("../static/panel.css")),
    (
        "/caller/caller.css",
        CSS,
        include_str!("../static/caller.css"),
    ),
    ("/icon.svg", SVG, include_str!("../static/icon.svg")),
];

/// All of them.
pub(crate) fn all(contents: &Contents) -> Vec<Page> {
    let port = |port: Option<u16>| port.map_or(String::new(), |port| port.to_string());
    let gateway = contents.gateway.as_ref();
    let (ws_port, wss_port) = (
        port(gateway.and_then(|gateway| gateway.ws_port)),
        port(gateway.and_then(|gateway| gateway.wss_port)),
    );
    let rooms = contents.rooms.as_ref();
    let header = rooms.and_then(|rooms| rooms.header.as_deref());
    let key = rooms.and_then(|rooms| rooms.known_key.as_deref());
    let values = [
        ("ws-port", ws_port.as_str()),
        ("wss-port", &wss_port),
        ("path", gateway.map_or("", |gateway| &gateway.path)),
        ("domain", &contents.domain),
        ("socket", rooms.map_or("", |_| ROOMS_SOCKET)),
        ("header", header.unwrap_or_default()),
        ("key", key.unwrap_or_default()),
        ("panel", if contents.panel { PANEL } else { "" }),
    ];
    let mut pages = vec![
        page("/", HTML, front::page(contents).into()),
        page("/phone", HTML, front::filled(PHONE, &values).into()),
        page("/rooms", HTML, front::filled(ROOMS, &values).into()),
        Page {
            frames: contents
                .panel_frame
                .clone()
                .map_or(Frames::None, Frames::Shows),
            ..page(PANEL, HTML, front::filled(PANEL_PAGE, &values).into())
        },
        Page {
            frames: Frames::Inside,
            ..page("/caller", HTML, front::filled(CALLER, &values).into())
        },
    ];
    let fixed = |text: &'static str| Bytes::from_static(text.as_bytes());
    pages.extend(
        FILES
            .iter()
            .map(|(path, form, text)| page(path, form, fixed(text))),
    );
    pages.extend(
        [PHONE_SCRIPTS, ROOMS_SCRIPTS, PANEL_SCRIPTS, CALLER_SCRIPTS]
            .into_iter()
            .flatten()
            .map(|(path, text)| page(path, SCRIPT, fixed(text))),
    );
    pages
}

fn page(path: &'static str, form: &'static str, body: Bytes) -> Page {
    let digest = Sha256::digest(&body);
    let etag: String = digest[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Page {
        path,
        form,
        body,
        etag: format!("\"{etag}\""),
        frames: Frames::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn here(folder: &str) -> BTreeSet<String> {
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn every_compiled_script_is_served_and_has_its_source() {
        for (folder, scripts) in [
            ("phone", PHONE_SCRIPTS),
            ("rooms", ROOMS_SCRIPTS),
            ("panel", PANEL_SCRIPTS),
            ("caller", CALLER_SCRIPTS),
        ] {
            let start = format!("/{folder}/");
            let served: BTreeSet<String> = scripts
                .iter()
                .map(|(path, _)| path.strip_prefix(&start).unwrap().to_owned())
                .collect();
            assert_eq!(served, here(&format!("compiled/{folder}")));
            let sources: BTreeSet<String> = here(&format!("web/{folder}"))
                .iter()
                .map(|name| name.replace(".ts", ".js"))
                .collect();
            assert_eq!(served, sources);
        }
    }

    #[test]
    fn the_pages_ask_nobody_else() {
        for page in all(&Contents::default()) {
            let text = std::str::from_utf8(&page.body).unwrap();
            for line in text.lines() {
                let outside = line.contains("https://") || line.contains("http://");
                assert!(
                    !outside || line.contains("http://www.w3.org/2000/svg"),
                    "{}: {line}",
                    page.path
                );
            }
        }
    }

    #[test]
    fn nothing_in_the_pages_needs_an_exception_from_the_policy() {
        for page in all(&Contents::default())
            .iter()
            .filter(|page| page.form == HTML)
        {
            let text = std::str::from_utf8(&page.body).unwrap();
            for forbidden in ["style=", "<style", "onclick", "onload", "javascript:"] {
                assert!(!text.contains(forbidden), "{}: {forbidden}", page.path);
            }
            for script in text.split("<script").skip(1) {
                assert!(
                    script.contains("src="),
                    "{}: a script in the page",
                    page.path
                );
            }
        }
    }
}
