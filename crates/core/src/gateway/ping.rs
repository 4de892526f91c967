//! Whether a gateway is there: OPTIONS every now and then (RFC 3261 §11).

use std::time::{Duration, Instant};

use sip::endpoint::Party;
use sip::event::{OutOfDialogRequest, TransactionId};
use sip::message::{Message, Method, reason_phrase};

use super::{GatewayId, Standing};
use crate::Switch;
use crate::config::PingConfig;
use crate::registration_client::Heard;

/// What is known from asking.
#[derive(Debug)]
pub(super) struct Ping {
    pub(super) habits: PingConfig,
    /// 0 to `habits.most`; up from `habits.least` on.
    pub(super) count: u32,
    /// How long the last answer took.
    pub(super) took: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Asked next at this time.
    Until(Instant),
    /// Asked at this time.
    Asked(TransactionId, Instant),
}

impl Ping {
    /// Up until it is known better; asked at once.
    pub(super) fn new(habits: PingConfig, now: Instant) -> Self {
        Self {
            habits,
            count: habits.most,
            took: Duration::ZERO,
            state: State::Until(now),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.count >= self.habits.least
    }

    /// When it is asked next, unless an answer is waited for.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Until(at) => Some(at),
            State::Asked(..) => None,
        }
    }

    /// When it is asked next, as far as that is known.
    pub(super) fn next(&self) -> Instant {
        match self.state {
            State::Until(at) => at,
            State::Asked(_, at) => at + self.habits.every,
        }
    }

    fn answered(&mut self, now: Instant, is_there: bool) {
        let began = match self.state {
            State::Asked(_, at) => at,
            State::Until(_) => now,
        };
        if is_there {
            self.count = (self.count + 1).min(self.habits.most);
            self.took = now - began;
        } else {
            self.count = self.count.saturating_sub(1);
        }
        self.state = State::Until((began + self.habits.every).max(now));
    }
}

impl Switch {
    /// Asks a gateway whether it is there, if it is time.
    pub(super) fn ping_gateway(&mut self, id: GatewayId) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get(&id) else {
            return;
        };
        let due = gateway.ping.as_ref().and_then(Ping::due);
        if due.is_none_or(|at| at > now) {
            return;
        }
        let Some(targets) = &gateway.targets else {
            return;
        };
        let Some(target) = targets.first().copied() else {
            return self.ping_heard(id, now, &nobody(503));
        };
        let config = &gateway.config;
        let request = OutOfDialogRequest {
            method: Method::Options,
            uri: config.uri(""),
            from: Party::uri(config.account_uri(config.user_in_from())),
            to: Party::uri(config.uri("")),
            target,
            local_contact: Some(gateway.contact.to_string()),
            headers: vec![("Accept".into(), "application/sdp".into())],
            body: None,
            credentials: None,
            route: super::call::route(config),
            call: None,
        };
        match self.sip.send_out_of_dialog(now, request) {
            Ok(request) => {
                if let Some(ping) = self.ping_of(id) {
                    ping.state = State::Asked(request, now);
                }
                self.gateways.pings.insert(request, id);
                self.gateway_changed(id);
            }
            Err(error) => {
                tracing::warn!(%error, "OPTIONS cannot be sent");
                self.ping_heard(id, now, &nobody(503));
            }
        }
    }

    fn ping_of(&mut self, id: GatewayId) -> Option<&mut Ping> {
        self.gateways.live.get_mut(&id)?.ping.as_mut()
    }

    /// An answer to an OPTIONS of ours; false when it is none.
    pub(crate) fn ping_answered(
        &mut self,
        request: TransactionId,
        code: u16,
        response: Option<&Message>,
    ) -> bool {
        if code < 200 {
            return self.gateways.pings.contains_key(&request);
        }
        let Some(id) = self.gateways.pings.remove(&request) else {
            return false;
        };
        let asked = self
            .ping_of(id)
            .is_some_and(|ping| matches!(&ping.state, State::Asked(asked, _) if *asked == request));
        if asked {
            let heard = Heard {
                code,
                phrase: response
                    .and_then(Message::reason)
                    .unwrap_or_else(|| reason_phrase(code))
                    .into(),
                from: None,
            };
            let now = self.now.mono;
            self.ping_heard(id, now, &heard);
            self.arm_gateway(id);
        }
        true
    }

    /// Whatever a server says, it is there, but for the two that stand for silence (RFC 3261 §8.1.3.1).
    fn ping_heard(&mut self, id: GatewayId, now: Instant, heard: &Heard) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        let Some(ping) = &mut gateway.ping else {
            return;
        };
        let was_up = ping.is_up();
        ping.answered(now, !matches!(heard.code, 408 | 503));
        let is_up = ping.is_up();
        if was_up == is_up {
            return self.gateway_changed(id);
        }
        let name = &gateway.config.name;
        if is_up {
            tracing::info!(gateway = %name, "A gateway answers again");
        } else {
            tracing::warn!(gateway = %name, code = heard.code, "A gateway does not answer");
        }
        let registration = gateway.registration;
        let held = matches!(
            gateway.standing,
            Standing::Registered | Standing::Refreshing | Standing::Expired
        );
        if !is_up && held {
            // One that was away may have forgotten whom it knew.
            gateway.standing = Standing::Unregistered;
        }
        self.tell_gateway(id, None, Some(heard));
        if let Some(registration) = registration.filter(|_| !is_up && held) {
            self.renew_registration(registration);
        }
    }
}

/// What stands for a response of nobody.
fn nobody(code: u16) -> Heard {
    Heard {
        code,
        phrase: reason_phrase(code).into(),
        from: None,
    }
}
