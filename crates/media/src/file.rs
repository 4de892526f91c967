//! What clients call a file: its name, WAV bytes, and several in a row.

pub mod chain;
pub mod name;
pub mod wav;

pub use chain::Chain;
pub use name::{FileName, Part};
