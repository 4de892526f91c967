//! Offer and answer (RFC 3264): one side's state for the life of a session.

use std::net::{IpAddr, SocketAddr};

use super::attribute::Direction;
use super::description::{Attribute, Codec, MediaDescription, Origin, SessionDescription};

/// A codec we can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCodec {
    /// How we write it; the payload type is the one we receive under when we offer.
    pub codec: Codec,
    /// Goes along with a main codec and is never chosen alone: telephone-event, comfort noise.
    pub auxiliary: bool,
}

/// One media line of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// `audio`, …
    pub kind: String,
    /// `RTP/AVP`, …
    pub protocol: String,
    /// Where we receive RTP, as the peer can reach it.
    pub address: SocketAddr,
    /// In order of preference.
    pub codecs: Vec<LocalCodec>,
    /// What we want: `SendOnly` puts the peer on hold.
    pub direction: Direction,
    /// Packet length to announce, in milliseconds.
    pub ptime_ms: Option<u32>,
    /// Further attributes, printed behind ours: `crypto`, `rtcp-mux`, …
    pub attributes: Vec<Attribute>,
}

/// Whose order chooses the codec of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodecOrder {
    /// The offerer's, as RFC 3264 §6.1 recommends.
    #[default]
    Remote,
    /// Ours.
    Local,
}

/// A codec both sides have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedCodec {
    /// Payload type we send with: the peer's number.
    pub send_payload_type: u8,
    /// Payload type we receive: our number.
    pub receive_payload_type: u8,
    /// As the peer described it.
    pub remote: Codec,
    /// As we described it.
    pub local: Codec,
    /// See [`LocalCodec::auxiliary`].
    pub auxiliary: bool,
}

/// The outcome for one media line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Index of the media line.
    pub index: usize,
    /// Where the peer receives RTP. Port 0 cannot occur.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP.
    pub remote_rtcp: SocketAddr,
    /// What we may do.
    pub direction: Direction,
    /// Whether the peer asked us to stay silent: it offered sendonly, inactive, or zeros.
    pub held_by_peer: bool,
    /// The codec in use first, then others both sides have, auxiliary ones included.
    pub codecs: Vec<AgreedCodec>,
    /// Packet length the peer asks for, in milliseconds.
    pub ptime_ms: Option<u32>,
    /// Whether we answered, so that our description names the first main codec alone.
    pub is_our_answer: bool,
}

/// Why no answer is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No media line of a kind we want shares a codec with us: answer 488.
    #[error("No codec in common")]
    NoCommonCodec,
    /// The answer has not the lines of the offer, or no offer was made.
    #[error("The answer does not fit the offer")]
    DoesNotFit,
    /// The peer's address is a name or unreadable.
    #[error("No usable address")]
    Address,
}

/// Our side of the negotiation.
///
/// Keeps the version of `o=` growing and the media lines in their places over re-offers (§8).
#[derive(Clone, Debug)]
pub struct OfferAnswer {
    username: String,
    session_name: String,
    id: u64,
    version: u64,
    /// The last description we sent.
    local: Option<SessionDescription>,
    /// What our last offer was made of, while its answer is awaited.
    offered: Option<LocalMedia>,
}

impl OfferAnswer {
    /// A fresh session. `id` and the first `version` should be unlike those of other sessions.
    pub fn new(
        username: impl Into<String>,
        session_name: impl Into<String>,
        id: u64,
        version: u64,
    ) -> Self {
        Self {
            username: username.into(),
            session_name: session_name.into(),
            id,
            version,
            local: None,
            offered: None,
        }
    }

    /// Makes an offer with one media line. In a re-offer, lines refused before stay, with port 0.
    pub fn offer(&mut self, media: &LocalMedia) -> SessionDescription {
        let ours = describe(
            media,
            &media
                .codecs
                .iter()
                .map(|local| local.codec.clone())
                .collect::<Vec<_>>(),
            media.direction,
        );
        let lines = match &self.local {
            None => vec![ours],
            Some(previous) => {
                let place = previous
                    .media
                    .iter()
                    .position(|line| line.kind == media.kind)
                    .unwrap_or(previous.media.len());
                let mut lines: Vec<_> = previous.media.iter().map(refused).collect();
                if place < lines.len() {
                    lines[place] = ours;
                } else {
                    lines.push(ours);
                }
                lines
            }
        };
        self.offered = Some(media.clone());
        self.publish(media.address.ip(), lines)
    }

    /// Answers an offer with one media line of ours; every other line is refused with port 0 (§6).
    ///
    /// # Errors
    /// [`AnswerError::NoCommonCodec`] when no line fits, [`AnswerError::Address`] when the fitting
    /// line names no address.
    pub fn answer(
        &mut self,
        offer: &SessionDescription,
        media: &LocalMedia,
        order: CodecOrder,
    ) -> Result<(SessionDescription, Agreed), AnswerError> {
        let mut agreed = None;
        let mut lines = Vec::with_capacity(offer.media.len());
        for (index, theirs) in offer.media.iter().enumerate() {
            let fits = agreed.is_none()
                && theirs.port != 0
                && theirs.kind.eq_ignore_ascii_case(&media.kind)
                && super::answer::is_same_profile(&theirs.protocol, &media.protocol);
            let codecs = if fits {
                super::answer::common(&theirs.codecs(), &media.codecs, order)
            } else {
                Vec::new()
            };
            if codecs.iter().all(|codec| codec.auxiliary) {
                lines.push(refused(theirs));
                continue;
            }
            let wanted = offer.direction_of(theirs);
            let direction = wanted.reversed().limited_to(media.direction);
            // The answer uses the offerer's payload types in both directions (§6.1).
            let described: Vec<_> = super::answer::chosen(&codecs)
                .map(|codec| Codec {
                    payload_type: codec.receive_payload_type,
                    ..codec.local.clone()
                })
                .collect();
            let mut ours = describe(media, &described, direction);
            ours.protocol.clone_from(&theirs.protocol);
            lines.push(ours);
            agreed = Some(Agreed {
                is_our_answer: true,
                ..super::answer::agreed(offer, index, direction, codecs)?
            });
        }
        let agreed = agreed.ok_or(AnswerError::NoCommonCodec)?;
        self.offered = None;
        Ok((self.publish(media.address.ip(), lines), agreed))
    }

    /// Takes the answer to our last offer.
    ///
    /// # Errors
    /// [`AnswerError::DoesNotFit`] when lines are missing or nothing was offered,
    /// [`AnswerError::NoCommonCodec`] when our line was refused, [`AnswerError::Address`].
    pub fn accept(&mut self, answer: &SessionDescription) -> Result<Agreed, AnswerError> {
        let media = self.offered.as_ref().ok_or(AnswerError::DoesNotFit)?;
        let local = self.local.as_ref().ok_or(AnswerError::DoesNotFit)?;
        let index = local
            .media
            .iter()
            .position(|line| line.port != 0)
            .ok_or(AnswerError::DoesNotFit)?;
        let theirs = answer.media.get(index).ok_or(AnswerError::DoesNotFit)?;
        if theirs.port == 0 {
            return Err(AnswerError::NoCommonCodec);
        }
        let codecs = super::answer::common(&theirs.codecs(), &media.codecs, CodecOrder::Remote);
        let codecs: Vec<_> = codecs
            .into_iter()
            .map(|mut codec| {
                // We receive under the numbers of our offer.
                codec.receive_payload_type = codec.local.payload_type;
                codec
            })
            .collect();
        if codecs.iter().all(|codec| codec.auxiliary) {
            return Err(AnswerError::NoCommonCodec);
        }
        let direction = answer
            .direction_of(theirs)
            .reversed()
            .limited_to(media.direction);
        super::answer::agreed(answer, index, direction, codecs)
    }

    /// The last description we sent.
    pub fn local(&self) -> Option<&SessionDescription> {
        self.local.as_ref()
    }

    /// Numbers the description: a changed one gets the next version, an unchanged one keeps its own.
    fn publish(&mut self, address: IpAddr, media: Vec<MediaDescription>) -> SessionDescription {
        let mut description = SessionDescription {
            origin: Origin {
                username: self.username.clone(),
                id: self.id.to_string(),
                version: self.version,
                address: address.to_string(),
            },
            name: self.session_name.clone(),
            connection: Some(address.to_string()),
            bandwidths: Vec::new(),
            attributes: Vec::new(),
            media,
        };
        if self
            .local
            .as_ref()
            .is_some_and(|previous| *previous != description)
        {
            self.version += 1;
            description.origin.version = self.version;
        }
        self.local = Some(description.clone());
        description
    }
}

fn describe(media: &LocalMedia, codecs: &[Codec], direction: Direction) -> MediaDescription {
    let mut attributes = Vec::with_capacity(codecs.len() * 2 + 4);
    for codec in codecs {
        let channels = if codec.channels > 1 {
            format!("/{}", codec.channels)
        } else {
            String::new()
        };
        attributes.push(Attribute::new(
            "rtpmap",
            format!(
                "{} {}/{}{channels}",
                codec.payload_type, codec.name, codec.clock_rate
            ),
        ));
        if let Some(fmtp) = &codec.fmtp {
            attributes.push(Attribute::new(
                "fmtp",
                format!("{} {fmtp}", codec.payload_type),
            ));
        }
    }
    if let Some(ptime_ms) = media.ptime_ms {
        attributes.push(Attribute::new("ptime", ptime_ms.to_string()));
    }
    attributes.push(Attribute::flag(direction.as_str()));
    attributes.extend(media.attributes.iter().cloned());
    MediaDescription {
        kind: media.kind.clone(),
        port: media.address.port(),
        protocol: media.protocol.clone(),
        formats: codecs
            .iter()
            .map(|codec| codec.payload_type.to_string())
            .collect(),
        connection: None,
        bandwidths: Vec::new(),
        attributes,
    }
}

/// A line in its place with port 0 (§6, §8.2): formats stay, since the grammar wants one.
fn refused(line: &MediaDescription) -> MediaDescription {
    MediaDescription {
        kind: line.kind.clone(),
        port: 0,
        protocol: line.protocol.clone(),
        formats: line.formats.clone(),
        connection: None,
        bandwidths: Vec::new(),
        attributes: Vec::new(),
    }
}

#[cfg(test)]
#[path = "offer_answer_tests.rs"]
mod tests;
