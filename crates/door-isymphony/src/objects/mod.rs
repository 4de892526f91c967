//! Objects of the Configuration API (event-api.md §8): what they are, how they are changed, where they are kept.

mod fields;
mod keep;
mod kind;
mod snapshot;
mod starter;

pub(crate) use fields::{complete, overlay};
pub(crate) use keep::{Configuration, milliseconds};
pub use keep::{KeepError, Place};
pub(crate) use kind::{FieldType, Kind};
pub(crate) use snapshot::{Object, Objects, Owner};
pub(crate) use starter::from_directory;
