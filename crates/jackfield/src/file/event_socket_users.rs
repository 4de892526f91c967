//! `[[door.event_socket.user]]`: who logs in by name, and what they may do.

use door_esl::{ConfigError, NO_LOG, PasswordHash, Permissions, User, Verb};

use super::schema::{EventSocket, level};
use super::toml_tree::{At, Source, Table};

/// Instead of a level: no log lines.
const OFF: &str = "off";

/// The users, each with where it starts. One without a name or a usable hash is left out, and complained about.
pub(super) fn read(table: &mut Table<'_>, source: &Source) -> Vec<At<User>> {
    let tables = table.tables("user").into_iter();
    let users = tables.filter_map(|(offset, mut table)| {
        let problems = "a name as \"operator@example.org\"";
        let name = table.parsed("name", problems, |text| {
            let (name, domain) = text.split_once('@')?;
            Some((name.to_owned(), domain.to_owned()))
        });
        let hash = table.secret("password_hash");
        let permissions = permissions(&mut table);
        table.finish();
        let complain = |at: usize, what: String| {
            source.complain(at, format!("door.event_socket.user: {what}"));
        };
        let Some(hash) = hash else {
            complain(offset, "a user needs a password_hash".to_owned());
            return None;
        };
        let password = PasswordHash::parse(&hash.value);
        if let Err(error) = &password {
            complain(hash.offset, format!("password_hash: {error}"));
        }
        let Some(At {
            value: (name, domain),
            ..
        }) = name
        else {
            complain(offset, "a user needs a name".to_owned());
            return None;
        };
        let value = User {
            name,
            domain,
            password: password.ok()?,
            permissions,
        };
        Some(At { value, offset })
    });
    users.collect()
}

fn permissions(table: &mut Table<'_>) -> Permissions {
    let words: Vec<_> = Verb::ALL.iter().map(|verb| verb.word()).collect();
    let expected = format!("some of {}", words.join(", "));
    let any = |text: &str| Some(text.to_owned());
    let expected_level =
        "off, or a level: console, alert, crit, err, warning, notice, info or debug";
    let log = table.parsed("log", expected_level, |text| {
        if text.eq_ignore_ascii_case(OFF) {
            return Some(NO_LOG);
        }
        i8::try_from(level(text)? as u8).ok()
    });
    Permissions {
        commands: table.list("commands", &expected, Verb::of_word),
        api: table.list("api", "names of console commands", any),
        events: table.list(
            "events",
            "names of events, and subclasses behind CUSTOM",
            any,
        ),
        log: log.map(|at| at.value),
    }
}

/// Where each user starts.
pub(super) fn places(section: &EventSocket) -> Vec<(String, usize)> {
    let place = |user: &At<User>| {
        let name = format!("{}@{}", user.value.name, user.value.domain);
        (name, user.offset)
    };
    section.users.iter().map(place).collect()
}

/// Where the last user of that name is, when the error is about one.
pub(super) fn place(error: &ConfigError, users: Option<&[(String, usize)]>) -> Option<usize> {
    let (ConfigError::UserName(name)
    | ConfigError::UserEvent { name, .. }
    | ConfigError::UserApi { name, .. }) = error
    else {
        return None;
    };
    let mut those = users?.iter().rev();
    those.find(|(other, _)| other == name).map(|(_, at)| *at)
}
