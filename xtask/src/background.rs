//! A step that runs beside others.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::outcome::{Counts, Outcome, lane, spelled};

/// A command that has been started. What it says goes into a file and is printed when it has ended.
#[must_use = "it is waited for by finish"]
pub struct Background {
    lane: &'static str,
    log: PathBuf,
    began: Instant,
    child: Result<Child>,
}

impl Background {
    /// Starts a command that gets the processor time others leave.
    pub fn begin(lane: &'static str, log: PathBuf, command: &mut Command) -> Self {
        let mut nice = Command::new("nice");
        nice.args(["-n", "19"])
            .arg(command.get_program())
            .args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            nice.current_dir(folder);
        }
        println!("\nin the background: {}", spelled(&nice));
        let child = File::create(&log).context("its log").and_then(|file| {
            let errors = file.try_clone().context("its log")?;
            nice.stdin(Stdio::null())
                .stdout(file)
                .stderr(errors)
                .spawn()
                .context("cannot start it")
        });
        Self {
            lane,
            log,
            began: Instant::now(),
            child,
        }
    }

    /// Waits for its end.
    pub fn finish(self) -> Outcome {
        lane(self.lane, || {
            let status = self.child?.wait().context("waiting for it")?;
            println!("{}", std::fs::read_to_string(&self.log)?);
            println!("{:.1} s since it began", self.began.elapsed().as_secs_f64());
            Ok(Counts::of_preparation(status.success()))
        })
    }
}
