//! A room in three dimensions with phones in it.

use jackfield_media as media;
use media::control::{
    Codec, LegId, MediaCommand, MemberControls, MemberSettings, OpusSending, Place, RoomId,
};
use media::level;
use media::spatial::{HrtfSet, Quality, Renderer};

use super::Studio;

pub const ROOM: RoomId = RoomId(1);

pub fn hall(rate_hz: u32) -> Studio {
    let mut studio = Studio::new(u64::from(rate_hz));
    let renderer = Renderer::new(&HrtfSet::spherical_head(), 48_000, 960, Quality::ALL[2]);
    studio
        .engine
        .equip(renderer.expect("a rate and a frame it has"));
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz,
    });
    studio
}

pub fn join(studio: &mut Studio, codec: Codec) -> LegId {
    let opus = OpusSending {
        stereo: true,
        max_bitrate: Some(128_000),
        ..OpusSending::default()
    };
    let leg = studio.phone_for(codec, opus);
    studio.command(MediaCommand::JoinRoom {
        room: ROOM,
        leg,
        settings: MemberSettings::default(),
    });
    leg
}

pub fn put(studio: &mut Studio, leg: LegId, position_cm: [i32; 3], azimuth_deg: i16) {
    let place = Place {
        position_cm,
        azimuth_deg,
        elevation_deg: 0,
    };
    studio.command(MediaCommand::Place {
        room: ROOM,
        leg,
        place,
    });
}

pub fn set(studio: &mut Studio, leg: LegId, controls: MemberControls) {
    studio.command(MediaCommand::SetControls {
        room: ROOM,
        leg,
        controls,
    });
}

/// In three dimensions, without loss by distance or reverberation.
pub fn three_d() -> MemberControls {
    MemberControls {
        mixing_3d: true,
        attenuation_db_per_m: 0,
        reverb: false,
        ..MemberControls::default()
    }
}

/// Levels at the two ears over the last 400 ms.
pub fn ears(studio: &mut Studio, leg: LegId, hz: f64) -> (f64, f64) {
    studio.run(1500);
    let ears = studio
        .at(leg)
        .ears
        .as_ref()
        .expect("somebody with two ears");
    let last = |heard: &[i16]| level::dbfs_at(&heard[heard.len() - 19_200..], 48_000, hz);
    (last(&ears.left), last(&ears.right))
}

/// The level at which a phone with one ear hears a tone, over the last 400 ms.
pub fn ear(studio: &mut Studio, leg: LegId, hz: f64) -> f64 {
    studio.run(1200);
    let phone = studio.at(leg);
    let rate_hz = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len() - rate_hz as usize * 2 / 5..];
    level::dbfs_at(heard, rate_hz, hz)
}

/// The loudest that is not the tone itself, in dBFS: what is left when a sinusoid of that frequency is taken out.
pub fn click(heard: &[i16], rate_hz: u32, hz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * hz / f64::from(rate_hz)).cos();
    let left = heard
        .windows(3)
        .map(|w| (f64::from(w[0]) - turn * f64::from(w[1]) + f64::from(w[2])).abs());
    20.0 * (left.fold(1.0, f64::max) / 32_768.0).log10()
}
