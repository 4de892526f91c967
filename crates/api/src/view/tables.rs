//! Values and counters that dialplans and programs keep in the switch (event-socket.md §6.8). Those of `hash` and
//! `limit` end with it; those of `db` and `group`, and aliases that are to stay, are kept for the next run.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::time::Timestamp;

/// A realm, and a key in it.
pub type TableKey = (Arc<str>, Arc<str>);

/// What is kept.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Values of the application `hash`.
    pub hash: RedBlackTreeMapSync<TableKey, Arc<str>>,
    /// How far resources of the application `limit` are used; those nobody uses are not in it.
    pub limits: RedBlackTreeMapSync<TableKey, Usage>,
    /// Values of `db`.
    pub db: RedBlackTreeMapSync<TableKey, Arc<str>>,
    /// Dial strings of the groups of `group`, in the order they were put in; a group without any is not there.
    pub groups: RedBlackTreeMapSync<Arc<str>, Arc<[Arc<str>]>>,
    /// Other names of console commands.
    pub aliases: RedBlackTreeMapSync<Arc<str>, Alias>,
    /// Lines a console offers beside the commands there are, as their words.
    pub completions: RedBlackTreeSetSync<Arc<[Arc<str>]>>,
}

/// What another name of a console command stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// The command, with the first of its arguments.
    pub command: Arc<str>,
    /// It is kept for the next run.
    pub is_sticky: bool,
}

impl Tables {
    /// What a question to `db` is answered: `select/<realm>/<key>` (empty when there is none), `exists/<realm>/<key>`,
    /// `count[/<realm>]`, `list[/<realm>]` (keys, or realms without one, with commas between them). `None`: it is no
    /// question.
    pub fn ask_db(&self, data: &str) -> Option<String> {
        let mut parts = data.trim().splitn(3, '/');
        let verb = parts.next()?;
        let realm = parts.next().unwrap_or_default();
        let name = parts.next();
        let key = || -> Option<TableKey> { Some((realm.into(), name?.into())) };
        let in_realm = || {
            let keys = self.db.keys();
            keys.filter(|key| realm.is_empty() || &*key.0 == realm)
        };
        Some(match verb.to_ascii_lowercase().as_str() {
            "select" => {
                let value = self.db.get(&key()?);
                value.map(ToString::to_string).unwrap_or_default()
            }
            "exists" => self.db.contains_key(&key()?).to_string(),
            "count" => in_realm().count().to_string(),
            "list" => {
                let mut names: Vec<&str> = in_realm()
                    .map(|key| if realm.is_empty() { &*key.0 } else { &*key.1 })
                    .collect();
                // Sorted by realm, so that the same ones stand together.
                names.dedup();
                names.join(",")
            }
            _ => return None,
        })
    }

    /// What a question to `group` is answered: `call:<group>[:order]` gives the dial strings, all at once or with `order`
    /// one after the other; empty when there is no such group. `None`: it is no question.
    pub fn ask_group(&self, data: &str) -> Option<String> {
        let mut parts = data.trim().splitn(3, ':');
        let (verb, group, how) = (parts.next()?, parts.next()?, parts.next());
        if !verb.eq_ignore_ascii_case("call") || group.is_empty() {
            return None;
        }
        let separator = match how {
            Some("order") => "|",
            Some(_) | None => ",",
        };
        let members = self.groups.get(group);
        Some(members.map_or_else(String::new, |members| members.join(separator)))
    }
}

/// How far a resource is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Channels that hold it.
    pub used: u32,
    /// How often it was taken in the present interval; 0 where nobody asked for a rate.
    pub rate: u32,
    /// Seconds of an interval; 0 where nobody asked for a rate.
    pub interval_s: u32,
    /// When the present interval began.
    pub since: Timestamp,
}
