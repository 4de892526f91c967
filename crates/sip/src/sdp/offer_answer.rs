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

impl AsRef<[Self]> for LocalMedia {
    fn as_ref(&self) -> &[Self] {
        std::slice::from_ref(self)
    }
}

/// The outcome for one media line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// `audio`, …
    pub kind: String,
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
    /// Values of the peer's `a=rtcp-fb` (RFC 4585 §4.2).
    pub feedback: Vec<String>,
    /// Most the peer wants to receive, bits per second.
    pub bandwidth: Option<u64>,
    /// Whether we answered, so that our description names the first main codec alone.
    pub is_our_answer: bool,
    /// What was agreed for the other lines, in the order of our media.
    pub beside: Vec<Self>,
}

impl Agreed {
    /// What was agreed for another kind of media.
    pub fn beside(&self, kind: &str) -> Option<&Self> {
        self.beside.iter().find(|agreed| agreed.kind == kind)
    }
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
    /// What our last offer was made of, each with the place of its line, while its answer is awaited.
    offered: Vec<(usize, LocalMedia)>,
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
            offered: Vec::new(),
        }
    }

    /// Makes an offer with a line for each media. In a re-offer each kind keeps its line, that of the same protocol if there
    /// are several; lines of what is not offered any more, or was refused before, stay with port 0. Two media of the kind of
    /// the first are two ways to do the same: the peer takes one.
    pub fn offer(&mut self, media: &(impl AsRef<[LocalMedia]> + ?Sized)) -> SessionDescription {
        let mut lines: Vec<_> = match &self.local {
            None => Vec::new(),
            Some(previous) => previous.media.iter().map(refused).collect(),
        };
        self.offered.clear();
        for media in media.as_ref() {
            let codecs: Vec<_> = media
                .codecs
                .iter()
                .map(|local| local.codec.clone())
                .collect();
            let ours = describe(media, &codecs, media.direction);
            let free = |(at, line): &(usize, &MediaDescription)| {
                line.kind == media.kind && self.offered.iter().all(|(taken, _)| taken != at)
            };
            let same = |(at, line): &(usize, &MediaDescription)| {
                free(&(*at, *line))
                    && super::answer::is_same_profile(&line.protocol, &media.protocol)
            };
            let mut places = lines.iter().enumerate();
            let place = places.find(same);
            let place = place.or_else(|| lines.iter().enumerate().find(free));
            let place = place.map_or(lines.len(), |(at, _)| at);
            if place < lines.len() {
                lines[place] = ours;
            } else {
                lines.push(ours);
            }
            self.offered.push((place, media.clone()));
        }
        self.publish(address_of(media.as_ref()), lines)
    }

    /// Answers an offer with a line for each media of ours; every other line is refused with port 0 (§6). The first media
    /// is what the session is for; the others are in the answer where they fit.
    ///
    /// # Errors
    /// [`AnswerError::NoCommonCodec`] when no line fits the first media, [`AnswerError::Address`] when the fitting
    /// line names no address.
    pub fn answer(
        &mut self,
        offer: &SessionDescription,
        media: &(impl AsRef<[LocalMedia]> + ?Sized),
        order: CodecOrder,
    ) -> Result<(SessionDescription, Agreed), AnswerError> {
        let media = media.as_ref();
        let mut outcomes: Vec<Option<Agreed>> = vec![None; media.len()];
        let mut lines = Vec::with_capacity(offer.media.len());
        for (index, theirs) in offer.media.iter().enumerate() {
            match answer_line(offer, index, media, &outcomes, order) {
                None => lines.push(refused(theirs)),
                Some(answered) => {
                    lines.push(answered.line);
                    outcomes[answered.place] = Some(answered.agreed?);
                }
            }
        }
        let agreed = together(outcomes).ok_or(AnswerError::NoCommonCodec)?;
        self.offered.clear();
        Ok((self.publish(address_of(media), lines), agreed))
    }

    /// Takes the answer to our last offer.
    ///
    /// # Errors
    /// [`AnswerError::DoesNotFit`] when lines are missing or nothing was offered,
    /// [`AnswerError::NoCommonCodec`] when our first line was refused, and every other of its kind,
    /// [`AnswerError::Address`].
    pub fn accept(&mut self, answer: &SessionDescription) -> Result<Agreed, AnswerError> {
        let (_, first) = self.offered.first().ok_or(AnswerError::DoesNotFit)?;
        let is_main = |media: &LocalMedia| media.kind == first.kind;
        let mut ways = self.offered.iter().filter(|(_, media)| is_main(media));
        let mut main = Err(AnswerError::DoesNotFit);
        for (at, (index, media)) in ways.by_ref().enumerate() {
            let accepted = accept_line(answer, *index, media);
            if at == 0 || accepted.is_ok() {
                main = accepted;
            }
            if main.is_ok() {
                break;
            }
        }
        let mut outcomes = vec![Some(main?)];
        let others = self.offered.iter().filter(|(_, media)| !is_main(media));
        // Further lines may be refused, or be left out by peers that know no better.
        outcomes.extend(others.map(|(index, media)| accept_line(answer, *index, media).ok()));
        together(outcomes).ok_or(AnswerError::DoesNotFit)
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

/// One line of an answer.
struct Answered {
    line: MediaDescription,
    /// Which media of ours it is of.
    place: usize,
    agreed: Result<Agreed, AnswerError>,
}

/// Answers one line of an offer; `None` when nothing of ours that is still free fits it.
fn answer_line(
    offer: &SessionDescription,
    index: usize,
    media: &[LocalMedia],
    outcomes: &[Option<Agreed>],
    order: CodecOrder,
) -> Option<Answered> {
    let theirs = offer.media.get(index)?;
    let fits = |(media, outcome): (&LocalMedia, &Option<Agreed>)| {
        outcome.is_none()
            && theirs.port != 0
            && theirs.kind.eq_ignore_ascii_case(&media.kind)
            && super::answer::is_same_profile(&theirs.protocol, &media.protocol)
    };
    let place = media.iter().zip(outcomes).position(fits)?;
    let media = &media[place];
    let codecs = super::answer::common(&theirs.codecs(), &media.codecs, order);
    if codecs.iter().all(|codec| codec.auxiliary) {
        return None;
    }
    let wanted = offer.direction_of(theirs);
    let direction = wanted.reversed().limited_to(media.direction);
    let described: Vec<_> = super::answer::chosen(&codecs)
        .map(|codec| codec.local.answering(&codec.remote))
        .collect();
    let mut ours = describe(media, &described, direction);
    ours.protocol.clone_from(&theirs.protocol);
    let agreed = super::answer::agreed(offer, index, direction, codecs).map(|agreed| Agreed {
        is_our_answer: true,
        ..agreed
    });
    Some(Answered {
        line: ours,
        place,
        agreed,
    })
}

/// What the answer to one line of ours agrees on.
fn accept_line(
    answer: &SessionDescription,
    index: usize,
    media: &LocalMedia,
) -> Result<Agreed, AnswerError> {
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

/// The first outcome with the others beside it; nothing without the first.
fn together(outcomes: Vec<Option<Agreed>>) -> Option<Agreed> {
    let mut outcomes = outcomes.into_iter();
    let first = outcomes.next()??;
    Some(Agreed {
        beside: outcomes.flatten().collect(),
        ..first
    })
}

/// The address of a session: that of its first media.
fn address_of(media: &[LocalMedia]) -> IpAddr {
    let first = media.first().map(|media| media.address.ip());
    first.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
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
