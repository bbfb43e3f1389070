//! Somebody who left, behind a long queue on the same cloud: how long from
//! "on the list" to "seen gone", beside the same with nothing queued. All of it
//! goes through the loops of the daemon: the glance at the file, the read, the
//! run, the queue, the calls.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use revokd::{
    daemon::{self, context::Context, run},
    model::{PolicyName, Task, TaskState, Trigger},
    providers::calls::{Call, Observer, Operation},
    store::TaskFilter,
};
use tokio::net::TcpListener;

use super::{
    registry::{self, Registry},
    setup::{self, Directory},
    table,
};

const IMAGES: usize = 2_000;
const SHARES: usize = 10;
const ROUNDS: usize = 7;
/// One round takes seconds; one that takes so long will never end.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

const POLICIES: &str = r#"
[source.leavers]
type        = "csv"
path        = "leavers.csv"
match       = { column = "email", to = "user.email" }
min_entries = 1

[[policy]]
name     = "leavers"
schedule = "0 0 1 1 *"
clouds   = ["registry"]
resource = ["repository-permission", "namespace-permission"]
priority = "urgent"
mode     = "enforce"
match    = { subject_in = "leavers" }
limits   = { max_revocations = 1000, max_percent = 100 }

[[policy]]
name     = "backlog"
schedule = "0 0 1 1 *"
clouds   = ["registry"]
resource = "image-share"
mode     = "enforce"
match    = { granted_before = "30d" }
limits   = { max_revocations = 1000000, max_percent = 100 }
"#;

/// A call to the cloud, from the moment the limits let it pass.
#[derive(Clone, Copy)]
struct Made {
    begun: Timestamp,
    ended: Timestamp,
    operation: Operation,
}

/// What became of one who left.
struct Leaver {
    /// From the file being written to the last permission seen gone.
    from_the_list_seconds: f64,
    /// The same from the moment the tasks were in the queue.
    from_the_queue_seconds: f64,
    /// Calls for other tasks that were begun between that and the last removal.
    others_calls: usize,
    /// Calls of its own tasks.
    own_calls: usize,
}

type Calls = Arc<Mutex<Vec<Made>>>;

pub fn main() -> anyhow::Result<()> {
    // A subscriber is there already where all figures are printed.
    drop(tracing_subscriber::fmt().with_writer(io::sink).try_init());
    let registry = Registry::start(IMAGES, SHARES, 2 * ROUNDS + 1)?;
    let policies = [("policies.toml", POLICIES), ("leavers.csv", "email\n")];
    let directory = Directory::of_registry(&registry.as_configured(), &policies)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (alone, behind, left) = runtime.block_on(measure(&directory))?;
    print(&alone, &behind, left);
    Ok(())
}

async fn measure(directory: &Directory) -> anyhow::Result<(Vec<Leaver>, Vec<Leaver>, usize)> {
    let config = directory.load()?;
    let calls = Calls::default();
    let context = setup::context_watched(&config, &noted_in(&calls))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let list = List::at(directory.path());
    list.add(0)?;
    // The first login, and the first glance at the file, are of no round. A run
    // that goes on when the daemon starts would be taken for a dead one's.
    run_now(&context, "leavers").await?;
    let serving = tokio::spawn(daemon::serve(context.clone(), listener, Duration::from_secs(30)));
    until_gone(&context, Timestamp::UNIX_EPOCH, 1).await?;

    let mut alone = Vec::new();
    for person in 1..=ROUNDS {
        alone.push(round(&context, &list, person, &calls).await?);
    }
    let queued = run_now(&context, "backlog").await?;
    ensure!(queued == (IMAGES * SHARES) as u64, "{queued} queued");
    let mut behind = Vec::new();
    for person in ROUNDS + 1..=2 * ROUNDS {
        behind.push(round(&context, &list, person, &calls).await?);
    }
    let left = tasks(&context, "backlog", Some(TaskState::Queued)).await?.len();
    ensure!(left > 0, "the backlog was worked off before the last round ended");
    context.stop.cancel();
    serving.await??;
    Ok((alone, behind, left))
}

/// How many tasks it queued.
async fn run_now(context: &Context, policy: &str) -> anyhow::Result<u64> {
    let policy = context.rules().policy(&policy.into()).cloned();
    let policies = [policy.context("one of the policies above")?];
    let reports = run::run(context, &policies, Trigger::Operator).await?;
    Ok(reports[0].totals.queued)
}

fn noted_in(calls: &Calls) -> Observer {
    let calls = calls.clone();
    Arc::new(move |call: Call| {
        let ended = Timestamp::now();
        let took = SignedDuration::try_from_secs_f64(call.seconds).unwrap_or_default();
        let made = Made {
            begun: ended - took,
            ended,
            operation: call.operation,
        };
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    })
}

/// One more person is on the list; what comes of it.
async fn round(context: &Context, list: &List, person: usize, calls: &Calls) -> anyhow::Result<Leaver> {
    let from = Timestamp::now();
    list.add(person)?;
    let listed = Timestamp::now();
    let tasks = until_gone(context, from, person + 1).await?;
    let queued = tasks.iter().map(|task| task.allowed_from).min();
    let gone = tasks.iter().filter_map(|task| task.finished_at).max();
    let (queued, gone) = queued.zip(gone).context("tasks that ended")?;
    let calls = calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let since = calls.iter().filter(|call| call.begun >= queued);
    let (others, own): (Vec<&Made>, Vec<&Made>) = since.partition(|call| is_of_images(call.operation));
    let removals = own
        .iter()
        .filter(|call| call.operation == Operation::RemovePermissions);
    let removed = removals.map(|call| call.ended).max().context("a removal")?;
    Ok(Leaver {
        from_the_list_seconds: gone.duration_since(listed).as_secs_f64(),
        from_the_queue_seconds: gone.duration_since(queued).as_secs_f64(),
        others_calls: others.iter().filter(|call| call.begun < removed).count(),
        own_calls: own.len(),
    })
}

/// The tasks that were queued since, once all that so many people held is gone.
async fn until_gone(context: &Context, since: Timestamp, people: usize) -> anyhow::Result<Vec<Task>> {
    let all = people * (registry::REPOSITORIES.len() + 1);
    let deadline = Timestamp::now() + PATIENCE;
    while Timestamp::now() < deadline {
        let mut done = tasks(context, "leavers", Some(TaskState::Done)).await?;
        if done.len() == all {
            done.retain(|task| task.allowed_from >= since);
            return Ok(done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("somebody who left is still there after {PATIENCE:#}");
}

async fn tasks(context: &Context, policy: &str, state: Option<TaskState>) -> anyhow::Result<Vec<Task>> {
    let filter = TaskFilter {
        policy: Some(PolicyName::from(policy)),
        state,
        ..TaskFilter::default()
    };
    Ok(context.store.tasks(filter, IMAGES * SHARES).await?)
}

/// The backlog is about images, and whoever left has permissions in the
/// registry.
fn is_of_images(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ListImages
            | Operation::ShowImage
            | Operation::ListMembers
            | Operation::RemoveMember
            | Operation::RemoveMembers
            | Operation::ShowJob
    )
}

struct List {
    path: PathBuf,
}

impl List {
    fn at(directory: &Path) -> List {
        List {
            path: directory.join("policies/leavers.csv"),
        }
    }

    /// As an exporter writes: aside, then in place of the old one.
    fn add(&self, person: usize) -> anyhow::Result<()> {
        let text = fs::read_to_string(&self.path)?;
        let aside = self.path.with_extension("new");
        fs::write(&aside, format!("{text}{}\n", registry::email(person)))?;
        Ok(fs::rename(aside, &self.path)?)
    }
}

fn print(alone: &[Leaver], behind: &[Leaver], left: usize) {
    table::head(&format!(
        "urgent: a leaver with {} permissions behind {} shares to remove on the same cloud, {ROUNDS} rounds, \
         {} ms a call, 8 at once; {left} were left at the end",
        registry::REPOSITORIES.len() + 1,
        IMAGES * SHARES,
        registry::CALL.as_millis(),
    ));
    let figure = |of: &[Leaver], value: fn(&Leaver) -> f64| {
        let values: Vec<f64> = of.iter().map(value).collect();
        let worst = values.iter().copied().fold(f64::NAN, f64::max);
        (table::median(values), worst)
    };
    type Seconds = fn(&Leaver) -> f64;
    let seconds: [(&str, Seconds); 2] = [
        ("on the list to seen gone", |leaver| leaver.from_the_list_seconds),
        ("in the queue to seen gone", |leaver| {
            leaver.from_the_queue_seconds
        }),
    ];
    for (what, value) in seconds {
        let (alone, behind) = (figure(alone, value), figure(behind, value));
        table::row(
            &format!("{what}, empty queue: median, worst"),
            &format!("{:.2} s, {:.2} s", alone.0, alone.1),
        );
        table::row(
            &format!("{what}, behind the queue: median, worst"),
            &format!("{:.2} s, {:.2} s", behind.0, behind.1),
        );
        table::row(
            "  behind the queue : empty queue, median, worst",
            &format!("{:.2}, {:.2}", behind.0 / alone.0, behind.1 / alone.1),
        );
    }
    let (median, worst) = figure(behind, |leaver| leaver.others_calls as f64);
    table::row(
        "calls of others begun from its being queued to its removal",
        &format!("{median:.0}, {worst:.0}"),
    );
    let (own, _) = figure(behind, |leaver| leaver.own_calls as f64);
    table::row("  its own calls meanwhile", &format!("{own:.0}"));
}
