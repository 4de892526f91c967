//! The owner's answers to requests handed up.

use std::time::Instant;

use bytes::Bytes;

use super::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::RequestId;
use crate::message::is_header_value;

impl Endpoint {
    pub(super) fn respond_to(
        &mut self,
        now: Instant,
        request: RequestId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome {
        check_headers(headers)?;
        if !is_header_value(reason)
            || body
                .as_ref()
                .is_some_and(|(kind, _)| !is_header_value(kind))
        {
            return Err(EndpointError::InvalidHeader);
        }
        if !(101..700).contains(&code) {
            return Err(EndpointError::InvalidCode);
        }
        let transaction = self
            .servers
            .get_mut(&request.0)
            .filter(|transaction| transaction.handed_up);
        let transaction = transaction.ok_or(EndpointError::UnknownRequest)?;
        if code >= 200 {
            transaction.handed_up = false;
            self.handed_up -= 1;
        }
        self.reply(
            now,
            request.0,
            code,
            reason,
            headers,
            body.as_ref().map(|(kind, body)| (*kind, &body[..])),
        );
        Ok(())
    }
}
