//! Instant Message Disposition Notification (RFC 5438): what became of a message, as XML.

use std::sync::Arc;

use roxmltree::Document;

use crate::wire::message::State;

/// MIME type of a notification.
pub(crate) const CONTENT_TYPE: &str = "message/imdn+xml";

/// Longest notification that is parsed, in bytes. Ours.
const MAX: usize = 16 << 10;

/// A notification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Imdn {
    /// The message it is about.
    pub(crate) message_id: Arc<str>,
    /// When that was sent.
    pub(crate) timestamp: Arc<str>,
    pub(crate) state: State,
}

impl Imdn {
    /// Reads a notification; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX {
            return None;
        }
        let document = Document::parse(text).ok()?;
        let root = document.root_element();
        let child = |name: &str| root.children().find(|node| node.tag_name().name() == name);
        let text = |name: &str| child(name).and_then(|node| node.text()).map(str::trim);
        let status = root
            .descendants()
            .find(|node| node.tag_name().name() == "status")?
            .children()
            .find(|node| node.is_element())?;
        let state = match status.tag_name().name() {
            "delivered" => State::Delivered,
            "displayed" => State::Displayed,
            "failed" => State::Failed,
            "forbidden" => State::Forbidden,
            "error" => State::Error,
            "processed" => State::Processed,
            "stored" => State::Stored,
            _ => return None,
        };
        Some(Self {
            message_id: text("message-id").filter(|id| !id.is_empty())?.into(),
            timestamp: text("datetime")
                .and_then(crate::timestamp::normal)
                .unwrap_or_else(crate::timestamp::now),
            state,
        })
    }

    /// The notification as XML (RFC 5438 §7.2).
    pub(crate) fn print(&self) -> String {
        let (notification, status) = match self.state {
            State::Displayed => ("display-notification", "displayed"),
            State::Processed => ("processing-notification", "processed"),
            State::Stored => ("processing-notification", "stored"),
            State::Delivered | State::Accepted | State::Received | State::Pending => {
                ("delivery-notification", "delivered")
            }
            State::Failed => ("delivery-notification", "failed"),
            State::Forbidden => ("delivery-notification", "forbidden"),
            State::Error => ("delivery-notification", "error"),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\
             <message-id>{}</message-id><datetime>{}</datetime>\
             <{notification}><status><{status}/></status></{notification}></imdn>",
            escaped(&self.message_id),
            escaped(&self.timestamp),
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for state in [
            State::Delivered,
            State::Displayed,
            State::Failed,
            State::Forbidden,
            State::Error,
        ] {
            let imdn = Imdn {
                message_id: "a<b>&c".into(),
                timestamp: "2026-03-01T09:15:30.120000+00:00".into(),
                state,
            };
            assert_eq!(Imdn::parse(&imdn.print()), Some(imdn));
        }
    }

    #[test]
    fn prefixes_are_other_peoples_business() {
        let text = "<i:imdn xmlns:i='urn:ietf:params:xml:ns:imdn'><i:message-id> 7 </i:message-id>\
            <i:display-notification><i:status><i:displayed/></i:status></i:display-notification></i:imdn>";
        let imdn = Imdn::parse(text).unwrap();
        assert_eq!((&*imdn.message_id, imdn.state), ("7", State::Displayed));
        assert_eq!(Imdn::parse("<imdn/>"), None);
        assert_eq!(Imdn::parse("no xml"), None);
    }
}
