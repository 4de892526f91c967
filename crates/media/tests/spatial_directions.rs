//! Where a source is heard: differences between the ears, distance, and the measured ears themselves.

mod booth;

use booth::{Booth, FRAME, RATE, db, from, lead, level_at, noise, power};
use jackfield_media::spatial::{
    Attenuation, Direction, Equalisation, Hearing, HrtfSet, Mixing, Pose, Position, Quality,
    Renderer, Sound, SourceSpectrum, Viewpoint,
};
use sofar::reader::{Filter, OpenOptions, Sofar};

const KEMAR: &[u8] = include_bytes!("../assets/MIT_KEMAR_normal_pinna.sofa");

fn sets() -> [HrtfSet; 2] {
    [HrtfSet::kemar(), HrtfSet::spherical_head()]
}

#[test]
fn from_the_side_one_ear_hears_it_earlier_and_louder() {
    for set in sets() {
        for quality in 1..=5 {
            for (azimuth, near) in [(90.0, 1), (-90.0, 0)] {
                let mut booth = Booth::at_48k(&set, quality);
                let heard = booth.play(&noise(FRAME * 12, 0.1), |_| from(azimuth, 0.0));
                let [near, far] = [&heard[near][FRAME..], &heard[1 - near][FRAME..]];
                let louder = db(power(near) / power(far));
                let earlier_ms = lead(near, far) / 48.0;
                let case = format!("{} at quality {quality}, {azimuth}", set.name());
                assert!(louder >= 6.0, "{case}: {louder} dB");
                assert!((0.5..=0.8).contains(&earlier_ms), "{case}: {earlier_ms} ms");
                println!("{case}: {louder:.1} dB, {earlier_ms:.3} ms");
            }
        }
    }
}

#[test]
fn ahead_and_behind_both_ears_hear_the_same() {
    for set in sets() {
        for azimuth in [0.0, 180.0] {
            let mut booth = Booth::at_48k(&set, 3);
            let heard = booth.play(&noise(FRAME * 12, 0.1), |_| from(azimuth, 0.0));
            let louder = db(power(&heard[0]) / power(&heard[1]));
            assert!(louder.abs() < 0.1, "{} {azimuth}: {louder}", set.name());
            assert!(lead(&heard[0], &heard[1]).abs() < 0.05);
        }
    }
}

/// Difference in dB between two directions, for each third of an octave.
fn spectral_difference(set: &HrtfSet, a: Direction, b: Direction) -> Vec<(f64, f64)> {
    let renderer =
        Renderer::new(set, RATE, FRAME, Quality::ALL[4]).expect("a usual rate and frame");
    let [a, b] = [a, b].map(|direction| renderer.impulse_responses(direction)[0].clone());
    (0..17)
        .map(|band| 400.0 * 2f64.powf(f64::from(band) / 3.0))
        .map(|hz| (hz, level_at(&a, RATE, hz) - level_at(&b, RATE, hz)))
        .collect()
}

#[test]
fn ahead_and_behind_sound_different() {
    let [front, behind] = [Direction::FRONT, Direction::new(180.0, 0.0)];
    for set in sets() {
        let difference = spectral_difference(&set, front, behind);
        let most = difference
            .iter()
            .fold(0.0, |most: f64, (_, db)| most.max(db.abs()));
        assert!(most > 4.0, "{}: {difference:?}", set.name());
    }
    // Above and below as well.
    for set in sets() {
        let above = Direction::new(0.0, 40.0);
        let difference = spectral_difference(&set, front, above);
        let most = difference
            .iter()
            .fold(0.0, |most: f64, (_, db)| most.max(db.abs()));
        assert!(most > 2.0, "{}: {difference:?}", set.name());
    }
}

/// Level in dB at which a source is heard that stands so far to the right, at the right ear.
fn level_at_distance(mixing: Option<Mixing>, attenuation: (u8, u32), distance_cm: i32) -> f64 {
    let mut view = Viewpoint::new(1);
    let (db_per_m, max_distance_cm) = attenuation;
    view.set_attenuation(Attenuation::new(db_per_m, max_distance_cm).expect("at most 40 dB"));
    view.set_pose(Pose::default());
    let position = Position::new(distance_cm, 0, 0).expect("within a kilometre");
    let mut booth = Booth::at_48k(&HrtfSet::spherical_head(), 3);
    if let Some(mixing) = mixing {
        let mut controls = booth.listener.controls();
        controls.mixing = mixing;
        booth.listener.set_controls(controls);
    }
    let heard = booth.play(&noise(FRAME * 6, 0.1), |_| view.hear(0, position));
    db(power(&heard[1][FRAME * 2..]))
}

#[test]
fn distance_takes_what_the_listener_asked_for() {
    for mixing in [None, Some(Mixing::Mono)] {
        let near = level_at_distance(mixing, (6, 300), 1);
        let levels = [(200, -11.94), (300, -17.94), (900, -17.94)];
        for (distance, expected) in levels {
            let lost = level_at_distance(mixing, (6, 300), distance) - near;
            assert!((lost - expected).abs() < 0.01, "{distance} cm: {lost} dB");
        }
        for distance in [100, 1000, 100_000] {
            let lost = level_at_distance(mixing, (0, 300), distance) - near;
            assert!(
                (lost - 0.06).abs() < 0.01,
                "{distance} cm without loss: {lost} dB"
            );
        }
    }
    // Without 3D distance counts for nothing.
    let flat = |distance| level_at_distance(Some(Mixing::Flat), (40, 5000), distance);
    assert!((flat(4000) - flat(1)).abs() < 1e-6);
}

#[test]
fn rendering_is_convolution() {
    for set in sets() {
        for quality in [1, 3, 5] {
            for (azimuth, elevation) in [(0.0, 0.0), (33.3, 17.0), (-121.0, -63.0), (90.0, 90.0)] {
                let mut booth = Booth::at_48k(&set, quality);
                let sound = noise(FRAME * 5, 0.1);
                let heard = booth.play(&sound, |_| from(azimuth, elevation));
                let direction = Direction::new(azimuth, elevation);
                let responses = booth.renderer.impulse_responses(direction);
                let late = 96; // of the limiter
                for (response, heard) in responses.iter().zip(&heard) {
                    // Nothing may come round: the end of the transform's circle is empty.
                    let reach = response.len() + 1 - FRAME;
                    assert!(db(power(&response[reach..]) / power(response)) < -120.0);
                    let direct = |n: usize| -> f64 {
                        let taps = response[..reach].iter().enumerate();
                        taps.map(|(m, &tap)| f64::from(tap) * f64::from(sound[n - m]))
                            .sum()
                    };
                    let (mut wrong, mut right) = (0.0, 0.0);
                    // The first frame fades in, the second still remembers it.
                    for n in FRAME * 2..FRAME * 5 - late {
                        wrong += (f64::from(heard[n + late]) - direct(n)).powi(2);
                        right += direct(n).powi(2);
                    }
                    let error = db(wrong / right);
                    assert!(
                        error < -90.0,
                        "{} {quality} {direction:?}: {error} dB",
                        set.name()
                    );
                }
            }
        }
    }
}

/// The file's own responses, read by the other reader of the library, at the file's rate; cut to the length of a
/// quality.
fn of_the_file(file: &Sofar, azimuth: f64, elevation: f64, quality: Quality) -> [Vec<f32>; 2] {
    let mut filter = Filter::new(file.filter_len());
    let (azimuth, elevation) = (azimuth.to_radians(), elevation.to_radians());
    // The file counts azimuths to the left.
    file.filter_nointerp(
        (1.4 * elevation.cos() * azimuth.cos()) as f32,
        (-1.4 * elevation.cos() * azimuth.sin()) as f32,
        (1.4 * elevation.sin()) as f32,
        &mut filter,
    );
    let length = quality.samples() as f64 * 44_100.0 / 48_000.0;
    [filter.left.to_vec(), filter.right.to_vec()].map(|mut response| {
        let peak = response.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let arrival = response
            .iter()
            .position(|x| x.abs() > peak * 0.05)
            .expect("a peak");
        for (n, sample) in response.iter_mut().enumerate() {
            // The last quarter falls by half a cosine.
            let late = (n as f64 - arrival as f64) / length;
            let fall = ((late - 0.75) / 0.25).clamp(0.0, 1.0);
            *sample *= (0.5 + 0.5 * (std::f64::consts::PI * fall).cos()) as f32;
        }
        response
    })
}

fn kemar_file() -> Sofar {
    OpenOptions::new()
        .sample_rate(44_100.0)
        .normalized(false)
        .open_data(KEMAR)
        .expect("the file is whole")
}

/// Frequency, real and imaginary part.
type Bins = Vec<(f64, f64, f64)>;

/// From 300 Hz to 16 kHz.
fn spectrum(response: &[f32], rate: u32) -> Bins {
    (0..158)
        .map(|n| 300.0 + 100.0 * f64::from(n))
        .map(|hz| {
            let (re, im) = booth::bin(response, rate, hz);
            (hz, re, im)
        })
        .collect()
}

/// What of `ours` is not `theirs` times `scale` and `delay_s` later, relative to `theirs`, in dB.
fn error_db(ours: &Bins, theirs: &Bins, scale: f64, delay_s: f64) -> f64 {
    let (mut wrong, mut right) = (0.0, 0.0);
    for (&(hz, re, im), &(_, file_re, file_im)) in ours.iter().zip(theirs) {
        let (sin, cos) = (-std::f64::consts::TAU * hz * delay_s).sin_cos();
        let expected = (
            scale * (file_re * cos - file_im * sin),
            scale * (file_re * sin + file_im * cos),
        );
        wrong += (re - expected.0).powi(2) + (im - expected.1).powi(2);
        right += expected.0.powi(2) + expected.1.powi(2);
    }
    db(wrong / right)
}

#[test]
fn the_measured_ears_are_those_of_the_file() {
    let set = HrtfSet::from_sofa("as measured", KEMAR, Equalisation::None).unwrap();
    let renderer = Renderer::new(&set, RATE, FRAME, Quality::ALL[4]).unwrap();
    let file = kemar_file();
    // One level and one delay for everything, found straight ahead.
    let [ours, _] = renderer.impulse_responses(Direction::FRONT);
    let [theirs, _] = of_the_file(&file, 0.0, 0.0, Quality::ALL[4]);
    let scale = (level_at(&ours, RATE, 2000.0) - level_at(&theirs, 44_100, 2000.0)) / 20.0;
    let scale = 10f64.powf(scale);
    let (ours, theirs) = (spectrum(&ours, RATE), spectrum(&theirs, 44_100));
    let error = |delay: f64| error_db(&ours, &theirs, scale, delay);
    let delay = (-6000..6000)
        .map(|tenths| f64::from(tenths) * 1e-7)
        .min_by(|&a, &b| error(a).total_cmp(&error(b)))
        .unwrap();
    let mut errors = Vec::new();
    for elevation in [-40, -20, -10, 0, 10, 20, 60, 90] {
        let step = if elevation == 60 { 10 } else { 5 };
        for azimuth in (-180..180).step_by(step) {
            if elevation == -40 && azimuth % 45 != 0 {
                continue; // 56 directions, of which these lie on the grid
            }
            let (azimuth, elevation) = (f64::from(azimuth), f64::from(elevation));
            let direction = Direction::new(azimuth as f32, elevation as f32);
            let ours = renderer.impulse_responses(direction);
            for (ours, theirs) in
                ours.iter()
                    .zip(of_the_file(&file, azimuth, elevation, Quality::ALL[4]))
            {
                let (ours, theirs) = (spectrum(ours, RATE), spectrum(&theirs, 44_100));
                let error = error_db(&ours, &theirs, scale, delay);
                errors.push(error);
            }
        }
    }
    errors.sort_by(f64::total_cmp);
    let (median, worst) = (errors[errors.len() / 2], errors[errors.len() - 1]);
    println!(
        "{} directions on the grid: median {median:.1}, worst {worst:.1} dB",
        errors.len() / 2
    );
    assert!(
        median < -26.0 && worst < -17.0,
        "median {median}, worst {worst} dB"
    );
}

#[test]
fn differences_between_the_ears_are_those_of_the_file_everywhere() {
    // On the grid and off it, nearly from the lowest measured to the top.
    let set = HrtfSet::from_sofa("as measured", KEMAR, Equalisation::None).unwrap();
    let file = kemar_file();
    let step = |elevation: i32| match elevation {
        30 | -30 => 6.0,
        40 => 360.0 / 56.0,
        50 => 8.0,
        70 => 15.0,
        80 => 30.0,
        _ => 5.0,
    };
    for quality in [3, 5] {
        let quality = Quality::new(quality).unwrap();
        let renderer = Renderer::new(&set, RATE, FRAME, quality).unwrap();
        let (mut level_errors, mut time_errors) = (Vec::new(), Vec::new());
        for elevation in [-30, -20, 0, 20, 30, 40, 50, 70, 80] {
            let count = (360.0f64 / step(elevation)).round() as usize;
            for n in 0..count {
                let azimuth = n as f64 * step(elevation);
                let direction = Direction::new(azimuth as f32, elevation as f32);
                let ours = renderer.impulse_responses(direction);
                let theirs = of_the_file(&file, azimuth, f64::from(elevation), quality);
                // From 500 Hz to 8 kHz, in octaves: power of both ears.
                for octave in 0..4 {
                    let louder = |ears: &[Vec<f32>; 2], rate: u32| {
                        let [left, right] = [0, 1].map(|ear| -> f64 {
                            (0..24)
                                .map(|n| 500.0 * 2f64.powf(f64::from(octave) + f64::from(n) / 24.0))
                                .map(|hz| booth::bin(&ears[ear], rate, hz))
                                .map(|(re, im)| re * re + im * im)
                                .sum()
                        });
                        db(left / right)
                    };
                    level_errors.push((louder(&ours, RATE) - louder(&theirs, 44_100)).abs());
                }
                time_errors.push((delay(&ours, RATE) - delay(&theirs, 44_100)).abs() * 48_000.0);
            }
        }
        let share = |errors: &[f64], limit: f64| {
            errors.iter().filter(|&&error| error <= limit).count() as f64 / errors.len() as f64
        };
        let (level, time) = (share(&level_errors, 1.0), share(&time_errors, 1.0));
        println!("{quality:?}: {level:.3} within 1 dB, {time:.3} within one sample");
        assert!(level > 0.9, "{quality:?}: {level} within 1 dB");
        assert!(time > 0.97, "{quality:?}: {time} within one sample");
    }
}

/// Seconds by which the right ear follows the left: where they are most alike, from 300 Hz to 3 kHz.
fn delay(ears: &[Vec<f32>; 2], rate: u32) -> f64 {
    let products: Vec<(f64, f64, f64)> = (0..54)
        .map(|n| 300.0 + 50.0 * f64::from(n))
        .map(|hz| {
            let (a, b) = booth::bin(&ears[0], rate, hz);
            let (c, d) = booth::bin(&ears[1], rate, hz);
            (hz, a * c + b * d, b * c - a * d)
        })
        .collect();
    let likeness = |delay_s: f64| -> f64 {
        let turned = products.iter().map(|&(hz, re, im)| {
            let (sin, cos) = (std::f64::consts::TAU * hz * delay_s).sin_cos();
            re * cos + im * sin
        });
        turned.sum()
    };
    let microseconds = (-1000..=1000).step_by(2).map(|n| f64::from(n) * 1e-6);
    let most = microseconds.max_by(|&a, &b| likeness(a).total_cmp(&likeness(b)));
    most.expect("there are delays")
}

#[test]
fn directions_between_those_of_the_grid_are_mixed_without_combing() {
    // Half way between two points, level changes from one to the other and does not dip.
    let set = HrtfSet::kemar();
    let renderer = Renderer::new(&set, RATE, FRAME, Quality::ALL[2]).unwrap();
    for azimuth in (-175..180).step_by(10) {
        for hz in [1000.0, 2000.0, 4000.0] {
            let level = |azimuth: f32| {
                let ears = renderer.impulse_responses(Direction::new(azimuth, 0.0));
                level_at(&ears[0], RATE, hz)
            };
            let azimuth = azimuth as f32;
            let (a, middle, b) = (level(azimuth), level(azimuth + 2.5), level(azimuth + 5.0));
            let outside = (a.min(b) - middle).max(middle - a.max(b));
            assert!(outside < 2.0, "{azimuth} {hz}: {a} {middle} {b}");
        }
    }
}

#[test]
fn channels_keep_their_sides_without_3d_and_become_one_with_it() {
    let set = HrtfSet::spherical_head();
    let left_only = noise(FRAME, 0.1);
    let silence = vec![0.0; FRAME];
    for (mixing, expected) in [
        (Mixing::Flat, [1.0, 0.0]),
        (Mixing::Bypass, [1.0, 0.0]),
        (Mixing::Mono, [0.25, 0.25]),
    ] {
        let mut booth = Booth::at_48k(&set, 3);
        let mut controls = booth.listener.controls();
        controls.mixing = mixing;
        booth.listener.set_controls(controls);
        let mut heard = [Vec::new(), Vec::new()];
        for _ in 0..6 {
            booth.source.analyse(Sound::Stereo(&left_only, &silence));
            booth.hear(from(90.0, 0.0), &mut heard);
        }
        let [left, right] =
            [0, 1].map(|ear| power(&heard[ear][FRAME * 2..]) / power(&left_only) / 4.0);
        assert!((left - expected[0]).abs() < 1e-3, "{mixing:?}: {left}");
        assert!((right - expected[1]).abs() < 1e-3, "{mixing:?}: {right}");
    }
}

#[test]
fn bypass_hears_what_came_in_and_the_others_what_became_of_it() {
    let set = HrtfSet::spherical_head();
    let (raw, processed) = (vec![0.25; FRAME], vec![0.125; FRAME]);
    for (mixing, percent, expected) in [
        (Mixing::Bypass, 50, 0.25),
        (Mixing::Flat, 100, 0.125),
        (Mixing::Flat, 50, 0.0625),
        (Mixing::Flat, 0, 0.0),
    ] {
        let mut booth = Booth::at_48k(&set, 3);
        let mut controls = booth.listener.controls();
        controls.mixing = mixing;
        controls.master_percent = percent;
        booth.listener.set_controls(controls);
        let mut heard = [Vec::new(), Vec::new()];
        for _ in 0..4 {
            let (sound, raw) = (Sound::Mono(&processed), Sound::Mono(&raw));
            booth.source.analyse_with_raw(sound, raw);
            booth.hear(Hearing::INAUDIBLE, &mut [Vec::new(), Vec::new()]);
            booth.hear(from(0.0, 0.0), &mut heard);
        }
        let mut heard = [Vec::new(), Vec::new()];
        booth.hear(from(0.0, 0.0), &mut heard);
        for channel in &heard {
            assert_eq!(channel[FRAME - 1], expected, "{mixing:?} {percent} %");
        }
    }
}

#[test]
fn sources_add_up() {
    let set = HrtfSet::spherical_head();
    let renderer = Renderer::new(&set, RATE, FRAME, Quality::ALL[2]).unwrap();
    let sounds = [
        noise(FRAME * 4, 0.05),
        booth::tone(RATE, 440.0, 0.1, FRAME * 4),
    ];
    let hearings = [from(-40.0, 10.0), from(120.0, 0.0)];
    let alone: Vec<_> = (0..2)
        .map(|n| Booth::new(&renderer).play(&sounds[n], |_| hearings[n]))
        .collect();
    let mut booth = Booth::new(&renderer);
    let mut sources = [
        SourceSpectrum::new(&renderer),
        SourceSpectrum::new(&renderer),
    ];
    for frame in 0..4 {
        let mut mix = booth.listener.begin(&mut booth.space);
        for (n, source) in sources.iter_mut().enumerate() {
            source.analyse(Sound::Mono(&sounds[n][frame * FRAME..][..FRAME]));
            mix.add(n, source, hearings[n]);
        }
        let (mut left, mut right) = (vec![0.0; FRAME], vec![0.0; FRAME]);
        mix.render(&mut left, &mut right);
        for (ear, heard) in [left, right].iter().enumerate() {
            for (n, heard) in heard.iter().enumerate() {
                let at = frame * FRAME + n;
                let sum = alone[0][ear][at] + alone[1][ear][at];
                assert!((heard - sum).abs() < 1e-6);
            }
        }
    }
}
