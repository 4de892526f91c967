//! SIP messages: parsed without copying, read by typed views, printed.

mod check;
pub mod header;
mod message_view;
mod method;
mod parse;
mod print;
mod status;
mod text;
mod uri;

pub use check::Refusal;
pub use header::HeaderName;
pub use message_view::{Header, Message};
pub use method::{Method, is_token};
pub use parse::{
    Defect, MAX_HEADER_LINE, MAX_HEADERS, MAX_MESSAGE, ParseError, parse_datagram,
    parse_stream_message,
};
pub use print::{MessageWriter, is_header_value};
pub use status::reason_phrase;
pub use uri::{BadUri, Uri, percent_decode};

pub(crate) use parse::content_length_of;
pub(crate) use uri::split_host_port;
