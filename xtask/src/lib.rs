//! The list of things people type at this repository, and the checks behind them.
//!
//! `cargo xtask help` prints the commands. The library half exists so that `tests/tidy.rs` runs the
//! same checks under plain `cargo test`.

pub mod background;
pub mod bench;
pub mod fuzz;
pub mod lanes;
pub mod outcome;
pub mod prerequisites;
pub mod repository;
pub mod tidy;
