//! What a console may do with gateways.

use std::sync::Arc;

use api::command::server::{ControlGateway, GatewayAction};
use api::event::{AccountEvent, EventKind};
use api::{CommandError, ErrorKind, ObjectKind};

use super::GatewayId;
use crate::Switch;
use crate::config::{GatewayConfig, GatewayLists};
use crate::registration_client::RegistrationId;

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
            GatewayAction::Rescan => {
                self.may_start()?;
                Ok(self.rescan_gateways(profile))
            }
            GatewayAction::Register | GatewayAction::Unregister | GatewayAction::Kill => {
                let ids = self.meant(profile, command.gateway.as_deref())?;
                for id in &ids {
                    match command.action {
                        GatewayAction::Register => self.register_with(*id),
                        GatewayAction::Unregister => self.unregister_from(*id),
                        GatewayAction::Kill => {
                            self.kill_gateway(*id);
                        }
                        GatewayAction::Start | GatewayAction::Rescan => {}
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

    /// What is known of gateways becomes what the files say; those that are there stay as they are.
    pub(crate) fn configure_gateways(&mut self, lists: GatewayLists) {
        for profile in &mut self.config.profiles {
            let mut own = lists.iter().filter(|(name, _)| *name == profile.name);
            profile.gateways = own.next().map_or_else(Vec::new, |(_, list)| list.clone());
        }
    }

    /// The gateways there are become those of the files.
    pub(crate) fn gateways_read(&mut self, lists: GatewayLists) {
        if self.view.settings.draining {
            return;
        }
        let before: Vec<Vec<GatewayConfig>> = self
            .config
            .profiles
            .iter()
            .map(|profile| profile.gateways.clone())
            .collect();
        self.configure_gateways(lists);
        for (index, before) in before.into_iter().enumerate() {
            for known in before {
                let now = self.configured(index);
                if now.iter().any(|one| one.name == known.name) {
                    continue;
                }
                if let Some((id, _)) = self.gateways.named(Some(index), &known.name) {
                    self.kill_gateway(id);
                }
            }
            self.rescan_gateways(index);
        }
    }

    fn configured(&self, profile: usize) -> &[GatewayConfig] {
        let profile = self.config.profiles.get(profile);
        profile.map_or(&[][..], |profile| &profile.gateways)
    }

    /// Begins those of the configuration that are not there, or are otherwise; how many those are.
    fn rescan_gateways(&mut self, profile: usize) -> u64 {
        let mut begun = 0;
        for config in self.configured(profile).to_vec() {
            let behind = match self.gateways.named(Some(profile), &config.name) {
                Some((_, known)) if *known.config == config => continue,
                Some((id, _)) => self.kill_gateway(id),
                None => None,
            };
            self.add_gateway(profile, config, behind);
            begun += 1;
        }
        begun
    }

    /// Forgets a gateway; the registration that is being taken back. Its calls go on.
    fn kill_gateway(&mut self, id: GatewayId) -> Option<RegistrationId> {
        self.unregister_from(id);
        let gateway = self.gateways.live.remove(&id)?;
        let ending = gateway.registration;
        let name = gateway.config.name.clone();
        let mut profiles = self.view.profiles.to_vec();
        let profile = profiles.get_mut(gateway.profile)?;
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
        ending
    }

    fn may_start(&self) -> Result<(), CommandError> {
        if self.view.settings.draining {
            let why = "the server is about to stop";
            return Err(CommandError::new(ErrorKind::Unavailable, why));
        }
        Ok(())
    }

    /// Begins those of the configuration that are not there.
    fn start_gateways(&mut self, profile: usize, name: Option<&str>) -> Result<u64, CommandError> {
        self.may_start()?;
        let configured = self.configured(profile);
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
                self.add_gateway(profile, config, None);
                begun += 1;
            }
        }
        Ok(begun)
    }
}
