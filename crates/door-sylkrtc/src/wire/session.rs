//! Calls: sylkrtc.md §3.5 and the session events of §2.4.

use std::sync::Arc;

use super::account::push_headers;
use super::{Body, Fields, Invalid};

/// Most extra headers of a request. Ours.
const MAX_HEADERS: usize = 64;

/// Longest value of one, in bytes. Ours.
const MAX_HEADER: usize = 4_096;

/// Most candidates in one request. Ours: browsers send one.
const MAX_CANDIDATES: usize = 64;

/// Names and values, in order.
pub(crate) type Headers = Vec<(Arc<str>, Arc<str>)>;

/// `session-create`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SessionCreate {
    pub(crate) session: Arc<str>,
    pub(crate) account: Arc<str>,
    pub(crate) uri: Arc<str>,
    pub(crate) sdp: Arc<str>,
    pub(crate) headers: Headers,
}

/// `session-answer`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SessionAnswer {
    pub(crate) session: Arc<str>,
    pub(crate) sdp: Arc<str>,
    pub(crate) headers: Headers,
}

/// `session-update`. Its `headers` are not read: a call is changed without telling the far side more than that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SessionUpdate {
    pub(crate) session: Arc<str>,
    pub(crate) sdp: Arc<str>,
}

/// `session-trickle` and `videoroom-session-trickle`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Trickle {
    pub(crate) session: Arc<str>,
    /// Empty, or with an empty one in it: there are no more.
    pub(crate) candidates: Vec<Arc<str>>,
}

/// `session-message`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SessionMessage {
    pub(crate) session: Arc<str>,
    pub(crate) message: super::message::Outgoing,
}

/// `session-dtmf-info`
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DtmfInfo {
    pub(crate) session: Arc<str>,
    pub(crate) digits: Arc<str>,
    /// ms
    pub(crate) duration: u32,
}

/// Length of a digit when the client says nothing, ms (sylkrtc.md §3.5).
const DEFAULT_DURATION: i64 = 160;

impl SessionCreate {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            session: fields.id("session")?,
            account: fields.aor("account")?,
            uri: fields.aor("uri")?,
            sdp: fields.sdp("sdp")?,
            headers: headers(fields)?,
        })
    }
}

impl SessionUpdate {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            session: fields.id("session")?,
            sdp: fields.sdp("sdp")?,
        })
    }
}

impl SessionAnswer {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            session: fields.id("session")?,
            sdp: fields.sdp("sdp")?,
            headers: headers(fields)?,
        })
    }
}

impl Trickle {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let candidates = fields.objects("candidates", true, "ICECandidate", |candidate| {
            candidate.integer("sdpMLineIndex")?;
            candidate.text_optional("sdpMid")?;
            // An error would end the call in the client, so a candidate without text is an empty one.
            Ok(candidate.text_optional("candidate")?.unwrap_or_default())
        })?;
        if candidates.len() > MAX_CANDIDATES {
            return Err(Invalid(format!(
                "the value's length must be between 0 and {MAX_CANDIDATES} inclusive"
            )));
        }
        Ok(Self {
            session: fields.id("session")?,
            candidates,
        })
    }
}

impl SessionMessage {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            session: fields.id("session")?,
            message: super::message::Outgoing::read(fields)?,
        })
    }
}

impl DtmfInfo {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let duration = fields.integer("duration")?.unwrap_or(DEFAULT_DURATION);
        let in_range = u32::try_from(duration)
            .ok()
            .filter(|ms| (1..=5_000).contains(ms));
        let wrong = || Invalid(format!("Invalid value for 'duration' property: {duration}"));
        let digits = fields.text_within("digit", 1, super::fields::MAX_ID)?;
        let digits = digits.to_ascii_uppercase();
        if let Some(wrong) = digits
            .chars()
            .find(|c| !matches!(c, '0'..='9' | '*' | '#' | 'A'..='D'))
        {
            return Err(Invalid(format!(
                "Invalid value for 'digit' property: {wrong}"
            )));
        }
        Ok(Self {
            session: fields.id("session")?,
            digits: digits.into(),
            duration: in_range.ok_or_else(wrong)?,
        })
    }
}

fn headers(fields: &Fields<'_>) -> Result<Headers, Invalid> {
    let headers = fields.objects("headers", false, "SIPHeader", |header| {
        let (name, value) = (header.id("name")?, header.text("value")?);
        let is_token = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
        let is_line = value.len() <= MAX_HEADER && !value.chars().any(char::is_control);
        if !(is_token && is_line) {
            return Err(Invalid(format!(
                "Invalid value for 'headers' property: {name}"
            )));
        }
        Ok((name, value))
    })?;
    if headers.len() > MAX_HEADERS {
        return Err(Invalid(format!(
            "the value's length must be between 0 and {MAX_HEADERS} inclusive"
        )));
    }
    Ok(headers)
}

/// What happens to a call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum SessionEvent {
    State(SessionState),
    UpdateReceived { sdp: Arc<str> },
    UpdateAccepted { sdp: Arc<str> },
    UpdateFailed { reason: Arc<str> },
    Message(super::message::Message),
    Disposition(super::message::Disposition),
}

/// States of a call as the client sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum SessionState {
    Progress,
    Ringing,
    Proceeding {
        code: u16,
    },
    EarlyMedia {
        sdp: Arc<str>,
        call_id: Arc<str>,
    },
    Accepted {
        answer: Option<Answer>,
        headers: Headers,
    },
    Established,
    Terminated {
        reason: Arc<str>,
    },
}

/// The answer to the client's offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) sdp: Arc<str>,
    pub(crate) call_id: Arc<str>,
}

impl SessionEvent {
    /// The event's name and its own fields in D2.
    pub(crate) fn body(&self) -> (&'static str, Body) {
        match self {
            Self::State(state) => ("state", state.body()),
            Self::UpdateReceived { sdp } => (
                "update",
                vec![("state", "received".into()), ("sdp", sdp.into())],
            ),
            Self::UpdateAccepted { sdp } => (
                "update",
                vec![("state", "accepted".into()), ("sdp", sdp.into())],
            ),
            Self::UpdateFailed { reason } => (
                "update",
                vec![("state", "failed".into()), ("reason", reason.into())],
            ),
            Self::Message(message) => ("message", message.body()),
            Self::Disposition(disposition) => ("disposition-notification", disposition.body()),
        }
    }
}

impl SessionState {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Ringing => "ringing",
            Self::Proceeding { .. } => "proceeding",
            Self::EarlyMedia { .. } => "early-media",
            Self::Accepted { .. } => "accepted",
            Self::Established => "established",
            Self::Terminated { .. } => "terminated",
        }
    }

    fn body(&self) -> Body {
        let mut body: Body = vec![("state", self.name().into())];
        match self {
            Self::Progress | Self::Ringing | Self::Established => {}
            Self::Proceeding { code } => body.push(("code", (*code).into())),
            Self::EarlyMedia { sdp, call_id } => {
                body.push(("sdp", sdp.into()));
                body.push(("call_id", call_id.into()));
            }
            Self::Accepted { answer, headers } => {
                if let Some(answer) = answer {
                    body.push(("sdp", (&answer.sdp).into()));
                    body.push(("call_id", (&answer.call_id).into()));
                }
                push_headers(&mut body, headers);
            }
            Self::Terminated { reason } => body.push(("reason", reason.into())),
        }
        body
    }
}
