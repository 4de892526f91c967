//! Call detail records: what is kept of each leg that has ended, and how it is found again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::time::{Instant, timeout_at};

use crate::database::{Row, Value, values};
use crate::{Store, StoreError};

/// Longest text of a record but its variables, in bytes; what is longer is cut. Ours: peers choose names and numbers, and
/// an entry of PostgreSQL's indexes has 2,700.
pub const MAX_CALL_TEXT: usize = 512;

/// Most bytes of a record's variables. Ours.
pub const MAX_CALL_VARIABLES: usize = 64 << 10;

/// Most records of one page.
pub const MAX_CALL_PAGE: usize = 1_000;

/// Records one job deletes: whoever waits behind it waits for that.
const DELETED_AT_ONCE: usize = 1_000;

/// The columns in the order of [`call`].
macro_rules! columns {
    () => {
        "uuid, call_uuid, other_uuid, direction, caller_name, caller_number, callee_name, callee_number,
         destination, context, user_name, account, started, answered, ended, duration_s, billed_s, cause, sip_status,
         codec, recording, queue, variables"
    };
}

/// A leg that has ended. Times are in microseconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRecord {
    /// The channel's id.
    pub uuid: Arc<str>,
    /// What the legs of one call have in common.
    pub call_uuid: Arc<str>,
    /// The leg it was tied to.
    pub other_uuid: Option<Arc<str>>,
    /// Which way it was made.
    pub direction: CallDirection,
    /// Who called.
    pub caller_name: Arc<str>,
    /// Who called.
    pub caller_number: Arc<str>,
    /// Who was reached.
    pub callee_name: Arc<str>,
    /// Who was reached.
    pub callee_number: Arc<str>,
    /// What was dialled.
    pub destination: Arc<str>,
    /// The context of the dialplan.
    pub context: Arc<str>,
    /// Whose leg it was, as `1000@example.org`; empty for a leg that is no user's.
    pub user: Arc<str>,
    /// The variable `accountcode`; may be empty.
    pub account: Arc<str>,
    /// When it was made.
    pub started: i64,
    /// When it was answered.
    pub answered: Option<i64>,
    /// When it ended.
    pub ended: i64,
    /// Seconds from `started` to `ended`, as clients are told it.
    pub duration_s: i64,
    /// Seconds from `answered` to `ended`, as clients are told it; 0 when it was not answered.
    pub billed_s: i64,
    /// As `NORMAL_CLEARING`.
    pub cause: Arc<str>,
    /// The SIP status with which it ended, where there was one.
    pub sip_status: Option<u16>,
    /// As `PCMU`; empty when there was no sound.
    pub codec: Arc<str>,
    /// The file its sound was recorded to last.
    pub recording: Option<Arc<str>>,
    /// The queue it waited in.
    pub queue: Option<Arc<str>>,
    /// Its variables, as a JSON object; `{}` is kept when there are more than [`MAX_CALL_VARIABLES`] bytes of them.
    pub variables: Arc<str>,
}

/// Which way a leg was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallDirection {
    /// It arrived.
    Inbound,
    /// It was made here.
    Outbound,
}

impl CallDirection {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Which records are wanted; `None` asks nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallSearch {
    /// Started at that time or later.
    pub from: Option<i64>,
    /// Started before that time.
    pub until: Option<i64>,
    /// Caller, callee or destination is that number.
    pub number: Option<Arc<str>>,
    /// The leg was that user's.
    pub user: Option<Arc<str>>,
    /// It ended for that cause.
    pub cause: Option<Arc<str>>,
    /// Caller, callee or destination is one of these numbers, or the leg was of one of these users
    /// (`1000@example.org`). Of none there is nothing.
    pub of: Option<Vec<Arc<str>>>,
    /// Name or number of the caller or callee, or the destination, has this in it. ASCII letters of either case are the
    /// same. No index helps: where few have it many are read. Two such searches are made at one time, others wait.
    pub text: Option<Arc<str>>,
    /// Longest time it may take, waiting included.
    pub within: Option<Duration>,
    /// Of legs that were tied to each other only the one with which it began.
    pub first_legs: bool,
    /// What is behind the last record of the page before.
    pub after: Option<CallPlace>,
    /// Records of a page, 1 to [`MAX_CALL_PAGE`].
    pub limit: usize,
}

/// Where a page ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallPlace {
    started: i64,
    number: i64,
}

impl fmt::Display for CallPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.started, self.number)
    }
}

impl CallPlace {
    /// The place that was shown so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (started, number) = text.split_once('.')?;
        Some(Self {
            started: started.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// Some of the records, the newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallPage {
    /// The records.
    pub calls: Vec<CallRecord>,
    /// Where the next page starts; `None` when there are no more.
    pub next: Option<CallPlace>,
}

impl Store {
    /// Keeps records. One that is there already, by id and start, stays as it is, so that an attempt whose outcome is
    /// not known may be made again.
    ///
    /// # Errors
    /// [`StoreError::Failed`]: of all of them, nothing is kept then.
    pub async fn save_calls(&self, calls: Vec<CallRecord>) -> Result<(), StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                let into = concat!("INSERT INTO call_record (", columns!(), ")");
                let behind = "ON CONFLICT (uuid, started) DO NOTHING";
                let rows = calls.into_iter().map(row).collect();
                database.insert(into, behind, rows).await?;
                Ok(())
            })
        })
        .await
    }

    /// A page of records, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`], or [`StoreError::TooLong`] when it takes longer than it may.
    pub async fn calls(&self, search: CallSearch) -> Result<CallPage, StoreError> {
        let limit = search.limit.clamp(1, MAX_CALL_PAGE);
        let end = search.within.map(|within| Instant::now() + within);
        let _place = match (&search.text, end) {
            (None, _) => None,
            (Some(_), None) => Some(self.searches.acquire().await),
            (Some(_), Some(end)) => {
                let place = timeout_at(end, self.searches.acquire()).await;
                Some(place.map_err(|_| StoreError::TooLong)?)
            }
        };
        let (sql, values) = statement(search, limit);
        self.read(move |mut database| {
            Box::pin(async move {
                // Put together of our own texts; what others say is in the values.
                let sql = AssertSqlSafe(sql);
                let mut rows = match end {
                    Some(end) => {
                        let left = end.saturating_duration_since(Instant::now());
                        database.rows_within(left, sql, values).await?
                    }
                    None => database.rows(sql, values).await?,
                };
                let more = rows.len() > limit;
                rows.truncate(limit);
                let next = match rows.last() {
                    Some(last) if more => Some(CallPlace {
                        number: last.int(0)?,
                        started: last.int(13)?,
                    }),
                    Some(_) | None => None,
                };
                let calls = rows.iter().map(call).collect::<Result<_, _>>()?;
                Ok(CallPage { calls, next })
            })
        })
        .await
    }

    /// Forgets records that started before a time, and the oldest beyond `most`, a limited number at a time. Gives how
    /// many went: when that is 0, nothing is left to forget.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn forget_calls(&self, before: i64, most: usize) -> Result<u64, StoreError> {
        self.perform(move |mut database| {
            Box::pin(async move {
                let old = database
                    .execute(
                        "DELETE FROM call_record WHERE number IN
                         (SELECT number FROM call_record WHERE started < $1 ORDER BY started LIMIT $2)",
                        values![before, DELETED_AT_ONCE],
                    )
                    .await?;
                if old > 0 {
                    return Ok(old);
                }
                let count = "SELECT count(*) FROM call_record";
                let there = match database.row(count, Vec::new()).await? {
                    Some(row) => row.count(0)?,
                    None => 0,
                };
                let many = there.saturating_sub(most).min(DELETED_AT_ONCE);
                let gone = database
                    .execute(
                        "DELETE FROM call_record WHERE number IN
                         (SELECT number FROM call_record ORDER BY started, number LIMIT $1)",
                        values![many],
                    )
                    .await?;
                Ok(gone)
            })
        })
        .await
    }
}

fn row(call: CallRecord) -> Vec<Value> {
    values![
        cut(call.uuid),
        cut(call.call_uuid),
        call.other_uuid.map(cut),
        call.direction.name(),
        cut(call.caller_name),
        cut(call.caller_number),
        cut(call.callee_name),
        cut(call.callee_number),
        cut(call.destination),
        cut(call.context),
        cut(call.user),
        cut(call.account),
        call.started,
        call.answered,
        call.ended,
        call.duration_s,
        call.billed_s,
        cut(call.cause),
        call.sip_status.map(i64::from),
        cut(call.codec),
        call.recording,
        call.queue.map(cut),
        bounded(call.variables),
    ]
}

/// At most [`MAX_CALL_TEXT`] bytes of a text.
fn cut(text: Arc<str>) -> Arc<str> {
    if text.len() <= MAX_CALL_TEXT {
        return text;
    }
    text[..text.floor_char_boundary(MAX_CALL_TEXT)].into()
}

/// Variables that are too many are left out: half of a JSON text is none.
fn bounded(variables: Arc<str>) -> Arc<str> {
    if variables.len() > MAX_CALL_VARIABLES {
        return "{}".into();
    }
    variables
}

fn statement(search: CallSearch, limit: usize) -> (String, Vec<Value>) {
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    let mut ask = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(from) = search.from {
        ask("started >= ?", from.into());
    }
    if let Some(until) = search.until {
        ask("started < ?", until.into());
    }
    if let Some(number) = search.number {
        let any = "(caller_number = ? OR callee_number = ? OR destination = ?)";
        ask(any, number.into());
    }
    if let Some(user) = search.user {
        ask("user_name = ?", user.into());
    }
    if let Some(cause) = search.cause {
        ask("cause = ?", cause.into());
    }
    if let Some(of) = search.of {
        let mut any = Vec::new();
        for one in of {
            values.push(Value::from(one));
            any.push(format!("${}", values.len()));
        }
        let any = any.join(", ");
        conditions.push(if any.is_empty() {
            "1 = 0".to_owned()
        } else {
            format!(
                "(caller_number IN ({any}) OR callee_number IN ({any}) OR destination IN ({any}) OR user_name IN ({any}))"
            )
        });
    }
    let mut ask = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(text) = search.text {
        let any = "(lower(caller_name) LIKE ? ESCAPE '!' OR lower(caller_number) LIKE ? ESCAPE '!'
                    OR lower(callee_name) LIKE ? ESCAPE '!' OR lower(callee_number) LIKE ? ESCAPE '!'
                    OR lower(destination) LIKE ? ESCAPE '!')";
        ask(any, anywhere(&text).into());
    }
    if let Some(CallPlace { started, number }) = search.after {
        // The index is entered by the first, and what was seen at that very time left out by the second.
        ask("started <= ?", started.into());
        values.extend([Value::from(started), Value::from(number)]);
        let (time, place) = (values.len() - 1, values.len());
        conditions.push(format!("(started < ${time} OR number < ${place})"));
    }
    if search.first_legs {
        let earlier = "NOT EXISTS (SELECT 1 FROM call_record AS earlier
                       WHERE earlier.uuid = call_record.other_uuid AND earlier.started < call_record.started)";
        conditions.push(earlier.to_owned());
    }
    let mut sql = String::from(concat!("SELECT number, ", columns!(), " FROM call_record"));
    for (index, condition) in conditions.iter().enumerate() {
        sql.push_str(if index == 0 { " WHERE " } else { " AND " });
        sql.push_str(condition);
    }
    // One more than the page has: it says whether there is another.
    values.push((limit + 1).into());
    sql.push_str(" ORDER BY started DESC, number DESC LIMIT ");
    sql.push_str(&format!("${}", values.len()));
    (sql, values)
}

/// A pattern for what has a text in it.
fn anywhere(text: &str) -> Arc<str> {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern.into()
}

/// A row that starts with its number.
fn call(row: &Row) -> Result<CallRecord, sqlx::Error> {
    Ok(CallRecord {
        uuid: row.text(1)?,
        call_uuid: row.text(2)?,
        other_uuid: row.optional_text(3)?,
        direction: match &*row.text(4)? {
            "outbound" => CallDirection::Outbound,
            _ => CallDirection::Inbound,
        },
        caller_name: row.text(5)?,
        caller_number: row.text(6)?,
        callee_name: row.text(7)?,
        callee_number: row.text(8)?,
        destination: row.text(9)?,
        context: row.text(10)?,
        user: row.text(11)?,
        account: row.text(12)?,
        started: row.int(13)?,
        answered: row.optional_int(14)?,
        ended: row.int(15)?,
        duration_s: row.int(16)?,
        billed_s: row.int(17)?,
        cause: row.text(18)?,
        sip_status: row
            .optional_int(19)?
            .and_then(|code| u16::try_from(code).ok()),
        codec: row.text(20)?,
        recording: row.optional_text(21)?,
        queue: row.optional_text(22)?,
        variables: row.text(23)?,
    })
}
