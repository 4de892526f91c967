//! `console_complete`: what a console offers when TAB is pressed (event-socket.md §6.2).

use super::Entry;
use super::call::Call;
use api::View;
use std::sync::Arc;

/// Words offered behind `show`.
const SHOWN: [&str; 12] = [
    "api",
    "application",
    "bridged_calls",
    "calls",
    "channels",
    "codec",
    "detailed_calls",
    "endpoint",
    "modules",
    "registrations",
    "status",
    "tasks",
];

/// Words in one line of the list.
const PER_LINE: usize = 4;

/// `[c=<cursor>;]<text>`: the words that could stand at the end of the text, for people; then, behind a blank line,
/// `write=<length>:<text>` with the text continued as far as all of them agree.
pub(super) async fn console_complete(call: &Call<'_>) -> String {
    let text = match call
        .args
        .strip_prefix("c=")
        .and_then(|rest| rest.split_once(';'))
    {
        Some((cursor, text)) => cursor
            .parse()
            .ok()
            .and_then(|at: usize| text.get(..at))
            .unwrap_or(text),
        None => call.args,
    };
    let (before, word) = text
        .rfind(' ')
        .map_or(("", text), |at| text.split_at(at + 1));
    let commands = call.console.commands();
    let offered = offered(&call.view(), commands, before.trim(), word);
    let mut out = list(&offered);
    let agreed = common_start(&offered);
    if agreed.len() > word.len() || offered.len() == 1 {
        let blank = if offered.len() == 1 { " " } else { "" };
        let line = format!("{before}{agreed}{blank}");
        out.push_str(&format!("\n\nwrite={}:{line}", line.len()));
    } else {
        out.push_str("\n\n");
    }
    out
}

/// The words that begin with `word` and make sense behind `before`.
fn offered(
    view: &View,
    commands: impl Iterator<Item = &'static Entry>,
    before: &str,
    word: &str,
) -> Vec<String> {
    let mut known: Vec<String> = match before {
        "" => {
            let aliases = view.tables.aliases.keys().map(ToString::to_string);
            let names = commands.map(|entry| entry.name.to_owned());
            names.chain(aliases).collect()
        }
        "show" => SHOWN.iter().map(|&what| what.to_owned()).collect(),
        "conference" => view.rooms.keys().map(ToString::to_string).collect(),
        "sofia" => ["jsonstatus", "profile", "status", "xmlstatus"]
            .map(str::to_owned)
            .to_vec(),
        "sofia profile" | "sofia status profile" => {
            view.profiles.iter().map(|p| p.name.to_string()).collect()
        }
        command if command.starts_with("uuid_") && !command.contains(' ') => view
            .channels_in_order()
            .map(|channel| channel.id.to_string())
            .collect(),
        _ => Vec::new(),
    };
    known.extend(of_users(view, before));
    known.sort_unstable();
    known.dedup();
    known
        .into_iter()
        .filter(|offer| offer.starts_with(word))
        .collect()
}

/// What was put in by `complete`.
fn of_users(view: &View, before: &str) -> Vec<String> {
    let before: Vec<&str> = before.split_whitespace().collect();
    let behind = |line: &Arc<[Arc<str>]>| {
        let (first, rest) = line.split_at_checked(before.len())?;
        let follows = first.iter().zip(&before).all(|(a, b)| **a == **b);
        rest.first().filter(|_| follows).map(ToString::to_string)
    };
    view.tables.completions.iter().filter_map(behind).collect()
}

fn list(words: &[String]) -> String {
    let lines = words.chunks(PER_LINE).map(|line| {
        let columns: String = line.iter().map(|word| format!("[{word:>20}]\t")).collect();
        columns + "\n"
    });
    lines.collect()
}

fn common_start(words: &[String]) -> &str {
    let Some(first) = words.first() else {
        return "";
    };
    let agrees = |length: usize| {
        words
            .iter()
            .all(|word| word.get(..length) == first.get(..length))
    };
    let longest = (0..=first.len())
        .rev()
        .find(|&length| first.is_char_boundary(length) && agrees(length));
    &first[..longest.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_continued_as_far_as_they_agree() {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            common_start(&words(&["uuid_bridge", "uuid_break"])),
            "uuid_br"
        );
        assert_eq!(common_start(&words(&["status"])), "status");
        assert_eq!(common_start(&[]), "");
    }

    #[test]
    fn what_is_offered_depends_on_what_stands_before() {
        let mut view = View::default();
        let offered = |view: &View, before: &str, word: &str| {
            offered(view, super::super::COMMANDS.iter(), before, word)
        };
        assert_eq!(offered(&view, "", "stat"), ["status"]);
        assert_eq!(offered(&view, "show", "ch"), ["channels"]);
        assert!(offered(&view, "uuid_kill", "").is_empty());
        assert!(offered(&view, "status", "").is_empty());
        for line in ["sofia loglevel all", "sofia loglevel tport", "mine"] {
            let words: Arc<[Arc<str>]> = line.split(' ').map(Into::into).collect();
            view.tables.completions.insert_mut(words);
        }
        assert_eq!(offered(&view, "", "min"), ["mine"]);
        assert_eq!(offered(&view, "sofia", "l"), ["loglevel"]);
        assert_eq!(offered(&view, "sofia loglevel", ""), ["all", "tport"]);
        assert!(offered(&view, "mine", "").is_empty());
    }
}
