//! Recorded conversations replayed against a server over TCP, and what differed.
//!
//! A transcript (`golden/event-socket/*.txt`) reads like the conversation: `>>> A` is what connection A sends,
//! `<<< A` one frame it receives. `docs/` of the folder's `README.md` tells the notation; differences chosen on
//! purpose stand in its `DIFFERENCES.md`, each with a reason, and are printed with every run.

pub mod compare;
pub mod differences;
pub mod event_form;
pub mod frame;
pub mod pattern;
mod registering;
pub mod runner;
pub mod transcript;

pub use differences::Differences;
pub use pattern::Bindings;
pub use runner::{Report, Runner};
pub use transcript::Transcript;
