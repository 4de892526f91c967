//! Lamps of telephones: what waits in a voicemail box is said to the phones of those whose box it is, by a NOTIFY nobody
//! subscribed to (RFC 3842 §3; event-socket.md §2.8). Phones that do not want it answer 481 or 489, which nobody minds.

use std::fmt::Write as _;
use std::sync::Arc;

use api::event::CustomEvent;
use api::view::{Extension, Mailbox};
use bytes::Bytes;
use sip::endpoint::Party;
use sip::event::OutOfDialogRequest;
use sip::message::{Method, is_header_value};

use crate::Switch;
use crate::originate::escape_user;
use crate::registrar::{Account, Contact};

/// Longest body, bytes: with its headers it is to fit into a datagram (RFC 3261 §18.1.1). Lines beyond are left out.
const MAX_BODY: usize = 800;

/// What starts headers of an event that belong into the body.
const PREFIX: &str = "MWI-";

/// What is waiting, in the form of RFC 3842 §5.2.
struct Summary(String);

impl Summary {
    fn new(waiting: &str, account: &Account) -> Self {
        let mut text = String::with_capacity(128);
        let (user, domain) = (escape_user(&account.user.id), &account.domain);
        // A String takes whatever is written.
        write!(
            text,
            "Messages-Waiting: {waiting}\r\nMessage-Account: sip:{user}@{domain}\r\n"
        )
        .ok();
        Self(text)
    }

    fn of(mailbox: &Mailbox, account: &Account) -> Self {
        let (new, saved) = (mailbox.new_messages(), mailbox.saved_messages());
        let mut summary = Self::new(if new > 0 { "yes" } else { "no" }, account);
        summary.line("Voice-Message", &format!("{new}/{saved} (0/0)"));
        summary
    }

    /// False when it is too long.
    fn line(&mut self, name: &str, value: &str) -> bool {
        let fits = self.0.len() + name.len() + value.len() + 4 <= MAX_BODY;
        if fits {
            write!(self.0, "{name}: {value}\r\n").ok();
        }
        fits
    }
}

/// Whose phones an event lights, and which of them.
struct Wanted<'a> {
    waiting: &'a str,
    user: &'a str,
    domain: &'a str,
    profile: Option<&'a str>,
    call_id: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(event: &'a CustomEvent) -> Option<Self> {
        let header = |name: &str| {
            let mut headers = event.headers.iter();
            let found = headers.find(|(one, _)| one.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim())
        };
        let account = header("MWI-Message-Account")?;
        let account = account.strip_prefix("sip:").unwrap_or(account);
        let (user, domain) = account.split_once('@')?;
        // Nobody has subscribed here.
        if header("sub-call-id").is_some() {
            return None;
        }
        Some(Self {
            waiting: header("MWI-Messages-Waiting")?,
            user,
            domain,
            profile: header("sofia-profile"),
            call_id: header("call-id"),
        })
    }

    fn means(&self, contact: &Contact) -> bool {
        let is_profile = |name: &str| contact.profile.eq_ignore_ascii_case(name);
        self.profile.is_none_or(is_profile) && self.call_id.is_none_or(|id| *contact.call_id == *id)
    }
}

impl Switch {
    /// Something is otherwise in a box.
    pub(crate) fn light_lamps(&mut self, mailbox: &Mailbox) {
        let directory = self.view.directory.clone();
        let Some(domain) = directory.domain(&mailbox.name.domain) else {
            return;
        };
        let owners = domain
            .users
            .iter()
            .filter(|user| user.mailbox().as_ref() == Some(&mailbox.name));
        for user in owners {
            let account = Account {
                user: user.clone(),
                domain: domain.name.clone(),
                realm: domain.name.clone(),
            };
            let summary = Summary::of(mailbox, &account);
            for contact in self.contacts_of(&domain.name, &user.id) {
                self.light_lamp(&account, contact, &summary);
            }
        }
    }

    /// A phone has come, and knows nothing of what waits for it. Nothing is said to those for whom there is nothing.
    pub(crate) fn light_lamp_of(&mut self, serial: u64) {
        let Some(shown) = self.view.registrations.get(&serial).cloned() else {
            return;
        };
        let Some(account) = self.account(&shown.domain, &shown.user) else {
            return;
        };
        let Some(mailbox) = account
            .user
            .mailbox()
            .and_then(|name| self.box_with_messages(&name))
        else {
            return;
        };
        let summary = Summary::of(&mailbox, &account);
        let dial = shown.dial_address();
        let mut contacts = self.contacts_of(&shown.domain, &shown.user).into_iter();
        if let Some(contact) = contacts.find(|contact| *contact.dial == *dial) {
            self.light_lamp(&account, contact, &summary);
        }
    }

    fn box_with_messages(&self, name: &Extension) -> Option<Arc<Mailbox>> {
        let mailbox = self.mailbox(name);
        (!mailbox.messages.is_empty()).then_some(mailbox)
    }

    /// A program or a dialplan fires MESSAGE_WAITING.
    pub(crate) fn waiting_fired(&mut self, event: &CustomEvent) {
        if *event.name != *"MESSAGE_WAITING" {
            return;
        }
        let Some(wanted) = Wanted::of(event) else {
            tracing::info!(
                "MESSAGE_WAITING lights no lamp: MWI-Messages-Waiting or MWI-Message-Account is missing"
            );
            return;
        };
        let Some(account) = self.account(wanted.domain, wanted.user) else {
            tracing::info!(
                user = wanted.user,
                domain = wanted.domain,
                "MESSAGE_WAITING for nobody of ours"
            );
            return;
        };
        if !is_header_value(wanted.waiting) {
            return;
        }
        let mut summary = Summary::new(wanted.waiting, &account);
        for (name, value) in &event.headers {
            let Some(name) = name
                .get(..PREFIX.len())
                .filter(|start| start.eq_ignore_ascii_case(PREFIX))
                .and(name.get(PREFIX.len()..))
            else {
                continue;
            };
            let is_said = ["Messages-Waiting", "Message-Account"]
                .iter()
                .any(|said| said.eq_ignore_ascii_case(name));
            if is_said || !is_header_value(value) || !is_header_value(name) {
                continue;
            }
            if !summary.line(name, value) {
                tracing::info!(name, "MESSAGE_WAITING is too long; a line is left out");
            }
        }
        for contact in self.contacts_of(wanted.domain, wanted.user) {
            if wanted.means(&contact) {
                self.light_lamp(&account, contact, &summary);
            }
        }
    }

    fn light_lamp(&mut self, account: &Account, contact: Contact, summary: &Summary) {
        let own = format!("sip:{}@{}", escape_user(&account.user.id), account.domain);
        let request = OutOfDialogRequest {
            method: Method::Notify,
            uri: contact.uri,
            from: Party::uri(own.clone()),
            to: Party::uri(own),
            target: contact.target,
            local_contact: Some(format!("sip:mod_sofia@{}", contact.target.local)),
            headers: vec![
                ("Event".into(), "message-summary".into()),
                // No subscription stands behind it that could end.
                ("Subscription-State".into(), "active".into()),
            ],
            body: Some((
                "application/simple-message-summary".into(),
                Bytes::copy_from_slice(summary.0.as_bytes()),
            )),
            credentials: None,
            route: contact.route,
            call: None,
        };
        if let Err(error) = self.sip.send_out_of_dialog(self.now.mono, request) {
            tracing::warn!(user = %account.user.id, %error, "A phone is not told what waits for it");
        }
    }
}

#[cfg(test)]
mod tests {
    use api::command::server::Fire;
    use sip::message::{HeaderName, parse_datagram};
    use sip::transport::Transport;

    use super::*;
    use crate::Input;
    use crate::rig::{Phone, Rig};

    fn phone(rig: &mut Rig, user: &str, port: u16) -> Phone {
        let address = format!("127.0.0.1:{port}");
        let mut phone = Phone::new(user, &address, Transport::Udp, u64::from(port));
        assert_eq!(phone.register(rig, "1234", 600), 200);
        phone
    }

    /// Who was told what since the last look: the port, and the body.
    fn told(rig: &mut Rig) -> Vec<(u16, String)> {
        let mut told: Vec<_> = rig
            .sent()
            .into_iter()
            .filter_map(|sent| {
                let message = parse_datagram(sent.bytes).ok()?;
                if message.method() != Some(&Method::Notify) {
                    return None;
                }
                let header = |name| message.header_named(name).map(str::to_owned);
                assert_eq!(header("Event").as_deref(), Some("message-summary"));
                assert_eq!(header("Subscription-State").as_deref(), Some("active"));
                let kind = message.header(HeaderName::ContentType);
                assert_eq!(kind, Some("application/simple-message-summary"));
                let body = String::from_utf8(message.body().to_vec()).ok()?;
                Some((sent.target.remote.port(), body))
            })
            .collect();
        told.sort();
        told
    }

    fn lines(waiting: &str, user: &str, more: &str) -> String {
        format!("Messages-Waiting: {waiting}\r\nMessage-Account: sip:{user}@127.0.0.1\r\n{more}")
    }

    fn fire(rig: &mut Rig, headers: &[(&str, &str)]) -> Vec<(u16, String)> {
        let event = CustomEvent {
            name: "MESSAGE_WAITING".into(),
            subclass: None,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            body: None,
            from_client: true,
        };
        rig.get(Fire { event }).unwrap();
        told(rig)
    }

    fn message(id: &str, read: bool) -> api::view::VoiceMessage {
        api::view::VoiceMessage {
            id: id.into(),
            caller_name: "".into(),
            caller_number: "1001".into(),
            left_at: api::Timestamp(1),
            read_at: read.then_some(api::Timestamp(2)),
            length_ms: 1_000,
            path: "/voicemail/a.wav".into(),
        }
    }

    fn name(user: &str) -> Extension {
        Extension {
            user: user.into(),
            domain: "127.0.0.1".into(),
        }
    }

    #[test]
    fn every_phone_of_the_owner_is_told_of_a_change_and_nobody_else() {
        let mut rig = Rig::new();
        let _phones = [
            phone(&mut rig, "1000", 5601),
            phone(&mut rig, "1000", 5602),
            phone(&mut rig, "1001", 5603),
        ];
        assert_eq!(told(&mut rig), [], "nothing waits for them");
        let found = vec![
            (name("1000"), message("a", false)),
            (name("1000"), message("b", true)),
        ];
        rig.feed(Input::VoicemailFound(found));
        let said = lines("yes", "1000", "Voice-Message: 1/1 (0/0)\r\n");
        assert_eq!(told(&mut rig), [(5601, said.clone()), (5602, said)]);
    }

    #[test]
    fn a_phone_that_comes_is_told_what_waits() {
        let mut rig = Rig::new();
        rig.feed(Input::VoicemailFound(vec![(
            name("1000"),
            message("a", true),
        )]));
        assert_eq!(told(&mut rig), []);
        let mut one = phone(&mut rig, "1000", 5601);
        // What comes behind the answer to a REGISTER the phone reads with its next one.
        assert_eq!(one.notified, Vec::<String>::new());
        let said = lines("no", "1000", "Voice-Message: 0/1 (0/0)\r\n");
        for _ in 0..2 {
            assert_eq!(one.register(&mut rig, "1234", 600), 200);
            assert_eq!(
                one.notified,
                std::slice::from_ref(&said),
                "once, and not when it refreshes"
            );
        }
    }

    #[test]
    fn a_program_lights_the_lamps_it_names() {
        let mut rig = Rig::new();
        let _phones = [phone(&mut rig, "1000", 5601), phone(&mut rig, "1000", 5602)];
        let usual = [
            ("MWI-Messages-Waiting", "yes"),
            ("MWI-Message-Account", "sip:1000@127.0.0.1"),
            ("MWI-Voice-Message", "2/1 (1/0)"),
            ("X-Else", "1"),
            ("mwi-Fax-Message", "1/0 (0/0)"),
        ];
        let said = lines(
            "yes",
            "1000",
            "Voice-Message: 2/1 (1/0)\r\nFax-Message: 1/0 (0/0)\r\n",
        );
        assert_eq!(
            fire(&mut rig, &usual),
            [(5601, said.clone()), (5602, said.clone())]
        );
        let with = |header| {
            let mut headers = usual.to_vec();
            headers.push(header);
            headers
        };
        assert_eq!(
            fire(&mut rig, &with(("call-id", "call-of-1000-5602"))),
            [(5602, said.clone())]
        );
        assert_eq!(
            fire(&mut rig, &with(("sofia-profile", "Internal"))).len(),
            2
        );
        for refused in [
            ("sofia-profile", "external"),
            ("sub-call-id", "a"),
            ("call-id", "b"),
        ] {
            assert_eq!(fire(&mut rig, &with(refused)), [], "{refused:?}");
        }
        assert_eq!(fire(&mut rig, &usual[1..]), []);
        assert_eq!(
            fire(
                &mut rig,
                &[usual[0], ("MWI-Message-Account", "4711@127.0.0.1")]
            ),
            []
        );
        // What would be lines of its own, or too long, is left out.
        let long = "9".repeat(MAX_BODY);
        let wrong = [
            usual[0],
            usual[1],
            ("MWI-A", "1\r\nB: 2"),
            ("MWI-C", &long),
            usual[2],
        ];
        let said = lines("yes", "1000", "Voice-Message: 2/1 (1/0)\r\n");
        assert_eq!(fire(&mut rig, &wrong), [(5601, said.clone()), (5602, said)]);
    }
}
