//! `a=rtpmap` (RFC 8866 §6.6) and the static payload types of RFC 3551 table 4 and 5.

/// One mapping of a payload type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// 0–127.
    pub payload_type: u8,
    /// Encoding name as written.
    pub name: &'a str,
    /// RTP clock in hertz.
    pub clock_rate: u32,
    /// Channels, 1 when not written.
    pub channels: u8,
}

impl<'a> RtpMap<'a> {
    /// Reads `101 telephone-event/8000`.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (payload_type, encoding) = value.trim().split_once([' ', '\t'])?;
        let payload_type = payload_type.parse().ok().filter(|number| *number < 128)?;
        let mut parts = encoding.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?;
        let clock_rate = parts.next()?.trim().parse().ok().filter(|rate| *rate > 0)?;
        let channels = match parts.next() {
            None | Some("") => 1,
            Some(count) => count.trim().parse().ok().filter(|count| *count > 0)?,
        };
        Some(Self {
            payload_type,
            name,
            clock_rate,
            channels,
        })
    }
}

/// Name and clock of a payload type that needs no `a=rtpmap`.
pub fn static_payload(payload_type: u8) -> Option<(&'static str, u32)> {
    Some(match payload_type {
        0 => ("PCMU", 8000),
        3 => ("GSM", 8000),
        4 => ("G723", 8000),
        5 => ("DVI4", 8000),
        6 => ("DVI4", 16000),
        7 => ("LPC", 8000),
        8 => ("PCMA", 8000),
        // RFC 3551 §4.5.2: the clock says 8000 although the codec samples at 16000.
        9 => ("G722", 8000),
        10 | 11 => ("L16", 44100),
        12 => ("QCELP", 8000),
        13 => ("CN", 8000),
        14 => ("MPA", 90000),
        15 => ("G728", 8000),
        16 => ("DVI4", 11025),
        17 => ("DVI4", 22050),
        18 => ("G729", 8000),
        26 => ("JPEG", 90000),
        31 => ("H261", 90000),
        32 => ("MPV", 90000),
        34 => ("H263", 90000),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_and_nonsense_is_not() {
        let map = RtpMap::parse("102 opus/48000/2").unwrap();
        assert_eq!(
            (map.payload_type, map.name, map.clock_rate, map.channels),
            (102, "opus", 48000, 2)
        );
        assert_eq!(RtpMap::parse("0 PCMU/8000").unwrap().channels, 1);
        for bad in [
            "",
            "0",
            "0 PCMU",
            "128 x/8000",
            "0 x/0",
            "0 /8000",
            "0 x/8000/0",
            "-1 x/8000",
        ] {
            assert_eq!(RtpMap::parse(bad), None, "{bad}");
        }
    }
}
