//! `mkdir` and `rename`; [`crate::file_jobs`] does the rest. `system` and `bgsystem`; [`crate::programs`] does.

use api::ChannelId;

use super::awaiting::Awaited;
use super::{App, Started};
use crate::Switch;
use crate::file_jobs::FileJob;

/// `<path>`
pub(super) fn mkdir(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let path = data.trim();
    let job = (!path.is_empty()).then(|| FileJob::MakeFolder(path.into()));
    begin(switch, id, data, job)
}

/// `<from_path> <to_path>`; quotes hold a name with blanks together.
pub(super) fn rename(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let words = super::collect::split_quoted(data);
    let job = match words.as_slice() {
        [from, to] => Some(FileJob::Rename {
            from: from.as_str().into(),
            to: to.as_str().into(),
        }),
        _ => None,
    };
    begin(switch, id, data, job)
}

/// A line of a shell; the channel waits for its end.
pub(super) fn system(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    match run(switch, id, data) {
        Some(number) => Started::Waits(App::Await(Awaited::Program(number))),
        None => Started::Done,
    }
}

/// A line of a shell; the channel goes on meanwhile.
pub(super) fn bgsystem(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    run(switch, id, data);
    Started::Done
}

fn run(switch: &mut Switch, id: &ChannelId, data: &str) -> Option<u64> {
    if data.trim().is_empty() {
        tracing::warn!(channel = %id, "An application does not say which program");
        return None;
    }
    switch.begin_program(id, data.into())
}

fn begin(switch: &mut Switch, id: &ChannelId, data: &str, job: Option<FileJob>) -> Started {
    let Some(job) = job else {
        tracing::warn!(channel = %id, data, "An application does not say which file");
        return Started::Done;
    };
    match switch.begin_file_job(id, job) {
        Some(number) => Started::Waits(App::Await(Awaited::Files(number))),
        None => Started::Done,
    }
}
