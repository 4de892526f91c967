//! What is said about browsers: the web phones' door, their rooms and files, and the servers that help them.

use super::*;

#[test]
fn turn_servers_have_one_kind_of_credentials() {
    let turn = |lines: &str| toml(&format!("[door.sylkrtc.turn]\n{lines}"));
    let given = "urls = [\"stun:a.example\", \"turn:a.example:3478?transport=tcp\"]\n";
    let limited = turn(&format!("{given}secret = \"s\"\n")).unwrap();
    let limited = limited.settings.sylkrtc.unwrap().turn.unwrap();
    assert_eq!(limited.urls.len(), 2);
    let door_sylkrtc::TurnAccess::Limited { ttl, .. } = limited.access else {
        panic!("{limited:?}");
    };
    assert_eq!(ttl.as_secs(), 86_400);
    let fixed = turn(&format!("{given}username = \"u\"\npassword = \"p\"\n")).unwrap();
    let fixed = fixed.settings.sylkrtc.unwrap().turn.unwrap();
    assert!(matches!(
        fixed.access,
        door_sylkrtc::TurnAccess::Static { .. }
    ));
    assert!(toml("").unwrap().settings.sylkrtc.unwrap().turn.is_none());
    check_errors(
        turn("urls = \"turn:a.example:0\"\nusername = \"u\"\n"),
        &[
            "jackfield.toml:2:8: door.sylkrtc.turn.urls: expected addresses",
            "jackfield.toml:3:12: door.sylkrtc.turn: username and password go together",
        ],
    );
    check_errors(
        turn(given),
        &["jackfield.toml:1:1: door.sylkrtc.turn.secret: a turn: address needs"],
    );
    check_errors(
        turn(&format!(
            "{given}username = \"u\"\npassword = \"p\"\nttl = \"1h\"\n"
        )),
        &["jackfield.toml:3:12: door.sylkrtc.turn.ttl: only credentials made of a secret"],
    );
}

#[test]
fn the_sylkrtc_door_is_open_on_loopback_until_it_is_closed() {
    let door = load(None)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
        .settings
        .sylkrtc
        .unwrap();
    let loopback = |port: u16| vec![std::net::SocketAddr::from(([127, 0, 0, 1], port))];
    assert_eq!(
        (door.listen, door.tls_listen),
        (loopback(10_888), loopback(10_889))
    );
    let closed = toml("[door.sylkrtc]\nlisten = []\ntls_listen = []\n").unwrap();
    assert!(closed.settings.sylkrtc.is_none());
    check_errors(
        toml(
            "[door.sylkrtc]\npath = \"ws\"\ndecline_code = 200\nlissten = \"127.0.0.1:1\"\nadmin_listen = \"0.0.0.0:20888\"\n",
        ),
        &[
            "jackfield.toml:2:8: door.sylkrtc.admin_secret: the admin interface needs a secret",
            "jackfield.toml:2:8: door.sylkrtc.path: path must begin with /",
            "jackfield.toml:3:16: door.sylkrtc.decline_code: expected a number from 300 to 699",
            "jackfield.toml:4:1: door.sylkrtc.lissten: unknown key, did you mean listen?",
        ],
    );
    check_errors(
        toml("[door.sylkrtc]\ncertificate = \"a.pem\"\n"),
        &["jackfield.toml:1:1: door.sylkrtc: certificate and key go together"],
    );
}

#[test]
fn a_webrtcgateway_ini_is_imported_and_what_it_cannot_do_is_named() {
    let ini = "[General]\nsip_domains = example.org\nwebsocket_ping_interval = 30\n[Janus]\napi_url = ws://x\n";
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[door.sylkrtc]\nimport = \"webrtcgateway.ini\"\nping = \"10s\"\n",
        ),
        ("webrtcgateway.ini", ini),
    ]);
    let loaded = folder.load().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let door = loaded.settings.sylkrtc.unwrap();
    assert_eq!(door.sip_domains, ["example.org"]);
    assert_eq!(door.ping, Duration::from_secs(10), "keys of ours win");
    assert_eq!(
        folder.shown(&loaded.notes),
        ["webrtcgateway.ini: [Janus] api_url: without effect, there is no Janus"]
    );
}

#[test]
fn pages_of_this_machine_may_call_the_built_in_domain_localhost() {
    let loaded = toml("").unwrap();
    let profile = &loaded.settings.switch.switch.profiles[0];
    let domains: Vec<&str> = profile.domains.iter().map(|name| &**name).collect();
    assert_eq!(domains, ["127.0.0.1", "localhost"]);
}

#[test]
fn browsers_are_met_where_the_door_is_open() {
    let web = |text: &str| toml(text).unwrap().settings.switch.web;
    let any = |ip: [u8; 4]| std::net::SocketAddr::from((ip, 0));
    assert_eq!(web("").unwrap().listen, [any([127, 0, 0, 1])]);
    assert!(web("[door.sylkrtc]\nlisten = []\ntls_listen = []\n").is_none());
    let open = web("[door.sylkrtc]\nlisten = \"0.0.0.0:10888\"\n").unwrap();
    assert_eq!(open.listen[0], any([127, 0, 0, 1]));
    let named = web(
        "[webrtc]\nlisten = [\"192.0.2.1:10887\"]\nadvertise = \"203.0.113.7\"\nice_lite = true\n",
    );
    let named = named.unwrap();
    assert_eq!(named.listen, ["192.0.2.1:10887".parse().unwrap()]);
    assert_eq!(named.advertise, "203.0.113.7".parse().ok());
    assert!(named.ice_lite);
    check_errors(
        toml("[webrtc]\nlisten = \"0.0.0.0:1\"\n"),
        &[
            "jackfield.toml:2:10: webrtc.listen: expected an address and port, as \"192.0.2.1:10887\", and not 0.0.0.0",
        ],
    );
    check_errors(
        toml("[console]\nkey = \"a.pem\"\n"),
        &["jackfield.toml:1:1: console: certificate and key go together"],
    );
}

#[test]
fn transfers_are_configured_in_either_file() {
    let ini = "[General]\nfile_transfer_dir = /srv/transfers\nfiletransfer_expire_days = 3\n";
    let import = "[door.sylkrtc]\nimport = \"webrtcgateway.ini\"\n\n[door.sylkrtc.transfers]\nmax_file = \"1 MiB\"\n\
        max_bytes = \"1 GiB\"\nmax_bytes_per_sender = \"2 MiB\"\nmax_files = 7\n";
    let folder = Folder::new(&[("jackfield.toml", import), ("webrtcgateway.ini", ini)]);
    let transfers = |folder: &Folder| folder.load().unwrap().settings.sylkrtc.unwrap().transfers;
    let expected = door_sylkrtc::TransfersConfig {
        folder: Some("/srv/transfers".into()),
        max_file: 1 << 20,
        max_bytes: 1 << 30,
        max_bytes_per_sender: 2 << 20,
        max_files: 7,
        expire_days: 3,
    };
    assert_eq!(transfers(&folder), expected);
    let off = import.replace("max_files = 7", "enabled = false\nexpire_days = 5");
    let folder = Folder::new(&[("jackfield.toml", &off), ("webrtcgateway.ini", ini)]);
    let off = transfers(&folder);
    assert_eq!((off.folder, off.expire_days), (None, 5));
    let usual = toml("[paths]\nstate = \"state\"\n").unwrap();
    let usual = usual.settings.sylkrtc.unwrap().transfers.folder.unwrap();
    assert!(usual.ends_with("state/file_transfers"), "{usual:?}");
    check_errors(
        toml("[door.sylkrtc.transfers]\nexpire_days = 0\n"),
        &[
            "jackfield.toml:2:15: door.sylkrtc.transfers.expire_days: expected a number from 1 to 3650",
        ],
    );
}

#[test]
fn rooms_are_configured_in_either_file() {
    let ini = "[General]\nfilesharing_dir = /srv/files\n[Janus]\nmax_bitrate = 1000000\nvideo_codec = vp8\n\
        [team@videoconference.example.org]\nrecord = True\n[old@videoconference.example.org]\npersistent = True\n";
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[webrtc]\nvideo_codec = \"h264\"\nmax_file = \"1 MiB\"\n\n\
             [[webrtc.room]]\nname = \"Team@videoconference.example.org\"\naccess_policy = \"deny, allow\"\n\
             allow = [\"example.org\", \"carol@example.net\"]\ndeny = \"all\"\n\n\
             [paths]\nrecordings = \"rec\"\n\n[door.sylkrtc]\nimport = \"webrtcgateway.ini\"\n",
        ),
        ("webrtcgateway.ini", ini),
    ]);
    let rooms = folder.load().unwrap().settings.sylkrtc.unwrap().rooms;
    assert_eq!((rooms.max_bitrate, rooms.max_file), (1_000_000, 1 << 20));
    assert_eq!(rooms.video_codec, door_sylkrtc::VideoCodec::H264);
    assert_eq!(rooms.files.as_deref(), Some(Path::new("/srv/files")));
    assert_eq!(rooms.recordings, folder.0.join("rec/videoconference"));
    let team = &rooms.rooms["team@videoconference.example.org"];
    assert!(!team.record, "the section here replaces the one there");
    assert_eq!(team.access.allow.len(), 2);
    assert!(rooms.rooms["old@videoconference.example.org"].persistent);

    let off = toml("[paths]\nstate = \"state\"\n[webrtc]\nshare_files = false\n");
    assert_eq!(off.unwrap().settings.sylkrtc.unwrap().rooms.files, None);
    let on = toml("[paths]\nstate = \"state\"\n")
        .unwrap()
        .settings
        .sylkrtc
        .unwrap();
    assert!(
        on.rooms
            .files
            .unwrap()
            .ends_with("state/videoconference/files")
    );
    check_errors(
        toml(
            "[webrtc]\nmax_bitrate = 5\nvideo_codec = \"av1\"\n[[webrtc.room]]\nrecord = true\n\
             [[webrtc.room]]\nname = \"a@b\"\naccess_policy = \"open\"\n[[webrtc.room]]\nname = \"A@b\"\n",
        ),
        &[
            "jackfield.toml:2:15: webrtc.max_bitrate: expected a number from 64000 to 4194304",
            "jackfield.toml:3:15: webrtc.video_codec: expected a codec for pictures",
            "jackfield.toml:4:1: webrtc.room.name: missing",
            "jackfield.toml:8:17: webrtc.room.access_policy: expected",
            "jackfield.toml:10:8: webrtc.room.name: a@b is there already",
        ],
    );
}
