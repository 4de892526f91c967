use std::fmt;
use std::ops::RangeInclusive;

macro_rules! controls {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $range:expr, $usual:literal;)*) => {
        /// Something that can be set about a participant while it is in a room (event-manager.md §8). Numbers from
        /// 100 are ours.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Control { $($(#[$doc])* $variant,)* }

        impl Control {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number clients know it by.
            pub fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Its name, without the prefix of whose control it is: `MUTE_ENABLE`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Values it takes.
            pub fn range(self) -> RangeInclusive<i32> {
                match self { $(Self::$variant => $range,)* }
            }

            /// What it is for a participant nobody has set it for.
            pub fn usual(self) -> i32 {
                match self { $(Self::$variant => $usual,)* }
            }
        }
    };
}

controls! {
    /// The participant hears everybody as they are: no processing at all.
    StereoBypass = 1, "STEREO_BYPASS_ENABLE", 0..=1, 0;
    /// The others do not hear it.
    Mute = 2, "MUTE_ENABLE", 0..=1, 0;
    /// Noise is taken out of what it says.
    NoiseSuppression = 3, "ANC_ENABLE", 0..=1, 0;
    /// What it says is made as loud as the others.
    AutomaticGain = 4, "AGC_ENABLE", 0..=1, 0;
    /// What it says is equalised for clear speech.
    AutomaticEqualiser = 5, "AUTO_EQ_ENABLE", 0..=1, 0;
    /// It hears the others from where they are.
    Mixing3d = 6, "MIXING_3D_ENABLE", 0..=1, 0;
    /// Decibels lost per metre; 0: none.
    Attenuation = 7, "MIXING_3D_ATTENUATION", 0..=40, 6;
    /// Centimetres beyond which no more is lost.
    MaxDistance = 8, "MIXING_3D_MAX_DISTANCE", 0..=i32::MAX, 300;
    /// It hears the room, too.
    Reverb = 9, "MIXING_3D_REVERB_ENABLE", 0..=1, 1;
    /// What it listens with: a number of [`Device`].
    Device = 10, "DEVICE", 1..=2, 1;
    /// Degrees from the middle to each loudspeaker.
    HalfSpanAngle = 11, "HALF_SPAN_ANGLE", 1..=90, 15;
    /// Percent of the usual volume it hears.
    MasterGain = 12, "MASTER_GAIN", 0..=100, 100;
    /// The group it whispers in; 0: none.
    Whisper = 13, "WHISPER_ROOM", 0..=100, 0;
    /// The group it has gone aside with; 0: none.
    Sidebar = 14, "SIDEBAR_ROOM", 0..=100, 0;
    /// Ours: what it hears is taken out of what it says.
    EchoCancellation = 100, "ECHO_CANCEL_ENABLE", 0..=1, 0;
    /// Ours: semitones its voice is moved by.
    VoiceShift = 101, "VOICE_SHIFT", -12..=12, 0;
    /// Ours: percent of the usual volume of what it says.
    InputGain = 102, "INPUT_GAIN", 0..=400, 100;
}

/// What a participant listens with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(missing_docs, reason = "see the type")]
pub enum Device {
    #[default]
    Headphones,
    Loudspeakers,
}

/// Why a control cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name} takes {from} to {to}, not {value}", name = .control.name())]
pub struct BadControl {
    /// Which one.
    pub control: Control,
    /// The value refused.
    pub value: i32,
    /// The least it takes.
    pub from: i32,
    /// The most.
    pub to: i32,
}

impl Control {
    const COUNT: usize = Self::ALL.len();

    /// The reverse of [`Self::number`].
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.number() == number)
    }

    /// The reverse of [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }

    /// Whether it is one of ours that no documented client knows.
    pub fn is_ours(self) -> bool {
        self.number() >= 100
    }

    /// # Errors
    /// When `value` is out of range.
    pub fn check(self, value: i32) -> Result<(), BadControl> {
        let range = self.range();
        if range.contains(&value) {
            return Ok(());
        }
        Err(BadControl {
            control: self,
            value,
            from: *range.start(),
            to: *range.end(),
        })
    }
}

/// All that is set about one participant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Controls([i32; Control::COUNT]);

impl Default for Controls {
    fn default() -> Self {
        let mut values = [0; Control::COUNT];
        for &control in Control::ALL {
            values[control as usize] = control.usual();
        }
        Self(values)
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = Control::ALL
            .iter()
            .filter(|control| self.get(**control) != control.usual());
        f.debug_map()
            .entries(changed.map(|control| (control.name(), self.get(*control))))
            .finish()
    }
}

impl Controls {
    /// What a control is set to.
    pub fn get(&self, control: Control) -> i32 {
        self.0[control as usize]
    }

    /// Whether a control of 0 and 1 is on.
    pub fn is_on(&self, control: Control) -> bool {
        self.get(control) != 0
    }

    /// Sets a control; whether that changed it.
    ///
    /// # Errors
    /// When the value is out of range.
    pub fn set(&mut self, control: Control, value: i32) -> Result<bool, BadControl> {
        control.check(value)?;
        Ok(std::mem::replace(&mut self.0[control as usize], value) != value)
    }

    /// What the participant listens with.
    pub fn device(&self) -> Device {
        if self.get(Control::Device) == 2 {
            Device::Loudspeakers
        } else {
            Device::Headphones
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back() {
        for &control in Control::ALL {
            assert_eq!(Control::from_number(control.number()), Some(control));
            assert_eq!(Control::from_name(control.name()), Some(control));
            assert_eq!(control.check(control.usual()), Ok(()));
            assert_eq!(Controls::default().get(control), control.usual());
        }
        assert_eq!(Control::from_number(0), None);
        assert_eq!(Control::from_number(15), None);
        assert!(Control::VoiceShift.is_ours() && !Control::Sidebar.is_ours());
    }

    #[test]
    fn values_out_of_range_change_nothing() {
        let mut controls = Controls::default();
        let error = controls.set(Control::Attenuation, 41).unwrap_err();
        assert_eq!(
            error.to_string(),
            "MIXING_3D_ATTENUATION takes 0 to 40, not 41"
        );
        assert_eq!(controls, Controls::default());
        assert_eq!(controls.set(Control::Attenuation, 40), Ok(true));
        assert_eq!(controls.set(Control::Attenuation, 40), Ok(false));
        assert_eq!(format!("{controls:?}"), "{\"MIXING_3D_ATTENUATION\": 40}");
        assert_eq!(controls.device(), Device::Headphones);
        controls.set(Control::Device, 2).unwrap();
        assert_eq!(controls.device(), Device::Loudspeakers);
    }
}
