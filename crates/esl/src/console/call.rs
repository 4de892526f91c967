//! One run of a console command.

use super::Console;
use crate::splitter::split;
use api::view::Channel;
use api::{Ask, ChannelId, CommandError, View};
use std::sync::Arc;

/// Most words one command looks at.
const MAX_WORDS: usize = 64;

/// What every command answers about a channel that does not exist.
pub(super) const NO_SUCH_CHANNEL: &str = "-ERR No such channel!\n";
/// The plain success.
pub(super) const OK: &str = "+OK\n";

/// The asker, and the text behind the command's name.
pub(crate) struct Call<'a> {
    pub(super) console: &'a Console,
    pub(super) args: &'a str,
    pub(super) depth: u8,
}

impl Call<'_> {
    pub(super) fn view(&self) -> Arc<View> {
        self.console.switch.view()
    }

    pub(super) async fn ask<C: Ask>(&self, command: C) -> Result<C::Answer, CommandError> {
        Ok(self
            .console
            .switch
            .ask(command, self.console.origin.clone())
            .await?
            .value)
    }

    /// The arguments split as event-socket.md §6.1 says.
    pub(super) fn words(&self) -> Vec<String> {
        split(self.args, MAX_WORDS)
    }

    /// The first `count` words; the last takes the rest of the line.
    pub(super) fn words_of(&self, count: usize) -> Vec<String> {
        split(self.args, count)
    }

    /// The live channel of that id.
    pub(super) fn channel(&self, id: &str) -> Option<Arc<Channel>> {
        self.view().channel(id).cloned()
    }

    /// The id of a live channel.
    pub(super) fn live(&self, id: &str) -> Option<ChannelId> {
        self.channel(id).map(|channel| channel.id.clone())
    }
}

/// `-USAGE: …` with its line end.
pub(super) fn usage(syntax: &str) -> String {
    format!("-USAGE: {syntax}\n")
}

/// One of two fixed texts.
pub(super) fn either<T>(result: &Result<T, CommandError>, success: &str, failure: &str) -> String {
    if result.is_ok() { success } else { failure }.to_owned()
}
