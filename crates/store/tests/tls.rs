//! A database server over TLS: with `sslmode=verify-full` its certificate is looked at, and nothing is said in the clear.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jackfield_store::{ObjectLimits, ObjectName, Objects, OpenError, Store};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use support::{Certificate, Folder, LIMITS, Postgres, own_server_with_tls, place_of};

const PATIENCE: Duration = Duration::from_secs(60);

/// A certification authority of the test's own.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    path: PathBuf,
}

impl Authority {
    fn new(folder: &Folder, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let path = folder.database().with_file_name(name);
        std::fs::write(&path, issuer.pem()).unwrap();
        Self { issuer, path }
    }

    fn certificate_for(&self, host: &str) -> Certificate {
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        Certificate {
            chain: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

async fn open(
    server: &Postgres,
    database: &str,
    host: &str,
    authority: &Authority,
) -> Result<Store, OpenError> {
    let url = format!(
        "postgres://jackfield@{host}:{}/{database}?sslmode=verify-full&sslrootcert={}",
        server.port(),
        authority.path.display()
    );
    Store::open(&place_of(&url), LIMITS).await
}

async fn put(objects: &Objects, id: &str) -> bool {
    let new = jackfield_store::NewObject {
        name: ObjectName::new("server", id),
        parent: None,
        unique: Vec::new(),
        json: "{}".into(),
    };
    objects.put_new(new).await.is_ok()
}

#[tokio::test]
async fn a_certificate_is_verified() {
    let folder = Folder::new("tls");
    let authority = Authority::new(&folder, "authority.pem");
    let certificate = authority.certificate_for("localhost");
    let Some(mut server) = own_server_with_tls("tls", &certificate) else {
        return;
    };
    let database = server.new_database();
    let store = open(&server, &database, "localhost", &authority)
        .await
        .unwrap();
    let objects = store.objects("panel", ObjectLimits::default());
    assert!(put(&objects, "before").await);
    // The server says that somebody's connection is encrypted; the one that asks is on its socket.
    let encrypted = "SELECT 1 / count(*) FROM pg_stat_ssl WHERE ssl AND version LIKE 'TLSv1.%'";
    assert!(server.sql(encrypted));

    let other = Authority::new(&folder, "other.pem");
    let refused = open(&server, &database, "localhost", &other)
        .await
        .unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    let refused = open(&server, &database, "127.0.0.1", &authority)
        .await
        .unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("not valid for name"), "{refused}");

    server.kill();
    assert!(!put(&objects, "lost").await);
    server.start_again();
    let began = Instant::now();
    while !put(&objects, "after").await {
        assert!(began.elapsed() < PATIENCE, "the store came back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(server.sql(encrypted));
    store.close().await;

    server.set_tls(false);
    let refused = open(&server, &database, "localhost", &authority)
        .await
        .unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("does not support TLS"), "{refused}");
}
