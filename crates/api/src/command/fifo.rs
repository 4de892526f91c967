//! Commands about the members of fifos (event-socket.md §6.8).

use std::sync::Arc;

use crate::view::FifoMemberSettings;

/// Changes who is called when callers wait in a fifo.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeFifo {
    /// Somebody is called from now on, in this run of the server and the next; one that is there is called like this instead.
    /// `InvalidArgument` for what is no dial string or no name of a fifo, `LimitReached` when there are too many,
    /// `Unavailable` until it is known what earlier runs have kept.
    PutMember {
        /// Name of the fifo; it is there from then on.
        fifo: Arc<str>,
        /// Whom to call.
        dial: Arc<str>,
        /// How.
        settings: FifoMemberSettings,
    },
    /// Somebody is not called any more; one that is not there stays away. `Unavailable` as above.
    RemoveMember {
        /// Name of the fifo.
        fifo: Arc<str>,
        /// Whom.
        dial: Arc<str>,
    },
    /// Members are those of the configuration again, as it was read last. `Unavailable` as above.
    Reparse {
        /// Those that commands have put there are forgotten.
        delete_all: bool,
    },
}
