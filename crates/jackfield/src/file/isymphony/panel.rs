//! What `[door.isymphony]` says of the panel page: `[[door.isymphony.group]]`, who may do what,
//! `[[door.isymphony.status]]`, what one may say of oneself, and `[door.isymphony.crm]`, the page of another program inside.

use std::collections::BTreeSet;

use api::view::StatusType;
use door_isymphony::{
    Crm, DEFAULT_GROUP, Group, GroupError, MAX_STATUSES, OfferedStatus, Right, Rights,
};

use super::super::toml_tree::{At, Source, Table};

/// Instead of rights: all of them.
const ALL: &str = "all";

/// Instead of an address: no page.
const OFF: &str = "off";

/// Groups, each with where it starts.
pub(super) fn groups(table: &mut Table<'_>) -> Vec<At<Group>> {
    let tables = table.tables("group").into_iter();
    let groups = tables.map(|(offset, mut table)| {
        let not_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let things =
            "permissionIds, or numbers of extensions, queues, parking lots and conferences";
        let name = table.parsed("name", "the name of a group", not_empty);
        let users = table.list("users", "names of users", not_empty);
        let own = rights(&mut table, "own").unwrap_or_else(Rights::all);
        let others = rights(&mut table, "others").unwrap_or_default();
        let on = table.list("on", things, not_empty);
        table.finish();
        let value = Group {
            name: name.map_or_else(String::new, |at| at.value),
            users: users.into_iter().flatten().collect(),
            own,
            others,
            on: on.map(|on| on.into_iter().collect::<BTreeSet<_>>()),
        };
        At { value, offset }
    });
    groups.collect()
}

/// Statuses, each with where it starts.
pub(super) fn statuses(table: &mut Table<'_>, source: &Source) -> Vec<At<OfferedStatus>> {
    let words: Vec<_> = StatusType::ALL.iter().map(|kind| kind.name()).collect();
    let expected = format!("one of {}", words.join(", "));
    let tables = table.tables("status");
    if let Some((offset, _)) = tables.get(MAX_STATUSES) {
        let what = format!("door.isymphony.status: at most {MAX_STATUSES}");
        source.complain(*offset, what);
    }
    let statuses = tables.into_iter().filter_map(|(offset, mut table)| {
        let name = table.text("name").unwrap_or_default();
        let kind = table.text("type").unwrap_or_default();
        table.finish();
        let Some(kind) = StatusType::parse(&kind) else {
            let what = format!("door.isymphony.status: its type is {expected}, not {kind:?}");
            source.complain(offset, what);
            return None;
        };
        let value = OfferedStatus { name, kind };
        Some(At { value, offset })
    });
    statuses.collect()
}

fn rights(table: &mut Table<'_>, key: &'static str) -> Option<Rights> {
    let words = Right::ALL.iter().map(|right| right.word());
    let words: Vec<_> = [ALL].into_iter().chain(words).collect();
    let expected = format!("some of {}", words.join(", "));
    let given = table.list(key, &expected, |word| {
        if word == ALL {
            return Some(Rights::all());
        }
        Right::of_word(word).map(|right| Rights::NONE.with(right))
    });
    Some(given?.into_iter().fold(Rights::NONE, Rights::or))
}

/// What there is when nothing is wrong. Names are looked at here, the rest by the door.
pub(super) fn check_names(groups: &[At<Group>], source: &Source) {
    for group in groups.iter().filter(|group| group.value.name.is_empty()) {
        let what = format!(
            "door.isymphony.group: a group needs a name; {DEFAULT_GROUP:?} is that of everybody who is in no other"
        );
        source.complain(group.offset, what);
    }
}

/// Where the group is that is meant.
pub(super) fn offset(error: &GroupError, groups: &[At<Group>]) -> usize {
    let (GroupError::Twice(name)
    | GroupError::Empty(name)
    | GroupError::OnNothing(name)
    | GroupError::NothingOn(name)) = error
    else {
        let mut groups = groups.iter();
        let group = groups.find(|group| group.value.name == DEFAULT_GROUP);
        return group.map_or(0, |group| group.offset);
    };
    let mut those = groups.iter().rev();
    let group = those.find(|group| group.value.name == *name);
    group.map_or(0, |group| group.offset)
}

/// `[door.isymphony.crm]`.
#[derive(Default)]
pub(super) struct Page {
    is_there: bool,
    url: Option<At<String>>,
    event: Option<At<String>>,
    title: Option<String>,
}

pub(super) fn page(mut table: Table<'_>) -> Page {
    let any = |text: &str| Some(text.to_owned());
    let page = Page {
        is_there: table.is_there(),
        url: table.parsed("url", "an address with properties of events in braces", any),
        event: table.parsed("event", "a type of events, as \"link\"", any),
        title: table.text("title"),
    };
    table.finish();
    page
}

/// The page, if there is to be one. With the built-in users that is the card of the console unless something else is said.
pub(super) fn crm(page: &Page, built_in: bool, source: &Source) -> Option<Crm> {
    let Some(url) = &page.url else {
        if page.is_there {
            let at = page.event.as_ref().map_or(0, |at| at.offset);
            source.complain(
                at,
                "door.isymphony.crm: a page needs a url, or url = \"off\"",
            );
        }
        return (built_in && !page.is_there).then(Crm::own_card);
    };
    if url.value == OFF {
        return None;
    }
    let event = page.event.as_ref();
    let kind = event.map_or(Crm::USUAL_EVENT, |at| &at.value);
    let title = page.title.as_deref().unwrap_or(Crm::USUAL_TITLE);
    let crm = Crm::new(&url.value, kind, title);
    let errors = crm.as_ref().err().into_iter().flatten();
    for error in errors {
        let (key, at) = match (error, event) {
            (door_isymphony::CrmError::NoSuchEvent(_), Some(event)) => ("event", event.offset),
            _ => ("url", url.offset),
        };
        source.complain(at, format!("door.isymphony.crm.{key}: {error}"));
    }
    crm.ok()
}
