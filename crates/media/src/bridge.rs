//! Two legs that hear each other, and one that hears itself.

pub(crate) mod echo;
pub(crate) mod relay;

pub(crate) use echo::Echo;
