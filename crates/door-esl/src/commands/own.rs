//! `sequence`, `replay`, `slow-reader`, `headers`: ours (event-socket.md §7.3).

use esl::command::own::{
    Contract, HEADERS_USAGE, NO_LOG, NUMBERED, Own, REPLAY_USAGE, SEQUENCE_USAGE,
    SLOW_READER_USAGE, UNNUMBERED,
};
use eventlog::OutOfRange;

use crate::ending::End;
use crate::session::Session;

impl Session {
    pub(super) fn own(&mut self, command: Own) -> Result<(), End> {
        match command {
            Own::Sequence(on) => self.sequence(on),
            Own::Bounds => self.bounds(),
            Own::Replay(position) => self.replay(position),
            Own::SlowReader(None) => self.answer(SLOW_READER_USAGE),
            Own::SlowReader(Some(contract)) => self.slow_reader(contract),
            Own::Headers(None) => self.answer(HEADERS_USAGE),
            Own::Headers(Some(choice)) => {
                self.catch_up()?;
                let reply = choice.reply();
                self.delivery.choose_headers(choice);
                self.answer(&reply)
            }
        }
    }

    fn sequence(&mut self, on: Option<bool>) -> Result<(), End> {
        match on {
            None => self.answer(SEQUENCE_USAGE),
            Some(_) if !self.delivery.has_log() => self.answer(NO_LOG),
            Some(on) => {
                self.catch_up()?;
                self.delivery.number(on);
                self.answer(if on { NUMBERED } else { UNNUMBERED })
            }
        }
    }

    fn bounds(&mut self) -> Result<(), End> {
        match self.shared.environment.event_log.as_ref() {
            Some(log) => {
                let bounds = log.bounds();
                self.answer(&format!(
                    "+OK oldest {} newest {}",
                    bounds.oldest, bounds.newest
                ))
            }
            None => self.answer(NO_LOG),
        }
    }

    fn replay(&mut self, position: Option<u64>) -> Result<(), End> {
        let Some(position) = position else {
            return self.answer(REPLAY_USAGE);
        };
        if !self.delivery.has_log() {
            return self.answer(NO_LOG);
        }
        match self.delivery.replay(position) {
            Ok(()) => self.answer(&format!("+OK replay after {position}")),
            Err(OutOfRange::TooOld(bounds)) => self.answer(&format!(
                "-ERR no longer kept, the oldest is {}",
                bounds.oldest
            )),
            Err(OutOfRange::TooNew(bounds)) => self.answer(&format!(
                "-ERR not given out yet, the newest is {}",
                bounds.newest
            )),
        }
    }

    fn slow_reader(&mut self, contract: Contract) -> Result<(), End> {
        if contract == Contract::Disk && !self.delivery.has_log() {
            return self.answer(NO_LOG);
        }
        self.choose_contract(contract)?;
        self.answer(&contract.reply())
    }
}
