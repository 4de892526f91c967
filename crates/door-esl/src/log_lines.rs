use api::Switch;
use api::log::{LogLine, LogOverrun, LogSubscription};
use esl::reply::LogFrame;

/// The log lines one connection asked for (event-socket.md §2.13).
#[derive(Default)]
pub(crate) struct LogLines {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Off,
    /// `log disable`: on, but no line is low enough.
    Silent,
    On(LogSubscription),
}

impl LogLines {
    /// `log`: lines up to `level` from now on, -1 for none; of channels with a level of their own up to that, but none
    /// above `most`.
    pub(crate) fn start(&mut self, switch: &Switch, level: i8, most: u8) {
        self.state = match u8::try_from(level) {
            Ok(level) => State::On(switch.log().subscribe(level, most)),
            Err(_) => State::Silent,
        };
    }

    /// `nolog`: drops queued lines too. False when logging was off.
    pub(crate) fn stop(&mut self) -> bool {
        !matches!(std::mem::take(&mut self.state), State::Off)
    }

    /// The next line as a frame; waits for ever while logging is off. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, LogOverrun> {
        match &mut self.state {
            State::On(lines) => Ok(frame(&*lines.next().await?)),
            State::Off | State::Silent => std::future::pending().await,
        }
    }
}

fn frame(line: &LogLine) -> Vec<u8> {
    LogFrame {
        level: line.level as u8,
        text_channel: if line.channel.is_some() { 3 } else { 0 },
        file: &line.file,
        function: &line.function,
        line: line.line,
        user_data: line.channel.as_deref().unwrap_or_default(),
        text: &line.text,
    }
    .to_bytes()
}
