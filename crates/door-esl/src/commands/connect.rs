//! `connect`: the reply is a dump of the controlled channel (event-socket.md §3.2).

use esl::command::NOT_FOUND;
use esl::headers::Headers;
use esl::serialise::plain;
use esl::view::{channel_dump, profile};
use esl::{EventName, clock};

use crate::ending::End;
use crate::host::now;
use crate::session::Session;

impl Session {
    pub(super) fn connect(&mut self) -> Result<(), End> {
        let view = self.shared.switch.view();
        let Some(channel) = self.controlled_channel() else {
            return self.answer(NOT_FOUND);
        };
        let mut all = self.core_headers(view.as_of);
        if let Some(own) = &channel.profile {
            profile(&mut all, "Channel-", own);
        }
        channel_dump(&mut all, &channel);
        all.push("Content-Type", "command/reply");
        all.push("Reply-Text", "+OK\n");
        let outbound = self.controlled.as_ref().and_then(|c| c.outbound.as_ref());
        let of = |applies: bool, yes, no| if applies { yes } else { no };
        let asynchronous = outbound.is_none_or(|outbound| outbound.asynchronous);
        let full = outbound.is_none_or(|outbound| outbound.full);
        all.push("Socket-Mode", of(asynchronous, "async", "static"));
        all.push("Control", of(full, "full", "single-channel"));
        let mut frame = Vec::new();
        plain::write(&mut frame, &without_repeats(all));
        self.send(frame)
    }

    fn core_headers(&self, as_of: api::Seq) -> Headers {
        let server = &self.shared.environment.server;
        let now = now();
        let mut headers = Headers::with_capacity(128);
        headers.push("Event-Name", EventName::ChannelData.as_str());
        headers.push("Core-UUID", server.core_uuid.clone());
        headers.push("FreeSWITCH-Hostname", server.hostname.clone());
        headers.push("FreeSWITCH-Switchname", server.switchname.clone());
        headers.push("FreeSWITCH-IPv4", server.ipv4.clone());
        headers.push("FreeSWITCH-IPv6", server.ipv6.clone());
        headers.push("Event-Date-Local", clock::local(now, &server.zone));
        headers.push("Event-Date-GMT", clock::gmt(now));
        headers.push_display("Event-Date-Timestamp", now.as_micros());
        headers.push("Event-Calling-File", "connect.rs");
        headers.push("Event-Calling-Function", "connect");
        headers.push_display("Event-Calling-Line-Number", line!());
        headers.push_display("Event-Sequence", as_of);
        headers
    }
}

/// Every name once, at its first place with its last value.
fn without_repeats(headers: Headers) -> Headers {
    let mut kept: Vec<esl::headers::Header> = Vec::with_capacity(headers.len());
    for header in headers.iter() {
        let same = |h: &&mut esl::headers::Header| h.name.eq_ignore_ascii_case(&header.name);
        match kept.iter_mut().find(same) {
            Some(earlier) => earlier.value = header.value.clone(),
            None => kept.push(header.clone()),
        }
    }
    let mut unique = Headers::with_capacity(kept.len());
    kept.into_iter()
        .for_each(|header| unique.push_header(header));
    unique
}
