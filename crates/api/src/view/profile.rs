use std::sync::Arc;

use super::channel::Direction;
use crate::id::ChannelId;
use crate::time::Timestamp;

/// Who calls whom on a channel, and when what happened (event-socket.md §4.4). Empty texts print as
/// nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "fields are the headers of the same name")]
pub struct CallerProfile {
    pub direction: Direction,
    pub logical_direction: Direction,
    pub username: Arc<str>,
    pub dialplan: Arc<str>,
    pub caller_id_name: Arc<str>,
    pub caller_id_number: Arc<str>,
    pub orig_caller_id_name: Arc<str>,
    pub orig_caller_id_number: Arc<str>,
    pub callee_id_name: Arc<str>,
    pub callee_id_number: Arc<str>,
    pub network_addr: Arc<str>,
    pub ani: Arc<str>,
    pub ani_ii: Arc<str>,
    pub destination_number: Arc<str>,
    pub unique_id: ChannelId,
    pub source: Arc<str>,
    pub transfer_source: Arc<str>,
    pub context: Arc<str>,
    pub rdnis: Arc<str>,
    pub channel_name: Arc<str>,
    /// Counts from 1; each transfer makes a new profile.
    pub index: u32,
    /// Extra values set with `set_profile_var`.
    pub custom: Vec<(Arc<str>, Arc<str>)>,
    pub times: ProfileTimes,
    pub screen_bit: bool,
    pub privacy_hide_name: bool,
    pub privacy_hide_number: bool,
}

/// When what happened; [`Timestamp::ZERO`] for "not yet".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "fields are the headers of the same name")]
pub struct ProfileTimes {
    pub profile_created: Timestamp,
    pub created: Timestamp,
    pub answered: Timestamp,
    pub progress: Timestamp,
    pub progress_media: Timestamp,
    pub hungup: Timestamp,
    pub transferred: Timestamp,
    pub resurrected: Timestamp,
    pub bridged: Timestamp,
    pub last_hold: Timestamp,
    /// Microseconds spent on hold.
    pub hold_accum_us: i64,
}

impl CallerProfile {
    /// A profile with nothing but an id and a direction.
    pub fn new(unique_id: ChannelId, direction: Direction) -> Self {
        let none: Arc<str> = "".into();
        Self {
            direction,
            logical_direction: direction,
            username: none.clone(),
            dialplan: none.clone(),
            caller_id_name: none.clone(),
            caller_id_number: none.clone(),
            orig_caller_id_name: none.clone(),
            orig_caller_id_number: none.clone(),
            callee_id_name: none.clone(),
            callee_id_number: none.clone(),
            network_addr: none.clone(),
            ani: none.clone(),
            ani_ii: none.clone(),
            destination_number: none.clone(),
            unique_id,
            source: none.clone(),
            transfer_source: none.clone(),
            context: none.clone(),
            rdnis: none.clone(),
            channel_name: none,
            index: 1,
            custom: Vec::new(),
            times: ProfileTimes::default(),
            screen_bit: true,
            privacy_hide_name: false,
            privacy_hide_number: false,
        }
    }
}
