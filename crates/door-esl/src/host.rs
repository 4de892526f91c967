use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{Timestamp, Uuid};
use arc_swap::ArcSwap;
use esl::console::{BoxFuture, CallFiles, Host};
use esl::view::Server;
use eventlog::EventLog;
use net::{Acls, Programs};

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
    /// Has certificates and keys of the doors read again, as SIGHUP does; does not wait for it.
    pub reload_certificates: ReloadCertificates,
    /// Variables of the environment that hold secrets, and are told to nobody.
    pub secret_variables: Arc<[String]>,
    /// The log of events, where one is kept; with [`crate::EventEncoder`].
    pub event_log: Option<EventLog>,
    /// How files of call records are put aside.
    pub rotations: Rotations,
}

/// For each kind of files that is written, what puts them aside and waits until that is done; an error is why it failed.
#[derive(Clone, Default)]
pub struct Rotations {
    /// Lines of CSV.
    pub csv: Option<Rotate>,
    /// Documents of XML.
    pub xml: Option<Rotate>,
}

impl Rotations {
    fn of(&self, files: CallFiles) -> Option<&Rotate> {
        match files {
            CallFiles::Csv => self.csv.as_ref(),
            CallFiles::Xml => self.xml.as_ref(),
        }
    }
}

/// Puts files aside.
pub type Rotate = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

type ReloadAcls = Arc<dyn Fn() -> Result<Acls, String> + Send + Sync>;
type ReloadCertificates = Arc<dyn Fn() + Send + Sync>;
type IdleCpu = Arc<dyn Fn() -> u32 + Send + Sync>;

/// What console commands need from their surroundings.
pub(crate) struct DoorHost {
    pub(crate) environment: Environment,
    pub(crate) jobs: Jobs,
    /// `None`: nobody may run any.
    pub(crate) programs: Option<Programs>,
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

    fn file_exists(&self, path: String) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            let looked = tokio::task::spawn_blocking(move || std::path::Path::new(&path).exists());
            looked.await.unwrap_or(false)
        })
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        let is_secret = self
            .environment
            .secret_variables
            .iter()
            .any(|one| one == name);
        // The others panic when they are asked for.
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        if is_secret || !is_name {
            return None;
        }
        let value = std::env::var_os(name)?;
        Some(value.to_string_lossy().into_owned())
    }

    fn reload_certificates(&self) {
        (self.environment.reload_certificates)();
    }

    fn may_run_programs(&self) -> bool {
        self.programs.is_some()
    }

    fn run_program(&self, line: String) -> BoxFuture<'static, Vec<u8>> {
        let programs = self.programs.clone();
        Box::pin(async move {
            match programs {
                Some(programs) => programs.run(line).await,
                None => Vec::new(),
            }
        })
    }

    fn writes(&self, files: CallFiles) -> bool {
        self.environment.rotations.of(files).is_some()
    }

    fn rotate(&self, files: CallFiles) -> BoxFuture<'static, Result<(), String>> {
        match self.environment.rotations.of(files) {
            Some(rotate) => rotate(),
            None => Box::pin(std::future::ready(Ok(()))),
        }
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
