//! Sound from directions: sources placed around listeners, each heard with two ears.
//!
//! A [`Renderer`] holds the tables of one rate, frame length and [`Quality`], made from a set of ears ([`HrtfSet`]).
//! In every frame each source is transformed once ([`SourceSpectrum::analyse`]); each [`Listener`] multiplies it with the
//! filters of its direction, adds all sources up as spectra, and transforms back once per ear. [`Viewpoint`] says from
//! where, and how loud, a source is heard; `docs/spatial.md` says what comes out.
//!
//! Nothing here allocates, locks or logs after it is made, except where its documentation says so.

mod attenuation;
mod band_limited;
mod crosstalk;
mod equaliser;
mod filter_table;
mod head_model;
mod hrtf;
mod impulse_grid;
mod limiter;
mod listener;
mod measured;
mod pose;
mod renderer;
mod reverb;
mod scene;
pub mod sofa;
mod spectrum;
mod vector;

pub use attenuation::Attenuation;
pub use crosstalk::{Device, HalfSpan};
pub use filter_table::Quality;
pub use hrtf::{Equalisation, HrtfSet};
pub use limiter::{CEILING, Limiter};
pub use listener::{Listener, ListenerControls, Mix, MixSpace, Mixing};
pub use pose::{Heading, Pose, Position};
pub use renderer::{RATES_HZ, Renderer};
pub use reverb::{RT60_S, SEND_DB};
pub use scene::{Bearing, Direction, Hearing, Spherical, Viewpoint};
pub use sofa::SofaError;
pub use spectrum::{Sound, SourceSpectrum};
