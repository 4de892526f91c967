//! The dialplan looked up for a channel, with what it may run on the way.

use api::ChannelId;
use api::variables::Value;

use super::find;
use crate::Switch;
use crate::dialplan::Captures;
use crate::lookup::{Hunting, Lookup};

/// A channel looking up the dialplan, with `inline="true"` actions run at once.
pub(crate) struct HuntingChannel<'s> {
    pub(crate) switch: &'s mut Switch,
    pub(crate) id: &'s ChannelId,
}

impl Lookup for HuntingChannel<'_> {
    fn variable(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        let live = self.switch.channels.get(self.id)?;
        // The scope borrows for one question only, so the answer is copied out.
        let scope = self.switch.scope(Some(&live.seen));
        scope.variable(name).map(|value| value.into_owned().into())
    }

    fn profile(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        crate::channel::profile_field(&self.switch.channels.get(self.id)?.seen, name)
    }

    fn call(&self, function: &str, arguments: &str) -> Option<String> {
        let live = self.switch.channels.get(self.id)?;
        crate::functions::call(&self.switch.scope(Some(&live.seen)), function, arguments)
    }
}

impl Hunting for HuntingChannel<'_> {
    fn caught(&mut self, captures: &Captures) {
        let groups =
            (0..captures.len()).map(|group| captures.get(group).unwrap_or_default().into());
        let groups = Value::List(groups.collect());
        self.switch.set_var(self.id, "DP_MATCH", groups);
    }

    fn run_inline(&mut self, application: &str, data: &str) {
        const INLINE: &[&str] = &[
            "set",
            "unset",
            "export",
            "multiset",
            "push",
            "unshift",
            "set_global",
            "set_profile_var",
            "log",
            "eval",
            "event",
        ];
        match find(application).filter(|entry| INLINE.contains(&entry.name)) {
            Some(entry) => {
                let data = self.switch.expand_for(self.id, data);
                (entry.start)(self.switch, self.id, &data);
            }
            None => {
                tracing::warn!(channel = %self.id, application, "Application cannot run inline")
            }
        }
    }
}
