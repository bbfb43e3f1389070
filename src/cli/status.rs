//! `revokd status`

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Output, assemble,
    output::{self, moment, moment_or_dash, print_json, print_line},
    sources::{idle_policies, not_proven},
};
use crate::{
    config::types::Config,
    engine::policy::Policy,
    model::{RunState, SourceName, SourceRecord, TaskState},
    store::{RunFilter, Store},
};

/// Show at a glance: does it work, what is next, what is stuck, what needs you
#[derive(clap::Args)]
pub struct Arguments {
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Empty where nothing has run yet.
#[derive(Default, Serialize)]
struct Status {
    /// The process that works off the queue, if one does.
    daemon_pid: Option<u32>,
    policies: Vec<PolicyRow>,
    /// Runs that wait for `runs allow` or `runs reject`.
    held_runs: Vec<i64>,
    dead_tasks: u64,
    /// Sources by which nothing is decided now.
    not_proven: Vec<SourceRow>,
}

#[derive(Serialize)]
struct SourceRow {
    source: String,
    why: String,
    /// Those that do nothing until it is mended.
    policies: Vec<String>,
}

#[derive(Serialize)]
struct PolicyRow {
    name: String,
    mode: String,
    enabled: bool,
    last_run: Option<Timestamp>,
    last_state: Option<String>,
    last_success: Option<Timestamp>,
    next_run: Option<Timestamp>,
    /// Tasks that are not done, by state.
    tasks: BTreeMap<String, u64>,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let daemon = &loaded.config.daemon;
    let store = daemon
        .store
        .exists()
        .then(|| assemble::open_store(daemon))
        .transpose()?;
    let status = match &store {
        Some(store) => Status::read(&loaded.config, store).await?,
        None => Status::default(),
    };
    match arguments.output {
        Output::Json => print_json(&status)?,
        Output::Table => status.print()?,
    }
    Ok(Exit::Done)
}

impl Status {
    async fn read(config: &Config, store: &Store) -> anyhow::Result<Status> {
        let counts = store.counts().await?;
        let mut policies = Vec::new();
        for policy in &config.policies {
            let live = counts.iter().filter(|count| count.policy == policy.name);
            let mut tasks = BTreeMap::new();
            for count in live {
                *tasks.entry(count.state.to_string()).or_default() += count.count;
            }
            policies.push(PolicyRow::read(policy, tasks, store).await?);
        }
        let held = RunFilter {
            state: Some(RunState::Held),
            ..RunFilter::default()
        };
        let held_runs = store.runs(held, 100).await?.iter().map(|run| run.id).collect();
        let dead = counts
            .iter()
            .filter(|count| count.state == TaskState::Dead)
            .map(|count| count.count)
            .sum();
        Ok(Status {
            daemon_pid: working_pid(store)?,
            policies,
            held_runs,
            dead_tasks: dead,
            not_proven: unproven(config, &store.source_records().await?),
        })
    }

    fn print(&self) -> anyhow::Result<()> {
        if self.policies.is_empty() {
            return print_line("nothing has run yet; `revokd check` shows what runs when");
        }
        match self.daemon_pid {
            Some(pid) => print_line(&format!("revokd works on this store (pid {pid})"))?,
            None => print_line("no revokd works on this store now")?,
        }
        let rows = self.policies.iter().map(|row| {
            let tasks: Vec<String> = row
                .tasks
                .iter()
                .map(|(state, count)| format!("{count} {state}"))
                .collect();
            let next = if row.enabled {
                moment_or_dash(row.next_run)
            } else {
                "disabled".to_owned()
            };
            let last = match (row.last_run, &row.last_state) {
                (Some(at), Some(state)) => format!("{} {state}", moment(at)),
                _ => "never".to_owned(),
            };
            [row.name.clone(), row.mode.clone(), last, next, tasks.join(", ")]
        });
        print_line(&output::table(
            ["policy", "mode", "last run", "next run", "in the queue"],
            rows,
        ))?;
        for run in &self.held_runs {
            print_line(&format!("run {run} waits for you: `revokd runs show {run}`"))?;
        }
        for row in &self.not_proven {
            print_line(&row.sentence())?;
        }
        if self.dead_tasks > 0 {
            let tasks = output::count(self.dead_tasks, "task was", "tasks were");
            print_line(&format!("{tasks} given up: `revokd tasks list --state dead`"))?;
        }
        Ok(())
    }
}

/// The configured sources that were not proven when they were last read.
fn unproven(config: &Config, records: &[SourceRecord]) -> Vec<SourceRow> {
    let row = |name: &SourceName| {
        let record = records.iter().find(|record| record.source == *name);
        Some(SourceRow {
            source: name.to_string(),
            why: not_proven(record)?,
            policies: idle_policies(config, name)
                .iter()
                .map(|policy| policy.name.to_string())
                .collect(),
        })
    };
    config.sources.keys().filter_map(row).collect()
}

impl SourceRow {
    fn sentence(&self) -> String {
        let idle = match self.policies.as_slice() {
            [] => String::new(),
            [one] => format!("; policy {one} does nothing until it is mended"),
            several => format!(
                "; policies {} do nothing until it is mended",
                output::words(several)
            ),
        };
        format!("source {}: {}{idle}", self.source, self.why)
    }
}

impl PolicyRow {
    async fn read(policy: &Policy, tasks: BTreeMap<String, u64>, store: &Store) -> anyhow::Result<PolicyRow> {
        let of_policy = RunFilter {
            policy: Some(policy.name.clone()),
            ..RunFilter::default()
        };
        let last = store.runs(of_policy, 1).await?.pop();
        Ok(PolicyRow {
            name: policy.name.to_string(),
            mode: policy.mode.to_string(),
            enabled: policy.enabled,
            last_run: last.as_ref().map(|run| run.finished_at.unwrap_or(run.started_at)),
            last_state: last.as_ref().map(|run| run.state.to_string()),
            last_success: store.last_success(policy.name.clone()).await?,
            next_run: policy
                .enabled
                .then(|| policy.schedule.next_after(Timestamp::now()))
                .flatten(),
            tasks,
        })
    }
}

/// `None` if nobody holds the right to dispatch.
fn working_pid(store: &Store) -> anyhow::Result<Option<u32>> {
    Ok(match store.dispatch_lock()? {
        Some(_free) => None,
        None => Some(store.dispatcher_pid().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_proven_names_the_policies_that_do_nothing() {
        let row = |policies: &[&str]| SourceRow {
            source: "staff".into(),
            why: "12 entries, but min_entries is 100".into(),
            policies: policies.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            row(&["a", "b"]).sentence(),
            "source staff: 12 entries, but min_entries is 100; policies a, b do nothing until it is mended"
        );
        assert!(
            row(&["a"])
                .sentence()
                .ends_with("; policy a does nothing until it is mended")
        );
        assert!(row(&[]).sentence().ends_with("min_entries is 100"));
    }
}
