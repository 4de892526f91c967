//! `event`, `nixevent`, `noevents`, `log`, `nolog` (event-socket.md §2.5–§2.7, §2.13).

use esl::command::PERMISSION_DENIED;
use esl::command::event::{
    NIXED, NO_KEYWORDS, NO_LONGER_LISTENING, NOT_LISTENING, NameList, enabled,
};
use esl::command::log::{Log, NO_LONGER_LOGGING, NOT_LOGGING};
use esl::subscription::Outcome;

use crate::ending::End;
use crate::session::Session;

impl Session {
    pub(super) async fn event(&mut self, names: &NameList) -> Result<(), End> {
        let outcome = self.delivery.add(names, self.access.events()).await?;
        match outcome {
            Outcome::Enabled => self.answer(&enabled(self.delivery.format())),
            Outcome::NoKeywords => self.answer(NO_KEYWORDS),
            Outcome::Denied => self.answer(PERMISSION_DENIED),
        }
    }

    pub(super) async fn nix_event(&mut self, names: &NameList) -> Result<(), End> {
        self.catch_up()?;
        match self.delivery.remove(names).await? {
            Outcome::Enabled => self.answer(NIXED),
            Outcome::NoKeywords | Outcome::Denied => self.answer(NO_KEYWORDS),
        }
    }

    pub(super) async fn no_events(&mut self) -> Result<(), End> {
        if self.delivery.clear().await? {
            self.answer(NO_LONGER_LISTENING)
        } else {
            self.answer(NOT_LISTENING)
        }
    }

    pub(super) fn log(&mut self, log: &Log) -> Result<(), End> {
        if !self.access.permits_log(log.level) {
            return self.answer(PERMISSION_DENIED);
        }
        if let Some(level) = log.level {
            self.log
                .start(&self.shared.switch, level, self.access.most_log());
        }
        self.answer(&log.reply())
    }

    pub(super) fn no_log(&mut self) -> Result<(), End> {
        if self.log.stop() {
            self.answer(NO_LONGER_LOGGING)
        } else {
            self.answer(NOT_LOGGING)
        }
    }
}
