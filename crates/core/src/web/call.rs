//! Calls of web clients: the INVITE such a client would send as a SIP phone, and what it does to a call later.

use std::sync::Arc;

use api::command::web::PlaceWebCall;
use api::event::WebEventKind;
use api::id::WebClientId;
use api::view::{CallerProfile, Direction, DirectoryUser};
use api::{ChannelId, CommandError, ErrorKind, RequestId};
use media::control::{LegKind, PeerId};
use sip::resolve::Hop;

use super::register::{WRONG_CREDENTIALS, WebLogin};
use super::{MAX_TEXT, WebClient};
use crate::Switch;
use crate::channel::InboundChannel;
use crate::leg::{LegEnd, Participation, WebLeg};
use crate::next_hop::{Asker, Found};

/// Longest description taken from a page, bytes: with video of many codecs one has about 10 kB.
pub(crate) const MAX_SDP: usize = 64 * 1024;
/// Most headers of one call.
const MAX_HEADERS: usize = 64;

/// Name and value of a header.
type Header = (Arc<str>, Arc<str>);

/// Where a call goes.
struct Destination {
    user: Arc<str>,
    host: Arc<str>,
    /// `user@host` of another server's, to be called without the dialplan; it is safe in a dial string.
    direct: Option<Arc<str>>,
    /// Where that server is.
    hops: Vec<Hop>,
}

impl Switch {
    pub(crate) fn place_web_call(&mut self, request: RequestId, command: PlaceWebCall) {
        let direct = self
            .require_web_client(command.client)
            .and_then(|_| self.web_destination(&command.to))
            .map(|destination| destination.direct);
        let next_hop = match direct {
            Ok(None) => return self.finish_placing(request, command, Vec::new()),
            Ok(Some(address)) => {
                let host = address.split_once('@').map_or(&*address, |(_, host)| host);
                self.web_next_hop(host)
            }
            Err(error) => return self.refuse(request, error),
        };
        match next_hop {
            Ok(destination) => {
                self.look_up(destination, Asker::WebCall(request, Box::new(command)));
            }
            Err(why) => self.refuse(request, CommandError::new(ErrorKind::NotSupported, why)),
        }
    }

    /// The server a page calls was looked for.
    pub(crate) fn web_callee_found(
        &mut self,
        request: RequestId,
        command: PlaceWebCall,
        found: Found,
    ) {
        match found {
            Ok(hops) => self.finish_placing(request, command, hops),
            Err(why) => self.refuse(request, CommandError::new(ErrorKind::NotSupported, why)),
        }
    }

    fn finish_placing(&mut self, request: RequestId, command: PlaceWebCall, hops: Vec<Hop>) {
        match self.begin_web_call(command, hops) {
            Ok((client, channel, ending)) => {
                self.answer(request, Ok(channel.clone()));
                let calling = WebEventKind::Calling {
                    channel: channel.clone(),
                };
                self.tell_web_client(client, calling);
                if let Some((code, phrase)) = ending {
                    let terminated = WebEventKind::Terminated {
                        channel,
                        code,
                        phrase: phrase.into(),
                        missed: false,
                    };
                    self.tell_web_client(client, terminated);
                }
            }
            Err(error) => self.refuse(request, error),
        }
    }

    /// Makes the channel; with an ending when it was refused before there could be one, as an INVITE is.
    #[allow(clippy::type_complexity, reason = "one caller, beside it")]
    fn begin_web_call(
        &mut self,
        command: PlaceWebCall,
        hops: Vec<Hop>,
    ) -> Result<(WebClientId, ChannelId, Option<(u16, &'static str)>), CommandError> {
        let PlaceWebCall {
            client: id,
            to,
            offer,
            headers,
        } = command;
        let client = self.require_web_client(id)?;
        let mut destination = self.web_destination(&to)?;
        destination.hops = hops;
        if offer.len() > MAX_SDP {
            return Err(CommandError::new(
                ErrorKind::InvalidArgument("offer"),
                "the description is too long",
            ));
        }
        if self.view.settings.paused_inbound || self.view.settings.draining {
            return Err(CommandError::new(
                ErrorKind::Unavailable,
                "no calls are taken now",
            ));
        }
        let user = match self.web_login(&client) {
            WebLogin::Ours(account) => Some(account.user),
            WebLogin::Foreign => None,
            WebLogin::Wrong => return Ok((id, self.free_id(None), Some(WRONG_CREDENTIALS))),
            WebLogin::Blocked => return Ok((id, self.free_id(None), Some((403, "Forbidden")))),
        };
        if !self.admit() {
            return Err(CommandError::new(ErrorKind::LimitReached, "session limit"));
        }
        let worker = self.place();
        let channel = self.make_web_caller(
            (id, &client),
            user.as_deref(),
            destination,
            worker,
            offer,
            &headers,
        );
        Ok((id, channel, None))
    }

    /// The channel and the peer of a page that publishes in a video room: those of a call to the room's address.
    pub(crate) fn make_web_participant(
        &mut self,
        client: (WebClientId, &WebClient),
        participation: Participation,
        video: bool,
        worker: usize,
        offer: Arc<str>,
    ) -> (ChannelId, PeerId) {
        let (user, host) = participation
            .room
            .split_once('@')
            .unwrap_or((&participation.room, ""));
        let destination = Destination {
            user: user.into(),
            host: host.into(),
            direct: None,
            hops: Vec::new(),
        };
        let channel = self.make_web_caller(client, None, destination, worker, offer, &[]);
        let peer = self.web_leg(&channel).map(|leg| {
            leg.participation = Some(participation);
            leg.wants_video = video;
            leg.peer
        });
        (channel, peer.unwrap_or(PeerId(0)))
    }

    /// Splits `user@host`; `sip:` in front is allowed.
    fn web_destination(&self, to: &str) -> Result<Destination, CommandError> {
        let bare = to.strip_prefix("sip:").unwrap_or(to);
        let parts = bare
            .split_once('@')
            .filter(|(user, host)| !user.is_empty() && !host.is_empty())
            .filter(|_| to.len() <= MAX_TEXT && sip::message::is_header_value(to));
        let Some((user, host)) = parts else {
            return Err(CommandError::new(
                ErrorKind::InvalidArgument("to"),
                "not an address",
            ));
        };
        let direct = if self.is_local_host(host) {
            None
        } else if is_plain(user) && is_plain(host) {
            Some(bare.into())
        } else {
            return Err(CommandError::new(
                ErrorKind::InvalidArgument("to"),
                "not an address we could call",
            ));
        };
        Ok(Destination {
            user: sip::message::percent_decode(user).into(),
            host: host.into(),
            direct,
            hops: Vec::new(),
        })
    }

    fn make_web_caller(
        &mut self,
        (id, client): (WebClientId, &WebClient),
        user: Option<&DirectoryUser>,
        destination: Destination,
        worker: usize,
        offer: Arc<str>,
        headers: &[Header],
    ) -> ChannelId {
        let mut media = self.new_media(worker);
        self.open_media(&mut media, LegKind::Web);
        let index = self.web_profile_index(&client.domain);
        let profile = self.web_profile(&client.domain);
        let mut caller =
            CallerProfile::new(ChannelId::from_uuid(api::Uuid::nil()), Direction::Inbound);
        let shown = if client.display_name.is_empty() {
            &client.user
        } else {
            &client.display_name
        };
        caller.username = client.user.clone();
        caller.dialplan = "XML".into();
        caller.caller_id_name = shown.clone();
        caller.caller_id_number = client.user.clone();
        caller.orig_caller_id_name = caller.caller_id_name.clone();
        caller.orig_caller_id_number = caller.caller_id_number.clone();
        caller.ani = caller.caller_id_number.clone();
        caller.network_addr = client.source.ip().to_string().into();
        caller.destination_number = destination.user.clone();
        caller.source = "mod_sofia".into();
        caller.context = match user.and_then(|user| user.variable("user_context")) {
            Some(context) => context.into(),
            None => self
                .config
                .profiles
                .get(index)
                .map_or_else(|| "public".into(), |profile| profile.context.clone()),
        };
        let name = format!("sofia/{profile}/{}", client.address());
        let call_id: Arc<str> = self.new_uuid().to_string().into();
        let variables = caller_variables(id, client, &destination, &profile, &call_id);
        let mut leg = WebLeg::of_caller(id, self.new_peer(), call_id, index, offer.clone());
        leg.direct = destination.direct;
        leg.hops = destination.hops;
        leg.foreign = user.is_none();
        let channel = self.create_inbound(InboundChannel {
            end: LegEnd::Web(Box::new(leg)),
            name,
            profile: caller,
            variables,
            media,
        });
        self.own_peer(&channel);
        if let Some(user) = user {
            for (name, value) in &user.variables {
                self.set_var(&channel, name, &**value);
            }
            self.set_var(&channel, "user_name", &*user.id);
            self.set_var(&channel, "domain_name", &*user.domain);
        }
        for (name, value) in extension_headers(headers) {
            self.set_var(&channel, &format!("sip_h_{name}"), &**value);
        }
        self.set_var(&channel, "switch_r_sdp", &*offer);
        self.set_var(&channel, "endpoint_disposition", "DELAYED NEGOTIATION");
        self.count_call(index, true);
        channel
    }

    /// A call to another server, or from one to a web client it knows, goes there at once: `bridge` is all there is of
    /// its dialplan.
    pub(crate) fn take_direct_route(&mut self, id: &ChannelId) -> Option<api::Application> {
        if let Some(dial) = self.sip_leg(id).and_then(|leg| leg.direct.take()) {
            return Some(api::Application::new("bridge", dial));
        }
        let leg = self.web_leg(id)?;
        let profile = leg.profile;
        let address = leg.direct.take()?;
        leg.went_direct = true;
        let profile = self.config.profiles.get(profile)?.name.clone();
        Some(api::Application::new(
            "bridge",
            format!("sofia/{profile}/{address}"),
        ))
    }
}

/// Those of a page's headers that may stand in our messages: extensions, well formed.
pub(crate) fn extension_headers(headers: &[Header]) -> impl Iterator<Item = &Header> {
    headers
        .iter()
        .filter(|(name, value)| {
            name.get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-"))
                && name.len() <= MAX_TEXT
                && value.len() <= MAX_TEXT
                && sip::message::is_token(name)
                && sip::message::is_header_value(value)
        })
        .take(MAX_HEADERS)
}

/// Whether a part of an address means nothing to dial strings and `${…}`.
pub(crate) fn is_plain(part: &str) -> bool {
    part.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*'+=:".contains(&byte))
}

/// What programs find on the channel of a calling phone (event-socket.md §5.4), in its usual order.
fn caller_variables(
    id: WebClientId,
    client: &WebClient,
    destination: &Destination,
    profile: &Arc<str>,
    call_id: &Arc<str>,
) -> Vec<(&'static str, String)> {
    let address = client.address();
    let (ip, port) = (
        client.source.ip().to_string(),
        client.source.port().to_string(),
    );
    let to = format!("{}@{}", destination.user, destination.host);
    let host = WebClient::host(id);
    let mut out: Vec<(&'static str, String)> = vec![
        ("sip_from_user", client.user.to_string()),
        ("sip_from_uri", address.to_string()),
        ("sip_from_host", client.domain.to_string()),
        ("text_media_flow", "disabled".into()),
        ("channel_name", format!("sofia/{profile}/{address}")),
        ("sip_call_id", call_id.to_string()),
        ("sip_network_ip", ip.clone()),
        ("sip_network_port", port.clone()),
        ("sip_received_ip", ip),
        ("sip_received_port", port),
        ("sip_via_protocol", "ws".into()),
        ("sip_authorized", "true".into()),
        ("sip_from_user_stripped", client.user.to_string()),
        ("sofia_profile_name", profile.to_string()),
        ("recovery_profile_name", profile.to_string()),
        ("sip_req_user", destination.user.to_string()),
        ("sip_req_uri", to.clone()),
        ("sip_req_host", destination.host.to_string()),
        ("sip_to_user", destination.user.to_string()),
        ("sip_to_uri", to),
        ("sip_to_host", destination.host.to_string()),
        ("sip_contact_user", client.user.to_string()),
        ("sip_contact_uri", format!("{}@{host}", client.user)),
        ("sip_contact_host", host),
        ("max_forwards", "70".into()),
        ("presence_id", address.to_string()),
    ];
    if !client.display_name.is_empty() {
        out.push(("sip_from_display", client.display_name.to_string()));
    }
    if !client.user_agent.is_empty() {
        out.push(("sip_user_agent", client.user_agent.to_string()));
    }
    out
}
