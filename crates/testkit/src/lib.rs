//! Kits for tests: recorded conversations replayed against a server, and a whole switch with phones in virtual time.

pub mod golden;
pub mod sim;
