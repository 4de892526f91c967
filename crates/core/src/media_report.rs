//! What the media threads report.

use api::cause::Blame;
use api::event::DtmfSource;
use api::{ChannelId, HangupCause};
use media::control::{LegId, LegStats, MediaReport};

use crate::Switch;
use crate::channel::PendingDigit;
use crate::work::Work;

impl Switch {
    pub(crate) fn media_report(&mut self, report: MediaReport) {
        match report {
            MediaReport::Opened { leg, local, ssrc } => {
                self.leg_opened(leg, local.map(|(rtp, _)| rtp), ssrc);
            }
            MediaReport::OpenFailed { leg, why } => {
                if !self.unicast_failed(leg, why) {
                    self.leg_failed(leg, &format!("{why:?}"));
                }
            }
            MediaReport::Dtmf {
                leg,
                digit,
                duration_samples,
                source,
            } => {
                let Some(id) = self.legs.get(&leg).cloned() else {
                    return;
                };
                let source = match source {
                    media::control::DtmfSource::Rtp => DtmfSource::Rtp,
                    media::control::DtmfSource::Inband => DtmfSource::InbandAudio,
                };
                let digit = PendingDigit {
                    digit: digit.as_char(),
                    duration: duration_samples,
                    source,
                };
                self.digit_arrived(&id, digit);
            }
            MediaReport::DtmfSent { leg, digit } => {
                tracing::debug!(?leg, digit = %digit.as_char(), "Digit was sent");
            }
            MediaReport::Noticed { watch, .. } => self.noticed(watch),
            MediaReport::PlayStarted { play } => self.play_started(play),
            MediaReport::PlayDone { play, end, length } => self.play_done(play, end, length),
            MediaReport::RecordStarted { record } => self.record_started(record),
            MediaReport::RecordDone {
                record,
                end,
                length,
                heard,
                dropped,
                file_bytes,
            } => {
                if dropped > 0 {
                    tracing::warn!(?record, dropped, "Disk was too slow for a recording");
                }
                self.record_done(record, end, length, heard, file_bytes);
            }
            MediaReport::Talking {
                room,
                leg,
                on,
                energy,
            } => self.room_talking(room, leg, on, energy),
            MediaReport::MediaTimeout { leg, silence_ms } => {
                let Some(id) = self.legs.get(&leg).cloned() else {
                    return;
                };
                tracing::info!(channel = %id, silence_ms, "No media");
                self.hangup(&id, HangupCause::MediaTimeout, Blame::Upstream);
            }
            MediaReport::Stats { leg, stats } => tracing::debug!(?leg, ?stats, "Counters of a leg"),
            MediaReport::Closed { leg, stats } => self.leg_closed(leg, stats),
            MediaReport::Moved { leg, worker } => {
                if let Some(live) = self
                    .legs
                    .get(&leg)
                    .cloned()
                    .and_then(|id| self.channels.get_mut(&id))
                {
                    live.media.worker = worker;
                }
            }
            MediaReport::WorkerSaturated { worker, on } => {
                tracing::warn!(worker, on, "Media thread reports its load");
            }
        }
    }

    fn leg_opened(&mut self, leg: LegId, local: Option<std::net::SocketAddr>, ssrc: Option<u32>) {
        if self.outbound_media_opened(leg, local, ssrc) {
            return;
        }
        let Some(id) = self.legs.get(&leg).cloned() else {
            return;
        };
        if let Some(live) = self.channels.get_mut(&id) {
            live.media.open = true;
            live.media.opening = false;
            live.media.local = local;
            live.media.ssrc = ssrc;
            if live.is_up() {
                self.work.push_back(Work::MediaReady(id));
            }
        }
    }

    fn leg_failed(&mut self, leg: LegId, why: &str) {
        if self.outbound_media_failed(leg) {
            tracing::warn!(?leg, why, "Media leg cannot be opened");
            return;
        }
        let Some(id) = self.legs.get(&leg).cloned() else {
            return;
        };
        tracing::warn!(channel = %id, why, "Media leg cannot be opened");
        if let Some(live) = self.channels.get_mut(&id) {
            live.media.opening = false;
        }
        self.hangup(&id, HangupCause::NormalCircuitCongestion, Blame::Ours);
    }

    fn leg_closed(&mut self, leg: LegId, stats: LegStats) {
        let Some(id) = self.legs.get(&leg).cloned() else {
            return;
        };
        let Some(live) = self.channels.get_mut(&id) else {
            return;
        };
        live.media.stats = Some(stats);
        live.media.open = false;
        if std::mem::take(&mut live.media.closing) && live.ending {
            self.finish_when_reported(&id);
        }
    }

    /// A report that held up the end of a channel has come.
    pub(crate) fn finish_when_reported(&mut self, id: &ChannelId) {
        self.work.push_back(Work::Finish(id.clone()));
    }
}
