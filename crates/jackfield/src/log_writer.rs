//! Puts a thread between whoever logs and standard error: a terminal that does not read must not stop the switch.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait for the terminal; more are counted and dropped.
const WAITING_LINES: usize = 8_192;

/// After writing, the thread rests and then finds several lines: a busy switch would otherwise pay for waking it
/// with every line. No line is later by more than this.
const REST: Duration = Duration::from_millis(5);

/// Bytes of lines written at once; what is longer is written in pieces.
const TOGETHER: usize = 64 * 1024;

/// Time the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Takes lines and never waits. Cloning shares.
#[derive(Clone)]
pub(crate) struct LogWriter {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before this has been written.
    Flush(SyncSender<()>),
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, received) = sync_channel(WAITING_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = dropped.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&received, out, &counted))?;
        Ok(Self { lines, dropped })
    }

    /// Waits until what was logged so far is written, but not for ever.
    pub(crate) fn flush(&self) {
        let (done, wait) = sync_channel(1);
        let deadline = Instant::now() + LAST_LINES;
        let mut message = Message::Flush(done);
        // A full queue is being read, or a terminal does not read and gets no more than its time.
        while let Err(TrySendError::Full(back)) = self.lines.try_send(message) {
            if Instant::now() > deadline {
                return;
            }
            message = back;
            std::thread::sleep(REST);
        }
        wait.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .ok();
    }
}

fn write_all(lines: &Receiver<Message>, mut out: impl Write, dropped: &AtomicU64) {
    let mut text = Vec::with_capacity(TOGETHER);
    while let Ok(first) = lines.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            let done = match message {
                Message::Line(line) => {
                    let missing = dropped.swap(0, Ordering::Relaxed);
                    if missing > 0 {
                        text.extend_from_slice(
                            format!(
                                "({missing} lines are missing here: nobody read them in time)\n"
                            )
                            .as_bytes(),
                        );
                    }
                    text.extend_from_slice(&line);
                    None
                }
                Message::Flush(done) => Some(done),
            };
            next = lines.try_recv().ok();
            if next.is_none() || done.is_some() || text.len() >= TOGETHER {
                // Nobody can be told that the log cannot be written.
                out.write_all(&text).ok();
                text.clear();
            }
            if let Some(done) = done {
                out.flush().ok();
                done.send(()).ok();
            }
        }
        std::thread::sleep(REST);
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for LogWriter {
    /// One call is one line: that is how the formatter writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says when it is first given something, and takes nothing before it is told to.
    struct Stuck {
        reached: SyncSender<()>,
        go: Receiver<()>,
        started: bool,
        out: SyncSender<String>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.started {
                self.reached.send(()).unwrap();
                self.go.recv().unwrap();
                self.started = true;
            }
            self.out
                .send(String::from_utf8_lossy(bytes).into_owned())
                .unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_stuck_costs_lines_and_nothing_else() {
        let (reached, stuck_now) = sync_channel(1);
        let (go, wait) = sync_channel(1);
        let (out, written) = sync_channel(4 * WAITING_LINES);
        let stuck = Stuck {
            reached,
            go: wait,
            started: false,
            out,
        };
        let writer = LogWriter::start(stuck).unwrap();
        let say = |number: usize| {
            let line = format!("{number}\n");
            writer.clone().write_all(line.as_bytes()).unwrap();
        };
        // The thread holds this line; the queue is empty behind it.
        say(0);
        stuck_now.recv().unwrap();
        let sent = 1 + WAITING_LINES + 1000;
        (1..sent).for_each(say);
        go.send(()).unwrap();
        writer.flush();
        writer.clone().write_all(b"last\n").unwrap();
        writer.flush();
        let text: String = written.try_iter().collect();
        let whole = text
            .lines()
            .filter(|line| line.parse::<usize>().is_ok())
            .count();
        let missing = sent - whole;
        assert_eq!(missing, 1000);
        let told = text
            .lines()
            .filter_map(|line| line.strip_prefix('(')?.split(' ').next());
        let told: usize = told.map(|number| number.parse::<usize>().unwrap()).sum();
        assert_eq!(told, missing);
        assert!(text.ends_with("last\n"));
    }
}
