//! Kits for tests: recorded conversations replayed against a server.

pub mod golden;
