//! Nothing clicks: not a moving source, not a switch, not one who comes or goes.

mod booth;

use booth::{Booth, FRAME, HEADPHONES, Heard, RATE, click_db, from, tone};
use jackfield_media::spatial::{
    Device, HalfSpan, Hearing, HrtfSet, ListenerControls, Mixing, Quality, RATES_HZ, Renderer,
    Sound, SourceSpectrum,
};

/// Loudest click allowed: `event-manager.md` §11.
const CLICK_DBFS: f64 = -50.0;

fn quiet(what: &str, heard: &Heard, rate: u32) {
    for channel in heard {
        let click = click_db(channel, rate);
        assert!(click < CLICK_DBFS, "{what}: {click} dBFS");
        let loudest = channel
            .iter()
            .fold(0.0f32, |loudest, x| loudest.max(x.abs()));
        assert!(loudest > 0.05, "{what}: nothing was heard");
    }
}

fn sets() -> [HrtfSet; 2] {
    [HrtfSet::kemar(), HrtfSet::spherical_head()]
}

#[test]
fn the_ears_of_this_test_hear_clicks() {
    let mut sound = tone(RATE, 200.0, 0.3, FRAME * 4);
    assert!(click_db(&sound, RATE) < -75.0);
    for sample in &mut sound[FRAME * 2 + 100..] {
        *sample *= 0.93;
    }
    assert!(click_db(&sound, RATE) > CLICK_DBFS);
}

#[test]
fn poses_jump_without_a_click() {
    let sound = tone(RATE, 200.0, 0.3, FRAME * 24);
    for set in sets() {
        for quality in 1..=5 {
            let mut booth = Booth::at_48k(&set, quality);
            let heard = booth.play(&sound, |frame| match frame % 6 {
                0 | 1 => from(90.0, 0.0),
                2 => from(-90.0, 0.0),
                3 => from(180.0, -40.0),
                4 => Hearing {
                    gain: 0.2,
                    ..from(3.0, 81.0)
                },
                _ => Hearing {
                    gain: 0.5,
                    ..from(47.0, 12.0)
                },
            });
            quiet(
                &format!("{} at quality {quality}", set.name()),
                &heard,
                RATE,
            );
        }
    }
}

#[test]
fn a_source_goes_round_without_a_click() {
    let sound = tone(RATE, 250.0, 0.3, FRAME * 60);
    for set in sets() {
        let mut booth = Booth::at_48k(&set, 3);
        let heard = booth.play(&sound, |frame| from(frame as f32 * 7.3, 20.0));
        quiet(set.name(), &heard, RATE);
    }
}

#[test]
fn switches_do_not_click() {
    let sound = tone(RATE, 200.0, 0.2, FRAME * 24);
    let speakers = |degrees| Mixing::Spatial(Device::Loudspeakers(HalfSpan::new(degrees).unwrap()));
    let headphones = HEADPHONES.mixing;
    let pairs = [
        (headphones, Mixing::Flat),
        (headphones, Mixing::Bypass),
        (headphones, Mixing::Mono),
        (Mixing::Flat, Mixing::Bypass),
        (headphones, speakers(15)),
        (speakers(15), speakers(45)),
        (speakers(30), Mixing::Flat),
    ];
    for set in sets() {
        for pair in pairs {
            let mut booth = Booth::at_48k(&set, 3);
            let heard = booth.play_changing(&sound, |frame, listener| {
                let mixing = if frame / 3 % 2 == 0 { pair.0 } else { pair.1 };
                listener.set_controls(ListenerControls {
                    mixing,
                    ..HEADPHONES
                });
                from(-60.0, 0.0)
            });
            quiet(&format!("{} {pair:?}", set.name()), &heard, RATE);
        }
    }
}

#[test]
fn volume_reverberation_and_audibility_do_not_click() {
    let sound = tone(RATE, 200.0, 0.3, FRAME * 24);
    let renderer = Renderer::new(&HrtfSet::spherical_head(), RATE, FRAME, Quality::ALL[2]).unwrap();
    let mut booth = Booth::new(&renderer);
    booth.source = SourceSpectrum::with_reverb(&renderer);
    let heard = booth.play_changing(&sound, |frame, listener| {
        listener.set_controls(ListenerControls {
            reverb: frame % 2 == 0,
            master_percent: [100, 10, 60][frame % 3],
            ..HEADPHONES
        });
        if frame % 5 == 3 {
            Hearing::INAUDIBLE
        } else {
            from(20.0, 0.0)
        }
    });
    quiet("controls", &heard, RATE);
    // What was faded out in frame 3 is silent at its end, but for the limiter's delay and the room.
    assert!(heard[0][FRAME * 4 - 1].abs() < 0.02);
}

#[test]
fn sources_come_and_go_without_a_click() {
    for rate in RATES_HZ {
        for milliseconds in [10, 20] {
            let frame = rate as usize * milliseconds / 1000;
            let set = HrtfSet::spherical_head();
            let renderer = Renderer::new(&set, rate, frame, Quality::ALL[4]).unwrap();
            let mut booth = Booth::new(&renderer);
            // One that is there all the time, and one that starts and ends at the worst of moments, at the top of
            // its wave, every eight frames.
            let sound = tone(rate, 200.0, 0.2, frame * 48);
            let mut guest = SourceSpectrum::new(&renderer);
            let mut heard = [Vec::new(), Vec::new()];
            for number in 0..48 {
                booth
                    .source
                    .analyse(Sound::Mono(&sound[number * frame..][..frame]));
                let quarter = rate as usize / 800;
                let samples = tone(rate, 200.0, 0.2, frame * 9 + quarter);
                match number % 8 {
                    at @ 0..4 => {
                        let from = at * frame + quarter;
                        guest.analyse(Sound::Mono(&samples[from..from + frame]));
                    }
                    4 => guest.fade_out(),
                    _ => guest.analyse(Sound::Mono(&vec![0.0; frame])),
                }
                let mut mix = booth.listener.begin(&mut booth.space);
                mix.add(0, &booth.source, from(-30.0, 0.0));
                // After two frames of silence its slot is given up.
                if number % 8 < 7 {
                    mix.add(1, &guest, from(100.0, 0.0));
                }
                let (mut left, mut right) = (vec![0.0; frame], vec![0.0; frame]);
                mix.render(&mut left, &mut right);
                heard[0].extend(left);
                heard[1].extend(right);
            }
            quiet(&format!("{rate} Hz, {milliseconds} ms"), &heard, rate);
        }
    }
}

#[test]
fn a_source_that_begins_again_leaves_nothing_of_before() {
    let renderer = Renderer::new(&HrtfSet::kemar(), RATE, FRAME, Quality::ALL[4]).unwrap();
    let sound = tone(RATE, 300.0, 0.2, FRAME * 3);
    let fresh = Booth::new(&renderer).play(&sound, |_| from(70.0, 0.0));
    // Heard from elsewhere, then silent for as long as filters remember, then from where the fresh one is.
    let mut booth = Booth::new(&renderer);
    booth.play(&sound, |_| from(-70.0, 30.0));
    booth.source.fade_out();
    booth.hear(from(-70.0, 30.0), &mut [Vec::new(), Vec::new()]);
    booth.play(&[0.0; FRAME * 3], |_| from(70.0, 0.0));
    assert!(booth.source.is_silent());
    let again = booth.play(&sound, |_| from(70.0, 0.0));
    // The first frame of the fresh one fades in as a source and as heard; the rest is the same.
    for (fresh, again) in fresh.iter().zip(&again) {
        for (a, b) in fresh.iter().zip(again).skip(FRAME + 500) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
