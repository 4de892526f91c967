//! A door whose routes for pages somebody else's listener serves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jackfield_door_isymphony::Config;
use net::http::{self, HttpTimes};
use net::{Counters, Drain, Listener, ListenerConfig, PageHosts};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Client, Reply, World, http_as, world_with};

const LIVE: &str = "rest/live/coreServers/getByName/default";

/// A door, and a listener of somebody else's that serves its routes.
pub struct Site {
    pub world: World,
    pub address: SocketAddr,
    _drain: Drain,
}

/// With the users of the directory.
pub async fn site() -> Site {
    site_with(|_| {}).await
}

pub async fn site_with(change: impl FnOnce(&mut Config)) -> Site {
    let world = world_with(|config| {
        config.starter = true;
        change(config);
    })
    .await;
    let counters = Arc::new(Counters::new("pages"));
    let any = ListenerConfig::new("127.0.0.1:0".parse().unwrap());
    let listener = Listener::bind(any, counters.clone()).unwrap();
    let address = listener.local_addr();
    let drain = Drain::new(&CancellationToken::new());
    let routes = world.door.routes_for_pages("/panel", PageHosts::default());
    let times = HttpTimes {
        handshake: Duration::from_secs(5),
        write: None,
    };
    let serving = http::serve(listener, None, routes, times, counters, drain.clone());
    tokio::spawn(serving);
    Site {
        world,
        address,
        _drain: drain,
    }
}

impl Site {
    /// Asked by a page that was fetched from there.
    pub async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Reply {
        let headers = format!("Origin: http://{}\r\nCookie: {cookie}\r\n", self.address);
        http_as(self.address, method, path, &headers, body).await
    }

    pub async fn sign_in(&self, user: &str, password: &str) -> Reply {
        let body = json!({"username": user, "password": password}).to_string();
        self.ask("POST", "/panel/session", "", &body).await
    }

    /// The cookie of somebody who has signed in.
    pub async fn cookie(&self, user: &str, password: &str) -> String {
        let reply = self.sign_in(user, password).await;
        assert_eq!((reply.status, reply.body.as_str()), (204, ""));
        let cookie = reply.header("set-cookie").unwrap();
        let (pair, rest) = cookie.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/panel; HttpOnly; SameSite=Strict");
        assert_eq!(pair.len(), "jackfield_panel=".len() + 32);
        pair.to_owned()
    }

    pub async fn session(&self, cookie: &str) -> Reply {
        self.ask("GET", "/panel/session", cookie, "").await
    }

    pub async fn events(&self, origin: &str, cookie: &str) -> Result<Client, u16> {
        self.events_at("/panel/events", origin, cookie).await
    }

    /// `path` is where a WebSocket opens.
    pub async fn events_at(&self, path: &str, origin: &str, cookie: &str) -> Result<Client, u16> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let headers = format!("Origin: {origin}\r\nCookie: {cookie}\r\n");
        match Client::over(stream, path, &headers).await {
            Ok(client) => Ok(client),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Core server and configuration id of a user.
    pub async fn user(&self, name: &str) -> (String, String) {
        let core = self.world.get(LIVE).await;
        let user = self
            .world
            .get(&format!("{LIVE}/users/getByName/{name}"))
            .await;
        let text = |value: &Value| value["configurationId"].as_str().unwrap().to_owned();
        (text(&core), text(&user))
    }
}
