//! A DNS of names and hops.

use sip::resolve::{Destination, Hop};
use sip::transport::Transport;

/// What is known of names; of all others, that they are not known.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Vec<(String, Vec<Hop>)>,
    /// Nothing is answered until a test does it.
    pub(crate) silent: bool,
}

impl Names {
    /// A name with its hops, such as `udp 192.0.2.1:5060`.
    pub(crate) fn put(&mut self, name: &str, hops: &[&str]) {
        self.known.retain(|(known, _)| known != name);
        self.known.push((
            name.to_owned(),
            hops.iter().map(|hop| hop_of(hop)).collect(),
        ));
    }

    pub(super) fn answer(&self, destination: &Destination) -> Option<Result<Vec<Hop>, Box<str>>> {
        if self.silent {
            return None;
        }
        let found = self
            .known
            .iter()
            .find(|(name, _)| name == destination.host());
        Some(match found {
            Some((_, hops)) => Ok(hops.clone()),
            None => Err(format!("{} is not known", destination.host()).into()),
        })
    }
}

fn hop_of(text: &str) -> Hop {
    let (transport, address) = text.split_once(' ').expect("a transport and an address");
    Hop {
        transport: Transport::parse(transport).expect("a transport"),
        address: address.parse().expect("an address"),
    }
}
