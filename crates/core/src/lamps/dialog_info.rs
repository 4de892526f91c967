//! What a phone is told of the calls of somebody: `application/dialog-info+xml` (RFC 4235 §4).

use std::fmt::Write as _;

use bytes::Bytes;

/// The type of the document (RFC 4235 §4).
pub(super) const CONTENT_TYPE: &str = "application/dialog-info+xml";

/// How far a call has come (RFC 4235 §3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallIs {
    Trying,
    Early,
    Confirmed,
}

impl CallIs {
    fn name(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Early => "early",
            Self::Confirmed => "confirmed",
        }
    }
}

/// One end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) name: String,
    pub(super) uri: String,
    /// It plays nothing that comes: it holds the other end (RFC 4235 §4.1.6.2, RFC 3840 §9's `+sip.rendering`).
    pub(super) holds: bool,
}

/// Identifiers of a dialog as the watched phone sees them: whoever gives them back in a Replaces header takes the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
}

/// One call of whom is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Tells it from the others; the same while it lives.
    pub(super) id: String,
    /// `None` where no SIP dialog stands behind it.
    pub(super) ids: Option<Ids>,
    /// Whether whom is watched made the call; `None` where nobody did.
    pub(super) is_initiator: Option<bool>,
    pub(super) state: CallIs,
    pub(super) local: Party,
    pub(super) remote: Party,
}

/// The documents of one subscription: what it was told last, and the number of the next.
#[derive(Debug, Default)]
pub(super) struct Documents {
    next: u32,
    told: Vec<Call>,
}

impl Documents {
    /// Whether the calls are not as they were told last.
    pub(super) fn is_news(&self, calls: &[Call]) -> bool {
        self.told != calls
    }

    /// The next document: all calls there are, and as `terminated`, once, those that were told and have ended.
    pub(super) fn next(&mut self, entity: &str, calls: Vec<Call>) -> Bytes {
        let mut text = String::with_capacity(256 + 700 * calls.len());
        text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // A String takes whatever is written.
        writeln!(
            text,
            "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{}\" state=\"full\" entity=\"{}\">",
            self.next,
            Escaped(entity)
        )
        .ok();
        for call in &calls {
            call.write(&mut text, call.state.name());
        }
        let is_over = |was: &&Call| !calls.iter().any(|call| call.id == was.id);
        for ended in self.told.iter().filter(is_over) {
            ended.write(&mut text, "terminated");
        }
        text.push_str("</dialog-info>\n");
        self.next = self.next.saturating_add(1);
        self.told = calls;
        Bytes::from(text)
    }
}

impl Call {
    fn write(&self, text: &mut String, state: &str) {
        write!(text, "<dialog id=\"{}\"", Escaped(&self.id)).ok();
        if let Some(ids) = &self.ids {
            write!(text, " call-id=\"{}\"", Escaped(&ids.call_id)).ok();
            // A phone that has not answered yet has none (RFC 4235 §4.1.1).
            for (name, tag) in [
                ("local-tag", &ids.local_tag),
                ("remote-tag", &ids.remote_tag),
            ] {
                if !tag.is_empty() {
                    write!(text, " {name}=\"{}\"", Escaped(tag)).ok();
                }
            }
        }
        match self.is_initiator {
            Some(true) => text.push_str(" direction=\"initiator\""),
            Some(false) => text.push_str(" direction=\"recipient\""),
            None => {}
        }
        writeln!(text, ">\n<state>{state}</state>").ok();
        self.local.write(text, "local");
        self.remote.write(text, "remote");
        text.push_str("</dialog>\n");
    }
}

impl Party {
    fn write(&self, text: &mut String, which: &str) {
        let (name, uri) = (Escaped(&self.name), Escaped(&self.uri));
        let display = if self.name.is_empty() {
            String::new()
        } else {
            format!(" display=\"{name}\"")
        };
        let rendering = if self.holds { "no" } else { "yes" };
        writeln!(
            text,
            "<{which}><identity{display}>{uri}</identity><target uri=\"{uri}\">\
             <param pname=\"+sip.rendering\" pvalue=\"{rendering}\"/></target></{which}>"
        )
        .ok();
    }
}

/// Text in XML; what may not stand there at all (XML 1.0 §2.2) is left out.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn party(name: &str, uri: &str) -> Party {
        Party {
            name: name.into(),
            uri: uri.into(),
            holds: false,
        }
    }

    fn call(id: &str, state: CallIs) -> Call {
        Call {
            id: id.into(),
            ids: None,
            is_initiator: Some(false),
            state,
            local: party("", "sip:1000@d"),
            remote: party("A", "sip:1001@d"),
        }
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_whole_document() {
        let mut documents = Documents::default();
        let mut one = call("a", CallIs::Early);
        one.ids = Some(Ids {
            call_id: "c@<h>".into(),
            local_tag: "l".into(),
            remote_tag: "r".into(),
        });
        one.remote.name = "Tom & \"Jerry\"\u{1}".into();
        one.remote.holds = true;
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" state=\"full\" entity=\"sip:1000@d\">\n\
            <dialog id=\"a\" call-id=\"c@&lt;h&gt;\" local-tag=\"l\" remote-tag=\"r\" direction=\"recipient\">\n\
            <state>early</state>\n\
            <local><identity>sip:1000@d</identity><target uri=\"sip:1000@d\"><param pname=\"+sip.rendering\" pvalue=\"yes\"/></target></local>\n\
            <remote><identity display=\"Tom &amp; &quot;Jerry&quot;\">sip:1001@d</identity><target uri=\"sip:1001@d\"><param pname=\"+sip.rendering\" pvalue=\"no\"/></target></remote>\n\
            </dialog>\n</dialog-info>\n";
        assert_eq!(text(&documents.next("sip:1000@d", vec![one])), expected);
    }

    proptest! {
        /// Whatever comes and goes: versions count up, every call that was told ends once, and only those.
        #[test]
        fn calls_end_once(steps in prop::collection::vec(prop::collection::btree_set(0..4_u8, 0..4), 1..20)) {
            let mut documents = Documents::default();
            let mut before = std::collections::BTreeSet::new();
            for (version, now) in steps.into_iter().enumerate() {
                let calls: Vec<_> = now.iter().map(|id| call(&id.to_string(), CallIs::Confirmed)).collect();
                prop_assert_eq!(documents.is_news(&calls), now != before);
                let next = documents.next("sip:1000@d", calls.clone());
                let said = text(&next);
                let version = format!("version=\"{version}\"");
                prop_assert!(said.contains(&version));
                let expected = before.difference(&now).count();
                prop_assert_eq!(said.matches("<state>terminated<").count(), expected);
                prop_assert_eq!(said.matches("<state>confirmed<").count(), now.len());
                prop_assert!(!documents.is_news(&calls));
                before = now;
            }
        }

        /// Names come from the network.
        #[test]
        fn no_name_breaks_out(name in "\\PC*|.*") {
            let said = Escaped(&name).to_string();
            prop_assert!(!said.contains(['<', '>', '"', '\'']));
            prop_assert!(said.chars().all(|letter| letter >= ' '));
            let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
            let is_entity = |rest: &str| entities.iter().any(|name| rest.starts_with(name));
            prop_assert!(said.split('&').skip(1).all(is_entity));
        }
    }
}
