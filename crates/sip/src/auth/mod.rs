//! Digest authentication, both ways (RFC 3261 §22, RFC 7616, RFC 8760).

mod authenticator;
mod client;
mod credentials;
mod digest;
mod nonce;
mod params;
mod unanswered;

pub use authenticator::{Authenticator, ChallengeKind, Claim, Verdict};
pub use credentials::{Credentials, Secret};
pub use digest::{Algorithm, Ha1};
pub use unanswered::Unanswered;

pub(crate) use client::ChallengeAnswerer;
