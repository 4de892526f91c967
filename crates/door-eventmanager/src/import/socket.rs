//! `imm_websocket_config.json`, in both of its dialects.

use std::path::{Path, PathBuf};

use net::tls::{self, Passphrase, TlsSource};
use serde_json::value::RawValue;

use super::{ImportError, read_with};
use crate::config::Credential;
use crate::wire::Members;

/// The port of the vendor's samples.
const DEFAULT_PORT: u16 = 9002;

/// Options of one meaning, the preferred one first.
const CHAINS: [&str; 3] = [
    "certificate_chain_file",
    "cert_file_name",
    "certificate_file",
];
const KEYS: [&str; 2] = ["private_key_file", "key_file_name"];
const RSA_KEY: &str = "rsa_private_key_file";
const DH: [&str; 2] = ["tmp_dh_file", "dh_params_file_name"];
const PASSPHRASE: &str = "passphrase";
const HEADER: [&str; 2] = ["authentification_key", "authentication_key"];
const VALUE: [&str; 2] = ["authentification_value", "authentication_value"];

/// What the file says.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Where to listen, on every address: of IPv6 and IPv4.
    pub port: u16,
    /// Certificate and key; `None`: none are named, so one is to be made.
    pub tls: Option<TlsSource>,
    /// What a handshake must carry; `None`: nothing.
    pub credential: Option<Credential>,
    /// What the file asks for that has no effect, and what is unsafe.
    pub notices: Vec<String>,
}

/// Reads the file. Relative paths in it start at its folder.
///
/// # Errors
/// [`ImportError`].
pub fn read_socket(path: &Path) -> Result<Imported, ImportError> {
    read_with(path, import_socket)
}

/// Takes the text of the file over. Looks at the file of Diffie-Hellman parameters, if one is named.
///
/// # Errors
/// [`ImportError`]: no JSON, an option of another kind, a certificate without key or the reverse, a bad port.
pub fn import_socket(text: &str, folder: &Path) -> Result<Imported, ImportError> {
    let members = Members::read(text).map_err(ImportError)?;
    let options = Options { members, folder };
    let mut notices = options.unknown();
    Ok(Imported {
        port: options.port()?,
        tls: options.tls(&mut notices)?,
        credential: options.credential(&mut notices)?,
        notices,
    })
}

struct Options<'a> {
    members: Members<'a>,
    folder: &'a Path,
}

/// An option and its text.
type Given = (&'static str, String);

impl Options<'_> {
    /// The text of an option; `None` when it is switched off.
    fn text(&self, name: &'static str) -> Result<Option<Given>, ImportError> {
        let Some(value) = self.members.get(name) else {
            return Ok(None);
        };
        let text: String = serde_json::from_str(value.get())
            .map_err(|_| ImportError(format!("{name} is not a string")))?;
        Ok((!matches!(text.as_str(), "" | "none")).then_some((name, text)))
    }

    /// The first of several options that is on.
    fn first(&self, names: &[&'static str]) -> Result<Option<Given>, ImportError> {
        let mut found = None;
        // Every one is looked at, so that none of a wrong kind goes unnoticed.
        for name in names {
            let given = self.text(name)?;
            found = found.or(given);
        }
        Ok(found)
    }

    fn path(&self, (_, text): &Given) -> PathBuf {
        self.folder.join(text)
    }

    fn port(&self) -> Result<u16, ImportError> {
        let Some(value) = self.members.get("port") else {
            return Ok(DEFAULT_PORT);
        };
        let port = value.get().parse().ok().filter(|port| *port > 0);
        port.ok_or_else(|| ImportError("port is not an integer between 1 and 65535".to_owned()))
    }

    fn tls(&self, notices: &mut Vec<String>) -> Result<Option<TlsSource>, ImportError> {
        let chain = self.first(&CHAINS)?;
        let any_key = self.first(&KEYS)?;
        let rsa_key = self.text(RSA_KEY)?;
        let passphrase = self.text(PASSPHRASE)?;
        if let Some(given) = self.first(&DH)? {
            let parameters = tls::dh_parameters(&self.path(&given))
                .map_err(|error| ImportError(format!("{}: {error}", given.0)))?;
            notices.push(format!(
                "{}: parameters of {} bits are not used: key exchange is by elliptic curves only",
                given.0, parameters.bits
            ));
        }
        let rsa_only = any_key.is_none();
        let (chain, key) = match (chain, any_key.or(rsa_key)) {
            (None, None) => return Ok(None),
            (Some((name, _)), None) => {
                let why =
                    format!("{name} names a certificate, but no option names its private key");
                return Err(ImportError(why));
            }
            (None, Some((name, _))) => {
                let why =
                    format!("{name} names a private key, but no option names its certificate");
                return Err(ImportError(why));
            }
            (Some(chain), Some(key)) => (chain, key),
        };
        Ok(Some(TlsSource::GuardedFiles {
            certificate: self.path(&chain),
            key: self.path(&key),
            passphrase: passphrase.map(|(_, text)| Passphrase::new(text)),
            rsa_only,
        }))
    }

    fn credential(&self, notices: &mut Vec<String>) -> Result<Option<Credential>, ImportError> {
        let (Some(key), Some(value)) = (self.first(&HEADER)?, self.first(&VALUE)?) else {
            notices.push(
                "authentification_key and authentification_value are not both set: anybody may connect"
                    .to_owned(),
            );
            return Ok(None);
        };
        let credential = Credential::new(&key.1, &value.1);
        let unusable = || ImportError(format!("{} and {} make no HTTP header", key.0, value.0));
        credential.map(Some).ok_or_else(unusable)
    }

    /// Options nobody knows.
    fn unknown(&self) -> Vec<String> {
        let known = |name: &str| {
            let single = [RSA_KEY, PASSPHRASE, "port"];
            let lists: [&[&str]; 6] = [&CHAINS, &KEYS, &DH, &HEADER, &VALUE, &single];
            lists.iter().any(|list| list.contains(&name))
        };
        let unknown = |(name, _): &(&str, &RawValue)| !known(name);
        let members = self.members.iter().filter(unknown);
        members
            .map(|(name, _)| format!("{name}: unknown option").replace(char::is_control, " "))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Result<Imported, String> {
        import_socket(text, Path::new("/etc/imm")).map_err(|error| error.to_string())
    }

    fn files(imported: &Imported) -> (String, String, bool) {
        match &imported.tls {
            Some(TlsSource::GuardedFiles {
                certificate,
                key,
                rsa_only,
                ..
            }) => (
                certificate.display().to_string(),
                key.display().to_string(),
                *rsa_only,
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_dialects_are_read() {
        let manual = import(
            r#"{
  "port": 9003,
  "certificate_file": "none",
  "certificate_chain_file": "/etc/pbx/tls/server.pem",
  "private_key_file": "/etc/pbx/tls/server.pem",
  "rsa_private_key_file": "none",
  "tmp_dh_file": "none",
  "authentification_key": "Immersitech",
  "authentification_value": "I_am_valid_immersitech_please_accept_me"
}"#,
        )
        .unwrap();
        assert_eq!(manual.port, 9003);
        let pem = "/etc/pbx/tls/server.pem".to_owned();
        assert_eq!(files(&manual), (pem.clone(), pem, false));
        let credential = manual.credential.unwrap();
        assert!(credential.matches(b"I_am_valid_immersitech_please_accept_me"));
        assert!(manual.notices.is_empty());

        let sample = import(
            r#"{"cert_file_name":"./assets/server.pem","key_file_name":"./assets/key.pem","dh_params_file_name":"",
                "passphrase":"secret word","authentication_key":"A","authentication_value":"b"}"#,
        )
        .unwrap();
        assert_eq!(sample.port, 9002);
        let (certificate, key, _) = files(&sample);
        assert_eq!(certificate, "/etc/imm/./assets/server.pem");
        assert_eq!(key, "/etc/imm/./assets/key.pem");
        assert!(!format!("{sample:?}").contains("secret word"));
    }

    #[test]
    fn the_preferred_option_wins() {
        let all = import(
            r#"{"certificate_file":"leaf","certificate_chain_file":"chain","rsa_private_key_file":"rsa","private_key_file":"key",
                "authentification_key":"A","authentication_key":"B","authentification_value":"x"}"#,
        )
        .unwrap();
        assert_eq!(
            files(&all),
            ("/etc/imm/chain".into(), "/etc/imm/key".into(), false)
        );
        assert_eq!(all.credential.unwrap().key(), "A");
        let older = import(
            r#"{"certificate_file":"leaf","certificate_chain_file":null,"rsa_private_key_file":"rsa","private_key_file":"none"}"#,
        )
        .unwrap();
        assert_eq!(
            files(&older),
            ("/etc/imm/leaf".into(), "/etc/imm/rsa".into(), true)
        );
    }

    #[test]
    fn what_is_off_is_off_in_four_ways() {
        for off in [
            "{}",
            r#"{"certificate_file":null,"private_key_file":""}"#,
            r#"{"certificate_file":"none","private_key_file":"none","passphrase":"none","tmp_dh_file":"none"}"#,
        ] {
            let imported = import(off).unwrap();
            assert!(imported.tls.is_none() && imported.credential.is_none());
            assert_eq!(imported.notices.len(), 1, "{:?}", imported.notices);
            assert!(imported.notices[0].contains("anybody may connect"));
        }
        let half = import(r#"{"authentification_key":"Immersitech"}"#).unwrap();
        assert!(half.credential.is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("[]", "invalid type"),
            (
                r#"{"certificate_file":"a"}"#,
                "certificate_file names a certificate, but no option names its private key",
            ),
            (
                r#"{"key_file_name":"a"}"#,
                "key_file_name names a private key, but no option names its certificate",
            ),
            (
                r#"{"certificate_file":5}"#,
                "certificate_file is not a string",
            ),
            (
                r#"{"port":0}"#,
                "port is not an integer between 1 and 65535",
            ),
            (r#"{"port":65536}"#, "port is not"),
            (r#"{"port":"9002"}"#, "port is not"),
            (r#"{"port":9002.5}"#, "port is not"),
            (
                r#"{"authentification_key":"a b","authentification_value":"c"}"#,
                "authentification_key and authentification_value make no HTTP header",
            ),
            (
                r#"{"tmp_dh_file":"nowhere.pem"}"#,
                "tmp_dh_file: /etc/imm/nowhere.pem: ",
            ),
        ] {
            let error = import(text).unwrap_err();
            assert!(error.starts_with(why), "{error} instead of {why}");
        }
        let unknown =
            import(r#"{"verify":"all","authentification_key":"a","authentification_value":"b"}"#);
        assert_eq!(unknown.unwrap().notices, ["verify: unknown option"]);
    }
}
