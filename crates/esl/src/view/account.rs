//! `sofia::*` events of registrations and gateways (event-socket.md §5.2).

use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{AccountEvent, Event};
use api::view::Registration;

pub(super) fn subclass(event: &AccountEvent) -> &'static str {
    match event {
        AccountEvent::RegisterAttempted { .. } => "sofia::register_attempt",
        AccountEvent::Registered { .. } => "sofia::register",
        AccountEvent::RegisterFailed { .. } => "sofia::register_failure",
        AccountEvent::Unregistered { .. } => "sofia::unregister",
        AccountEvent::Expired { .. } => "sofia::expire",
        AccountEvent::Gateway(_) => "sofia::gateway_state",
        AccountEvent::GatewayAdded { .. } => "sofia::gateway_add",
        AccountEvent::GatewayDeleted { .. } => "sofia::gateway_delete",
    }
}

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &AccountEvent, server: &Server) {
    headers.push("Event-Subclass", subclass(kind));
    headers.push("Event-Name", EventName::Custom.as_str());
    core_without_name(
        headers,
        event,
        server,
        &Source {
            file: "account.rs",
            function: "registrar",
            line: line!(),
        },
    );
    match kind {
        AccountEvent::RegisterAttempted {
            registration,
            result,
        } => {
            registering(
                headers,
                registration,
                registration.expires.as_seconds() - registration.refreshed.as_seconds(),
            );
            headers.push("auth-result", *result);
        }
        AccountEvent::Registered {
            registration,
            expires_s,
            refreshed,
        } => {
            registering(headers, registration, i64::from(*expires_s));
            headers.push("update-reg", if *refreshed { "true" } else { "" });
        }
        AccountEvent::RegisterFailed {
            profile,
            user,
            domain,
            source,
            user_agent,
        } => {
            headers.push("profile-name", profile.to_string());
            headers.push("to-user", user.to_string());
            headers.push("to-host", domain.to_string());
            headers.push_display("network-ip", source.ip());
            headers.push_display("network-port", source.port());
            headers.push("user-agent", user_agent.to_string());
            headers.push("registration-type", "REGISTER");
        }
        AccountEvent::Unregistered { registration } => unregistered(headers, registration),
        AccountEvent::Expired { registration } => expired(headers, registration),
        AccountEvent::Gateway(gateway) => {
            headers.push("Gateway", gateway.gateway.to_string());
            headers.push("State", gateway.state);
            headers.push("Ping-Status", if gateway.is_up { "UP" } else { "DOWN" });
            if let Some(server) = gateway.server {
                headers.push_display("Register-Network-IP", server.ip());
                headers.push_display("Register-Network-Port", server.port());
            }
            if let Some((status, phrase)) = &gateway.response {
                headers.push("Phrase", phrase.to_string());
                headers.push_display("Status", status);
            }
        }
        AccountEvent::GatewayAdded { profile, gateway }
        | AccountEvent::GatewayDeleted { profile, gateway } => {
            headers.push("profile-name", profile.to_string());
            headers.push("Gateway", gateway.to_string());
        }
    }
}

/// The address being registered is called `from`, as the original does.
fn registering(headers: &mut Headers, registration: &Registration, expires_s: i64) {
    headers.push("profile-name", registration.profile.to_string());
    headers.push("from-user", registration.user.to_string());
    headers.push("from-host", registration.domain.to_string());
    headers.push("presence-hosts", registration.domain.to_string());
    headers.push("contact", registration.contact.to_string());
    headers.push("call-id", registration.call_id.to_string());
    headers.push("rpid", "unknown");
    headers.push("status", status(registration));
    headers.push_display("expires", expires_s);
    headers.push("to-user", registration.user.to_string());
    headers.push("to-host", registration.domain.to_string());
    network(headers, registration);
    headers.push("username", registration.auth_user.to_string());
    headers.push("realm", registration.auth_realm.to_string());
    headers.push("user-agent", registration.user_agent.to_string());
}

fn unregistered(headers: &mut Headers, registration: &Registration) {
    headers.push("profile-name", registration.profile.to_string());
    headers.push("username", registration.auth_user.to_string());
    headers.push("from-user", registration.user.to_string());
    headers.push("from-host", registration.domain.to_string());
    headers.push("contact", registration.contact.to_string());
    headers.push("call-id", registration.call_id.to_string());
    headers.push("rpid", "unknown");
    headers.push("realm", registration.auth_realm.to_string());
    network(headers, registration);
    headers.push("user-agent", registration.user_agent.to_string());
    headers.push("expires", "0");
}

fn expired(headers: &mut Headers, registration: &Registration) {
    headers.push("profile-name", registration.profile.to_string());
    headers.push("call-id", registration.call_id.to_string());
    headers.push("user", registration.user.to_string());
    headers.push("username", registration.auth_user.to_string());
    headers.push("host", registration.domain.to_string());
    headers.push("contact", registration.contact.to_string());
    headers.push_display("expires", registration.expires.as_seconds());
    headers.push("user-agent", registration.user_agent.to_string());
    headers.push("realm", registration.auth_realm.to_string());
    network(headers, registration);
}

fn network(headers: &mut Headers, registration: &Registration) {
    headers.push_display("network-ip", registration.source.ip());
    headers.push_display("network-port", registration.source.port());
}

fn status(registration: &Registration) -> String {
    format!(
        "Registered({})",
        registration.transport.to_ascii_uppercase()
    )
}
