//! Subscriptions of peers (RFC 6665): the dialog a SUBSCRIBE makes, and the NOTIFYs within it.
//!
//! To what, by whom and for how long is the owner's, who answers the SUBSCRIBEs, says when something is to be notified,
//! and ends the subscription.

mod notifier;

use crate::dialog::Dialog;

/// One subscription of a peer.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) call_id: Box<str>,
    /// Our tag as printed; as a number it is the subscription's id.
    pub(crate) local_tag: Box<str>,
    /// From of our requests, with our tag.
    pub(crate) local: Box<str>,
    /// Our Contact URI.
    pub(crate) contact: Box<str>,
    /// Number of our last request.
    pub(crate) local_cseq: u32,
    pub(crate) dialog: Dialog,
}
