//! The store alone: claiming and settling tasks with their audit records,
//! beside bare SQLite that writes as many rows in as many commits.

use std::time::Instant;

use anyhow::ensure;
use jiff::{SignedDuration, Timestamp};
use revokd::{
    model::{
        CloudName, Evidence, Kind, Mode, Priority, Revocation, RunState, RunTotals, Target, Trigger, Verdict,
    },
    store::{Begun, Conclusion, Enqueue, NewRun, Settlement, Store},
};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::table;

const TASKS: u32 = 20_000;
/// As the dispatcher claims them.
const CLAIMED_AT_ONCE: usize = 64;
/// As many workers settle at about the same time.
const SETTLED_AT_ONCE: usize = 8;
const ROUNDS: usize = 3;

pub fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(runtime.block_on(claim_and_settle())?);
        bare.push(bare_sqlite()?);
    }
    let (ours, bare) = (table::median(ours), table::median(bare));
    table::head(&format!(
        "store: {TASKS} tasks claimed by {CLAIMED_AT_ONCE}, settled by {SETTLED_AT_ONCE}, median of {ROUNDS}"
    ));
    let rate = |seconds: f64| format!("{:.0} tasks/s", f64::from(TASKS) / seconds);
    table::row("revokd: states, tries, audit with its chain", &rate(ours));
    table::row("bare SQLite: the same rows and commits, no indices", &rate(bare));
    table::row("rate, revokd : bare", &format!("{:.2}", bare / ours));
    Ok(())
}

async fn claim_and_settle() -> anyhow::Result<f64> {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = Store::open(&directory.path().join("store.db"))?;
    let cloud = CloudName::from("example");
    let now = Timestamp::now();
    queue(&store, &cloud, now).await?;
    let started = Instant::now();
    let mut settled = 0;
    loop {
        let lease = SignedDuration::from_hours(1);
        let claimed = store
            .claim(
                cloud.clone(),
                Priority::Normal,
                vec![(Kind::ImageShare, CLAIMED_AT_ONCE)],
                now,
                lease,
            )
            .await?;
        if claimed.is_empty() {
            break;
        }
        for together in claimed.chunks(SETTLED_AT_ONCE) {
            let settlements = together.iter().map(|claimed| {
                store.settle(vec![Settlement {
                    task: claimed.task.id,
                    lease: claimed.lease,
                    verdict: Verdict::Done {
                        note: "seen gone".to_owned(),
                    },
                    outcome: "accepted".to_owned(),
                    now,
                }])
            });
            for held in futures::future::try_join_all(settlements).await? {
                ensure!(held == [true], "a lease was lost");
                settled += 1;
            }
        }
    }
    ensure!(settled == TASKS, "{settled} settled");
    Ok(started.elapsed().as_secs_f64())
}

async fn queue(store: &Store, cloud: &CloudName, now: Timestamp) -> anyhow::Result<()> {
    let new = NewRun {
        policy: "everything".into(),
        policy_digest: "0".repeat(64),
        mode: Mode::Enforce,
        trigger: Trigger::Operator,
        at_most: SignedDuration::from_hours(1),
        now,
    };
    let Begun::Started(run) = store.begin_run(new).await? else {
        anyhow::bail!("a fresh store has no run under way");
    };
    let revocations = (0..TASKS).map(|number| Revocation {
        target: Target::image_share(
            cloud.clone(),
            format!("5d1b0f7c-0000-4000-8000-{number:012x}").into(),
            format!("{number:032x}").into(),
        ),
        due_since: now,
        evidence: Evidence {
            policy: "everything".into(),
            policy_digest: "0".repeat(64),
            observed_at: now,
            resource_name: format!("image-{number}"),
            subject_name: String::new(),
            owner: "f".repeat(32).as_str().into(),
            endpoint: "http://127.0.0.1:9292/v2".to_owned(),
            granted_at: Some(now),
            grant_version: now.to_string(),
            compared: Vec::new(),
            still_reachable: Vec::new(),
            listed_in: Vec::new(),
        },
    });
    let conclusion = Conclusion {
        run,
        totals: RunTotals::default(),
        notes: Vec::new(),
        revocations: revocations.collect(),
        enqueue: Enqueue::Queue { not_before: now },
        priority: Priority::Normal,
        supersede: None,
        release: Vec::new(),
        state: RunState::Finished,
        now,
    };
    store.finish_run(conclusion).await?;
    Ok(())
}

/// Three rows for each claim and for each settlement, of the store's sizes.
fn bare_sqlite() -> anyhow::Result<f64> {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut connection = Connection::open(directory.path().join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(
        "CREATE TABLE tasks (id INTEGER PRIMARY KEY, state TEXT, evidence TEXT);
         CREATE TABLE attempts (task INTEGER PRIMARY KEY, ended INTEGER, note TEXT);
         CREATE TABLE audit (seq INTEGER PRIMARY KEY, payload TEXT, prev BLOB, hash BLOB);",
    )?;
    let (evidence, payload, hash) = ("e".repeat(400), "p".repeat(400), [7_u8; 32]);
    let tx = connection.transaction()?;
    for task in 0..TASKS {
        tx.execute(
            "INSERT INTO tasks VALUES (?1, 'queued', ?2)",
            params![task, evidence],
        )?;
    }
    tx.commit()?;
    let tasks: Vec<u32> = (0..TASKS).collect();
    let started = Instant::now();
    for claimed in tasks.chunks(CLAIMED_AT_ONCE) {
        write(
            &mut connection,
            claimed,
            [
                "INSERT INTO audit (payload, prev, hash) VALUES (?2, ?3, ?3)",
                "UPDATE tasks SET state = 'claimed' WHERE id = ?1",
                "INSERT INTO attempts VALUES (?1, NULL, '')",
            ],
            &payload,
            hash,
        )?;
        for settled in claimed.chunks(SETTLED_AT_ONCE) {
            write(
                &mut connection,
                settled,
                [
                    "INSERT INTO audit (payload, prev, hash) VALUES (?2, ?3, ?3)",
                    "UPDATE tasks SET state = 'done' WHERE id = ?1",
                    "UPDATE attempts SET ended = 1, note = 'seen gone' WHERE task = ?1",
                ],
                &payload,
                hash,
            )?;
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

fn write(
    connection: &mut Connection,
    tasks: &[u32],
    statements: [&str; 3],
    payload: &str,
    hash: [u8; 32],
) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    for task in tasks {
        for sql in statements {
            let mut statement = tx.prepare_cached(sql)?;
            // Statements that name fewer values take the first ones.
            let values: [&dyn rusqlite::ToSql; 3] = [task, &payload, &hash];
            let named = statement.parameter_count();
            statement.execute(&values[..named])?;
        }
    }
    tx.commit()
}
