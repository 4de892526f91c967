//! The configuration: one TOML file of ours, the XML folder it points to, and what both come to.
//!
//! Every reader goes on after an error, so that all of them can be said at once.

mod acl_conf;
mod console;
mod convert;
mod event_socket_conf;
mod eventmanager;
mod module_params;
mod problem;
mod quantity;
mod schema;
mod sofia_conf;
mod switch_conf;
mod sylkrtc;
mod tls;
mod toml_tree;
mod turn;
mod webrtc;

pub(crate) use acl_conf::access_lists;
pub(crate) use convert::{Settings, load};
pub(crate) use problem::Problem;
pub(crate) use schema::Listen;

#[cfg(test)]
mod tests;
