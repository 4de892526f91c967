//! What a 2.x installation had that is configuration here, and no object: statuses people choose from, and permission groups
//! (event-api.md §9; docs/decisions/0025-rights-of-people-at-the-panel.md).

use std::collections::BTreeSet;

use api::view::StatusType;

use super::super::Notes;
use super::super::tree::{Thing, plain};
use crate::rights::{DEFAULT_GROUP, Group, Right, Rights};
use crate::statuses::{MAX_STATUSES, OfferedStatus};

/// Statuses and groups that were found, for the configuration file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PanelLines {
    /// What people may say of themselves.
    pub statuses: Vec<OfferedStatus>,
    /// Who may do what to others.
    pub groups: Vec<Group>,
    /// What conferences do by themselves.
    pub conferences: Vec<ConferenceLines>,
}

/// A conference room with flags.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConferenceLines {
    /// The number by which it is known.
    pub name: String,
    /// It is recorded.
    pub record: bool,
    /// Who comes is announced.
    pub announce_join: bool,
    /// Who goes is announced.
    pub announce_leave: bool,
    /// How many there are is said.
    pub announce_count: bool,
}

impl ConferenceLines {
    /// Sets a flag by its name in 2.x, as it is compared; false: it is none. Of the flags that announce something it is only
    /// known that they are there: one of that name alone is taken for coming and going.
    fn set(&mut self, flag: &str, on: bool) -> bool {
        let (join, leave, count) = match flag {
            "record" | "recorded" | "recording" => {
                self.record = on;
                return true;
            }
            "announce"
            | "announcements"
            | "announceuser"
            | "announceusers"
            | "announcejoinleave"
            | "announceuserjoinleave" => (true, true, false),
            "announcejoin" | "announceuserjoin" | "announceenter" => (true, false, false),
            "announceleave" | "announceuserleave" | "announceexit" => (false, true, false),
            "announcecount" | "announceusercount" => (false, false, true),
            _ => return false,
        };
        if join {
            self.announce_join = on;
        }
        if leave {
            self.announce_leave = on;
        }
        if count {
            self.announce_count = on;
        }
        true
    }
}

/// Words of permission flags, as they are compared, and what they are here.
const FLAGS: [(&str, Right); 17] = [
    ("call", Right::Call),
    ("originate", Right::Call),
    ("hold", Right::Hold),
    ("transfer", Right::Transfer),
    ("mute", Right::Mute),
    ("record", Right::Record),
    ("hangup", Right::Hangup),
    ("agentlogin", Right::AgentLogin),
    ("loginagent", Right::AgentLogin),
    ("pausemember", Right::PauseMember),
    ("memberpause", Right::PauseMember),
    ("donotdisturb", Right::DoNotDisturb),
    ("dnd", Right::DoNotDisturb),
    ("voicemail", Right::Voicemail),
    ("park", Right::Park),
    ("penalty", Right::Penalty),
    ("view", Right::See),
];

/// What flags may begin with.
const BEFORE: [&str; 4] = ["can", "may", "allow", "permit"];

impl PanelLines {
    pub(super) fn take(&mut self, tenant: &Thing, notes: &mut Notes) {
        let all = tenant.all();
        for thing in &all {
            match thing.kind().as_str() {
                "status" if !thing.fields.is_empty() => self.status(thing, notes),
                "conferenceroom" if !thing.fields.is_empty() => self.conference(thing, notes),
                "permissiongroup" if !thing.fields.is_empty() => self.group(thing, &all, notes),
                "permission" if !thing.fields.is_empty() => {
                    notes.left("permission: it is in no permission group that is known by name");
                }
                _ => {}
            }
        }
    }

    fn conference(&mut self, thing: &Thing, notes: &mut Notes) {
        let Some(name) = thing.field(&["room_number"]) else {
            // That is said where the object is made of it.
            return;
        };
        let mut lines = ConferenceLines::default();
        for (field, value) in &thing.fields {
            let known = is_on(value).is_some_and(|on| lines.set(&plain(field), on));
            if !known && is_flag_of_conference(field) {
                notes.left(format!("conferenceroom {name}: {field}"));
            }
        }
        if lines == ConferenceLines::default() {
            return;
        }
        if self.conferences.iter().any(|there| there.name == name) {
            notes.left(format!(
                "conferenceroom {name}: its flags, as another has this number"
            ));
            return;
        }
        notes.took(format!("flags of conference room {name}"));
        name.clone_into(&mut lines.name);
        self.conferences.push(lines);
    }

    fn status(&mut self, thing: &Thing, notes: &mut Notes) {
        let name = thing.field(&["name"]).unwrap_or_default();
        let word = thing.field(&["type", "statusType"]).unwrap_or_default();
        let kind = StatusType::ALL.iter().find(|kind| {
            plain(kind.name()) == plain(word) || plain(&format!("{kind:?}")) == plain(word)
        });
        let is_there = |status: &OfferedStatus| status.name == name;
        match kind {
            _ if name.is_empty() => notes.left("status: one without a name"),
            _ if self.statuses.iter().any(is_there) => {
                notes.left(format!("status {name}: it is there already"));
            }
            _ if self.statuses.len() == MAX_STATUSES => {
                notes.left(format!("status {name}: there are {MAX_STATUSES} already"));
            }
            None => notes.left(format!("status {name}: of a type that is not known")),
            Some(kind) => {
                notes.took(format!("status {name}"));
                self.statuses.push(OfferedStatus {
                    name: name.to_owned(),
                    kind: *kind,
                });
            }
        }
    }

    /// What its members may do to others: to themselves everybody may do everything.
    fn group(&mut self, thing: &Thing, all: &[&Thing], notes: &mut Notes) {
        let Some(name) = thing.field(&["name"]) else {
            notes.left("permissiongroup: one without a name");
            return;
        };
        let mut users = BTreeSet::new();
        let mut others = Rights::NONE;
        for inner in thing.all() {
            for (field, value) in &inner.fields {
                let is_name_of_user =
                    matches!(inner.kind().as_str(), "profile" | "user" | "member")
                        && matches!(plain(field).as_str(), "name" | "text");
                match plain(field).as_str() {
                    "profile" | "user" | "member" => users.extend(names(value)),
                    _ if is_name_of_user => users.extend(names(value)),
                    "name" => {}
                    flag => match (right(flag), is_on(value)) {
                        (Some(right), Some(true)) => others = others.with(right),
                        (Some(_), Some(false)) => {}
                        (Some(_) | None, _) => {
                            notes.left(format!("permissiongroup {name}: {field}"));
                        }
                    },
                }
            }
        }
        for profile in all.iter().filter(|thing| thing.kind() == "profile") {
            let of = profile.field(&["permission_group", "permissions"]);
            if let (Some(user), true) = (profile.field(&["name"]), of == Some(name)) {
                users.insert(user.to_owned());
            }
        }
        let why = if self.groups.iter().any(|group| group.name == name) {
            "another one is called so"
        } else if name == DEFAULT_GROUP {
            // It is everybody's here.
            users.clear();
            ""
        } else if users.is_empty() {
            "nobody is in it"
        } else {
            ""
        };
        if !why.is_empty() {
            notes.left(format!("permissiongroup {name}: {why}"));
            return;
        }
        notes.took(format!(
            "permission group {name}: {} users may {} what is others'",
            users.len(),
            others.words().join(", ")
        ));
        self.groups.push(Group {
            name: name.to_owned(),
            users,
            own: Rights::all(),
            others,
            on: None,
        });
    }
}

/// Each alone, or several with something between.
fn names(value: &str) -> impl Iterator<Item = String> {
    let parts = value.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    parts.filter(|part| !part.is_empty()).map(str::to_owned)
}

/// Whether a field of a conference room is looked at here, and not where the object is made.
pub(super) fn is_flag_of_conference(field: &str) -> bool {
    let field = plain(field);
    field.starts_with("announce") || field.starts_with("record")
}

fn right(flag: &str) -> Option<Right> {
    let known = |flag: &str| {
        let mut all = FLAGS.iter();
        all.find(|(word, _)| *word == flag).map(|(_, right)| *right)
    };
    let shorter = BEFORE.iter().find_map(|before| flag.strip_prefix(before));
    known(flag).or_else(|| known(shorter?))
}

fn is_on(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (PanelLines, Notes) {
        let (mut lines, mut notes) = (PanelLines::default(), Notes::default());
        lines.take(&Thing::read(text).unwrap(), &mut notes);
        (lines, notes)
    }

    #[test]
    fn rooms_record_and_announce() {
        let (lines, notes) = read(
            r#"<t><conference_room name="a" room_number="3000" record="1" announce_user_join_leave="yes" announce_count="0"/>
            <conference_room name="b" room_number="3001" announceUserCount="true" announce_tune="ding"/>
            <conference_room name="c" room_number="3002" record="0"/><conference_room name="d" record="1"/>
            <conference_room name="e" room_number="3000" record="1"/></t>"#,
        );
        let found: Vec<_> = lines
            .conferences
            .iter()
            .map(|one| {
                let flags = [
                    one.record,
                    one.announce_join,
                    one.announce_leave,
                    one.announce_count,
                ];
                (&*one.name, flags)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("3000", [true, true, true, false]),
                ("3001", [false, false, false, true])
            ]
        );
        assert_eq!(
            notes.left_out,
            [
                "conferenceroom 3001: announce_tune",
                "conferenceroom 3000: its flags, as another has this number"
            ]
        );
    }

    #[test]
    fn statuses_are_offered() {
        let (lines, notes) = read(
            r#"<t><statuses><status name="Lunch" type="away"/><status name="Gone" type="extended_away"/>
            <status name="Lunch" type="chat"/><status name="Odd" type="sleepy"/><status type="chat"/></statuses></t>"#,
        );
        let found: Vec<_> = lines
            .statuses
            .iter()
            .map(|one| (&*one.name, one.kind))
            .collect();
        assert_eq!(
            found,
            [
                ("Lunch", StatusType::Away),
                ("Gone", StatusType::ExtendedAway)
            ]
        );
        assert_eq!(notes.left_out.len(), 3, "{notes:?}");
    }

    #[test]
    fn permission_groups_are_what_may_be_done_to_others() {
        let (lines, notes) = read(
            r#"<t><permission_group name="lead" can_hangup="1" hold="true" transfer="0" fly="1">
            <profile name="ana"/><profile>bo</profile></permission_group>
            <profile name="cy" permission_group="lead"/><profile name="di" permission_group="none"/>
            <permission_group name="nobody" hold="1"/><permission_group name="default" voice_mail="1" users="x"/></t>"#,
        );
        let [lead, everybody] = &lines.groups[..] else {
            panic!("{lines:?}");
        };
        assert_eq!(lead.others.words(), ["see", "calls", "hold", "hangup"]);
        assert_eq!(lead.own, Rights::all());
        let users: Vec<_> = lead.users.iter().map(String::as_str).collect();
        assert_eq!(users, ["ana", "bo", "cy"]);
        assert_eq!(
            (&*everybody.name, everybody.users.len()),
            (DEFAULT_GROUP, 0)
        );
        assert_eq!(everybody.others.words(), ["see", "voicemail"]);
        for left in [
            "permissiongroup lead: fly",
            "permissiongroup nobody: nobody is in it",
        ] {
            assert!(notes.left_out.iter().any(|note| note == left), "{notes:?}");
        }
    }
}
