//! What a page does to a call it has: answers, ends, trickles, changes, presses digits.

use std::sync::Arc;

use api::command::web::{AnswerWebCall, EndWebCall, PressWebDigits, TrickleWebCall, UpdateWebCall};
use api::event::DtmfSource;
use api::id::WebClientId;
use api::{ChannelId, CommandError, ErrorKind, ObjectKind};
use media::control::Digit;

use super::call::{MAX_SDP, extension_headers};
use crate::Switch;
use crate::channel::PendingDigit;
use crate::leg::LegEnd;

/// Longest candidate, bytes; a long one has about 200.
const MAX_CANDIDATE: usize = 1024;
/// Most candidates of one command.
const MAX_CANDIDATES: usize = 64;
/// Most digits of one command.
const MAX_DIGITS: usize = 128;
/// Samples per millisecond, as durations are counted.
const SAMPLES_PER_MS: u32 = 8;

impl Switch {
    /// The call of a page, or `NotFound(Channel)` when it is gone or another kind of channel.
    fn require_web_call(&self, id: &ChannelId) -> Result<(), CommandError> {
        match self.channels.get(id) {
            Some(live) if live.is_up() && matches!(live.end, LegEnd::Web(_)) => Ok(()),
            Some(_) | None => Err(CommandError::not_found(ObjectKind::Channel)),
        }
    }

    /// The same for what only an answered call can do.
    ///
    /// # Errors
    /// Then also `InvalidState`.
    pub(crate) fn require_answered_web_call(&self, id: &ChannelId) -> Result<(), CommandError> {
        self.require_web_call(id)?;
        let answered = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.is_answered());
        if answered {
            Ok(())
        } else {
            Err(CommandError::new(
                ErrorKind::InvalidState,
                "the call is not answered",
            ))
        }
    }

    pub(crate) fn answer_web_call(&mut self, command: AnswerWebCall) -> Result<(), CommandError> {
        self.require_web_call(&command.channel)?;
        check_sdp("answer", &command.answer)?;
        let headers: Vec<_> = extension_headers(&command.headers).cloned().collect();
        self.take_web_answer(&command.channel, &command.answer, headers)
    }

    pub(crate) fn end_web_call(&mut self, command: &EndWebCall) -> Result<(), CommandError> {
        self.require_web_call(&command.channel)?;
        let code = if (300..700).contains(&command.refuse_with) {
            command.refuse_with
        } else {
            486
        };
        self.web_hangs_up(&command.channel, code);
        Ok(())
    }

    /// A client goes: so do its calls.
    pub(super) fn end_web_calls(&mut self, client: WebClientId) {
        let mut calls: Vec<(u64, ChannelId)> = self
            .channels
            .values()
            .filter(|live| match &live.end {
                LegEnd::Web(leg) => leg.client == client && live.is_up(),
                LegEnd::Sip(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => false,
            })
            .map(|live| (live.seen.serial, live.id().clone()))
            .collect();
        calls.sort_unstable();
        for (_, id) in calls {
            // As a phone that is switched off while it rings.
            self.web_hangs_up(&id, 480);
        }
    }

    pub(crate) fn trickle_web_call(
        &mut self,
        command: &TrickleWebCall,
    ) -> Result<(), CommandError> {
        self.require_web_call(&command.channel)?;
        for candidate in usable_candidates(&command.candidates) {
            self.web_candidate(&command.channel, candidate);
        }
        Ok(())
    }

    pub(crate) fn update_web_call(&mut self, command: &UpdateWebCall) -> Result<(), CommandError> {
        self.require_web_call(&command.channel)?;
        if self.participation_of(&command.channel).is_some() {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "nothing can be changed in a video room",
            ));
        }
        check_sdp("sdp", &command.sdp)?;
        self.web_describes_again(command)
    }

    pub(crate) fn press_web_digits(
        &mut self,
        command: &PressWebDigits,
    ) -> Result<(), CommandError> {
        let PressWebDigits {
            channel,
            digits,
            duration_ms,
        } = command;
        self.require_answered_web_call(channel)?;
        let digits: Option<Vec<char>> = digits
            .chars()
            .map(|digit| Digit::from_char(digit).map(|digit| digit.as_char()))
            .collect();
        let digits = digits
            .filter(|digits| !digits.is_empty() && digits.len() <= MAX_DIGITS)
            .ok_or_else(|| CommandError::new(ErrorKind::InvalidArgument("digits"), "not digits"))?;
        let duration = (*duration_ms).clamp(1, 5000) * SAMPLES_PER_MS;
        for digit in digits {
            self.digit_arrived(
                channel,
                PendingDigit {
                    digit,
                    duration,
                    source: DtmfSource::Endpoint,
                },
            );
        }
        Ok(())
    }
}

/// Those of a page's candidates that are worth a look.
pub(crate) fn usable_candidates(candidates: &[Arc<str>]) -> impl Iterator<Item = &Arc<str>> {
    candidates
        .iter()
        .filter(|candidate| candidate.len() <= MAX_CANDIDATE)
        .take(MAX_CANDIDATES)
}

fn check_sdp(field: &'static str, sdp: &Arc<str>) -> Result<(), CommandError> {
    if sdp.len() <= MAX_SDP {
        Ok(())
    } else {
        Err(CommandError::new(
            ErrorKind::InvalidArgument(field),
            "the description is too long",
        ))
    }
}
