//! Where files of voicemail are. Names come from configuration and clients; none of them leads out of the folder.

use std::fmt::Write as _;
use std::sync::Arc;

use api::view::Extension;

/// A name as the name of one file or folder: letters, digits and some marks stay, the rest is written as `%41`.
fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'+')
            || (byte == b'.' && at > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

/// A recording that is no message yet.
pub(super) fn incoming(directory: &str, id: &str) -> Arc<str> {
    format!("{directory}/incoming/{}.wav", safe(id)).into()
}

fn folder(directory: &str, profile: &str, mailbox: &Extension) -> String {
    let (domain, user) = (safe(&mailbox.domain), safe(&mailbox.user));
    format!("{directory}/{}/{domain}/{user}", safe(profile))
}

/// A message.
pub(super) fn message(directory: &str, profile: &str, mailbox: &Extension, id: &str) -> Arc<str> {
    let folder = folder(directory, profile, mailbox);
    format!("{folder}/msg_{}.wav", safe(id)).into()
}

/// The greeting of a box.
pub(super) fn greeting(directory: &str, profile: &str, mailbox: &Extension) -> Arc<str> {
    format!("{}/greeting.wav", folder(directory, profile, mailbox)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere() {
        let of = |user: &str, domain: &str| {
            let mailbox = Extension {
                user: user.into(),
                domain: domain.into(),
            };
            greeting("/v", "default", &mailbox).to_string()
        };
        assert_eq!(
            of("1000", "10.0.0.1"),
            "/v/default/10.0.0.1/1000/greeting.wav"
        );
        assert_eq!(
            of("..", "../../etc"),
            "/v/default/%2E.%2F..%2Fetc/%2E./greeting.wav"
        );
        assert_eq!(
            of("a/b\0", "[::1]"),
            "/v/default/%5B%3A%3A1%5D/a%2Fb%00/greeting.wav"
        );
        // What it plays could be a list, or have parameters in front.
        assert_eq!(
            of("{x=1}!@@", "d"),
            "/v/default/d/%7Bx%3D1%7D%21%40%40/greeting.wav"
        );
    }
}
