//! The panel page's way in: the same events and the same Live API on the listener that serves the page, for people who
//! sign in instead of a program that knows the door's password (docs/decisions/0022-panel-page-signs-in.md).
//!
//! | Path | |
//! |---|---|
//! | `/session` | `POST` signs in, `GET` says who has, `DELETE` signs out |
//! | `/status` | `POST` says where that user is (event-api.md §5.1, `userStatus`) |
//! | `/live/…` | the Live API (event-api.md §7) of that user's core server |
//! | `/events` | the Event API (event-api.md §3) |
//! | `/events/own` | the same for a page inside the panel: what is about that user (event-api.md §10) |

mod logins;
mod status;
mod user;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use api::command::server::Fire;
use api::event::CustomEvent;
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use net::http::Peer;
use net::{Cause, LoginLimiter, LoginPolicy, NotOurs, PageHosts};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::plain;
use crate::error::Refusal;
use crate::events::{LOGIN, LOGOUT};
use crate::http;
use crate::objects::{Kind, Object};
use crate::rest::{Asker, path};
use crate::rights::{Person, Sight};
use crate::start::Shared;
use crate::wire::{Value, parse};
use logins::Token;
pub(crate) use logins::{Login, Logins};

/// The cookie a browser shows.
const COOKIE: &str = "jackfield_panel";

/// Bytes of what somebody signs in with.
const LONGEST: usize = 4096;

/// How often logins are looked at that may have ended.
const SWEEP: Duration = Duration::from_secs(60);

const WRONG: &str = "The user or the password is not right.";
const SIGN_IN: &str = "Sign in.";

struct Pages {
    shared: Arc<Shared>,
    hosts: PageHosts,
    /// Apart from the door's: who mistypes a password does not lock out the programs beside them.
    failures: Mutex<LoginLimiter>,
    path: String,
}

/// Routes below `path`, which begins with `/`.
pub(crate) fn routes(shared: &Arc<Shared>, path: &str, hosts: PageHosts) -> Router {
    let pages = Arc::new(Pages {
        shared: shared.clone(),
        hosts,
        failures: LoginLimiter::new(LoginPolicy::default()).into(),
        path: path.to_owned(),
    });
    shared.spawn(sweep(pages.clone()));
    let session = get(who).post(sign_in).delete(sign_out);
    Router::new()
        .route(&format!("{path}/session"), session)
        .route(&format!("{path}/status"), post(status::set))
        .route(&format!("{path}/live/{{*rest}}"), any(live))
        .route(&format!("{path}/events"), get(events))
        .route(&format!("{path}/events/own"), get(own_events))
        .layer(map_response(with_headers))
        .with_state(pages)
}

/// Nothing of this is kept by browsers, or taken for anything but what it says it is.
async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// Ends logins in time, until the door closes.
async fn sweep(pages: Arc<Pages>) {
    let told = pages.shared.leaving().told;
    loop {
        tokio::select! {
            () = told.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        let gone = pages
            .shared
            .logins
            .sweep(Instant::now(), |login| pages.holds(login));
        for login in gone {
            pages.announce(LOGOUT, &login).await;
        }
    }
}

async fn sign_in(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let host = match pages.hosts.own(&headers, peer.secure) {
        Ok(host) => host,
        Err(why) => return refused(why),
    };
    tracing::debug!(peer = %peer.address, host, "Somebody signs in at the panel");
    if pages.is_locked_out(peer.address.ip()) {
        pages.shared.counters.count(Cause::LoginLockedOut);
        let text = "The password was wrong too often. Wait a minute.";
        return plain(StatusCode::TOO_MANY_REQUESTS, text);
    }
    let (name, password) = match said(&pages, body).await {
        Ok(said) => said,
        Err(response) => return response,
    };
    let Some(login) = pages.check(&name, &password, &peer, &headers) else {
        pages.failed(&peer);
        return plain(StatusCode::UNAUTHORIZED, WRONG);
    };
    // The browser has one cookie: what it showed before is not shown again.
    if let Some(before) = pages.login(&headers) {
        pages.end(before.id).await;
    }
    let Some((token, gone)) = pages.shared.logins.begin(login.clone(), Instant::now()) else {
        return http::refusal(&Refusal::failed("There is no randomness to be had."));
    };
    for login in gone {
        pages.announce(LOGOUT, &login).await;
    }
    pages.announce(LOGIN, &login).await;
    let cookie = cookie(&token.text(), &pages.path, is_secure(&peer, &headers), None);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

async fn who(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    if let Err(why) = pages.hosts.asked(&headers, peer.secure) {
        return refused(why);
    }
    let said = pages
        .login(&headers)
        .and_then(|login| pages.describe(&login));
    match said {
        Some(said) => {
            let headers = [(header::CONTENT_TYPE, "application/json")];
            (headers, said.to_string()).into_response()
        }
        None => plain(StatusCode::UNAUTHORIZED, SIGN_IN),
    }
}

async fn sign_out(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    if let Err(why) = pages.hosts.own(&headers, peer.secure) {
        return refused(why);
    }
    if let Some(login) = pages.login(&headers) {
        pages.end(login.id).await;
    }
    let cookie = cookie("", &pages.path, is_secure(&peer, &headers), Some(0));
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// The Live API, for who has signed in: that of their own core server.
async fn live(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let only_asks = parts.method == Method::GET || parts.method == Method::HEAD;
    let hosts = &pages.hosts;
    let ours = if only_asks {
        hosts.asked(&parts.headers, peer.secure)
    } else {
        hosts.own(&parts.headers, peer.secure)
    };
    if let Err(why) = ours {
        return refused(why);
    }
    let Some(login) = pages.login(&parts.headers) else {
        return plain(StatusCode::UNAUTHORIZED, SIGN_IN);
    };
    let below = parts.uri.path().strip_prefix(&*pages.path);
    let Some(segments) = below.and_then(path::segments) else {
        return http::refusal(&Refusal::not_found("There is nothing."));
    };
    // "live" is the first of them; the Live API is below "rest".
    let place: Vec<&str> = ["rest"]
        .into_iter()
        .chain(segments.iter().map(String::as_str))
        .collect();
    if !pages.is_own(&login, &place) {
        return http::refusal(&Refusal::not_found("That is not your core server."));
    }
    let Some(person) = pages.person(&login) else {
        return plain(StatusCode::UNAUTHORIZED, SIGN_IN);
    };
    let searching = login.searching;
    let asker = Some(Asker { person, searching });
    http::rest(&pages.shared, &peer, &parts, &place, body, asker).await
}

/// The Event API, for who has signed in: what they may see.
async fn events(
    pages: State<Arc<Pages>>,
    peer: Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let sight = |login: &Login| Some(Sight::of_person(&login.core, &login.user));
    events_seen(pages, peer, headers, upgrade, sight).await
}

/// The same of what is about them.
async fn own_events(
    pages: State<Arc<Pages>>,
    peer: Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let objects = pages.shared.configuration.now();
    let sight = |login: &Login| {
        let user = objects.get(Kind::User, &login.user)?;
        Some(Sight::Own(user.live_id().into()))
    };
    events_seen(pages, peer, headers, upgrade, sight).await
}

async fn events_seen(
    State(pages): State<Arc<Pages>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    sight: impl FnOnce(&Login) -> Option<Sight>,
) -> Response {
    // Browsers say where a page that opens a WebSocket is from.
    if let Err(why) = pages.hosts.own(&headers, peer.secure) {
        return refused(why);
    }
    let login = pages.login(&headers);
    match login.and_then(|login| Some((sight(&login)?, login))) {
        Some((sight, login)) => {
            http::open(pages.shared.clone(), peer, upgrade, login.ended, sight).await
        }
        None => plain(StatusCode::UNAUTHORIZED, SIGN_IN),
    }
}

fn refused(why: NotOurs) -> Response {
    let text = match why {
        NotOurs::Stranger => "Only this server's own pages may do this.",
        NotOurs::Host => {
            "This server does not know itself by this name. Open the page by its address, or add the name to [console] names."
        }
    };
    plain(StatusCode::FORBIDDEN, text)
}

/// User and password of a request to sign in.
async fn said(pages: &Pages, body: Body) -> Result<(String, String), Response> {
    let body = read(pages, body).await?;
    let text = |name: &str| match body.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(_) | None => Err(Refusal::missing(name)),
    };
    let both = text("username").and_then(|user| Ok((user, text("password")?)));
    both.map_err(|why| http::refusal(&why))
}

/// The small JSON body of a request.
async fn read(pages: &Pages, body: Body) -> Result<Value, Response> {
    let wait = pages.shared.config.handshake;
    let body = match timeout(wait, to_bytes(body, LONGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large.",
            ));
        }
        Err(_) => {
            return Err(plain(
                StatusCode::REQUEST_TIMEOUT,
                "The body came too slowly.",
            ));
        }
    };
    parse(&body).ok_or_else(|| http::refusal(&Refusal::json()))
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// What the browser keeps. `for_s`: seconds; `None`: until it is closed.
fn cookie(token: &str, path: &str, secure: bool, for_s: Option<u32>) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let age = for_s.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    format!("{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict{secure}{age}")
}

/// Whether the page came over TLS, here or at a proxy before us.
fn is_secure(peer: &Peer, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN);
    peer.secure || origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"))
}

/// Tokens a browser shows; a page of another name can put one of its own beside ours.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = Token> {
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| Token::parse(value))?
    })
}

/// The port a request was sent to, as its sender wrote it.
fn port(headers: &HeaderMap, secure: bool) -> u16 {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let port = host.and_then(|host| host.rsplit_once(':')?.1.parse().ok());
    port.unwrap_or(if secure { 443 } else { 80 })
}

impl Pages {
    fn login(&self, headers: &HeaderMap) -> Option<Login> {
        let now = Instant::now();
        let login = tokens(headers)
            .take(4)
            .find_map(|token| self.shared.logins.find(token, now))?;
        self.holds(&login).then_some(login)
    }

    /// Whether its user is still there, and may still sign in with what they signed in with.
    fn holds(&self, login: &Login) -> bool {
        let directory = &self.shared.switch.view().directory;
        let objects = self.shared.configuration.now();
        user::proof_of(&objects, directory, &login.core, &login.user) == Some(login.proof)
    }

    fn check(&self, name: &str, password: &str, peer: &Peer, headers: &HeaderMap) -> Option<Login> {
        let objects = self.shared.configuration.now();
        let mut cores = objects.cores();
        let user = cores.find_map(|core| objects.having(Kind::User, &core.id, "username", name))?;
        let directory = &self.shared.switch.view().directory;
        let proof = user::check(user, directory, password)?;
        Some(Login {
            id: Uuid::new_v4(),
            core: user.parent.clone(),
            user: user.id.clone(),
            proof,
            ip: peer.address.ip().to_canonical(),
            port: port(headers, peer.secure),
            since: now_ms(),
            ended: CancellationToken::new(),
            searching: Arc::new(Semaphore::new(1)),
        })
    }

    async fn end(&self, id: Uuid) {
        if let Some(login) = self.shared.logins.end(id) {
            self.announce(LOGOUT, &login).await;
        }
    }

    /// Tells everybody who follows events, in the order of everything else that happens (event-api.md §5.1).
    async fn announce(&self, what: &'static str, login: &Login) {
        let objects = self.shared.configuration.now();
        let core = objects.get(Kind::CoreServer, &login.core);
        let user = objects.get(Kind::User, &login.user);
        // A user who is gone has no name any more; their login ends all the same.
        let (Some(core), Some(user)) = (core, user) else {
            return;
        };
        let headers = [
            ("coreServerId", core.live_id()),
            ("userId", user.live_id()),
            ("username", user.text("username").to_owned()),
            ("userLoginId", login.id.to_string()),
            ("ip", login.ip.to_string()),
            ("port", login.port.to_string()),
        ];
        let event = CustomEvent {
            name: "CUSTOM".into(),
            subclass: Some(what.into()),
            headers: headers
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            body: None,
            from_client: false,
        };
        if let Err(error) = self.shared.tell(Fire { event }, login.ip).await {
            tracing::debug!(%error, "A login is not told");
        }
    }

    fn describe(&self, login: &Login) -> Option<Value> {
        let objects = self.shared.configuration.now();
        let core = objects.get(Kind::CoreServer, &login.core)?;
        let user = objects.get(Kind::User, &login.user)?;
        let is_own = |extension: &&Arc<Object>| {
            let bound = objects.managing_user(extension);
            bound.is_some_and(|bound| bound.id == user.id)
        };
        let extensions = objects.of(Kind::Extension, &core.id).filter(is_own);
        let person = self.person(login)?;
        let config = &self.shared.config;
        let crm = config
            .crm
            .as_ref()
            .map(|crm| json!({"url": crm.url(), "event": crm.event(), "title": crm.title()}));
        Some(json!({
            "username": user.text("username"),
            "userId": user.live_id(),
            "userLoginId": login.id.to_string(),
            "displayName": user.text("displayName"),
            "coreServer": {
                "id": core.live_id(),
                "slug": core.text("slug"),
                "name": core.text("name"),
            },
            "callHistory": config.call_history && person.reads_history(),
            "rights": person.anywhere().words(),
            "crm": crm,
            "statuses": config.statuses.iter().map(|status| json!({
                "name": status.name, "statusType": status.kind.name(),
            })).collect::<Vec<_>>(),
            "extensionIds": extensions.map(|extension| extension.live_id()).collect::<Vec<_>>(),
        }))
    }

    /// What they may see and do now.
    fn person(&self, login: &Login) -> Option<Person> {
        let objects = self.shared.configuration.now();
        Person::of(
            &self.shared.config.groups,
            &objects,
            &login.core,
            &login.user,
        )
    }

    /// Whether a path leads into the login's own core server.
    fn is_own(&self, login: &Login, place: &[&str]) -> bool {
        let objects = self.shared.configuration.now();
        let Some(core) = objects.get(Kind::CoreServer, &login.core) else {
            return false;
        };
        match place {
            ["rest", "live", "coreServers", "getByName", slug, ..] => *slug == core.text("slug"),
            ["rest", "live", "coreServers", id, ..] => {
                Uuid::parse_str(id).is_ok_and(|id| id == core.live)
            }
            _ => false,
        }
    }

    fn failed(&self, peer: &Peer) {
        self.shared.counters.count(Cause::LoginFailed);
        self.limiter(|limiter| limiter.failed(peer.address.ip(), Instant::now()));
        tracing::warn!(peer = %peer.address, "Somebody has a wrong user or password at the panel");
    }

    fn is_locked_out(&self, address: IpAddr) -> bool {
        self.limiter(|limiter| limiter.is_locked_out(address, Instant::now()))
    }

    /// Held for one look or note.
    fn limiter<T>(&self, with: impl FnOnce(&mut LoginLimiter) -> T) -> T {
        with(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_and_said() {
        let mut headers = HeaderMap::new();
        let token = "00112233445566778899aabbccddeeff";
        for value in [
            "a=b; jackfield_panel=short",
            &format!("x; jackfield_panel={token};y=z"),
        ] {
            headers.append(header::COOKIE, value.parse().unwrap());
        }
        let found: Vec<String> = tokens(&headers).map(Token::text).collect();
        assert_eq!(found, [token]);
        assert_eq!(
            cookie(token, "/panel", true, None),
            format!("jackfield_panel={token}; Path=/panel; HttpOnly; SameSite=Strict; Secure")
        );
        assert_eq!(
            cookie("", "/panel", false, Some(0)),
            "jackfield_panel=; Path=/panel; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }

    #[test]
    fn ports_are_those_of_the_request() {
        let of = |host: &str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            port(&headers, secure)
        };
        assert_eq!(of("127.0.0.1:8870", false), 8870);
        assert_eq!(of("[::1]:8871", true), 8871);
        assert_eq!(of("pbx.example.org", false), 80);
        assert_eq!(of("[::1]", true), 443);
    }
}
