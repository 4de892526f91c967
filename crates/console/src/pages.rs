//! Every page and file the console serves.

use axum::body::Bytes;
use sha2::{Digest, Sha256};

use crate::contents::Contents;
use crate::front;

/// Something to serve.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    /// `Content-Type`.
    pub(crate) form: &'static str,
    pub(crate) body: Bytes,
    /// `ETag`, with its quotes: changes with the body.
    pub(crate) etag: String,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("/phone/", $name, ".js"), include_str!(concat!("../compiled/phone/", $name, ".js")))),*]
    };
}

/// What the compiler made of `web/phone/*.ts`.
const SCRIPTS: &[(&str, &str)] = scripts![
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

const PHONE: &str = include_str!("../static/phone.html");

/// Files that are the same on every server.
const FILES: &[(&str, &str, &str)] = &[
    ("/console.css", CSS, include_str!("../static/console.css")),
    ("/phone/phone.css", CSS, include_str!("../static/phone.css")),
    ("/icon.svg", SVG, include_str!("../static/icon.svg")),
];

/// All of them.
pub(crate) fn all(contents: &Contents) -> Vec<Page> {
    let port = |port: Option<u16>| port.map_or(String::new(), |port| port.to_string());
    let gateway = contents.gateway.as_ref();
    let phone = front::filled(
        PHONE,
        &[
            (
                "ws-port",
                &port(gateway.and_then(|gateway| gateway.ws_port)),
            ),
            (
                "wss-port",
                &port(gateway.and_then(|gateway| gateway.wss_port)),
            ),
            ("path", gateway.map_or("", |gateway| &gateway.path)),
            ("domain", &contents.domain),
        ],
    );
    let mut pages = vec![
        page("/", HTML, front::page(contents).into()),
        page("/phone", HTML, phone.into()),
    ];
    let fixed = |text: &'static str| Bytes::from_static(text.as_bytes());
    pages.extend(
        FILES
            .iter()
            .map(|(path, form, text)| page(path, form, fixed(text))),
    );
    pages.extend(
        SCRIPTS
            .iter()
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
        let served: BTreeSet<String> = SCRIPTS
            .iter()
            .map(|(path, _)| path.trim_start_matches("/phone/").to_owned())
            .collect();
        assert_eq!(served, here("compiled/phone"));
        let sources: BTreeSet<String> = here("web/phone")
            .iter()
            .map(|name| name.replace(".ts", ".js"))
            .collect();
        assert_eq!(served, sources);
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
