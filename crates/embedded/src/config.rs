//! What the embedded switch is started with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::BusLimits;
use net::Programs;
use net::tls::{TlsSource, Trust};
use switch_core::config::GatewayLists;
use switch_core::config_xml::{BUILT_IN_ROOT, ConfigError, Configuration, Globals, built_in};
use switch_core::{BindingNote, TableNote};

use crate::media_io::MediaConfig;
use crate::reload::DiskFiles;
use crate::voicemail::Keeper;
use crate::web_io::WebConfig;
use crate::written_behind::NoteKeeper;

/// Everything the shell needs beside what the pure switch needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The switch itself. `profiles[].sip` is what is bound; port 0 picks one, and the switch is told which.
    /// `profiles[].udp_flow`, `media_workers`, `output` and `may_run_programs` are filled in at the start.
    pub switch: switch_core::config::Config,
    /// TLS of the profiles, at most one each; `profiles[].tls` is filled in from it at the start.
    pub sip_tls: Vec<SipTls>,
    /// Media threads, ports and folders.
    pub media: MediaConfig,
    /// How browsers reach us; `None` = not at all, and every WebRTC peer is refused.
    pub web: Option<WebConfig>,
    /// Sizes of the event bus.
    pub bus: BusLimits,
    /// Where `reloadxml` reads again.
    pub xml: XmlSource,
    /// What it finds of gateways.
    pub gateways: GatewaySource,
    /// Who keeps voicemail; `None` = nobody, and no message can be left.
    pub voicemail: Option<Keeper>,
    /// Who keeps registrations for the next run; `None` = nobody.
    pub bindings: Option<Arc<NoteKeeper<BindingNote>>>,
    /// Who keeps values of `db` and `group` for the next run; `None` = nobody.
    pub tables: Option<Arc<NoteKeeper<TableNote>>>,
    /// What runs programs of the machine; `None` = nobody may have any run.
    pub programs: Option<Programs>,
    /// DNS servers for the names of SIP servers; none = those of the system.
    pub dns_servers: Vec<SocketAddr>,
}

/// SIP over TLS of a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SipTls {
    /// Name of the profile.
    pub profile: Arc<str>,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What it shows to those who connect.
    pub certificate: TlsSource,
    /// Whom it believes when it connects.
    pub trust: Trust,
}

type ReadGateways = dyn Fn(&Configuration) -> Result<GatewayLists, String> + Send + Sync;

/// Reads what the configuration says of gateways, in the XML and beside it.
#[derive(Clone)]
pub struct GatewaySource(Arc<ReadGateways>);

impl GatewaySource {
    /// Reads them with this, which may block on the disk and fails with the first error.
    pub fn new(
        read: impl Fn(&Configuration) -> Result<GatewayLists, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn read(&self, xml: &Configuration) -> Option<GatewayLists> {
        match (self.0)(xml) {
            Ok(lists) => Some(lists),
            Err(error) => {
                tracing::error!(%error, "Gateways stay as they were read before");
                None
            }
        }
    }
}

impl std::fmt::Debug for GatewaySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GatewaySource")
    }
}

/// Where the XML configuration comes from.
#[derive(Clone, Debug)]
pub struct XmlSource {
    /// The file everything else is included from; `None` for the built-in configuration.
    pub root: Option<PathBuf>,
    /// Variables set before the first line is read.
    pub globals: Globals,
}

impl XmlSource {
    /// Reads the whole configuration. Blocks on the disk.
    ///
    /// # Errors
    /// Everything that is wrong, with file and line.
    pub fn load(&self) -> Result<Configuration, Vec<ConfigError>> {
        match &self.root {
            Some(root) => Configuration::load(&DiskFiles, root, self.globals.clone()),
            None => {
                Configuration::load(&built_in(), Path::new(BUILT_IN_ROOT), self.globals.clone())
            }
        }
    }

    /// The root as people know it.
    pub fn name(&self) -> Arc<str> {
        match &self.root {
            Some(root) => root.display().to_string().into(),
            None => "the built-in configuration".into(),
        }
    }
}
