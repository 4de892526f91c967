//! Keeps where telephones are registered, and says it to the next run (docs/decisions/0028).
//!
//! Written behind: no REGISTER waits for a disk. What came while one transaction was under way goes into the next together,
//! so it is behind by one or two of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use api::Timestamp;
use embedded::{Embedded, Notes};
use store::{Binding, BindingChange, Store, StoreError};
use switch_core::{BindingNote, KeptBinding, Transport};

use crate::written_behind::{LONGEST, pause, write_behind};

/// The bindings of earlier runs that have not ended.
///
/// # Errors
/// [`StoreError::Failed`].
pub(crate) async fn find(store: &Store) -> Result<Vec<KeptBinding>, StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_micros();
    let rows = store
        .bindings(i64::try_from(now).unwrap_or(i64::MAX))
        .await?;
    let bindings = rows.into_iter().filter_map(|row| {
        let id = row.id.clone();
        let found = found(row);
        if found.is_none() {
            tracing::warn!(%id, "A registration in the store cannot be read");
        }
        found
    });
    Ok(bindings.collect())
}

/// Writes what the switch says until it has stopped and all is written. `late` is the switch when it does not know yet
/// what there was: that is read first, so that nothing is written over it unseen.
pub(crate) async fn keep(notes: Notes<BindingNote>, store: Store, late: Option<Arc<Embedded>>) {
    if let Some(embedded) = late {
        tracing::error!("Registrations of earlier runs are not known until the store is there");
        loop {
            if let Ok(bindings) = find(&store).await {
                embedded.bindings_found(bindings).await;
                break;
            }
            if !pause(LONGEST, &notes).await {
                break;
            }
        }
    }
    let write = |changes| {
        let store = store.clone();
        async move { store.change_bindings(changes).await.is_ok() }
    };
    if !write_behind(&notes, change, write).await {
        tracing::error!("The last registrations are not kept: the store fails");
    }
}

fn change(note: BindingNote) -> BindingChange {
    let kept = match note {
        BindingNote::Keep(kept) => *kept,
        BindingNote::Forget(key) => return BindingChange::Delete(key),
    };
    BindingChange::Put(Box::new(Binding {
        id: kept.key,
        serial: i64::try_from(kept.serial).unwrap_or(i64::MAX),
        profile: kept.profile,
        user: kept.user,
        domain: kept.domain,
        realm: kept.realm,
        contact: kept.contact,
        contact_uri: kept.contact_uri,
        q: kept.q.into(),
        call_id: kept.call_id,
        cseq: kept.cseq.into(),
        transport: kept.transport.uri_param().unwrap_or("udp").into(),
        local: kept.local.to_string().into(),
        source: kept.source.to_string().into(),
        way: kept.way.to_string().into(),
        path: kept.path.join("\n").into(),
        user_agent: kept.user_agent,
        instance: kept.instance.map(Into::into),
        refreshed: kept.refreshed.as_micros(),
        expires: kept.expires.as_micros(),
    }))
}

/// `None`: somebody else has written it.
fn found(row: Binding) -> Option<KeptBinding> {
    let address = |text: &str| text.parse::<SocketAddr>().ok();
    Some(KeptBinding {
        key: row.id,
        serial: u64::try_from(row.serial).ok()?,
        profile: row.profile,
        user: row.user,
        domain: row.domain,
        realm: row.realm,
        contact: row.contact,
        contact_uri: row.contact_uri,
        q: u16::try_from(row.q).ok()?,
        call_id: row.call_id,
        cseq: u32::try_from(row.cseq).ok()?,
        transport: match Transport::parse(&row.transport)? {
            kept @ (Transport::Udp | Transport::Tcp | Transport::Tls) => kept,
            Transport::Ws | Transport::Wss => return None,
        },
        local: address(&row.local)?,
        source: address(&row.source)?,
        way: address(&row.way)?,
        path: row.path.lines().map(Into::into).collect(),
        user_agent: row.user_agent,
        instance: row.instance.map(|instance| (*instance).into()),
        refreshed: Timestamp(row.refreshed),
        expires: Timestamp(row.expires),
    })
}

#[cfg(test)]
mod tests;
