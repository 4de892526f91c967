//! Other names of console commands, and what a console offers beside them (event-socket.md §6.8).

use std::sync::Arc;

use api::command::table::{ChangeAlias, ChangeCompletion};
use api::error::{CommandError, ErrorKind};
use api::view::Alias;

use crate::Switch;
use crate::kept_tables::{TableChange, row_key, too_much};

/// Aliases there may be.
const MAX_ALIASES: usize = 1_000;
/// Bytes of an alias, and of a word that is offered; as wide as the columns of the original.
const MAX_WORD_BYTES: usize = 128;
/// Bytes of what an alias stands for.
const MAX_COMMAND_BYTES: usize = 4 * 1024;
/// Lines that may be offered.
const MAX_LINES: usize = 1_000;
/// Words of one of them.
const MAX_WORDS: usize = 10;

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c == ' ' || c.is_control())
}

fn invalid(argument: &'static str, detail: &str) -> CommandError {
    CommandError::new(ErrorKind::InvalidArgument(argument), detail)
}

impl Switch {
    /// Takes the aliases earlier runs have kept.
    pub(crate) fn take_aliases(&mut self, found: Vec<(Arc<str>, Arc<str>)>) {
        for (alias, command) in found {
            let is_sticky = true;
            let alias_of = Alias { command, is_sticky };
            self.view.tables.aliases.insert_mut(alias, alias_of);
        }
    }

    pub(crate) fn change_alias(&mut self, command: ChangeAlias) -> Result<(), CommandError> {
        self.check_kept()?;
        match command {
            ChangeAlias::Set {
                alias,
                command,
                is_sticky,
            } => self.set_alias(alias, command, is_sticky)?,
            ChangeAlias::Remove(alias) => self.remove_alias(&alias),
            ChangeAlias::RemoveAll => {
                let all: Vec<_> = self.view.tables.aliases.keys().cloned().collect();
                for alias in all {
                    self.remove_alias(&alias);
                }
            }
        }
        self.view_changed();
        Ok(())
    }

    fn set_alias(
        &mut self,
        alias: Arc<str>,
        command: Arc<str>,
        is_sticky: bool,
    ) -> Result<(), CommandError> {
        let aliases = &self.view.tables.aliases;
        if !is_word(&alias) || command.trim().is_empty() || command.contains(char::is_control) {
            return Err(invalid("alias", "an alias is one word for a command"));
        }
        let is_one_too_many = aliases.size() >= MAX_ALIASES && !aliases.contains_key(&alias);
        let is_too_long = alias.len() > MAX_WORD_BYTES || command.len() > MAX_COMMAND_BYTES;
        if is_one_too_many || is_too_long {
            return Err(too_much());
        }
        if is_sticky {
            let change = TableChange::Alias(alias.clone(), Some(command.clone()));
            self.keep_row(row_key('a', &alias, ""), change);
        } else {
            self.remove_alias(&alias);
        }
        let alias_of = Alias { command, is_sticky };
        self.view.tables.aliases.insert_mut(alias, alias_of);
        Ok(())
    }

    fn remove_alias(&mut self, alias: &Arc<str>) {
        let aliases = &mut self.view.tables.aliases;
        let is_sticky = aliases.get(alias).is_some_and(|found| found.is_sticky);
        aliases.remove_mut(alias);
        if is_sticky {
            let change = TableChange::Alias(alias.clone(), None);
            self.keep_row(row_key('a', alias, ""), change);
        }
    }

    pub(crate) fn change_completion(
        &mut self,
        command: &ChangeCompletion,
    ) -> Result<(), CommandError> {
        let lines = &mut self.view.tables.completions;
        match command {
            ChangeCompletion::Add(words) => {
                if words.is_empty() || !words.iter().all(|word| is_word(word)) {
                    return Err(invalid("words", "there is no word"));
                }
                let is_one_too_many = lines.size() >= MAX_LINES && !lines.contains(words);
                let is_too_long =
                    words.len() > MAX_WORDS || words.iter().any(|word| word.len() > MAX_WORD_BYTES);
                if is_one_too_many || is_too_long {
                    return Err(too_much());
                }
                lines.insert_mut(words.clone());
            }
            ChangeCompletion::Remove(words) => {
                let beginning = |line: &&Arc<[Arc<str>]>| line.starts_with(words);
                let gone: Vec<_> = lines.iter().filter(beginning).cloned().collect();
                for line in gone {
                    lines.remove_mut(&line);
                }
            }
            ChangeCompletion::RemoveAll => *lines = rpds::RedBlackTreeSetSync::new_sync(),
        }
        self.view_changed();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
