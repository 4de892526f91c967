use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventlog::{EventLog, Feeding, Settings};
use jackfield_door_esl::{Config, EventEncoder, Secret, start};
use tokio_util::sync::CancellationToken;

use super::{FakeSwitch, World, environment};

/// A folder for a log, removed with it.
pub struct LogFolder(pub PathBuf);

impl LogFolder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-door-esl-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&path).ok();
        Self(path)
    }

    /// A door in front of a switch whose events are logged here.
    pub async fn world(&self, change: impl FnOnce(&mut Config)) -> Logged {
        self.bounded(256 << 20, change).await
    }

    pub async fn bounded(&self, max_bytes: u64, change: impl FnOnce(&mut Config)) -> Logged {
        let mut config = Config {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            password: Secret::new("ClueCon"),
            ..Config::default()
        };
        change(&mut config);
        let switch = FakeSwitch::start();
        let process = CancellationToken::new();
        let mut environment = environment();
        let encoder = Box::new(EventEncoder::new(environment.server.clone()));
        let settings = Settings {
            folder: self.0.clone(),
            max_bytes,
            max_age: Duration::from_secs(3600),
            sync: Duration::from_secs(1),
        };
        let (log, feeding) = eventlog::feed(settings, switch.handle(), vec![encoder], 0)
            .await
            .unwrap();
        environment.event_log = Some(log.clone());
        let door = start(config, switch.handle(), environment, &process)
            .await
            .unwrap();
        Logged {
            world: World {
                door,
                switch,
                process,
            },
            log,
            feeding: Some(feeding),
        }
    }
}

impl Drop for LogFolder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub struct Logged {
    pub world: World,
    pub log: EventLog,
    feeding: Option<Feeding>,
}

impl Logged {
    /// Ends in order.
    pub async fn stop(mut self) {
        self.world.door.drain(Duration::from_secs(5)).await;
        if let Some(feeding) = self.feeding.take() {
            tokio::task::spawn_blocking(|| feeding.finish())
                .await
                .unwrap();
        }
    }
}
