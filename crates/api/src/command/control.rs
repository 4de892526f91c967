//! Commands about a channel that the application `socket` (event-socket.md §3) or `webapp` hands to a program.
//!
//! The switch says [`ControllerWanted`](crate::event::SystemEvent::ControllerWanted) and waits. A door claims the
//! wish, dials, and says how it went; the switch never waits for the door longer than a claim may take.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::command::channel::QueuedAction;
use crate::id::ChannelId;

/// One run of the application `socket` or `webapp`. Never the same twice while the server runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ControlId(pub u64);

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A door dials for that channel from now on, and will say [`BeginControl`] or [`EndControl`].
///
/// # Errors
/// `InvalidState` when the channel no longer waits for that, or another door was quicker.
#[derive(Clone, Debug)]
pub struct ClaimControl {
    /// Which channel.
    pub channel: ChannelId,
    /// Which run of `socket`.
    pub control: ControlId,
    /// Longest time dialling takes; the channel goes on by itself when it is over.
    pub within: Duration,
}

/// The program was reached.
///
/// # Errors
/// `InvalidState` when the channel no longer waits for that.
#[derive(Clone, Debug)]
pub struct BeginControl {
    /// Which channel.
    pub channel: ChannelId,
    /// Which run of `socket`.
    pub control: ControlId,
}

/// The program has spoken: a channel of the asynchronous mode parks.
///
/// # Errors
/// `InvalidState` when the channel left the application.
#[derive(Clone, Debug)]
pub struct ParkForControl {
    /// Which channel.
    pub channel: ChannelId,
    /// Which run of `socket`.
    pub control: ControlId,
}

/// Runs something for the program of the synchronous mode; answered when it is through, or the channel is down.
///
/// # Errors
/// `InvalidState` when the channel left the application.
#[derive(Clone, Debug)]
pub struct ExecuteControlled {
    /// Which channel.
    pub channel: ChannelId,
    /// Which run of `socket`.
    pub control: ControlId,
    /// What.
    pub action: QueuedAction,
    /// The request's body.
    pub body: Option<Arc<str>>,
    /// Queued messages wait until it has ended.
    pub event_lock: bool,
    /// `${…}` in its argument is text like any other.
    pub verbatim: bool,
}

/// The program was not reached, or has left: the channel goes on in its dialplan when what it is doing for the program
/// ends. With the variable `socket_resume` that ends at once, unless the channel talks with somebody. Nothing happens
/// when the channel left the application before.
#[derive(Clone, Debug)]
pub struct EndControl {
    /// Which channel.
    pub channel: ChannelId,
    /// Which run of `socket`.
    pub control: ControlId,
}
