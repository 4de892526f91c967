//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264).
//!
//! Codec names are strings here: which of them exist is known elsewhere.

mod answer;
pub mod attribute;
mod description;
mod h264;
mod offer_answer;
mod parse;
mod print;

pub use attribute::{Candidate, Crypto, Direction, InlineKey, RtpMap};
pub use description::{
    Attribute, Codec, MAX_CODECS, MAX_MEDIA, MAX_SDP, MediaDescription, Origin, SessionDescription,
};
pub use offer_answer::{
    Agreed, AgreedCodec, AnswerError, CodecOrder, LocalCodec, LocalMedia, OfferAnswer,
};
pub use parse::{SdpError, parse};
