//! Folders made and files renamed for a channel: the shell does it, and the channel waits (event-socket.md §6.9).

use std::sync::Arc;

use api::ChannelId;

use crate::Switch;
use crate::effect::Effect;

/// Jobs at one time; a disk that has stopped holds as many channels.
const AT_ONE_TIME: usize = 100;

/// Something to do to the disk, where recordings are written: a relative name lies below their folder, an absolute one
/// where it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileJob {
    /// A folder is made, with those it lies in. One that is there is no mistake.
    MakeFolder(Arc<str>),
    /// A file gets another name, in place of whatever has it.
    Rename {
        /// Which one.
        from: Arc<str>,
        /// Its new name.
        to: Arc<str>,
    },
}

impl Switch {
    /// Has it done for a channel; the number to wait for, if it can be.
    pub(crate) fn begin_file_job(&mut self, channel: &ChannelId, job: FileJob) -> Option<u64> {
        let Some(number) = self.file_jobs.begin(AT_ONE_TIME) else {
            tracing::warn!(channel = %channel, "The disk is too slow: a folder or name stays as it is");
            return None;
        };
        let channel = channel.clone();
        self.effect(Effect::Files {
            number,
            channel,
            job,
        });
        Some(number)
    }

    /// It is done, or cannot be; the channel goes on.
    pub(crate) fn file_job_done(
        &mut self,
        number: u64,
        channel: &ChannelId,
        result: Result<(), Box<str>>,
    ) {
        if !self.file_jobs.end(number) {
            return;
        }
        if let Err(error) = result {
            tracing::warn!(channel = %channel, %error, "A folder or name stays as it is");
        }
        self.look_again(channel);
    }
}

#[cfg(test)]
mod tests;
