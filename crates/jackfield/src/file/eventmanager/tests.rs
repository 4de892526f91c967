use door_eventmanager::{Config, ReplyShape};
use net::OriginPattern;
use net::tls::TlsSource;

use crate::file::tests::{Folder, check_errors, toml};

const LAYOUTS: &str = r#"{"default":"b","room_list":{"a":{"seats":[{"x":0,"y":0,"z":0}]},"b":{"seats":[{"x":9,"y":0,"z":0}]}}}"#;

fn door(text: &str) -> Option<Config> {
    let loaded = toml(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    loaded.settings.eventmanager
}

#[test]
fn it_is_open_on_loopback_until_it_is_closed() {
    let usual = door("").unwrap();
    assert_eq!(usual.listen, ["127.0.0.1:9002".parse().unwrap()]);
    assert!(matches!(usual.tls, Some(TlsSource::SelfSigned { .. })));
    assert!(usual.credential.is_some() && !usual.stop_on_bind_error);
    assert!(door("[door.eventmanager]\nlisten = []\n").is_none());
    let open = door("[door.eventmanager]\nheader = \"none\"\nreply_shape = \"legacy\"\n").unwrap();
    assert!(open.credential.is_none());
    assert_eq!(open.dialect.reply_shape, ReplyShape::Legacy);
    let plain = door("[door.eventmanager]\nallow_plaintext = true\n").unwrap();
    assert!(plain.tls.is_none());
    assert!(plain.origins.is_empty());
    let pages = door("[door.eventmanager]\norigins = [\"https://a.example\"]\n").unwrap();
    assert_eq!(pages.origins, [OriginPattern::new("https://a.example")]);
    let secret =
        door("[door.eventmanager]\nkey = \"k\"\ncertificate = \"c\"\npassphrase = \"p\"\n");
    let secret = secret.unwrap().tls;
    assert!(matches!(
        secret,
        Some(TlsSource::GuardedFiles {
            passphrase: Some(_),
            ..
        })
    ));
}

#[test]
fn what_is_wrong_has_its_place() {
    check_errors(
        toml(
            "[door.eventmanager]\nheader = \"a b\"\nlisten = \"192.0.2.1:9002\"\nallow_plaintext = true\nreply_shape = \"v2\"\nseat_index_base = 2\n",
        ),
        &[
            "jackfield.toml:2:10: door.eventmanager.allow_plaintext: allow_plaintext is for loopback addresses only",
            "jackfield.toml:2:10: door.eventmanager: header and value make no HTTP header",
            "jackfield.toml:5:15: door.eventmanager.reply_shape: expected \"union\", \"v1\" or \"legacy\"",
            "jackfield.toml:6:19: door.eventmanager.seat_index_base: expected a number from 0 to 1",
        ],
    );
    check_errors(
        toml("[door.eventmanager]\nheader = \"A\"\nkey = \"k\"\n"),
        &["jackfield.toml:2:10: door.eventmanager: certificate and key go together"],
    );
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[media.spatial]\nlayouts = \"room_layout.json\"\n",
        ),
        ("room_layout.json", r#"{"room_list":{"a":{}}}"#),
    ]);
    check_errors(
        folder.load(),
        &[
            "jackfield.toml:2:11: media.spatial.layouts: room_layout.json: room_list.a.seats is missing",
        ],
    );
}

#[test]
fn files_of_the_original_product_are_imported() {
    let adapter = r#"<configuration name="imm_adapter.conf"><settings>
        <param name="room_layout_file_path" value="room_layout.json"/>
        <param name="websocket_config_file_path" value="ws.json"/>
        <param name="imm_spatial_quality" value="3"/>
        <param name="unheard_of" value="3"/></settings></configuration>"#;
    let socket = r#"{"port":9443,"certificate_chain_file":"server.pem","private_key_file":"server.pem",
        "authentification_key":"K","authentification_value":"v"}"#;
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[door.eventmanager]\nadapter = \"adapter.xml\"\nlisten = \"127.0.0.1:1\"\n",
        ),
        ("adapter.xml", adapter),
        ("ws.json", socket),
        ("room_layout.json", LAYOUTS),
    ]);
    let loaded = folder.load().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let door = loaded.settings.eventmanager.unwrap();
    assert_eq!(
        door.listen,
        ["127.0.0.1:1".parse().unwrap()],
        "keys of ours win"
    );
    let pem = folder.path("server.pem");
    assert!(
        matches!(&door.tls, Some(TlsSource::GuardedFiles { certificate, key, .. })
        if certificate == &pem && key == &pem)
    );
    assert_eq!(door.layouts.unwrap().layouts().len(), 2);
    let notes = folder.shown(&loaded.notes);
    assert!(
        notes.contains(&"adapter.xml: unheard_of: unknown parameter".to_owned()),
        "{notes:?}"
    );

    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[door.eventmanager]\nimport = \"ws.json\"\n",
        ),
        ("ws.json", socket),
    ]);
    let door = folder.load().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let door = door.settings.eventmanager.unwrap();
    assert_eq!(door.listen, ["[::]:9443".parse().unwrap()]);
    let folder = Folder::new(&[
        (
            "jackfield.toml",
            "[door.eventmanager]\nimport = \"ws.json\"\n",
        ),
        ("ws.json", r#"{"certificate_file":"x"}"#),
    ]);
    check_errors(
        folder.load(),
        &[
            "jackfield.toml:2:10: door.eventmanager.import: ws.json: certificate_file names a certificate",
        ],
    );
}
