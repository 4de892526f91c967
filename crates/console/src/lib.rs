//! The web console: a front page that says what is open, and a telephone for the browser.
//!
//! The pages are built ahead and embedded. They speak the protocols of the doors, the telephone that of
//! the web gateway; there is no private one, so the console needs nothing of the switch and can do
//! nothing another client could not do.
//!
//! The sources of the telephone are TypeScript below `web/`; what the compiler made of them lies below
//! `compiled/` and is what is served. A conformance test compares the two.

#![warn(missing_docs)]

mod contents;
mod front;
mod pages;
mod start;

pub use contents::{Contents, Entry, Gateway};
pub use start::{BindError, Config, Console};
