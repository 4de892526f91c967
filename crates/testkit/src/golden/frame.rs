//! Frames of the event socket as a client splits them.

use super::event_form::{Form, Headers};

/// Largest frame the runner takes, in bytes.
const MAX_FRAME: usize = 32 * 1024 * 1024;

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Header block with its blank line, and body.
    pub bytes: Vec<u8>,
    /// Where the body starts.
    pub body_at: usize,
}

impl Frame {
    /// Takes the first whole frame off `buffer`; `None` when more bytes are needed.
    pub fn take(buffer: &mut Vec<u8>) -> Option<Self> {
        let body_at = buffer.windows(2).position(|pair| pair == b"\n\n")? + 2;
        let length = header(&buffer[..body_at], "content-length")
            .and_then(|text| text.parse::<usize>().ok())
            .unwrap_or(0);
        let end = body_at
            .checked_add(length)
            .filter(|&end| end <= MAX_FRAME)?;
        if buffer.len() < end {
            return None;
        }
        let rest = buffer.split_off(end);
        Some(Self {
            bytes: std::mem::replace(buffer, rest),
            body_at,
        })
    }

    /// Value of an outer header, its name in small letters.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.bytes[..self.body_at], name)
    }

    /// How it is written, if it is an event.
    pub fn form(&self) -> Option<Form> {
        Form::of(&self.header("content-type")?)
    }

    /// The event it is, if it is one that can be read.
    pub fn event(&self) -> Option<Headers> {
        self.form()?.read(self.body())
    }

    /// Whether it is an event in any format.
    pub fn is_event(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/event-"))
    }

    /// What lies behind the outer headers.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }
}

fn header(block: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(block);
    let found = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some(found.1.to_owned())
}

/// The lines of a plain event's headers as name and encoded value, and its body.
pub fn plain_headers(body: &[u8]) -> (Vec<(String, Vec<u8>)>, Vec<u8>) {
    let end = body
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .map_or(body.len(), |at| at + 1);
    let mut headers = Vec::new();
    for line in body[..end]
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let colon = line
            .iter()
            .position(|&byte| byte == b':')
            .unwrap_or(line.len());
        let value = line.get(colon + 2..).unwrap_or_default();
        headers.push((
            String::from_utf8_lossy(&line[..colon]).into_owned(),
            value.to_vec(),
        ));
    }
    (headers, body.get(end + 1..).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lie_back_to_back() {
        let mut buffer =
            b"Content-Type: api/response\nContent-Length: 1\n\naContent-Type: auth/request\n\nCont"
                .to_vec();
        assert_eq!(
            Frame::take(&mut buffer).map(|frame| frame.body().to_vec()),
            Some(b"a".to_vec())
        );
        assert_eq!(
            Frame::take(&mut buffer).map(|frame| frame.bytes.len()),
            Some(28)
        );
        assert_eq!(Frame::take(&mut buffer), None);
    }

    #[test]
    fn headers_of_a_plain_event() {
        let (headers, body) = plain_headers(b"A: 1\nB: x%20y\nContent-Length: 2\n\nhi");
        assert_eq!(headers.len(), 3);
        assert_eq!(
            (headers[1].0.as_str(), headers[1].1.as_slice()),
            ("B", &b"x%20y"[..])
        );
        assert_eq!(body, b"hi");
        assert_eq!(plain_headers(b"A: 1\n\n").1, b"");
    }
}
