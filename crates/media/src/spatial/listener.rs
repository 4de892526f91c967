//! What one listener hears: all sources, each from its direction, mixed into two channels.

use std::sync::Arc;

use super::crosstalk::{Crosstalk, CrosstalkSpace, Device};
use super::limiter::Limiter;
use super::renderer::{Renderer, Workbench};
use super::reverb::SEND_DB;
use super::scene::{Direction, Hearing};
use super::spectrum::SourceSpectrum;
use super::vector::EarSpectra;

/// How a listener hears the others (`event-manager.md` §8 and §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mixing {
    /// Sources as they came in, without any effect, neither theirs nor the listener's: not even the master gain.
    Bypass,
    /// All equally loud in both channels; stereo sources keep their sides.
    Flat,
    /// Louder and softer by distance, but without direction: for legs of one channel.
    Mono,
    /// Each source from where it is.
    Spatial(Device),
}

/// A listener's settings; a change takes one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerControls {
    /// How the others are heard.
    pub mixing: Mixing,
    /// Whether the room is heard too, where sources reverberate and mixing is spatial.
    pub reverb: bool,
    /// Volume in percent, linear; above 100 counts as 100.
    pub master_percent: u8,
}

impl Default for ListenerControls {
    /// Without 3D, with reverberation once it is on, at full volume.
    fn default() -> Self {
        Self {
            mixing: Mixing::Flat,
            reverb: true,
            master_percent: 100,
        }
    }
}

/// One point of hearing. Several people who hear the same from the same place can share one.
///
/// Each source has a slot, which the caller chooses; it must keep it as long as it sounds. Latency 2 ms of the limiter,
/// with HRTF 0.3 ms more, with loudspeakers another 2.7 ms. Memory at 48 kHz and 20 ms: 14 kB, and 10 kB for each slot.
/// Allocates when made, never when used.
#[derive(Debug)]
pub struct Listener {
    renderer: Arc<Renderer>,
    controls: ListenerControls,
    slots: Vec<Slot>,
    crosstalk: Crosstalk,
    /// Device last used, which goes on while 3D fades out.
    device: Device,
    master: f32,
    limiter: Limiter,
}

/// What was heard of one source in the last frame.
#[derive(Debug)]
struct Slot {
    gains: Gains,
    /// Whether it was given in this frame.
    is_given: bool,
    /// Direction the filters are for.
    direction: Option<Direction>,
    filters: EarSpectra,
}

/// How loud a source is in each of the ways to hear it. All but one of the first four are 0, except while they change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gains {
    raw: f32,
    flat: f32,
    mono: f32,
    spatial: f32,
    reverb: f32,
}

/// Room to mix in, one for each thread: used by one listener after the other.
#[derive(Debug)]
pub struct MixSpace {
    renderer: Arc<Renderer>,
    /// All sources as heard at the beginning of the frame.
    before: EarSpectra,
    /// What has changed by its end.
    change: EarSpectra,
    workbench: Workbench,
    ears: [Vec<f32>; 2],
    /// What comes without filters.
    direct: [Vec<f32>; 2],
    crosstalk: CrosstalkSpace,
}

impl MixSpace {
    /// Room for listeners of a renderer.
    #[must_use]
    pub fn new(renderer: &Arc<Renderer>) -> Self {
        let bins = renderer.transforms.bins();
        let frame = renderer.frame();
        let frames = || [vec![0.0; frame], vec![0.0; frame]];
        Self {
            before: EarSpectra::new(bins),
            change: EarSpectra::new(bins),
            workbench: Workbench::new(&renderer.transforms),
            ears: frames(),
            direct: frames(),
            crosstalk: CrosstalkSpace::new(&renderer.crosstalk, frame),
            renderer: Arc::clone(renderer),
        }
    }
}

impl Listener {
    /// A listener who can hear as many sources at once as there are slots.
    #[must_use]
    pub fn new(renderer: &Arc<Renderer>, slots: usize) -> Self {
        let bins = renderer.transforms.bins();
        let slot = || Slot {
            gains: Gains::default(),
            is_given: false,
            direction: None,
            filters: EarSpectra::new(bins),
        };
        Self {
            renderer: Arc::clone(renderer),
            controls: ListenerControls::default(),
            slots: (0..slots).map(|_| slot()).collect(),
            crosstalk: Crosstalk::new(&renderer.crosstalk),
            device: Device::Headphones,
            master: 1.0,
            limiter: Limiter::new(renderer.rate_hz()),
        }
    }

    /// Changes settings, from the next frame on.
    pub fn set_controls(&mut self, controls: ListenerControls) {
        self.controls = controls;
    }

    /// The settings.
    #[must_use]
    pub const fn controls(&self) -> ListenerControls {
        self.controls
    }

    /// Forgets what was heard, at once: what is heard next fades in.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.gains = Gains::default();
            slot.direction = None;
        }
        self.crosstalk.reset();
        self.limiter.reset();
    }

    /// Has heard what another one has until now, and goes on from there as it is set itself. Copies 10 kB for each source
    /// that has a direction, and 14 kB.
    ///
    /// # Panics
    /// When the other one was made for another renderer or with other slots.
    pub fn follow(&mut self, other: &Self) {
        assert!(
            Arc::ptr_eq(&self.renderer, &other.renderer) && self.slots.len() == other.slots.len(),
            "a listener follows one of its kind"
        );
        for (slot, other) in self.slots.iter_mut().zip(&other.slots) {
            slot.gains = other.gains;
            slot.is_given = other.is_given;
            slot.direction = other.direction;
            if other.direction.is_some() {
                slot.filters.copy_from(&other.filters);
            }
        }
        self.crosstalk.follow(&other.crosstalk);
        self.device = other.device;
        self.master = other.master;
        self.limiter.follow(&other.limiter);
    }

    /// Begins a frame.
    ///
    /// # Panics
    /// When the space was made for another renderer.
    pub fn begin<'a>(&'a mut self, space: &'a mut MixSpace) -> Mix<'a> {
        assert!(
            Arc::ptr_eq(&self.renderer, &space.renderer),
            "a listener mixes in the space of its renderer"
        );
        for slot in &mut self.slots {
            slot.is_given = false;
        }
        for channel in &mut space.direct {
            channel.fill(0.0);
        }
        Mix {
            listener: self,
            space,
            is_filtered: false,
            is_changed: false,
        }
    }

    fn wanted(&self, hearing: Hearing) -> Gains {
        if !hearing.audible {
            return Gains::default();
        }
        let mut gains = Gains::default();
        let gain = if hearing.gain.is_finite() {
            hearing.gain.clamp(0.0, 1.0)
        } else {
            0.0
        };
        match self.controls.mixing {
            Mixing::Bypass => gains.raw = 1.0,
            Mixing::Flat => gains.flat = 1.0,
            Mixing::Mono => gains.mono = gain,
            Mixing::Spatial(_) => {
                gains.spatial = gain;
                if self.controls.reverb {
                    gains.reverb = gain * 10f32.powf(SEND_DB / 20.0);
                }
            }
        }
        gains
    }
}

/// A frame being mixed: every source of the room is added, then it is rendered.
#[derive(Debug)]
pub struct Mix<'a> {
    listener: &'a mut Listener,
    space: &'a mut MixSpace,
    /// Whether `before` and `change` hold anything; they are cleared by the first to use them.
    is_filtered: bool,
    is_changed: bool,
}

impl Mix<'_> {
    /// Adds a source. One that is no longer to be heard is added as inaudible in one more frame, in which it fades; a
    /// slot that is not given at all is silent at once. A slot beyond those there are is not heard.
    ///
    /// # Panics
    /// When the source was made for another renderer.
    pub fn add(&mut self, slot: usize, source: &SourceSpectrum, hearing: Hearing) {
        assert!(
            source.belongs_to(&self.listener.renderer),
            "a listener hears sources of its renderer"
        );
        let wanted = self.listener.wanted(hearing);
        let Listener {
            renderer, slots, ..
        } = &mut *self.listener;
        let Some(slot) = slots.get_mut(slot) else {
            return;
        };
        slot.is_given = true;
        let before = std::mem::replace(&mut slot.gains, wanted);
        if before == Gains::default() && wanted == Gains::default() {
            return;
        }
        let mut add = |channels: [&[f32]; 2], gains: [f32; 2]| {
            if gains != [0.0; 2] {
                for (to, from) in self.space.direct.iter_mut().zip(channels) {
                    renderer.instructions.add_ramped(to, from, gains);
                }
            }
        };
        if let Some(ears) = source.reverberation() {
            add(ears, [before.reverb, wanted.reverb]);
        }
        let direction = renderer.filters.rendered(hearing.direction);
        if source.is_silent() {
            // Nothing fades: when it sounds again, it does so from where it is then.
            if slot.direction != Some(direction) {
                slot.direction = None;
            }
            return;
        }
        add(source.raw(), [before.raw, wanted.raw]);
        add(source.channels(), [before.flat, wanted.flat]);
        add([source.mono(); 2], [before.mono, wanted.mono]);
        let gains = [before.spatial, wanted.spatial];
        if gains != [0.0; 2] {
            let sums = Sums {
                before: &mut self.space.before,
                is_filtered: &mut self.is_filtered,
                change: &mut self.space.change,
                is_changed: &mut self.is_changed,
            };
            slot.filter(renderer, sums, source, direction, gains);
        }
    }

    /// Ends the frame. Samples lie between −0.945 and 0.945.
    ///
    /// # Panics
    /// When a channel is not as long as a frame.
    pub fn render(self, left: &mut [f32], right: &mut [f32]) {
        let Self {
            listener,
            space,
            is_filtered,
            is_changed,
        } = self;
        let renderer = &*listener.renderer;
        let frame = renderer.frame();
        assert!(
            left.len() == frame && right.len() == frame,
            "a channel is as long as a frame"
        );
        for slot in listener.slots.iter_mut().filter(|slot| !slot.is_given) {
            slot.gains = Gains::default();
            slot.direction = None;
        }
        let is_silent = !is_filtered && !is_changed;
        if !is_silent {
            space.transform_back(is_filtered, is_changed);
        }
        if let Mixing::Spatial(device) = listener.controls.mixing {
            listener.device = device;
        }
        let is_heard = listener.crosstalk.process(
            &renderer.crosstalk,
            &mut space.crosstalk,
            listener.device,
            &mut space.ears,
            is_silent,
        );
        let master = match listener.controls.mixing {
            Mixing::Bypass => 1.0,
            Mixing::Flat | Mixing::Mono | Mixing::Spatial(_) => {
                f32::from(listener.controls.master_percent.min(100)) / 100.0
            }
        };
        let gains = [std::mem::replace(&mut listener.master, master), master];
        for ((out, direct), ear) in [&mut *left, &mut *right]
            .into_iter()
            .zip(&mut space.direct)
            .zip(&space.ears)
        {
            if is_heard {
                for (direct, ear) in direct.iter_mut().zip(ear) {
                    *direct += ear;
                }
            }
            if gains == [1.0; 2] {
                out.copy_from_slice(direct);
            } else {
                out.fill(0.0);
                renderer.instructions.add_ramped(out, direct, gains);
            }
        }
        listener.limiter.process(left, right);
    }
}

/// The two sums of a frame, and whether they hold anything yet.
struct Sums<'a> {
    before: &'a mut EarSpectra,
    is_filtered: &'a mut bool,
    change: &'a mut EarSpectra,
    is_changed: &'a mut bool,
}

impl Sums<'_> {
    /// Both are about to be added to, if asked for.
    fn prepare(&mut self, before: bool, change: bool) {
        if before && !std::mem::replace(self.is_filtered, true) {
            self.before.clear();
        }
        if change && !std::mem::replace(self.is_changed, true) {
            self.change.clear();
        }
    }
}

impl Slot {
    /// Adds the source as heard at the beginning of the frame to one sum, and what is different at its end to the other.
    fn filter(
        &mut self,
        renderer: &Renderer,
        mut sums: Sums<'_>,
        source: &SourceSpectrum,
        direction: Direction,
        [before, after]: [f32; 2],
    ) {
        let instructions = renderer.instructions;
        let sound = source.spectrum();
        let has_moved = before > 0.0 && self.direction.is_some_and(|old| old != direction);
        if has_moved {
            sums.prepare(true, true);
            let both = [&mut *sums.before, &mut *sums.change];
            instructions.add_filtered_twice(both, sound, &self.filters, [before, -before]);
            if after > 0.0 {
                self.turn(renderer, direction);
                instructions.add_filtered(sums.change, sound, &self.filters, after);
            }
            return;
        }
        if self.direction != Some(direction) {
            self.turn(renderer, direction);
        }
        if before == after {
            sums.prepare(true, false);
            instructions.add_filtered(sums.before, sound, &self.filters, after);
        } else if before == 0.0 {
            sums.prepare(false, true);
            instructions.add_filtered(sums.change, sound, &self.filters, after);
        } else {
            sums.prepare(true, true);
            let both = [&mut *sums.before, &mut *sums.change];
            instructions.add_filtered_twice(both, sound, &self.filters, [before, after - before]);
        }
    }

    fn turn(&mut self, renderer: &Renderer, direction: Direction) {
        renderer
            .filters
            .fill(renderer.instructions, direction, &mut self.filters);
        self.direction = Some(direction);
    }
}

impl MixSpace {
    /// Fills the ears with the sum that holds something, the change growing over the frame.
    fn transform_back(&mut self, is_filtered: bool, is_changed: bool) {
        let transforms = &self.renderer.transforms;
        let sums = [
            (&self.before.left, &self.change.left),
            (&self.before.right, &self.change.right),
        ];
        for (ear, (before, change)) in self.ears.iter_mut().zip(sums) {
            // Of a cyclic convolution only the end is right, where nothing has come round.
            let start = transforms.length() - ear.len();
            if is_filtered {
                ear.copy_from_slice(&self.workbench.inverse(transforms, before)[start..]);
            } else {
                ear.fill(0.0);
            }
            if is_changed {
                let change = &self.workbench.inverse(transforms, change)[start..];
                self.renderer
                    .instructions
                    .add_ramped(ear, change, [0.0, 1.0]);
            }
        }
    }
}
