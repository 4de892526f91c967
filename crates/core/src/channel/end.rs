//! The end of a channel: hangup, the time stamps clients read, the last states, destruction.

use std::fmt::Write as _;

use api::cause::Blame;
use api::event::ChannelEvent;
use api::view::{AnswerState, CallState, ChannelState, Hangup};
use api::{ChannelId, HangupCause, Timestamp};
use media::control::MediaCommand;

use crate::Switch;
use crate::effect::Effect;
use crate::work::Work;

impl Switch {
    /// Hangs a channel up. Every channel that exists ends through here, exactly once.
    pub(crate) fn hangup(&mut self, id: &ChannelId, cause: HangupCause, blame: Blame) {
        let now = self.now.wall;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if live.ending {
            return;
        }
        live.ending = true;
        let leads_bridge = live.bridge.as_ref().is_some_and(|bridge| bridge.is_a);
        if live.held {
            let span = now.micros_since(live.hold_since);
            live.profile_mut().times.hold_accum_us += span;
        }
        let seen = live.seen_mut();
        seen.hangup = Some(Hangup { cause, blame });
        seen.answer = AnswerState::Hangup;
        seen.next_state = ChannelState::Hangup;
        if leads_bridge {
            self.set_var(id, "last_bridge_role", "originator");
        }
        self.emit(id, ChannelEvent::HungUp);
        tracing::info!(channel = %id, cause = cause.name(), blame = ?blame, "Hangup");
        self.end_leg(id, cause);
        self.leave_bridge(id, cause);
        self.transfer_decided(id, cause.sip_status());
        self.stop_records(id);
        self.stop_displacing(id, None);
        self.stop_tones(id);
        self.end_eavesdroppers(id);
        self.end_script(id);
        self.settle_unicast(id);
        self.release_limits(id, None);
        self.release_mutexes(id);
        self.member_talk_over(id);
        self.leave_room(id);
        self.close_counted_leg(id);
        self.work.push_back(Work::Finish(id.clone()));
    }

    /// Closes the leg of a SIP channel at once, so that its counters are in the last variables.
    fn close_counted_leg(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if !live.end.is_internal() && live.media.open {
            live.media.closing = true;
            let (worker, leg) = (live.media.worker, live.media.id);
            self.media(worker, MediaCommand::CloseLeg { leg });
        }
        self.close_line(id);
    }

    /// CS_HANGUP, CS_REPORTING and everything a call detail record reads.
    pub(crate) fn finish(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.records.is_empty() || live.media.closing {
            // The last report comes back here, so that RECORD_STOP and the counters of the leg precede
            // CHANNEL_HANGUP_COMPLETE.
            return;
        }
        let attempt = live.attempt;
        self.enter_state(id, ChannelState::Hangup);
        // Clients of the original see the time from here on (recorded).
        let now = self.now.wall;
        if let Some(live) = self.channels.get_mut(id) {
            live.profile_mut().times.hungup = now;
        }
        self.set_call_state(id, CallState::Hangup);
        self.set_next_state(id, ChannelState::Reporting);
        self.presence(id, "CS_HANGUP");
        self.loopback_ended(id);
        self.enter_state(id, ChannelState::Reporting);
        self.stamp(id);
        self.run_hangup_hooks(id);
        self.emit(id, ChannelEvent::HangupComplete);
        if let Some(attempt) = attempt {
            self.work.push_back(Work::Judge(attempt.originate));
        }
        self.cancel_channel_tasks(id);
        self.work.push_back(Work::Destroy(id.clone()));
    }

    /// The last sign of a channel.
    pub(crate) fn destroy(&mut self, id: &ChannelId) {
        self.set_next_state(id, ChannelState::Destroy);
        self.emit(id, ChannelEvent::Destroyed);
        self.enter_state(id, ChannelState::Destroy);
        if let Some(live) = self.channels.remove(id) {
            self.legs.remove(&live.media.id);
            if live.log_level.is_some() {
                let channel = id.clone();
                self.effect(Effect::LogLevel {
                    channel,
                    level: None,
                });
            }
            if live.media.stats.is_none() && (live.media.open || live.media.opening) {
                self.media(
                    live.media.worker,
                    MediaCommand::CloseLeg { leg: live.media.id },
                );
            }
        }
        self.touch(id);
    }

    /// Sets the variables of event-socket.md §5.4, in the order clients see them.
    fn stamp(&mut self, id: &ChannelId) {
        let now = self.now.wall;
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let Some(hangup) = live.seen.hangup else {
            return;
        };
        let profile = live.seen.profile.clone();
        let Some(profile) = profile else { return };
        let first = live
            .seen
            .initial
            .as_ref()
            .map_or(profile.times.created, |p| p.times.created);
        let times = profile.times;
        let dialed = if live.dialed.is_empty() {
            "none".to_owned()
        } else {
            live.dialed.clone()
        };
        let last = live.script.last_application.clone();
        let loopback = live.end.is_loopback();
        let mut out: Vec<(&'static str, String)> = vec![
            ("hangup_cause", hangup.cause.name().into()),
            ("hangup_cause_q850", hangup.cause.q850().to_string()),
            ("digits_dialed", dialed),
        ];
        let stamps = [
            ("start_stamp", first),
            ("profile_start_stamp", times.profile_created),
            ("answer_stamp", times.answered),
            ("bridge_stamp", times.bridged),
            ("hold_stamp", times.last_hold),
            ("progress_stamp", times.progress),
            ("progress_media_stamp", times.progress_media),
            ("end_stamp", now),
        ];
        for (name, at) in stamps {
            if at.happened() {
                out.push((name, self.local_stamp(at)));
            }
        }
        let epochs: [(&'static str, &'static str, Timestamp); 5] = [
            ("start_epoch", "start_uepoch", first),
            (
                "profile_start_epoch",
                "profile_start_uepoch",
                times.profile_created,
            ),
            ("answer_epoch", "answer_uepoch", times.answered),
            ("bridge_epoch", "bridge_uepoch", times.bridged),
            ("last_hold_epoch", "last_hold_uepoch", times.last_hold),
        ];
        let push_epoch = |out: &mut Vec<(&'static str, String)>,
                          s: &'static str,
                          us: &'static str,
                          at: Timestamp| {
            out.push((s, at.as_seconds().to_string()));
            out.push((us, at.as_micros().to_string()));
        };
        for (seconds, micros, at) in epochs {
            push_epoch(&mut out, seconds, micros, at);
        }
        out.push((
            "hold_accum_seconds",
            (times.hold_accum_us / 1_000_000).to_string(),
        ));
        out.push(("hold_accum_usec", times.hold_accum_us.to_string()));
        out.push(("hold_accum_ms", (times.hold_accum_us / 1000).to_string()));
        push_epoch(
            &mut out,
            "resurrect_epoch",
            "resurrect_uepoch",
            times.resurrected,
        );
        push_epoch(
            &mut out,
            "progress_epoch",
            "progress_uepoch",
            times.progress,
        );
        push_epoch(
            &mut out,
            "progress_media_epoch",
            "progress_media_uepoch",
            times.progress_media,
        );
        push_epoch(&mut out, "end_epoch", "end_uepoch", now);
        if let Some((name, data)) = last {
            out.push(("last_app", name.to_string()));
            out.push(("last_arg", data.to_string()));
        }
        out.push((
            "caller_id",
            caller_id(&profile.caller_id_name, &profile.caller_id_number),
        ));
        let since = |at: Timestamp, from: Timestamp| {
            if at.happened() {
                at.micros_since(from)
            } else {
                0
            }
        };
        let total = now.micros_since(first);
        let billed = if times.answered.happened() {
            now.micros_since(times.answered)
        } else {
            0
        };
        let whole = |a: Timestamp, b: Timestamp| {
            if a.happened() {
                (a.as_seconds() - b.as_seconds()).max(0)
            } else {
                0
            }
        };
        let flow = if times.answered.happened() { total } else { 0 };
        let spans: [(&str, i64, i64); 7] = [
            ("duration", total, whole(now, first)),
            (
                "billsec",
                billed,
                if times.answered.happened() {
                    whole(now, times.answered)
                } else {
                    0
                },
            ),
            (
                "progresssec",
                since(times.progress, first),
                whole(times.progress, first),
            ),
            (
                "answersec",
                since(times.answered, first),
                whole(times.answered, first),
            ),
            (
                "waitsec",
                since(times.bridged, first),
                whole(times.bridged, first),
            ),
            (
                "progress_mediasec",
                since(times.progress_media, first),
                whole(times.progress_media, first),
            ),
            (
                "flow_billsec",
                flow,
                if flow > 0 { whole(now, first) } else { 0 },
            ),
        ];
        const MILLI: [&str; 7] = [
            "mduration",
            "billmsec",
            "progressmsec",
            "answermsec",
            "waitmsec",
            "progress_mediamsec",
            "flow_billmsec",
        ];
        const MICRO: [&str; 7] = [
            "uduration",
            "billusec",
            "progressusec",
            "answerusec",
            "waitusec",
            "progress_mediausec",
            "flow_billusec",
        ];
        const SECONDS: [&str; 7] = [
            "duration",
            "billsec",
            "progresssec",
            "answersec",
            "waitsec",
            "progress_mediasec",
            "flow_billsec",
        ];
        for (name, (_, _, seconds)) in SECONDS.into_iter().zip(spans) {
            out.push((name, seconds.to_string()));
        }
        for (name, (_, micros, _)) in MILLI.into_iter().zip(spans) {
            out.push((name, (micros / 1000).to_string()));
        }
        for (name, (_, micros, _)) in MICRO.into_iter().zip(spans) {
            out.push((name, micros.to_string()));
        }
        if loopback {
            out.push(("is_loopback", "1".into()));
        }
        self.set_vars(id, &out);
        self.stamp_leg(id);
    }
}

/// `"Name" <number>`, or the number alone without a name.
fn caller_id(name: &str, number: &str) -> String {
    let mut out = String::new();
    if name.is_empty() {
        out.push_str(number);
    } else {
        // Writing to a String cannot fail.
        write!(out, "\"{name}\" <{number}>").ok();
    }
    out
}
