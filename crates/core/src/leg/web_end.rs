//! How calls of pages end, and the last word they are told (sylkrtc.md §5.4).

use api::event::WebEventKind;
use api::view::Direction;
use api::{ChannelId, HangupCause};
use media::control::WebCommand;
use sip::message::reason_phrase;

use super::web_leg::{Farewell, Stage};
use crate::Switch;

impl Switch {
    /// Refused with a status of somebody's choice.
    pub(super) fn refuse_web(&mut self, id: &ChannelId, code: u16, phrase: &str) {
        let phrase = if phrase.is_empty() {
            reason_phrase(code)
        } else {
            phrase
        };
        if let Some(leg) = self.web_leg(id) {
            leg.farewell = Some(Farewell {
                code,
                phrase: phrase.into(),
                disposition: "send_refuse",
            });
        }
    }

    /// The page's own call ends, or one that rings there is refused with `code` (sylkrtc.md §5.4).
    pub(crate) fn web_hangs_up(&mut self, id: &ChannelId, code: u16) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let inbound = live.seen.direction == Direction::Inbound;
        let (farewell, cause) = if live.seen.is_answered() {
            ((200, "to BYE", "recv_bye"), HangupCause::NormalClearing)
        } else if inbound {
            let words = (487, reason_phrase(487), "recv_cancel");
            (words, HangupCause::OriginatorCancel)
        } else {
            let words = (code, reason_phrase(code), "recv_refuse");
            (words, HangupCause::from_sip_status(code))
        };
        let (code, phrase, disposition) = farewell;
        self.end_web_with(id, code, phrase, disposition, cause);
    }

    /// Hangs a web leg up with its own last word.
    pub(super) fn end_web_with(
        &mut self,
        id: &ChannelId,
        code: u16,
        phrase: &str,
        disposition: &'static str,
        cause: HangupCause,
    ) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let blame = match live.seen.direction {
            Direction::Inbound => api::cause::Blame::Caller,
            Direction::Outbound => api::cause::Blame::Callee,
        };
        if let Some(leg) = self.web_leg(id) {
            leg.farewell = Some(Farewell {
                code,
                phrase: phrase.into(),
                disposition,
            });
        }
        if disposition.starts_with("recv") {
            self.set_vars(
                id,
                &[
                    ("sip_term_status", code.to_string()),
                    ("proto_specific_hangup_cause", format!("sip:{code}")),
                    ("sip_term_cause", cause.q850().to_string()),
                ],
            );
        }
        self.hangup(id, cause, blame);
    }

    /// The channel ends: the page is told, the peer goes.
    pub(super) fn end_web(&mut self, id: &ChannelId, cause: HangupCause) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let inbound = live.seen.direction == Direction::Inbound;
        let answered = live
            .seen
            .profile
            .as_ref()
            .is_some_and(|p| p.times.answered.happened());
        let Some(leg) = self.web_leg(id) else { return };
        let (peer, lives) = (leg.peer, std::mem::take(&mut leg.peer_lives));
        let rang = !matches!(leg.stage, Stage::Offering);
        // Somebody else took the call, or the page had its say: nobody missed anything.
        let missed = !inbound
            && !answered
            && matches!(leg.stage, Stage::Ringing)
            && leg.farewell.is_none()
            && cause != HangupCause::LoseRace;
        let farewell = leg.farewell.take().unwrap_or_else(|| {
            let (code, phrase, disposition) = if answered {
                (200, "Session Terminated", "send_bye")
            } else if inbound {
                let code = cause.sip_status();
                (code, reason_phrase(code), "send_refuse")
            } else {
                (487, reason_phrase(487), "send_cancel")
            };
            Farewell {
                code,
                phrase: phrase.into(),
                disposition,
            }
        });
        self.web.peers.remove(&peer);
        if lives {
            self.peers(WebCommand::Close { peer });
        }
        self.set_var(id, "sip_hangup_disposition", farewell.disposition);
        if self.participation_of(id).is_some() {
            let asked = matches!(farewell.disposition, "recv_bye" | "recv_cancel");
            let (code, phrase) = match farewell.code {
                // It knows why it left.
                1.. if asked => (0, ""),
                code => (code, &*farewell.phrase),
            };
            return self.participant_ended(id, code, phrase);
        }
        // A page that was never called has nothing to be told.
        if !inbound && !rang {
            return;
        }
        self.tell_page(id, |channel| WebEventKind::Terminated {
            channel,
            code: farewell.code,
            phrase: (&*farewell.phrase).into(),
            missed,
        });
    }
}
