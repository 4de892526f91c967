//! What clients are told of an agreement: the variables of a leg's media, in the order they know.

use std::net::SocketAddr;

use media::control::{CodecSpec, LegSpec, TelephoneEvent};
use sip::sdp::Agreed;

/// One agreement, as far as variables show it.
pub(in crate::leg) struct Told {
    send: CodecSpec,
    receive_pt: u8,
    fmtp: Option<String>,
    event: Option<TelephoneEvent>,
    /// `None` where a browser's addresses are its peer's business.
    remote: Option<SocketAddr>,
}

type Pairs = Vec<(&'static str, String)>;

impl Told {
    pub(super) fn new(agreed: &Agreed, spec: &LegSpec) -> Self {
        let receive_pt = spec
            .receive
            .first()
            .map_or(spec.send.payload_type, |codec| codec.payload_type);
        let chosen = agreed.codecs.iter().find(|codec| !codec.auxiliary);
        Self {
            send: spec.send,
            receive_pt,
            fmtp: chosen.and_then(|codec| codec.remote.fmtp.clone()),
            event: spec.telephone_event,
            remote: Some(spec.remote),
        }
    }

    /// Of an agreement with a browser.
    pub(in crate::leg) fn with_browser(spec: &LegSpec) -> Self {
        let receive_pt = spec
            .receive
            .first()
            .map_or(spec.send.payload_type, |codec| codec.payload_type);
        Self {
            send: spec.send,
            receive_pt,
            fmtp: None,
            event: spec.telephone_event,
            remote: None,
        }
    }

    /// When a codec comes into use.
    pub(super) fn at_first(&self, local: Option<SocketAddr>, ssrc: Option<u32>) -> Pairs {
        let (name, rate) = (self.send.codec.name(), self.send.sampling_rate_hz());
        // What stands in the session description: half the other with G.722.
        let clock = self.send.clock_rate_hz;
        let ptime = self.send.ptime_ms;
        let mut pairs: Pairs = vec![
            ("rtp_audio_recv_pt", self.receive_pt.to_string()),
            ("rtp_use_codec_name", name.into()),
        ];
        if let Some(fmtp) = &self.fmtp {
            pairs.push(("rtp_use_codec_fmtp", fmtp.clone()));
        }
        pairs.extend([
            ("rtp_use_codec_rate", clock.to_string()),
            ("rtp_use_codec_ptime", ptime.to_string()),
            ("rtp_use_codec_channels", "1".into()),
            (
                "rtp_last_audio_codec_string",
                format!("{name}@{clock}h@{ptime}i@1c"),
            ),
            ("read_codec", name.into()),
            ("original_read_codec", name.into()),
            ("read_rate", rate.to_string()),
            ("original_read_rate", rate.to_string()),
            ("write_codec", name.into()),
            ("write_rate", rate.to_string()),
        ]);
        if self.event.is_some() {
            pairs.push(("dtmf_type", "rfc2833".into()));
        }
        if let Some(local) = local {
            pairs.push(("local_media_ip", local.ip().to_string()));
            pairs.push(("local_media_port", local.port().to_string()));
            pairs.push(("advertised_media_ip", local.ip().to_string()));
        }
        // Our media threads keep time by themselves, which is what this word stands for.
        pairs.push(("rtp_use_timer_name", "soft".into()));
        pairs.push(("rtp_use_pt", self.send.payload_type.to_string()));
        if let Some(ssrc) = ssrc {
            pairs.push(("rtp_use_ssrc", ssrc.to_string()));
        }
        pairs.extend(self.event_numbers());
        pairs.extend(self.where_to());
        pairs
    }

    /// When a session was changed and its codec was not.
    pub(super) fn again(&self) -> Pairs {
        let mut pairs: Pairs = self.where_to();
        pairs.push(("rtp_audio_recv_pt", self.receive_pt.to_string()));
        if self.event.is_some() {
            pairs.push(("dtmf_type", "rfc2833".into()));
        }
        pairs.extend(self.event_numbers());
        pairs
    }

    fn event_numbers(&self) -> Pairs {
        let numbers = self.event.map(|event| {
            [
                ("rtp_2833_send_payload", event.send.to_string()),
                ("rtp_2833_recv_payload", event.receive.to_string()),
            ]
        });
        numbers.into_iter().flatten().collect()
    }

    fn where_to(&self) -> Pairs {
        let parts = self.remote.map(|remote| {
            [
                ("remote_media_ip", remote.ip().to_string()),
                ("remote_media_port", remote.port().to_string()),
            ]
        });
        parts.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use media::control::{Direction, OpusSending};

    use super::*;

    /// As variables of calls with G.722 show everywhere: the clock of the description in some, the rate of the
    /// samples in others.
    #[test]
    fn both_rates_of_g722_are_told() {
        let send = CodecSpec::g722();
        let spec = LegSpec {
            remote: SocketAddr::from(([10, 0, 0, 2], 5000)),
            rtcp: None,
            send,
            opus: OpusSending::default(),
            receive: vec![send],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: true,
            timeout_ms: None,
        };
        let pairs = Told::with_browser(&spec).at_first(None, None);
        let told = |name: &str| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        for (name, value) in [
            ("rtp_use_codec_name", "G722"),
            ("rtp_use_codec_rate", "8000"),
            ("rtp_use_codec_ptime", "20"),
            ("rtp_last_audio_codec_string", "G722@8000h@20i@1c"),
            ("rtp_audio_recv_pt", "9"),
            ("rtp_use_pt", "9"),
            ("read_codec", "G722"),
            ("read_rate", "16000"),
            ("original_read_rate", "16000"),
            ("write_codec", "G722"),
            ("write_rate", "16000"),
        ] {
            assert_eq!(told(name), Some(value), "{name}");
        }
    }
}
