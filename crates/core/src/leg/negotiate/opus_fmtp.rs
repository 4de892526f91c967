//! What two sides tell each other about Opus: the parameters of `a=fmtp`. RFC 7587 §6.1.

use std::fmt;

use media::control::OpusSending;

/// The rates Opus has bands for, hertz; other numbers mean the next one up.
const HIGHEST_RATE_HZ: u32 = 48_000;
/// Bits per second within which `maxaveragebitrate` means anything. RFC 7587 §6.1.
const BITRATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;

/// The parameters of one side. Each is a wish of the one who receives, except those named `sprop`,
/// which say what it will probably send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpusFmtp {
    /// `maxplaybackrate`: the highest rate it plays, hertz.
    pub(super) max_playback_rate_hz: u32,
    /// `sprop-maxcapturerate`: the highest rate it records, hertz.
    pub(super) capture_rate_hz: u32,
    /// `maxaveragebitrate`, bits per second.
    pub(super) max_bitrate: Option<u32>,
    /// `stereo`: it plays two channels.
    pub(super) stereo: bool,
    /// `sprop-stereo`: it will send two channels.
    pub(super) sends_stereo: bool,
    /// `cbr`: packets shall have one size.
    pub(super) cbr: bool,
    /// `useinbandfec`: it repairs losses from the packets behind them.
    pub(super) fec: bool,
    /// `usedtx`: nothing need be sent while nothing is said.
    pub(super) dtx: bool,
    /// `ptime` among the parameters, where some write it, milliseconds.
    pub(super) ptime_ms: Option<u32>,
    /// `minptime`: the shortest packets it takes, milliseconds.
    pub(super) min_ptime_ms: u32,
    /// `maxptime` among the parameters, milliseconds.
    pub(super) max_ptime_ms: u32,
}

impl OpusFmtp {
    /// What we offer and answer. Losses are repaired; packets shorter than 10 ms cost more in headers
    /// than they save in delay; everything else is as where nothing is written.
    pub(super) fn ours() -> Self {
        Self {
            fec: true,
            min_ptime_ms: 10,
            ..Self::default()
        }
    }

    /// Reads the parameters. What is unknown or cannot be read is as if it were not there, as RFC 7587
    /// §6.1 asks.
    pub(super) fn parse(text: &str) -> Self {
        let mut fmtp = Self::default();
        for parameter in text.split(';') {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let value = value.trim();
            let number = || value.parse::<u32>().ok();
            let flag = || Some(number()? == 1);
            let rate = || number().map(|hz| hz.clamp(8000, HIGHEST_RATE_HZ));
            let ptime = || number().filter(|ms| (3..=120).contains(ms));
            match name.trim().to_ascii_lowercase().as_str() {
                "maxplaybackrate" => set(&mut fmtp.max_playback_rate_hz, rate()),
                "sprop-maxcapturerate" => set(&mut fmtp.capture_rate_hz, rate()),
                "maxaveragebitrate" => {
                    fmtp.max_bitrate = number().filter(|bits| BITRATES.contains(bits));
                }
                "stereo" => set(&mut fmtp.stereo, flag()),
                "sprop-stereo" => set(&mut fmtp.sends_stereo, flag()),
                "cbr" => set(&mut fmtp.cbr, flag()),
                "useinbandfec" => set(&mut fmtp.fec, flag()),
                "usedtx" => set(&mut fmtp.dtx, flag()),
                "ptime" => fmtp.ptime_ms = ptime(),
                "minptime" => set(&mut fmtp.min_ptime_ms, ptime()),
                "maxptime" => set(&mut fmtp.max_ptime_ms, ptime()),
                _ => {}
            }
        }
        fmtp
    }

    /// How to encode for the side that wrote this.
    pub(super) fn sending(&self, complexity: u8) -> OpusSending {
        OpusSending {
            fec: self.fec,
            dtx: self.dtx,
            cbr: self.cbr,
            max_playback_rate_hz: self.max_playback_rate_hz,
            max_bitrate: self.max_bitrate,
            stereo: self.stereo,
            complexity,
        }
    }

    /// Packet length to send to the side that wrote this, which may have asked for one elsewhere too:
    /// a length Opus has (RFC 6716 §2.1.4) and that side takes.
    pub(super) fn packet_ms(&self, asked_ms: Option<u32>) -> u32 {
        let wanted = asked_ms.or(self.ptime_ms).unwrap_or(super::PTIME_MS);
        let taken = |ms: &u32| (self.min_ptime_ms..=self.max_ptime_ms).contains(ms);
        let lengths = [10, 20, 40, 60];
        let fitting = lengths.iter().copied().filter(taken);
        fitting
            .min_by_key(|ms| ms.abs_diff(wanted))
            .unwrap_or(super::PTIME_MS)
    }
}

impl Default for OpusFmtp {
    /// What holds where nothing is written. RFC 7587 §6.1.
    fn default() -> Self {
        Self {
            max_playback_rate_hz: HIGHEST_RATE_HZ,
            capture_rate_hz: HIGHEST_RATE_HZ,
            max_bitrate: None,
            stereo: false,
            sends_stereo: false,
            cbr: false,
            fec: false,
            dtx: false,
            ptime_ms: None,
            min_ptime_ms: 3,
            max_ptime_ms: 120,
        }
    }
}

impl fmt::Display for OpusFmtp {
    /// The value of `a=fmtp` behind the payload type; what is as where nothing is written is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Self::default();
        let rate = |hz: u32| (hz != HIGHEST_RATE_HZ).then_some(hz);
        let flag = |set: bool| set.then_some(1);
        let parameters = [
            ("useinbandfec", flag(self.fec)),
            ("usedtx", flag(self.dtx)),
            ("stereo", flag(self.stereo)),
            ("sprop-stereo", flag(self.sends_stereo)),
            ("cbr", flag(self.cbr)),
            ("maxplaybackrate", rate(self.max_playback_rate_hz)),
            ("sprop-maxcapturerate", rate(self.capture_rate_hz)),
            ("maxaveragebitrate", self.max_bitrate),
            ("ptime", self.ptime_ms),
            (
                "minptime",
                Some(self.min_ptime_ms).filter(|ms| *ms != plain.min_ptime_ms),
            ),
            (
                "maxptime",
                Some(self.max_ptime_ms).filter(|ms| *ms != plain.max_ptime_ms),
            ),
        ];
        let written = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        for (at, (name, value)) in written.enumerate() {
            let separator = if at == 0 { "" } else { ";" };
            write!(f, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_writes_is_read() {
        let fmtp = OpusFmtp::parse("minptime=10;useinbandfec=1");
        assert_eq!(fmtp, OpusFmtp::ours());
        assert_eq!(OpusFmtp::ours().to_string(), "useinbandfec=1;minptime=10");
    }

    #[test]
    fn every_parameter_is_read_and_written() {
        let text = "useinbandfec=1;usedtx=1;stereo=1;sprop-stereo=1;cbr=1;maxplaybackrate=16000;\
                    sprop-maxcapturerate=8000;maxaveragebitrate=20000;ptime=40;minptime=20;maxptime=60";
        let fmtp = OpusFmtp::parse(text);
        assert_eq!(fmtp.to_string(), text);
        let sending = fmtp.sending(7);
        assert!(sending.fec && sending.dtx && sending.cbr && sending.stereo);
        assert_eq!(sending.max_playback_rate_hz, 16_000);
        assert_eq!((sending.max_bitrate, sending.complexity), (Some(20_000), 7));
    }

    #[test]
    fn nonsense_is_as_if_it_were_not_there() {
        let fmtp = OpusFmtp::parse(
            " UseInbandFEC = 1 ; stereo=2; maxaveragebitrate=5; maxplaybackrate=99999; minptime=x;\
             x-google-min-bitrate=1; ;=;usedtx",
        );
        let expected = OpusFmtp {
            fec: true,
            ..OpusFmtp::default()
        };
        assert_eq!(fmtp, expected);
    }

    #[test]
    fn packets_have_a_length_that_exists_and_is_taken() {
        let plain = OpusFmtp::default();
        assert_eq!(plain.packet_ms(None), 20);
        assert_eq!(plain.packet_ms(Some(30)), 20);
        assert_eq!(plain.packet_ms(Some(120)), 60);
        assert_eq!(OpusFmtp::parse("ptime=60").packet_ms(None), 60);
        assert_eq!(OpusFmtp::parse("ptime=60").packet_ms(Some(10)), 10);
        assert_eq!(OpusFmtp::parse("minptime=40").packet_ms(Some(20)), 40);
        assert_eq!(OpusFmtp::parse("maxptime=10").packet_ms(None), 10);
        assert_eq!(OpusFmtp::parse("minptime=80").packet_ms(None), 20);
    }
}
