//! Who may ask (event-api.md §2): the address is looked at first, then whether TLS is needed, then the credentials.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use net::Cause;
use net::http::Peer;
use net::origin::is_from_here;

use crate::start::Shared;

/// Bytes of credentials that are decoded at the most.
const LONGEST: usize = 1024;

/// What a refused client is sent with 401.
const CHALLENGE: &str = "Basic realm=\"communication_manager\"";

/// Key of credentials in a query.
const ACCESS: &str = "access";

/// The refusal, or nothing for who may ask.
pub(crate) fn refuse(
    shared: &Shared,
    peer: &Peer,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Response> {
    let config = &shared.config;
    if !shared.acl.allows(peer.address.ip()) {
        shared.counters.count(Cause::AclDenied);
        tracing::warn!(peer = %peer.address, "An address that is not allowed asked the iSymphony door");
        return Some(plain(
            StatusCode::FORBIDDEN,
            "This address may not connect.",
        ));
    }
    if config.require_tls && !peer.secure {
        return Some(redirect(shared, headers, uri));
    }
    // Browsers send credentials they know with requests of any page.
    if !is_from_here(&config.origins, headers, peer.secure) {
        shared.counters.count(Cause::AclDenied);
        tracing::warn!(peer = %peer.address, "A page of an origin that may not connect was refused");
        return Some(plain(
            StatusCode::FORBIDDEN,
            "Pages of this origin may not connect.",
        ));
    }
    if shared.is_locked_out(peer.address.ip()) {
        shared.counters.count(Cause::LoginLockedOut);
        let text = "Too many wrong passwords came from this address.";
        return Some(plain(StatusCode::TOO_MANY_REQUESTS, text));
    }
    let given = pair_in_header(headers).or_else(|| {
        let in_query = config.access_in_query.then(|| pair_in_query(uri));
        in_query.flatten()
    });
    match given {
        Some(pair) if config.credentials.match_pair(&pair) => None,
        Some(_) => {
            shared.failed(peer);
            Some(challenge())
        }
        // Many clients ask without at first; that is no guess.
        None => Some(challenge()),
    }
}

/// `name:password` of the only `Authorization: Basic …`.
fn pair_in_header(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| decode(token.trim()))?
}

fn pair_in_query(uri: &Uri) -> Option<Vec<u8>> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let (_, token) = form_urlencoded::parse(query).find(|(key, _)| key == ACCESS)?;
    decode(&token)
}

fn decode(token: &str) -> Option<Vec<u8>> {
    (token.len() <= LONGEST)
        .then(|| STANDARD.decode(token).ok())
        .flatten()
}

fn challenge() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "Name and password are needed.");
    let value = HeaderValue::from_static(CHALLENGE);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, value);
    response
}

/// To the same place with TLS.
fn redirect(shared: &Shared, headers: &HeaderMap, uri: &Uri) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<Authority>().ok());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let location = shared.secure_port().and_then(|port| {
        let host = authority.as_ref().map_or("localhost", Authority::host);
        HeaderValue::from_str(&format!("https://{host}:{port}{path}")).ok()
    });
    let mut response = plain(StatusCode::FOUND, "This server asks for TLS.");
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// An answer of one line.
pub(crate) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, headers, text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn credentials_are_found() {
        let pair = |value: &str| pair_in_header(&headers(&[("Authorization", value)]));
        let usual = Some(b"manager:manag3rpa55word".to_vec());
        assert_eq!(pair("Basic bWFuYWdlcjptYW5hZzNycGE1NXdvcmQ="), usual);
        assert_eq!(pair("basic  bWFuYWdlcjptYW5hZzNycGE1NXdvcmQ= "), usual);
        for wrong in [
            "Basic",
            "Basic !",
            "Bearer bWFuYWdlcg==",
            "",
            "Basic bWFuYWdlcg",
        ] {
            assert_eq!(pair(wrong), None, "{wrong}");
        }
        let twice = [
            ("Authorization", "Basic YQ=="),
            ("Authorization", "Basic YQ=="),
        ];
        assert_eq!(pair_in_header(&headers(&twice)), None);
        assert_eq!(pair(&format!("Basic {}", "YWFh".repeat(1000))), None);
        let query: Uri = "/x?a=b&access=YTpi".parse().unwrap();
        assert_eq!(pair_in_query(&query), Some(b"a:b".to_vec()));
    }
}
