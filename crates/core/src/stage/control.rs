//! What is set about participants.

use api::command::stage::SetControl;
use api::event::StageAction;
use api::id::ParticipantId;
use api::spatial::{BadControl, Control, Controls, Device};
use api::{CommandError, ErrorKind};
use media::control::{MediaCommand, MemberControls};

use crate::Switch;

fn bad(error: BadControl) -> CommandError {
    CommandError::new(ErrorKind::InvalidArgument("value"), error.to_string())
}

impl Switch {
    /// Sets something about one participant or all; nothing is told when it is so already.
    pub(crate) fn set_control(&mut self, asked: &SetControl) -> Result<(), CommandError> {
        let SetControl {
            room,
            participant,
            control,
            value,
        } = asked;
        let Some(id) = *participant else {
            return self.set_for_all(room, *control, *value);
        };
        let mut controls = self.stages.participant(room, id)?.controls;
        if controls.set(*control, *value).map_err(bad)? {
            self.stages.live(room)?.change(id)?.controls = controls;
            let action = StageAction::ControlSet {
                control: *control,
                value: *value,
            };
            self.stage_event(room, Some(id), action);
            self.control_changed(room, id, *control);
        }
        Ok(())
    }

    /// Sets something about everybody: one event, if anybody had it otherwise.
    pub(super) fn set_for_all(
        &mut self,
        room: &str,
        control: Control,
        value: i32,
    ) -> Result<(), CommandError> {
        control.check(value).map_err(bad)?;
        let live = self.stages.live(room)?;
        let others = live.seen.participants.iter();
        let others = others.filter(|p| p.controls.get(control) != value);
        let changed: Vec<_> = others.map(|p| p.id).collect();
        for id in &changed {
            let controls = &mut live.change(*id)?.controls;
            controls.set(control, value).map_err(bad)?;
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.stage_event(room, None, StageAction::AllControlsSet { control, value });
        for id in changed {
            self.control_changed(room, id, control);
        }
        Ok(())
    }

    fn control_changed(&mut self, room: &str, id: ParticipantId, control: Control) {
        if control == Control::Mute {
            self.follow_mute(room, id);
        } else {
            self.control_in_mix(room, id);
        }
    }

    /// Tells the mix what is set about a member.
    pub(super) fn control_in_mix(&mut self, room: &str, id: ParticipantId) {
        let Some((worker, mix, leg)) = self.leg_of_participant(room, id) else {
            return self.listen_on_tape(room, id);
        };
        let Ok(participant) = self.stages.participant(room, id) else {
            return;
        };
        let controls = in_the_mix(&participant.controls);
        self.media(
            worker,
            MediaCommand::SetControls {
                room: mix,
                leg,
                controls,
            },
        );
    }
}

/// The settings in the words of the mix. Every value is in its control's range, so none is cut.
pub(super) fn in_the_mix(controls: &Controls) -> MemberControls {
    let small = |control| u8::try_from(controls.get(control)).unwrap_or_default();
    MemberControls {
        stereo_bypass: controls.is_on(Control::StereoBypass),
        noise_suppression: controls.is_on(Control::NoiseSuppression),
        automatic_gain: controls.is_on(Control::AutomaticGain),
        automatic_equaliser: controls.is_on(Control::AutomaticEqualiser),
        echo_cancellation: controls.is_on(Control::EchoCancellation),
        voice_shift_semitones: i8::try_from(controls.get(Control::VoiceShift)).unwrap_or_default(),
        input_gain_percent: u16::try_from(controls.get(Control::InputGain)).unwrap_or_default(),
        mixing_3d: controls.is_on(Control::Mixing3d),
        attenuation_db_per_m: small(Control::Attenuation),
        max_distance_cm: u32::try_from(controls.get(Control::MaxDistance)).unwrap_or_default(),
        reverb: controls.is_on(Control::Reverb),
        loudspeakers: controls.device() == Device::Loudspeakers,
        half_span_deg: small(Control::HalfSpanAngle),
        master_gain_percent: small(Control::MasterGain),
        whisper: small(Control::Whisper),
        sidebar: small(Control::Sidebar),
    }
}
