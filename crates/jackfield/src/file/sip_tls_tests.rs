use super::*;
use crate::file::convert::Loaded;
use crate::file::tests::{Folder, toml};

const XML: &str = r#"<document type="freeswitch/xml"><section name="configuration">
<configuration name="sofia.conf"><profiles><profile name="internal"><settings>
  <param name="sip-ip" value="127.0.0.1"/><param name="sip-port" value="5080"/><param name="tls" value="true"/>
  PARAMS
</settings></profile></profiles></configuration>
</section></document>"#;

fn secure(loaded: &Loaded) -> &[SipTls] {
    &loaded.settings.switch.sip_tls
}

fn of_xml(params: &str, files: &[&str]) -> (SipTls, Vec<String>) {
    let folder = Folder::new(&[
        ("jackfield.toml", "[xml]\nroot = \"fs.xml\"\n"),
        ("fs.xml", ""),
    ]);
    let certificates = folder.path("certs");
    std::fs::create_dir_all(&certificates).unwrap();
    for file in files {
        std::fs::write(certificates.join(file), "").unwrap();
    }
    let params = params.replace("CERTS", &certificates.display().to_string());
    std::fs::write(folder.path("fs.xml"), XML.replace("PARAMS", &params)).unwrap();
    let loaded = folder.load().unwrap();
    let mut tls = secure(&loaded)[0].clone();
    // Without the folder's name in front.
    let short = |path: &PathBuf| path.strip_prefix(&certificates).unwrap_or(path).to_owned();
    if let Trust::Authorities(path) = &tls.trust {
        tls.trust = Trust::Authorities(short(path));
    }
    if let TlsSource::GuardedFiles {
        certificate, key, ..
    } = &mut tls.certificate
    {
        (*certificate, *key) = (short(certificate), short(key));
    }
    (tls, folder.shown(&loaded.notes))
}

#[test]
fn the_usual_configuration_opens_tls_on_loopback_and_believes_the_well_known() {
    let loaded = toml("").unwrap();
    let [tls] = secure(&loaded) else {
        panic!("one profile: {:?}", secure(&loaded));
    };
    assert_eq!(
        (&*tls.profile, tls.listen),
        ("internal", "127.0.0.1:5061".parse().unwrap())
    );
    assert_eq!(tls.trust, Trust::WellKnown);
    assert!(matches!(tls.certificate, TlsSource::SelfSigned { .. }));
}

#[test]
fn a_section_says_where_tls_is_and_whom_it_believes() {
    let of = |text: &str| {
        let loaded = toml(&format!("[[sip.profile]]\nname = \"internal\"\n{text}")).unwrap();
        secure(&loaded).first().cloned()
    };
    let moved = "listen = \"127.0.0.1:5080\"\n";
    assert_eq!(of(moved), None, "TLS stays with the address it belongs to");
    assert_eq!(of("tls_listen = \"off\"\n"), None);
    assert!(of("listen = \"127.0.0.1:5060\"\n").is_some());
    let tls = of(&format!(
        "{moved}tls_listen = \"127.0.0.1:5081\"\nverify = false\n"
    ))
    .unwrap();
    assert_eq!(tls.listen, "127.0.0.1:5081".parse().unwrap());
    assert_eq!(tls.trust, Trust::Anybody);
    let tls = of("certificate = \"c.pem\"\nkey = \"k.pem\"\nauthorities = \"/ca.pem\"\n").unwrap();
    assert!(
        matches!(&tls.certificate, TlsSource::Files { certificate, key } if certificate.ends_with("c.pem") && key.ends_with("k.pem"))
    );
    assert_eq!(tls.trust, Trust::Authorities("/ca.pem".into()));

    let other = toml(
        "[[sip.profile]]\nname = \"x\"\nlisten = \"127.0.0.1:0\"\ntls_listen = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let names: Vec<&str> = secure(&other).iter().map(|tls| &*tls.profile).collect();
    assert_eq!(names, ["internal", "x"]);

    for (text, what) in [
        (
            "certificate = \"c.pem\"\n",
            "certificate and key go together",
        ),
        (
            "verify = false\nauthorities = \"ca.pem\"\n",
            "authorities say whom to believe",
        ),
        ("tls_listen = \"off\"\nverify = false\n", "need tls_listen"),
    ] {
        let errors = toml(&format!("[[sip.profile]]\nname = \"internal\"\n{text}"))
            .err()
            .unwrap();
        assert!(
            errors.len() == 1 && errors[0].contains(what),
            "{text}: {errors:?}"
        );
    }
}

#[test]
fn parameters_of_freeswitch_are_read() {
    let (plain, notes) = of_xml("", &[]);
    assert_eq!(plain.listen, "127.0.0.1:5061".parse().unwrap());
    assert_eq!(plain.trust, Trust::WellKnown);
    assert!(notes.is_empty(), "{notes:?}");

    let usual = r#"<param name="tls-only" value="false"/><param name="tls-bind-params" value="transport=tls"/>
      <param name="tls-sip-port" value="5071"/><param name="tls-cert-dir" value="CERTS"/>
      <param name="tls-passphrase" value="secret"/><param name="tls-verify-date" value="true"/>"#;
    let (tls, notes) = of_xml(usual, &["agent.pem", "cafile.pem"]);
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(tls.listen.port(), 5071);
    assert_eq!(
        tls.certificate,
        TlsSource::GuardedFiles {
            certificate: "agent.pem".into(),
            key: "agent.pem".into(),
            passphrase: Some(Passphrase::new("secret")),
            rsa_only: false,
        }
    );
    assert_eq!(tls.trust, Trust::Authorities("cafile.pem".into()));

    let (tls, notes) = of_xml(usual, &[]);
    assert!(matches!(tls.certificate, TlsSource::SelfSigned { .. }));
    assert!(
        notes.len() == 1 && notes[0].contains("no agent.pem in"),
        "{notes:?}"
    );

    let (open, notes) = of_xml(r#"<param name="tls-verify-policy" value="none"/>"#, &[]);
    assert_eq!((open.trust, notes.len()), (Trust::Anybody, 0));
    let odd = r#"<param name="tls-verify-policy" value="all|subjects_all"/><param name="tls-only" value="true"/>"#;
    let (strict, notes) = of_xml(odd, &[]);
    assert_eq!(strict.trust, Trust::WellKnown);
    assert!(
        notes.len() == 2
            && notes
                .iter()
                .any(|note| note.contains("tls-only = true has no effect")),
        "{notes:?}"
    );
}
