//! `sendmsg` (event-socket.md §2.12).

use std::sync::Arc;

use std::net::{IpAddr, SocketAddr};

use api::View;
use api::command::channel::{Execute, QueuedAction, Unicast};
use api::command::control::ExecuteControlled;
use api::{Application, HangupCause};
use esl::Headers;
use esl::command::OK;
use esl::command::sendmsg::{Message, SendMsg, invalid_session};

use super::sendevent::pairs;
use crate::ending::{End, RESUME};
use crate::error::sendmsg_reply;
use crate::session::Session;

impl Session {
    pub(super) async fn sendmsg(&mut self, message: &SendMsg) -> Result<(), End> {
        let view = self.shared.switch.view();
        let asked = match self.action(message.message(), &view) {
            Ok(asked) => asked,
            Err(refusal) => return self.answer(&refusal),
        };
        if let Some(controlled) = &self.controlled {
            let own = controlled.channel.as_str();
            let for_own = message.target.as_deref().is_none_or(|target| target == own);
            if for_own && controlled.is_hung_up() {
                // Nothing is run on a channel that is down (golden outbound-04-async-full-linger).
                return self.answer(OK);
            }
            if let Some(outbound) = &controlled.outbound
                && for_own
                && !outbound.asynchronous
                && !message.headers.is_true("async")
            {
                let (action, event_lock, _) = asked;
                let execute = ExecuteControlled {
                    channel: controlled.channel.clone(),
                    control: outbound.control,
                    action,
                    body: body(&message.headers),
                    event_lock,
                    verbatim: false,
                };
                return self.run_through(execute).await;
            }
        }
        self.queue(message, asked).await
    }

    /// Run to its end; the program hears nothing meanwhile, and is not heard (event-socket.md §3.4).
    async fn run_through(&mut self, execute: ExecuteControlled) -> Result<(), End> {
        let channel = execute.channel.clone();
        let switch = self.shared.switch.clone();
        let asked = switch.ask(execute, self.console.origin.clone());
        let mut asked = std::pin::pin!(asked);
        let told = self.leaving.told.clone();
        let end = tokio::select! {
            biased;
            // Of what became of it, the original tells nothing.
            _ = &mut asked => return self.answer(OK),
            () = told.cancelled() => return Err(End::ShuttingDown),
            outcome = self.outbox.ended() => return Err(End::WriteEnded(outcome)),
            end = self.reader.ended() => end,
        };
        let view = switch.view();
        let resumes = view
            .channels
            .get(&channel)
            .is_some_and(|channel| channel.variables.is_true(RESUME));
        if resumes {
            return Err(end.into());
        }
        tokio::select! {
            biased;
            _ = &mut asked => self.answer(OK),
            () = told.cancelled() => Err(End::ShuttingDown),
        }
    }

    /// Queued for the channel, whose own turn it is to run it: the reply tells no more than that.
    async fn queue(&mut self, message: &SendMsg, asked: Asked) -> Result<(), End> {
        let own = self.controlled.as_ref().map(|c| c.channel.to_string());
        let target = message.target.clone().or(own);
        let view = self.shared.switch.view();
        let Some(channel) = target.as_deref().and_then(|id| view.channel(id)) else {
            return self.answer(&invalid_session(target.as_deref()));
        };
        let headers = message.event_headers();
        let (action, event_lock, priority) = asked;
        let execute = Execute {
            channel: channel.id.clone(),
            action,
            request: pairs(&headers),
            body: body(&headers),
            event_lock,
            priority,
        };
        let asked = self.shared.switch.ask(execute, self.console.origin.clone());
        match asked.await {
            Ok(_) => self.answer(OK),
            Err(error) => self.answer(&sendmsg_reply(&error, target.as_deref())),
        }
    }
}

fn body(headers: &Headers) -> Option<Arc<str>> {
    let body = headers.body().filter(|body| !body.is_empty())?;
    Some(String::from_utf8_lossy(body).into())
}

/// What the channel is to do, whether others wait for it, and whether it goes first.
type Asked = (QueuedAction, bool, bool);

impl Session {
    /// # Errors
    /// The reply to what is not done: sound for an address that may not reach this door either.
    fn action(&self, message: Message, view: &View) -> Result<Asked, String> {
        let text = |text: String| Arc::<str>::from(text);
        Ok(match message {
            Message::Execute(execute) => {
                let run = QueuedAction::Run {
                    name: text(execute.application),
                    data: text(execute.argument),
                    loops: execute.loops,
                    event_uuid: execute.event_uuid.map(text),
                    event_uuid_name: execute.event_uuid_name.map(text),
                    hold_bleg: execute.hold_bleg,
                    lead_frames: execute.lead_frames,
                };
                let lock = execute.event_lock || execute.event_lock_priority;
                (run, lock, execute.event_lock_priority)
            }
            Message::Hangup { cause } => {
                let cause = if cause.is_empty() {
                    HangupCause::NormalClearing
                } else {
                    HangupCause::from_client(&cause)
                };
                (QueuedAction::Hangup(cause), false, false)
            }
            Message::Transfer { applications } => {
                let list = applications
                    .into_iter()
                    .map(|(name, data)| Application::new(name, data));
                (QueuedAction::Replace(list.collect()), false, false)
            }
            Message::Unicast(unicast) => {
                let link = unicast_link(&unicast)?;
                if !self.shared.passes_acls(link.remote) {
                    let to = link.remote.ip();
                    tracing::warn!(peer = %self.peer, %to, "Unicast to an address that may not reach this door");
                    return Err(format!("-ERR unicast to {to} is not allowed"));
                }
                (QueuedAction::Unicast(link), false, false)
            }
            Message::NoMedia { uuid } => {
                let action = match view.channel(&uuid) {
                    Some(channel) => QueuedAction::NoMedia(channel.id.clone()),
                    None => QueuedAction::Nothing,
                };
                (action, false, false)
            }
            Message::Nothing => (QueuedAction::Nothing, false, false),
        })
    }
}

/// Ports below belong to the services of the machine; no program listens there for the sound of a call.
const FIRST_PORT: u16 = 1024;

/// # Errors
/// The reply to addresses and ports that mean nothing.
fn unicast_link(asked: &esl::command::sendmsg::Unicast) -> Result<Unicast, String> {
    let address = |ip: &str, port: u16| {
        let ip = match ip.trim() {
            "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
            ip => ip.parse().ok(),
        };
        let ip = ip.filter(|ip: &IpAddr| !ip.is_multicast());
        ip.filter(|_| port >= FIRST_PORT)
            .map(|ip| SocketAddr::new(ip, port))
    };
    let local = address(&asked.local_ip, asked.local_port);
    let remote =
        address(&asked.remote_ip, asked.remote_port).filter(|remote| !remote.ip().is_unspecified());
    let (Some(local), Some(remote)) = (local, remote) else {
        return Err("-ERR unicast between such addresses is not possible".to_owned());
    };
    if local.is_ipv4() != remote.is_ipv4() {
        return Err("-ERR unicast between such addresses is not possible".to_owned());
    }
    if asked.tcp && asked.native {
        return Err("-ERR unicast of packets over tcp is not possible".to_owned());
    }
    Ok(Unicast {
        local,
        remote,
        stream: asked.tcp,
        native: asked.native,
    })
}
