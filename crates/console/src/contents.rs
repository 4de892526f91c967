//! What the pages are told about this server.

/// Everything that differs from one server to another.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The server's version.
    pub version: String,
    /// What is open, in the order of the page.
    pub entries: Vec<Entry>,
    /// The way in for browsers; `None`: the telephone has nobody to talk to until its user names a server.
    pub gateway: Option<Gateway>,
    /// The domain the telephone proposes for accounts.
    pub domain: String,
}

/// Something that is open.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is, as "event socket".
    pub name: String,
    /// Where it listens; a web address becomes a link.
    pub address: String,
    /// What it is good for, in a few words.
    pub purpose: String,
}

/// Where the WebSocket of the web gateway is, seen from a browser that has fetched our pages.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Port without encryption; `None`: closed.
    pub ws_port: Option<u16>,
    /// Port with encryption; `None`: closed.
    pub wss_port: Option<u16>,
    /// Path, beginning with `/`.
    pub path: String,
}
