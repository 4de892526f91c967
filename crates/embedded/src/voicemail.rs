//! The way of voicemail jobs out of the switch: to whoever keeps them, and the outcome back.

use switch_core::{Input, MAX_VOICEMAIL_JOBS, VoicemailJob, VoicemailWork};
use tokio::sync::mpsc;

/// Where the switch's jobs go. The switch has no more of them at a time than there is room for.
#[derive(Clone, Debug)]
pub struct Keeper(mpsc::Sender<Order>);

/// A job to be done. Dropped without an outcome it has failed.
#[derive(Debug)]
pub struct Order {
    work: VoicemailWork,
    answer: Outcome,
}

#[derive(Debug)]
struct Outcome {
    number: u64,
    shell: mpsc::WeakSender<Input>,
    given: bool,
}

/// A keeper and the orders it takes.
#[must_use]
pub fn keeper() -> (Keeper, mpsc::Receiver<Order>) {
    let (sender, orders) = mpsc::channel(2 * MAX_VOICEMAIL_JOBS);
    (Keeper(sender), orders)
}

impl Keeper {
    /// One who does nothing.
    pub(crate) fn nobody() -> Self {
        keeper().0
    }

    /// Hands a job over; it has failed when nobody is there to do it.
    pub(crate) fn submit(&self, job: VoicemailJob, shell: &mpsc::Sender<Input>) {
        let VoicemailJob { number, work } = job;
        let answer = Outcome {
            number,
            shell: shell.downgrade(),
            given: false,
        };
        if let Err(error) = self.0.try_send(Order { work, answer }) {
            tracing::error!(%error, "Voicemail cannot be kept");
        }
    }
}

impl Order {
    /// What is to be done.
    #[must_use]
    pub fn work(&self) -> &VoicemailWork {
        &self.work
    }

    /// It was done, or not.
    pub fn finish(mut self, result: Result<(), Box<str>>) {
        self.answer.give(result);
    }
}

impl Outcome {
    fn give(&mut self, result: Result<(), Box<str>>) {
        self.given = true;
        // A switch that has stopped needs no answer.
        let Some(shell) = self.shell.upgrade() else {
            return;
        };
        let number = self.number;
        tokio::spawn(async move {
            shell
                .send(Input::VoicemailDone { number, result })
                .await
                .ok();
        });
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.given {
            self.give(Err("nobody keeps voicemail".into()));
        }
    }
}
