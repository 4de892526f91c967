//! Typed views of header values, made when asked for.

mod cseq;
mod name;
mod name_addr;
mod params;
mod reason;
mod replaces;
mod via;

pub use cseq::CSeq;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use params::{Params, quote, split_list, unquote};
pub use reason::Reason;
pub use replaces::Replaces;
pub use via::{MAGIC_COOKIE, Via};
