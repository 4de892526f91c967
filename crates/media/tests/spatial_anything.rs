//! Whatever the numbers are, what comes out is sound: any pose, any rate, any sample, any file.

mod booth;

use booth::{Booth, FRAME, HEADPHONES, RATE, db, from, lead, noise, power, tone};
use jackfield_media::spatial::{
    Attenuation, CEILING, Device, Direction, Equalisation, HalfSpan, Heading, Hearing, HrtfSet,
    ListenerControls, MixSpace, Mixing, Pose, Position, Quality, RATES_HZ, Renderer, SofaError,
    Sound, SourceSpectrum, Viewpoint, sofa,
};
use proptest::prelude::*;

const KEMAR: &[u8] = include_bytes!("../assets/MIT_KEMAR_normal_pinna.sofa");

fn is_sound(channel: &[f32]) {
    for &sample in channel {
        assert!(sample.is_finite() && sample.abs() <= CEILING, "{sample}");
        assert!(!sample.is_subnormal(), "{sample}");
    }
}

fn position() -> impl Strategy<Value = Position> {
    let coordinate = || {
        prop_oneof![
            -300..300i32,
            -Position::LIMIT_CM..=Position::LIMIT_CM,
            Just(0)
        ]
    };
    (coordinate(), coordinate(), coordinate())
        .prop_map(|(x, y, z)| Position::new(x, y, z).expect("in range"))
}

fn pose() -> impl Strategy<Value = Pose> {
    (position(), -180..=180i16, -90..=90i16).prop_map(|(position, azimuth, elevation)| Pose {
        position,
        heading: Heading::new(azimuth, elevation).expect("in range"),
    })
}

fn mixing() -> impl Strategy<Value = Mixing> {
    prop_oneof![
        Just(Mixing::Bypass),
        Just(Mixing::Flat),
        Just(Mixing::Mono),
        Just(HEADPHONES.mixing),
        (1..=90u8).prop_map(|angle| {
            Mixing::Spatial(Device::Loudspeakers(
                HalfSpan::new(angle).expect("in range"),
            ))
        }),
    ]
}

fn controls() -> impl Strategy<Value = ListenerControls> {
    (mixing(), any::<bool>(), any::<u8>()).prop_map(|(mixing, reverb, master_percent)| {
        ListenerControls {
            mixing,
            reverb,
            master_percent,
        }
    })
}

/// What happens in a frame: pose and controls of the listener, attenuation, place and loudness of two sources.
type Frame = (
    Pose,
    ListenerControls,
    (u8, u32),
    [Position; 2],
    [f32; 2],
    bool,
);

fn frame() -> impl Strategy<Value = Frame> {
    let sample = || prop_oneof![Just(0.0f32), -1.0..1.0f32, any::<f32>()];
    (
        pose(),
        controls(),
        (0..=40u8, any::<u32>()),
        [position(), position()],
        [sample(), sample()],
        any::<bool>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_poses_and_controls_give_sound(
        frames in proptest::collection::vec(frame(), 1..20),
        rate in prop::sample::select(RATES_HZ.to_vec()),
        level in 1..=5u8,
    ) {
        let frame = rate as usize / 100;
        let set = HrtfSet::spherical_head();
        let renderer = Renderer::new(&set, rate, frame, Quality::new(level).unwrap()).unwrap();
        let mut booth = Booth::new(&renderer);
        let mut view = Viewpoint::new(2);
        let mut sources = [
            SourceSpectrum::with_reverb(&renderer),
            SourceSpectrum::new(&renderer),
        ];
        for (pose, controls, (db_per_m, max_cm), positions, peaks, audible) in frames {
            view.set_pose(pose);
            view.set_attenuation(Attenuation::new(db_per_m, max_cm).unwrap());
            booth.listener.set_controls(controls);
            let mut mix = booth.listener.begin(&mut booth.space);
            for (n, source) in sources.iter_mut().enumerate() {
                let samples: Vec<f32> = noise(frame, 1.0).iter().map(|x| x * peaks[n]).collect();
                source.analyse(Sound::Mono(&samples));
                let hearing = view.hear(n, positions[n]);
                prop_assert!((0.0..=1.0).contains(&hearing.gain));
                mix.add(n, source, Hearing { audible, ..hearing });
            }
            let (mut left, mut right) = (vec![0.0; frame], vec![0.0; frame]);
            mix.render(&mut left, &mut right);
            is_sound(&left);
            is_sound(&right);
        }
    }
}

#[test]
fn every_rate_quality_and_frame_renders_sides() {
    let set = HrtfSet::kemar();
    for rate in RATES_HZ {
        for frame in [rate as usize / 100, rate as usize / 50] {
            for quality in Quality::ALL {
                let renderer = Renderer::new(&set, rate, frame, quality).unwrap();
                let mut booth = Booth::new(&renderer);
                let heard = booth.play(&noise(rate as usize / 5, 0.1), |_| from(90.0, 0.0));
                let [left, right] = &heard;
                let louder = db(power(right) / power(left));
                let earlier_ms = lead(right, left) * 1000.0 / f64::from(rate);
                let case = format!("{rate} Hz, {frame} samples, {quality:?}");
                // Below 4 kHz a head makes less difference.
                let least = if rate == 8000 { 4.0 } else { 6.0 };
                assert!(louder >= least, "{case}: {louder} dB");
                assert!((0.5..=0.8).contains(&earlier_ms), "{case}: {earlier_ms} ms");
            }
        }
    }
}

#[test]
fn only_usual_rates_and_frames_are_rendered() {
    let set = HrtfSet::spherical_head();
    for (rate, frame) in [
        (44_100, 882),
        (0, 960),
        (48_000, 79),
        (48_000, 1025),
        (48_000, 0),
    ] {
        assert!(Renderer::new(&set, rate, frame, Quality::ALL[0]).is_none());
    }
    for frame in [480, 512, 960, 1024] {
        let renderer = Renderer::new(&set, 48_000, frame, Quality::ALL[4]).unwrap();
        let heard = Booth::new(&renderer).play(&tone(RATE, 440.0, 0.2, 4096), |_| from(45.0, 0.0));
        assert!(power(&heard[1]) > power(&heard[0]));
    }
}

#[test]
fn a_loud_crowd_is_limited_and_a_fading_one_ends_in_silence() {
    let renderer = Renderer::new(&HrtfSet::kemar(), RATE, FRAME, Quality::ALL[2]).unwrap();
    let mut booth = Booth::new(&renderer);
    let mut crowd: Vec<_> = (0..4)
        .map(|_| SourceSpectrum::with_reverb(&renderer))
        .collect();
    booth.listener.set_controls(ListenerControls {
        reverb: true,
        ..HEADPHONES
    });
    let mut space = MixSpace::new(&renderer);
    let mut last = Vec::new();
    for number in 0..120 {
        let mut mix = booth.listener.begin(&mut space);
        for (n, source) in crowd.iter_mut().enumerate() {
            if number < 20 {
                source.analyse(Sound::Mono(&noise(FRAME, 1.0)));
            } else {
                source.analyse(Sound::Mono(&[0.0; FRAME]));
            }
            mix.add(n, source, from(n as f32 * 90.0, 0.0));
        }
        let (mut left, mut right) = (vec![0.0; FRAME], vec![0.0; FRAME]);
        mix.render(&mut left, &mut right);
        is_sound(&left);
        is_sound(&right);
        last = left;
    }
    assert!(last.iter().all(|&sample| sample == 0.0));
}

#[test]
fn loudspeakers_give_the_ears_what_headphones_would() {
    // The listener sits between loudspeakers at 30 degrees; what they play reaches both ears through the air.
    let set = HrtfSet::spherical_head();
    let renderer = Renderer::new(&set, RATE, FRAME, Quality::ALL[4]).unwrap();
    let sound = noise(FRAME * 8, 0.05);
    let [left, right] = Booth::new(&renderer).play(&sound, |_| from(80.0, 0.0));
    let wanted = db(power(&right[FRAME..]) / power(&left[FRAME..]));
    let mut booth = Booth::new(&renderer);
    let device = Device::Loudspeakers(HalfSpan::new(30).unwrap());
    booth.listener.set_controls(ListenerControls {
        mixing: Mixing::Spatial(device),
        ..HEADPHONES
    });
    let played = booth.play(&sound, |_| from(80.0, 0.0));
    let [from_left, from_right] =
        [-30.0, 30.0].map(|azimuth| renderer.impulse_responses(Direction::new(azimuth, 0.0)));
    let arrived: Vec<Vec<f32>> = (0..2)
        .map(|ear| {
            let convolve = |n: usize, response: &[f32], played: &[f32]| -> f32 {
                let taps = response[..400].iter().enumerate();
                taps.map(|(m, tap)| tap * played[n - m]).sum()
            };
            (FRAME * 2..FRAME * 8)
                .map(|n| {
                    convolve(n, &from_left[ear], &played[0])
                        + convolve(n, &from_right[ear], &played[1])
                })
                .collect()
        })
        .collect();
    let got = db(power(&arrived[1]) / power(&arrived[0]));
    assert!((got - wanted).abs() < 2.0, "{got} instead of {wanted} dB");
    let wanted = lead(&right[FRAME..], &left[FRAME..]);
    let got = lead(&arrived[1], &arrived[0]);
    // Lower frequencies cross over a little, as more gain than allowed would be needed.
    assert!(
        (got - wanted).abs() < 4.0,
        "{got} instead of {wanted} samples"
    );
}

#[test]
fn a_room_rings_for_350_milliseconds_18_decibels_down() {
    let renderer = Renderer::new(&HrtfSet::spherical_head(), RATE, FRAME, Quality::ALL[2]).unwrap();
    let play = |reverb: bool| {
        let mut booth = Booth::new(&renderer);
        booth.source = SourceSpectrum::with_reverb(&renderer);
        booth.listener.set_controls(ListenerControls {
            reverb,
            ..HEADPHONES
        });
        let mut sound = noise(FRAME * 10, 0.1);
        sound.extend(vec![0.0; FRAME * 40]);
        booth.play(&sound, |_| from(0.0, 0.0))
    };
    let (wet, dry) = (play(true), play(false));
    let room: Vec<Vec<f32>> = wet
        .iter()
        .zip(&dry)
        .map(|(wet, dry)| wet.iter().zip(dry).map(|(wet, dry)| wet - dry).collect())
        .collect();
    let steady = FRAME * 8..FRAME * 10;
    let sent = db(power(&room[0][steady.clone()]) / power(&noise(FRAME * 2, 0.1)));
    assert!((sent + 18.0).abs() < 2.0, "{sent} dB");
    // Level in the 20 ms around two moments of the decay.
    let level = |ms: usize| db(power(&room[0][FRAME * 10 + ms * 48..][..FRAME]));
    let rt60 = 60.0 / (level(40) - level(180)) * 0.14;
    assert!((0.28..=0.42).contains(&rt60), "{rt60} s");
    let product: f64 = room[0]
        .iter()
        .zip(&room[1])
        .map(|(a, b)| f64::from(a * b))
        .sum();
    let alike = product / (power(&room[0]) * power(&room[1])).sqrt();
    assert!(alike.abs() < 0.3, "the ears hear the same room: {alike}");
}

#[test]
fn broken_files_are_refused_with_a_reason() {
    let read = |bytes: &[u8]| HrtfSet::from_sofa("broken", bytes, Equalisation::None);
    assert!(matches!(read(&[]), Err(SofaError::Hdf(_))));
    assert!(matches!(read(b"RIFF....WAVE"), Err(SofaError::Hdf(_))));
    assert!(matches!(
        read(&KEMAR[..KEMAR.len() / 2]),
        Err(SofaError::Hdf(_))
    ));
    assert!(matches!(
        read(&vec![0; sofa::MAX_BYTES + 1]),
        Err(SofaError::TooLarge(_))
    ));
    // Another convention, of as many letters.
    let mut other = KEMAR.to_vec();
    let name = b"SimpleFreeFieldHRIR";
    let at = other
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    other[at..at + name.len()].copy_from_slice(b"GeneralFreeFieldFIR");
    let error = read(&other).unwrap_err();
    assert!(matches!(error, SofaError::Convention(_)), "{error}");
    assert!(error.to_string().contains("GeneralFreeFieldFIR"), "{error}");
}
