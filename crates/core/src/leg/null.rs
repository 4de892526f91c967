//! `null/…`: a leg that answers at once and hears nobody.

use api::ChannelId;

use crate::Switch;

impl Switch {
    pub(super) fn start_null(&mut self, id: &ChannelId) {
        self.open_internal_media(id, Self::internal_kind());
        self.mark_answered(id);
        self.leg_answered(id);
    }
}
