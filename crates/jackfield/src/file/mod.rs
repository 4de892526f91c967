//! The configuration: one TOML file of ours, the XML folder it points to, and what both come to.
//!
//! Every reader goes on after an error, so that all of them can be said at once.

mod acl_conf;
mod call_files_conf;
mod call_records;
mod conference;
mod console;
mod convert;
mod event_log;
mod event_socket_conf;
mod event_socket_users;
mod eventmanager;
mod gateways;
mod isymphony;
mod local_streams;
mod module_params;
mod problem;
mod quantity;
mod schema;
mod sip_extensions;
mod sip_tls;
mod sofia_conf;
mod spatial;
mod store;
mod switch_conf;
mod sylkrtc;
mod tls;
mod toml_tree;
mod transfers;
mod turn;
mod webapp;
mod webrtc;

pub(crate) use acl_conf::access_lists;
pub(crate) use convert::{Settings, load};
pub(crate) use problem::Problem;
pub(crate) use schema::Listen;
pub(crate) use store::StoreConfig;

#[cfg(test)]
mod tests;
