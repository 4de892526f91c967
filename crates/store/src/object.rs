//! Objects of configuration: JSON texts with a name, kept in the order in which they were made.
//!
//! The objects of one realm are one program's or one door's; realms know nothing of each other. The store compares
//! names and what must be unique, and does not read the JSON.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::database::{Database, Row, values};
use crate::{Store, StoreError};

/// Longest realm, kind or member, in bytes. Ours.
pub const MAX_WORD: usize = 64;

/// Longest id, scope or value that must be unique, in bytes. Ours: an entry of PostgreSQL's indexes has 2,700.
pub const MAX_NAME: usize = 512;

/// Most values of one object that must be unique. Ours.
pub const MAX_UNIQUE: usize = 16;

/// Objects that were read and wait for [`Loading::next`]; reading waits when there are more.
const READ_AHEAD: usize = 256;

/// What [`object`] reads, up to the condition.
macro_rules! objects_where {
    () => {
        "SELECT object.kind, object.id, owner.kind, owner.id, object.json
         FROM object LEFT JOIN object AS owner ON owner.number = object.parent WHERE "
    };
}

/// How much a realm may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectLimits {
    /// Bytes of one object's JSON.
    pub bytes: usize,
    /// Objects of all kinds together.
    pub objects: usize,
}

impl Default for ObjectLimits {
    /// 200,000 objects of 64 KiB each.
    fn default() -> Self {
        Self {
            bytes: 64 << 10,
            objects: 200_000,
        }
    }
}

/// What an object is called within its realm.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ObjectName {
    /// As `extension`.
    pub kind: Arc<str>,
    /// Unique among those of its kind, as a UUID.
    pub id: Arc<str>,
}

impl ObjectName {
    /// A name of its two parts.
    pub fn new(kind: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }
}

/// A value no other object of the same kind may have within a scope. Values are compared byte by byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unique {
    /// Which member it is of, as `displayName`; [`ObjectError::Conflict`] names it.
    pub member: Arc<str>,
    /// Within what, as the id of a core server; may be empty.
    pub scope: Arc<str>,
    /// The value.
    pub value: Arc<str>,
}

/// An object to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewObject {
    /// What it is called.
    pub name: ObjectName,
    /// What it belongs to, and is removed with.
    pub parent: Option<ObjectName>,
    /// What it alone may have.
    pub unique: Vec<Unique>,
    /// What it says.
    pub json: Arc<str>,
}

/// An object that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// What it is called.
    pub name: ObjectName,
    /// What it belongs to.
    pub parent: Option<ObjectName>,
    /// What it says.
    pub json: Arc<str>,
}

/// Why an object was not made, changed, removed or read. Nothing has changed then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ObjectError {
    /// Another object has that already: `id`, or the member of a [`Unique`].
    #[error("another object has the same {on}")]
    Conflict {
        /// What they have in common.
        on: Arc<str>,
    },
    /// There is no such object: the one to be replaced, or the one a new one belongs to.
    #[error("there is no {} {}", .0.kind, .0.id)]
    Missing(ObjectName),
    /// Its JSON is longer than an object may be, or a name or word longer than [`MAX_NAME`] and
    /// [`MAX_WORD`] allow, or too much must be unique.
    #[error("the object is too large")]
    TooLarge,
    /// The realm has as many objects as it may.
    #[error("quota exceeded")]
    Full,
    /// The database failed or was closed; the log says how.
    #[error("storage failed")]
    Failed,
}

impl From<StoreError> for ObjectError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            // Nothing of objects has a limit of time.
            StoreError::Failed | StoreError::TooLong => Self::Failed,
        }
    }
}

impl From<sqlx::Error> for ObjectError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// The objects of one realm. Every change is answered when it is on the disk. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Store,
    realm: Arc<str>,
    limits: ObjectLimits,
}

impl Store {
    /// The objects of a realm, as `panel`.
    #[must_use]
    pub fn objects(&self, realm: &str, limits: ObjectLimits) -> Objects {
        Objects {
            store: self.clone(),
            realm: realm.into(),
            limits,
        }
    }
}

impl Objects {
    /// Makes an object.
    ///
    /// # Errors
    /// [`ObjectError`]; `Missing` names the parent.
    pub async fn put_new(&self, new: NewObject) -> Result<(), ObjectError> {
        self.check(&new.name, &new.json, &new.unique)?;
        let (realm, most) = (self.realm.clone(), self.limits.objects);
        self.store
            .perform(move |mut database| {
                Box::pin(async move {
                    let database = &mut database;
                    let parent = match &new.parent {
                        Some(parent) => Some(number_of(database, &realm, parent).await?),
                        None => None,
                    };
                    let ObjectName { kind, id } = &new.name;
                    let made = database
                        .row(
                            "INSERT INTO object (realm, kind, id, parent, json) VALUES ($1, $2, $3, $4, $5)
                             ON CONFLICT DO NOTHING RETURNING number",
                            values![&realm, kind, id, parent, new.json],
                        )
                        .await?;
                    let Some(made) = made else {
                        return Err(ObjectError::Conflict { on: "id".into() });
                    };
                    claim(database, &realm, &new.name, made.int(0)?, new.unique).await?;
                    count(database, &realm, 1, most).await
                })
            })
            .await
    }

    /// Gives an object another text and other unique values. Its place in the order and its parent stay.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub async fn replace(
        &self,
        name: &ObjectName,
        json: Arc<str>,
        unique: Vec<Unique>,
    ) -> Result<(), ObjectError> {
        self.check(name, &json, &unique)?;
        let (realm, name) = (self.realm.clone(), name.clone());
        self.store
            .perform(move |mut database| {
                Box::pin(async move {
                    let number = number_of(&mut database, &realm, &name).await?;
                    let change = "UPDATE object SET json = $1 WHERE number = $2";
                    database.execute(change, values![json, number]).await?;
                    let free = "DELETE FROM object_unique WHERE object = $1";
                    database.execute(free, values![number]).await?;
                    claim(&mut database, &realm, &name, number, unique).await
                })
            })
            .await
    }

    /// Removes an object, what belongs to it, what belongs to that, and so on. Gives the names of all that went, in the
    /// order in which they were made; none when there is no such object.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn remove(&self, name: &ObjectName) -> Result<Vec<ObjectName>, ObjectError> {
        let (realm, name) = (self.realm.clone(), name.clone());
        self.store
            .perform(move |mut database| {
                Box::pin(async move {
                    let rows = database
                        .rows(
                            "WITH RECURSIVE gone (number) AS (
                               SELECT number FROM object WHERE realm = $1 AND kind = $2 AND id = $3
                               UNION SELECT object.number FROM object JOIN gone ON object.parent = gone.number)
                             DELETE FROM object WHERE number IN (SELECT number FROM gone)
                             RETURNING number, kind, id",
                            values![&realm, name.kind, name.id],
                        )
                        .await?;
                    let mut gone = Vec::with_capacity(rows.len());
                    for row in rows {
                        gone.push((row.int(0)?, name_at(&row, 1)?));
                    }
                    gone.sort_unstable_by_key(|(number, _)| *number);
                    let fewer = i64::try_from(gone.len()).unwrap_or(i64::MAX);
                    count(&mut database, &realm, -fewer, usize::MAX).await?;
                    Ok(gone.into_iter().map(|(_, name)| name).collect())
                })
            })
            .await
    }

    /// One object.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn get(&self, name: &ObjectName) -> Result<Option<Object>, ObjectError> {
        let (realm, name) = (self.realm.clone(), name.clone());
        self.store
            .read(move |mut database| {
                Box::pin(async move {
                    let found = database
                        .row(
                            concat!(
                                objects_where!(),
                                "object.realm = $1 AND object.kind = $2 AND object.id = $3"
                            ),
                            values![realm, name.kind, name.id],
                        )
                        .await?;
                    Ok(found.as_ref().map(object).transpose()?)
                })
            })
            .await
    }

    /// The objects of a kind in the order in which they were made: all of them, or those that belong to `parent`.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn list(
        &self,
        kind: &str,
        parent: Option<&ObjectName>,
    ) -> Result<Vec<Object>, ObjectError> {
        let (realm, kind, parent) = (self.realm.clone(), kind.to_owned(), parent.cloned());
        self.store
            .read(move |mut database| {
                Box::pin(async move {
                    let rows = match parent {
                        None => {
                            let all = concat!(
                                objects_where!(),
                                "object.realm = $1 AND object.kind = $2 ORDER BY object.number"
                            );
                            database.rows(all, values![realm, kind]).await?
                        }
                        Some(parent) => {
                            let those = concat!(
                                objects_where!(),
                                "object.realm = $1 AND object.kind = $2 AND owner.realm = $1
                                 AND owner.kind = $3 AND owner.id = $4 ORDER BY object.number"
                            );
                            let values = values![realm, kind, parent.kind, parent.id];
                            database.rows(those, values).await?
                        }
                    };
                    let objects = rows.iter().map(object);
                    Ok(objects.collect::<Result<_, _>>()?)
                })
            })
            .await
    }

    /// Every object of the realm in the order in which they were made, so that a parent comes before what belongs to
    /// it. They are read as they are taken, and changes may be made meanwhile: whether they are seen is open.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn load_all(&self) -> Result<Loading, ObjectError> {
        const ALL: &str = concat!(objects_where!(), "object.realm = $1 ORDER BY object.number");
        let (realm, store) = (self.realm.clone(), self.store.clone());
        if !store.has_readers() {
            let all = store.read(move |mut database| {
                Box::pin(async move {
                    let rows = database.rows(ALL, values![realm]).await?;
                    let objects = rows.iter().map(object);
                    Ok::<Vec<Object>, ObjectError>(objects.collect::<Result<_, _>>()?)
                })
            });
            return Ok(Loading(Source::Memory(all.await?.into_iter())));
        }
        let (to, rows) = mpsc::channel(READ_AHEAD);
        let reading = store.read_slowly(move |mut database| {
            Box::pin(async move {
                let mut all = database.stream(ALL, values![realm])?;
                while let Some(row) = all.next().await {
                    if to.send(object(&row?)?).await.is_err() {
                        // Whoever asked has had enough.
                        break;
                    }
                }
                Ok::<(), ObjectError>(())
            })
        });
        // It ends with the other end.
        let reader = tokio::spawn(reading);
        Ok(Loading(Source::Beside { rows, reader }))
    }

    fn check(&self, name: &ObjectName, json: &str, unique: &[Unique]) -> Result<(), ObjectError> {
        let words = unique.iter().map(|one| &one.member).chain([&name.kind]);
        let names = unique.iter().flat_map(|one| [&one.scope, &one.value]);
        let is_too_long = self.realm.len() > MAX_WORD
            || words.into_iter().any(|word| word.len() > MAX_WORD)
            || names.chain([&name.id]).any(|name| name.len() > MAX_NAME);
        if is_too_long || json.len() > self.limits.bytes || unique.len() > MAX_UNIQUE {
            return Err(ObjectError::TooLarge);
        }
        Ok(())
    }
}

/// Objects on their way.
pub struct Loading(Source);

enum Source {
    Beside {
        rows: mpsc::Receiver<Object>,
        reader: JoinHandle<Result<(), ObjectError>>,
    },
    Memory(std::vec::IntoIter<Object>),
    Ended,
}

impl Loading {
    /// The next one; `None` after the last. After an error nothing comes any more, and what came is not all there is.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<Object, ObjectError>> {
        let (rows, reader) = match &mut self.0 {
            Source::Beside { rows, reader } => (rows, reader),
            Source::Memory(all) => return all.next().map(Ok),
            Source::Ended => return None,
        };
        if let Some(object) = rows.recv().await {
            return Some(Ok(object));
        }
        let read = reader.await;
        self.0 = Source::Ended;
        match read {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error)),
            // The runtime ends.
            Err(_) => Some(Err(ObjectError::Failed)),
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        if let Source::Beside { reader, .. } = &self.0 {
            // It may wait for the database and not for us.
            reader.abort();
        }
    }
}

fn object(row: &Row) -> Result<Object, sqlx::Error> {
    let parent = match row.optional_text(2)? {
        Some(_) => Some(name_at(row, 2)?),
        None => None,
    };
    Ok(Object {
        name: name_at(row, 0)?,
        parent,
        json: row.text(4)?,
    })
}

/// The name in two columns.
fn name_at(row: &Row, column: usize) -> Result<ObjectName, sqlx::Error> {
    Ok(ObjectName::new(row.text(column)?, row.text(column + 1)?))
}

async fn number_of(
    database: &mut Database<'_>,
    realm: &Arc<str>,
    name: &ObjectName,
) -> Result<i64, ObjectError> {
    let found = "SELECT number FROM object WHERE realm = $1 AND kind = $2 AND id = $3";
    let values = values![realm, &name.kind, &name.id];
    match database.row(found, values).await? {
        Some(row) => Ok(row.int(0)?),
        None => Err(ObjectError::Missing(name.clone())),
    }
}

/// Notes what the object alone may have.
async fn claim(
    database: &mut Database<'_>,
    realm: &Arc<str>,
    name: &ObjectName,
    number: i64,
    unique: Vec<Unique>,
) -> Result<(), ObjectError> {
    for one in unique {
        let claimed = database
            .execute(
                "INSERT INTO object_unique (realm, kind, member, scope, value, object)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                values![realm, &name.kind, &one.member, one.scope, one.value, number],
            )
            .await?;
        if claimed == 0 {
            return Err(ObjectError::Conflict { on: one.member });
        }
    }
    Ok(())
}

/// Notes that the realm has `more` objects, and refuses more than `most`.
async fn count(
    database: &mut Database<'_>,
    realm: &Arc<str>,
    more: i64,
    most: usize,
) -> Result<(), ObjectError> {
    let counted = database
        .row(
            "INSERT INTO object_realm (realm, objects) VALUES ($1, $2)
             ON CONFLICT (realm) DO UPDATE SET objects = object_realm.objects + excluded.objects
             RETURNING objects",
            values![realm, more],
        )
        .await?;
    match counted {
        Some(row) if more > 0 && row.count(0)? > most => Err(ObjectError::Full),
        _ => Ok(()),
    }
}
