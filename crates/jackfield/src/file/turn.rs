//! `[door.sylkrtc.turn]`: servers that help the browsers of registered accounts through networks.

use std::time::Duration;

use door_sylkrtc::{IceUrl, Secret, TurnAccess, TurnConfig};

use super::toml_tree::{Source, Table};

/// Life of time-limited credentials when the file says nothing: a working day's calls and a night.
const TTL: Duration = Duration::from_secs(24 * 3_600);

/// Reads the section; `None` where there is none, or one that says nothing usable.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Option<TurnConfig> {
    let is_there = table.is_there();
    let expected =
        "addresses, as \"stun:stun.example.org\" or \"turn:turn.example.org:3478?transport=udp\"";
    let urls = table.list("urls", expected, IceUrl::parse);
    let username = table.parsed("username", "a text", |text| Some(text.to_owned()));
    let password = table.secret("password");
    let secret = table.secret("secret");
    let ttl = table.duration("ttl");
    table.finish();
    if !is_there {
        return None;
    }
    let offset = [&username, &password, &secret]
        .into_iter()
        .flatten()
        .map(|at| at.offset)
        .next();
    let access = match (username, password, secret) {
        (None, None, None) => TurnAccess::None,
        (Some(username), Some(password), None) => TurnAccess::Static {
            username: username.value,
            password: Secret::new(password.value),
        },
        (None, None, Some(secret)) => TurnAccess::Limited {
            secret: Secret::new(secret.value),
            ttl: ttl.unwrap_or(TTL),
        },
        _ => {
            let what = "door.sylkrtc.turn: username and password go together, and without secret";
            source.complain(offset.unwrap_or_default(), what);
            return None;
        }
    };
    if ttl.is_some() && !matches!(access, TurnAccess::Limited { .. }) {
        let what = "door.sylkrtc.turn.ttl: only credentials made of a secret have an end";
        source.complain(offset.unwrap_or_default(), what);
    }
    Some(TurnConfig {
        urls: urls.unwrap_or_default(),
        access,
    })
}
