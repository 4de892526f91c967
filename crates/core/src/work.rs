//! Things left to do within one step. A queue instead of calls keeps the order of events plain and the stack flat.

use api::ChannelId;

use crate::originate::OriginateId;

/// One thing left to do.
#[derive(Debug)]
pub(crate) enum Work {
    /// The endpoint of a new outbound channel acts (INVITE, answer, the other half).
    StartEnd(ChannelId),
    /// A new inbound channel goes through its first states and the dialplan.
    RouteInbound(ChannelId),
    /// A transferred channel looks up the dialplan.
    Hunt(ChannelId),
    /// The script may go on.
    Continue(ChannelId),
    /// Queued messages may be run.
    Messages(ChannelId),
    /// A hung-up channel goes through its last states.
    Finish(ChannelId),
    /// A channel is forgotten.
    Destroy(ChannelId),
    /// An originate looks at its legs.
    Judge(OriginateId),
    /// A media leg that bridges, plays or answers waits for has opened.
    MediaReady(ChannelId),
    /// A participant of a video room is no member of its conference any more.
    EndParticipation(ChannelId),
    /// Somebody came to a fifo.
    Fifo(std::sync::Arc<str>),
    /// A phone has registered, and is told what waits for its user.
    Lamp(u64),
}
