//! The prompt: history, completion, and events above the line being typed.

use std::borrow::Cow;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use reedline::{
    ColumnarMenu, DefaultPrompt, DefaultPromptSegment, Emacs, ExternalPrinter, FileBackedHistory,
    KeyCode, KeyModifiers, MenuBuilder, Reedline, ReedlineEvent, ReedlineMenu, Signal,
    default_emacs_keybindings,
};
use tokio::sync::mpsc;

use super::commands::{self, HELP, Typed};
use super::complete::ServerCompleter;
use super::connection::Notice;
use super::link::Link;
use super::view::View;

/// Lines remembered between sessions.
const HISTORY: usize = 5_000;

/// Lines that may wait to be printed; more are counted and dropped, so that a busy server cannot stop the prompt.
const WAITING_LINES: usize = 10_000;

/// The name the menu is opened by.
const MENU: &str = "completion_menu";

/// Reads lines until the end; from a file or a pipe without a prompt.
pub(super) fn run(
    link: &Link,
    notices: mpsc::Receiver<Notice>,
    view: View,
    prompt: &str,
    batch: bool,
) -> anyhow::Result<()> {
    if batch || !std::io::stdin().is_terminal() {
        return piped(link, notices, view);
    }
    let printer = ExternalPrinter::new(WAITING_LINES);
    let print = printer.sender();
    let shown = std::thread::spawn(move || show(notices, view, &print));
    let mut editor = editor(link.clone(), printer);
    let prompt = DefaultPrompt::new(
        DefaultPromptSegment::Basic(prompt.to_owned()),
        DefaultPromptSegment::Empty,
    );
    println!("Type /help for help, /exit to leave.");
    loop {
        let signal = editor.read_line(&prompt)?;
        // Ctrl-C forgets the line, Ctrl-D leaves; what else there may be is no line.
        let done = if let Signal::Success(line) = &signal {
            !obey(link, view, line)
        } else {
            matches!(signal, Signal::CtrlD)
        };
        if done {
            break;
        }
    }
    // It ends with the connection, and that with the process.
    drop(shown);
    Ok(())
}

/// Runs one line; false at the end.
fn obey(link: &Link, view: View, line: &str) -> bool {
    match commands::read(line) {
        Typed::Nothing => {}
        Typed::Exit => return false,
        Typed::Help => println!("{HELP}"),
        Typed::Unknown(word) => println!(
            "{}",
            view.remark(&format!("{word} is unknown; /help lists what there is"))
        ),
        Typed::Send(requests) => {
            for request in requests {
                match link.ask(&request) {
                    Some(frame) => println!("{}", view.answer(&frame)),
                    None => println!("{}", view.remark("not connected")),
                }
            }
        }
    }
    true
}

fn piped(link: &Link, notices: mpsc::Receiver<Notice>, view: View) -> anyhow::Result<()> {
    let (print, lines) = sync_channel::<String>(WAITING_LINES);
    std::thread::spawn(move || show(notices, view, &print));
    std::thread::spawn(move || {
        for line in lines {
            println!("{line}");
        }
    });
    for line in std::io::stdin().lock().lines() {
        if !obey(link, view, &line?) {
            break;
        }
    }
    Ok(())
}

/// Hands what came unasked to whoever prints it.
fn show(mut notices: mpsc::Receiver<Notice>, view: View, print: &SyncSender<String>) {
    let mut dropped = 0_u64;
    while let Some(notice) = notices.blocking_recv() {
        let text = match notice {
            Notice::Frame(frame) => view.notice(&frame),
            Notice::Connected => Some(view.remark("Connected again.")),
            Notice::Lost(why) => Some(view.remark(&format!("{why}; trying again."))),
        };
        let Some(mut text) = text else { continue };
        if dropped > 0 {
            text = format!("{}\n{text}", view.remark(&format!("({dropped} not shown)")));
        }
        match print.try_send(text) {
            Ok(()) => dropped = 0,
            Err(TrySendError::Full(_)) => dropped += 1,
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

fn editor(link: Link, printer: ExternalPrinter<String>) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let tab = vec![
        ReedlineEvent::Menu(MENU.to_owned()),
        ReedlineEvent::MenuNext,
    ];
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(tab),
    );
    let menu = ColumnarMenu::default().with_name(MENU);
    let editor = Reedline::create()
        .with_completer(Box::new(ServerCompleter::new(link)))
        .with_quick_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_external_printer(printer);
    match history_file().and_then(|path| FileBackedHistory::with_file(HISTORY, path).ok()) {
        Some(history) => editor.with_history(Box::new(history)),
        None => editor,
    }
}

fn history_file() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    Some(PathBuf::from(home).join(".jackfield_history"))
}

/// The prompt's text for a server of that name.
pub(super) fn prompt(name: &str) -> Cow<'static, str> {
    match name.trim() {
        "" => "jackfield".into(),
        name => format!("jackfield@{name}").into(),
    }
}
