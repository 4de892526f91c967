//! The front page: what is open on this server.

use std::fmt::Write;

use crate::contents::{Contents, Entry};

const PAGE: &str = include_str!("../static/index.html");

/// The text of the page.
pub(crate) fn page(contents: &Contents) -> String {
    let mut rows = String::new();
    for Entry {
        name,
        address,
        purpose,
    } in &contents.entries
    {
        let (name, address, purpose) = (escaped(name), escaped(address), escaped(purpose));
        let shown = if address.starts_with("http://") || address.starts_with("https://") {
            format!("<a href=\"{address}\">{address}</a>")
        } else {
            format!("<code>{address}</code>")
        };
        // Writing to a String does not fail.
        writeln!(
            rows,
            "        <tr><th scope=\"row\">{name}</th><td>{shown}</td><td>{purpose}</td></tr>"
        )
        .ok();
    }
    let telephone = match contents.gateway {
        Some(_) => "",
        None => {
            "The web gateway is closed on this server; the telephone needs the address of another one."
        }
    };
    let rooms = match contents.rooms {
        Some(_) => "",
        None => {
            "The Event Manager door is closed on this server; there are no rooms to be arranged."
        }
    };
    let panel = if contents.panel {
        ""
    } else {
        "The iSymphony door is closed on this server; the panel has nobody to ask."
    };
    let values = [
        ("version", contents.version.as_str()),
        ("telephone", telephone),
        ("rooms", rooms),
        ("panel", panel),
    ];
    let page = filled(PAGE, &values);
    page.replace("        {rows}\n", &rows)
}

/// `text` with each `{name}` replaced, safe as text and inside quotes.
pub(crate) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), &escaped(value));
    }
    filled
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_listed_and_web_addresses_are_links() {
        let entry = |name: &str, address: &str| Entry {
            name: name.to_owned(),
            address: address.to_owned(),
            purpose: "a <b>".to_owned(),
        };
        let text = page(&Contents {
            version: "1.2.3".to_owned(),
            entries: vec![
                entry("SIP", "udp+tcp 127.0.0.1:5060"),
                entry("metrics", "http://127.0.0.1:9464/metrics"),
            ],
            ..Contents::default()
        });
        for expected in [
            "<th scope=\"row\">SIP</th><td><code>udp+tcp 127.0.0.1:5060</code></td><td>a &lt;b&gt;</td>",
            "<a href=\"http://127.0.0.1:9464/metrics\">",
            "1.2.3",
            "The web gateway is closed",
            "The Event Manager door is closed",
            "The iSymphony door is closed",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(!text.contains('{'), "nothing is left to fill in:\n{text}");
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let text = filled(
            "<html data-domain=\"{domain}\">",
            &[("domain", "\"><script>")],
        );
        assert_eq!(text, "<html data-domain=\"&quot;&gt;&lt;script&gt;\">");
    }
}
