//! Reading a description. The line grammar is `sdp-types`'; only this file names that crate.

use super::description::{
    Attribute, MAX_MEDIA, MAX_SDP, MediaDescription, Origin, SessionDescription,
};

/// Most attribute lines of a description. A browser's offer with video has about 150.
const MAX_ATTRIBUTES: usize = 1_024;

/// Why a description cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Longer than [`MAX_SDP`].
    #[error("Description too long")]
    TooLong,
    /// More than [`MAX_MEDIA`] media lines, or too many attributes.
    #[error("Too many lines")]
    TooManyLines,
    /// The grammar of RFC 8866 is broken; the text names the line.
    #[error("Malformed description: {0}")]
    Malformed(String),
}

/// Reads a description.
///
/// # Errors
/// See [`SdpError`]. Peers can cause each of them; answer 400 or 488.
pub fn parse(bytes: &[u8]) -> Result<SessionDescription, SdpError> {
    if bytes.len() > MAX_SDP {
        return Err(SdpError::TooLong);
    }
    let session =
        sdp_types::Session::parse(bytes).map_err(|error| SdpError::Malformed(error.to_string()))?;
    let attributes = session.attributes.len()
        + session
            .medias
            .iter()
            .map(|media| media.attributes.len())
            .sum::<usize>();
    if session.medias.len() > MAX_MEDIA || attributes > MAX_ATTRIBUTES {
        return Err(SdpError::TooManyLines);
    }
    Ok(SessionDescription {
        origin: Origin {
            username: session.origin.username.unwrap_or_else(|| "-".into()),
            id: session.origin.sess_id,
            version: session.origin.sess_version,
            address: session.origin.unicast_address,
        },
        name: session.session_name,
        connection: session
            .connection
            .map(|connection| bare_address(&connection.connection_address))
            .transpose()?,
        bandwidths: session
            .bandwidths
            .into_iter()
            .map(|line| (line.bwtype, line.bandwidth))
            .collect(),
        attributes: session.attributes.into_iter().map(attribute).collect(),
        media: session
            .medias
            .into_iter()
            .map(media)
            .collect::<Result<_, _>>()?,
    })
}

fn attribute(line: sdp_types::Attribute) -> Attribute {
    Attribute {
        name: line.attribute,
        value: line.value,
    }
}

fn media(line: sdp_types::Media) -> Result<MediaDescription, SdpError> {
    Ok(MediaDescription {
        kind: line.media,
        port: line.port,
        protocol: line.proto,
        formats: line
            .fmt
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
        connection: line
            .connections
            .into_iter()
            .next()
            .map(|connection| bare_address(&connection.connection_address))
            .transpose()?,
        bandwidths: line
            .bandwidths
            .into_iter()
            .map(|line| (line.bwtype, line.bandwidth))
            .collect(),
        attributes: line.attributes.into_iter().map(attribute).collect(),
    })
}

/// The address without the `/ttl/count` of multicast.
fn bare_address(text: &str) -> Result<String, SdpError> {
    match text.split('/').next() {
        None | Some("") => Err(SdpError::Malformed("no address in a c= line".into())),
        Some(address) => Ok(address.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::attribute::Direction;
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\n\
        m=audio 4000 RTP/AVP 102 0 96 101\r\na=rtpmap:102 opus/48000/2\r\na=fmtp:102 useinbandfec=1\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\na=x-mine:1:2\r\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n\
        m=video 0 RTP/AVP 31\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\n";

    #[test]
    fn a_connection_line_without_an_address_is_refused() {
        let offer = OFFER.replacen("c=IN IP4 192.0.2.1", "c=IN IP4 /900", 1);
        assert!(matches!(
            parse(offer.as_bytes()),
            Err(SdpError::Malformed(_))
        ));
        let offer = OFFER.replacen("c=IN IP4 0.0.0.0", "c=IN IP4 /900", 1);
        assert!(matches!(
            parse(offer.as_bytes()),
            Err(SdpError::Malformed(_))
        ));
    }

    #[test]
    fn typed_views_read_what_is_written() {
        let offer = parse(OFFER.as_bytes()).unwrap();
        let audio = &offer.media[0];
        let codecs = audio.codecs();
        let names: Vec<_> = codecs
            .iter()
            .map(|codec| (codec.payload_type, codec.name.as_str(), codec.channels))
            .collect();
        assert_eq!(
            names,
            [
                (102, "opus", 2),
                (0, "PCMU", 1),
                (101, "telephone-event", 1)
            ]
        );
        assert_eq!(codecs[0].fmtp.as_deref(), Some("useinbandfec=1"));
        assert_eq!(
            (
                audio.ptime_ms(),
                audio.attribute("x-mine"),
                audio.rtcp_port()
            ),
            (Some(30), Some("1:2"), 4001)
        );
        assert_eq!(offer.direction_of(audio), Direction::SendOnly);
        assert_eq!(
            offer.direction_of(&offer.media[1]),
            Direction::SendOnly,
            "an address of zeros is a hold"
        );
        assert_eq!(offer.address_of(audio), Some("192.0.2.1"));
    }

    #[test]
    fn what_is_printed_is_read_back_alike() {
        let offer = parse(OFFER.as_bytes()).unwrap();
        assert_eq!(parse(&offer.print()).unwrap(), offer);
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(parse(&vec![b'a'; MAX_SDP + 1]), Err(SdpError::TooLong));
        let many = format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(MAX_MEDIA + 1));
        assert_eq!(parse(many.as_bytes()), Err(SdpError::TooManyLines));
        assert!(matches!(parse(b"hello"), Err(SdpError::Malformed(_))));
        assert!(matches!(parse(&[0xFF; 40]), Err(SdpError::Malformed(_))));
    }
}
