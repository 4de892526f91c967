//! One stage of the chain, switched on and off without a click.

/// Where a stage stands between untouched and treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Crossfade {
    #[default]
    Off,
    /// Works, not heard yet: its delays are still filling.
    Filling {
        ticks: u8,
    },
    In,
    On,
    Out,
}

impl Crossfade {
    /// Goes to on or off; from off it is not heard for some ticks.
    pub(super) fn set(&mut self, on: bool, filling_ticks: u8) {
        *self = match (*self, on) {
            (Self::Off, true) => Self::Filling {
                ticks: filling_ticks,
            },
            (Self::Out, true) => Self::On,
            (Self::On, false) => Self::Out,
            (Self::Off | Self::Filling { .. } | Self::In, false) => Self::Off,
            (same @ (Self::Filling { .. } | Self::In | Self::On), true) => same,
            (Self::Out, false) => Self::Out,
        };
    }

    pub(super) fn is_off(self) -> bool {
        self == Self::Off
    }

    /// Replaces a tick of what was treated by what is to be heard; both have the same length.
    pub(super) fn mix(self, untouched: &[f32], treated: &mut [f32]) {
        let rising = match self {
            Self::On => return,
            Self::Off | Self::Filling { .. } => {
                treated.copy_from_slice(untouched);
                return;
            }
            Self::In => true,
            Self::Out => false,
        };
        let step = 1.0 / treated.len() as f32;
        for (n, (treated, untouched)) in treated.iter_mut().zip(untouched).enumerate() {
            let at = (n as f32 + 0.5) * step;
            let at = if rising { at } else { 1.0 - at };
            // No corner at either end, as a straight line would have.
            let weight = at * at * (3.0 - 2.0 * at);
            *treated = untouched + weight * (*treated - untouched);
        }
    }

    /// A tick has passed.
    pub(super) fn advance(&mut self) {
        *self = match *self {
            Self::Filling { ticks } if ticks > 1 => Self::Filling { ticks: ticks - 1 },
            Self::Filling { .. } => Self::In,
            Self::In | Self::On => Self::On,
            Self::Off | Self::Out => Self::Off,
        };
    }
}

/// A machine that is made when it is wanted. It is let go with the next change after its fade, because
/// memory is not given back on the clock.
pub(super) struct Stage<T> {
    machine: Option<Box<T>>,
    fade: Crossfade,
}

impl<T> Default for Stage<T> {
    fn default() -> Self {
        Self {
            machine: None,
            fade: Crossfade::Off,
        }
    }
}

impl<T> Stage<T> {
    /// Ticks until the longest delay of a stage is filled.
    const FILLING_TICKS: u8 = 3;

    pub(super) fn set(&mut self, on: bool, make: impl FnOnce() -> T) {
        if self.fade.is_off() {
            self.machine = on.then(|| Box::new(make()));
        }
        self.fade.set(on, Self::FILLING_TICKS);
    }

    pub(super) fn machine(&mut self) -> Option<&mut T> {
        self.machine.as_deref_mut()
    }

    /// The machine, if it works.
    pub(super) fn at_work(&self) -> Option<&T> {
        self.machine.as_deref().filter(|_| !self.fade.is_off())
    }

    pub(super) fn is_off(&self) -> bool {
        self.fade.is_off()
    }

    /// Treats a tick of one or two bands; `untouched` is room for as much.
    pub(super) fn process(
        &mut self,
        bands: [&mut [f32]; 2],
        untouched: [&mut [f32]; 2],
        treat: impl FnOnce(&mut T, &mut [f32], &mut [f32]),
    ) {
        let Some(machine) = self.machine.as_deref_mut().filter(|_| !self.fade.is_off()) else {
            return;
        };
        let [low, high] = bands;
        let [low_before, high_before] = untouched;
        let (low_before, high_before) =
            (&mut low_before[..low.len()], &mut high_before[..high.len()]);
        low_before.copy_from_slice(low);
        high_before.copy_from_slice(high);
        treat(machine, low, high);
        self.fade.mix(low_before, low);
        self.fade.mix(high_before, high);
        self.fade.advance();
    }
}
