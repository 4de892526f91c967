//! A PostgreSQL server of the test's own: in a folder of its own, on a socket in that folder, gone with the test. One with
//! certificates listens on loopback as well, as there is no TLS on such a socket.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jackfield_store::{Place, PostgresUrl};

/// How long a server may take to start and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number in the name of its socket.
const USUAL_PORT: u16 = 5432;

/// Who runs the server when we are root, whom it refuses: nobody.
const NOBODY: u32 = 65_534;

/// The server starts, waits until its input ends, as it does when the test is killed, and takes its folder along.
const RUN: &str = r#"
"$BIN/initdb" -D "$DIR/data" -U jackfield -A trust -E UTF8 --locale=C --no-sync >"$DIR/initdb.log" 2>&1 || exit 1
serve() {
  "$BIN/postgres" -D "$DIR/data" -k "$DIR" -c fsync=off $OPTIONS >>"$DIR/server.log" 2>&1 &
  server=$!
}
serve
echo started
while read -r order; do
  case "$order" in
    stop) kill -QUIT "$server"; wait "$server"; echo stopped ;;
    kill)
      children=$(cat "/proc/$server/task/$server/children")
      kill -KILL "$server" $children; wait "$server"
      for child in $children; do while [ -d "/proc/$child" ]; do sleep 0.05; done; done
      echo killed ;;
    start) serve; echo started ;;
  esac
done
kill -QUIT "$server"; wait "$server"
cd /; rm -rf "$DIR"
"#;

/// A server.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<std::process::ChildStdout>,
    databases: AtomicU32,
    port: u16,
}

/// What a server with TLS shows: PEM.
pub struct Certificate {
    pub chain: String,
    pub key: String,
}

impl Postgres {
    /// Starts one.
    pub fn start(name: &str, programs: PathBuf) -> Self {
        Self::start_with(name, programs, None)
    }

    /// Starts one with TLS on a port of 127.0.0.1.
    pub fn start_with_tls(name: &str, programs: PathBuf, certificate: &Certificate) -> Self {
        Self::start_with(name, programs, Some(certificate))
    }

    fn start_with(name: &str, programs: PathBuf, tls: Option<&Certificate>) -> Self {
        let folder = format!("jackfield-pg-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).unwrap();
        let port = if tls.is_some() {
            free_port()
        } else {
            USUAL_PORT
        };
        let mut options = String::from("-c listen_addresses=");
        if let Some(certificate) = tls {
            write_secret(&folder.join("server.pem"), &certificate.chain);
            write_secret(&folder.join("server.key"), &certificate.key);
            options = format!("-p {port} -c listen_addresses=127.0.0.1");
        }
        let mut command = Command::new("sh");
        command
            .args(["-c", RUN])
            .env("BIN", &programs)
            .env("DIR", &folder)
            .env("OPTIONS", options)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
            command.env_remove(name);
        }
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&folder).unwrap());
        if owner == 0 {
            let inside = std::fs::read_dir(&folder).unwrap();
            let inside = inside.map(|entry| entry.unwrap().path());
            for path in inside.chain([folder.clone()]) {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
            std::os::unix::process::CommandExt::gid(&mut command, NOBODY);
        }
        let mut child = command.spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            folder,
            programs,
            orders: child.stdin.take(),
            child,
            answers,
            databases: AtomicU32::new(0),
            port,
        };
        server.expect("started");
        server.wait_until_it_answers();
        if tls.is_some() {
            for (setting, file) in [
                ("ssl_cert_file", "server.pem"),
                ("ssl_key_file", "server.key"),
            ] {
                let file = server.folder.join(file);
                let set = format!("ALTER SYSTEM SET {setting} = '{}'", file.display());
                assert!(server.sql(&set));
            }
            server.set_tls(true);
        }
        server
    }

    /// Whether those who connect from now on can have TLS.
    pub fn set_tls(&self, on: bool) {
        let on = if on { "on" } else { "off" };
        assert!(self.sql(&format!("ALTER SYSTEM SET ssl = {on}")));
        assert!(self.sql("SELECT pg_reload_conf()"));
        // Whoever connects is told what the server has come to.
        self.wait_until(&format!(
            "SELECT 1 / (current_setting('ssl') = '{on}')::int"
        ));
    }

    /// A new database.
    pub fn database(&self) -> Place {
        place_of(&self.url(&self.new_database()))
    }

    /// The name of a new database.
    pub fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(self.sql(&format!("CREATE DATABASE {name}")));
        name
    }

    /// A database of that name, whether there is one or not.
    pub fn place(&self, database: &str) -> Place {
        place_of(&self.url(database))
    }

    /// Its address on the server's socket.
    pub fn url(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://jackfield@{host}/{database}")
    }

    /// Where it listens with TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server did that.
    pub fn sql(&self, statement: &str) -> bool {
        let ran = Command::new(self.programs.join("psql"))
            .args(["-q", "-U", "jackfield", "-d", "postgres", "-c", statement])
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string()])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status();
        ran.unwrap().success()
    }

    /// Ends it at once, as a crash does.
    pub fn stop(&mut self) {
        self.order("stop");
        self.expect("stopped");
    }

    /// Kills it and all its processes with SIGKILL.
    pub fn kill(&mut self) {
        self.order("kill");
        self.expect("killed");
    }

    /// Starts it again.
    pub fn start_again(&mut self) {
        self.order("start");
        self.expect("started");
        self.wait_until_it_answers();
    }

    fn order(&mut self, order: &str) {
        use std::io::Write;
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
    }

    fn expect(&mut self, answer: &str) {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), answer, "{}", self.log());
    }

    fn wait_until_it_answers(&self) {
        self.wait_until("SELECT 1");
    }

    /// Waits until it does that statement without an error.
    fn wait_until(&self, statement: &str) {
        let began = Instant::now();
        while !self.sql(statement) {
            assert!(began.elapsed() < PATIENCE, "{statement}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{}{}", read("initdb.log"), read("server.log"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.child.wait().ok();
    }
}

/// Where the database of that address is.
pub fn place_of(url: &str) -> Place {
    Place::Postgres(url.parse::<PostgresUrl>().unwrap())
}

/// A port nobody has. Below those the system gives out by itself, so that nobody gets it before the server has it, unless
/// they ask for it by its number.
fn free_port() -> u16 {
    let first = 23_000 + u16::try_from(std::process::id() % 7_000).unwrap();
    (first..first + 1_000)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of a thousand ports is free")
}

/// The server takes no key that others can read.
fn write_secret(path: &Path, text: &str) {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Where its programs are: Debian keeps them by version, and off the path.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    found.sort();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .find(|folder: &PathBuf| Path::new(folder).join("initdb").is_file())
    };
    found.pop().map(|(_, folder)| folder).or_else(on_path)
}
