//! Recordings of a room with two channels: what somebody hears who stands somewhere in it and only listens.

use std::sync::Arc;

use super::Room;
use super::audibility::Groups;
use super::hall::{Audience, Hall, Listening};
use super::member::Member;
use super::sums::{add_crowd, clip};
use crate::control::{MemberControls, Place, RecordId};
use crate::dsp::Gain;
use crate::frame::{Frame, MAX_FRAME_SAMPLES, MAX_RATE_HZ};
use crate::spatial::Renderer;

/// How a recording listens. It stays when the recording is over, for the next one.
pub(super) struct Tape {
    record: RecordId,
    listening: Listening,
    place: Place,
    controls: MemberControls,
    gain: Gain,
    left: Frame,
    right: Frame,
}

/// Who is heard on a tape: nobody stands in relation to it.
struct Around<'a> {
    members: &'a [Member],
    groups: Groups,
}

impl Audience for Around<'_> {
    fn hears(&self, speaker: usize) -> bool {
        let speaks = self.members.get(speaker);
        speaks.is_some_and(|speaker| self.groups.hears(speaker.groups()))
    }
}

impl Tape {
    fn new(renderer: &Arc<Renderer>) -> Self {
        Self {
            record: RecordId(0),
            listening: Listening::new(renderer, MAX_RATE_HZ),
            place: Place::default(),
            controls: MemberControls::default(),
            gain: Gain::default(),
            left: Frame::silent(MAX_RATE_HZ),
            right: Frame::silent(MAX_RATE_HZ),
        }
    }

    fn set(&mut self, place: Place, controls: MemberControls) {
        self.place = place;
        self.controls = controls;
        let percent = if controls.stereo_bypass {
            100
        } else {
            controls.master_gain_percent
        };
        let volume = f32::from(percent) / 100.0;
        self.gain.set_muted(volume == 0.0, 20.0 * volume.log10());
    }
}

impl Room {
    /// A recording with two channels begins: it listens in the middle of the room and looks ahead, until it is told
    /// otherwise. Without a renderer both channels get the plain mix.
    pub(crate) fn open_tape(&mut self, record: RecordId, renderer: Option<&Arc<Renderer>>) {
        let Some(renderer) = self.hall.as_ref().map(|hall| hall.renderer()).or(renderer) else {
            return;
        };
        let renderer = renderer.clone();
        self.open_hall(&renderer);
        let records = &self.records;
        let is_free = |tape: &Tape| records.iter().all(|record| record.id != tape.record);
        let at = match self.tapes.iter().position(|tape| is_free(tape)) {
            Some(at) => at,
            None => {
                self.tapes.push(Box::new(Tape::new(&renderer)));
                self.tapes.len() - 1
            }
        };
        self.tapes[at].record = record;
        let controls = MemberControls {
            mixing_3d: true,
            ..MemberControls::default()
        };
        self.tapes[at].set(Place::default(), controls);
    }

    /// A recording with two channels listens from somewhere else, or otherwise.
    pub(crate) fn set_tape(&mut self, record: RecordId, place: Place, controls: MemberControls) {
        if let Some(tape) = self.tapes.iter_mut().find(|tape| tape.record == record) {
            tape.set(place, controls);
        }
    }

    /// What the recording `at` hears with its two ears in this tick; `None`: it has none.
    pub(super) fn listen_for_tape(&mut self, at: usize) -> Option<[&Frame; 2]> {
        let record = self.records.get(at)?;
        if record.channels() < 2 {
            return None;
        }
        let id = record.id;
        let tape = self.tapes.iter().position(|tape| tape.record == id)?;
        let mut hall = self.hall.take()?;
        self.render_tape(tape, &mut hall);
        self.hall = Some(hall);
        let Tape { left, right, .. } = &*self.tapes[tape];
        Some([left, right])
    }

    fn render_tape(&mut self, at: usize, hall: &mut Hall) {
        let Tape {
            listening,
            place,
            controls,
            gain,
            left,
            right,
            ..
        } = &mut *self.tapes[at];
        let around = Around {
            members: &self.members,
            groups: Groups {
                whisper: controls.whisper,
                sidebar: controls.sidebar,
            },
        };
        let mut mid = [0; MAX_FRAME_SAMPLES];
        mid.copy_from_slice(&self.everywhere[..]);
        let heard = |at: usize| {
            let before = around.groups.hears(self.members[at].groups_before());
            [before, around.hears(at)]
        };
        add_crowd(&self.members, heard, controls.stereo_bypass, &mut mid);
        listening.set(place, controls, true);
        hall.render(listening, None, &around, &mut mid);
        let ears = left.samples_mut().iter_mut().zip(right.samples_mut());
        for ((left, right), (mid, side)) in ears.zip(mid.iter().zip(hall.side.samples())) {
            *left = clip(*mid + i32::from(*side));
            *right = clip(*mid - i32::from(*side));
        }
        gain.clone().process(left.samples_mut());
        gain.process(right.samples_mut());
    }
}
