//! What a console may do with gateways.

use std::sync::Arc;

use api::command::server::{ControlGateway, GatewayAction};
use api::event::{AccountEvent, EventKind};
use api::{CommandError, ErrorKind, ObjectKind};

use super::GatewayId;
use crate::Switch;

impl Switch {
    /// Answered with how many gateways there were to do it with.
    pub(crate) fn control_gateways(
        &mut self,
        command: &ControlGateway,
    ) -> Result<u64, CommandError> {
        let known = |profile: &crate::config::ProfileConfig| {
            profile.name.eq_ignore_ascii_case(&command.profile)
        };
        let profile = self.config.profiles.iter().position(known);
        let profile = profile.ok_or_else(|| CommandError::not_found(ObjectKind::Profile))?;
        match command.action {
            GatewayAction::Start => self.start_gateways(profile, command.gateway.as_deref()),
            GatewayAction::Register | GatewayAction::Unregister | GatewayAction::Kill => {
                let ids = self.meant(profile, command.gateway.as_deref())?;
                for id in &ids {
                    match command.action {
                        GatewayAction::Register => self.register_with(*id),
                        GatewayAction::Unregister => self.unregister_from(*id),
                        GatewayAction::Kill => self.kill_gateway(*id),
                        GatewayAction::Start => {}
                    }
                }
                Ok(ids.len() as u64)
            }
        }
    }

    fn meant(&self, profile: usize, name: Option<&str>) -> Result<Vec<GatewayId>, CommandError> {
        let Some(name) = name else {
            let all = self.gateways.live.iter();
            return Ok(all
                .filter(|(_, gateway)| gateway.profile == profile)
                .map(|(id, _)| *id)
                .collect());
        };
        let found = self.gateways.named(Some(profile), name);
        found
            .map(|(id, _)| vec![id])
            .ok_or_else(|| CommandError::not_found(ObjectKind::Gateway))
    }

    fn kill_gateway(&mut self, id: GatewayId) {
        self.unregister_from(id);
        let Some(gateway) = self.gateways.live.remove(&id) else {
            return;
        };
        let name = gateway.config.name.clone();
        let mut profiles = self.view.profiles.to_vec();
        let Some(profile) = profiles.get_mut(gateway.profile) else {
            return;
        };
        profile.gateways.retain(|known| known.name != name);
        let of_profile: Arc<str> = profile.name.clone();
        self.view.profiles = profiles.into();
        self.publish(
            EventKind::Account(Box::new(AccountEvent::GatewayDeleted {
                profile: of_profile,
                gateway: name,
            })),
            None,
        );
    }

    /// Begins those of the configuration that are not there.
    fn start_gateways(&mut self, profile: usize, name: Option<&str>) -> Result<u64, CommandError> {
        if self.view.settings.draining {
            let why = "the server is about to stop";
            return Err(CommandError::new(ErrorKind::Unavailable, why));
        }
        let configured = self.config.profiles.get(profile);
        let configured = configured.map_or(&[][..], |profile| &profile.gateways);
        let meant: Vec<_> = configured
            .iter()
            .filter(|one| name.is_none_or(|name| one.name.eq_ignore_ascii_case(name)))
            .cloned()
            .collect();
        if meant.is_empty() && name.is_some() {
            return Err(CommandError::not_found(ObjectKind::Gateway));
        }
        let mut begun = 0;
        for config in meant {
            if self.gateways.named(Some(profile), &config.name).is_none() {
                self.add_gateway(profile, config);
                begun += 1;
            }
        }
        Ok(begun)
    }
}
