//! sylkrtc.md §3.6: there are no video rooms yet, and no session of one can exist.

use super::Handled;
use crate::error::Refusal;
use crate::session::Session;
use crate::wire::videoroom::{Join, RoomRequest};

impl Session {
    pub(super) fn videoroom_join(&self, join: &Join) -> Handled {
        if self.accounts.named(&join.account).is_none() {
            return Err(Refusal::unknown_account(&join.account));
        }
        Err(Refusal::new("Video rooms are not supported by this server"))
    }

    #[allow(clippy::unused_self, reason = "the signature of a request")]
    pub(super) fn videoroom(&self, request: &RoomRequest) -> Handled {
        Err(Refusal(format!(
            "Unknown room session: {}",
            request.session
        )))
    }
}
