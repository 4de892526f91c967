//! The listener over real loopback sockets.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

use std::sync::Arc;

use jackfield_net::{Cause, Counters, Listener, ListenerConfig};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

fn listener(change: impl FnOnce(&mut ListenerConfig)) -> (Listener, Arc<Counters>) {
    let counters = Arc::new(Counters::new("test"));
    let mut config = ListenerConfig::new("127.0.0.1:0".parse().unwrap());
    change(&mut config);
    let listener = Listener::bind(config, counters.clone()).unwrap();
    (listener, counters)
}

#[tokio::test]
async fn beyond_the_limit_connections_are_closed_and_places_come_back() {
    let (listener, counters) = listener(|config| config.max_connections = 2);
    let address = listener.local_addr();
    let stop = CancellationToken::new();
    let _one = TcpStream::connect(address).await.unwrap();
    let _two = TcpStream::connect(address).await.unwrap();
    let first = listener.accept(&stop).await.unwrap();
    let _second = listener.accept(&stop).await.unwrap();
    assert!(first.stream.nodelay().unwrap());
    let mut refused = TcpStream::connect(address).await.unwrap();
    let stopping = stop.clone();
    let (accepted, ()) = tokio::join!(listener.accept(&stop), async {
        let mut byte = [0];
        assert!(!matches!(refused.read(&mut byte).await, Ok(1..)));
        stopping.cancel();
    });
    assert!(accepted.is_none());
    assert_eq!(counters.get(Cause::TooMany), 1);
    drop(first);
    let go_on = CancellationToken::new();
    let _three = TcpStream::connect(address).await.unwrap();
    assert!(listener.accept(&go_on).await.is_some());
    assert_eq!(counters.get(Cause::Accepted), 3);
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let (listener, counters) = listener(|config| config.max_per_address = 1);
    let address = listener.local_addr();
    let stop = CancellationToken::new();
    let _one = TcpStream::connect(address).await.unwrap();
    let _first = listener.accept(&stop).await.unwrap();
    let mut refused = TcpStream::connect(address).await.unwrap();
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let (accepted, _other) = tokio::join!(listener.accept(&stop), other.connect(address));
    assert_eq!(accepted.unwrap().peer.ip().to_string(), "127.0.0.2");
    assert_eq!(counters.get(Cause::TooManyFromAddress), 1);
    let mut byte = [0];
    assert!(!matches!(refused.read(&mut byte).await, Ok(1..)));
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let (first, counters) = listener(|_| {});
    let again = ListenerConfig::new(first.local_addr());
    assert!(Listener::bind(again, counters).is_err());
}

#[tokio::test]
async fn the_unspecified_six_address_takes_both_families() {
    let counters = Arc::new(Counters::new("test"));
    let config = ListenerConfig::new("[::]:0".parse().unwrap());
    let Ok(listener) = Listener::bind(config, counters) else {
        // No IPv6 on this machine.
        return;
    };
    let port = listener.local_addr().port();
    let _four = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let accepted = listener.accept(&CancellationToken::new()).await.unwrap();
    assert_eq!(accepted.peer.ip().to_canonical().to_string(), "127.0.0.1");
}
