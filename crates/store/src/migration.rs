//! Versions of the schema. A database knows its own; 0 is an empty one.

use sqlx::{AssertSqlSafe, Error};

use crate::database::{Database, values};

macro_rules! step {
    ($file:literal) => {
        Step {
            sqlite: include_str!(concat!("schema/sqlite/", $file)),
            postgres: include_str!(concat!("schema/postgres/", $file)),
        }
    };
}
/// What leads from one version to the next; the first makes version 1. Only ever added to.
const STEPS: &[Step] = &[
    step!("1.sql"),
    step!("2.sql"),
    step!("3.sql"),
    step!("4.sql"),
    step!("5.sql"),
    step!("6.sql"),
    step!("7.sql"),
    step!("8.sql"),
    step!("9.sql"),
    step!("10.sql"),
];

struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

/// The version this server writes.
pub(crate) const LATEST: u32 = STEPS.len() as u32;

/// Brings a database to the latest version, each step whole or not at all, and gives the version it has then: a later
/// one stays as it is.
pub(crate) async fn migrate(database: &mut Database<'_>) -> Result<u32, Error> {
    loop {
        let version = match database {
            Database::Sqlite(_) => sqlite_step(database).await,
            Database::Postgres(_) => postgres_step(database).await,
        };
        match version {
            Ok(Some(version)) => return Ok(version),
            Ok(None) => {}
            Err(error) => {
                // What failed last may have ended the transaction; the first error is the one that says something.
                database.batch("ROLLBACK").await.ok();
                return Err(error);
            }
        }
    }
}

/// Takes a step. The version when there is none to take.
async fn sqlite_step(database: &mut Database<'_>) -> Result<Option<u32>, Error> {
    // Another server may be doing the same.
    database.batch("BEGIN IMMEDIATE").await?;
    let row = database.row("PRAGMA user_version", Vec::new()).await?;
    let version = row.ok_or(Error::RowNotFound)?.int(0)?;
    let Some(next) = next(version) else {
        database.batch("COMMIT").await?;
        return Ok(Some(u32::try_from(version).unwrap_or(u32::MAX)));
    };
    database.batch(next.sqlite).await?;
    let number = format!("PRAGMA user_version = {}", version + 1);
    database.batch(AssertSqlSafe(number)).await?;
    database.batch("COMMIT").await?;
    Ok(None)
}

/// As [`sqlite_step`]. The number is in a table of its own.
async fn postgres_step(database: &mut Database<'_>) -> Result<Option<u32>, Error> {
    database.batch("BEGIN").await?;
    // Another server may be doing the same; "if not exists" alone would fail then.
    database
        .batch("SELECT pg_advisory_xact_lock(hashtext('jackfield_schema'))")
        .await?;
    // That the table is there already is no news.
    database
        .batch("SET LOCAL client_min_messages = warning")
        .await?;
    database
        .batch("CREATE TABLE IF NOT EXISTS jackfield_schema (version BIGINT NOT NULL)")
        .await?;
    let row = database
        .row("SELECT version FROM jackfield_schema", Vec::new())
        .await?;
    let version = match row {
        Some(row) => row.int(0)?,
        None => {
            let first = "INSERT INTO jackfield_schema (version) VALUES (0)";
            database.batch(first).await?;
            0
        }
    };
    let Some(next) = next(version) else {
        database.batch("COMMIT").await?;
        return Ok(Some(u32::try_from(version).unwrap_or(u32::MAX)));
    };
    database.batch(next.postgres).await?;
    let number = "UPDATE jackfield_schema SET version = $1";
    database.execute(number, values![version + 1]).await?;
    database.batch("COMMIT").await?;
    Ok(None)
}

fn next(version: i64) -> Option<&'static Step> {
    STEPS.get(usize::try_from(version).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;
    use crate::link::Link;

    async fn set_version(database: &mut Database<'_>, version: u32) {
        let set = format!("PRAGMA user_version = {version}");
        database.batch(AssertSqlSafe(set)).await.unwrap();
    }

    /// Opened, and brought to the latest version by that.
    async fn opened() -> Link {
        Link::open(&Place::Memory).await.unwrap()
    }

    #[tokio::test]
    async fn an_empty_database_becomes_the_latest_and_stays_so() {
        let mut link = opened().await;
        assert_eq!(migrate(&mut link.database()).await.unwrap(), LATEST);
    }

    #[tokio::test]
    async fn a_later_one_is_left_alone() {
        let mut link = opened().await;
        set_version(&mut link.database(), 99).await;
        assert_eq!(migrate(&mut link.database()).await.unwrap(), 99);
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_nothing_behind() {
        let mut link = opened().await;
        let mut database = link.database();
        // The first step makes tables that are there.
        set_version(&mut database, 0).await;
        assert!(migrate(&mut database).await.is_err());
        let row = database.row("PRAGMA user_version", Vec::new()).await;
        assert_eq!(row.unwrap().unwrap().int(0).unwrap(), 0);
        database.batch("BEGIN IMMEDIATE").await.unwrap();
    }
}
