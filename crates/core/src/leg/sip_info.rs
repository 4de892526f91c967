//! INFO of a peer: digits (RFC 2976, `application/dtmf-relay`), requests for whole pictures (RFC 5168) and everything
//! else.

use api::ChannelId;
use api::event::{ChannelEvent, DtmfSource};

use crate::Switch;
use crate::channel::PendingDigit;

impl Switch {
    pub(super) fn sip_info(&mut self, id: &ChannelId, content_type: &str, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let kind = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if kind == "application/dtmf-relay" || kind == "application/dtmf" {
            if let Some((digit, duration)) = info_digit(&kind, &text) {
                self.digit_arrived(
                    id,
                    PendingDigit {
                        digit,
                        duration,
                        source: DtmfSource::Endpoint,
                    },
                );
            }
            return;
        }
        if self.info_asks_for_picture(id, &kind, &text) {
            return;
        }
        let event = ChannelEvent::InfoReceived {
            content_type: content_type.into(),
            body: text.as_ref().into(),
        };
        self.emit(id, event);
    }
}

/// The digit of an INFO body and its length in samples at 8 kHz.
fn info_digit(kind: &str, text: &str) -> Option<(char, u32)> {
    const DEFAULT_MS: u32 = 250;
    let clean = |word: &str| {
        let digit = word.trim().trim_matches('"').chars().next()?;
        media::control::Digit::from_char(digit).map(|d| d.as_char())
    };
    if kind == "application/dtmf" {
        return Some((clean(text)?, DEFAULT_MS * 8));
    }
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let digit = clean(field("Signal")?)?;
    let ms = field("Duration")
        .and_then(|d| d.parse::<u32>().ok())
        .unwrap_or(DEFAULT_MS)
        .min(8000);
    Some((digit, ms * 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_info() {
        assert_eq!(
            info_digit("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
            Some(('5', 1280))
        );
        assert_eq!(
            info_digit("application/dtmf-relay", "signal = #"),
            Some(('#', 2000))
        );
        assert_eq!(info_digit("application/dtmf", "7"), Some(('7', 2000)));
        assert_eq!(info_digit("application/dtmf-relay", "Duration=1"), None);
    }
}
