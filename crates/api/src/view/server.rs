use std::sync::Arc;

use crate::id::TaskId;
use crate::log::LogLevel;
use crate::time::Timestamp;

/// Sessions counted since the start (`status`, HEARTBEAT).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// When the switch started.
    pub started: Timestamp,
    /// Channels made since the start.
    pub sessions_since_startup: u64,
    /// Most channels at one time.
    pub sessions_peak: u64,
    /// Most channels at one time within the last five minutes.
    pub sessions_peak_five_min: u64,
    /// New channels in the last whole second.
    pub per_second_last: u64,
    /// Most new channels in one second.
    pub per_second_peak: u64,
    /// Most new channels in one second within the last five minutes.
    pub per_second_five_min: u64,
}

/// What can be changed while the switch runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Most channels at one time; new ones are refused beyond.
    pub max_sessions: u64,
    /// Most new channels per second.
    pub sessions_per_second: u64,
    /// No new inbound calls.
    pub paused_inbound: bool,
    /// No new outbound calls.
    pub paused_outbound: bool,
    /// Every channel event carries the variables.
    pub verbose_events: bool,
    /// Lines logged on the console.
    pub log_level: LogLevel,
    /// How much doors of rooms with places log about their clients, where they do: 0 everything to 4 errors
    /// (event-manager.md §6.1).
    pub room_log_level: u8,
    /// Least idle CPU in percent below which new calls are refused; 0 = off.
    pub min_idle_cpu: u8,
    /// DTMF lengths in samples at 8 kHz: shortest, default, longest.
    pub dtmf_durations: [u32; 3],
    /// The switch is going down and takes nothing new.
    pub draining: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_sessions: 1000,
            sessions_per_second: 30,
            paused_inbound: false,
            paused_outbound: false,
            verbose_events: false,
            log_level: LogLevel::Info,
            room_log_level: 3,
            min_idle_cpu: 0,
            dtmf_durations: [400, 2000, 192_000],
            draining: false,
        }
    }
}

/// Something that will happen at a given time (`show tasks`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// Number.
    pub id: TaskId,
    /// What it does, as `sched_api`.
    pub description: Arc<str>,
    /// Group it can be deleted by.
    pub group: Arc<str>,
    /// When it runs next.
    pub due: Timestamp,
    /// Seconds between runs; 0 = once.
    pub repeat_s: u32,
}
