//! One connection, to whichever database: statements with `$1`, values and rows in the few types we keep.
//!
//! Statements are written once, in the words both databases know; only the schema is written twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    Arguments, AssertSqlSafe, Connection as _, PgConnection, Row as _, SqlSafeStr, SqliteConnection,
};

/// Instructions of SQLite's machine between two looks at the clock: some microseconds.
const BETWEEN_LOOKS: i32 = 1_000;

/// Rows one statement may put into a table. Few sizes, so that the database knows each of the statements; of 30 columns
/// the largest stays far below the 32,766 values SQLite takes.
const TOGETHER: [usize; 4] = [64, 16, 4, 1];

/// A connection for the time of a job.
pub(crate) enum Database<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// What a job does with its connection.
pub(crate) type Work<'c, T, E> = BoxFuture<'c, Result<T, E>>;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<Arc<str>>),
}

/// The values of a statement, in the order of their numbers.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::database::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Database<'_> {
    /// The same connection for a shorter time.
    pub(crate) fn again(&mut self) -> Database<'_> {
        match self {
            Self::Sqlite(connection) => Database::Sqlite(connection),
            Self::Postgres(connection) => Database::Postgres(connection),
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: impl SqlSafeStr + Send,
        values: Vec<Value>,
    ) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                Ok(query.execute(&mut **connection).await?.rows_affected())
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                Ok(query.execute(&mut **connection).await?.rows_affected())
            }
        }
    }

    /// Puts rows into a table, in their order: `into` names the table and its columns, `behind` says what becomes of rows
    /// that are there. Each has as many values as there are columns. Many go with one statement: with a statement for each,
    /// handing them to the database costs more than what it does with them.
    pub(crate) async fn insert(
        &mut self,
        into: &'static str,
        behind: &'static str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), sqlx::Error> {
        let mut rows = rows.into_iter();
        while let Some(first) = rows.as_slice().first() {
            let (left, columns) = (rows.len(), first.len());
            let together = TOGETHER.into_iter().find(|count| *count <= left);
            let together = together.unwrap_or(1);
            let sql = insertion(into, behind, together, columns);
            let values = rows.by_ref().take(together).flatten().collect();
            // Put together of our own texts; what others say is in the values.
            self.execute(AssertSqlSafe(sql), values).await?;
        }
        Ok(())
    }

    /// All rows of an answer.
    pub(crate) async fn rows(
        &mut self,
        sql: impl SqlSafeStr + Send,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(sql, for_sqlite(values)?);
                let rows = query.fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(sql, for_postgres(values)?);
                let rows = query.fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// All rows of an answer, unless it takes longer than `limit`: then the statement is interrupted, which is an error,
    /// and the connection is as good as before. For statements that only read.
    pub(crate) async fn rows_within(
        &mut self,
        limit: Duration,
        sql: impl SqlSafeStr + Send,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let end = Instant::now() + limit;
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(BETWEEN_LOOKS, move || Instant::now() < end);
                drop(handle);
                let rows = Database::Sqlite(connection).rows(sql, values).await;
                // Who is not waited for any more comes back to the pool, which does the same.
                connection.lock_handle().await?.remove_progress_handler();
                rows
            }
            Self::Postgres(connection) => {
                // Ends with the transaction, however that ends. 0 would be no limit.
                let limit = limit.as_millis().max(1);
                let mut transaction = connection.begin().await?;
                let set = format!("SET LOCAL statement_timeout = {limit}");
                let set = sqlx::raw_sql(AssertSqlSafe(set));
                set.execute(&mut *transaction).await?;
                let rows = Database::Postgres(&mut transaction).rows(sql, values).await;
                transaction.rollback().await?;
                rows
            }
        }
    }

    /// The first row of an answer, of which there is one at most or the statement says so.
    pub(crate) async fn row(
        &mut self,
        sql: impl SqlSafeStr + Send,
        values: Vec<Value>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The rows of an answer as they come.
    pub(crate) fn stream(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<BoxStream<'_, Result<Row, sqlx::Error>>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query_with(sql, for_sqlite(values)?).fetch(&mut **connection);
                rows.map(|row| row.map(Row::Sqlite)).boxed()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query_with(sql, for_postgres(values)?).fetch(&mut **connection);
                rows.map(|row| row.map(Row::Postgres)).boxed()
            }
        })
    }

    /// Runs statements without values or answers.
    pub(crate) async fn batch(&mut self, sql: impl SqlSafeStr + Send) -> Result<(), sqlx::Error> {
        let statements = sqlx::raw_sql(sql);
        match self {
            Self::Sqlite(connection) => statements.execute(&mut **connection).await.map(drop),
            Self::Postgres(connection) => statements.execute(&mut **connection).await.map(drop),
        }
    }
}

/// `INSERT INTO … VALUES ($1, $2), ($3, $4) …`.
fn insertion(into: &str, behind: &str, rows: usize, columns: usize) -> String {
    let mut sql = String::with_capacity(into.len() + behind.len() + 6 * rows * columns + 16);
    sql.push_str(into);
    for row in 0..rows {
        sql.push_str(if row == 0 { " VALUES (" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                sql.push_str(", ");
            }
            sql.push('$');
            sql.push_str(&(row * columns + column + 1).to_string());
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(behind);
    sql
}

fn for_sqlite(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn for_postgres(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(None) => arguments.add(None::<&str>),
            Value::Text(Some(text)) if is_plain(&text) => arguments.add(&*text),
            Value::Text(Some(text)) => arguments.add(escaped(&text)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A number that counts something: never below zero.
    pub(crate) fn count(&self, column: usize) -> Result<usize, sqlx::Error> {
        Ok(usize::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(crate) fn text(&self, column: usize) -> Result<Arc<str>, sqlx::Error> {
        Ok(self.optional_text(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<Arc<str>>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get::<Option<&str>, _>(column)?.map(Arc::from)),
            Self::Postgres(row) => {
                let text = row.try_get::<Option<&str>, _>(column)?;
                Ok(text.map(|text| {
                    if text.contains(ESCAPE) {
                        unescaped(text).into()
                    } else {
                        text.into()
                    }
                }))
            }
        }
    }
}

/// PostgreSQL keeps no U+0000, which a message may contain, so it is written as this and `0`, and this as itself twice.
/// It is no character, and nobody writes it. Texts stay as equal or different as they were.
const ESCAPE: char = '\u{10FFFE}';

fn is_plain(text: &str) -> bool {
    !text.contains(['\0', ESCAPE])
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\0' => escaped.extend([ESCAPE, '0']),
            ESCAPE => escaped.extend([ESCAPE, ESCAPE]),
            plain => escaped.push(plain),
        }
    }
    escaped
}

fn unescaped(text: &str) -> String {
    let (mut plain, mut letters) = (String::with_capacity(text.len()), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ESCAPE if letters.next() == Some('0') => plain.push('\0'),
            letter => plain.push(letter),
        }
    }
    plain
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(set: bool) -> Self {
        Self::from(i64::from(set))
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::from(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&Arc<str>> for Value {
    fn from(text: &Arc<str>) -> Self {
        Self::from(text.clone())
    }
}

impl From<Option<Arc<str>>> for Value {
    fn from(text: Option<Arc<str>>) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Arc::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_number_for_every_value() {
        assert_eq!(
            insertion("INSERT INTO t (a, b)", "ON CONFLICT DO NOTHING", 2, 2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn what_postgres_does_not_keep_is_written_otherwise() {
        for text in [
            "\0",
            "a\0b0",
            "\u{10FFFE}",
            "\u{10FFFE}0",
            "\u{10FFFE}\0\u{10FFFE}\u{10FFFE}",
        ] {
            assert!(!is_plain(text));
            let written = escaped(text);
            assert!(!written.contains('\0'));
            assert_eq!(unescaped(&written), text);
        }
        assert!(is_plain("größe"));
    }
}
