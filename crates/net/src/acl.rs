//! Access lists in the manner of `acl.conf` (event-socket.md §1.1): the most specific network decides.

mod list;
mod network;
mod set;

pub use list::{Acl, Rule};
pub use network::{BadNetwork, Network, plain_address, subscriber};
pub use set::Acls;
