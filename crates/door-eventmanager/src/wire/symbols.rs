//! Words for numbers: controls, devices, truth (event-manager.md §4, §8).

use api::spatial::Control;
use serde::Serialize;

use crate::config::{ControlNumbering, Dialect};

/// The controls of the older generation, whose numbers began at 0 (event-manager.md §8).
const OLDER: [Control; 8] = [
    Control::StereoBypass,
    Control::Mute,
    Control::NoiseSuppression,
    Control::AutomaticGain,
    Control::Mixing3d,
    Control::Device,
    Control::HalfSpanAngle,
    Control::MasterGain,
];

/// A control's number, or its name where a numbering has none for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ControlNumber {
    Number(i32),
    Name(FullName),
}

/// The name of a control with its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FullName(Control);

impl Serialize for FullName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&full_name(self.0))
    }
}

/// `IMM_CONTROL_MUTE_ENABLE`; ours begin with `PBX_CONTROL_`.
pub(crate) fn full_name(control: Control) -> String {
    let prefix = if control.is_ours() { "PBX" } else { "IMM" };
    format!("{prefix}_CONTROL_{}", control.name())
}

/// The controls a dialect knows.
pub(crate) fn shown(dialect: &Dialect) -> impl Iterator<Item = Control> + use<> {
    let extended = dialect.extended_controls;
    Control::ALL
        .iter()
        .copied()
        .filter(move |control| extended || !control.is_ours())
}

/// How a control is named in events.
pub(crate) fn control_number(control: Control, dialect: &Dialect) -> ControlNumber {
    if dialect.control_numbering == ControlNumbering::V1 || control.is_ours() {
        return ControlNumber::Number(control.number());
    }
    let older = OLDER.iter().position(|known| *known == control);
    match older.and_then(|at| i32::try_from(at).ok()) {
        Some(number) => ControlNumber::Number(number),
        None => ControlNumber::Name(FullName(control)),
    }
}

/// The control of a number.
pub(super) fn control_of_number(number: i64, dialect: &Dialect) -> Option<Control> {
    let control = match dialect.control_numbering {
        ControlNumbering::Legacy0 if number < 100 => {
            OLDER.get(usize::try_from(number).ok()?).copied()
        }
        ControlNumbering::V1 | ControlNumbering::Legacy0 => {
            Control::from_number(i32::try_from(number).ok()?)
        }
    };
    control.filter(|control| dialect.extended_controls || !control.is_ours())
}

/// The control of a full name.
pub(crate) fn control_of_name(name: &str, dialect: &Dialect) -> Option<Control> {
    shown(dialect).find(|control| full_name(*control) == name)
}

/// The number a word stands for as a value.
pub(super) fn value(word: &str) -> Option<i64> {
    let devices = [
        ("IMM_DEVICE_START", 0),
        ("IMM_DEVICE_HEADPHONE", 1),
        ("IMM_DEVICE_SPEAKER", 2),
        ("IMM_DEVICE_END", 3),
    ];
    if word.eq_ignore_ascii_case("true") {
        return Some(1);
    }
    if word.eq_ignore_ascii_case("false") {
        return Some(0);
    }
    let device = devices.iter().find(|(name, _)| *name == word);
    device.map(|(_, number)| *number).or_else(|| {
        let control = Control::ALL.iter().find(|c| full_name(**c) == word)?;
        Some(control.number().into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_go_by_number_or_name() {
        let v1 = Dialect::default();
        assert_eq!(control_of_number(2, &v1), Some(Control::Mute));
        for unknown in [0, 15, -1, 100, 102, 103, i64::MAX] {
            assert_eq!(control_of_number(unknown, &v1), None, "{unknown}");
        }
        assert_eq!(
            control_of_name("IMM_CONTROL_WHISPER_ROOM", &v1),
            Some(Control::Whisper)
        );
        for unknown in [
            "IMM_CONTROL_START",
            "IMM_CONTROL_END",
            "MUTE_ENABLE",
            "imm_control_mute_enable",
            "PBX_CONTROL_VOICE_SHIFT",
            "IMM_CONTROL_VOICE_SHIFT",
        ] {
            assert_eq!(control_of_name(unknown, &v1), None, "{unknown}");
        }
        let ours = Dialect {
            extended_controls: true,
            ..v1
        };
        assert_eq!(control_of_number(101, &ours), Some(Control::VoiceShift));
        assert_eq!(
            control_of_name("PBX_CONTROL_VOICE_SHIFT", &ours),
            Some(Control::VoiceShift)
        );
        assert_eq!((shown(&v1).count(), shown(&ours).count()), (14, 17));
    }

    #[test]
    fn the_older_numbers_begin_at_zero() {
        let older = Dialect {
            control_numbering: ControlNumbering::Legacy0,
            ..Dialect::default()
        };
        assert_eq!(control_of_number(0, &older), Some(Control::StereoBypass));
        assert_eq!(control_of_number(3, &older), Some(Control::AutomaticGain));
        assert_eq!(control_of_number(7, &older), Some(Control::MasterGain));
        assert_eq!(control_of_number(8, &older), None);
        assert_eq!(
            control_number(Control::Mute, &older),
            ControlNumber::Number(1)
        );
        let unnumbered = control_number(Control::Whisper, &older);
        assert_eq!(
            serde_json::to_string(&unnumbered).unwrap(),
            "\"IMM_CONTROL_WHISPER_ROOM\""
        );
    }

    #[test]
    fn words_are_values() {
        for (word, number) in [
            ("True", Some(1)),
            ("FALSE", Some(0)),
            ("IMM_DEVICE_SPEAKER", Some(2)),
            ("IMM_DEVICE_END", Some(3)),
            ("IMM_CONTROL_AGC_ENABLE", Some(4)),
            ("yes", None),
            ("", None),
        ] {
            assert_eq!(value(word), number, "{word}");
        }
    }
}
