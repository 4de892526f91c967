//! `event_socket::dropped`: events a connection did not get (event-socket.md §7.3). It stands in no order of the switch, as
//! it is said to one connection only.

use super::{Server, Source, server_headers};
use crate::headers::Headers;
use api::{Seq, Timestamp};

const SUBCLASS: &str = "event_socket::dropped";

/// What a connection did not get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dropped {
    /// How many events it would have got; `None`: nobody knows.
    pub count: Option<u64>,
    /// `Event-Sequence` of the first and of the last one, where they are of this run of the server.
    pub sequence: Option<(u64, u64)>,
    /// The same as `Jackfield-Sequence`, where events are logged. `replay` of one less than the first brings them, if they are
    /// in the log.
    pub durable: Option<(u64, u64)>,
}

impl Dropped {
    /// The event that tells.
    pub fn headers(&self, server: &Server, now: Timestamp) -> Headers {
        let source = Source {
            file: "dropped.rs",
            function: "headers",
            line: line!(),
        };
        let mut headers = Headers::new();
        headers.push("Event-Name", "CUSTOM");
        let last = self.sequence.map_or(0, |(_, last)| last);
        server_headers(&mut headers, server, now, Seq(last), &source);
        if self.sequence.is_none() {
            headers.remove("Event-Sequence");
        }
        headers.push("Event-Subclass", SUBCLASS);
        match self.count {
            Some(count) => headers.push_display("Dropped-Count", count),
            None => headers.push("Dropped-Count", "unknown"),
        }
        if let Some((first, last)) = self.sequence {
            headers.push_display("First-Sequence", first);
            headers.push_display("Last-Sequence", last);
        }
        if let Some((first, last)) = self.durable {
            headers.push_display("Jackfield-First-Sequence", first);
            headers.push_display("Jackfield-Last-Sequence", last);
        }
        headers
    }
}
