//! Versions of the schema. A database knows its own (`user_version`); 0 is an empty one.

use rusqlite::{Connection, Error, TransactionBehavior};

/// What leads from one version to the next; the first makes version 1. Only ever added to.
const STEPS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The version this server writes.
pub(crate) const LATEST: u32 = STEPS.len() as u32;

/// Brings a database to the latest version, each step whole or not at all, and gives the version it has then: a later
/// one stays as it is.
pub(crate) fn migrate(database: &mut Connection) -> Result<u32, Error> {
    loop {
        // Another server may be doing the same.
        let step = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: u32 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some(next) = STEPS.get(version as usize) else {
            return Ok(version);
        };
        step.execute_batch(next)?;
        step.pragma_update(None, "user_version", version + 1)?;
        step.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_database_becomes_the_latest() {
        let mut database = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut database).unwrap(), LATEST);
        assert_eq!(migrate(&mut database).unwrap(), LATEST, "and stays so");
        let tables: u32 = database
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(tables, 4);
    }

    #[test]
    fn accounts_of_the_first_version_stay() {
        let mut database = Connection::open_in_memory().unwrap();
        database.execute_batch(STEPS[0]).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        let add = "INSERT INTO account (name) VALUES ('a@b')";
        database.execute_batch(add).unwrap();
        assert_eq!(migrate(&mut database).unwrap(), LATEST);
        let used: Option<i64> = database
            .query_row("SELECT used FROM account", [], |row| row.get(0))
            .unwrap();
        assert_eq!(used, None);
    }

    #[test]
    fn a_later_one_is_left_alone() {
        let mut database = Connection::open_in_memory().unwrap();
        database.pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(migrate(&mut database).unwrap(), 99);
    }
}
