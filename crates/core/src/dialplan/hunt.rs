//! The hunt: from a context and a channel to a list of applications.
//!
//! Extensions are tried in the order written. The conditions of one extension are tried in order too; each
//! condition's `break` says whether the next one is looked at. Actions of conditions that hold, and
//! anti-actions of those that do not, are collected on the way and stay collected even when a later condition
//! of the same extension fails. An extension has *matched* when the last condition looked at held or gave
//! anti-actions; the hunt ends there unless the extension says `continue="true"`.

use std::sync::Arc;

use jiff::Zoned;

use super::action::Action;
use super::condition::{Break, Condition, Held};
use super::{ActionItem, Dialplan};
use crate::expand::expand;
use crate::lookup::Hunting;

/// The most applications one hunt may collect.
pub const MAX_ROUTE: usize = 10_000;

/// What a hunt found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The last extension that matched; `None` when none did.
    pub extension: Option<Arc<str>>,
    /// The applications, in order. Empty means that the call has nowhere to go (`NO_ROUTE_DESTINATION`), unless
    /// an extension with nothing but inline actions matched, which amounts to the same.
    pub actions: Vec<ActionItem>,
}

/// Why there was no hunt, or no end of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HuntError {
    /// No context of that name. The call ends with `NO_ROUTE_DESTINATION`.
    #[error("no such context")]
    NoSuchContext,
    /// More applications than [`MAX_ROUTE`].
    #[error("more than {MAX_ROUTE} actions")]
    TooLong,
}

impl Dialplan {
    /// Hunts through `context`. `now` is the local time that time attributes are compared with.
    ///
    /// Costs one comparison or match per condition looked at: see `benches/dialplan_route.rs`. Allocates only
    /// for what matched.
    ///
    /// # Errors
    /// [`HuntError`].
    pub fn route(
        &self,
        context: &str,
        channel: &mut dyn Hunting,
        now: &Zoned,
    ) -> Result<Route, HuntError> {
        let context = self.contexts.get(context).ok_or(HuntError::NoSuchContext)?;
        let mut hunt = Hunt {
            channel,
            now,
            route: Route::default(),
        };
        for extension in &context.extensions {
            if hunt.conditions(&extension.conditions)? {
                hunt.route.extension = Some(extension.name.clone());
                if !extension.continues {
                    break;
                }
            }
        }
        Ok(hunt.route)
    }
}

struct Hunt<'h> {
    channel: &'h mut dyn Hunting,
    now: &'h Zoned,
    route: Route,
}

impl Hunt<'_> {
    /// Tries a list of conditions; whether it matched, as the head of this file defines it.
    fn conditions(&mut self, list: &[Condition]) -> Result<bool, HuntError> {
        let mut matched = false;
        for condition in list {
            let held = match condition.evaluate(&*self.channel, self.now) {
                Some(captures) => {
                    if let Some(captures) = &captures {
                        self.channel.caught(captures);
                    }
                    self.collect(&condition.actions, &captures)?;
                    let inside =
                        condition.nested.is_empty() || self.conditions(&condition.nested)?;
                    matched = inside || !condition.require_nested;
                    matched
                }
                None => {
                    self.collect(&condition.anti_actions, &None)?;
                    matched = !condition.anti_actions.is_empty();
                    false
                }
            };
            let stop = match condition.break_when {
                Break::OnFalse => !held,
                Break::OnTrue => held,
                Break::Always => true,
                Break::Never => false,
            };
            if stop {
                break;
            }
        }
        Ok(matched)
    }

    fn collect(&mut self, actions: &[Action], captures: &Held) -> Result<(), HuntError> {
        for action in actions {
            let mut item = action.item.clone();
            if let Some(captures) = captures.as_ref().filter(|_| action.mentions_captures) {
                item.data = captures.substitute(&item.data).into();
            }
            if action.inline {
                match expand(&item.data, &*self.channel).map(|data| data.into_owned()) {
                    Ok(data) => self.channel.run_inline(&item.application, &data),
                    Err(error) => tracing::warn!(%error, "Inline action left out"),
                }
            } else if self.route.actions.len() == MAX_ROUTE {
                return Err(HuntError::TooLong);
            } else {
                self.route.actions.push(item);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
