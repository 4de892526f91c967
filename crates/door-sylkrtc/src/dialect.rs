//! The three dialects behind one translator per connection (sylkrtc.md §2.5 – §2.7).
//!
//! Everything inside speaks D2. What a D1 client sends is translated before it is read; what it cannot understand is
//! dropped or adapted before it is printed.

mod inbound;
mod outbound;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::wire::Event;
use crate::wire::session::Answer;

/// What a connection speaks, fixed by the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// `sylkRTC-1`, and an old request name was used.
    V0,
    /// `sylkRTC-1`
    V1,
    /// `sylkRTC-2`
    V2,
}

impl Dialect {
    /// Of these the first that a client offers is taken.
    pub(crate) const PREFERENCE: [(&'static str, Self); 2] =
        [("sylkRTC-2", Self::V2), ("sylkRTC-1", Self::V1)];
}

/// Between one connection and D2.
pub(crate) struct Translator {
    dialect: Dialect,
    /// Answers that came with early media, of which D1 knows nothing: they go into `accepted`.
    early: HashMap<Arc<str>, Answer>,
}

impl Translator {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            early: HashMap::new(),
        }
    }

    /// What is spoken by now.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A request in the shape of D2, and its name.
    pub(crate) fn inbound(
        &mut self,
        name: &str,
        members: Map<String, Value>,
    ) -> (String, Map<String, Value>) {
        match self.dialect {
            Dialect::V2 => (name.to_owned(), members),
            Dialect::V0 | Dialect::V1 => {
                // Servers of that time did not care about the case.
                let name = name.to_lowercase();
                match inbound::renamed(&name) {
                    Some(new) => {
                        self.dialect = Dialect::V0;
                        (new.to_owned(), members)
                    }
                    None => inbound::to_d2(name, members),
                }
            }
        }
    }

    /// The frame, or nothing for what the client would not understand.
    pub(crate) fn outbound(&mut self, event: &Event) -> Option<String> {
        match self.dialect {
            Dialect::V2 => Some(event.print()),
            Dialect::V0 | Dialect::V1 => outbound::d1(event, self.dialect, &mut self.early),
        }
    }
}

#[cfg(test)]
mod tests;
