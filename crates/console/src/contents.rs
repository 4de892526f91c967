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
    /// The way into rooms; `None`: the door they are arranged through is closed.
    pub rooms: Option<Rooms>,
    /// The panel can be signed in at: its door is open.
    pub panel: bool,
    /// Where pages come from that the panel shows inside, as a Content Security Policy has it: an origin, or `'self'`;
    /// `None`: it shows none.
    pub panel_frame: Option<String>,
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

/// How the room page gets in at [`crate::ROOMS_SOCKET`].
#[derive(Clone, Debug)]
pub struct Rooms {
    /// The header that carries the key; `None`: there is no key.
    pub header: Option<String>,
    /// The key, where everybody knows it anyway; `None`: the page's user has to.
    pub known_key: Option<String>,
}
