//! Typed views of header values, made when asked for.

mod cseq;
mod name;
mod name_addr;
mod params;
mod rack;
mod reason;
mod replaces;
mod session_expires;
mod via;

pub use cseq::CSeq;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use params::{Params, quote, split_list, unquote};
pub use rack::RAck;
pub use reason::Reason;
pub use replaces::Replaces;
pub(crate) use session_expires::delta_seconds;
pub use session_expires::{Refresher, SessionExpires};
pub use via::{MAGIC_COOKIE, Via};
