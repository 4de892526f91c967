//! HEARTBEAT, SESSION_HEARTBEAT and the tick of whole seconds.

use std::sync::Arc;
use std::time::Duration;

use api::command::channel::SetHeartbeat;
use api::event::{ChannelEvent, EventKind, Heartbeat, SystemEvent, TaskEvent};
use api::view::Task;
use api::{ChannelId, CommandError, ObjectKind, RequestId};

use crate::Switch;
use crate::timers::{Deadline, in_time};

/// The task clients see behind HEARTBEAT (recorded: number 1, group `core`).
const TASK: &str = "heartbeat";
/// Seconds between SESSION_HEARTBEATs when nobody says how many.
const DEFAULT_HEARTBEAT_S: u64 = 60;

impl Switch {
    /// Starts everything that recurs by itself.
    pub(crate) fn start_clockwork(&mut self) {
        let every = self.config.heartbeat;
        // Task 1 is the heartbeat, as clients of the original know it. `show tasks` does not list it there either.
        let task = Task {
            id: self.new_task_id(),
            description: TASK.into(),
            group: "core".into(),
            due: self.now.wall.after(every),
            repeat_s: u32::try_from(every.as_secs()).unwrap_or(u32::MAX),
        };
        self.tasks.heartbeat = Some(task);
        self.timers.set(self.now.mono + every, Deadline::Heartbeat);
        self.timers
            .set(self.now.mono + Duration::from_secs(1), Deadline::Second);
    }

    /// HEARTBEAT, then RE_SCHEDULE of the task behind it.
    pub(crate) fn heartbeat(&mut self) {
        let every = self.config.heartbeat;
        let settings = self.view.settings;
        let figures = Heartbeat {
            uptime_us: u64::try_from(self.now.wall.micros_since(self.view.counters.started))
                .unwrap_or(0),
            sessions: self.channels.len() as u64,
            counters: self.view.counters,
            max_sessions: settings.max_sessions,
            sessions_per_second: settings.sessions_per_second,
            idle_cpu_micro_percent: self.idle_cpu,
        };
        self.publish(
            EventKind::System(SystemEvent::Heartbeat(Box::new(figures))),
            None,
        );
        self.forget_old_rates();
        let due = self.now.wall.after(every);
        if let Some(task) = &mut self.tasks.heartbeat {
            task.due = due;
            let task = Arc::new(task.clone());
            self.publish_task(task, TaskEvent::Rescheduled, None);
        }
        self.timers.set(self.now.mono + every, Deadline::Heartbeat);
    }

    /// Once per second.
    pub(crate) fn second_passed(&mut self) {
        self.rates_second();
        self.queues_second();
        self.timers
            .set(self.now.mono + Duration::from_secs(1), Deadline::Second);
    }

    /// What variables of the dial string switch on for a new channel.
    pub(crate) fn apply_channel_switches(&mut self, id: &ChannelId) {
        let wanted =
            self.var(id, "enable_heartbeat_events")
                .map(|text| match text.parse::<u64>() {
                    Ok(seconds) => seconds,
                    Err(_) if api::variables::is_true(text) => DEFAULT_HEARTBEAT_S,
                    Err(_) => 0,
                });
        if let Some(seconds) = wanted.filter(|seconds| *seconds > 0) {
            self.heartbeat_channel(id, Some(Duration::from_secs(seconds)), true);
        }
    }

    /// SESSION_HEARTBEAT of one channel, while it wants any.
    pub(crate) fn session_heartbeat(&mut self, id: &ChannelId) {
        let now = self.now.mono;
        let wanted = self
            .channels
            .get(id)
            .filter(|live| live.is_up() && live.heartbeat_s > 0);
        let Some(every_s) = wanted.map(|live| live.heartbeat_s) else {
            self.tasks.session_heartbeats.remove(id);
            return;
        };
        // A timer of an earlier setting is stale.
        if self
            .tasks
            .session_heartbeats
            .get(id)
            .is_some_and(|at| *at <= now)
        {
            self.emit(id, ChannelEvent::Heartbeat);
            self.arm_session_heartbeat(id, every_s);
        }
    }

    /// Makes a channel's heartbeat fire, the first one now or one interval from now; `None` ends it.
    pub(crate) fn heartbeat_channel(
        &mut self,
        id: &ChannelId,
        every: Option<Duration>,
        delayed: bool,
    ) {
        // Less than a second would be a busy loop.
        let every_s = every.map_or(0, |every| {
            u32::try_from(every.as_secs()).unwrap_or(u32::MAX).max(1)
        });
        let Some(live) = self.channels.get_mut(id).filter(|live| live.is_up()) else {
            return;
        };
        live.heartbeat_s = every_s;
        if every_s == 0 {
            self.tasks.session_heartbeats.remove(id);
            return;
        }
        if !delayed {
            self.emit(id, ChannelEvent::Heartbeat);
        }
        self.arm_session_heartbeat(id, every_s);
    }

    fn arm_session_heartbeat(&mut self, id: &ChannelId, every_s: u32) {
        let at = in_time(self.now.mono, Duration::from_secs(every_s.into()));
        self.tasks.session_heartbeats.insert(id.clone(), at);
        self.timers.set(at, Deadline::SessionHeartbeat(id.clone()));
    }

    /// How much of the log is shown of a channel, as long as it is there: -1 none, 7 all.
    pub(crate) fn set_log_level(&mut self, id: &ChannelId, level: i8) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        live.log_level = Some(level);
        self.effect(crate::effect::Effect::LogLevel {
            channel: id.clone(),
            level: Some(level),
        });
    }

    /// Answers `uuid_session_heartbeat`.
    pub(crate) fn set_heartbeat(&mut self, request: RequestId, command: SetHeartbeat) {
        let SetHeartbeat {
            channel,
            every,
            delayed,
        } = command;
        let answer = if self.channels.get(&channel).is_some_and(|live| live.is_up()) {
            self.heartbeat_channel(&channel, every, delayed);
            Ok(())
        } else {
            Err(CommandError::not_found(ObjectKind::Channel))
        };
        self.answer(request, answer);
    }
}
