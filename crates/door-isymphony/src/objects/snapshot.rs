//! All objects as they are at one moment; cheap to copy and to change.

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use uuid::Uuid;

use super::kind::Kind;
use crate::wire::{Map, Value};

/// One configuration object.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Object {
    /// Its place in the order of creation.
    pub(crate) serial: u64,
    pub(crate) kind: Kind,
    /// Id of what it belongs to: a core server, or a user for their addresses; empty for none.
    pub(crate) parent: Arc<str>,
    /// The id of the Configuration API, which persists.
    pub(crate) id: Arc<str>,
    /// The id of the Live API and of events: new for each object made and at each start (event-api.md §4).
    pub(crate) live: Uuid,
    /// What it says, `id` aside.
    pub(crate) members: Map,
}

impl Object {
    /// A member that is a text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.members
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A member that is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.members.get(name) == Some(&Value::Bool(true))
    }

    /// A member that is a number.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.members
            .get(name)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    }

    /// The live id as text.
    pub(crate) fn live_id(&self) -> String {
        self.live.to_string()
    }
}

/// An extension and whom it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) core: Arc<Object>,
    pub(crate) extension: Arc<Object>,
    pub(crate) user: Option<Arc<Object>>,
}

type Key = (Kind, Arc<str>);
type UniqueKey = (Kind, Arc<str>, &'static str, Arc<str>);

/// Name under which extensions are found by the last part of their peer (`SIP/201`).
const PEER: &str = "peer";

/// All of them.
#[derive(Clone, Default)]
pub(crate) struct Objects {
    next: u64,
    by_id: HashTrieMapSync<Key, Arc<Object>>,
    in_order: RedBlackTreeMapSync<(Kind, Arc<str>, u64), Arc<Object>>,
    by_value: HashTrieMapSync<UniqueKey, Arc<str>>,
    by_live: HashTrieMapSync<Uuid, Key>,
}

impl Objects {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.size()
    }

    /// The object of that id.
    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<&Arc<Object>> {
        self.by_id.get(&(kind, id.into()))
    }

    /// The object of that id, if it belongs there.
    pub(crate) fn get_in(&self, kind: Kind, parent: &str, id: &str) -> Option<&Arc<Object>> {
        self.get(kind, id)
            .filter(|object| &*object.parent == parent)
    }

    /// The object of that live id.
    pub(crate) fn live(&self, kind: Kind, parent: &str, id: Uuid) -> Option<&Arc<Object>> {
        let object = self.by_id.get(self.by_live.get(&id)?)?;
        (object.kind == kind && &*object.parent == parent).then_some(object)
    }

    /// The object of which a unique member has that value.
    pub(crate) fn having(
        &self,
        kind: Kind,
        parent: &str,
        member: &'static str,
        value: &str,
    ) -> Option<&Arc<Object>> {
        let key = (kind, parent.into(), member, value.into());
        self.get(kind, self.by_value.get(&key)?)
    }

    /// Those that belong there, in the order in which they were made.
    pub(crate) fn of<'a>(
        &'a self,
        kind: Kind,
        parent: &str,
    ) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        let parent: Arc<str> = parent.into();
        let range = (kind, parent.clone(), 0)..=(kind, parent, u64::MAX);
        self.in_order.range(range).map(|(_, object)| object)
    }

    /// Core servers, in the order in which they were made.
    pub(crate) fn cores(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.of(Kind::CoreServer, "")
    }

    /// The extension of a directory user: the one of that number, or the one whose peer they are (event-api.md §8.4).
    pub(crate) fn owner(&self, user: &str) -> Option<Owner> {
        self.cores().find_map(|core| {
            let number = self.having(Kind::Extension, &core.id, "extension", user);
            let peer = || self.having(Kind::Extension, &core.id, PEER, user);
            let extension = number.or_else(peer)?;
            Some(self.owner_of(core, extension))
        })
    }

    /// An extension with whom it is bound to.
    pub(crate) fn owner_of(&self, core: &Arc<Object>, extension: &Arc<Object>) -> Owner {
        Owner {
            core: core.clone(),
            extension: extension.clone(),
            user: self.managing_user(extension).cloned(),
        }
    }

    /// Whom an extension is bound to.
    pub(crate) fn managing_user(&self, extension: &Object) -> Option<&Arc<Object>> {
        let binding = self.get(Kind::ManagingUser, &extension.id)?;
        self.get_in(Kind::User, &extension.parent, binding.text("userId"))
    }

    /// The member another object has already, when there is one.
    pub(super) fn conflict(
        &self,
        kind: Kind,
        parent: &str,
        id: &str,
        members: &Map,
    ) -> Option<&'static str> {
        let unique = kind.fields().iter().filter(|field| field.unique);
        let mut taken = unique.filter(|field| {
            let value = members.get(field.name).and_then(Value::as_str);
            let other = value.and_then(|value| self.having(kind, parent, field.name, value));
            other.is_some_and(|other| &*other.id != id)
        });
        taken.next().map(|field| field.name)
    }

    /// With one more, at the end.
    pub(super) fn insert(
        &mut self,
        kind: Kind,
        parent: Arc<str>,
        id: Arc<str>,
        members: Map,
    ) -> Arc<Object> {
        self.insert_as(kind, parent, id, Uuid::new_v4(), members)
    }

    /// The same with a live id.
    pub(crate) fn insert_as(
        &mut self,
        kind: Kind,
        parent: Arc<str>,
        id: Arc<str>,
        live: Uuid,
        members: Map,
    ) -> Arc<Object> {
        self.next += 1;
        let object = Arc::new(Object {
            serial: self.next,
            kind,
            parent,
            id,
            live,
            members,
        });
        self.put(object.clone());
        object
    }

    /// With other members of one that is there; its place and its ids stay.
    pub(super) fn replace(&mut self, object: &Object, members: Map) -> Arc<Object> {
        self.forget_values(object);
        let object = Arc::new(Object {
            members,
            ..object.clone()
        });
        self.put(object.clone());
        object
    }

    fn put(&mut self, object: Arc<Object>) {
        let (kind, parent, id) = (object.kind, object.parent.clone(), object.id.clone());
        for (member, value) in values(&object) {
            let key = (kind, parent.clone(), member, value.into());
            self.by_value.insert_mut(key, id.clone());
        }
        self.by_live.insert_mut(object.live, (kind, id.clone()));
        self.in_order
            .insert_mut((kind, parent, object.serial), object.clone());
        self.by_id.insert_mut((kind, id), object);
    }

    pub(super) fn remove(&mut self, object: &Object) {
        self.forget_values(object);
        self.by_live.remove_mut(&object.live);
        self.in_order
            .remove_mut(&(object.kind, object.parent.clone(), object.serial));
        self.by_id.remove_mut(&(object.kind, object.id.clone()));
    }

    fn forget_values(&mut self, object: &Object) {
        for (member, value) in values(object) {
            let key = (object.kind, object.parent.clone(), member, value.into());
            // Peers need not differ: the last one with a peer has it.
            if self.by_value.get(&key) == Some(&object.id) {
                self.by_value.remove_mut(&key);
            }
        }
    }

    /// What has no meaning without an object, and goes with it.
    pub(super) fn dependents(&self, object: &Object) -> Vec<Arc<Object>> {
        let mut found: Vec<Arc<Object>> = Vec::new();
        let mut take = |kind, parent: &str, member: &str| {
            let those = self.of(kind, parent);
            found.extend(
                those
                    .filter(|other| other.text(member) == &*object.id)
                    .cloned(),
            );
        };
        match object.kind {
            Kind::User => {
                take(Kind::ManagingUser, &object.parent, "userId");
                let own = |kind| self.of(kind, &object.id).cloned();
                found.extend(own(Kind::EmailAddress).chain(own(Kind::PhoneNumber)));
                found.extend(self.get(Kind::Contact, &object.id).cloned());
            }
            Kind::Extension => {
                take(Kind::GroupMember, &object.parent, "extensionId");
                found.extend(self.get(Kind::ManagingUser, &object.id).cloned());
            }
            Kind::ExtensionGroup => take(Kind::GroupMember, &object.parent, "groupId"),
            Kind::CoreServer
            | Kind::Administrator
            | Kind::PbxSettings
            | Kind::PbxServer
            | Kind::Queue
            | Kind::ConferenceRoom
            | Kind::ParkingLot
            | Kind::VoicemailAgent
            | Kind::RecordingAgent
            | Kind::VoicemailAgentIdentifier
            | Kind::ManagingUser
            | Kind::GroupMember
            | Kind::Contact
            | Kind::EmailAddress
            | Kind::PhoneNumber => {}
        }
        found
    }
}

/// Values an object is found by.
fn values(object: &Object) -> Vec<(&'static str, &str)> {
    let unique = object.kind.fields().iter().filter(|field| field.unique);
    let mut values: Vec<_> = unique
        .map(|field| (field.name, object.text(field.name)))
        .collect();
    if object.kind == Kind::Extension
        && let Some((_, peer)) = object.text("peer").rsplit_once('/')
    {
        values.push((PEER, peer));
    }
    values
}
