//! Jackfield: every member is a telephone that calls the conference.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::Account;
use crate::server::{SMALL_REPLAY, Server};
use crate::sip_agent::{Caller, Format, PASSWORD, socket};

/// Calls begun per second: about as fast as members of Janus join.
const RATE: u64 = 100;
const USER: &str = "1000";
const NUMBER: &str = "3000";

pub(in crate::rooms) struct Jackfield {
    pub(super) server: Server,
    port: u16,
    /// They must stay: their sockets answer the server.
    callers: Vec<Caller>,
}

impl Jackfield {
    pub(super) async fn start(binary: &Path, port: u16) -> Result<Self> {
        let extra = format!("[xml]\nroot = \"freeswitch.xml\"\n\n{SMALL_REPLAY}");
        let files = [("freeswitch.xml", configuration())];
        Ok(Self {
            server: Server::start_with(binary, &extra, &files).await?,
            port,
            callers: Vec::new(),
        })
    }

    pub(super) async fn join(&mut self, members: usize) -> Result<Vec<u16>> {
        let signalling = Arc::new(socket().await?);
        let caller = Caller::new(signalling, self.server.sip, USER, self.port)?;
        let mut caller = caller.talking(Format::Opus);
        let report = caller.run(NUMBER, members, RATE, None).await?;
        if report.failed > 0 {
            bail!("{} of {members} calls were not answered", report.failed);
        }
        let ports = caller.far_ports();
        self.callers.push(caller);
        Ok(ports)
    }

    pub(super) async fn account(&self) -> Result<Account> {
        let figure =
            async |name: &str| self.server.metric(&format!("jackfield_media_{name}")).await;
        Ok(Account {
            ticks: Some([
                figure("ticks_total").await?,
                figure("ticks_skipped_total").await?,
                figure("encoded_total").await?,
            ]),
            worst_us: figure("worst_lateness_microseconds").await?,
        })
    }

    pub(super) async fn stop(self) -> Result<()> {
        drop(self.callers);
        self.server.hang_up_all().await?;
        self.server.stop().await
    }
}

/// One user, and one number that is a conference at 48 kHz.
fn configuration() -> String {
    format!(
        r#"<document type="freeswitch/xml">
<section name="configuration"><configuration name="conference.conf"><profiles><profile name="default">
<param name="domain" value="127.0.0.1"/><param name="rate" value="48000"/><param name="interval" value="20"/>
<param name="energy-level" value="100"/>
</profile></profiles></configuration></section>
<section name="dialplan"><context name="default"><extension name="room">
<condition field="destination_number" expression="^{NUMBER}$">
<action application="answer"/><action application="conference" data="load@default"/>
</condition></extension></context></section>
<section name="directory"><domain name="127.0.0.1"><groups><group name="load"><users><user id="{USER}">
<params><param name="password" value="{PASSWORD}"/></params>
<variables><variable name="user_context" value="default"/></variables>
</user></users></group></groups></domain></section>
</document>
"#
    )
}
