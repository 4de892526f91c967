//! The switch: state machine, dialplan, directory, registrar, rooms. Pure: `(now, input)` in, effects out.

pub mod config_xml;
pub mod dialplan;
pub mod directory;
pub mod expand;
pub mod lookup;
