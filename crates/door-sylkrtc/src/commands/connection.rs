//! sylkrtc.md §3.1

use std::sync::Arc;

use super::{Done, Handled};
use crate::session::Session;
use crate::store::key;
use crate::wire::Event;

impl Session {
    /// The event comes before the `ack` (sylkrtc.md §1.10).
    pub(super) async fn lookup_public_key(&mut self, uri: Arc<str>) -> Handled {
        let public_key = self.shared.store.public_key(&key(&uri)).await?;
        self.say(&Event::PublicKey { uri, public_key });
        Ok(Done::default())
    }
}
