//! Tasks that run at a given time: `sched_api`, `sched_hangup` and their kin (event-socket.md §6.5).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::cause::Blame;
use api::command::server::{Schedule, Scheduled, TaskTarget, Unschedule};
use api::event::{EventKind, SystemEvent, TaskEvent};
use api::id::TaskId;
use api::view::Task;
use api::{ChannelId, CommandError, ErrorKind, RequestId};

use crate::Switch;
use crate::timers::{Deadline, in_time};

/// Tasks waiting at one time; one more is refused.
const MAX_TASKS: usize = 100_000;

/// What waits for its time.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: HashMap<TaskId, Waiting>,
    groups: HashMap<Arc<str>, BTreeSet<TaskId>>,
    /// The task behind HEARTBEAT.
    pub(crate) heartbeat: Option<Task>,
    /// When each channel's next SESSION_HEARTBEAT is due.
    pub(crate) session_heartbeats: HashMap<ChannelId, Instant>,
}

#[derive(Debug)]
struct Waiting {
    task: Arc<Task>,
    what: Scheduled,
}

/// The name clients know a task by. Recorded: `switch_ivr_schedule_hangup`.
fn description(what: &Scheduled) -> &'static str {
    match what {
        Scheduled::Console(_) => "sched_api_function",
        Scheduled::Hangup(..) => "switch_ivr_schedule_hangup",
        Scheduled::Transfer(_) => "switch_ivr_schedule_transfer",
        Scheduled::Broadcast(_) => "switch_ivr_schedule_broadcast",
    }
}

impl Switch {
    pub(crate) fn new_task_id(&mut self) -> TaskId {
        self.serials.task += 1;
        TaskId(self.serials.task)
    }

    /// Answers `Schedule`: ADD_SCHEDULE, and later the deed.
    pub(crate) fn schedule(&mut self, request: RequestId, command: Schedule) {
        let answer = self.add_task(command);
        let answer =
            answer.ok_or_else(|| CommandError::new(ErrorKind::LimitReached, "too many tasks"));
        self.answer(request, answer);
    }

    /// Schedules something; the task's number, or `None` when there are too many.
    pub(crate) fn add_task(&mut self, command: Schedule) -> Option<TaskId> {
        if self.tasks.waiting.len() >= MAX_TASKS {
            tracing::warn!(
                limit = MAX_TASKS,
                "Too many scheduled tasks; one is refused"
            );
            return None;
        }
        let Schedule {
            at,
            repeat_s,
            group,
            what,
        } = command;
        let id = self.new_task_id();
        let task = Arc::new(Task {
            id,
            description: description(&what).into(),
            group,
            due: at,
            repeat_s,
        });
        self.arm_task(&task);
        self.tasks
            .groups
            .entry(task.group.clone())
            .or_default()
            .insert(id);
        self.tasks.waiting.insert(
            id,
            Waiting {
                task: task.clone(),
                what,
            },
        );
        self.view.tasks.insert_mut(id, task.clone());
        self.publish_task(task, TaskEvent::Added, None);
        Some(id)
    }

    fn arm_task(&mut self, task: &Task) {
        let wait = u64::try_from(task.due.micros_since(self.now.wall)).unwrap_or(0);
        self.timers.set(
            in_time(self.now.mono, Duration::from_micros(wait)),
            Deadline::Task(task.id),
        );
    }

    pub(crate) fn publish_task(&mut self, task: Arc<Task>, what: TaskEvent, run: Option<Arc<str>>) {
        self.publish(
            EventKind::System(SystemEvent::Task { task, what, run }),
            None,
        );
    }

    /// The time of a task has come.
    pub(crate) fn task_due(&mut self, id: TaskId) {
        let Some(waiting) = self.tasks.waiting.get(&id) else {
            return;
        };
        let (task, what) = (waiting.task.clone(), waiting.what.clone());
        match what {
            Scheduled::Console(line) => {
                self.publish_task(task.clone(), TaskEvent::Executed, Some(line))
            }
            Scheduled::Hangup(channel, cause) => self.hangup(&channel, cause, Blame::Ours),
            Scheduled::Transfer(transfer) => {
                if let Err(error) = self.transfer_command(&transfer) {
                    tracing::info!(task = %id, %error, "Scheduled transfer is not possible");
                }
            }
            Scheduled::Broadcast(broadcast) => {
                if let Err(error) = self.broadcast_command(&broadcast) {
                    tracing::info!(task = %id, %error, "Scheduled broadcast is not possible");
                }
            }
        }
        if task.repeat_s == 0 {
            self.delete_task(id);
            return;
        }
        let every = Duration::from_secs(task.repeat_s.into());
        // Runs missed while the clock jumped are not made up for.
        let due = task.due.after(every).max(self.now.wall);
        // The deed may have ended the task.
        let Some(waiting) = self.tasks.waiting.get_mut(&id) else {
            return;
        };
        Arc::make_mut(&mut waiting.task).due = due;
        let task = waiting.task.clone();
        self.arm_task(&task);
        self.view.tasks.insert_mut(id, task.clone());
        self.publish_task(task, TaskEvent::Rescheduled, None);
    }

    /// DEL_SCHEDULE; false when there is no such task.
    fn delete_task(&mut self, id: TaskId) -> bool {
        let Some(waiting) = self.tasks.waiting.remove(&id) else {
            return false;
        };
        if let Some(group) = self.tasks.groups.get_mut(&waiting.task.group) {
            group.remove(&id);
            if group.is_empty() {
                self.tasks.groups.remove(&waiting.task.group);
            }
        }
        self.view.tasks.remove_mut(&id);
        self.publish_task(waiting.task, TaskEvent::Deleted, None);
        true
    }

    pub(crate) fn delete_group(&mut self, group: &str) -> u64 {
        let ids = self.tasks.groups.get(group).cloned().unwrap_or_default();
        ids.into_iter().filter(|id| self.delete_task(*id)).count() as u64
    }

    /// Answers `Unschedule`.
    pub(crate) fn unschedule(&mut self, request: RequestId, command: Unschedule) {
        let deleted = match command.target {
            TaskTarget::Id(id) => u64::from(self.delete_task(id)),
            TaskTarget::Group(group) => self.delete_group(&group),
        };
        self.answer(request, Ok(deleted));
    }

    /// A channel has ended: so have its tasks.
    pub(crate) fn cancel_channel_tasks(&mut self, id: &ChannelId) {
        self.tasks.session_heartbeats.remove(id);
        self.delete_group(id.as_str());
    }
}

#[cfg(test)]
mod tests;
