//! An eavesdropper on a leg: what it overhears, and what it says to those it overhears.

use crate::control::{LegId, Whisper};
use crate::dsp::Resampler;
use crate::frame::Frame;
use crate::leg::playout::converter;

/// One eavesdropper, kept by the leg it listens to. All frames are at the rate of that leg.
pub(crate) struct Tap {
    pub(crate) by: LegId,
    pub(crate) whisper: Whisper,
    /// What the leg hears but for the eavesdroppers.
    overheard: Frame,
    overheard_active: bool,
    /// What the eavesdropper says.
    said: Frame,
    said_active: bool,
    /// From its rate.
    converter: Option<Resampler>,
    /// What it hears: both of them.
    both: Frame,
}

impl Tap {
    pub(crate) fn new(by: LegId, by_rate_hz: u32, rate_hz: u32, whisper: Whisper) -> Self {
        Self {
            by,
            whisper,
            overheard: Frame::silent(rate_hz),
            overheard_active: false,
            said: Frame::silent(rate_hz),
            said_active: false,
            converter: converter(by_rate_hz, rate_hz),
            both: Frame::silent(rate_hz),
        }
    }

    /// The leg runs at another rate; [`Tap::link`] follows.
    pub(crate) fn reshape(&mut self, rate_hz: u32) {
        for frame in [&mut self.overheard, &mut self.said, &mut self.both] {
            frame.reshape(rate_hz);
        }
        (self.overheard_active, self.said_active) = (false, false);
    }

    /// Makes the converter that is needed now.
    pub(crate) fn link(&mut self, by_rate_hz: u32) {
        self.converter = converter(by_rate_hz, self.said.rate_hz());
    }

    /// Takes what the eavesdropper says in this tick.
    pub(crate) fn take(&mut self, said: &Frame, active: bool) {
        let wanted = self.whisper.to_leg || self.whisper.to_other;
        self.said_active = wanted && active;
        match &mut self.converter {
            Some(converter) => {
                converter.process(said.samples(), self.said.samples_mut());
            }
            None if said.rate_hz() == self.said.rate_hz() => self.said.copy_from(said),
            None => self.said_active = false,
        }
    }

    /// Takes what the leg is about to hear.
    pub(crate) fn overhear(&mut self, said: &Frame, active: bool) {
        self.overheard.copy_from(said);
        self.overheard_active = active;
    }

    /// Adds what is said to the leg; whether that is anything.
    pub(crate) fn whisper_to_leg(&self, heard: &mut Frame) -> bool {
        self.add(self.whisper.to_leg, heard)
    }

    /// Adds what is said to the other side of the leg's bridge; whether that is anything.
    pub(crate) fn whisper_to_other(&self, heard: &mut Frame) -> bool {
        self.add(self.whisper.to_other, heard)
    }

    fn add(&self, wanted: bool, heard: &mut Frame) -> bool {
        let adds = wanted && self.said_active;
        if adds {
            heard.add(&self.said);
        }
        adds
    }

    /// What the eavesdropper hears in this tick, and whether that is anything.
    pub(crate) fn both(&mut self, heard: &Frame, active: bool) -> (&Frame, bool) {
        if active {
            self.both.copy_from(heard);
        } else {
            self.both.clear();
        }
        if self.overheard_active {
            self.both.add(&self.overheard);
        }
        (&self.both, active || self.overheard_active)
    }
}
