//! A whole switch with phones, a bad network and a clock that does not wait.
//!
//! [`World`] holds the pure switch, the pure media engine and any number of [`Phone`]s. Everything that happens
//! follows from one seed, so a failure is repeated by its number.

mod phone;
mod shell;
mod wire;
mod world;

pub use phone::{Call, Manner, Phone};
pub use wire::Weather;
pub use world::World;
