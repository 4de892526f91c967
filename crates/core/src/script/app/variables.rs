//! `set` and its relatives.

use std::sync::Arc;

use api::ChannelId;
use api::variables::Value;

use super::Started;
use crate::Switch;
use crate::dialplan::Expression;

fn pair(data: &str) -> Option<(&str, &str)> {
    let (name, value) = data.split_once('=').unwrap_or((data, ""));
    let name = name.trim();
    (!name.is_empty()).then_some((name, value.trim_start()))
}

pub(super) fn set(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if let Some((name, value)) = pair(data) {
        switch.set_var(id, name, value);
    }
    Started::Done
}

pub(super) fn unset(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    switch.unset_var(id, data.trim());
    Started::Done
}

pub(super) fn multiset(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (separator, list) = separated(data);
    for item in list.split(separator) {
        set(switch, id, item);
    }
    Started::Done
}

/// `<user>@<domain> [<prefix>]`: the variables of a user, each with the prefix in front of its name.
pub(super) fn set_user(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (address, prefix) = data.trim().split_once(' ').unwrap_or((data.trim(), ""));
    let (name, domain) = address.split_once('@').unwrap_or((address, ""));
    let Some(user) = switch.view.directory.user(domain, name).cloned() else {
        tracing::warn!(channel = %id, user = address, "There is no such user");
        return Started::Done;
    };
    let prefix = prefix.trim();
    for (name, value) in &user.variables {
        switch.set_var(id, &format!("{prefix}{name}"), &**value);
    }
    switch.set_var(id, "user_name", &*user.id);
    switch.set_var(id, "domain_name", &*user.domain);
    Started::Done
}

/// `[^^<delimiter>]<name> <name>…`
pub(super) fn multiunset(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (separator, list) = separated(data);
    for name in list.split(separator) {
        unset(switch, id, name);
    }
    Started::Done
}

/// What follows `^^` separates; a blank otherwise.
fn separated(data: &str) -> (char, &str) {
    let named = data.strip_prefix("^^").map(str::chars);
    match named.map(|mut chars| (chars.next(), chars.as_str())) {
        Some((Some(separator), list)) => (separator, list),
        Some((None, list)) => (' ', list),
        None => (' ', data),
    }
}

pub(super) fn export(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (local, data) = match data.strip_prefix("nolocal:") {
        Some(rest) => (false, rest),
        None => (true, data),
    };
    let Some((name, value)) = pair(data) else {
        return Started::Done;
    };
    // A name exported twice stands in the list twice, as clients of the original see it.
    let list = match switch.var(id, "export_vars") {
        Some(list) => format!("{list},{}{name}", if local { "" } else { "nolocal:" }),
        None => format!("{}{name}", if local { "" } else { "nolocal:" }),
    };
    let held = if local {
        name.to_owned()
    } else {
        format!("nolocal:{name}")
    };
    switch.set_var(id, &held, value);
    switch.set_var(id, "export_vars", list);
    Started::Done
}

pub(super) fn bridge_export(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((name, value)) = pair(data) else {
        return Started::Done;
    };
    let list = match switch.var(id, "bridge_export_vars") {
        Some(list) => format!("{list},{name}"),
        None => name.to_owned(),
    };
    switch.set_var(id, name, value);
    switch.set_var(id, "bridge_export_vars", list);
    Started::Done
}

fn extend(switch: &mut Switch, id: &ChannelId, data: &str, front: bool) -> Started {
    let Some((name, value)) = pair(data) else {
        return Started::Done;
    };
    let mut items: Vec<Arc<str>> = match switch
        .channels
        .get(id)
        .and_then(|live| live.seen.variables.get(name))
    {
        Some(Value::List(items)) => items.to_vec(),
        Some(Value::Text(text)) => vec![text.clone()],
        None => Vec::new(),
    };
    if front {
        items.insert(0, value.into());
    } else {
        items.push(value.into());
    }
    switch.set_var(id, name, Value::List(items.into()));
    Started::Done
}

/// `<variable>|<text>|<expression>`: the variable becomes the list of what the expression catches, all of it first, as
/// `DP_MATCH` does; a text that does not match leaves it as it is.
pub(super) fn capture(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let parts = data.split_once('|');
    let parts = parts.and_then(|(name, rest)| Some((name.trim(), rest.split_once('|')?)));
    let Some((name, (text, written))) = parts.filter(|(name, _)| !name.is_empty()) else {
        tracing::warn!(channel = %id, data, "capture does not say what is looked for in which text");
        return Started::Done;
    };
    match Expression::compile(written).and_then(|expression| expression.captures(text)) {
        Ok(Some(caught)) => {
            let groups = (0..caught.len()).map(|at| caught.get(at).unwrap_or_default().into());
            switch.set_var(id, name, Value::List(groups.collect()));
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(channel = %id, written, %error, "capture has an expression that cannot be used");
        }
    }
    Started::Done
}

pub(super) fn push(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    extend(switch, id, data, false)
}

pub(super) fn unshift(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    extend(switch, id, data, true)
}

pub(super) fn set_global(switch: &mut Switch, _id: &ChannelId, data: &str) -> Started {
    if let Some((name, value)) = pair(data) {
        switch.set_global(name, value);
    }
    Started::Done
}

pub(super) fn set_profile_var(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((name, value)) = pair(data) else {
        return Started::Done;
    };
    let Some(live) = switch.channels.get_mut(id) else {
        return Started::Done;
    };
    let profile = live.profile_mut();
    let slot = match name {
        "dialplan" => &mut profile.dialplan,
        "username" => &mut profile.username,
        "caller_id_name" => &mut profile.caller_id_name,
        "caller_id_number" => &mut profile.caller_id_number,
        "callee_id_name" => &mut profile.callee_id_name,
        "callee_id_number" => &mut profile.callee_id_number,
        "ani" => &mut profile.ani,
        "aniii" => &mut profile.ani_ii,
        "network_addr" => &mut profile.network_addr,
        "rdnis" => &mut profile.rdnis,
        "destination_number" => &mut profile.destination_number,
        "context" => &mut profile.context,
        "source" => &mut profile.source,
        other => {
            profile.custom.retain(|(n, _)| &**n != other);
            if !value.is_empty() {
                profile.custom.push((other.into(), value.into()));
            }
            switch.touch(id);
            return Started::Done;
        }
    };
    *slot = value.into();
    switch.touch(id);
    Started::Done
}

/// `no|yes|name|full|number`: what is hidden from whomever the channel calls from now on.
pub(super) fn privacy(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let word = data.trim().to_ascii_lowercase();
    let (name, number) = match word.as_str() {
        "no" | "off" => (false, false),
        "yes" | "on" | "full" => (true, true),
        "name" => (true, false),
        "number" => (false, true),
        _ => {
            tracing::warn!(channel = %id, data, "privacy does not say what is hidden");
            return Started::Done;
        }
    };
    if let Some(live) = switch.channels.get_mut(id) {
        let profile = live.profile_mut();
        profile.privacy_hide_name = name;
        profile.privacy_hide_number = number;
        switch.touch(id);
    }
    Started::Done
}

pub(super) fn set_name(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if let Some(live) = switch.channels.get_mut(id).filter(|_| !data.is_empty()) {
        live.seen_mut().name = data.into();
        live.profile_mut().channel_name = data.into();
        switch.set_var(id, "channel_name", data);
    }
    Started::Done
}

/// `<variable>=<format>`: the local time.
pub(super) fn strftime(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Some((name, format)) = pair(data).filter(|(_, format)| !format.is_empty()) else {
        tracing::warn!(channel = %id, data, "strftime does not say which variable and format");
        return Started::Done;
    };
    match crate::functions::formatted(&switch.local_time(), format) {
        Some(text) => switch.set_var(id, name, text),
        None => tracing::warn!(channel = %id, format, "strftime has a format that means nothing"),
    }
    Started::Done
}

/// Its argument was expanded, which is all it is for.
pub(super) fn eval(_: &mut Switch, _: &ChannelId, _: &str) -> Started {
    Started::Done
}

#[cfg(test)]
mod tests {
    use super::Value;
    use crate::rig::Rig;

    #[test]
    fn capture_keeps_what_an_expression_catches() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        let list = |rig: &Rig, name: &str| match rig.channel(&a).variables.get(name) {
            Some(Value::List(items)) => items.join("+"),
            other => format!("{other:?}"),
        };
        rig.run(
            &a,
            "m:~:capture:who|12-34-56|(\\d+)-(\\d+)-(x)?~capture:no|abc|^x$~capture:bad|abc|(~capture:|a|a~capture:a|a~park",
        );
        assert_eq!(list(&rig, "who"), "12-34-+12+34+");
        for name in ["no", "bad", "", "a"] {
            assert_eq!(list(&rig, name), "None", "{name}");
        }
    }

    #[test]
    fn strftime_sets_a_variable_to_the_time() {
        let mut rig = Rig::new();
        let a = rig.park("null/a");
        rig.run(&a, "strftime:day=%Y-%m-%d,strftime:time=%H:%M:%S,park");
        let variable = |rig: &Rig, name: &str| rig.channel(&a).variable(name).map(str::to_owned);
        let stamp = rig.switch.local_stamp(rig.now().wall);
        let (day, time) = stamp.split_once(' ').unwrap();
        assert_eq!(variable(&rig, "day").as_deref(), Some(day));
        assert_eq!(variable(&rig, "time").as_deref(), Some(time));
        rig.run(
            &a,
            "strftime:day=,strftime:day,strftime:=%Y,strftime:day=%!,park",
        );
        assert_eq!(variable(&rig, "day").as_deref(), Some(day));
        assert_eq!(variable(&rig, ""), None);
    }
}
