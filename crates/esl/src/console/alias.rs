//! `alias` and `complete`: other names of commands, and what a console offers beside them (event-socket.md §6.8; golden
//! api-09-reload).

use super::call::{Call, OK, usage};
use crate::command::api::Line;
use api::command::table::{ChangeAlias, ChangeCompletion};
use api::view::Tables;
use api::{Ask, CommandError};
use std::sync::Arc;

const ALIAS: &str = "[add|stickyadd] <alias> <command> | del [<alias>|*]";
const COMPLETE: &str = "add <word>|del [<word>|*]";

/// The words in front of what an alias stands for; `None` when there are not as many.
fn adding(args: &str) -> Option<(&str, &str, &str)> {
    let (action, rest) = crate::splitter::head(args);
    let (alias, command) = crate::splitter::head(rest);
    let adds = ["add", "stickyadd"].contains(&action.to_ascii_lowercase().as_str());
    (adds && !command.trim().is_empty()).then_some((action, alias, command.trim()))
}

/// What an `alias` with these arguments makes another name of.
pub(crate) fn aliased(args: &str) -> Option<Line> {
    adding(args).map(|(_, _, command)| Line::parse(command))
}

/// The line the first word of which is an alias, with the command in its place; the command is not looked up again. And
/// what is said about it.
pub(crate) fn expand(line: &Line, tables: &Tables) -> Option<(Line, String)> {
    let found = tables.aliases.get(line.name.as_str())?;
    let text = format!("{} {}", found.command, line.args);
    let text = text.trim();
    let note = format!("\nExpand Alias [{}]->[{text}]\n\n", line.name);
    Some((Line::parse(text), note))
}

pub(super) async fn alias(call: &Call<'_>) -> String {
    let change = match adding(call.args) {
        Some((action, alias, command)) => ChangeAlias::Set {
            alias: alias.into(),
            command: command.into(),
            is_sticky: action.eq_ignore_ascii_case("stickyadd"),
        },
        None => match deleting(call.args).as_slice() {
            [all] if all == "*" => ChangeAlias::RemoveAll,
            [alias] => ChangeAlias::Remove(alias.as_str().into()),
            _ => return usage(ALIAS),
        },
    };
    changed(call, change).await
}

/// `add <word> …`, up to ten words that may stand one behind the other; `del <word> …` takes all that begin so.
pub(super) async fn complete(call: &Call<'_>) -> String {
    let (action, rest) = crate::splitter::head(call.args);
    let line = || -> Arc<[Arc<str>]> { rest.split_whitespace().map(Into::into).collect() };
    let adds = action.eq_ignore_ascii_case("add") && !rest.trim().is_empty();
    let change = match deleting(call.args).as_slice() {
        _ if adds => ChangeCompletion::Add(line()),
        [all] if all == "*" => ChangeCompletion::RemoveAll,
        [_, ..] => ChangeCompletion::Remove(line()),
        [] => return usage(COMPLETE),
    };
    changed(call, change).await
}

/// The words behind `del`.
fn deleting(args: &str) -> Vec<String> {
    let (action, rest) = crate::splitter::head(args);
    if action.eq_ignore_ascii_case("del") {
        rest.split_whitespace().map(str::to_owned).collect()
    } else {
        Vec::new()
    }
}

async fn changed<C: Ask<Answer = ()>>(call: &Call<'_>, change: C) -> String {
    let done: Result<(), CommandError> = call.ask(change).await;
    match done {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("-ERR {}\n", error.detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::view::Alias;

    fn tables(pairs: &[(&str, &str)]) -> Tables {
        let mut tables = Tables::default();
        for (alias, command) in pairs {
            let found = Alias {
                command: (*command).into(),
                is_sticky: false,
            };
            tables.aliases.insert_mut((*alias).into(), found);
        }
        tables
    }

    #[test]
    fn an_alias_is_put_in_once_with_the_arguments_behind_it() {
        let tables = tables(&[("ll", "show channels"), ("show", "ll")]);
        let (line, note) = expand(&Line::parse("ll as json"), &tables).unwrap();
        assert_eq!(
            (line.name.as_str(), line.args.as_str()),
            ("show", "channels as json")
        );
        assert_eq!(note, "\nExpand Alias [ll]->[show channels as json]\n\n");
        assert_eq!(expand(&Line::parse("LL"), &tables), None);
        assert_eq!(expand(&Line::parse("status ll"), &tables), None);
    }

    #[test]
    fn what_an_alias_is_made_of() {
        let name = |args: &str| aliased(args).map(|line| line.name);
        assert_eq!(name("add ll show channels").as_deref(), Some("show"));
        assert_eq!(
            name("StickyAdd x  fsctl shutdown").as_deref(),
            Some("fsctl")
        );
        for other in ["add x", "add x ", "del x", "", "add"] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
