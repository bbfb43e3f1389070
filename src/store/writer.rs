//! One thread writes, and commits for many callers at once.
//!
//! A durable commit costs a flush of the disk, whether it holds one change or a
//! thousand. So callers hand their work to a thread which takes all that waits,
//! does it in one transaction, commits once, and only then answers each of
//! them. Work that fails is undone alone; what its neighbours did is kept.
//!
//! Other processes may write the same file: the transaction takes the write
//! lock before it reads anything, and waits for it. Nothing is committed to a
//! file that no longer lies where the others look for it.

use std::{cell::Cell, io, ops::Deref, path::PathBuf, sync::Arc, thread};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{audit::Head, error::StoreError, place::Place};

/// Callers that may wait before the next one is made to.
const JOBS_WAITING: usize = 1024;

/// Jobs that share a commit, so that one commit stays short.
const JOBS_TOGETHER: usize = 256;

/// A transaction that may write: only the writer hands one out.
pub(super) struct Tx<'c> {
    connection: &'c Connection,
    audit_head: Cell<Option<Head>>,
}

impl Tx<'_> {
    /// The end of the audit, if it was met in this transaction. It cannot be
    /// remembered any longer: other processes write between transactions.
    pub fn audit_head(&self) -> Option<Head> {
        self.audit_head.get()
    }

    pub fn set_audit_head(&self, head: Head) {
        self.audit_head.set(Some(head));
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// The way to the thread. Dropping it lets the thread finish what it was given
/// and close the file.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection, place: Arc<Place>) -> io::Result<Writer> {
        let (sender, receiver) = mpsc::channel(JOBS_WAITING);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_until_closed(&connection, &place, receiver))?;
        Ok(Writer {
            jobs: Some(sender),
            thread: Some(thread),
        })
    }

    /// Does the work in a transaction and returns once that is on the disk.
    ///
    /// The work is done even if the caller stops waiting. An error undoes it.
    pub async fn submit<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(OneJob {
            work: Some(work),
            result: None,
            answer,
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has already failed its callers.
            drop(thread.join());
        }
    }
}

type Committed = Result<(), NotCommitted>;

/// Told to every caller of the transaction.
#[derive(Clone)]
enum NotCommitted {
    Failed(Arc<rusqlite::Error>),
    Gone(PathBuf),
}

impl From<rusqlite::Error> for NotCommitted {
    fn from(error: rusqlite::Error) -> NotCommitted {
        NotCommitted::Failed(Arc::new(error))
    }
}

impl From<NotCommitted> for StoreError {
    fn from(why: NotCommitted) -> StoreError {
        match why {
            NotCommitted::Failed(error) => StoreError::Commit(error),
            NotCommitted::Gone(path) => StoreError::Gone { path },
        }
    }
}

trait Job: Send {
    /// Does the work; `false` asks for it to be undone.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    fn answer(self: Box<Self>, committed: &Committed);
}

struct OneJob<T, E, W> {
    work: Option<W>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, W> Job for OneJob<T, E, W>
where
    T: Send,
    E: From<StoreError> + Send,
    W: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        self.result = self.work.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: &Committed) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Closed.into()),
            (Err(why), _) => Err(StoreError::from(why.clone()).into()),
        };
        // A caller that went away wants no answer.
        drop(self.answer.send(result));
    }
}

fn write_until_closed(connection: &Connection, place: &Place, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut together = vec![first];
        while together.len() < JOBS_TOGETHER
            && let Ok(next) = jobs.try_recv()
        {
            together.push(next);
        }
        let committed = commit(connection, place, &mut together);
        for job in together {
            job.answer(&committed);
        }
    }
}

fn commit(connection: &Connection, place: &Place, jobs: &mut [Box<dyn Job>]) -> Committed {
    let committed = run_in_one_transaction(connection, place, jobs);
    if committed.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    committed
}

/// A full disk can make SQLite give up the whole transaction inside a job. The
/// savepoint is then gone, its release fails, and nobody is told of a success.
fn run_in_one_transaction(connection: &Connection, place: &Place, jobs: &mut [Box<dyn Job>]) -> Committed {
    execute(connection, "BEGIN IMMEDIATE")?;
    let tx = Tx {
        connection,
        audit_head: Cell::new(None),
    };
    for job in jobs {
        execute(connection, "SAVEPOINT job")?;
        if !job.run(&tx) {
            execute(connection, "ROLLBACK TO job")?;
            tx.audit_head.set(None);
        }
        execute(connection, "RELEASE job")?;
    }
    // As late as can be: what is committed after this may still be lost, but
    // the next commit says so.
    if place.is_lost() {
        return Err(NotCommitted::Gone(place.path().into()));
    }
    Ok(execute(connection, "COMMIT")?)
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        path::Path,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn writer(path: &Path) -> Writer {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS written (word TEXT PRIMARY KEY)")
            .unwrap();
        Writer::start(connection, Arc::new(Place::of(path).unwrap())).unwrap()
    }

    async fn write(writer: &Writer, word: String) -> Result<(), StoreError> {
        let insert = move |tx: &Tx<'_>| {
            tx.execute("INSERT INTO written VALUES (?1)", [word])?;
            Ok(())
        };
        writer.submit(insert).await
    }

    fn words(path: &Path) -> i64 {
        let other = Connection::open(path).unwrap();
        other
            .query_row("SELECT count(*) FROM written", [], |row| row.get(0))
            .unwrap()
    }

    #[tokio::test]
    async fn every_caller_finds_its_work_committed_when_it_is_answered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("words.db");
        let writer = writer(&path);
        let callers = (0..300).map(|number| {
            let (writer, path) = (&writer, &path);
            async move {
                write(writer, format!("word {number}")).await.unwrap();
                let other = Connection::open(path).unwrap();
                let found = other.query_row(
                    "SELECT 1 FROM written WHERE word = ?1",
                    [format!("word {number}")],
                    |row| row.get::<_, i64>(0),
                );
                assert_eq!(found, Ok(1));
            }
        });
        futures::future::join_all(callers).await;
        assert_eq!(words(&path), 300);
    }

    #[tokio::test]
    async fn work_that_fails_is_undone_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("words.db");
        let writer = writer(&path);
        let before = write(&writer, "before".into());
        let failing = writer.submit(|tx| {
            tx.execute("INSERT INTO written VALUES ('half done')", [])?;
            tx.execute("INSERT INTO written VALUES ('half done')", [])?;
            Ok::<_, StoreError>(())
        });
        let after = write(&writer, "after".into());
        let (before, failing, after) = futures::join!(before, failing, after);
        before.unwrap();
        after.unwrap();
        assert!(matches!(failing, Err(StoreError::Query(_))));
        assert_eq!(words(&path), 2);
    }

    #[tokio::test]
    async fn no_answer_comes_while_another_process_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("words.db");
        let writer = writer(&path);
        let neighbour = Connection::open(&path).unwrap();
        neighbour
            .execute_batch("BEGIN IMMEDIATE; INSERT INTO written VALUES ('neighbour')")
            .unwrap();

        let mut waiting = pin!(write(&writer, "mine".into()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Pending));
        assert_eq!(words(&path), 0);

        neighbour.execute_batch("COMMIT").unwrap();
        waiting.await.unwrap();
        assert_eq!(words(&path), 2);
    }

    #[tokio::test]
    async fn closing_finishes_what_was_handed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("words.db");
        let writer = writer(&path);
        {
            let mut unheard = pin!(write(&writer, "unheard".into()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(unheard.as_mut().poll(&mut context).is_pending());
        }
        drop(writer);
        assert_eq!(words(&path), 1);
    }
}
