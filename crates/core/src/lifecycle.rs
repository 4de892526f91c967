//! Reloading, draining, stopping.

use std::sync::Arc;
use std::time::Duration;

use api::cause::Blame;
use api::command::server::ShutdownMode;
use api::event::{EventKind, SystemEvent};
use api::{ChannelId, CommandError, ErrorKind, HangupCause, RequestId};

use crate::Switch;
use crate::effect::Effect;
use crate::input::Reloaded;
use crate::timers::Deadline;

/// How long channels may take to end after they were hung up at a stop.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a stop stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Stopping {
    /// Nobody asked.
    #[default]
    No,
    /// When the last call has ended.
    WhenIdle,
    /// Calls were hung up.
    Now,
    /// The shell was told.
    Done,
}

impl Switch {
    /// `reloadxml`: the new configuration takes the old one's place, or nothing changes.
    pub(crate) fn xml_loaded(&mut self, request: RequestId, result: Result<Reloaded, String>) {
        match result {
            Ok(Reloaded {
                configuration,
                gateways,
            }) => {
                self.config.xml = Arc::new(*configuration);
                if let Some(lists) = gateways {
                    self.configure_gateways(lists);
                }
                self.view.directory =
                    Arc::new(crate::directory_view::directory(&self.config.xml.directory));
                self.set_static_globals();
                self.publish_profiles();
                self.load_voicemail_profiles();
                self.end_lost_subscriptions();
                self.load_fifos();
                self.all_devices_changed();
                self.publish(EventKind::System(SystemEvent::XmlReloaded), None);
                self.answer(request, Ok(Arc::<str>::from("Success")));
            }
            Err(error) => {
                tracing::error!(%error, "XML configuration is not taken");
                self.refuse(
                    request,
                    CommandError::new(ErrorKind::InvalidArgument("xml"), error),
                );
            }
        }
    }

    /// `fsctl shutdown …`
    pub(crate) fn shutdown(&mut self, mode: ShutdownMode) {
        match mode {
            ShutdownMode::Now => self.begin_shutdown(),
            ShutdownMode::Asap => {
                self.publish(
                    EventKind::System(SystemEvent::ShutdownRequested { how: "ASAP" }),
                    None,
                );
                self.begin_shutdown();
            }
            ShutdownMode::Elegant => {
                self.publish(
                    EventKind::System(SystemEvent::ShutdownRequested { how: "elegant" }),
                    None,
                );
                self.set_draining(true);
                self.stopping = Stopping::WhenIdle;
            }
            ShutdownMode::Cancel => {
                if self.stopping == Stopping::WhenIdle {
                    self.stopping = Stopping::No;
                    self.set_draining(false);
                }
            }
        }
    }

    /// The process is asked to stop: calls are hung up, then it may.
    pub(crate) fn begin_shutdown(&mut self) {
        if matches!(self.stopping, Stopping::Now | Stopping::Done) {
            return;
        }
        self.set_draining(true);
        self.stopping = Stopping::Now;
        self.publish(EventKind::System(SystemEvent::ShuttingDown), None);
        let ids: Vec<ChannelId> = self.channels.keys().cloned().collect();
        for id in ids {
            self.hangup(&id, HangupCause::SystemShutdown, Blame::Ours);
        }
        self.end_client_registrations();
        self.end_gateways();
        self.timers.set(self.now.mono + LAST_WORDS, Deadline::Drain);
    }

    fn set_draining(&mut self, on: bool) {
        self.view.settings.draining = on;
        self.view_changed();
    }

    /// After each input: whether a requested stop has nothing left to wait for.
    pub(crate) fn check_drained(&mut self) {
        let idle = self.channels.is_empty() && self.originates.is_empty();
        match self.stopping {
            Stopping::WhenIdle if idle => self.begin_shutdown(),
            Stopping::No | Stopping::WhenIdle | Stopping::Now | Stopping::Done => {}
        }
        let idle = self.channels.is_empty() && self.originates.is_empty();
        // Other servers should not go on calling contacts that are gone; they have as long as channels have.
        // What was said is to be kept, too.
        let idle = idle && self.voicemail.len() == 0;
        if self.stopping == Stopping::Now && idle && self.client_registrations.len() == 0 {
            self.stop();
        }
    }

    /// Channels had their time.
    pub(crate) fn drain_over(&mut self) {
        if self.stopping == Stopping::Now {
            tracing::warn!(
                channels = self.channels.len(),
                registrations = self.client_registrations.len(),
                "Stopping with calls or registrations elsewhere that have not ended"
            );
            self.stop();
        }
    }

    fn stop(&mut self) {
        self.stopping = Stopping::Done;
        self.effect(Effect::Stop);
    }
}
