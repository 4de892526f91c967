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
            LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => return,
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

/// Loss in percent that takes half of what can be taken from G.711 with concealment (`Bpl`). ITU-T G.113, appendix I.
const LOSS_ROBUSTNESS: f64 = 25.1;

/// What a listener would say of the sound of a peer, from 1 to 4.5, if nothing but so much loss were wrong with it: `lost` is
/// in percent. ITU-T G.107 §7.5 and annex B; delay and codec count for nothing, so that nothing lost is 4.5.
fn opinion(lost: f64) -> f64 {
    let rating = 100.0 - 95.0 * lost / (lost + LOSS_ROBUSTNESS);
    1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6
}

/// In the order of `stream-05-sip-call`.
fn statistics(stats: &LegStats) -> Vec<(&'static str, String)> {
    let expected = stats.packets_in.saturating_sub(stats.duplicates) + stats.lost;
    let percent = |part: u64| {
        if expected == 0 {
            0.0
        } else {
            part.min(expected) as f64 * 100.0 / expected as f64
        }
    };
    let raw = |bytes: u64, packets: u64| (bytes + packets * RTP_HEADER).to_string();
    let whole = |number: u64| number.to_string();
    let hundredths = |number: f64| format!("{number:.2}");
    let flaws = stats.lost + stats.late;
    let (least, most) = stats.variance_us2;
    let heard = stats
        .packets_in
        .saturating_sub(stats.duplicates + stats.events_in + stats.comfort_noise_in);
    vec![
        (
            "rtp_audio_in_raw_bytes",
            raw(stats.bytes_in, stats.packets_in),
        ),
        ("rtp_audio_in_media_bytes", whole(stats.bytes_in)),
        ("rtp_audio_in_packet_count", whole(stats.packets_in)),
        ("rtp_audio_in_media_packet_count", whole(heard)),
        ("rtp_audio_in_skip_packet_count", whole(stats.empty_ticks)),
        ("rtp_audio_in_jitter_packet_count", whole(stats.measured)),
        ("rtp_audio_in_dtmf_packet_count", whole(stats.events_in)),
        (
            "rtp_audio_in_cng_packet_count",
            whole(stats.comfort_noise_in),
        ),
        ("rtp_audio_in_flush_packet_count", whole(stats.overflows)),
        (
            "rtp_audio_in_largest_jb_size",
            whole(stats.largest_buffer.into()),
        ),
        (
            "rtp_audio_in_jitter_min_variance",
            hundredths(least as f64 / 1e6),
        ),
        (
            "rtp_audio_in_jitter_max_variance",
            hundredths(most as f64 / 1e6),
        ),
        (
            "rtp_audio_in_jitter_loss_rate",
            hundredths(percent(stats.lost)),
        ),
        (
            "rtp_audio_in_jitter_burst_rate",
            hundredths(percent(stats.missing_in_bursts)),
        ),
        (
            "rtp_audio_in_mean_interval",
            hundredths(stats.interval_us as f64 / 1e3),
        ),
        ("rtp_audio_in_flaw_total", whole(flaws)),
        (
            "rtp_audio_in_quality_percentage",
            hundredths(100.0 - percent(flaws)),
        ),
        ("rtp_audio_in_mos", hundredths(opinion(percent(flaws)))),
        (
            "rtp_audio_out_raw_bytes",
            raw(stats.bytes_out, stats.packets_out),
        ),
        ("rtp_audio_out_media_bytes", whole(stats.bytes_out)),
        ("rtp_audio_out_packet_count", whole(stats.packets_out)),
        (
            "rtp_audio_out_media_packet_count",
            whole(stats.packets_out.saturating_sub(stats.events_out)),
        ),
        ("rtp_audio_out_skip_packet_count", whole(stats.not_relayed)),
        ("rtp_audio_out_dtmf_packet_count", whole(stats.events_out)),
        // Pauses are told by sending nothing.
        ("rtp_audio_out_cng_packet_count", whole(0)),
        ("rtp_audio_rtcp_packet_count", whole(stats.rtcp_in.into())),
        ("rtp_audio_rtcp_octet_count", whole(stats.rtcp_bytes_in)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stats: &LegStats, name: &str) -> String {
        let all = statistics(stats);
        let found = all.iter().find(|(told, _)| *told == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    #[test]
    fn nothing_heard_is_nothing_wrong() {
        let nothing = LegStats::default();
        assert_eq!(told(&nothing, "rtp_audio_in_mos"), "4.50");
        assert_eq!(told(&nothing, "rtp_audio_in_quality_percentage"), "100.00");
        assert_eq!(told(&nothing, "rtp_audio_in_mean_interval"), "0.00");
    }

    #[test]
    fn opinion_falls_with_loss() {
        // ITU-T G.107 by hand: 1 % leaves a rating of 96.36, 5 % of 84.22, 20 % of 57.87, all of 24.06.
        for (lost, wanted) in [
            (0, "4.50"),
            (10, "4.46"),
            (50, "4.17"),
            (200, "2.99"),
            (1_000, "1.38"),
        ] {
            let stats = LegStats {
                packets_in: 1_000 - lost,
                lost,
                ..LegStats::default()
            };
            assert_eq!(told(&stats, "rtp_audio_in_mos"), wanted, "{lost} of 1000");
        }
    }

    #[test]
    fn late_packets_count_as_flaws_and_shares_never_pass_a_hundred() {
        let stats = LegStats {
            packets_in: 90,
            lost: 10,
            late: 10,
            missing_in_bursts: 500,
            variance_us2: (250_000, 16_000_000),
            interval_us: 20_015,
            ..LegStats::default()
        };
        assert_eq!(told(&stats, "rtp_audio_in_flaw_total"), "20");
        assert_eq!(told(&stats, "rtp_audio_in_quality_percentage"), "80.00");
        assert_eq!(told(&stats, "rtp_audio_in_jitter_burst_rate"), "100.00");
        assert_eq!(told(&stats, "rtp_audio_in_jitter_min_variance"), "0.25");
        assert_eq!(told(&stats, "rtp_audio_in_jitter_max_variance"), "16.00");
        assert_eq!(told(&stats, "rtp_audio_in_mean_interval"), "20.02");
    }
}
