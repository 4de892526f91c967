//! SIP profiles as views show them.

use api::view::SipProfile;

use crate::Switch;

impl Switch {
    /// Fills the view's profiles from the configuration; counters go on.
    pub(crate) fn publish_profiles(&mut self) {
        let longest = self
            .config
            .profiles
            .iter()
            .map(|profile| profile.max_expires_s)
            .max();
        self.registrations
            .grant_at_most(longest.filter(|seconds| *seconds > 0));
        let old = self.view.profiles.clone();
        self.view.profiles = self
            .config
            .profiles
            .iter()
            .enumerate()
            .map(|(index, profile)| {
                let counted = old.iter().find(|known| known.name == profile.name);
                let ip = profile.sip.ip().to_string();
                let domains = self
                    .view
                    .directory
                    .domains
                    .iter()
                    .map(|domain| &domain.name);
                let realm = profile
                    .domains
                    .first()
                    .cloned()
                    .or_else(|| domains.clone().next().cloned());
                SipProfile {
                    name: profile.name.clone(),
                    aliases: profile.domains.clone(),
                    realm: realm.unwrap_or_else(|| ip.as_str().into()),
                    sip_ip: ip.into(),
                    sip_port: profile.sip.port(),
                    tls_port: profile.tls.map(|address| address.port()),
                    rtp_ip: profile.rtp_ip.to_string().into(),
                    context: profile.context.clone(),
                    dialplan: "XML".into(),
                    codecs: profile.codecs.clone(),
                    gateways: self.shown_gateways(index),
                    calls_in: counted.map_or(0, |known| known.calls_in),
                    failed_calls_in: counted.map_or(0, |known| known.failed_calls_in),
                    calls_out: counted.map_or(0, |known| known.calls_out),
                    failed_calls_out: counted.map_or(0, |known| known.failed_calls_out),
                }
            })
            .collect();
    }

    /// Counts a call of a profile (`CALLS-IN`, `CALLS-OUT`).
    pub(crate) fn count_call(&mut self, index: usize, inbound: bool) {
        self.count(index, |profile| {
            if inbound {
                &mut profile.calls_in
            } else {
                &mut profile.calls_out
            }
        });
    }

    /// Counts a call that ended without an answer (`FAILED-CALLS-IN`, `FAILED-CALLS-OUT`).
    pub(crate) fn count_failed_call(&mut self, index: usize, inbound: bool) {
        self.count(index, |profile| {
            if inbound {
                &mut profile.failed_calls_in
            } else {
                &mut profile.failed_calls_out
            }
        });
    }

    fn count(&mut self, index: usize, counter: impl FnOnce(&mut SipProfile) -> &mut u64) {
        // A handful of profiles: copying them is cheaper than sharing each.
        let mut profiles = self.view.profiles.to_vec();
        if let Some(profile) = profiles.get_mut(index) {
            *counter(profile) += 1;
            self.view.profiles = profiles.into();
        }
    }
}
