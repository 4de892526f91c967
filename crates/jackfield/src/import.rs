//! `jackfield import`: takes over what an installation of another product had.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use door_isymphony::import::{Notes, PanelLines, Security, security, version_2};
use toml::Value;

use crate::file::{self, Settings};

/// Longest file that is read, in bytes: more than the reader takes.
const LONGEST: u64 = 16 << 20;

/// What can be taken over.
#[derive(Subcommand)]
pub(crate) enum What {
    /// The security.xml of iSymphony 3, as lines for [door.isymphony].
    IsymphonySecurity {
        /// As /opt/isymphony3/server/conf/security.xml.
        file: PathBuf,
        /// Write the lines there instead of printing them. The file must not be there.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A configuration of iSymphony 2, in XML or JSON, as objects of the Configuration API. The server must not be running.
    Isymphony2 {
        /// The file.
        file: PathBuf,
    },
}

/// Runs it. What was understood, and what was not, goes to standard error.
///
/// # Errors
/// A file cannot be read or written, or means nothing.
pub(crate) fn run(what: &What, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    match what {
        What::IsymphonySecurity { file, output } => take_security(file, output.as_deref()),
        What::Isymphony2 { file } => take_objects(file, config),
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    let name = || format!("reading {}", file.display());
    let length = std::fs::metadata(file).with_context(name)?.len();
    if length > LONGEST {
        bail!("{} has {length} bytes", file.display());
    }
    std::fs::read_to_string(file).with_context(name)
}

fn tell(notes: &Notes) {
    for note in &notes.understood {
        eprintln!("understood: {note}");
    }
    for note in &notes.left_out {
        eprintln!("left out: {note}");
    }
}

fn take_security(file: &Path, output: Option<&Path>) -> anyhow::Result<ExitCode> {
    let found = security(&read(file)?).with_context(|| format!("{}", file.display()))?;
    tell(&found.notes);
    let lines = lines(&found);
    match output {
        None => print!("{lines}"),
        Some(path) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            // There is a password in it.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut written = options
                .open(path)
                .with_context(|| format!("writing {}", path.display()))?;
            written.write_all(lines.as_bytes())?;
            eprintln!("written: {}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The section of our configuration file.
fn lines(found: &Security) -> String {
    let mut lines = vec!["[door.isymphony]".to_owned()];
    if !found.allow.is_empty() {
        let networks = found.allow.iter();
        let networks = networks.map(|network| Value::from(network.to_string()));
        lines.push(format!("acl = {}", Value::Array(networks.collect())));
    }
    if let Some((user, password)) = &found.user {
        lines.push(format!("user = {}", Value::from(user.as_str())));
        lines.push(format!("password = {}", Value::from(password.as_str())));
    }
    if let Some(on) = found.require_tls {
        lines.push(format!("require_tls = {on}"));
    }
    if let Some(keystore) = &found.keystore {
        // Values of the file must not end the comment.
        let quoted = |text: &str| Value::from(text.replace(['\n', '\r'], " ")).to_string();
        let alias = keystore.alias.as_deref().map(quoted);
        let alias = alias.map_or_else(String::new, |alias| format!(" -alias {alias}"));
        let store = quoted(&keystore.filename);
        lines.extend([
            "# Certificate and key are in a keystore of Java. They come out of it with:".to_owned(),
            format!("#   keytool -importkeystore -srckeystore {store}{alias} -destkeystore panel.p12 -deststoretype PKCS12"),
            "#   openssl pkcs12 -in panel.p12 -nodes -nokeys -out certificate.pem".to_owned(),
            "#   openssl pkcs12 -in panel.p12 -nodes -nocerts -out key.pem".to_owned(),
            "# certificate = \"certificate.pem\"".to_owned(),
            "# key = \"key.pem\"".to_owned(),
        ]);
    }
    lines.join("\n") + "\n"
}

fn take_objects(file: &Path, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut found = version_2(&read(file)?).with_context(|| format!("{}", file.display()))?;
    let settings = match file::load(config) {
        Ok(loaded) => loaded.settings,
        Err(problems) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            bail!("nothing is imported: the configuration has errors");
        }
    };
    if settings.store.place == store::Place::Memory {
        bail!("nothing is imported: [store] is in memory, and keeps nothing");
    }
    if let Some(address) = address_in_use(&settings) {
        bail!(
            "nothing is imported: something listens on {address}; a running server would not see what is written"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let limits = store::Limits::default();
        let kept = store::Store::open(&settings.store.place, limits).await?;
        let place = door_isymphony::Place::Server(kept.clone());
        let outcome = found.write(&place).await;
        kept.close().await;
        anyhow::Ok(outcome?)
    });
    tell(&found.notes);
    let outcome = outcome?;
    println!(
        "{} made, {} changed, {} as they were.",
        outcome.made, outcome.changed, outcome.unchanged
    );
    print!("{}", panel_lines(&found.panel));
    Ok(ExitCode::SUCCESS)
}

/// What belongs into our configuration file, and not into the store.
fn panel_lines(panel: &PanelLines) -> String {
    if *panel == PanelLines::default() {
        return String::new();
    }
    let mut lines = vec!["# For the configuration file:".to_owned()];
    for status in &panel.statuses {
        lines.extend([
            "[[door.isymphony.status]]".to_owned(),
            format!("name = {}", Value::from(status.name.as_str())),
            format!("type = {}", Value::from(status.kind.name())),
        ]);
    }
    let list = |words: Vec<&str>| Value::Array(words.into_iter().map(Value::from).collect());
    for group in &panel.groups {
        lines.push("[[door.isymphony.group]]".to_owned());
        lines.push(format!("name = {}", Value::from(group.name.as_str())));
        if !group.users.is_empty() {
            let users = group.users.iter().map(String::as_str).collect();
            lines.push(format!("users = {}", list(users)));
        }
        lines.push("own = \"all\"".to_owned());
        lines.push(format!("others = {}", list(group.others.words())));
    }
    for conference in &panel.conferences {
        lines.push("[[conference]]".to_owned());
        lines.push(format!("name = {}", Value::from(conference.name.as_str())));
        for (key, on) in [
            ("record", conference.record),
            ("announce_join", conference.announce_join),
            ("announce_leave", conference.announce_leave),
            ("announce_count", conference.announce_count),
        ] {
            if on {
                lines.push(format!("{key} = true"));
            }
        }
    }
    lines.join("\n") + "\n"
}

/// An address of the door that is taken: most likely by the server itself.
fn address_in_use(settings: &Settings) -> Option<SocketAddr> {
    let door = settings.isymphony.as_ref()?;
    let mut addresses = door.listen.iter().chain(&door.tls_listen);
    let is_taken = |address: &&SocketAddr| {
        TcpListener::bind(address).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    };
    addresses.find(is_taken).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let file = r#"<s><SSLKeystore filename="k&#10;[node]" certAlias="a"/><communication_manager>
            <acl>10.0.0.0/8</acl><u user="an&quot;a" password="a\b&quot;"/><ssl>true</ssl></communication_manager></s>"#;
        let lines = lines(&security(file).unwrap());
        let read: toml::Table = toml::from_str(&lines).unwrap();
        let door = read["door"]["isymphony"].as_table().unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(door["acl"][0].as_str(), Some("10.0.0.0/8"));
        assert_eq!(door["user"].as_str(), Some("an\"a"));
        assert_eq!(door["password"].as_str(), Some("a\\b\""));
        assert_eq!(door["require_tls"].as_bool(), Some(true));
    }
}
