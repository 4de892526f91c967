//! `bind_meta_app`: `*` and a key let a bridged channel run an application (event-socket.md §6.9).

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::ChannelId;
use api::command::channel::QueuedAction;

use super::Started;
use crate::Switch;
use crate::script::QueuedMessage;

/// How long after `*` the key may come.
const KEY_TIME: Duration = Duration::from_secs(3);

/// What one channel has bound, and where it is with its keys.
#[derive(Debug, Default)]
pub(crate) struct MetaKeys {
    bindings: Vec<Binding>,
    /// `*` was pressed on this channel then.
    star: Option<Instant>,
}

/// One key.
#[derive(Clone, Debug)]
struct Binding {
    key: char,
    /// Pressed by the channel itself; by its partner.
    own: bool,
    partners: bool,
    on: Where,
    once: bool,
    name: Arc<str>,
    data: Arc<str>,
}

/// Which channel runs the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    /// The one that has bound the key.
    Binder,
    /// Its partner.
    Partner,
    /// Who pressed it.
    Same,
    /// The other one.
    Opposite,
}

/// `<key> [a|b|ab] [a|b|o|s|i|1] <application>[::<argument>]`
fn parse(data: &str) -> Option<Binding> {
    let mut words = data.trim().splitn(4, ' ');
    let mut key = words.next()?.chars();
    let (key, listens, flags) = (key.next()?, words.next()?, words.next()?);
    if !matches!(key, '0'..='9' | '*' | '#') {
        return None;
    }
    let application = words.next()?.trim();
    let (name, argument) = application.split_once("::").unwrap_or((application, ""));
    let mut on = Where::Same;
    for flag in flags.chars() {
        match flag {
            'a' => on = Where::Binder,
            'b' => on = Where::Partner,
            's' => on = Where::Same,
            'o' => on = Where::Opposite,
            // Whether it is run within the bridge or beside it makes no difference here.
            'i' | '1' => {}
            _ => return None,
        }
    }
    (!name.is_empty()).then(|| Binding {
        key,
        own: listens.contains('a'),
        partners: listens.contains('b'),
        on,
        once: flags.contains('1'),
        name: name.into(),
        // It was expanded already; what came of that is not looked at again when it is run.
        data: argument.replace("${", "\\${").into(),
    })
}

pub(super) fn bind_meta_app(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some(binding) = parse(data) else {
        tracing::warn!(channel = %id, data, "bind_meta_app does not say which key does what");
        return Started::Done;
    };
    if let Some(live) = switch.channels.get_mut(id) {
        // One binding of each key.
        live.meta.bindings.retain(|one| one.key != binding.key);
        live.meta.bindings.push(binding);
    }
    Started::Done
}

/// `[<key>]`; without one, all.
pub(super) fn unbind_meta_app(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let key = data.trim().chars().next();
    if let Some(live) = switch.channels.get_mut(id) {
        live.meta
            .bindings
            .retain(|binding| key.is_some_and(|key| binding.key != key));
    }
    Started::Done
}

impl Switch {
    /// A digit of a bridged channel; true when it belongs to a binding, and goes no further.
    pub(crate) fn meta_digit(&mut self, id: &ChannelId, digit: char) -> bool {
        let now = self.now.mono;
        let Some(live) = self.channels.get_mut(id) else {
            return false;
        };
        let Some(partner) = live.bridge.as_ref().map(|bridge| bridge.peer.clone()) else {
            return false;
        };
        let star = live.meta.star.take();
        let pending = star.is_some_and(|at| now.saturating_duration_since(at) <= KEY_TIME);
        if !pending {
            if digit == '*' && self.has_bindings(id, &partner) {
                if let Some(live) = self.channels.get_mut(id) {
                    live.meta.star = Some(now);
                }
                return true;
            }
            return false;
        }
        let own = self.take_binding(id, |binding| binding.key == digit && binding.own);
        let found = match own {
            Some(binding) => Some((binding, id.clone(), partner.clone())),
            None => self
                .take_binding(&partner, |binding| binding.key == digit && binding.partners)
                .map(|binding| (binding, partner.clone(), id.clone())),
        };
        let Some((binding, binder, other)) = found else {
            // It was meant for somebody else: what was held back goes on.
            self.pass_held_star(id);
            return false;
        };
        let target = match binding.on {
            Where::Binder => binder,
            Where::Partner => other,
            Where::Same => id.clone(),
            Where::Opposite => partner,
        };
        let action = QueuedAction::Run {
            name: binding.name,
            data: binding.data,
            loops: 1,
            event_uuid: None,
            event_uuid_name: None,
            hold_bleg: false,
            lead_frames: 0,
        };
        let message = QueuedMessage {
            action,
            ..QueuedMessage::default()
        };
        if let Err(error) = self.queue_message(&target, message, true) {
            tracing::warn!(channel = %target, %error, "What a key is bound to is not run");
        }
        true
    }

    fn has_bindings(&self, id: &ChannelId, partner: &ChannelId) -> bool {
        let any = |id: &ChannelId, listens: fn(&Binding) -> bool| {
            let live = self.channels.get(id);
            live.is_some_and(|live| live.meta.bindings.iter().any(listens))
        };
        any(id, |binding| binding.own) || any(partner, |binding| binding.partners)
    }

    fn take_binding(
        &mut self,
        id: &ChannelId,
        is_meant: impl Fn(&Binding) -> bool,
    ) -> Option<Binding> {
        let bindings = &mut self.channels.get_mut(id)?.meta.bindings;
        let at = bindings.iter().position(is_meant)?;
        let binding = bindings.get(at)?.clone();
        if binding.once {
            bindings.remove(at);
        }
        Some(binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::command::channel::ReceiveDtmf;

    use crate::rig::Rig;

    #[test]
    fn keys_as_dialplans_bind_them() {
        let binding = parse("1 ab o1 execute_extension::dx XML ${x}").unwrap();
        assert_eq!(
            (binding.key, binding.own, binding.partners),
            ('1', true, true)
        );
        assert_eq!((binding.on, binding.once), (Where::Opposite, true));
        assert_eq!(&*binding.name, "execute_extension");
        assert_eq!(&*binding.data, "dx XML \\${x}");
        assert_eq!(parse("2 b s hangup").unwrap().on, Where::Same);
        for wrong in [
            "",
            "1",
            "1 a",
            "1 a s",
            "x a s hangup",
            "1 a q hangup",
            "1 a s ",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
        let (channel, digits) = (id.clone(), digits.into());
        rig.get(ReceiveDtmf { channel, digits }).unwrap();
    }

    fn is(rig: &Rig, id: &ChannelId, name: &str) -> Option<String> {
        rig.channel(id).variable(name).map(str::to_owned)
    }

    #[test]
    fn a_bridged_channel_runs_what_its_keys_are_bound_to() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        rig.run(
            &a,
            "set:name=a ${literal},bind_meta_app:1 a s set::own=${name},bind_meta_app:2 b o1 set::asked=yes,bridge:null/b",
        );
        let other = rig.view.channels.values().find(|one| one.id != a);
        let b = other.unwrap().id.clone();
        assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&b));
        // Without a star it is a digit like any other.
        press(&mut rig, &a, "1");
        assert_eq!(is(&rig, &a, "own"), None);
        press(&mut rig, &a, "*1");
        assert_eq!(is(&rig, &a, "own").as_deref(), Some("a"));
        // The second key is that of the partner, and works once.
        press(&mut rig, &a, "*2");
        assert_eq!(is(&rig, &a, "asked"), None);
        press(&mut rig, &b, "*2");
        assert_eq!(is(&rig, &a, "asked").as_deref(), Some("yes"));
        rig.switch.unset_var(&a, "asked");
        press(&mut rig, &b, "*2");
        rig.pass(Duration::from_millis(20));
        assert_eq!(is(&rig, &a, "asked"), None);
        // Too late is not at all.
        rig.switch.unset_var(&a, "own");
        press(&mut rig, &a, "*");
        rig.pass(Duration::from_secs(4));
        press(&mut rig, &a, "1");
        assert_eq!(is(&rig, &a, "own"), None);
        assert!(rig.channel(&a).bridged_to.is_some(), "the call goes on");
    }

    #[test]
    fn keys_are_let_go() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        rig.run(
            &a,
            "bind_meta_app:1 a s set::one=1,bind_meta_app:2 a s set::two=2,unbind_meta_app:1,bridge:null/b",
        );
        press(&mut rig, &a, "*1");
        press(&mut rig, &a, "*2");
        assert_eq!(is(&rig, &a, "one"), None);
        assert_eq!(is(&rig, &a, "two").as_deref(), Some("2"));
    }
}
