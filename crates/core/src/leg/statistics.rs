//! What a leg counted, as variables at the end of the call (event-socket.md §5.4).

use api::ChannelId;
use media::control::LegStats;

use super::LegEnd;
use crate::Switch;

/// Bytes of an RTP header without extensions (RFC 3550 §5.1).
const RTP_HEADER: u64 = 12;

impl Switch {
    /// Variables of the endpoint, set with the other end-of-call variables.
    pub(crate) fn stamp_leg(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let (disposition, negotiated, profile, gateway) = match &live.end {
            LegEnd::Sip(leg) => (
                leg.disposition,
                leg.agreed.is_some(),
                leg.profile,
                leg.gateway,
            ),
            // Its disposition is set when it ends.
            LegEnd::Web(leg) => (None, leg.has_audio(), leg.profile, None),
            LegEnd::Null | LegEnd::Loopback(_) => return,
        };
        let answered = live
            .seen
            .profile
            .as_ref()
            .is_some_and(|p| p.times.answered.happened());
        let inbound = live.seen.direction == api::view::Direction::Inbound;
        if let Some(disposition) = disposition
            && self.var(id, "sip_hangup_disposition") != Some(disposition)
        {
            self.set_var(id, "sip_hangup_disposition", disposition);
        }
        if !answered {
            self.count_failed_call(profile, inbound);
            if let Some(gateway) = gateway {
                self.count_failed_gateway_call(gateway, inbound);
            }
        }
        let stats = self.channels.get(id).and_then(|live| live.media.stats);
        let Some(stats) = stats.filter(|_| negotiated) else {
            return;
        };
        self.set_vars(id, &statistics(&stats));
    }
}

fn statistics(stats: &LegStats) -> Vec<(&'static str, String)> {
    let expected = stats.packets_in + stats.lost;
    let percent = |part: u64| {
        if expected == 0 {
            0.0
        } else {
            part as f64 * 100.0 / expected as f64
        }
    };
    vec![
        (
            "rtp_audio_in_raw_bytes",
            (stats.bytes_in + stats.packets_in * RTP_HEADER).to_string(),
        ),
        ("rtp_audio_in_media_bytes", stats.bytes_in.to_string()),
        ("rtp_audio_in_packet_count", stats.packets_in.to_string()),
        (
            "rtp_audio_in_media_packet_count",
            stats
                .packets_in
                .saturating_sub(stats.duplicates)
                .to_string(),
        ),
        ("rtp_audio_in_skip_packet_count", stats.late.to_string()),
        (
            "rtp_audio_in_flush_packet_count",
            stats.overflows.to_string(),
        ),
        (
            "rtp_audio_in_jitter_loss_rate",
            format!("{:.2}", percent(stats.lost)),
        ),
        (
            "rtp_audio_in_flaw_total",
            (stats.lost + stats.late).to_string(),
        ),
        (
            "rtp_audio_in_quality_percentage",
            format!("{:.2}", 100.0 - percent(stats.lost + stats.late)),
        ),
        (
            "rtp_audio_out_raw_bytes",
            (stats.bytes_out + stats.packets_out * RTP_HEADER).to_string(),
        ),
        ("rtp_audio_out_media_bytes", stats.bytes_out.to_string()),
        ("rtp_audio_out_packet_count", stats.packets_out.to_string()),
        (
            "rtp_audio_out_media_packet_count",
            stats.packets_out.to_string(),
        ),
        ("rtp_audio_rtcp_packet_count", stats.rtcp_in.to_string()),
    ]
}
