//! Who keeps voicemail in a test: remembers what was asked, and answers as the test says.

use crate::{VoicemailJob, VoicemailWork};

#[derive(Default)]
pub(crate) struct Keeper {
    /// What was asked.
    pub(crate) asked: Vec<VoicemailWork>,
    /// Why nothing can be kept.
    pub(crate) broken: Option<&'static str>,
    /// Nothing is answered; the test does that itself.
    pub(crate) slow: bool,
    /// Numbers of what was not answered.
    pub(crate) waiting: Vec<u64>,
}

impl Keeper {
    pub(super) fn take_job(&mut self, job: &VoicemailJob) -> Option<Result<(), Box<str>>> {
        self.asked.push(job.work.clone());
        if self.slow {
            self.waiting.push(job.number);
            return None;
        }
        Some(self.broken.map_or(Ok(()), |why| Err(why.into())))
    }
}
