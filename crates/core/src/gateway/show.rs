//! Gateways as views show them.

use std::sync::Arc;
use std::time::Instant;

use api::Timestamp;
use api::view::GatewayPing;

use super::{Gateway, GatewayId, REQUEST_TIME, Standing};
use crate::Switch;
use crate::config::GatewayExtension;

impl Switch {
    /// A gateway is not as the view shows it.
    pub(super) fn gateway_changed(&mut self, id: GatewayId) {
        let now = self.now.wall;
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if !gateway.is_up() {
            gateway.up_since = Timestamp::ZERO;
        } else if !gateway.up_since.happened() {
            gateway.up_since = now;
        }
        let index = gateway.profile;
        let shown = self
            .gateways
            .live
            .get(&id)
            .map(|gateway| self.shown(gateway));
        let mut profiles = self.view.profiles.to_vec();
        let (Some(profile), Some(shown)) = (profiles.get_mut(index), shown) else {
            return;
        };
        let list = &mut profile.gateways;
        match list.iter_mut().find(|known| known.name == shown.name) {
            Some(known) => *known = Arc::new(shown),
            None => list.push(Arc::new(shown)),
        }
        self.view.profiles = profiles.into();
        self.view_changed();
    }

    /// The gateways of a profile, in the order they came.
    pub(crate) fn shown_gateways(&self, profile: usize) -> Vec<Arc<api::view::Gateway>> {
        let all = self.gateways.live.values();
        all.filter(|gateway| gateway.profile == profile)
            .map(|gateway| Arc::new(self.shown(gateway)))
            .collect()
    }

    fn shown(&self, gateway: &Gateway) -> api::view::Gateway {
        let config = &gateway.config;
        let (lapses, due) = gateway
            .registration
            .map_or((None, None), |id| self.registration_times(id));
        let retry = match gateway.standing {
            Standing::Waiting => due.map_or(Timestamp::ZERO, |at| self.wall(at)),
            // Should nobody answer.
            Standing::Trying | Standing::Refreshing | Standing::Expired => {
                gateway.tried.after(REQUEST_TIME + config.retry)
            }
            Standing::NoReg
            | Standing::Unregistered
            | Standing::Registered
            | Standing::Ending { .. } => Timestamp::ZERO,
        };
        api::view::Gateway {
            name: config.name.clone(),
            realm: config.realm.clone(),
            username: config.username.clone(),
            has_password: !config.password.0.is_empty(),
            from: config.account_uri(config.user_in_from()).into(),
            contact: gateway.contact.clone(),
            extension: match &config.extension {
                GatewayExtension::Username => config.username.clone(),
                GatewayExtension::Fixed(extension) => extension.clone(),
                GatewayExtension::ToUser => "auto_to_user".into(),
            },
            uri: config.account_uri(&config.username).into(),
            proxy: config.uri("").into(),
            context: self.gateway_context(gateway),
            expires: lapses.map_or(Timestamp::ZERO, |at| self.wall(at)),
            lifetime_s: config.expires_s,
            ping: gateway.ping.as_ref().map(|ping| GatewayPing {
                every_s: u32::try_from(ping.habits.every.as_secs()).unwrap_or(u32::MAX),
                next: self.wall(ping.next()),
                took: ping.took,
                least: ping.habits.least,
                count: ping.count,
                most: ping.habits.most,
            }),
            state: gateway.standing.word(),
            is_up: gateway.is_up(),
            retry,
            up_since: gateway.up_since,
            calls_in: gateway.calls_in.all,
            failed_calls_in: gateway.calls_in.failed,
            calls_out: gateway.calls_out.all,
            failed_calls_out: gateway.calls_out.failed,
            inbound_variables: config.inbound_variables.clone(),
            outbound_variables: config.outbound_variables.clone(),
        }
    }

    /// Dialplan context of a gateway's calls.
    pub(super) fn gateway_context(&self, gateway: &Gateway) -> Arc<str> {
        let own = gateway.config.context.clone();
        own.or_else(|| Some(self.config.profiles.get(gateway.profile)?.context.clone()))
            .unwrap_or_else(|| "public".into())
    }

    /// An instant as a time of day.
    fn wall(&self, at: Instant) -> Timestamp {
        match at.checked_duration_since(self.now.mono) {
            Some(ahead) => self.now.wall.after(ahead),
            None => {
                let past = self.now.mono.saturating_duration_since(at);
                let micros = i64::try_from(past.as_micros()).unwrap_or(i64::MAX);
                Timestamp(self.now.wall.0.saturating_sub(micros))
            }
        }
    }
}
