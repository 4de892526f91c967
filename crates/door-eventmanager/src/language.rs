use api::event::FormatId;

use crate::config::{Config, Dialect};

/// What one connection speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Language {
    pub(crate) dialect: Dialect,
    /// Its place among the encodings of an event.
    pub(crate) format: FormatId,
}

impl Language {
    /// That of the configuration, for clients from elsewhere.
    pub(crate) fn of_clients(config: &Config) -> Self {
        Self {
            dialect: config.dialect,
            format: FormatId::new(3).variant(config.dialect.number()),
        }
    }

    /// That of the pages this server comes with: always the same, and with our own controls.
    pub(crate) fn of_pages() -> Self {
        Self {
            dialect: Dialect {
                extended_controls: true,
                ..Dialect::default()
            },
            format: FormatId::new(4),
        }
    }
}
