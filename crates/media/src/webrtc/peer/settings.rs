//! What all peers have in common, and how the library is set up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Frequency, Pt};
use str0m::{Candidate, Rtc, RtcConfig};

use crate::webrtc::sdp_rules::Refusal;

/// How often the leg is told how its audio arrives; browsers report about as often.
const LOSS_REPORTS: Duration = Duration::from_secs(5);
/// Video packets kept for resending, some two seconds of a good picture.
const RESEND_PACKETS: usize = 1024;
/// What the way to a browser is thought to carry before it is known, bits per second: a middle layer.
pub(super) const FIRST_ESTIMATE: u64 = 800_000;

/// Payload types we propose beside the usual ones of the library; browsers propose their own.
const EVENT_48000: u8 = 110;
const EVENT_8000: u8 = 126;
const VP9: (u8, u8) = (98, 99);
const H264: (u8, u8) = (108, 109);
/// Constrained baseline, level 3.1: what every browser sends and takes.
const H264_PROFILE: u32 = 0x0042_e01f;

/// Who we are to browsers: one certificate for all peers of the process.
#[derive(Clone)]
pub struct Identity {
    certificate: DtlsCert,
    crypto: Arc<CryptoProvider>,
}

impl Identity {
    /// Makes a certificate. Takes milliseconds, so once.
    ///
    /// # Errors
    /// When the crypto library cannot.
    pub fn new() -> Result<Self, Refusal> {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| Refusal::new("no certificate could be made"))?;
        Ok(Self {
            certificate,
            crypto,
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// Where browsers reach us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddress {
    /// What the socket is bound to.
    pub bound: SocketAddr,
    /// What the world sees of it, where that differs (a NAT that forwards to us).
    pub advertised: Option<SocketAddr>,
}

/// What all peers have in common.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// Who we are.
    pub identity: Identity,
    /// Where we are; each becomes a candidate.
    pub addresses: Vec<LocalAddress>,
    /// Only answer connectivity checks (RFC 8445 §2.5): for servers every browser can reach.
    pub ice_lite: bool,
}

impl PeerSettings {
    /// The library's side of a new peer. `estimating`: it finds out what the way to the browser carries, for which it
    /// sends evenly and more than there is now and then.
    pub(super) fn library(&self, now: Instant, estimating: bool) -> Rtc {
        let mut config = RtcConfig::new()
            .set_crypto_provider(self.identity.crypto.clone())
            .set_dtls_cert(self.identity.certificate.clone())
            .set_ice_lite(self.ice_lite)
            .set_rtp_mode(true)
            .set_send_buffer_video(RESEND_PACKETS)
            .set_stats_interval(Some(LOSS_REPORTS))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_g722(true, false)
            .enable_pcmu(true, false)
            .enable_pcma(true, false)
            .enable_vp8(true);
        if estimating {
            config = config.enable_bwe(Some(FIRST_ESTIMATE.into()));
        }
        let formats = config.codec_config();
        for (payload_type, clock) in [
            (EVENT_48000, Frequency::FORTY_EIGHT_KHZ),
            (EVENT_8000, Frequency::EIGHT_KHZ),
        ] {
            let pt = Pt::new_with_value(payload_type);
            formats.add_config(pt, None, Format::Tele, clock, None, FormatParams::default());
        }
        let (pt, resend) = H264;
        formats.add_h264(pt.into(), Some(resend.into()), true, H264_PROFILE);
        let (pt, resend) = VP9;
        let profile = FormatParams {
            profile_id: Some(0),
            ..FormatParams::default()
        };
        let clock = Frequency::NINETY_KHZ;
        formats.add_config(
            pt.into(),
            Some(resend.into()),
            Format::Vp9,
            clock,
            None,
            profile,
        );
        let mut rtc = config.build(now);
        for address in &self.addresses {
            add_address(&mut rtc, address);
        }
        rtc
    }
}

fn add_address(rtc: &mut Rtc, address: &LocalAddress) {
    // An address that is no candidate (unspecified, port 0) is refused by the library; the shell
    // checks its configuration before.
    if let Ok(host) = Candidate::host(address.bound, "udp") {
        rtc.add_local_candidate(host);
    }
    if let Some(advertised) = address.advertised
        && let Ok(reflexive) = Candidate::server_reflexive(advertised, address.bound, "udp")
    {
        rtc.add_local_candidate(reflexive);
    }
}
