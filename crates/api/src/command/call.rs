//! Commands about calls.

use std::sync::Arc;
use std::time::Duration;

use crate::application::Application;
use crate::cause::HangupCause;
use crate::dial::DialString;
use crate::id::ChannelId;

/// What a new channel does once it is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// Run one application.
    Run(Application),
    /// Go through the dialplan.
    Route {
        /// Number looked for; for `inline` the list of applications.
        extension: Arc<str>,
        /// `XML` or `inline`.
        dialplan: Arc<str>,
        /// Context looked in.
        context: Arc<str>,
    },
}

/// Calls somebody. Answered with the winning channel once it answers or, unless `ignore_early_media` is set,
/// sends early media (event-socket.md §6.4).
///
/// # Errors
/// `CallFailed` with the hangup cause.
#[derive(Clone, Debug)]
pub struct Originate {
    /// Whom.
    pub dial: DialString,
    /// What for.
    pub then: Then,
    /// Caller's name shown.
    pub caller_id_name: Option<Arc<str>>,
    /// Caller's number shown.
    pub caller_id_number: Option<Arc<str>>,
    /// How long it may ring; default 60 s.
    pub timeout: Option<Duration>,
}

/// Which channels a [`HangupAll`] is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matching {
    /// All.
    Everything,
    /// Those whose variables all have these values.
    Variables(Vec<(Arc<str>, Arc<str>)>),
}

/// Hangs up many channels; answered with how many.
#[derive(Clone, Debug)]
pub struct HangupAll {
    /// Why.
    pub cause: HangupCause,
    /// Which.
    pub matching: Matching,
}

/// Connects two channels with each other.
///
/// # Errors
/// `NotFound(Channel)`, `InvalidState`.
#[derive(Clone, Debug)]
pub struct BridgeChannels {
    /// Becomes the A leg.
    pub a: ChannelId,
    /// Becomes the B leg.
    pub b: ChannelId,
}
