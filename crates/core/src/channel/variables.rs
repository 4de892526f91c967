//! Reading and setting variables of live channels.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use api::event::{EventKind, SystemEvent};
use api::variables::{Value, Variables};
use api::view::Channel;
use api::{ChannelId, View};

use super::profile_field;
use crate::Switch;
use crate::expand;
use crate::lookup::Lookup;

/// A channel (or none) in front of the global variables.
pub(crate) struct Scope<'s> {
    pub(crate) channel: Option<&'s Channel>,
    pub(crate) view: &'s View,
    pub(crate) now: jiff::Zoned,
    /// API functions that were called, with their arguments.
    pub(crate) called: RefCell<Vec<(Box<str>, Box<str>)>>,
}

impl Lookup for Scope<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(channel) = self.channel {
            if let Some(value) = channel.variables.get(name) {
                return Some(match value {
                    Value::Text(text) => Cow::Borrowed(&**text),
                    Value::List(_) => Cow::Owned(value.to_text().to_string()),
                });
            }
            if let Some(field) = profile_field(channel, name) {
                return Some(field);
            }
        }
        self.view.globals.get(name).map(|v| Cow::Borrowed(&**v))
    }

    fn profile(&self, name: &str) -> Option<Cow<'_, str>> {
        profile_field(self.channel?, name)
    }

    fn call(&self, function: &str, arguments: &str) -> Option<String> {
        let result = crate::functions::call(self, function, arguments)?;
        let call = (function.into(), arguments.into());
        self.called.borrow_mut().push(call);
        Some(result)
    }
}

/// What `${…}` finds on a channel as it was at some moment; `now` is the local time of functions.
pub fn lookup_of<'s>(channel: &'s Channel, view: &'s View, now: jiff::Zoned) -> impl Lookup + 's {
    Scope {
        channel: Some(channel),
        view,
        now,
        called: RefCell::default(),
    }
}

impl Switch {
    /// The lookup of a channel, or of nobody.
    pub(crate) fn scope<'s>(&'s self, channel: Option<&'s Channel>) -> Scope<'s> {
        Scope {
            channel,
            view: &self.view,
            now: self.local_time(),
            called: RefCell::default(),
        }
    }

    /// Expands `${…}` with a channel's variables. What cannot be expanded (limits) stays as it is, with a log line.
    pub(crate) fn expand_for(&self, id: &ChannelId, text: &str) -> Arc<str> {
        if !expand::has_expansion(text) {
            return text.into();
        }
        let channel = self.channels.get(id).map(|live| &*live.seen);
        match expand::expand(text, &self.scope(channel)) {
            Ok(expanded) => expanded.as_ref().into(),
            Err(error) => {
                tracing::warn!(channel = %id, %error, "Text is left unexpanded");
                text.into()
            }
        }
    }

    /// Expands what an application is given; API functions called on the way are told, as if a client had called
    /// them.
    pub(crate) fn expand_and_tell(&mut self, id: &ChannelId, text: &str) -> Arc<str> {
        if !expand::is_expanded_as_argument(text) {
            return text.into();
        }
        let channel = self.channels.get(id).map(|live| &*live.seen);
        let scope = self.scope(channel);
        let expanded = expand::expand_argument(text, &scope).map(|text| Arc::<str>::from(&*text));
        for (command, argument) in scope.called.into_inner() {
            let event = SystemEvent::ApiExecuted {
                command: command.into(),
                argument: Some(argument.into()),
                job: None,
            };
            self.publish(EventKind::System(event), None);
        }
        expanded.unwrap_or_else(|error| {
            tracing::warn!(channel = %id, %error, "Text is left unexpanded");
            text.into()
        })
    }

    /// Sets a variable; an empty value removes it. Beyond [`Variables::MAX`] new ones are refused.
    pub(crate) fn set_var(&mut self, id: &ChannelId, name: &str, value: impl Into<Value>) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let variables = &live.seen.variables;
        if variables.len() >= Variables::MAX && variables.get(name).is_none() {
            tracing::warn!(channel = %id, "Too many variables, one is refused");
            return;
        }
        live.seen_mut().variables.set(name, value);
        self.touch(id);
    }

    pub(crate) fn unset_var(&mut self, id: &ChannelId, name: &str) {
        if let Some(live) = self.channels.get_mut(id)
            && live.seen_mut().variables.remove(name)
        {
            self.touch(id);
        }
    }

    /// The text of a variable.
    pub(crate) fn var(&self, id: &ChannelId, name: &str) -> Option<&str> {
        self.channels.get(id)?.seen.variables.text(name)
    }

    pub(crate) fn var_true(&self, id: &ChannelId, name: &str) -> bool {
        self.var(id, name).is_some_and(api::variables::is_true)
    }

    /// Sets several variables of a channel that was just made, without an event.
    pub(crate) fn set_vars(&mut self, id: &ChannelId, pairs: &[(&str, String)]) {
        for (name, value) in pairs {
            self.set_var(id, name, value.as_str());
        }
    }
}
