//! The web console: a front page that says what is open, a telephone for the browser, plans of rooms, and
//! a panel of people, calls and queues.
//!
//! The pages are built ahead and embedded. They speak the protocols of the doors, the telephone that of
//! the web gateway, the plans that of the Event Manager, the panel that of iSymphony; there is no private one, so the console needs nothing of the
//! switch and can do nothing another client could not do.
//!
//! The sources of the pages are TypeScript below `web/`; what the compiler made of them lies below
//! `compiled/` and is what is served. A conformance test compares the two.

#![warn(missing_docs)]

mod contents;
mod front;
mod pages;
mod start;

pub use contents::{Contents, Entry, Gateway, Rooms};
pub use start::{BindError, Config, Console, PANEL, ROOMS_SOCKET};
