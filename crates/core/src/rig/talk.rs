//! The far side of one SIP call, message by message: for what a phone may say and [`Phone`](super::Phone) does not.

use api::{Answer, ChannelId};
use sip::message::{HeaderName, Message, Method};

use super::Rig;

/// One dialog, seen from the far side.
pub(crate) struct Talk {
    address: String,
    /// Its own side, with the tag.
    own: String,
    /// The switch's side, with the tag once that is known.
    theirs: String,
    call_id: String,
    cseq: u32,
}

fn header(message: &Message, name: HeaderName) -> String {
    message.header(name).unwrap_or_default().to_owned()
}

impl Talk {
    /// The dialog of a call of ours that `tests::foreign::respond` answers.
    pub(crate) fn called(invite: &Message, address: &str) -> Self {
        Self {
            address: address.into(),
            own: format!("{};tag=there", header(invite, HeaderName::To)),
            theirs: header(invite, HeaderName::From),
            call_id: header(invite, HeaderName::CallId),
            cseq: 1,
        }
    }

    /// Somebody calls.
    pub(crate) fn calls(
        rig: &mut Rig,
        address: &str,
        from: &str,
        to: &str,
        headers: &str,
        sdp: &str,
    ) -> Self {
        let mut talk = Self {
            address: address.into(),
            own: format!("<sip:{from}>;tag=b"),
            theirs: format!("<sip:{to}>"),
            call_id: format!("{from}-calls-{to}"),
            cseq: 0,
        };
        let contact = format!("Contact: <sip:{address}>\r\n{headers}");
        talk.send(
            rig,
            &Method::Invite,
            &format!("sip:{to}"),
            &with_sdp(&contact),
            sdp,
        );
        talk
    }

    /// The caller takes a 200 it got, and answers with the ACK.
    pub(crate) fn take(&mut self, rig: &mut Rig, answer: &Message) {
        self.theirs = header(answer, HeaderName::To);
        self.ack(rig, "");
    }

    pub(crate) fn ack(&mut self, rig: &mut Rig, sdp: &str) {
        self.cseq -= 1;
        let headers = if sdp.is_empty() {
            String::new()
        } else {
            with_sdp("")
        };
        self.send(rig, &Method::Ack, "sip:mod_sofia@127.0.0.1", &headers, sdp);
    }

    /// A request within the call.
    pub(crate) fn request(&mut self, rig: &mut Rig, method: &Method, headers: &str, sdp: &str) {
        let contact = format!("Contact: <sip:{}>\r\n{headers}", self.address);
        let headers = if sdp.is_empty() {
            contact
        } else {
            with_sdp(&contact)
        };
        self.send(rig, method, "sip:mod_sofia@127.0.0.1", &headers, sdp);
    }

    /// The Replaces header that names this call to the switch.
    pub(crate) fn replaces(&self) -> String {
        let tag = |party: &str| {
            party
                .rsplit_once("tag=")
                .map_or_else(String::new, |(_, tag)| tag.to_owned())
        };
        format!(
            "{};to-tag={};from-tag={}",
            self.call_id,
            tag(&self.theirs),
            tag(&self.own)
        )
    }

    fn send(&mut self, rig: &mut Rig, method: &Method, uri: &str, headers: &str, body: &str) {
        self.cseq += 1;
        let Self {
            address,
            own,
            theirs,
            call_id,
            cseq,
        } = &*self;
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{method}{cseq}{}\r\n\
             From: {own}\r\nTo: {theirs}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            call_id.replace(['@', '-', '.'], ""),
            body.len()
        );
        rig.receive(address, &text);
    }
}

fn with_sdp(headers: &str) -> String {
    format!("{headers}Content-Type: application/sdp\r\n")
}

impl Rig {
    /// Says yes to the one INVITE that was sent, and returns the far side.
    pub(crate) fn pick_up(&mut self, address: &str, sdp: &str) -> Talk {
        let invite = crate::web::tests::foreign::sent(self, &Method::Invite);
        let headers = format!("Contact: <sip:{address}>\r\n{}\r\n{sdp}", with_sdp(""));
        crate::web::tests::foreign::respond_from(self, address, &invite, "200 OK", &headers);
        Talk::called(&invite, address)
    }

    /// Calls somebody who picks up, and parks the channel.
    pub(crate) fn called(&mut self, dial: &str, address: &str, sdp: &str) -> (ChannelId, Talk) {
        self.sent();
        let request = self.call(dial);
        let talk = self.pick_up(address, sdp);
        match self.answers.remove(&request.0) {
            Some(Ok(Answer::Channel(id))) => (id, talk),
            other => panic!("{other:?}"),
        }
    }

    /// The final response sent last.
    pub(crate) fn last_final(&mut self) -> Message {
        self.take_sent()
            .into_iter()
            .rev()
            .find(|message| message.code().is_some_and(|code| code >= 200))
            .expect("a final response")
    }
}
