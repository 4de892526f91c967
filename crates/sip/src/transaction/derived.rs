//! Requests made from an earlier request: the ACK of a failure, the CANCEL, the repetition with
//! credentials.

use bytes::Bytes;

use super::key::ClientKey;
use crate::message::{HeaderName, Message, MessageWriter, Method};

/// The ACK for a 300–699 response (RFC 3261 §17.1.1.3): hop by hop, with the branch of the INVITE.
pub(crate) fn ack_for_failure(invite: &Message, response: &Message) -> Bytes {
    let to = response.header(HeaderName::To).unwrap_or("");
    same_hop(invite, &Method::Ack, to, &[])
}

/// The CANCEL of an INVITE (§9.1), with a Reason perhaps.
pub(crate) fn cancel_of(invite: &Message, headers: &[(String, String)]) -> Bytes {
    let to = invite.header(HeaderName::To).unwrap_or("");
    same_hop(invite, &Method::Cancel, to, headers)
}

fn same_hop(invite: &Message, method: &Method, to: &str, headers: &[(String, String)]) -> Bytes {
    let mut writer = MessageWriter::request(method, invite.request_uri().unwrap_or(""));
    if let Some(via) = invite.header(HeaderName::Via) {
        writer.header(HeaderName::Via, via);
    }
    writer.header(HeaderName::MaxForwards, "70");
    for route in invite.header_lines(HeaderName::Route) {
        writer.header(HeaderName::Route, route);
    }
    writer.header(
        HeaderName::From,
        invite.header(HeaderName::From).unwrap_or(""),
    );
    writer.header(HeaderName::To, to);
    writer.header(HeaderName::CallId, invite.call_id());
    let number = invite.cseq().map_or(1, |cseq| cseq.number);
    writer.header(HeaderName::CSeq, &format!("{number} {method}"));
    for (name, value) in headers {
        writer.named(name, value);
    }
    writer.finish()
}

/// The same request again as a new transaction: new branch, new number, new credentials (§22.2).
pub(crate) fn repeat_with(
    request: &Message,
    key: ClientKey,
    number: u32,
    credentials: &[(HeaderName, String)],
) -> Option<Bytes> {
    let method = request.method()?;
    let mut writer = MessageWriter::request(method, request.request_uri()?);
    for header in request.headers() {
        let is_replaced = credentials.iter().any(|(name, _)| *name == header.name);
        if header.name == HeaderName::Via {
            let old = request.via()?;
            writer.header(
                HeaderName::Via,
                &header.value.replace(old.branch(), &key.print()),
            );
        } else if header.name == HeaderName::CSeq {
            writer.header(HeaderName::CSeq, &format!("{number} {method}"));
            for (name, value) in credentials {
                writer.header(*name, value);
            }
        } else if !is_replaced
            && !matches!(
                header.name,
                HeaderName::ContentType | HeaderName::ContentLength
            )
        {
            // Type and length of the body are printed at the end.
            writer.named(header.raw_name, header.value);
        }
    }
    Some(writer.finish_with(
        request.header(HeaderName::ContentType).unwrap_or(""),
        &request.body(),
    ))
}
