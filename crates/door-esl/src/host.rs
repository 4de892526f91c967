use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{Timestamp, Uuid};
use arc_swap::ArcSwap;
use esl::console::{BoxFuture, Host};
use esl::view::Server;
use eventlog::EventLog;
use net::Acls;

use crate::jobs::Jobs;

/// How long a name of the network may take to be looked up.
const LOOKUP_TIME: Duration = Duration::from_secs(5);

/// What the door has to be told about the machine and the rest of the server.
#[derive(Clone)]
pub struct Environment {
    /// What every event says about the server.
    pub server: Arc<Server>,
    /// The access lists in force; replaced by `reloadacl`.
    pub acls: Arc<ArcSwap<Acls>>,
    /// Reads them again; an error is what is wrong with them.
    pub reload_acls: ReloadAcls,
    /// Idle CPU in hundredths of a percent.
    pub idle_cpu: IdleCpu,
    /// The log of events, where one is kept; with [`crate::EventEncoder`].
    pub event_log: Option<EventLog>,
}

type ReloadAcls = Arc<dyn Fn() -> Result<Acls, String> + Send + Sync>;
type IdleCpu = Arc<dyn Fn() -> u32 + Send + Sync>;

/// What console commands need from their surroundings.
pub(crate) struct DoorHost {
    pub(crate) environment: Environment,
    pub(crate) jobs: Jobs,
}

impl Host for DoorHost {
    fn now(&self) -> Timestamp {
        now()
    }

    fn new_uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn acl_allows(&self, address: IpAddr, list: &str) -> bool {
        self.environment.acls.load().allows(list, address)
    }

    fn reload_acl(&self) -> Result<(), String> {
        let acls = (self.environment.reload_acls)()?;
        self.environment.acls.store(Arc::new(acls));
        Ok(())
    }

    fn address_of(&self, name: String) -> BoxFuture<'static, Option<IpAddr>> {
        Box::pin(async move {
            let looked_up = tokio::net::lookup_host((name, 0));
            let found = tokio::time::timeout(LOOKUP_TIME, looked_up).await.ok()?;
            Some(found.ok()?.next()?.ip())
        })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn spawn(&self, job: BoxFuture<'static, ()>) -> bool {
        self.jobs.try_run(job)
    }

    fn idle_cpu(&self) -> u32 {
        (self.environment.idle_cpu)()
    }

    fn log(&self, level: u8, text: &str) {
        match level {
            0..=3 => tracing::error!(level, text, "Log line from a client"),
            4 => tracing::warn!(level, text, "Log line from a client"),
            5 | 6 => tracing::info!(level, text, "Log line from a client"),
            _ => tracing::debug!(level, text, "Log line from a client"),
        }
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
