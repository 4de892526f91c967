use std::sync::Arc;

use crate::id::{ChannelId, JobId};
use crate::view::{Counters, Task};

/// Figures of a HEARTBEAT (event-socket.md §5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heartbeat {
    /// Microseconds since the start.
    pub uptime_us: u64,
    /// Live channels.
    pub sessions: u64,
    /// Limits and counters.
    pub counters: Counters,
    /// Most channels at one time.
    pub max_sessions: u64,
    /// Most new channels per second.
    pub sessions_per_second: u64,
    /// Idle CPU in millionths of a percent.
    pub idle_cpu_micro_percent: u64,
}

/// What became of a scheduled task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaskEvent {
    /// `ADD_SCHEDULE`
    Added,
    /// `EXE_SCHEDULE`
    Executed,
    /// `RE_SCHEDULE`
    Rescheduled,
    /// `DEL_SCHEDULE`
    Deleted,
}

/// The server itself.
#[derive(Clone, Debug)]
pub enum SystemEvent {
    /// `STARTUP`
    Started,
    /// `SHUTDOWN_REQUESTED`
    ShutdownRequested {
        /// `ASAP` or `elegant`.
        how: &'static str,
    },
    /// `SHUTDOWN`
    ShuttingDown,
    /// `HEARTBEAT`
    Heartbeat(Box<Heartbeat>),
    /// `RELOADXML`
    XmlReloaded,
    /// `API`: a console command was run.
    ApiExecuted {
        /// The command.
        command: Arc<str>,
        /// Its argument.
        argument: Option<Arc<str>>,
        /// Job behind it, when it ran in the background.
        job: Option<JobId>,
    },
    /// `*_SCHEDULE`
    Task {
        /// The task as it was.
        task: Arc<Task>,
        /// What became of it.
        what: TaskEvent,
        /// The console line to be run now; whoever runs console lines acts on it.
        run: Option<Arc<str>>,
    },
    /// The dialplan or an originate asked for a console line to be run (`api_on_answer` and the like).
    ConsoleLineDue {
        /// The line.
        line: Arc<str>,
        /// On whose behalf.
        channel: Option<ChannelId>,
    },
}

/// `BACKGROUND_JOB`
#[derive(Clone, Debug)]
pub struct JobEvent {
    /// The job.
    pub job: JobId,
    /// The channel the asking connection controls.
    pub owner: Option<ChannelId>,
    /// The command.
    pub command: Arc<str>,
    /// Its argument.
    pub argument: Option<Arc<str>>,
    /// What the command printed; `None` when it printed nothing.
    pub output: Option<Arc<str>>,
}
