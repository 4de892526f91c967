use media::file::wav;
use media::level;
use media::source::{Fill, FrameSource};

use super::*;

struct Music {
    folder: PathBuf,
    streams: Streams,
    start: Instant,
}

impl Drop for Music {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Half a second of a tone, as a file.
fn tone(path: &Path, hz: f64, rate_hz: u32) {
    let samples = (0..rate_hz / 2).map(|n| {
        let angle = f64::from(n) / f64::from(rate_hz) * hz * std::f64::consts::TAU;
        (angle.sin() * 10_000.0) as i16
    });
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut file = wav::header(rate_hz, 1, data.len() as u64).to_vec();
    file.extend(data);
    std::fs::write(path, file).unwrap();
}

fn settings(name: &str, path: &str) -> StreamSettings {
    StreamSettings {
        interval_ms: 0,
        ..StreamSettings::new(name, path.into())
    }
}

/// A stream `moh` of two files, 400 Hz and 900 Hz.
fn music(name: &str, more: Vec<StreamSettings>) -> Music {
    let folder =
        std::env::temp_dir().join(format!("jackfield-streams-{name}-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("music")).unwrap();
    tone(&folder.join("music/a.wav"), 400.0, 8000);
    tone(&folder.join("music/b.wav"), 900.0, 16_000);
    std::fs::write(folder.join("music/c.txt"), "no sound").unwrap();
    let all = [vec![settings("moh", "music")], more].concat();
    let streams = Streams::new(&folder, all, Arc::default());
    Music {
        folder,
        streams,
        start: Instant::now(),
    }
}

impl Music {
    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// What a listener hears of the next so many milliseconds, from that moment on.
    fn hear(&mut self, source: &mut StreamSource, from_ms: u64, ms: u64) -> Vec<i16> {
        let mut heard = Vec::new();
        for tick in 0..ms / 20 {
            let now = self.at(from_ms + tick * 20);
            self.streams.top_up(now);
            let mut frame = vec![0; (source.rate_hz() / BLOCKS) as usize];
            assert_eq!(source.read_at(now, &mut frame), Fill::Full, "{tick}");
            heard.extend(frame);
        }
        heard
    }

    fn shown(&mut self, name: &str) -> LocalStream {
        let StreamOutcome::Shown(all) = self.streams.carry_out(StreamJob::Show, self.start) else {
            panic!("streams are shown");
        };
        all.into_iter().find(|one| &*one.name == name).unwrap()
    }
}

fn hz(samples: &[i16], rate_hz: u32) -> u32 {
    let found = level::dominant_hz(samples, rate_hz).unwrap();
    (found / 10.0).round() as u32 * 10
}

#[test]
fn everybody_is_at_the_same_place_at_every_rate() {
    let mut music = music("place", Vec::new());
    let mut narrow = music.streams.listen("moh", 8000, None, music.start);
    let heard = music.hear(&mut narrow, 0, 300);
    assert_eq!(hz(&heard, 8000), 400);
    // Who comes later hears where the others are, at another rate too.
    let now = music.at(300);
    let mut wide = music.streams.listen("moh", 16_000, None, now);
    let mut second = music.streams.listen("moh", 8000, None, now);
    let both = music.hear(&mut narrow, 300, 400);
    assert_eq!(music.hear(&mut second, 300, 400), both);
    let at_16 = music.hear(&mut wide, 300, 400);
    for (narrow, wide) in [
        (&both[..1400], &at_16[..2800]),
        (&both[1800..], &at_16[3600..]),
    ] {
        assert_eq!(hz(narrow, 8000), hz(wide, 16_000));
    }
    assert_eq!(hz(&both[1800..], 8000), 900);
    // A second listener at a rate costs no second resampler.
    let third = music.streams.listen("moh", 16_000, None, music.at(700));
    let stream = &music.streams.all[0];
    assert_eq!((stream.converted.len(), stream.listeners()), (1, 4));
    drop((third, wide));
    music.streams.top_up(music.at(720));
    assert!(music.streams.all[0].converted.is_empty());
}

#[test]
fn nobody_listens_and_it_stands_still() {
    let mut music = music("still", Vec::new());
    let mut first = music.streams.listen("moh", 8000, None, music.start);
    assert_eq!(hz(&music.hear(&mut first, 0, 400), 8000), 400);
    drop(first);
    music.streams.top_up(music.at(400));
    let decoded = music.streams.all[0].native.written();
    music.streams.top_up(music.at(60_000));
    assert_eq!(music.streams.all[0].native.written(), decoded);
    // A hundred milliseconds of the first file are left.
    let now = music.at(60_000);
    let mut later = music.streams.listen("moh", 8000, None, now);
    let heard = music.hear(&mut later, 60_000, 400);
    assert_eq!(hz(&heard[..640], 8000), 400);
    assert_eq!(hz(&heard[1000..], 8000), 900);
}

#[test]
fn names_mean_what_is_there_and_can_be_played() {
    let empty = settings("empty", "nothing");
    let shop = settings("shop/8000", "music/b.wav");
    let wide = StreamSettings {
        rate_hz: 16_000,
        ..settings("shop/16000", "music/a.wav")
    };
    let mut music = music(
        "names",
        vec![empty, shop, wide, settings("default", "music/b.wav")],
    );
    let found = |music: &mut Music, name, rate| {
        let at = music.streams.find(name, rate);
        at.map(|at| music.streams.all[at].settings.name.to_string())
    };
    for (name, rate, expected) in [
        ("moh", 48_000, "moh"),
        ("shop", 8000, "shop/8000"),
        ("shop", 16_000, "shop/16000"),
        ("shop", 48_000, "shop/16000"),
        ("shop/8000", 48_000, "shop/8000"),
        ("empty", 8000, "default"),
        ("unheard of", 8000, "default"),
    ] {
        assert_eq!(
            found(&mut music, name, rate).as_deref(),
            Some(expected),
            "{name} {rate}"
        );
    }
    assert!(!music.shown("empty").ready);
    // Without any of those there is a tune.
    music.streams.all.clear();
    let mut tune = music.streams.listen("whatever", 8000, None, music.start);
    assert!(level::dbfs(&music.hear(&mut tune, 0, 200)) > -30.0);
    assert_eq!(&*music.shown("moh").location, "");
}

#[test]
fn consoles_change_streams_when_nobody_notices() {
    let mut music = music("change", Vec::new());
    let mut heard = music.streams.listen("moh", 8000, None, music.start);
    assert_eq!(hz(&music.hear(&mut heard, 0, 100), 8000), 400);
    // The next file comes as soon as it can be heard, not with what was decoded ahead.
    let next = StreamJob::Next("moh".into());
    assert_eq!(
        music.streams.carry_out(next, music.at(100)),
        StreamOutcome::Done
    );
    let after = music.hear(&mut heard, 100, 400);
    assert_eq!(hz(&after[960..], 8000), 900);
    // While somebody listens it is taken in parts, and wholly afterwards.
    let other = StreamSettings {
        shuffle: true,
        ..settings("moh", "music/b.wav")
    };
    music
        .streams
        .carry_out(StreamJob::Reload(other), music.at(500));
    assert!(music.shown("moh").reloading);
    music.hear(&mut heard, 500, 1200);
    let shown = music.shown("moh");
    assert_eq!(
        (&*shown.location, shown.shuffle, shown.listeners),
        ("music", true, 1)
    );
    drop(heard);
    music.streams.top_up(music.at(1700));
    let shown = music.shown("moh");
    assert_eq!((&*shown.location, shown.reloading), ("music/b.wav", false));
    // One that is stopped ends when nobody hears it, and nobody new does.
    let heard = music.streams.listen("moh", 8000, None, music.at(2000));
    let stop = StreamJob::Stop("moh".into());
    assert_eq!(
        music.streams.carry_out(stop.clone(), music.at(2000)),
        StreamOutcome::Done
    );
    assert!(music.shown("moh").stopped);
    assert_eq!(music.streams.find("moh", 8000), None);
    drop(heard);
    assert_eq!(
        music.streams.carry_out(stop.clone(), music.at(2020)),
        StreamOutcome::Done
    );
    assert_eq!(
        music.streams.carry_out(stop, music.at(2040)),
        StreamOutcome::Unknown
    );
    let start = StreamJob::Start(settings("moh", "music"));
    assert_eq!(
        music.streams.carry_out(start, music.at(2060)),
        StreamOutcome::Done
    );
    assert!(music.shown("moh").ready);
}

#[test]
fn lists_silence_and_chimes() {
    let chimed = StreamSettings {
        interval_ms: 200,
        chimes: vec!["music/b.wav".into()],
        chime_every: Duration::from_secs(1),
        chime_most: Some(Duration::from_millis(200)),
        ..StreamSettings::new("chimed", "list".into())
    };
    let mut music = music("lists", vec![chimed]);
    std::fs::create_dir_all(music.folder.join("list")).unwrap();
    tone(&music.folder.join("list/other.wav"), 2000.0, 8000);
    std::fs::write(
        music.folder.join("list/moh.loc"),
        "# mine\nmusic/gone.wav\nmusic/a.wav\n",
    )
    .unwrap();
    let mut heard = music.streams.listen("chimed", 8000, None, music.start);
    let heard = music.hear(&mut heard, 0, 1300);
    let part = |from: usize, to: usize| &heard[from * 8..to * 8];
    assert_eq!(hz(part(0, 500), 8000), 400);
    assert!(part(510, 690).iter().all(|sample| *sample == 0));
    assert_eq!(hz(part(700, 1000), 8000), 400);
    assert_eq!(hz(part(1020, 1180), 8000), 900);
    assert_eq!(hz(part(1220, 1300), 8000), 400);
}

#[test]
fn a_thread_that_was_away_does_not_decode_what_nobody_heard() {
    let mut music = music("away", Vec::new());
    let mut narrow = music.streams.listen("moh", 8000, None, music.start);
    let mut wide = music.streams.listen("moh", 48_000, None, music.start);
    music.hear(&mut narrow, 0, 100);
    let hour = 3_600_000;
    music.streams.top_up(music.at(hour));
    let decoded = music.streams.all[0].native.written();
    assert!(decoded - u64::from(BLOCKS) >= hour * 8);
    music.hear(&mut narrow, hour, 200);
    music.hear(&mut wide, hour, 200);
}
