//! Changes of objects, one after the other, on the disk before they are seen.

use std::sync::Arc;

use api::Timestamp;
use arc_swap::ArcSwap;
use store::{NewObject, ObjectLimits, ObjectName};
use tokio::sync::Mutex;

use super::kind::Kind;
use super::snapshot::{Object, Objects};
use crate::error::Refusal;
use crate::wire::{Map, Value, parse};

/// Realm of our objects in the store.
const REALM: &str = "isymphony";

/// Most bytes of an id a client may choose. Ours.
const LONGEST_ID: usize = 128;

/// Where objects are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In this door's memory: gone with the server.
    Memory,
    /// In the server's store.
    Server(store::Store),
}

/// Why what was kept cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// There is no memory for it.
    #[error(transparent)]
    Open(#[from] store::OpenError),
    /// It cannot be read.
    #[error("configuration objects cannot be read: {0}")]
    Read(#[from] store::ObjectError),
}

/// All objects, and the way to change them.
pub(crate) struct Configuration {
    now: ArcSwap<Objects>,
    /// Held while a change is made: they come one after the other.
    writing: Mutex<()>,
    kept: store::Objects,
    store: store::Store,
    most: usize,
}

impl Configuration {
    /// Reads everything.
    ///
    /// # Errors
    /// [`KeepError`].
    pub(crate) async fn open(place: &Place) -> Result<Self, KeepError> {
        let limits = ObjectLimits::default();
        let store = match place {
            Place::Memory => {
                let limits = store::Limits::default();
                store::Store::open(&store::Place::Memory, limits).await?
            }
            Place::Server(store) => store.clone(),
        };
        let kept = store.objects(REALM, limits);
        let mut objects = Objects::default();
        let mut loading = kept.load_all().await?;
        while let Some(object) = loading.next().await {
            let object = object?;
            let members = parse(object.json.as_bytes());
            let Some((kind, (parent, members))) =
                Kind::named(&object.name.kind).zip(members.and_then(unpack))
            else {
                tracing::warn!(kind = %object.name.kind, id = %object.name.id, "A configuration object is of another version and is left out");
                continue;
            };
            objects.insert(kind, parent, object.name.id, members);
        }
        Ok(Self {
            now: ArcSwap::from_pointee(objects),
            writing: Mutex::new(()),
            kept,
            store,
            most: limits.objects,
        })
    }

    /// As they are now.
    pub(crate) fn now(&self) -> Arc<Objects> {
        self.now.load_full()
    }

    /// The store that keeps them.
    pub(crate) fn store(&self) -> &store::Store {
        &self.store
    }

    /// Makes an object; without an id it gets one.
    ///
    /// # Errors
    /// Conflicts with another one, or storage failed.
    pub(crate) async fn create(
        &self,
        kind: Kind,
        parent: &str,
        id: Option<&str>,
        members: Map,
    ) -> Result<Arc<Object>, Refusal> {
        let id: Arc<str> = match id {
            Some(id) if id.is_empty() || id.len() > LONGEST_ID => {
                return Err(Refusal::invalid("id"));
            }
            Some(id) => id.into(),
            None => uuid::Uuid::new_v4().to_string().into(),
        };
        let _one_at_a_time = self.writing.lock().await;
        let mut objects = Objects::clone(&self.now.load());
        if objects.get(kind, &id).is_some() {
            return Err(Refusal::conflict(kind.noun(), "id"));
        }
        if let Some(member) = objects.conflict(kind, parent, &id, &members) {
            return Err(Refusal::conflict(kind.noun_in_conflict(), member));
        }
        if objects.len() >= self.most {
            return Err(Refusal::failed("There are too many objects."));
        }
        let object = objects.insert(kind, parent.into(), id, members);
        let new = NewObject {
            name: name(&object),
            parent: None,
            unique: Vec::new(),
            json: pack(&object),
        };
        self.kept
            .put_new(new)
            .await
            .map_err(|error| failed(&error))?;
        self.now.store(Arc::new(objects));
        Ok(object)
    }

    /// Changes an object. `change` makes its new members of the old ones; when they are the same nothing is written.
    ///
    /// # Errors
    /// It is not there, what `change` says, conflicts with another one, or storage failed.
    pub(crate) async fn update(
        &self,
        kind: Kind,
        parent: &str,
        id: &str,
        change: impl FnOnce(&mut Map) -> Result<(), Refusal>,
    ) -> Result<Arc<Object>, Refusal> {
        let _one_at_a_time = self.writing.lock().await;
        let mut objects = Objects::clone(&self.now.load());
        let Some(object) = objects.get_in(kind, parent, id).cloned() else {
            return Err(Refusal::no_such(kind.noun(), "id"));
        };
        let mut members = object.members.clone();
        change(&mut members)?;
        if members == object.members {
            return Ok(object);
        }
        if let Some(member) = objects.conflict(kind, parent, id, &members) {
            return Err(Refusal::conflict(kind.noun_in_conflict(), member));
        }
        let object = objects.replace(&object, members);
        let (name, json) = (name(&object), pack(&object));
        let kept = self.kept.replace(&name, json, Vec::new()).await;
        kept.map_err(|error| failed(&error))?;
        self.now.store(Arc::new(objects));
        Ok(object)
    }

    /// Removes an object and what has no meaning without it.
    ///
    /// # Errors
    /// It is not there, or storage failed.
    pub(crate) async fn remove(&self, kind: Kind, parent: &str, id: &str) -> Result<(), Refusal> {
        let _one_at_a_time = self.writing.lock().await;
        let mut objects = Objects::clone(&self.now.load());
        let Some(object) = objects.get_in(kind, parent, id).cloned() else {
            return Err(Refusal::no_such(kind.noun(), "id"));
        };
        // What depends on it goes first, so that a crash leaves nothing that depends on nothing.
        for gone in objects.dependents(&object).iter().chain([&object]) {
            let kept = self.kept.remove(&name(gone)).await;
            kept.map_err(|error| failed(&error))?;
            objects.remove(gone);
            self.now.store(Arc::new(objects.clone()));
        }
        Ok(())
    }
}

fn name(object: &Object) -> ObjectName {
    ObjectName::new(object.kind.name(), object.id.clone())
}

/// What is kept of an object.
fn pack(object: &Object) -> Arc<str> {
    let packed = serde_json::json!({"parent": &*object.parent, "members": object.members});
    packed.to_string().into()
}

fn unpack(value: Value) -> Option<(Arc<str>, Map)> {
    let parent = value.get("parent")?.as_str()?.into();
    let members = value.get("members")?.as_object()?.clone();
    Some((parent, members))
}

fn failed(error: &store::ObjectError) -> Refusal {
    tracing::error!(%error, "A configuration object cannot be kept");
    Refusal::failed("The change could not be stored.")
}

/// Unix milliseconds.
pub(crate) fn milliseconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1000)
}
