//! Encrypted sound of SIP legs: keys in session descriptions (SDES, RFC 4568), offered and answered.

mod shown;
mod wish;

use api::ChannelId;
use api::view::Direction;
use media::control::{LegProtection, MediaCommand};
use media::srtp::{MasterKey, Suite};
use rand::RngCore;
use sip::sdp::{Agreed, Attribute, Crypto, LocalMedia, MediaDescription, SessionDescription};
use sip::transport::Transport;

use crate::Switch;
pub(crate) use shown::shown_description;
pub(crate) use wish::{Rule, Wish};

/// Whether a text says how sound is to be encrypted, in the words of `rtp_secure_media`, and every word of it is known.
pub fn is_secure_media(text: &str) -> bool {
    let (_, unknown) = Wish::parse(text);
    unknown.is_empty() && !text.trim().is_empty()
}

/// Sound in the clear, and encrypted.
const CLEAR: &str = "RTP/AVP";
const SECURE: &str = "RTP/SAVP";

/// The keys of a leg.
#[derive(Debug, Default)]
pub(crate) struct Security {
    /// Whether its SIP goes where nobody reads it.
    over_tls: bool,
    /// What our last offer named, until it is answered; the tag of each is its place, counted from 1.
    offered: Vec<MasterKey>,
    /// What was agreed on.
    agreed: Option<Keys>,
    /// Its media was told to protect.
    told: bool,
}

/// Keys that were agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    send: MasterKey,
    receive: MasterKey,
    /// Of `RTP/SAVP`; else of `RTP/AVP`, where some phones put their keys.
    is_secure_profile: bool,
}

/// Why a description is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the sound must be encrypted, and no usable key is offered")]
    Clear,
    #[error("encrypted sound is offered alone, and none of its keys can be used")]
    NoKey,
    #[error("the answer has no key for our offer")]
    NoAnswer,
}

impl Security {
    /// Of a leg whose SIP goes that way.
    pub(crate) fn over(transport: Transport) -> Self {
        let mut security = Self::default();
        security.go_over(transport);
        security
    }

    /// Its SIP goes that way now.
    pub(crate) fn go_over(&mut self, transport: Transport) {
        self.over_tls = matches!(transport, Transport::Tls | Transport::Wss);
    }

    /// Whether its sound is encrypted.
    pub(crate) fn is_on(&self) -> bool {
        self.agreed.is_some()
    }
}

impl Switch {
    /// What is wanted of a leg: by its variables, the one for its direction first, else by its profile.
    fn secure_wish(&mut self, id: &ChannelId) -> Wish {
        let inbound = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == Direction::Inbound);
        let own = if inbound {
            "rtp_secure_media_inbound"
        } else {
            "rtp_secure_media_outbound"
        };
        let said = [own, "rtp_secure_media"]
            .iter()
            .find_map(|name| self.var(id, name))
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned);
        let profile = self.sip_leg(id).map(|leg| leg.profile);
        let usual = || {
            let profile = self.config.profiles.get(profile?)?;
            profile.secure_media.as_deref().map(str::to_owned)
        };
        let Some(text) = said.or_else(usual) else {
            return Wish::as_offered();
        };
        let (wish, unknown) = Wish::parse(&text);
        if !unknown.is_empty() {
            tracing::warn!(channel = %id, ?unknown, "Words of rtp_secure_media mean nothing");
        }
        wish
    }

    /// Makes an offer of ours one of encrypted sound, where that is wanted. One that is encrypted already stays so, under
    /// the same keys; one in the clear stays in the clear.
    pub(super) fn offer_secure(&mut self, id: &ChannelId, media: &mut Vec<LocalMedia>) {
        let wish = self.secure_wish(id);
        let Some(leg) = self.sip_leg(id) else { return };
        let is_first = leg.agreed.is_none();
        let known = leg.security.offered.clone();
        let keys = match leg.security.agreed {
            Some(keys) => vec![keys.send],
            None if !is_first => Vec::new(),
            None => match wish.rule {
                // What was offered before is offered again.
                Rule::Optional | Rule::Mandatory if !known.is_empty() => known,
                Rule::Optional | Rule::Mandatory => {
                    let suites = wish.suites.iter();
                    suites.filter_map(|suite| self.new_key(*suite)).collect()
                }
                Rule::AsOffered | Rule::Forbidden => Vec::new(),
            },
        };
        let Some(leg) = self.sip_leg(id) else { return };
        leg.security.offered.clone_from(&keys);
        let Some(sound) = media.first_mut().filter(|_| !keys.is_empty()) else {
            return;
        };
        let both = leg.security.agreed.is_none() && wish.rule == Rule::Optional;
        let clear = both.then(|| sound.clone());
        let in_clear_profile = leg
            .security
            .agreed
            .is_some_and(|keys| !keys.is_secure_profile);
        sound.protocol = if in_clear_profile { CLEAR } else { SECURE }.into();
        let named = (1..).zip(&keys).map(|(tag, key)| attribute(tag, key));
        sound.attributes.extend(named);
        // Pictures would go in the clear beside it.
        media.truncate(1);
        // Both ways to send the sound are in one offer, the better one first; the phone refuses one line.
        media.extend(clear);
        self.tell_keys_are_read(id);
    }

    /// Makes an answer of ours one that fits what is offered: encrypted where a usable key is offered, in the clear where
    /// that is allowed (`None`).
    ///
    /// # Errors
    /// Why the offer is refused; it was said in the log.
    pub(super) fn answer_secure(
        &mut self,
        id: &ChannelId,
        offer: &SessionDescription,
        media: &mut Vec<LocalMedia>,
    ) -> Result<Option<Keys>, Unfit> {
        let wish = self.secure_wish(id);
        let choice = choose(offer, &wish);
        let choice = choice.inspect_err(|why| {
            tracing::info!(channel = %id, %why, "Offer is refused");
        })?;
        let Some(choice) = choice else {
            return Ok(None);
        };
        let suite = choice.key.suite();
        let before = self.sip_leg(id).and_then(|leg| leg.security.agreed);
        let own = before
            .map(|keys| keys.send)
            .filter(|key| key.suite() == suite)
            .or_else(|| self.new_key(suite))
            .ok_or(Unfit::NoKey)?;
        if let Some(sound) = media.first_mut() {
            let profile = if choice.is_secure_profile {
                SECURE
            } else {
                CLEAR
            };
            sound.protocol = profile.into();
            sound.attributes.push(attribute(choice.tag, &own));
        }
        media.truncate(1);
        self.tell_keys_are_read(id);
        Ok(Some(Keys {
            send: own,
            receive: choice.key,
            is_secure_profile: choice.is_secure_profile,
        }))
    }

    /// Takes the keys of the answer to an offer of ours.
    ///
    /// # Errors
    /// An answer without one of the keys that were offered; it was said in the log.
    pub(super) fn accept_secure(
        &mut self,
        id: &ChannelId,
        answer: &SessionDescription,
        agreed: &Agreed,
    ) -> Result<Option<Keys>, Unfit> {
        let Some(leg) = self.sip_leg(id) else {
            return Ok(None);
        };
        let ours = leg.negotiation.local();
        let ours = ours.and_then(|ours| ours.media.get(agreed.index));
        let had_keys = ours.is_some_and(|line| line.attribute("crypto").is_some());
        if !had_keys {
            return Ok(None);
        }
        let is_secure_profile = ours.is_some_and(|line| profile(line) == Some(true));
        let offered = leg.security.offered.clone();
        let theirs = answer.media.get(agreed.index);
        let keys = theirs.and_then(|line| {
            let crypto = line.crypto().next()?;
            let at = usize::try_from(crypto.tag).ok()?.checked_sub(1)?;
            let send = *offered.get(at)?;
            let receive = usable(&crypto).filter(|key| key.suite() == send.suite())?;
            Some(Keys {
                send,
                receive,
                is_secure_profile,
            })
        });
        match keys {
            Some(keys) => Ok(Some(keys)),
            None => {
                tracing::info!(channel = %id, why = %Unfit::NoAnswer, "Answer is refused");
                Err(Unfit::NoAnswer)
            }
        }
    }

    /// Keeps what was agreed on, and says so to clients. The keys of other suites are forgotten: none comes back that was in
    /// use before.
    pub(super) fn agree_on(&mut self, id: &ChannelId, keys: Option<Keys>) {
        let Some(leg) = self.sip_leg(id) else { return };
        let before = std::mem::replace(&mut leg.security.agreed, keys);
        match (before, keys) {
            (_, Some(keys)) => {
                self.set_var(id, "rtp_has_crypto", keys.receive.suite().name());
                self.set_var(id, "rtp_secure_media_confirmed", "true");
            }
            (Some(_), None) => {
                tracing::warn!(channel = %id, "The phone has changed its sound to one in the clear");
                self.unset_var(id, "rtp_has_crypto");
                self.unset_var(id, "rtp_secure_media_confirmed");
            }
            (None, None) => {}
        }
    }

    /// Tells the media side what was agreed on, if it is news.
    pub(super) fn protect_media(&mut self, id: &ChannelId) {
        let Some(leg) = self.sip_leg(id) else { return };
        let keys = leg.security.agreed;
        if keys.is_none() && !leg.security.told {
            return;
        }
        leg.security.told = keys.is_some();
        let protection = match keys {
            Some(Keys { send, receive, .. }) => LegProtection::Srtp { send, receive },
            None => LegProtection::Plain,
        };
        self.media_of(id, |leg| MediaCommand::Protect { leg, protection });
    }

    fn new_key(&mut self, suite: Suite) -> Option<MasterKey> {
        let mut bytes = [0; MasterKey::MAX_BYTES];
        let bytes = &mut bytes[..suite.key_bytes() + suite.salt_bytes()];
        self.rng.fill_bytes(bytes);
        MasterKey::new(suite, bytes)
    }

    /// Keys that whoever sees the SIP can read are worth a word, once.
    fn tell_keys_are_read(&mut self, id: &ChannelId) {
        let over_tls = self.sip_leg(id).is_none_or(|leg| leg.security.over_tls);
        if !over_tls && !std::mem::replace(&mut self.told_of_readable_keys, true) {
            tracing::warn!(
                channel = %id,
                "Keys of encrypted sound go in SIP without TLS: who reads the SIP can listen. Not said again"
            );
        }
    }
}

/// What of an offer is answered with a key.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    tag: u32,
    key: MasterKey,
    is_secure_profile: bool,
}

/// The line of an offer that is answered: the first with a usable key, else one in the clear (`None`).
fn choose(offer: &SessionDescription, wish: &Wish) -> Result<Option<Choice>, Unfit> {
    let mut seen = Vec::new();
    let mut has_clear = false;
    for line in &offer.media {
        let Some(is_secure_profile) = profile(line) else {
            continue;
        };
        // Of lines of one profile the answer takes the first.
        if line.port == 0 || seen.contains(&is_secure_profile) {
            continue;
        }
        seen.push(is_secure_profile);
        has_clear |= !is_secure_profile;
        if wish.rule == Rule::Forbidden {
            continue;
        }
        let mut keys = line
            .crypto()
            .filter_map(|crypto| Some((crypto.tag, usable(&crypto)?)));
        if let Some((tag, key)) = keys.find(|(_, key)| wish.suites.contains(&key.suite())) {
            return Ok(Some(Choice {
                tag,
                key,
                is_secure_profile,
            }));
        }
    }
    match (has_clear, wish.rule) {
        (true, Rule::Mandatory) => Err(Unfit::Clear),
        (true, Rule::AsOffered | Rule::Optional | Rule::Forbidden) => Ok(None),
        (false, _) if seen.is_empty() => Ok(None),
        (false, _) => Err(Unfit::NoKey),
    }
}

/// Whether a line of sound is `RTP/SAVP` or `RTP/AVP`, with feedback or without; `None`: another one.
pub(super) fn profile(line: &MediaDescription) -> Option<bool> {
    let protocol = line.protocol.to_ascii_uppercase();
    match protocol.trim_end_matches('F') {
        _ if !line.kind.eq_ignore_ascii_case("audio") => None,
        SECURE => Some(true),
        CLEAR => Some(false),
        _ => None,
    }
}

/// The key of a line that we can use: a suite of ours, no number of the key in each packet (MKI), nothing that changes
/// what packets are like.
fn usable(crypto: &Crypto<'_>) -> Option<MasterKey> {
    let suite = Suite::from_name(crypto.suite)?;
    let key = crypto.key().filter(|_| crypto.is_plain())?;
    if key.mki_bytes.is_some() {
        return None;
    }
    MasterKey::new(suite, &key.key_and_salt)
}

fn attribute(tag: u32, key: &MasterKey) -> Attribute {
    let value = Crypto::print(tag, key.suite().name(), key.key_and_salt());
    Attribute::new("crypto", value)
}

#[cfg(test)]
mod tests;
