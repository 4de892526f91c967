use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Order, Outcome, Shared, SlowReason};

/// Messages handed to the system in one call.
const MAX_SLICES: usize = 256;

/// Bytes after which no further message is added to a call. Larger calls gain nothing.
const MAX_WRITE: usize = 256 << 10;

/// The task that writes what is queued.
pub struct Writer<W> {
    sink: W,
    shared: Arc<Shared>,
    batch: VecDeque<Bytes>,
    /// Part of the first message of `batch` has been written.
    mid_message: bool,
    /// The sink may hold something back: TLS does while the system takes no more.
    unflushed: bool,
}

impl<W> Drop for Writer<W> {
    /// A writer that is dropped before its end took the connection with it.
    fn drop(&mut self) {
        self.shared.end(Outcome::PeerGone);
    }
}

/// What a writer finds to do.
enum Next {
    Write,
    Wait,
    Close,
    Cut(Bytes, Outcome),
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(sink: W, shared: Arc<Shared>) -> Self {
        Self {
            sink,
            shared,
            batch: VecDeque::new(),
            mid_message: false,
            unflushed: false,
        }
    }

    /// Writes until the outbox ends or the peer does. Closes the write side.
    pub async fn run(mut self) -> Outcome {
        let outcome = self.write_all().await;
        self.shared.end(outcome);
        outcome
    }

    async fn write_all(&mut self) -> Outcome {
        loop {
            match self.next() {
                Next::Write => {
                    if let Some(outcome) = self.write_some().await {
                        return outcome;
                    }
                }
                Next::Wait if self.unflushed => {
                    if let Some(outcome) = self.flush().await {
                        return outcome;
                    }
                }
                Next::Wait => {
                    tokio::select! {
                        () = self.shared.wake.notified() => {}
                        () = self.shared.ordered.notified() => {}
                    }
                }
                Next::Close => {
                    self.close().await;
                    return Outcome::Closed;
                }
                Next::Cut(notice, outcome) => {
                    self.cut(notice).await;
                    return outcome;
                }
            }
        }
    }

    fn next(&mut self) -> Next {
        let mut state = self.shared.state();
        if let Order::Cut { notice, outcome } = &state.order {
            return Next::Cut(notice.clone(), *outcome);
        }
        if self.batch.is_empty() {
            std::mem::swap(&mut self.batch, &mut state.queue);
        }
        if !self.batch.is_empty() {
            return Next::Write;
        }
        match state.order {
            Order::Finish { .. } => Next::Close,
            Order::Write | Order::Cut { .. } => {
                state.idle = true;
                Next::Wait
            }
        }
    }

    /// One system call's worth, or an end.
    async fn write_some(&mut self) -> Option<Outcome> {
        let deadline = self.deadline();
        let shared = self.shared.clone();
        let written = tokio::select! {
            biased;
            written = poll_fn(|cx| self.poll_write(cx)) => written,
            // A changed order is looked at by the next turn.
            () = shared.ordered.notified() => return None,
            () = sleep_until(deadline) => {
                return Some(Outcome::SlowReader { reason: SlowReason::Deadline });
            }
        };
        match written {
            Ok(0) | Err(_) => Some(Outcome::PeerGone),
            Ok(count) => {
                self.written(count);
                None
            }
        }
    }

    /// Has the sink pass on what it holds back, or an end.
    async fn flush(&mut self) -> Option<Outcome> {
        let deadline = self.deadline();
        let shared = self.shared.clone();
        let flushed = tokio::select! {
            biased;
            flushed = self.sink.flush() => flushed,
            // A changed order is looked at by the next turn.
            () = shared.ordered.notified() => return None,
            () = sleep_until(deadline) => {
                return Some(Outcome::SlowReader { reason: SlowReason::Deadline });
            }
        };
        self.unflushed = false;
        flushed.is_err().then_some(Outcome::PeerGone)
    }

    fn deadline(&self) -> Instant {
        let state = self.shared.state();
        let usual = Instant::now() + state.write_deadline;
        match state.order {
            Order::Finish { until } => until.min(usual),
            Order::Write | Order::Cut { .. } => usual,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        let mut bytes = 0;
        for (slice, message) in slices.iter_mut().zip(&self.batch) {
            *slice = IoSlice::new(message);
            count += 1;
            bytes += message.len();
            if bytes >= MAX_WRITE {
                break;
            }
        }
        Pin::new(&mut self.sink).poll_write_vectored(cx, &slices[..count])
    }

    fn written(&mut self, count: usize) {
        self.unflushed = true;
        let mut left = count;
        let mut messages = 0;
        while left > 0 {
            let Some(first) = self.batch.front_mut() else {
                break;
            };
            if left < first.len() {
                first.advance(left);
                self.mid_message = true;
                break;
            }
            left -= first.len();
            self.batch.pop_front();
            self.mid_message = false;
            messages += 1;
        }
        self.shared.written(messages, count);
    }

    async fn cut(&mut self, notice: Bytes) {
        let deadline = Instant::now() + self.shared.limits.notice_deadline;
        let under_way = self.batch.pop_front().filter(|_| self.mid_message);
        for message in under_way.into_iter().chain([notice]) {
            let written = timeout_at(deadline, self.sink.write_all(&message)).await;
            if !matches!(written, Ok(Ok(()))) {
                return;
            }
        }
        self.close().await;
    }

    /// Ends the write side; a peer that does not answer does not hold us up.
    async fn close(&mut self) {
        let deadline = Instant::now() + self.shared.limits.notice_deadline;
        // The peer may have gone first.
        timeout_at(deadline, self.sink.shutdown()).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, BufWriter, duplex};

    use super::super::{Outbox, OutboxLimits};
    use super::*;

    /// As TLS does when the system takes no more for a moment.
    #[tokio::test]
    async fn what_a_sink_holds_back_goes_out_without_another_message() {
        let (near, mut far) = duplex(64);
        let (outbox, writer) = Outbox::new(BufWriter::new(near), OutboxLimits::default());
        let writing = tokio::spawn(writer.run());
        for message in ["first", "other"] {
            outbox.push(message).unwrap();
            let mut taken = [0; 5];
            let reading = far.read_exact(&mut taken);
            tokio::time::timeout(std::time::Duration::from_secs(10), reading)
                .await
                .expect("it arrives")
                .unwrap();
            assert_eq!(taken, message.as_bytes());
        }
        drop(far);
        outbox.push("nobody reads this").unwrap();
        assert_eq!(writing.await.unwrap(), Outcome::PeerGone);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_take_what_is_held_back_is_slow() {
        let (near, _far) = duplex(4);
        let (outbox, writer) = Outbox::new(BufWriter::new(near), OutboxLimits::default());
        outbox.push("more than fits").unwrap();
        let reason = SlowReason::Deadline;
        let within = OutboxLimits::default().write_deadline * 2;
        let ended = tokio::time::timeout(within, writer.run()).await;
        assert_eq!(ended, Ok(Outcome::SlowReader { reason }));
    }
}
