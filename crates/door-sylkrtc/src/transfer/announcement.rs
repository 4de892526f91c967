//! What is said of a file that has been transferred: to web clients, to telephones that know RCS, and to all others
//! (sylkrtc.md §7.3).

use std::sync::Arc;

use super::{Address, Transfer};
use crate::timestamp;
use crate::wire::message::Outgoing;
use crate::wire::{Json, Party};

/// What web clients are told with.
pub(crate) const CONTENT_TYPE: &str = "application/sylk-file-transfer";

/// File transfer over HTTP of the Rich Communication Suite (GSMA RCC.07 §3.2.5).
pub(crate) const RCS: &str = "application/vnd.gsma.rcs-ft-http+xml";

/// Encrypted files: a link to one helps nobody at a telephone.
const ENCRYPTED: &str = ".asc";

/// A file that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Announcement {
    /// For web clients.
    pub(crate) message: Outgoing,
    /// For telephones that know RCS.
    pub(crate) rcs: Arc<str>,
    /// For those that show texts.
    pub(crate) link: Option<Arc<str>>,
}

/// What is known of a file beside its transfer.
pub(crate) struct Details<'a> {
    pub(crate) sender: &'a Party,
    pub(crate) receiver: &'a Arc<str>,
    /// Of its bytes.
    pub(crate) sha1: [u8; 20],
    pub(crate) media_type: &'a str,
    /// Microseconds since 1970.
    pub(crate) now: i64,
    /// Microseconds since 1970.
    pub(crate) until: i64,
}

impl Announcement {
    /// `base` is where the door's routes are found from outside.
    pub(crate) fn new(base: &str, transfer: &Transfer, details: &Details<'_>) -> Self {
        let url = url(base, &transfer.address());
        let party = |uri: &Arc<str>, name: &str| {
            Json::object([("uri", uri.into()), ("display_name", name.into())])
        };
        let sender = details.sender;
        let (now, until) = (
            timestamp::of_micros(details.now),
            timestamp::of_micros(details.until),
        );
        let content = Json::object([
            ("filename", (&transfer.name).into()),
            ("filesize", transfer.size.into()),
            ("sender", party(&sender.uri, &sender.display_name)),
            ("receiver", party(details.receiver, "")),
            ("transfer_id", (&transfer.id).into()),
            ("timestamp", (&now).into()),
            ("until", (&until).into()),
            ("url", (&*url).into()),
            ("filetype", details.media_type.into()),
            ("hash", (&*hash(details.sha1)).into()),
        ]);
        let is_encrypted = transfer.name.to_ascii_lowercase().ends_with(ENCRYPTED);
        Self {
            message: Outgoing {
                // Whoever removes the message removes the file of that id.
                message_id: transfer.id.clone(),
                content: content.print().into(),
                content_type: CONTENT_TYPE.into(),
                timestamp: now,
            },
            rcs: rcs(transfer, details, &url, &until).into(),
            link: (!is_encrypted).then(|| url.into()),
        }
    }
}

/// Where a file is fetched.
fn url(base: &str, address: &Address) -> String {
    let Address {
        sender,
        receiver,
        id,
        name,
    } = address;
    let (id, name) = (escaped(id), escaped(name));
    format!("{base}/filetransfer/{sender}/{receiver}/{id}/{name}")
}

/// As one segment of a path (RFC 3986 §2.3).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// RFC 5547 §6: `sha1:` and the digest in pairs of digits.
fn hash(sha1: [u8; 20]) -> String {
    let pairs: Vec<String> = sha1.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("sha1:{}", pairs.join(":"))
}

fn rcs(transfer: &Transfer, details: &Details<'_>, url: &str, until: &str) -> String {
    let Transfer { name, size, .. } = transfer;
    let (name, kind) = (xml(name), xml(details.media_type));
    let (url, until) = (xml(url), xml(until));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\">\n\
         <file-info type=\"file\">\n\
         <file-size>{size}</file-size>\n\
         <file-name>{name}</file-name>\n\
         <content-type>{kind}</content-type>\n\
         <data url=\"{url}\" until=\"{until}\"/>\n\
         </file-info>\n\
         </file>\n"
    )
}

/// Text within an element or attribute.
fn xml(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(sender: &Party, receiver: &Arc<str>) -> Announcement {
        let transfer = Transfer::new(
            "alice@example.org",
            "bob@example.net",
            "5f7c",
            "cat.jpg",
            183_422,
        );
        let details = Details {
            sender,
            receiver,
            sha1: [0x5A; 20],
            media_type: "image/jpeg",
            now: 1_772_356_800_000_000,
            until: 1_773_652_800_000_000,
        };
        Announcement::new(
            "https://gw.example.org:10888/webrtcgateway",
            &transfer,
            &details,
        )
    }

    #[test]
    fn web_clients_are_told_as_documented() {
        let alice = Party {
            uri: "alice@example.org".into(),
            display_name: "".into(),
        };
        let told = details(&alice, &"bob@example.net".into());
        let hash = ["5A"; 20].join(":");
        // The URL is the one of sylkrtc.md §7.3, letter by letter.
        let url = "https://gw.example.org:10888/webrtcgateway/filetransfer/-_fGrsHUKAt8JwTBwEeL1g/6kJY4WKpdsH6ScW245MLKg/5f7c/cat.jpg";
        assert_eq!(
            &*told.message.content,
            format!(
                r#"{{"filename":"cat.jpg","filesize":183422,"sender":{{"uri":"alice@example.org","display_name":""}},"receiver":{{"uri":"bob@example.net","display_name":""}},"transfer_id":"5f7c","timestamp":"2026-03-01T09:20:00.000000+00:00","until":"2026-03-16T09:20:00.000000+00:00","url":"{url}","filetype":"image/jpeg","hash":"sha1:{hash}"}}"#
            )
        );
        assert_eq!(told.link.as_deref(), Some(url));
        let read = roxmltree::Document::parse(&told.rcs).unwrap();
        let data = read
            .descendants()
            .find(|node| node.has_tag_name(("urn:gsma:params:xml:ns:rcs:rcs:fthttp", "data")));
        assert_eq!(data.unwrap().attribute("url"), Some(url));
    }

    #[test]
    fn names_cannot_break_out_of_what_is_said() {
        let alice = Party {
            uri: "alice@example.org".into(),
            display_name: "A \"<&".into(),
        };
        let transfer = Transfer::new("a@b", "c@d", "x/\"y", "größe & <co>'.txt.asc", 1);
        let bob: Arc<str> = "c@d".into();
        let details = Details {
            sender: &alice,
            receiver: &bob,
            sha1: [0; 20],
            media_type: "text/plain",
            now: 0,
            until: 1,
        };
        let told = Announcement::new("http://x", &transfer, &details);
        assert_eq!(told.link, None, "encrypted");
        let read: serde_json::Value = serde_json::from_str(&told.message.content).unwrap();
        assert_eq!(read["filename"], "größe & _co_'.txt.asc");
        let url = read["url"].as_str().unwrap();
        assert!(
            url.ends_with("/x%2F%22y/gr%C3%B6%C3%9Fe%20%26%20_co_%27.txt.asc"),
            "{url}"
        );
        let rcs = roxmltree::Document::parse(&told.rcs).unwrap();
        let text = |name: &str| {
            let found = rcs
                .descendants()
                .find(|node| node.tag_name().name() == name);
            found.and_then(|node| node.text()).unwrap().to_owned()
        };
        assert_eq!(text("file-name"), "größe & _co_'.txt.asc");
    }
}
