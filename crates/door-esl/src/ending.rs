//! How connections end: the reason, the last words, and what becomes of a controlled channel.

use std::time::Duration;

use api::HangupCause;
use api::bus::Ended;
use api::command::control::EndControl;
use esl::frame::FrameError;
use esl::reply;
use net::drain::Leaving;
use net::{Cause, Outcome, Refused, SlowReason};
use tokio::time::timeout;

use crate::reader::ReadEnd;
use crate::session::{LINGERING_CLOSE, Session};

/// Channel variable that leaves a controlled channel alone when its connection ends; `resume` sets it
/// (event-socket.md §3.5).
pub(crate) const RESUME: &str = "socket_resume";

/// Time for a peer to take what is queued when its connection ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Time for a peer whose events were lost to take what is queued and be told (event-socket.md §7.3).
const LOSS_NOTICE: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// `exit`, the end of the channel or of lingering.
    Goodbye,
    /// The peer closed its sending side.
    PeerClosed,
    /// A wrong password.
    LoginFailed,
    /// No password in time.
    LoginTimeout,
    /// What it sent cannot be read.
    Unreadable(Option<FrameError>),
    /// The outbox is full.
    SlowReader(SlowReason),
    /// Events were lost.
    LostEvents,
    /// Log lines were lost.
    LostLogLines,
    /// The write side has ended by itself.
    WriteEnded(Outcome),
    /// The server goes down.
    ShuttingDown,
}

impl Session {
    /// Says goodbye and closes.
    pub(crate) async fn leave(mut self, end: End, leaving: &Leaving) {
        let counters = self.shared.counters.clone();
        counters.count(end.cause());
        self.tell_log(end);
        self.release_channel(end).await;
        if let End::Unreadable(Some(error)) = end
            && let Some(text) = error.reply_text()
        {
            // When there is no room for it, there is none for anything.
            self.send(reply::command_reply(text)).ok();
        }
        let notice = self.last_words(end);
        let farewell = if leaving.closed.is_cancelled() {
            Duration::from_secs(1)
        } else {
            FAREWELL
        };
        let Self {
            outbox, mut reader, ..
        } = self;
        let outcome = match end {
            End::SlowReader(reason) => outbox.cut(reason, notice).await,
            // The peer may read well: the losses were before the outbox. Then it gets all that is in there.
            End::LostEvents | End::LostLogLines => match outbox.push(notice.clone()) {
                Ok(()) => outbox.finish(LOSS_NOTICE).await,
                Err(_) => outbox.cut(SlowReason::Messages, notice).await,
            },
            End::WriteEnded(outcome) => outcome,
            End::Goodbye
            | End::PeerClosed
            | End::LoginFailed
            | End::LoginTimeout
            | End::Unreadable(_)
            | End::ShuttingDown => {
                // The peer may have stopped reading long ago; its end was counted above.
                outbox.push(notice).ok();
                outbox.finish(farewell).await
            }
        };
        if outcome == Outcome::Closed && end != End::PeerClosed {
            tokio::select! {
                () = leaving.closed.cancelled() => {}
                _ = timeout(LINGERING_CLOSE, reader.discard()) => {}
            }
        }
    }

    /// What an operator has to know. Of strangers the counters tell: they could fill the log.
    fn tell_log(&self, end: End) {
        if let End::Unreadable(why) = end
            && self.access.is_known()
        {
            let connection = self.console.origin.connection;
            let channel = self.controlled.as_ref().map(|c| c.channel.as_str());
            let error = why.map_or("too much before the first request".to_owned(), |e| {
                e.to_string()
            });
            tracing::warn!(
                connection,
                channel,
                error,
                "A client sends what cannot be read"
            );
        }
    }

    fn last_words(&self, end: End) -> Vec<u8> {
        let body = match end {
            End::ShuttingDown => return reply::disconnect_notice(reply::SHUTTING_DOWN),
            End::SlowReader(_) | End::LostEvents => reply::LOST_EVENTS,
            End::LostLogLines => reply::LOST_LOG_LINES,
            End::Goodbye
            | End::PeerClosed
            | End::LoginFailed
            | End::LoginTimeout
            | End::Unreadable(_)
            | End::WriteEnded(_) => reply::GOODBYE,
        };
        match &self.controlled {
            Some(controlled) => {
                reply::disconnect_notice_of_channel(controlled.channel.as_str(), body)
            }
            None => reply::disconnect_notice(body),
        }
    }

    /// A channel that dialled its program goes on in its dialplan. One that did nothing but wait for a program that
    /// came to it ends with that, unless it talks with somebody or was told to `resume`.
    async fn release_channel(&mut self, end: End) {
        let Some(controlled) = &self.controlled else {
            return;
        };
        if let Some(outbound) = &controlled.outbound {
            let end = EndControl {
                channel: controlled.channel.clone(),
                control: outbound.control,
            };
            // A switch that has stopped has no channels.
            let origin = self.console.origin.clone();
            self.shared.switch.ask(end, origin).await.ok();
            return;
        }
        if end == End::ShuttingDown {
            return;
        }
        let view = self.shared.switch.view();
        let Some(channel) = view.channels.get(&controlled.channel) else {
            return;
        };
        if channel.variables.is_true(RESUME)
            || channel.is_down()
            || channel.bridged_to.is_some()
            || channel.room.is_some()
        {
            return;
        }
        let hangup = api::command::channel::Hangup {
            channel: channel.id.clone(),
            cause: HangupCause::NormalClearing,
        };
        // It may have ended a moment ago.
        let origin = self.console.origin.clone();
        self.shared.switch.ask(hangup, origin).await.ok();
    }
}

impl End {
    fn cause(self) -> Cause {
        match self {
            Self::Goodbye | Self::ShuttingDown => Cause::Closed,
            Self::PeerClosed => Cause::PeerGone,
            Self::LoginFailed => Cause::LoginFailed,
            Self::LoginTimeout => Cause::LoginTimeout,
            Self::Unreadable(_) => Cause::Malformed,
            Self::SlowReader(SlowReason::Messages) => Cause::SlowMessages,
            Self::SlowReader(SlowReason::Bytes) => Cause::SlowBytes,
            Self::SlowReader(SlowReason::Deadline) => Cause::SlowDeadline,
            Self::LostEvents => Cause::LostEvents,
            Self::LostLogLines => Cause::LostLogLines,
            Self::WriteEnded(outcome) => outcome.cause(),
        }
    }
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::SlowReader(reason) => Self::SlowReader(reason),
            Refused::Ended(outcome) => Self::WriteEnded(outcome),
        }
    }
}

impl From<ReadEnd> for End {
    fn from(end: ReadEnd) -> Self {
        match end {
            ReadEnd::Closed => Self::PeerClosed,
            ReadEnd::Unreadable(error) => Self::Unreadable(Some(error)),
            ReadEnd::TooMuch => Self::Unreadable(None),
        }
    }
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Overrun(_) => Self::LostEvents,
            Ended::Stopped => Self::ShuttingDown,
        }
    }
}
