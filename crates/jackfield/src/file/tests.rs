use std::path::{Path, PathBuf};
use std::time::Duration;

use net::tls::Trust;

use super::*;
use crate::file::convert::Loaded;

mod call_files;
mod gateways;
mod web;
mod webapp;

/// A folder of files that goes away.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-file-{}-{next}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        for (name, text) in files {
            let path = folder.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// A file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn load(&self) -> Result<Loaded, Vec<String>> {
        load(Some(&self.0.join("jackfield.toml"))).map_err(|problems| self.shown(&problems))
    }

    /// Problems without the folder's name in front.
    pub(super) fn shown(&self, problems: &[Problem]) -> Vec<String> {
        let folder = format!("{}/", self.0.display());
        let shown = problems.iter().map(|p| p.to_string().replace(&folder, ""));
        shown.collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

pub(super) fn toml(text: &str) -> Result<Loaded, Vec<String>> {
    Folder::new(&[("jackfield.toml", text)]).load()
}

/// The places of all complaints, and that each says the expected thing.
pub(super) fn check_errors(result: Result<Loaded, Vec<String>>, expected: &[&str]) {
    let Err(errors) = result else {
        panic!("nothing was wrong");
    };
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (error, start) in errors.iter().zip(expected) {
        assert!(
            error.starts_with(start),
            "{error}\nshould start with\n{start}"
        );
    }
}

/// What can be compared: settings without what differs in every run.
fn comparable(settings: &Settings) -> (String, net::Acls) {
    let mut switch = settings.switch.clone();
    switch.switch.node = api::NodeId(uuid::Uuid::nil());
    let switch_core::config::Config { xml, .. } = &switch.switch;
    let globals: Vec<_> = xml.globals.iter().collect();
    // The XML itself prints as thousands of lines; both read the same.
    let parts = (
        &switch.switch.profiles,
        (
            switch.switch.max_sessions,
            switch.switch.sessions_per_second,
        ),
        (
            switch.switch.heartbeat,
            &switch.switch.hostname,
            &switch.switch.time_zone,
        ),
        (&switch.media, &switch.bus, globals, &settings.event_log),
        (
            (&settings.event_socket, &settings.sylkrtc, &settings.webapp),
            (&settings.eventmanager, &settings.metrics),
            &settings.isymphony,
            &switch.switch.layouts,
        ),
        (settings.log_level, settings.grace, settings.runtime_threads),
    );
    (format!("{parts:#?}"), settings.acls.clone())
}

#[test]
fn the_sample_says_what_is_so_without_it() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/jackfield.toml");
    let with = load(Some(&sample)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let without = load(None).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(comparable(&with.settings), comparable(&without.settings));
    let door = with.settings.event_socket.unwrap();
    assert!(door.password.matches("ClueCon"));
    assert_eq!(
        without.notes,
        [],
        "the built-in configuration asks for nothing we lack"
    );
}

#[test]
fn the_event_log_is_kept_when_asked_for() {
    let log = |lines: &str| {
        let loaded = toml(&format!("[paths]\nstate = \"s\"\n[events.log]\n{lines}"));
        loaded.unwrap().settings.event_log
    };
    assert_eq!(log("max_bytes = \"2 MiB\""), None);
    let usual = log("save = true").unwrap();
    assert!(usual.folder.ends_with("s/events"));
    assert_eq!(usual.max_bytes, 256 << 20);
    let own = "save = true\npath = \"/x\"\nmax_bytes = \"1 MiB\"\nmax_age = \"1h\"\nsync = \"0s\"";
    let own = log(own).unwrap();
    assert_eq!(own.folder, Path::new("/x"));
    assert_eq!((own.max_bytes, own.sync), (1 << 20, Duration::ZERO));
    assert_eq!(own.max_age, Duration::from_secs(3600));
    let wrong = "[events.log]\nmax_bytes = \"1023 KiB\"\nmax_age = \"0s\"\n";
    assert_eq!(toml(wrong).err().unwrap().len(), 2);
}

#[test]
fn every_key_of_the_sample_is_explained() {
    let sample = include_str!("../../../../config/jackfield.toml");
    for key in [
        "name",
        "level",
        "root",
        "sounds",
        "recordings",
        "runtime_threads",
        "trust_loopback",
        "max_jobs",
    ] {
        assert!(
            sample.lines().any(|line| line
                .trim_start_matches("# ")
                .starts_with(&format!("{key} = "))),
            "{key}"
        );
    }
}

#[test]
fn all_errors_of_a_file_come_at_once_with_their_lines() {
    check_errors(
        toml(
            "[node]\ngrace = 30\nnam = \"x\"\n\n[media]\nport_range = \"5-4\"\ndrain = \"soon\"\n\n\
             [door.event_socket]\nlisten = [\"127.0.0.1:8021\", \"nowhere\"]\nmax_jobs = 3\n\n[backend]\nkind = \"freeswitch\"\n\n\
             [[sip.profile]]\nlisten = \"127.0.0.1:5060\"\n\n[[sip.profile]]\nname = \"other\"\ncodecs = [\"PCMU\", \"G729\"]\n",
        ),
        &[
            "jackfield.toml:2:9: node.grace: expected a duration",
            "jackfield.toml:3:1: node.nam: unknown key, did you mean name?",
            "jackfield.toml:6:14: media.port_range: expected two ports",
            "jackfield.toml:7:9: media.drain: expected a duration",
            "jackfield.toml:10:29: door.event_socket.listen: expected an address",
            "jackfield.toml:11:12: door.event_socket.max_jobs: expected a number from 1000",
            "jackfield.toml:14:8: backend.kind: expected \"embedded\", the only backend there is yet",
            "jackfield.toml:16:1: sip.profile.name: missing",
            "jackfield.toml:19:1: sip.profile.listen: missing",
            "jackfield.toml:21:19: sip.profile.codecs: expected codecs we have",
        ],
    );
    check_errors(toml("[node\n"), &["jackfield.toml:1:"]);
    check_errors(
        toml("[colour]\n"),
        &["jackfield.toml:1:2: colour: unknown key; known here: node"],
    );
}

#[test]
fn the_well_known_password_is_not_served_to_the_world() {
    let open = "[door.event_socket]\nlisten = \"0.0.0.0:8021\"\nacl = [\"rfc1918.auto\"]\n";
    let errors = toml(open).err().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains(
            "door.event_socket.password: the default password is served on loopback only"
        ),
        "{errors:?}"
    );
    let own = format!("{open}password = \"env:PATH\"\n");
    assert!(toml(&own).is_ok());
}

/// `secret`, in 1,000 rounds.
const HASH: &str =
    "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

#[test]
fn users_of_the_event_socket_and_its_tls() {
    let text = format!(
        "[door.event_socket]\ntls_listen = \"127.0.0.1:0\"\n\n[[door.event_socket.user]]\nname = \"board@example.org\"\n\
         password_hash = \"{HASH}\"\ncommands = [\"api\", \"log\"]\napi = \"status\"\n\
         events = [\"DTMF\", \"CUSTOM\", \"x::y\"]\nlog = \"Warning\"\n\n\
         [[door.event_socket.user]]\nname = \"all@example.org\"\npassword_hash = \"{HASH}\"\nlog = \"off\"\n"
    );
    let door = toml(&text).unwrap().settings.event_socket.unwrap();
    assert!(door.tls.is_some() && door.tls_listen.len() == 1);
    assert_eq!(door.outbound_trust, Trust::WellKnown);
    let [board, all] = door.users.as_slice() else {
        panic!("{:?}", door.users);
    };
    assert_eq!(
        (board.name.as_str(), board.domain.as_str()),
        ("board", "example.org")
    );
    assert!(board.password.matches("secret"));
    let may = &board.permissions;
    assert_eq!(
        may.commands.as_deref(),
        Some(&[door_esl::Verb::Api, door_esl::Verb::Log][..])
    );
    assert_eq!(may.api.as_deref(), Some(&["status".to_owned()][..]));
    assert_eq!(
        (may.log, all.permissions.log),
        (Some(4), Some(door_esl::NO_LOG))
    );
    assert!(all.permissions.commands.is_none() && all.permissions.events.is_none());
    let trust = |lines: &str| {
        let loaded = toml(&format!("[door.event_socket]\n{lines}\n"));
        let settings = loaded.unwrap().settings;
        settings.event_socket.unwrap().outbound_trust
    };
    let named = trust("outbound_ca = \"ca.pem\"\noutbound_insecure = false");
    assert!(
        matches!(named, Trust::Authorities(path) if path.is_absolute() && path.ends_with("ca.pem"))
    );
    assert_eq!(trust("outbound_insecure = true"), Trust::Anybody);
    check_errors(
        toml("[door.event_socket]\noutbound_ca = \"ca.pem\"\noutbound_insecure = true\n"),
        &[
            "jackfield.toml:1:1: door.event_socket: with outbound_insecure nobody looks into outbound_ca",
        ],
    );
    check_errors(
        toml(&format!(
            "[door.event_socket]\ncertificate = \"only.pem\"\n\n[[door.event_socket.user]]\nname = \"nobody\"\n\
             password_hash = \"secret\"\ncommands = [\"exit\"]\nlog = \"loud\"\n\n\
             [[door.event_socket.user]]\nname = \"a@b\"\n\n\
             [[door.event_socket.user]]\nname = \"c@d\"\npassword_hash = \"{HASH}\"\nevents = \"DTFM\"\napi = \"show calls\"\n"
        )),
        &[
            "jackfield.toml:1:1: door.event_socket: certificate and key go together",
            "jackfield.toml:4:1: door.event_socket.user: a user needs a name",
            "jackfield.toml:5:8: door.event_socket.user.name: expected a name as",
            "jackfield.toml:6:17: door.event_socket.user: password_hash: expected $pbkdf2-sha256",
            "jackfield.toml:7:13: door.event_socket.user.commands: expected some of api, bgapi",
            "jackfield.toml:8:7: door.event_socket.user.log: expected off, or a level",
            "jackfield.toml:10:1: door.event_socket.user: a user needs a password_hash",
            "jackfield.toml:13:1: door.event_socket.user.api: c@d: \"show calls\" is no name",
            "jackfield.toml:13:1: door.event_socket.user.events: c@d: \"DTFM\" is no event",
        ],
    );
}

#[test]
fn toml_wins_over_xml() {
    let loaded = toml(
        "[limits]\nmax_sessions = 7\n[[sip.profile]]\nname = \"internal\"\nlisten = \"127.0.0.1:0\"\nauth_calls = false\n\
         [[sip.profile]]\nname = \"second\"\nlisten = \"127.0.0.2:5070\"\n[metrics]\nlisten = \"off\"\n[console]\nlisten = \"127.0.0.3:80\"\nnames = [\"pbx.example.org\"]\n[paths]\nrecordings = \"calls\"\n",
    )
    .unwrap();
    let switch = &loaded.settings.switch.switch;
    assert_eq!((switch.max_sessions, switch.sessions_per_second), (7, 30));
    let names: Vec<_> = switch
        .profiles
        .iter()
        .map(|p| (&*p.name, p.sip.to_string(), p.auth_calls))
        .collect();
    assert_eq!(
        names,
        [
            ("internal", "127.0.0.1:0".to_owned(), false),
            ("second", "127.0.0.2:5070".to_owned(), true)
        ]
    );
    assert_eq!(&*switch.profiles[0].context, "public");
    assert_eq!(loaded.settings.metrics, Listen::Off);
    let console = loaded.settings.console;
    assert_eq!(console.listen, "127.0.0.3:80".parse().ok());
    assert_eq!(console.tls_listen, None);
    assert_eq!(console.names, ["pbx.example.org"]);
    assert!(loaded.settings.switch.media.recordings.ends_with("calls"));
    assert!(loaded.settings.switch.media.recordings.is_absolute());
}

const ROOT: &str = r#"<document type="freeswitch/xml">
<section name="configuration">
<configuration name="event_socket.conf"><settings>
  <param name="nat-map" value="false"/>
  <param name="listen-ip" value="::"/>
  <param name="listen-port" value="8022"/>
  <param name="password" value="secret"/>
  <param name="apply-inbound-acl" value="lan"/>
  <param name="apply-inbound-acl" value="users"/>
  <param name="stop-on-bind-error" value="true"/>
  <param name="max-queue" value="5"/>
</settings></configuration>
<configuration name="acl.conf"><network-lists>
  <list name="lan" default="deny"><node type="allow" cidr="10.0.0.0/8"/><node type="deny" host="10.1.0.0" mask="255.255.0.0"/></list>
  <list name="users" default="deny"><node type="allow" domain="example.org"/></list>
</network-lists></configuration>
<configuration name="switch.conf"><settings>
  <param name="max-sessions" value="12"/>
  <param name="rtp-start-port" value="20001"/>
  <param name="rtp-end-port" value="20100"/>
  <param name="loglevel" value="debug"/>
  <param name="colorize-console" value="true"/>
</settings></configuration>
<configuration name="sofia.conf"><profiles>
  <profile name="external"><gateways>
    <gateway name="carrier"><param name="proxy" value="192.0.2.9:5080"/><param name="username" value="u"/><param name="register" value="false"/></gateway>
    <gateway name="named"><param name="proxy" value="sip.example.org"/><param name="username" value="u"/><param name="rfc-5626" value="true"/></gateway>
  </gateways><settings>
    <param name="sip-ip" value="127.0.0.1"/><param name="sip-port" value="5080"/><param name="context" value="outside"/>
    <param name="auth-calls" value="false"/><param name="inbound-codec-prefs" value="G722,G729,OPUS,PCMA,PCMU@20i"/>
    <param name="aggressive-nat-detection" value="true"/>
  </settings></profile>
</profiles></configuration>
</section>
<section name="directory"><domain name="example.org"><user id="1" cidr="192.0.2.1/32,192.0.2.64/28"/><user id="2"/></domain></section>
<section name="dialplan"><context name="outside"><extension name="x"><condition field="destination_number" expression="^1$">
  <action application="answer"/>
  <action application="teleport" data="home"/>
</condition></extension></context></section>
</document>"#;

#[test]
fn files_as_freeswitch_ships_them_are_read() {
    let folder = Folder::new(&[
        ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
        ("fs.xml", ROOT),
    ]);
    let loaded = folder.load().unwrap();
    let settings = &loaded.settings;
    let door = settings.event_socket.as_ref().unwrap();
    assert_eq!(door.listen, ["[::]:8022".parse().unwrap()]);
    assert_eq!(door.apply_inbound_acl, ["lan", "users"]);
    assert!(door.password.matches("secret") && door.stop_on_bind_error);
    assert_eq!(door.max_queue, 5);

    let allows = |list: &str, address: &str| settings.acls.allows(list, address.parse().unwrap());
    assert!(allows("lan", "10.2.0.1") && !allows("lan", "10.1.0.1") && !allows("lan", "127.0.0.1"));
    assert!(
        allows("users", "192.0.2.1")
            && allows("users", "192.0.2.70")
            && !allows("users", "192.0.2.2")
    );
    assert!(allows("loopback.auto", "127.0.0.1"));

    let switch = &settings.switch.switch;
    assert_eq!(
        (switch.max_sessions, settings.log_level),
        (12, api::log::LogLevel::Debug)
    );
    assert_eq!(settings.switch.media.port_range, 20_002..=20_100);
    let profile = &switch.profiles[0];
    assert_eq!(
        (&*profile.name, profile.sip),
        ("external", "127.0.0.1:5080".parse().unwrap())
    );
    assert_eq!((&*profile.context, profile.auth_calls), ("outside", false));
    assert_eq!(
        profile.codecs.iter().map(|c| &**c).collect::<Vec<_>>(),
        ["G722", "OPUS", "PCMA", "PCMU"]
    );
    let [carrier, named] = profile.gateways.as_slice() else {
        panic!("two gateways: {:?}", profile.gateways);
    };
    assert_eq!(carrier.proxy.to_string(), "192.0.2.9:5080");
    assert_eq!((&*carrier.username, &*carrier.realm), ("u", "192.0.2.9"));
    assert!(!carrier.register);
    assert_eq!(named.proxy.host(), "sip.example.org");
    assert_eq!((&*named.realm, named.register), ("sip.example.org", true));

    let notes = folder.shown(&loaded.notes);
    let expected = [
        "fs.xml:22:3: colorize-console has no effect here",
        "fs.xml:27:106: gateway named: rfc-5626 has no effect here",
        "fs.xml:30:45: inbound-codec-prefs: we lack G729",
        "fs.xml:31:5: aggressive-nat-detection has no effect here",
    ];
    assert_eq!(notes.len(), expected.len(), "{notes:#?}");
    for (note, start) in notes.iter().zip(expected) {
        assert!(
            note.starts_with(start),
            "{note}\nshould start with\n{start}"
        );
    }
    let missing = crate::check::missing_applications(&settings.switch.xml, false);
    let missing = folder.shown(&missing);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(
        missing[0].starts_with("fs.xml:38:24: application teleport is not there"),
        "{missing:?}"
    );
}

#[test]
fn errors_of_toml_and_xml_come_together() {
    let broken = ROOT
        .replace("value=\"8022\"", "value=\"eight\"")
        .replace("cidr=\"10.0.0.0/8\"", "cidr=\"ten\"")
        .replace("value=\"20100\"", "value=\"20002\"");
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[xml]\nroot = \"fs.xml\"\n[log]\nlevel = \"loud\"\n",
        ),
        ("fs.xml", &broken),
    ]);
    check_errors(
        folder.load(),
        &[
            "jackfield.toml:4:9: log.level: expected a level",
            "fs.xml:6:3: listen-port: expected a number, not \"eight\"",
            "fs.xml:14:35: list lan: `ten` is not a network",
            "fs.xml:17:1: switch.conf: no room for calls in RTP ports 20002-20002",
        ],
    );
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[xml]\nroot = \"fs.xml\"\n[log]\nlevel = \"loud\"\n",
        ),
        ("fs.xml", "<document>\n<section>\n</document>"),
    ]);
    check_errors(folder.load(), &["jackfield.toml:4:9:", "fs.xml:3:"]);
    assert!(load(Some(Path::new("/no/such/jackfield.toml"))).is_err());
}

#[test]
fn one_line_says_where_everything_is_kept() {
    use ::store::Place;
    let kept = |text: &str| {
        let text = format!("[paths]\nstate = \"state\"\n[store]\n{text}");
        let store = toml(&text).unwrap().settings.store;
        (store.place, store.required)
    };
    let is_file = |text: &str, name: &str, must: bool| {
        let (place, required) = kept(text);
        matches!(place, Place::File(path) if path.ends_with(name)) && required == must
    };
    assert!(is_file("", "state/store.db", false));
    assert!(is_file("kind = \"sqlite\"\n", "state/store.db", false));
    assert!(is_file("path = \"kept.db\"\n", "kept.db", true));
    for memory in ["kind = \"memory\"\n", "path = \":memory:\"\n"] {
        assert_eq!(kept(memory), (Place::Memory, true), "{memory}");
    }
    let url = "postgres://jackfield:hunter2@db.example.org/calls";
    let postgres = format!("kind = \"postgres\"\nurl = \"{url}\"\n");
    let expected = Place::Postgres(url.parse().unwrap());
    assert_eq!(kept(&postgres), (expected, true));

    let wrong = |text: &str, complaint: &str| {
        let text = format!("[store]\n{text}");
        check_errors(toml(&text), &[complaint]);
    };
    wrong(
        "kind = \"redis\"\n",
        "jackfield.toml:2:8: store.kind: expected \"sqlite\"",
    );
    wrong(
        "kind = \"postgres\"\n",
        "jackfield.toml:2:8: store.url: missing",
    );
    wrong(
        "url = \"postgres://a/b\"\n",
        "jackfield.toml:2:7: store.url: only",
    );
    wrong(
        "kind = \"memory\"\npath = \"x\"\n",
        "jackfield.toml:3:8: store.path: only",
    );
    let errors = toml("[store]\nkind = \"postgres\"\nurl = \"hunter2\"\n")
        .err()
        .unwrap();
    assert_eq!(errors.len(), 1);
    assert!(
        !errors[0].to_string().contains("hunter2"),
        "a secret is not shown"
    );
}

#[test]
fn the_way_to_other_servers_comes_from_both_files() {
    let ini = "[General]\noutbound_sip_proxy = old.example.org:5070;transport=tcp\n";
    let load = |toml: &str| {
        let files = [("jackfield.toml", toml), ("gateway.ini", ini)];
        Folder::new(&files).load()
    };
    let loaded = load("[door.sylkrtc]\nimport = \"gateway.ini\"\n").unwrap();
    let shown = |loaded: &Loaded| {
        let proxy = loaded.settings.switch.switch.outbound_proxy.as_ref();
        proxy.map(ToString::to_string)
    };
    assert_eq!(shown(&loaded).as_deref(), Some("old.example.org:5070"));
    assert!(loaded.settings.switch.dns_servers.is_empty());
    let loaded = load(
        "[sip]\noutbound_sip_proxy = \"new.example.org\"\n\
         dns_servers = [\"192.0.2.53\", \"[::1]:5353\"]\n\
         [door.sylkrtc]\nimport = \"gateway.ini\"\n",
    )
    .unwrap();
    assert_eq!(shown(&loaded).as_deref(), Some("new.example.org:5060"));
    assert_eq!(
        loaded.settings.switch.dns_servers,
        [
            "192.0.2.53:53".parse().unwrap(),
            "[::1]:5353".parse().unwrap()
        ]
    );
    check_errors(
        load(
            "[sip]\noutbound_sip_proxy = \"a.example.org;transport=tls\"\n\
             dns_servers = [\"dns.example.org\"]\n",
        ),
        &[
            "jackfield.toml:2:22: sip.outbound_sip_proxy: a.example.org;transport=tls: SIP over TLS",
            "jackfield.toml:3:16: sip.dns_servers: expected addresses of DNS servers",
        ],
    );
}
