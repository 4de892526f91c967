//! The task that writes, and the handle everybody else has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::database::{Database, Work};
use crate::link::{Link, Readers, SEARCHERS};
use crate::{Limits, OpenError, Place, StoreError};

/// Jobs that may wait; whoever asks beyond waits itself, for [`PATIENCE`] at most.
const QUEUE: usize = 1_024;

/// Most jobs of one transaction.
const BATCH: usize = 256;

/// How long a place in the queue is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a transaction with a database server may take; after that the server counts as gone. A file has no such
/// limit: the disk answers or fails.
const TRANSACTION: Duration = Duration::from_secs(15);

/// Between attempts to reach a database server again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// The store. Cheap to clone; the database closes with the last clone, or with [`Store::close`].
#[derive(Clone)]
pub struct Store {
    messages: mpsc::Sender<Message>,
    readers: Readers,
    /// Places for those who search through texts.
    pub(crate) searches: Arc<Semaphore>,
    connected: Arc<AtomicBool>,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let connected = self.is_connected();
        f.debug_struct("Store")
            .field("connected", &connected)
            .finish()
    }
}

enum Message {
    Job(Job),
    Close(oneshot::Sender<()>),
}

/// Does something in the transaction; gives what is to be done with the outcome of the commit.
type Job = Box<dyn for<'a> FnOnce(Database<'a>) -> BoxFuture<'a, Done> + Send>;

struct Done {
    finish: Finish,
    /// Whether the transaction can go on.
    is_whole: bool,
}

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The connection is of no use any more.
struct Lost;

impl Store {
    /// Opens the database, makes it when there is none, and brings its schema up to date. A database server that cannot
    /// be reached is tried again and again: until then whatever is asked fails at once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(place: &Place, limits: Limits) -> Result<Self, OpenError> {
        let link = match (Link::open(place).await, place) {
            (Ok(link), _) => Some(link),
            (Err(error), Place::Postgres(_)) if error.is_absence() => {
                tracing::error!(%error, "Nothing can be kept until the database is there");
                None
            }
            (Err(error), _) => return Err(error),
        };
        let (messages, waiting) = mpsc::channel(QUEUE);
        let connected = Arc::new(AtomicBool::new(link.is_some()));
        let writer = Writer {
            place: place.clone(),
            waiting,
            connected: connected.clone(),
        };
        // It ends with the last handle.
        tokio::spawn(writer.run(link));
        Ok(Self {
            messages,
            readers: Readers::new(place)?,
            searches: Arc::new(Semaphore::new(SEARCHERS)),
            connected,
            limits,
        })
    }

    /// The same store with other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self {
            limits,
            ..self.clone()
        }
    }

    /// Whether there is a connection to the database, as far as the last transaction showed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Does what waits, and closes the database; whatever is asked afterwards fails.
    pub async fn close(&self) {
        // The last connection tidies the file up, and those beside the writer may not.
        if timeout(PATIENCE, self.readers.close()).await.is_err() {
            tracing::debug!("Somebody still reads");
        }
        let (to, closed) = oneshot::channel();
        if self.messages.send(Message::Close(to)).await.is_ok() {
            // A writer that has ended is as closed.
            closed.await.ok();
        }
    }

    /// Has something done, and answers when it is on the disk. Once it waits for its turn it is done even if nobody
    /// waits for the answer any more.
    pub(crate) async fn perform<T, E>(
        &self,
        work: impl for<'a> FnOnce(Database<'a>) -> Work<'a, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (to, from) = oneshot::channel();
        let job: Job = Box::new(move |mut database| {
            Box::pin(async move {
                let (done, is_whole) = match in_savepoint(&mut database, work).await {
                    Ok(done) => (done, true),
                    Err(error) => (Err(error.into()), false),
                };
                let finish = move |committed: Result<(), StoreError>| {
                    // Whoever asked may be gone.
                    to.send(committed.map_err(E::from).and(done)).ok();
                };
                let finish = Box::new(finish);
                Done { finish, is_whole }
            })
        });
        let failed = || E::from(StoreError::Failed);
        match timeout(PATIENCE, self.messages.send(Message::Job(job))).await {
            Ok(sent) => sent.map_err(|_| failed())?,
            Err(_) => {
                tracing::warn!("The store is too busy");
                return Err(failed());
            }
        }
        from.await.map_err(|_| failed())?
    }

    /// Reads beside the writer, and sees what was answered before. In memory there is the writer alone.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl for<'a> FnOnce(Database<'a>) -> Work<'a, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<sqlx::Error> + Send + 'static,
    {
        match &self.readers {
            Readers::None => self.perform(work).await,
            Readers::Sqlite(_) => self.clone().read_slowly(work).await,
            Readers::Postgres(_) => {
                let read = timeout(TRANSACTION, self.clone().read_slowly(work)).await;
                read.unwrap_or_else(|_| Err(StoreError::Failed.into()))
            }
        }
    }

    /// As [`Store::read`], for as long as it takes. Not in memory.
    pub(crate) async fn read_slowly<T, E>(
        self,
        work: impl for<'a> FnOnce(Database<'a>) -> Work<'a, T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<sqlx::Error>,
    {
        match &self.readers {
            Readers::None => Err(StoreError::Failed.into()),
            Readers::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                work(Database::Sqlite(&mut connection)).await
            }
            Readers::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                work(Database::Postgres(&mut connection)).await
            }
        }
    }

    /// Whether [`Store::read`] does not go through the writer.
    pub(crate) fn has_readers(&self) -> bool {
        !matches!(self.readers, Readers::None)
    }
}

/// A job that fails leaves nothing behind and does not disturb the others of its transaction. When even that fails,
/// nothing of the transaction may be committed: a database may have given it up by itself.
async fn in_savepoint<T, E>(
    database: &mut Database<'_>,
    work: impl for<'a> FnOnce(Database<'a>) -> Work<'a, T, E>,
) -> Result<Result<T, E>, StoreError> {
    database.batch("SAVEPOINT job").await?;
    let done = work(database.again()).await;
    let end = match &done {
        Ok(_) => "RELEASE SAVEPOINT job",
        Err(_) => "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job",
    };
    database.batch(end).await?;
    Ok(done)
}

struct Writer {
    place: Place,
    waiting: mpsc::Receiver<Message>,
    connected: Arc<AtomicBool>,
}

impl Writer {
    async fn run(mut self, mut link: Option<Link>) {
        loop {
            let Some(mut there) = (match link.take() {
                Some(there) => Some(there),
                None => self.reconnect().await,
            }) else {
                return;
            };
            let Some(batch) = self.next().await else {
                return there.close().await;
            };
            let (jobs, closing) = batch;
            let written = match &there {
                Link::Sqlite(_) => transact(&mut there, jobs).await,
                Link::Postgres(_) => timeout(TRANSACTION, transact(&mut there, jobs))
                    .await
                    .unwrap_or(Err(Lost)),
            };
            if let Some(closed) = closing {
                there.close().await;
                // Whoever asked for it may be gone.
                closed.send(()).ok();
                return;
            }
            match written {
                Ok(()) => link = Some(there),
                Err(Lost) => {
                    self.connected.store(false, Ordering::Relaxed);
                    tracing::error!(store = %self.place, "The store has lost its database");
                }
            }
        }
    }

    /// What is to be done next, and whether that is the last. `None` when nobody can ask any more.
    async fn next(&mut self) -> Option<(Vec<Job>, Option<oneshot::Sender<()>>)> {
        let mut jobs = Vec::new();
        let mut next = self.waiting.recv().await?;
        loop {
            match next {
                Message::Job(job) => jobs.push(job),
                Message::Close(closed) => return Some((jobs, Some(closed))),
            }
            if jobs.len() == BATCH {
                return Some((jobs, None));
            }
            match self.waiting.try_recv() {
                Ok(more) => next = more,
                Err(_) => return Some((jobs, None)),
            }
        }
    }

    /// Tries until the database is there again. `None` when the store was closed meanwhile.
    async fn reconnect(&mut self) -> Option<Link> {
        let (mut pause, most) = PAUSES;
        loop {
            let place = &self.place;
            let attempt = async {
                sleep(pause).await;
                Link::open(place).await
            };
            let tried = tokio::select! {
                tried = attempt => tried,
                () = refuse(&mut self.waiting) => return None,
            };
            match tried {
                Ok(link) => {
                    self.connected.store(true, Ordering::Relaxed);
                    tracing::info!(store = %self.place, "The store has its database again");
                    return Some(link);
                }
                Err(error) => tracing::warn!(%error, "The store has no database yet"),
            }
            pause = (pause * 2).min(most);
        }
    }
}

/// Without their answers, whoever waits for them knows. Ends when the store is closed.
async fn refuse(waiting: &mut mpsc::Receiver<Message>) {
    while let Some(message) = waiting.recv().await {
        match message {
            Message::Job(job) => drop(job),
            Message::Close(closed) => {
                // Whoever asked for it may be gone.
                closed.send(()).ok();
                return;
            }
        }
    }
}

/// Runs jobs in one transaction. When that fails, all of it has failed.
async fn transact(link: &mut Link, jobs: Vec<Job>) -> Result<(), Lost> {
    let lost = |is_alive| if is_alive { Ok(()) } else { Err(Lost) };
    if jobs.is_empty() {
        return Ok(());
    }
    if let Err(error) = link.begin().await {
        tracing::error!(%error, "The store takes nothing");
        // Without their answers, whoever waits for them knows.
        drop(jobs);
        return lost(link.is_alive().await);
    }
    let (mut finishes, mut is_whole) = (Vec::with_capacity(jobs.len()), true);
    for job in jobs {
        let done = job(link.database()).await;
        finishes.push(done.finish);
        if !done.is_whole {
            // Those behind it are dropped, which is an answer too.
            is_whole = false;
            break;
        }
    }
    let mut outcome = Err(StoreError::Failed);
    if is_whole {
        outcome = link.database().batch("COMMIT").await.map_err(|error| {
            tracing::error!(%error, "The store has lost a transaction");
            StoreError::Failed
        });
    }
    if outcome.is_err()
        && let Err(error) = link.database().batch("ROLLBACK").await
    {
        tracing::debug!(%error, "There was no transaction any more");
    }
    for finish in finishes {
        finish(outcome);
    }
    match outcome {
        Ok(()) => Ok(()),
        Err(_) => lost(link.is_alive().await),
    }
}
