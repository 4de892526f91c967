//! `[[local_stream]]`: streams of sound that everybody hears at the same place, beside those of `local_stream.conf.xml`.

use std::path::PathBuf;
use std::time::Duration;

use switch_core::{MAX_CHIME_S, MAX_INTERVAL_MS, STREAM_RATES, StreamSettings};

use super::toml_tree::{Source, Table};

/// Reads the tables below the top.
pub(super) fn read(top: &mut Table<'_>, source: &Source) -> Vec<StreamSettings> {
    let mut streams: Vec<StreamSettings> = Vec::new();
    for (offset, mut table) in top.tables("local_stream") {
        let stream = stream(&mut table);
        table.finish();
        if stream.name.is_empty() || stream.path.as_os_str().is_empty() {
            source.complain(offset, "local_stream: it takes a name and a path");
        } else if streams.iter().any(|known| known.name == stream.name) {
            let what = format!("local_stream {:?}: it is there already", stream.name);
            source.complain(offset, what);
        } else {
            streams.push(stream);
        }
    }
    streams
}

fn stream(table: &mut Table<'_>) -> StreamSettings {
    fn seconds(table: &mut Table<'_>, key: &'static str) -> Option<Duration> {
        let expected = "a duration of whole seconds up to 24h, as \"30s\"";
        let read = |text: &str| {
            let time = super::quantity::duration(text)?;
            let fits = time.subsec_nanos() == 0 && time.as_secs() <= MAX_CHIME_S.into();
            fits.then_some(time)
        };
        Some(table.parsed(key, expected, read)?.value)
    }
    let name = table.text("name").unwrap_or_default();
    let path = table.path("path").unwrap_or_default();
    let usual = StreamSettings::new(&name, path);
    let expected = "8000, 12000, 16000, 24000, 32000, 44100 or 48000, as a text";
    let rate = |text: &str| text.parse().ok().filter(|hz| STREAM_RATES.contains(hz));
    let interval = |text: &str| {
        let ms = u32::try_from(super::quantity::duration(text)?.as_millis()).ok()?;
        (ms <= MAX_INTERVAL_MS).then_some(ms)
    };
    let file = |text: &str| Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty());
    StreamSettings {
        rate_hz: table
            .parsed("rate", expected, rate)
            .map_or(usual.rate_hz, |at| at.value),
        shuffle: table.boolean("shuffle").unwrap_or(usual.shuffle),
        interval_ms: table
            .parsed("interval", "a duration up to 1m, as \"20ms\"", interval)
            .map_or(usual.interval_ms, |at| at.value),
        chimes: table
            .list("chimes", "names of files", file)
            .unwrap_or_default(),
        chime_every: seconds(table, "chime_every").unwrap_or(usual.chime_every),
        chime_most: seconds(table, "chime_most").filter(|most| !most.is_zero()),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_errors, toml};
    use super::*;

    #[test]
    fn streams_are_read_with_what_is_said_of_them() {
        let loaded = toml(
            "[[local_stream]]\nname = \"moh\"\npath = \"music\"\nrate = \"16000\"\nshuffle = true\ninterval = \"1s\"\nchimes = [\"a.wav\", \"b.wav\"]\nchime_every = \"30s\"\nchime_most = \"2s\"\n[[local_stream]]\nname = \"shop\"\npath = \"/shop.wav\"\n",
        );
        let loaded = loaded.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let found = loaded.settings.switch.switch.streams;
        let music = StreamSettings {
            rate_hz: 16_000,
            shuffle: true,
            interval_ms: 1000,
            chimes: vec!["a.wav".into(), "b.wav".into()],
            chime_every: Duration::from_secs(30),
            chime_most: Some(Duration::from_secs(2)),
            ..StreamSettings::new("moh", "music".into())
        };
        let shop = StreamSettings::new("shop", "/shop.wav".into());
        assert_eq!(found, [music, shop]);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        check_errors(
            toml(
                "[[local_stream]]\nname = \"a\"\n[[local_stream]]\nname = \"b\"\npath = \"b\"\nrate = \"8001\"\n[[local_stream]]\nname = \"b\"\npath = \"c\"\nintervall = \"1s\"\n",
            ),
            &[
                "jackfield.toml:1:1: local_stream: it takes a name and a path",
                "jackfield.toml:6:",
                "jackfield.toml:7:1: local_stream \"b\": it is there already",
                "jackfield.toml:10:",
            ],
        );
    }
}
