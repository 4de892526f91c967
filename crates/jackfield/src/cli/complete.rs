//! TAB: the server's own completion where it has one, else command names and channel ids.

use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::link::Link;

/// Asks the server while somebody types.
pub(super) struct ServerCompleter {
    link: Link,
    /// `None`: not asked yet. `Some(false)`: the server has no `console_complete`.
    has_own: Option<bool>,
    commands: Vec<(String, String)>,
}

impl ServerCompleter {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            has_own: None,
            commands: Vec::new(),
        }
    }

    /// `console_complete c=<cursor>;<text>` (event-socket.md §6.2): what can be filled in is at the end.
    fn ask(&mut self, line: &str, pos: usize) -> Option<Suggestion> {
        if self.has_own == Some(false) {
            return None;
        }
        let request = format!("api console_complete c={pos};{line}");
        let body = self.link.ask(&request)?.body;
        let there = !body.starts_with("-ERR") && !body.contains("Command not found");
        self.has_own = Some(there);
        let (replaced, text) = filled_in(&body).filter(|_| there)?;
        Some(suggestion(text, None, pos.saturating_sub(replaced), pos))
    }

    /// Names and descriptions of the commands, asked once.
    fn commands(&mut self) -> &[(String, String)] {
        if self.commands.is_empty() {
            let body = self
                .link
                .ask("api show api as json")
                .map(|frame| frame.body);
            self.commands = rows(&body.unwrap_or_default(), "name", "description");
        }
        &self.commands
    }
}

impl Completer for ServerCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let typed = line.get(..pos).unwrap_or(line);
        if let Some(own) = self.ask(line, pos) {
            return CompletionResult::fresh(vec![own]);
        }
        let start = typed.rfind(' ').map_or(0, |blank| blank + 1);
        let word = &typed[start..];
        let candidates = if start == 0 {
            self.commands().to_vec()
        } else if typed.starts_with("uuid_") {
            let body = self.link.ask("api show channels as json").map(|f| f.body);
            rows(&body.unwrap_or_default(), "uuid", "name")
        } else {
            Vec::new()
        };
        let fits = candidates
            .into_iter()
            .filter(|(name, _)| name.starts_with(word));
        let found: Vec<Suggestion> = fits
            .map(|(name, description)| suggestion(name, Some(description), start, pos))
            .collect();
        CompletionResult::fresh(found)
    }
}

fn suggestion(value: String, description: Option<String>, start: usize, end: usize) -> Suggestion {
    Suggestion {
        value,
        description,
        span: Span::new(start, end),
        append_whitespace: true,
        ..Suggestion::default()
    }
}

/// `write=<len>:<text>` behind the list for people.
fn filled_in(body: &str) -> Option<(usize, String)> {
    let (_, write) = body.rsplit_once("\n\nwrite=")?;
    let (length, text) = write.split_once(':')?;
    Some((length.parse().ok()?, text.trim_end().to_owned()))
}

/// Two columns of a table printed as JSON.
fn rows(body: &str, name: &str, description: &str) -> Vec<(String, String)> {
    let Ok(table) = serde_json::from_str::<serde_json::Value>(body) else {
        return Vec::new();
    };
    let rows = table.get("rows").and_then(|rows| rows.as_array());
    rows.into_iter()
        .flatten()
        .filter_map(|row| {
            let text = |key| Some(row.get(key)?.as_str()?.to_owned());
            Some((text(name)?, text(description).unwrap_or_default()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_completion_is_read() {
        let body = "[status  ]\t[strftime]\t\n\nwrite=2:st";
        assert_eq!(filled_in(body), Some((2, "st".to_owned())));
        assert_eq!(filled_in("[a]\n"), None);
    }

    #[test]
    fn tables_are_read() {
        let body = r#"{"row_count":2,"rows":[{"name":"status","description":"says"},{"x":1}]}"#;
        assert_eq!(
            rows(body, "name", "description"),
            [("status".to_owned(), "says".to_owned())]
        );
        assert_eq!(rows("-ERR", "name", "description"), []);
    }
}
