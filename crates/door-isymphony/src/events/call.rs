//! Calls (event-api.md §5.1 to §5.4).
//!
//! The switch tells that two legs hang up before it tells that they are no longer connected; clients are told the other
//! way round. So the end of a leg is told by what comes last: by the end of its bridge or of its stay in a conference
//! where it has one, by its hangup otherwise. Of a caller whom nobody has answered, what is still tried for them ends in
//! between, so theirs is told when their hangup is complete.

use std::cmp::Ordering;

use api::event::ChannelEvent;
use api::view::Channel;

use super::Teller;
use super::party::{Party, dialler, first_core};
use crate::wire::Line;

/// Variable that says who ended a leg.
const DISPOSITION: &str = "sip_hangup_disposition";

impl Teller<'_> {
    pub(super) fn of_call(&self, what: &ChannelEvent, channel: &Channel) -> Vec<Line> {
        match what {
            ChannelEvent::Originated => self.of_dialled("dial", channel).into_iter().collect(),
            ChannelEvent::Answered => self.of_dialled("dialEnd", channel).into_iter().collect(),
            ChannelEvent::Bridged { b, .. } => {
                let pair = (self.party(channel), self.party(b));
                self.of_pair("link", &pair.0, &pair.1).into_iter().collect()
            }
            ChannelEvent::Unbridged { b, .. } => self.of_parted(channel, b),
            ChannelEvent::HungUp => self.of_hung_up(channel),
            ChannelEvent::HangupComplete if ends_last(channel) => {
                self.of_hangup(channel).into_iter().collect()
            }
            ChannelEvent::Held => self.of_segment("hold", channel),
            ChannelEvent::Unheld => self.of_segment("holdEnd", channel),
            ChannelEvent::RecordStarted { .. } => self.of_segment("recordStart", channel),
            ChannelEvent::RecordStopped { .. } => self.of_segment("recordEnd", channel),
            // A channel that was called and then becomes a caller is known by another name.
            ChannelEvent::Updated {
                direction: Some("RECV"),
                ..
            } => self.of_segment("callerId", channel),
            ChannelEvent::Outgoing
            | ChannelEvent::Created
            | ChannelEvent::StateChanged
            | ChannelEvent::CallStateChanged { .. }
            | ChannelEvent::Progress
            | ChannelEvent::ProgressMedia
            | ChannelEvent::Executed(_)
            | ChannelEvent::ExecuteComplete { .. }
            | ChannelEvent::Parked
            | ChannelEvent::Unparked
            | ChannelEvent::Renamed { .. }
            | ChannelEvent::HangupComplete
            | ChannelEvent::Destroyed
            | ChannelEvent::Application { .. }
            | ChannelEvent::Updated { .. }
            | ChannelEvent::Dtmf { .. }
            | ChannelEvent::TalkStarted
            | ChannelEvent::TalkStopped
            | ChannelEvent::PlaybackStarted { .. }
            | ChannelEvent::PlaybackStopped { .. }
            | ChannelEvent::MediaBugStarted(_)
            | ChannelEvent::MediaBugStopped(_)
            | ChannelEvent::ToneDetected { .. }
            | ChannelEvent::CodecSet { .. }
            | ChannelEvent::Heartbeat
            | ChannelEvent::PrivateCommand { .. }
            | ChannelEvent::Presence { .. }
            | ChannelEvent::InfoReceived { .. } => Vec::new(),
        }
    }

    pub(super) fn party(&self, channel: &Channel) -> Party {
        Party::of(channel, self.objects)
    }

    /// An event about who dials and who is dialled; none for a leg that nobody dialled.
    fn of_dialled(&self, kind: &str, channel: &Channel) -> Option<Line> {
        let id = dialler(channel)?;
        let dialling = match (self.view.channels.get(&id), &channel.other) {
            (Some(dialling), _) => self.party(dialling),
            (None, Some(other)) if other.profile.unique_id == id => {
                Party::other(&other.profile, self.view, self.objects)
            }
            (None, _) => Party::stranger(&id),
        };
        self.of_pair(kind, &dialling, &self.party(channel))
    }

    fn of_pair(&self, kind: &str, one: &Party, two: &Party) -> Option<Line> {
        if !(self.is_licensed(one) || self.is_licensed(two)) {
            return None;
        }
        let core = one.core().or_else(|| two.core());
        let mut line = self.with_core(kind, core);
        one.describe(&mut line, "1");
        two.describe(&mut line, "2");
        Some(line)
    }

    fn with_core(&self, kind: &str, core: Option<String>) -> Line {
        let mut line = self.line(kind);
        line.set_or_null("coreServerId", core.or_else(|| first_core(self.objects)));
        line
    }

    /// An event with the members of one segment. `last`: whom it dialled, was dialled by or talked to.
    pub(super) fn of_party(&self, kind: &str, party: &Party, last: Option<&Party>) -> Option<Line> {
        let told = self.is_licensed(party) || last.is_some_and(|last| self.is_licensed(last));
        told.then(|| {
            let mut line = self.with_core(kind, party.core());
            party.describe(&mut line, "");
            line
        })
    }

    /// One of event-api.md §5.3.
    fn of_segment(&self, kind: &str, channel: &Channel) -> Vec<Line> {
        let party = self.party(channel);
        self.of_party(kind, &party, None).into_iter().collect()
    }

    /// The hangup of a channel, whose partner is not known any more.
    pub(super) fn of_hangup(&self, channel: &Channel) -> Option<Line> {
        let other = channel.other.as_ref();
        let other = other.map(|other| Party::other(&other.profile, self.view, self.objects));
        self.of_party("hangup", &self.party(channel), other.as_ref())
    }

    /// Two talk no more; those who have hung up are told as well, the one who did so first.
    fn of_parted(&self, a: &Channel, b: &Channel) -> Vec<Line> {
        let (one, two) = (self.party(a), self.party(b));
        let mut lines: Vec<Line> = self.of_pair("linkEnd", &one, &two).into_iter().collect();
        let mut gone = vec![(a, &one, &two), (b, &two, &one)];
        gone.retain(|(channel, ..)| channel.is_down());
        gone.sort_by(|(x, ..), (y, ..)| who_went_first(x, y));
        let hangups = gone.into_iter();
        lines.extend(
            hangups.filter_map(|(_, party, last)| self.of_party("hangup", party, Some(last))),
        );
        lines
    }

    fn of_hung_up(&self, channel: &Channel) -> Vec<Line> {
        // The end of its bridge, or of its stay in a conference, follows and tells it.
        if channel.bridged_to.is_some() || channel.room.is_some() || ends_last(channel) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let answered = channel
            .profile
            .as_ref()
            .map(|profile| profile.times.answered);
        if answered.is_none_or(|at| !at.happened()) {
            lines.extend(self.of_dialled("dialEnd", channel));
        }
        lines.extend(self.of_hangup(channel));
        lines
    }
}

/// Whether a leg may ring others, or wait for one: nobody dialled it, and it talked to nobody where it is now.
pub(super) fn ends_last(channel: &Channel) -> bool {
    let talked_here = channel.profile.as_ref().is_some_and(|profile| {
        let times = &profile.times;
        times.bridged.happened() && times.bridged >= times.profile_created
    });
    !talked_here && dialler(channel).is_none()
}

/// By the time, then by who said so.
fn who_went_first(x: &Channel, y: &Channel) -> Ordering {
    let at = |channel: &Channel| channel.profile.as_ref().map(|profile| profile.times.hungup);
    let by_switch = |channel: &Channel| {
        let word = channel.variable(DISPOSITION).unwrap_or_default();
        !word.starts_with("recv")
    };
    at(x).cmp(&at(y)).then(by_switch(x).cmp(&by_switch(y)))
}
