//! Printing a description, lines in the order of RFC 8866 §5.

use std::fmt::Write as _;

use bytes::Bytes;

use super::description::{Attribute, SessionDescription};

impl SessionDescription {
    /// The text to send.
    pub fn print(&self) -> Bytes {
        let mut text = String::with_capacity(512);
        let origin = &self.origin;
        line(&mut text, "v=0");
        line(
            &mut text,
            &format!(
                "o={} {} {} IN {} {}",
                origin.username,
                origin.id,
                origin.version,
                family(&origin.address),
                origin.address
            ),
        );
        // An empty name is not allowed; a single blank stands for none (RFC 8866 §5.3).
        line(
            &mut text,
            &format!(
                "s={}",
                if self.name.is_empty() {
                    " "
                } else {
                    &self.name
                }
            ),
        );
        connection(&mut text, self.connection.as_deref());
        bandwidths(&mut text, &self.bandwidths);
        line(&mut text, "t=0 0");
        attributes(&mut text, &self.attributes);
        for media in &self.media {
            let formats = media.formats.join(" ");
            line(
                &mut text,
                &format!(
                    "m={} {} {} {}",
                    media.kind, media.port, media.protocol, formats
                ),
            );
            connection(&mut text, media.connection.as_deref());
            bandwidths(&mut text, &media.bandwidths);
            attributes(&mut text, &media.attributes);
        }
        Bytes::from(text)
    }
}

/// One line; line breaks inside become blanks, so that no value can add a line of its own.
fn line(text: &mut String, content: &str) {
    text.extend(content.chars().map(|c| {
        if matches!(c, '\r' | '\n' | '\0') {
            ' '
        } else {
            c
        }
    }));
    text.push_str("\r\n");
}

fn family(address: &str) -> &'static str {
    if address.contains(':') { "IP6" } else { "IP4" }
}

fn connection(text: &mut String, address: Option<&str>) {
    if let Some(address) = address {
        line(text, &format!("c=IN {} {address}", family(address)));
    }
}

fn bandwidths(text: &mut String, bandwidths: &[(String, u64)]) {
    for (kind, kbit) in bandwidths {
        line(text, &format!("b={kind}:{kbit}"));
    }
}

fn attributes(text: &mut String, attributes: &[Attribute]) {
    let mut content = String::new();
    for attribute in attributes {
        content.clear();
        let written = match &attribute.value {
            Some(value) => write!(content, "a={}:{value}", attribute.name),
            None => write!(content, "a={}", attribute.name),
        };
        debug_assert!(written.is_ok(), "writing to a String does not fail");
        line(text, &content);
    }
}
