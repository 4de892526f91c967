//! Registrations of gateways' accounts.

use std::time::Instant;

use sip::register::{ClientRegistration, Manner};

use super::{Entry, Owner, RegistrationId};
use crate::Switch;
use crate::config::GatewayConfig;
use crate::gateway::GatewayId;

impl Switch {
    /// Registers a gateway's account; `contact` is what it is called there.
    pub(crate) fn register_gateway(
        &mut self,
        (gateway, profile): (GatewayId, usize),
        config: &GatewayConfig,
        contact: String,
    ) -> RegistrationId {
        self.client_registrations.serial += 1;
        let id = RegistrationId(self.client_registrations.serial);
        let manner = Manner::Trunk {
            expires_s: config.expires_s,
            retry: config.retry,
        };
        let entry = Entry {
            owner: Owner::Gateway(gateway, profile),
            request: None,
            machine: ClientRegistration::new(manner),
            destination: config.registrar().clone(),
            address: config.account_uri(&config.username),
            domain: config.domain().into(),
            credentials: config.credentials(),
            token: config.contact_user(),
            contact: Some(contact),
            parameters: Vec::new(),
            call_id: self.new_uuid().to_string(),
            cseq: 1,
            targets: Vec::new(),
            asked: None,
            heard: None,
            servers: Vec::new(),
        };
        self.client_registrations.entries.insert(id, entry);
        id
    }

    /// Begins what was made by [`Switch::register_gateway`], once the gateway knows it.
    pub(crate) fn start_registration(&mut self, id: RegistrationId) {
        self.step(id, ClientRegistration::start);
    }

    /// A gateway's registration is made again at once.
    pub(crate) fn renew_registration(&mut self, id: RegistrationId) {
        self.step(id, ClientRegistration::renew);
    }

    /// A gateway's registration is taken back.
    pub(crate) fn end_registration(&mut self, id: RegistrationId) {
        self.step(id, ClientRegistration::end);
    }

    /// When a registration is over unless it is refreshed, and when it is tried next.
    pub(crate) fn registration_times(
        &self,
        id: RegistrationId,
    ) -> (Option<Instant>, Option<Instant>) {
        let entry = self.client_registrations.entries.get(&id);
        entry.map_or((None, None), |entry| {
            (entry.machine.lapses(), entry.machine.due())
        })
    }
}
