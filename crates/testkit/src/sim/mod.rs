//! A whole switch with phones, a bad network and a clock that does not wait.
//!
//! [`World`] holds the pure switch, the pure media engine and any number of [`Phone`]s and
//! [`Browser`]s. Everything that happens
//! follows from one seed, so a failure is repeated by its number.

mod browser;
mod peers;
mod phone;
mod seat;
mod shell;
mod wire;
mod world;

pub use browser::{AUDIO, AUDIO_AND_VIDEO, Browser};
pub use phone::{Call, Manner, Phone};
pub use seat::Seat;
pub use wire::Weather;
pub use world::World;

/// The seed of a long history: `SIM_SEED` of the environment, to repeat one that failed, else 42.
pub fn seed() -> u64 {
    let named = std::env::var("SIM_SEED").ok();
    named.and_then(|seed| seed.parse().ok()).unwrap_or(42)
}
