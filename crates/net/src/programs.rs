//! Programs of this machine, as commands and applications `system` run them where the operator allows it
//! (event-socket.md §6.8, §6.9).

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// The shell of POSIX.
const SHELL: &str = "/bin/sh";

/// Programs at one time; one more waits, and its time runs.
const AT_ONE_TIME: usize = 32;

/// Bytes of output that are kept; the rest is read and forgotten.
const MAX_OUTPUT: usize = 1 << 20;

/// How soon it shows that a program has ended whose output somebody else still holds open.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Time a program has where the operator does not say.
pub const PROGRAM_TIME: Duration = Duration::from_secs(60);

/// Runs lines of a shell. Cheap to clone; clones share their bounds.
#[derive(Clone, Debug)]
pub struct Programs {
    places: Arc<Semaphore>,
    longest: Duration,
}

/// A shell with all it has started; it is killed when nobody waits for it any more.
struct Running(Option<Child>);

impl Programs {
    /// `longest`: the time one program has.
    pub fn new(longest: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONE_TIME)),
            longest,
        }
    }

    /// What the line writes to its standard output until it ends, or its time is over: then it is killed. Its standard
    /// error is that of the server. What it left behind in the background goes on.
    pub async fn run(&self, line: String) -> Vec<u8> {
        let until = Instant::now() + self.longest;
        let Ok(Ok(_place)) = timeout_at(until, self.places.acquire()).await else {
            tracing::warn!("Too many programs at one time: one was not run");
            return Vec::new();
        };
        let (mut running, mut output) = match start(&line) {
            Ok(started) => started,
            Err(error) => {
                tracing::warn!(%error, "A program cannot be run");
                return Vec::new();
            }
        };
        let mut kept = Vec::new();
        if timeout_at(until, running.follow(&mut output, &mut kept))
            .await
            .is_err()
        {
            let limit = self.longest;
            tracing::warn!(?limit, "A program took too long and was ended");
        }
        kept
    }
}

fn start(line: &str) -> std::io::Result<(Running, Receiver)> {
    let mut child = Command::new(SHELL)
        .args(["-c", line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that all of it can be ended.
        .process_group(0)
        .spawn()?;
    let output = child.stdout.take();
    let running = Running(Some(child));
    let output = output.ok_or(std::io::ErrorKind::BrokenPipe)?;
    Ok((running, Receiver::from_owned_fd(output.into())?))
}

impl Running {
    /// Reads until the shell has ended and nothing more of its output is there.
    async fn follow(&mut self, output: &mut Receiver, kept: &mut Vec<u8>) {
        let mut chunk = [0; 8192];
        let mut is_open = true;
        loop {
            let ended = self.has_ended();
            let read = async { output.read(&mut chunk).await.unwrap_or_default() };
            let waited = if is_open {
                tokio::time::timeout(LOOK_EVERY, read).await
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
                Ok(0)
            };
            match waited {
                Ok(0) if ended => return,
                Ok(0) => is_open = false,
                Ok(count) => {
                    let room = MAX_OUTPUT - kept.len();
                    kept.extend_from_slice(&chunk[..count.min(room)]);
                }
                // Something in the background may hold the output open for ever.
                Err(_) if ended => return,
                Err(_) => {}
            }
        }
    }

    fn has_ended(&mut self) -> bool {
        match &mut self.0 {
            Some(child) => match child.try_wait() {
                Ok(None) => false,
                Ok(Some(_)) | Err(_) => {
                    self.0 = None;
                    true
                }
            },
            None => true,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else {
            return;
        };
        if let Ok(group) = i32::try_from(child.id()) {
            // It may have ended by itself.
            killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
        }
        // It is gone in a moment, but for the system that may be busy with it.
        let mut wait = move || drop(child.wait());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(wait);
        } else {
            wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(line: &str, within: Duration) -> String {
        let output = Programs::new(within).run(line.to_owned()).await;
        String::from_utf8(output).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_shell_runs_it() {
        assert_eq!(run("echo hi", LONG).await, "hi\n");
        assert_eq!(run("printf %s \"$((6 * 7))\" | tr 4 x", LONG).await, "x2");
        assert_eq!(run("false", LONG).await, "");
        assert_eq!(
            run("cat; echo over", LONG).await,
            "over\n",
            "nothing to read"
        );
        assert_eq!(run("exec >&-; sleep 0.1", LONG).await, "");
    }

    #[tokio::test]
    async fn its_time_ends_with_all_it_has_started() {
        let folder = std::env::temp_dir().join(format!("jackfield-program-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("pid");
        let line = format!(
            "sleep 600 & echo $! > {0}; echo began; wait",
            path.display()
        );
        let began = Instant::now();
        assert_eq!(run(&line, Duration::from_millis(600)).await, "began\n");
        assert!(began.elapsed() < LONG);
        let pid: i32 = std::fs::read_to_string(&path)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        // A killed one may stay for whoever adopts it, but runs no more.
        let runs = || {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        while runs() {
            assert!(began.elapsed() < LONG, "{pid} still runs");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    #[tokio::test]
    async fn what_it_leaves_behind_is_not_waited_for() {
        let began = Instant::now();
        assert_eq!(run("sleep 20 & echo hi", LONG).await, "hi\n");
        assert!(began.elapsed() < Duration::from_secs(15));
    }

    #[tokio::test]
    async fn output_has_a_bound() {
        let all = run("head -c 3000000 /dev/zero; echo x >&2", LONG).await;
        assert_eq!(all.len(), MAX_OUTPUT);
    }
}
