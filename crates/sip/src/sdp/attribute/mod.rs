//! Typed views of attributes.

mod candidate;
mod crypto;
mod direction;
mod rtpmap;

pub use candidate::Candidate;
pub use crypto::{Crypto, InlineKey};
pub use direction::Direction;
pub use rtpmap::{RtpMap, static_payload};
