//! `[store]`: where what must survive a restart is kept.

use std::path::{Path, PathBuf};

use ::store::{Place, PostgresUrl};

use super::toml_tree::{Source, Table};

/// As a path, what `kind = "memory"` says today.
const IN_MEMORY: &str = ":memory:";

/// What the section says.
#[derive(Default)]
pub(super) struct Section(Option<Asked>);

enum Asked {
    Memory,
    File(PathBuf),
    Postgres(PostgresUrl),
}

/// Where the server keeps what must survive a restart.
pub(crate) struct StoreConfig {
    pub(crate) place: Place,
    /// When it cannot be used, the server does not start; or else everything is kept in memory, and that is said.
    pub(crate) required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Memory,
    Postgres,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Section {
    let kinds = "\"sqlite\", \"memory\" or \"postgres\"";
    let kind = table.parsed("kind", kinds, |kind| match kind {
        "sqlite" => Some(Kind::Sqlite),
        "memory" => Some(Kind::Memory),
        "postgres" => Some(Kind::Postgres),
        _ => None,
    });
    let path = table.parsed("path", "a text", |path| {
        (!path.is_empty()).then(|| PathBuf::from(path))
    });
    let url = table.secret("url");
    table.finish();
    let asked = kind.as_ref().map_or(Kind::Sqlite, |at| at.value);
    if let Some(path) = &path
        && asked != Kind::Sqlite
    {
        let what = "store.path: only kind = \"sqlite\" has a file";
        source.complain(path.offset, what);
    }
    if let Some(url) = &url
        && asked != Kind::Postgres
    {
        let what = "store.url: only kind = \"postgres\" has an address";
        source.complain(url.offset, what);
    }
    let place = match (asked, path, url) {
        (Kind::Memory, _, _) => Some(Asked::Memory),
        (Kind::Sqlite, Some(path), _) if path.value.as_os_str() == IN_MEMORY => Some(Asked::Memory),
        (Kind::Sqlite, Some(path), _) => Some(Asked::File(path.value)),
        (Kind::Sqlite, None, _) => None,
        (Kind::Postgres, _, Some(url)) => match url.value.parse() {
            Ok(parsed) => Some(Asked::Postgres(parsed)),
            Err(error) => {
                // The text itself is not shown: there is a password in it.
                source.complain(url.offset, format!("store.url: {error}"));
                None
            }
        },
        (Kind::Postgres, _, None) => {
            let offset = kind.map_or(0, |at| at.offset);
            let what = "store.url: missing, as \"env:JACKFIELD_STORE\" with postgres://user:password@host/database there";
            source.complain(offset, what);
            None
        }
    };
    Section(place)
}

/// Paths are below the folder of the file; what it does not say is below `state`.
pub(super) fn convert(section: &Section, folder: &Path, state: &Path) -> StoreConfig {
    let place = match &section.0 {
        Some(Asked::Memory) => Place::Memory,
        Some(Asked::File(path)) => Place::File(folder.join(path)),
        Some(Asked::Postgres(url)) => Place::Postgres(url.clone()),
        None => Place::File(state.join("store.db")),
    };
    StoreConfig {
        place,
        required: section.0.is_some(),
    }
}
