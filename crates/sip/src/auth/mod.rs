//! Digest authentication, both ways (RFC 3261 §22, RFC 7616, RFC 8760).

mod credentials;
mod digest;

pub use credentials::{Credentials, Secret};
pub use digest::{Algorithm, Ha1};
