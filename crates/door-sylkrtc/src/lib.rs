//! The sylkRTC door.
#![allow(dead_code)]
mod cpim;
mod dialect;
mod imdn;
mod timestamp;
mod wire;
