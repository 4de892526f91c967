//! The sylkRTC door.
