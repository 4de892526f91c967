//! Whether the connection is over TLS, and whom it may lead to.

use std::path::PathBuf;

use net::tls::{Fingerprint, Trust};

/// Options about TLS. None of them is guessed: what was not asked for is not done.
#[derive(clap::Args, Clone)]
pub(super) struct Secured {
    /// Connect over TLS, to an address of tls_listen. The server must show a certificate for HOST.
    #[arg(long)]
    tls: bool,
    #[command(flatten)]
    whom: Whom,
}

/// Instead of the well-known authorities.
#[derive(clap::Args, Clone)]
#[group(multiple = false, requires = "tls")]
struct Whom {
    /// PEM file of who vouches for the server, or of its own self-signed certificate.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// SHA-256 of the server's certificate: that one and no other, whatever names it has.
    #[arg(long, value_name = "SHA-256", value_parser = fingerprint)]
    fingerprint: Option<Fingerprint>,
    /// Whoever answers is believed, and gets the password.
    #[arg(long)]
    insecure: bool,
}

fn fingerprint(text: &str) -> Result<Fingerprint, &'static str> {
    Fingerprint::parse(text).ok_or("64 hexadecimal digits, with colons between bytes or without")
}

impl Secured {
    /// `None`: without TLS.
    pub(super) fn wanted(&self) -> Option<Trust> {
        let Whom {
            ca,
            fingerprint,
            insecure,
        } = &self.whom;
        let trust = match fingerprint {
            _ if *insecure => Trust::Anybody,
            Some(fingerprint) => Trust::Fingerprint(*fingerprint),
            None => Trust::in_authorities(ca.as_deref()),
        };
        self.tls.then_some(trust)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        trust: Secured,
    }

    fn wanted(line: &str) -> Option<Option<Trust>> {
        let words = ["cli"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words)
            .ok()
            .map(|line| line.trust.wanted())
    }

    #[test]
    fn whom_is_said_once_and_with_tls_alone() {
        let digits = "0F".repeat(32);
        assert_eq!(wanted(""), Some(None));
        assert_eq!(wanted("--tls"), Some(Some(Trust::WellKnown)));
        let file = Some(Some(Trust::Authorities("a.pem".into())));
        assert_eq!(wanted("--tls --ca a.pem"), file);
        let pinned = Trust::Fingerprint(Fingerprint::parse(&digits).unwrap());
        assert_eq!(
            wanted(&format!("--tls --fingerprint {digits}")),
            Some(Some(pinned))
        );
        assert_eq!(wanted("--tls --insecure"), Some(Some(Trust::Anybody)));
        for wrong in [
            "--ca a.pem",
            "--insecure",
            "--tls --insecure --ca a.pem",
            "--tls --fingerprint 0F",
            &format!("--fingerprint {digits}"),
            &format!("--tls --ca a.pem --fingerprint {digits}"),
        ] {
            assert_eq!(wanted(wrong), None, "{wrong}");
        }
    }
}
