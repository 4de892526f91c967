//! Commands that concern the whole switch.

use std::sync::Arc;

use api::cause::Blame;
use api::command::call::{HangupAll, Matching};
use api::command::server::{ChangeSettings, DtmfDuration, SayString};
use api::{ChannelId, CommandError, ErrorKind, RequestId};

use crate::Switch;

impl Switch {
    pub(super) fn say_string(&mut self, request: RequestId, command: &SayString) {
        let sounds = crate::script::app::say::as_string(&command.text, &self.local_time());
        let unknown =
            || CommandError::new(ErrorKind::InvalidArgument("text"), "this cannot be said");
        self.answer(request, sounds.map(Arc::<str>::from).ok_or_else(unknown));
    }

    pub(super) fn hangup_all(&mut self, command: &HangupAll) -> u64 {
        let wanted = |variables: &api::Variables| match &command.matching {
            Matching::Everything => true,
            Matching::Variables(pairs) => pairs
                .iter()
                .all(|(name, value)| variables.text(name) == Some(value)),
        };
        let mut found: Vec<(u64, ChannelId)> = self
            .channels
            .values()
            .filter(|live| live.is_up() && wanted(&live.seen.variables))
            .map(|live| (live.seen.serial, live.id().clone()))
            .collect();
        // The order of creation, so that the same calls end in the same order each time.
        found.sort_unstable();
        for (_, id) in &found {
            self.hangup(id, command.cause, Blame::Ours);
        }
        found.len() as u64
    }

    /// Sets a global variable; an empty value removes it.
    pub(crate) fn set_global(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.view.globals.remove_mut(name);
        } else {
            self.view.globals.insert_mut(name.into(), value.into());
        }
        self.view_changed();
    }

    pub(super) fn expand_global(&self, text: &str) -> Arc<str> {
        match crate::expand::expand(text, &self.scope(None)) {
            Ok(expanded) => expanded.as_ref().into(),
            Err(error) => {
                tracing::warn!(%error, "Text is left unexpanded");
                text.into()
            }
        }
    }

    pub(super) fn change_settings(&mut self, change: ChangeSettings) {
        let settings = &mut self.view.settings;
        match change {
            ChangeSettings::MaxSessions(n) => settings.max_sessions = n,
            ChangeSettings::SessionsPerSecond(n) => settings.sessions_per_second = n,
            ChangeSettings::Pause {
                inbound,
                outbound,
                paused,
            } => {
                if inbound {
                    settings.paused_inbound = paused;
                }
                if outbound {
                    settings.paused_outbound = paused;
                }
            }
            ChangeSettings::VerboseEvents(on) => settings.verbose_events = on,
            ChangeSettings::LogLevel(level) => settings.log_level = level,
            ChangeSettings::RoomLogLevel(level) => settings.room_log_level = level.min(4),
            ChangeSettings::MinIdleCpu(percent) => settings.min_idle_cpu = percent,
            ChangeSettings::DtmfDuration { which, samples } => {
                let slot = match which {
                    DtmfDuration::Min => 0,
                    DtmfDuration::Default => 1,
                    DtmfDuration::Max => 2,
                };
                settings.dtmf_durations[slot] = samples;
            }
            ChangeSettings::ResetPeak => {
                self.view.counters.per_second_peak = 0;
                self.view.counters.per_second_five_min = 0;
            }
        }
        self.view_changed();
    }
}
