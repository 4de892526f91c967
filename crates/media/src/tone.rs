//! Sound made by ourselves: the tone generator's language, silence, and a tune to wait by.

pub mod hold_music;
pub mod script;
pub mod silence;
pub mod stream;

pub use hold_music::HoldMusic;
pub use script::{Script, ScriptError};
pub use silence::Silence;
pub use stream::ToneStream;
