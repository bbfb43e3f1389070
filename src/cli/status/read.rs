//! The figures of `status`, from the store, the configuration and what the
//! daemon said.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{
    super::sources::{idle_policies, not_proven},
    ask::{Asked, Said},
    facts::{CloudDown, DeadReason, HeldRun, PolicyRow, SourceRow, Status, Verdict},
};
use crate::{
    config::types::Config,
    engine::policy::Policy,
    model::{Run, RunState, SourceName, SourceRecord, Task, TaskState},
    store::{RunFilter, Store, TaskCount, TaskFilter},
};

/// After so long a task that could be carried out is overdue.
const OVERDUE: SignedDuration = SignedDuration::from_hours(1);
/// Dead tasks whose reasons are counted; all of them are counted as such.
const DEAD_READ: usize = 1000;
const HELD_READ: usize = 100;

/// Without a configuration, what can be told without one.
///
/// # Errors
/// The store cannot be read.
pub async fn status(
    config: Option<&Config>,
    store: Option<&Store>,
    asked: Option<Asked>,
    now: Timestamp,
) -> anyhow::Result<Status> {
    let mut status = Status {
        verdict: Verdict::Working,
        reasons: vec![],
        daemon_pid: None,
        daemon_answers: None,
        clouds_down: vec![],
        daemon_problems: vec![],
        reload_refused: None,
        configuration_valid: config.is_some(),
        policies: vec![],
        held_runs: vec![],
        held: vec![],
        dead_tasks: 0,
        dead_reasons: vec![],
        overdue_tasks: vec![],
        not_proven: vec![],
        has_store: store.is_some(),
        now,
    };
    if let Some(asked) = asked {
        heard(&mut status, asked);
    }
    if let Some(store) = store {
        queue(&mut status, store).await?;
    }
    if let Some(config) = config {
        let counts = match store {
            Some(store) => store.counts().await?,
            None => vec![],
        };
        for policy in &config.policies {
            status
                .policies
                .push(policy_row(policy, &counts, store, now).await?);
        }
        let records = match store {
            Some(store) => store.source_records().await?,
            None => vec![],
        };
        // Before the first run every source is merely not read yet.
        if store.is_some() {
            status.not_proven = unproven(config, &records);
        }
    }
    Ok(status.judged())
}

fn heard(status: &mut Status, asked: Asked) {
    status.daemon_pid = Some(asked.pid);
    match asked.said {
        Said::NotAsked => {}
        Said::Nothing(why) => {
            status.daemon_answers = Some(false);
            status.daemon_problems = vec![format!("{why}; a pass of `revokd run --once` gives none")];
        }
        Said::Answer {
            problems,
            reload_refused,
        } => {
            status.daemon_answers = Some(true);
            status.reload_refused = Some(reload_refused);
            for problem in problems {
                match cloud_down(&problem) {
                    Some(down) => status.clouds_down.push(down),
                    None => status.daemon_problems.push(problem),
                }
            }
        }
    }
}

/// As the daemon words it.
fn cloud_down(problem: &str) -> Option<CloudDown> {
    let (cloud, why) = problem.strip_prefix("cloud ")?.split_once(" is down: ")?;
    Some(CloudDown {
        cloud: cloud.to_owned(),
        why: why.to_owned(),
    })
}

async fn queue(status: &mut Status, store: &Store) -> anyhow::Result<()> {
    let held = RunFilter {
        state: Some(RunState::Held),
        ..RunFilter::default()
    };
    let held = store.runs(held, HELD_READ).await?;
    status.held_runs = held.iter().map(|run| run.id).collect();
    status.held = held.iter().map(held_run).collect();
    let counts = store.counts().await?;
    let dead = counts.iter().filter(|count| count.state == TaskState::Dead);
    status.dead_tasks = dead.map(|count| count.count).sum();
    if status.dead_tasks > 0 {
        let dead = TaskFilter {
            state: Some(TaskState::Dead),
            ..TaskFilter::default()
        };
        status.dead_reasons = reasons(&store.tasks(dead, DEAD_READ).await?);
    }
    let before = status.now.checked_sub(OVERDUE).unwrap_or(Timestamp::MIN);
    status.overdue_tasks = store.waiting(before).await?;
    Ok(())
}

fn held_run(run: &Run) -> HeldRun {
    HeldRun {
        run: run.id,
        policy: run.policy.to_string(),
        targets: run.totals.queued,
        mode: run.mode.to_string(),
    }
}

/// The most frequent first.
fn reasons(dead: &[Task]) -> Vec<DeadReason> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for task in dead {
        *counts.entry(without_ids(&task.note)).or_default() += 1;
    }
    let mut reasons: Vec<DeadReason> = counts
        .into_iter()
        .map(|(reason, tasks)| DeadReason { reason, tasks })
        .collect();
    reasons.sort_by(|a, b| b.tasks.cmp(&a.tasks).then_with(|| a.reason.cmp(&b.reason)));
    reasons
}

/// Two tasks that failed alike differ in the ids of what they were about.
fn without_ids(note: &str) -> String {
    let is_id = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let hex = word.chars().filter(char::is_ascii_hexdigit).count();
        digits > 0 && hex >= 16
    };
    let words = note.split(' ').map(|word| if is_id(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

async fn policy_row(
    policy: &Policy,
    counts: &[TaskCount],
    store: Option<&Store>,
    now: Timestamp,
) -> anyhow::Result<PolicyRow> {
    let mut tasks: BTreeMap<String, u64> = BTreeMap::new();
    for count in counts.iter().filter(|count| count.policy == policy.name) {
        *tasks.entry(count.state.to_string()).or_default() += count.count;
    }
    let (last, last_success) = match store {
        Some(store) => {
            let of_policy = RunFilter {
                policy: Some(policy.name.clone()),
                ..RunFilter::default()
            };
            let last = store.runs(of_policy, 1).await?.pop();
            (last, store.last_success(policy.name.clone()).await?)
        }
        None => (None, None),
    };
    let next = || policy.schedule.next_after(now);
    let deadline = last_success.and_then(|at| policy.schedule.success_owed_by(at));
    Ok(PolicyRow {
        name: policy.name.to_string(),
        mode: policy.mode.to_string(),
        enabled: policy.enabled,
        last_run: last.as_ref().map(|run| run.finished_at.unwrap_or(run.started_at)),
        last_run_id: last.as_ref().map(|run| run.id),
        last_state: last.as_ref().map(|run| run.state.to_string()),
        last_success,
        next_run: policy.enabled.then(next).flatten(),
        tasks,
        late: policy.enabled && deadline.is_some_and(|deadline| deadline < now),
        trouble: last.as_ref().and_then(trouble),
    })
}

fn trouble(run: &Run) -> Option<String> {
    let totals = run.totals;
    if !totals.is_degraded(run.state) {
        return None;
    }
    let what = match run.state {
        RunState::Failed => "failed".to_owned(),
        _ if totals.gaps > 0 => format!("could not see {} of its clouds", parts(totals.gaps)),
        _ => format!("could not judge {} of its targets", totals.unreadable),
    };
    Some(match run.notes.first() {
        Some(note) => format!("{what}: {note}"),
        None => what,
    })
}

fn parts(number: u64) -> String {
    super::super::output::count(number, "part", "parts")
}

/// The configured sources that were not proven when they were last read.
fn unproven(config: &Config, records: &[SourceRecord]) -> Vec<SourceRow> {
    let row = |name: &SourceName| {
        let record = records.iter().find(|record| record.source == *name);
        Some(SourceRow {
            source: name.to_string(),
            why: not_proven(record)?,
            tried: record.is_some(),
            policies: idle_policies(config, name)
                .iter()
                .map(|policy| policy.name.to_string())
                .collect(),
        })
    };
    config.sources.keys().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_ids_alone_are_one() {
        let note = |id: &str| without_ids(&format!("image {id} is protected (403)"));
        let one = note("1a82e79b-05b5-4aeb-b5ba-4eb728dd632c");
        assert_eq!(one, note("7c82e79b-05b5-4aeb-b5ba-4eb728dd6000"));
        assert_eq!(one, "image … is protected (403)");
    }

    #[test]
    fn what_the_daemon_says_of_a_cloud_is_told_apart_from_the_rest() {
        let down = cloud_down("cloud prod is down: logging in: 401 is down: x").expect("a cloud");
        assert_eq!(
            (down.cloud.as_str(), down.why.as_str()),
            ("prod", "logging in: 401 is down: x")
        );
        assert!(cloud_down("store: disk full").is_none());
    }
}
