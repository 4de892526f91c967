//! Where telephones are registered, for the next run of the server.

use std::collections::HashSet;
use std::sync::Arc;

use crate::database::{Row, Value, values};
use crate::{Store, StoreError};

/// A contact a telephone has registered. Times are in microseconds since 1970, addresses as `192.0.2.1:5060`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// No other has it.
    pub id: Arc<str>,
    /// Its number in dial strings.
    pub serial: i64,
    /// SIP profile it came in through.
    pub profile: Arc<str>,
    /// Whose it is.
    pub user: Arc<str>,
    /// The user's domain.
    pub domain: Arc<str>,
    /// Realm of the credentials.
    pub realm: Arc<str>,
    /// Contact with display name.
    pub contact: Arc<str>,
    /// URI calls are sent to.
    pub contact_uri: Arc<str>,
    /// Preference in thousandths.
    pub q: i64,
    /// Call-ID of its REGISTERs.
    pub call_id: Arc<str>,
    /// CSeq of the last of them.
    pub cseq: i64,
    /// `udp`, `tcp` or `tls`.
    pub transport: Arc<str>,
    /// Our address.
    pub local: Arc<str>,
    /// Where the last REGISTER came from.
    pub source: Arc<str>,
    /// Where requests go.
    pub way: Arc<str>,
    /// Values of Path, each in a line.
    pub path: Arc<str>,
    /// User-Agent.
    pub user_agent: Arc<str>,
    /// Instance and number of the flow (RFC 5626).
    pub instance: Option<Arc<str>>,
    /// When the last REGISTER arrived.
    pub refreshed: i64,
    /// When it ends.
    pub expires: i64,
}

/// What becomes of a binding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BindingChange {
    /// It is kept, in place of what has its id.
    Put(Box<Binding>),
    /// What has that id is forgotten.
    Delete(Arc<str>),
}

impl Store {
    /// Carries out changes in their order, all or none. The same ones again change nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn change_bindings(&self, changes: Vec<BindingChange>) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                for step in steps(changes) {
                    match step {
                        Step::Put(run) => {
                            let rows = run.into_iter().map(row).collect();
                            database.insert(INTO, OVER, rows).await?;
                        }
                        Step::Delete(id) => {
                            database
                                .execute("DELETE FROM binding WHERE id = $1", values![id])
                                .await?;
                        }
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// Forgets those that have ended by that time, and gives the others by their numbers.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn bindings(&self, now: i64) -> Result<Vec<Binding>, StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                database
                    .execute("DELETE FROM binding WHERE expires <= $1", values![now])
                    .await?;
                let rows = database
                    .rows(
                        "SELECT id, serial, profile, user_name, domain, realm, contact, contact_uri, q, call_id, cseq,
                         transport, local, source, way, path, user_agent, instance, refreshed, expires
                         FROM binding ORDER BY serial, id",
                        Vec::new(),
                    )
                    .await?;
                let bindings: Result<Vec<_>, _> = rows.iter().map(binding).collect();
                Ok(bindings?)
            })
        })
        .await
    }
}

const INTO: &str = "INSERT INTO binding (id, serial, profile, user_name, domain, realm, contact, contact_uri, q, call_id,
    cseq, transport, local, source, way, path, user_agent, instance, refreshed, expires)";

const OVER: &str =
    "ON CONFLICT (id) DO UPDATE SET serial = excluded.serial, profile = excluded.profile,
    user_name = excluded.user_name, domain = excluded.domain, realm = excluded.realm,
    contact = excluded.contact, contact_uri = excluded.contact_uri, q = excluded.q,
    call_id = excluded.call_id, cseq = excluded.cseq, transport = excluded.transport,
    local = excluded.local, source = excluded.source, way = excluded.way, path = excluded.path,
    user_agent = excluded.user_agent, instance = excluded.instance, refreshed = excluded.refreshed,
    expires = excluded.expires";

/// What comes next that one statement can do.
enum Step {
    /// All of different ids.
    Put(Vec<Binding>),
    Delete(Arc<str>),
}

/// Changes in their order, with what can be put together together: a statement may not touch a row twice.
fn steps(changes: Vec<BindingChange>) -> Vec<Step> {
    let (mut steps, mut ids) = (Vec::new(), HashSet::new());
    for change in changes {
        match change {
            BindingChange::Put(binding) => match steps.last_mut() {
                Some(Step::Put(run)) if ids.insert(binding.id.clone()) => run.push(*binding),
                _ => {
                    ids.clear();
                    ids.insert(binding.id.clone());
                    steps.push(Step::Put(vec![*binding]));
                }
            },
            BindingChange::Delete(id) => steps.push(Step::Delete(id)),
        }
    }
    steps
}

fn row(binding: Binding) -> Vec<Value> {
    let Binding {
        id,
        serial,
        profile,
        user,
        domain,
        realm,
        contact,
        contact_uri,
        q,
        call_id,
        cseq,
        transport,
        local,
        source,
        way,
        path,
        user_agent,
        instance,
        refreshed,
        expires,
    } = binding;
    values![
        id,
        serial,
        profile,
        user,
        domain,
        realm,
        contact,
        contact_uri,
        q,
        call_id,
        cseq,
        transport,
        local,
        source,
        way,
        path,
        user_agent,
        instance,
        refreshed,
        expires
    ]
}

fn binding(row: &Row) -> Result<Binding, sqlx::Error> {
    Ok(Binding {
        id: row.text(0)?,
        serial: row.int(1)?,
        profile: row.text(2)?,
        user: row.text(3)?,
        domain: row.text(4)?,
        realm: row.text(5)?,
        contact: row.text(6)?,
        contact_uri: row.text(7)?,
        q: row.int(8)?,
        call_id: row.text(9)?,
        cseq: row.int(10)?,
        transport: row.text(11)?,
        local: row.text(12)?,
        source: row.text(13)?,
        way: row.text(14)?,
        path: row.text(15)?,
        user_agent: row.text(16)?,
        instance: row.optional_text(17)?,
        refreshed: row.int(18)?,
        expires: row.int(19)?,
    })
}
