use std::sync::Arc;

use crate::command::control::ControlId;
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
    /// The application `socket` or `webapp` wants a program to take a channel over; a door acts on it.
    ControllerWanted(Box<ControllerWanted>),
    /// The channel left that run of `socket` before the program did: whoever dials for it, or talks with the program,
    /// need not any more. Of `webapp` it is also said when the channel was hung up, and carries it as it was then.
    ControlOver {
        /// The channel.
        channel: ChannelId,
        /// Which run.
        control: ControlId,
    },
}

/// What a program that controls a channel speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spoken {
    /// The event socket: the application `socket`.
    EventSocket,
    /// HTTP: the application `webapp`.
    Http,
}

/// A program that is to be dialled (event-socket.md §3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControllerWanted {
    /// The channel that waits.
    pub channel: ChannelId,
    /// Which run of `socket` or `webapp`.
    pub control: ControlId,
    /// Which of the two, and so who acts on it.
    pub spoken: Spoken,
    /// Where the program listens: `host:port|host:port`, or the whole argument of `webapp`; not yet read.
    pub address: Arc<str>,
    /// The channel parks, and runs what the program sends when it can.
    pub asynchronous: bool,
    /// The program may do everything, not only steer its channel.
    pub full: bool,
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
