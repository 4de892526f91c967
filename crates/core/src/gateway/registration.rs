//! The registration of a gateway: what each of its steps means for the gateway.

use super::{GatewayId, Standing};
use crate::Switch;
use crate::registration_client::{Heard, RegistrationId};

impl Switch {
    /// Registers with a gateway, whatever it was told before.
    pub(super) fn register_with(&mut self, id: GatewayId) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if let Standing::Ending { again } = &mut gateway.standing {
            // A second REGISTER has to wait for the answer to the first (RFC 3261 §10.2).
            *again = true;
            return;
        }
        if let Some(registration) = gateway.registration {
            return self.renew_registration(registration);
        }
        if gateway.behind.is_some() {
            return;
        }
        let (config, contact) = (gateway.config.clone(), gateway.contact.to_string());
        let profile = gateway.profile;
        if gateway.standing != Standing::Unregistered {
            gateway.standing = Standing::Unregistered;
            self.tell_gateway(id, None, None);
        }
        let registration = self.register_gateway((id, profile), &config, contact);
        if let Some(gateway) = self.gateways.live.get_mut(&id) {
            gateway.registration = Some(registration);
        }
        self.start_registration(registration);
    }

    /// Takes the registration with a gateway back.
    pub(super) fn unregister_from(&mut self, id: GatewayId) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        match gateway.standing {
            Standing::NoReg => {}
            Standing::Ending { .. } => gateway.standing = Standing::Ending { again: false },
            Standing::Unregistered
            | Standing::Trying
            | Standing::Registered
            | Standing::Refreshing
            | Standing::Expired
            | Standing::Waiting => {
                gateway.standing = Standing::Ending { again: false };
                let registration = gateway.registration;
                self.tell_gateway(id, None, None);
                match registration {
                    Some(registration) => self.end_registration(registration),
                    None => self.gateway_has_no_registration(id),
                }
            }
        }
    }

    /// A REGISTER that asks for a lifetime is sent.
    pub(crate) fn gateway_tries(&mut self, id: GatewayId, registration: RegistrationId) {
        let now = self.now.wall;
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if gateway.registration != Some(registration) {
            return;
        }
        gateway.tried = now;
        let next = match gateway.standing {
            Standing::Unregistered | Standing::Waiting | Standing::NoReg => Standing::Trying,
            Standing::Registered => Standing::Refreshing,
            // The next server, or a longer lifetime.
            Standing::Trying | Standing::Refreshing | Standing::Expired => return,
            Standing::Ending { .. } => return,
        };
        gateway.standing = next;
        self.tell_gateway(id, None, None);
    }

    /// The registrar has granted it.
    pub(crate) fn gateway_registered(
        &mut self,
        id: GatewayId,
        registration: RegistrationId,
        heard: Option<Heard>,
    ) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if gateway.registration != Some(registration) {
            return;
        }
        if gateway.standing != Standing::Refreshing {
            tracing::info!(gateway = %gateway.config.name, "Registered with a gateway");
        }
        gateway.standing = Standing::Registered;
        // Clients see the answer and what follows from it apart.
        self.tell_gateway(id, Some("REGISTER"), heard.as_ref());
        self.tell_gateway(id, None, heard.as_ref());
        self.arm_gateway(id);
    }

    /// The registrar has refused it, or is not there.
    pub(crate) fn gateway_not_registered(
        &mut self,
        id: GatewayId,
        registration: RegistrationId,
        heard: Heard,
    ) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if gateway.registration != Some(registration) {
            return;
        }
        tracing::warn!(gateway = %gateway.config.name, code = heard.code, phrase = %heard.phrase, "Not registered with a gateway");
        gateway.standing = Standing::Waiting;
        let word = match (heard.from, heard.code) {
            (Some(_), _) => "FAILED",
            (None, 408) => "TIMEOUT",
            (None, _) => "DOWN",
        };
        self.tell_gateway(id, Some(word), Some(&heard));
        self.tell_gateway(id, None, Some(&heard));
    }

    /// The registration is over and forgotten.
    pub(crate) fn gateway_unregistered(&mut self, id: GatewayId, registration: RegistrationId) {
        let is_current = self
            .gateways
            .live
            .get(&id)
            .is_some_and(|gateway| gateway.registration == Some(registration));
        if is_current {
            self.gateway_has_no_registration(id);
        }
        let waiting = self.gateways.live.iter();
        let waiting = waiting.filter(|(_, gateway)| gateway.behind == Some(registration));
        let waiting: Vec<GatewayId> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            if let Some(gateway) = self.gateways.live.get_mut(&id) {
                gateway.behind = None;
            }
            self.arm_gateway(id);
        }
    }

    fn gateway_has_no_registration(&mut self, id: GatewayId) {
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        gateway.registration = None;
        let again = matches!(gateway.standing, Standing::Ending { again: true });
        gateway.standing = Standing::NoReg;
        self.tell_gateway(id, None, None);
        if again {
            self.register_with(id);
        }
    }

    /// The lifetime of a registration may be over before a refresh of it was answered.
    pub(super) fn expire_gateway(&mut self, id: GatewayId) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get(&id) else {
            return;
        };
        let lapses = gateway
            .registration
            .and_then(|registration| self.registration_times(registration).0);
        let held = matches!(
            gateway.standing,
            Standing::Registered | Standing::Refreshing
        );
        if !held || lapses.is_none_or(|at| at > now) {
            return;
        }
        tracing::warn!(gateway = %gateway.config.name, "The registration with a gateway is over");
        if let Some(gateway) = self.gateways.live.get_mut(&id) {
            gateway.standing = Standing::Expired;
        }
        self.tell_gateway(id, None, None);
    }

    /// Takes every registration with a gateway back: nobody will be here any more.
    pub(crate) fn end_gateways(&mut self) {
        let ids: Vec<GatewayId> = self.gateways.live.keys().copied().collect();
        for id in ids {
            self.unregister_from(id);
        }
    }
}
