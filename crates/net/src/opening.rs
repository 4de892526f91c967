//! The addresses of a door, with TLS and without: opened at once, or as soon as they are free.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::counters::Counters;
use crate::drain::Drain;
use crate::listener::{Listener, ListenerConfig};

/// An address a door wants.
pub struct Wanted {
    /// Where, and with which limits.
    pub listen: ListenerConfig,
    /// What greets those who connect there; `None`: they speak in plain text.
    pub tls: Option<TlsAcceptor>,
}

/// An address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct CannotListen {
    /// Which.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

/// What could be opened, and what is to be opened later. Nobody is served before [`Opening::serve`].
pub struct Opening {
    open: Vec<(Listener, Option<TlsAcceptor>)>,
    missing: Vec<Wanted>,
    counters: Arc<Counters>,
}

impl Opening {
    /// Opens all that are free, so that ports are known and conflicts show early. Must be called within a runtime.
    ///
    /// # Errors
    /// [`CannotListen`] for the first that is taken, when `stop_on_bind_error`.
    pub fn bind(
        wanted: impl IntoIterator<Item = Wanted>,
        stop_on_bind_error: bool,
        counters: &Arc<Counters>,
    ) -> Result<Self, CannotListen> {
        let mut opening = Self {
            open: Vec::new(),
            missing: Vec::new(),
            counters: counters.clone(),
        };
        for wanted in wanted {
            let address = wanted.listen.address;
            match Listener::bind(wanted.listen.clone(), counters.clone()) {
                Ok(listener) => opening.open.push((listener, wanted.tls)),
                Err(source) if stop_on_bind_error => return Err(CannotListen { address, source }),
                Err(error) => {
                    tracing::warn!(%error, %address, "Cannot listen yet");
                    opening.missing.push(wanted);
                }
            }
        }
        Ok(opening)
    }

    /// Where there is plain text.
    pub fn plain_addrs(&self) -> Vec<SocketAddr> {
        self.addrs(false)
    }

    /// Where there is TLS.
    pub fn tls_addrs(&self) -> Vec<SocketAddr> {
        self.addrs(true)
    }

    fn addrs(&self, secure: bool) -> Vec<SocketAddr> {
        let of_kind = self.open.iter().filter(|(_, tls)| tls.is_some() == secure);
        of_kind.map(|(listener, _)| listener.local_addr()).collect()
    }

    /// Spawns `serve` for each address, and for those that are taken once they are free, until the drain stops
    /// accepting. `door` is its name in the log.
    pub fn serve<F, S>(self, door: &'static str, drain: &Drain, serve: F)
    where
        F: Fn(Listener, Option<TlsAcceptor>) -> S + Clone + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        for (listener, tls) in self.open {
            drain.spawn(serve(listener, tls));
        }
        for Wanted { listen, tls } in self.missing {
            let (stop, counters) = (drain.accepting().clone(), self.counters.clone());
            let serve = serve.clone();
            drain.spawn(async move {
                if let Some(listener) = Listener::bind_when_free(listen, counters, &stop).await {
                    tracing::info!(door, address = %listener.local_addr(), "A door is open");
                    serve(listener, tls).await;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;

    fn at(address: SocketAddr) -> Wanted {
        Wanted {
            listen: ListenerConfig::new(address),
            tls: None,
        }
    }

    #[tokio::test]
    async fn what_is_taken_is_an_error_or_waited_for() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let counters = Arc::new(Counters::new("opening"));
        let refused = Opening::bind([at(free), at(address)], true, &counters).err();
        assert_eq!(refused.unwrap().address, address);

        let opening = Opening::bind([at(free), at(address)], false, &counters).unwrap();
        assert_eq!(opening.plain_addrs().len(), 1);
        assert!(opening.tls_addrs().is_empty());
        let drain = Drain::new(&CancellationToken::new());
        let (opened, mut open) = tokio::sync::mpsc::channel(2);
        opening.serve("a door", &drain, move |listener, _| {
            opened.try_send(listener.local_addr()).unwrap();
            async {}
        });
        assert_ne!(open.recv().await.unwrap(), address);
        drop(taken);
        let later = tokio::time::timeout(Duration::from_secs(30), open.recv());
        assert_eq!(later.await.unwrap(), Some(address));
    }
}
