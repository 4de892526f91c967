//! Values of `db`, dial strings of `group`, members of fifos and aliases, which outlive the process (event-socket.md §6.8;
//! docs/decisions/0035). What members of fifos do is in `fifo/`.

use std::sync::Arc;

use api::command::table::ChangeKept;
use api::error::{CommandError, ErrorKind};
use api::view::{FifoMemberSettings, TableKey};

use crate::Switch;
use crate::effect::Effect;

/// Values there may be, and dial strings in all groups together.
const MAX_ROWS: usize = 100_000;
/// Bytes of a realm and a key together, and of a group and a dial string together.
const MAX_KEY_BYTES: usize = 4 * 1024;
/// Bytes of a value.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// What earlier runs have kept.
#[derive(Clone, Debug, Default)]
pub struct KeptTables {
    /// Values of `db`.
    pub values: Vec<(TableKey, Arc<str>)>,
    /// Groups, with their dial strings and the places of these in the order.
    pub members: Vec<KeptMember>,
    /// Members of fifos that commands have put there.
    pub fifo_members: Vec<KeptFifoMember>,
    /// Names that stand for console commands, and these.
    pub aliases: Vec<(Arc<str>, Arc<str>)>,
}

/// Somebody who is called when callers wait in a fifo.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptFifoMember {
    /// Name of the fifo.
    pub fifo: Arc<str>,
    /// Whom to call.
    pub dial: Arc<str>,
    /// How.
    pub settings: FifoMemberSettings,
}

/// A dial string of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptMember {
    /// Name of the group.
    pub group: Arc<str>,
    /// The dial string.
    pub member: Arc<str>,
    /// Those with a smaller one come before it.
    pub place: i64,
}

/// What is to be kept or forgotten. A later note of the same key replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableNote {
    /// What no other row has.
    pub key: Arc<str>,
    /// What becomes of the row.
    pub change: TableChange,
}

/// What becomes of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TableChange {
    /// A value of `db`; without one it is forgotten.
    Value(TableKey, Option<Arc<str>>),
    /// A dial string belongs to its group.
    Member(KeptMember),
    /// A dial string belongs to a group no longer.
    NoMember(Arc<str>, Arc<str>),
    /// Somebody is called by a fifo.
    FifoMember(KeptFifoMember),
    /// Somebody is called by a fifo no longer: its name, and whom.
    NoFifoMember(Arc<str>, Arc<str>),
    /// A name stands for a console command; without one for nothing.
    Alias(Arc<str>, Option<Arc<str>>),
}

/// What the switch knows of the tables beside the view.
#[derive(Debug, Default)]
pub(crate) struct KeptState {
    /// It is known what earlier runs have kept.
    is_known: bool,
    /// Place of the next dial string.
    next_place: i64,
    /// Dial strings in all groups.
    members: usize,
}

/// The length makes it unambiguous.
pub(crate) fn row_key(table: char, first: &str, second: &str) -> Arc<str> {
    format!("{table}{}/{first}/{second}", first.len()).into()
}

pub(crate) fn too_much() -> CommandError {
    CommandError::new(ErrorKind::LimitReached, "it is too long, or one too many")
}

impl Switch {
    /// Takes what earlier runs have kept, when it could be read before the start.
    pub(crate) fn start_tables(&mut self) {
        if let Some(found) = self.config.tables.take() {
            self.tables_found(found);
        }
    }

    /// Takes what earlier runs have kept; only then may it be changed.
    pub(crate) fn tables_found(&mut self, found: KeptTables) {
        if self.kept.is_known {
            return;
        }
        self.kept.is_known = true;
        let KeptTables {
            values,
            members,
            fifo_members,
            aliases,
        } = found;
        self.take_aliases(aliases);
        let mut members = members;
        members.sort_by_key(|one| one.place);
        for (key, value) in values {
            self.view.tables.db.insert_mut(key, value);
        }
        for KeptMember {
            group,
            member,
            place,
        } in members
        {
            self.kept.next_place = self.kept.next_place.max(place.saturating_add(1));
            self.push_member(&group, member);
        }
        self.fifo_members_found(fifo_members);
        self.view_changed();
    }

    /// What is kept may be changed.
    ///
    /// # Errors
    /// It is not known yet what there is.
    pub(crate) fn check_kept(&self) -> Result<(), CommandError> {
        if self.kept.is_known {
            return Ok(());
        }
        let detail = "it is not known yet what was kept";
        Err(CommandError::new(ErrorKind::Unavailable, detail))
    }

    /// A member of a fifo is to be kept, or without settings forgotten.
    pub(crate) fn keep_fifo_member(
        &mut self,
        fifo: &Arc<str>,
        dial: &Arc<str>,
        settings: Option<FifoMemberSettings>,
    ) {
        let key = row_key('f', fifo, dial);
        let (fifo, dial) = (fifo.clone(), dial.clone());
        let change = match settings {
            Some(settings) => TableChange::FifoMember(KeptFifoMember {
                fifo,
                dial,
                settings,
            }),
            None => TableChange::NoFifoMember(fifo, dial),
        };
        self.effect(Effect::Table(TableNote { key, change }));
    }

    fn push_member(&mut self, group: &Arc<str>, member: Arc<str>) {
        let groups = &mut self.view.tables.groups;
        let mut list = groups
            .get(group)
            .map_or_else(Vec::new, |list| list.to_vec());
        list.push(member);
        groups.insert_mut(group.clone(), list.into());
        self.kept.members += 1;
    }

    /// Has a row kept, or forgotten.
    pub(crate) fn keep_row(&mut self, key: Arc<str>, change: TableChange) {
        self.effect(Effect::Table(TableNote { key, change }));
    }

    pub(crate) fn change_kept(&mut self, command: ChangeKept) -> Result<(), CommandError> {
        self.check_kept()?;
        let note = match command {
            ChangeKept::InsertValue { key, value } => Some(self.insert_value(key, value)?),
            ChangeKept::DeleteValue { key } => self
                .view
                .tables
                .db
                .remove_mut(&key)
                .then(|| (row_key('v', &key.0, &key.1), TableChange::Value(key, None))),
            ChangeKept::InsertMember { group, member } => self.insert_member(group, member)?,
            ChangeKept::DeleteMember { group, member } => self.delete_member(group, member),
        };
        if let Some((key, change)) = note {
            self.view_changed();
            self.keep_row(key, change);
        }
        Ok(())
    }

    fn insert_value(
        &mut self,
        key: TableKey,
        value: Arc<str>,
    ) -> Result<(Arc<str>, TableChange), CommandError> {
        let values = &mut self.view.tables.db;
        let is_one_too_many = values.get(&key).is_none() && values.size() >= MAX_ROWS;
        let is_too_long =
            key.0.len() + key.1.len() > MAX_KEY_BYTES || value.len() > MAX_VALUE_BYTES;
        if is_one_too_many || is_too_long {
            return Err(too_much());
        }
        values.insert_mut(key.clone(), value.clone());
        Ok((
            row_key('v', &key.0, &key.1),
            TableChange::Value(key, Some(value)),
        ))
    }

    fn insert_member(
        &mut self,
        group: Arc<str>,
        member: Arc<str>,
    ) -> Result<Option<(Arc<str>, TableChange)>, CommandError> {
        let list = self.view.tables.groups.get(&group);
        if list.is_some_and(|list| list.contains(&member)) {
            return Ok(None);
        }
        if self.kept.members >= MAX_ROWS || group.len() + member.len() > MAX_KEY_BYTES {
            return Err(too_much());
        }
        self.push_member(&group, member.clone());
        let place = self.kept.next_place;
        self.kept.next_place += 1;
        let key = row_key('g', &group, &member);
        let row = KeptMember {
            group,
            member,
            place,
        };
        Ok(Some((key, TableChange::Member(row))))
    }

    fn delete_member(
        &mut self,
        group: Arc<str>,
        member: Arc<str>,
    ) -> Option<(Arc<str>, TableChange)> {
        let groups = &mut self.view.tables.groups;
        let list = groups.get(&group)?;
        let left: Vec<_> = list.iter().filter(|one| **one != member).cloned().collect();
        if left.len() == list.len() {
            return None;
        }
        if left.is_empty() {
            groups.remove_mut(&group);
        } else {
            groups.insert_mut(group.clone(), left.into());
        }
        self.kept.members -= 1;
        let key = row_key('g', &group, &member);
        Some((key, TableChange::NoMember(group, member)))
    }
}

#[cfg(test)]
mod tests;
