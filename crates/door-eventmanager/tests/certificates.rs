//! Certificates and keys as administrators have them, and how they are exchanged.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jackfield_door_eventmanager::{Config, Door, StartError, import_socket, start};
use net::tls::{TlsError, TlsSource};
use support::pki::{Authority, Folder, openssl, shown};
use support::{Client, RealSwitch, World, world_with};
use tokio_util::sync::CancellationToken;

fn files(certificate: &Path, key: &Path) -> TlsSource {
    TlsSource::Files {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
    }
}

async fn secure(tls: TlsSource) -> World {
    world_with(|config| {
        config.allow_plaintext = false;
        config.tls = Some(tls);
    })
    .await
}

/// Opens a door with what the vendor's file says.
async fn door_of(text: &str, folder: &Path) -> Result<(Door, RealSwitch), StartError> {
    let imported = import_socket(text, folder).unwrap();
    let config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        tls: imported.tls,
        credential: imported.credential,
        ..Config::default()
    };
    let switch = RealSwitch::start(vec![api::spatial::Layout::built_in()]);
    let door = start(config, switch.handle(), &CancellationToken::new()).await?;
    Ok((door, switch))
}

#[tokio::test]
async fn one_file_may_hold_key_and_chain_in_any_order() {
    let folder = Folder::new("combined");
    let authority = Authority::new();
    let pair = authority.pair();
    let (certificate, key, chain) = (pair.certificate, pair.key, authority.pem());
    for text in [
        format!("{certificate}{chain}{key}"),
        format!("{key}{certificate}{chain}"),
        format!("Subject: a comment\n{certificate}\n{key}\nmore\n{chain}"),
    ] {
        folder.write("server.pem", &text);
        let config = r#"{"certificate_file":"none","certificate_chain_file":"server.pem","private_key_file":"server.pem",
            "rsa_private_key_file":"none","authentification_key":"A","authentification_value":"b"}"#;
        let (door, _switch) = door_of(config, &folder.0).await.unwrap();
        assert!(door.is_secure());
        let stream = authority.connect(door.local_addrs()[0]).await.unwrap();
        let (mut client, _) = Client::over(Box::new(stream), "/", &[("a", "b")])
            .await
            .unwrap();
        client.send(r#"{"Command":"get_version"}"#).await;
        assert!(client.frame().await.contains("v1.0.14"));
    }
}

/// Keys made by another program, as an administrator would.
#[tokio::test]
async fn keys_may_be_encrypted_and_must_be_rsa_where_it_says_so() {
    let folder = Folder::new("keys");
    let make = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        openssl(&folder.0, &arguments);
    };
    make(
        "req -x509 -newkey rsa:2048 -nodes -keyout rsa.pem -out rsa.crt -days 2 -subj /CN=localhost",
    );
    make(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.pem -out ec.crt -days 2 -subj /CN=localhost",
    );
    make("pkcs8 -topk8 -in rsa.pem -passout pass:word -out aes.pem");
    make("pkcs8 -topk8 -in rsa.pem -passout pass:word -v2 des3 -out des3.pem");
    make("pkcs8 -topk8 -in rsa.pem -passout pass:word -scrypt -out scrypt.pem");
    make("rsa -in rsa.pem -traditional -out pkcs1.pem");
    make("rsa -in rsa.pem -traditional -aes128 -passout pass:word -out old.pem");
    make("dhparam -out dh.pem 512");
    let open = async |config: &str| {
        let config = config.replace('\'', "\"");
        door_of(&config, &folder.0)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for key in ["aes", "des3", "scrypt"] {
        let right = format!(
            "{{'cert_file_name':'rsa.crt','key_file_name':'{key}.pem','passphrase':'word','dh_params_file_name':'dh.pem'}}"
        );
        assert_eq!(open(&right).await, Ok(()), "{key}");
        let wrong = right.replace("word", "sword");
        let why = open(&wrong).await.unwrap_err();
        assert!(
            why.contains("is the passphrase right?") && !why.contains("sword"),
            "{why}"
        );
        let missing = right.replace("word", "none");
        let why = open(&missing).await.unwrap_err();
        assert!(
            why.contains("the key is encrypted and there is no passphrase"),
            "{why}"
        );
    }
    let rsa = "{'certificate_file':'rsa.crt','rsa_private_key_file':'pkcs1.pem'}";
    assert_eq!(open(rsa).await, Ok(()));
    let ec = open("{'certificate_file':'ec.crt','rsa_private_key_file':'ec.pem'}").await;
    assert!(
        ec.unwrap_err()
            .ends_with("ec.pem: the key is not an RSA key")
    );
    let any = "{'certificate_file':'ec.crt','private_key_file':'ec.pem'}";
    assert_eq!(open(any).await, Ok(()));
    let old =
        open("{'certificate_file':'rsa.crt','private_key_file':'old.pem','passphrase':'word'}")
            .await;
    assert!(old.unwrap_err().contains("openssl pkcs8 -topk8"));
    let others = open("{'certificate_file':'rsa.crt','private_key_file':'ec.pem'}").await;
    assert!(
        others
            .unwrap_err()
            .contains("certificate and key cannot be used")
    );
    let none = open("{'certificate_file':'rsa.crt','private_key_file':'rsa.crt'}").await;
    assert!(none.unwrap_err().ends_with("rsa.crt: no private key in it"));
    let gone = open("{'certificate_file':'gone.crt','private_key_file':'rsa.pem'}").await;
    assert!(gone.unwrap_err().contains("gone.crt: "));
    let no_dh = import_socket(r#"{"tmp_dh_file":"rsa.crt"}"#, &folder.0).unwrap_err();
    assert!(
        no_dh
            .to_string()
            .ends_with("rsa.crt: no DH PARAMETERS in it")
    );
    let dh = import_socket(r#"{"tmp_dh_file":"dh.pem"}"#, &folder.0).unwrap();
    assert!(dh.notices[0].contains("512 bits"), "{:?}", dh.notices);
}

#[tokio::test]
async fn what_cannot_be_used_leaves_the_old_certificate() {
    let folder = Folder::new("kept");
    let authority = Authority::new();
    let first = authority.pair();
    let certificate = folder.write("server.crt", &first.certificate);
    let key = folder.write("server.key", &first.key);
    let world = secure(files(&certificate, &key)).await;
    let address = world.door.local_addrs()[0];
    let before = shown(&authority.connect(address).await.unwrap());
    let still = async |what: &str| {
        let now = shown(&authority.connect(address).await.unwrap());
        assert_eq!(now, before, "{what}");
    };
    let another = authority.pair();
    std::fs::write(&certificate, &another.certificate).unwrap();
    let mismatch = world.door.reload_tls();
    assert!(matches!(mismatch, Err(TlsError::Pair(_))), "{mismatch:?}");
    still("the key of another certificate").await;
    let expired = authority.pair_until(2001);
    std::fs::write(&certificate, &expired.certificate).unwrap();
    std::fs::write(&key, &expired.key).unwrap();
    let refused = world.door.reload_tls();
    assert!(
        matches!(refused, Err(TlsError::Expired { .. })),
        "{refused:?}"
    );
    still("an expired certificate").await;
    std::fs::write(&certificate, "no certificate").unwrap();
    assert!(world.door.reload_tls().is_err());
    std::fs::remove_file(&certificate).unwrap();
    assert!(world.door.reload_tls().is_err());
    still("no certificate").await;
    std::fs::write(&certificate, &another.certificate).unwrap();
    std::fs::write(&key, &another.key).unwrap();
    let old = world.door.certificate().unwrap();
    world.door.reload_tls().unwrap();
    let now = shown(&authority.connect(address).await.unwrap());
    assert_ne!(now, before);
    assert_ne!(
        world.door.certificate().unwrap().fingerprint,
        old.fingerprint
    );
}

/// Clients that are there stay, and of those that come none is turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_exchanged_under_load() {
    let folder = Folder::new("load");
    let authority = Arc::new(Authority::new());
    let first = authority.pair();
    let certificate = folder.write("server.crt", &first.certificate);
    let key = folder.write("server.key", &first.key);
    let world = secure(files(&certificate, &key)).await;
    let address = world.door.local_addrs()[0];
    let stream = authority.connect(address).await.unwrap();
    let (mut old, _) = Client::over(Box::new(stream), "/", &[]).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (authority, done) = (authority.clone(), done.clone());
        async move {
            let mut connected = 0;
            while !done.load(Ordering::Relaxed) || connected < 20 {
                let stream = authority
                    .connect(address)
                    .await
                    .expect("a handshake succeeds");
                let (mut client, _) = Client::over(Box::new(stream), "/", &[]).await.unwrap();
                client.ok(r#"{"Command":"get_version"}"#).await;
                connected += 1;
            }
            connected
        }
    });
    for _ in 0..20 {
        let next = authority.pair();
        std::fs::write(&certificate, &next.certificate).unwrap();
        std::fs::write(&key, &next.key).unwrap();
        world.door.reload_tls().unwrap();
        old.ok(r#"{"Command":"get_version"}"#).await;
    }
    done.store(true, Ordering::Relaxed);
    assert!(load.await.unwrap() >= 20);
    old.ok(r#"{"Command":"get_version"}"#).await;
}

#[tokio::test]
async fn a_certificate_is_made_when_there_is_none() {
    let folder = Folder::new("made");
    let source = TlsSource::SelfSigned {
        folder: folder.0.clone(),
        names: vec!["localhost".to_owned()],
    };
    let world = secure(source).await;
    let certificate = world.door.certificate().unwrap();
    assert!(certificate.path.starts_with(&folder.0));
    assert_eq!(certificate.fingerprint.len(), 32 * 3 - 1);
    // In the clear nothing is said.
    let address = world.door.local_addrs()[0];
    assert!(Client::try_connect(address, "/", &[]).await.is_err());
}
