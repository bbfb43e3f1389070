//! `revokd tasks`

use std::path::Path;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Output, assemble, known_policy,
    output::{self, moment, moment_or_dash, print_json, print_line},
    target,
};
use crate::{
    model::{Attempt, CloudName, Comparison, ListedIn, PolicyName, RunId, Task, TaskId, TaskState},
    store::{Ids, Store, TaskFilter},
};

/// List revocations in the queue; try again what was given up, or cancel
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd tasks list --state dead\n  revokd tasks show 4711\n  revokd tasks retry 4711\n  revokd tasks cancel 4711"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The latest tasks
    #[command(
        after_help = "Examples:\n  revokd tasks list --state dead\n  revokd tasks list --cloud otc-prod --subject '9c61*'\n  revokd tasks list --resource 'team/*' --state done --output json"
    )]
    List {
        /// Tasks in one state: held, queued, claimed, submitted, verifying, done, dead or cancelled.
        #[arg(long, value_name = "STATE")]
        state: Option<TaskState>,
        /// Tasks of one policy.
        #[arg(long, value_name = "POLICY")]
        policy: Option<String>,
        /// Tasks on one cloud.
        #[arg(long, value_name = "CLOUD")]
        cloud: Option<String>,
        /// Tasks that one run decided.
        #[arg(long, value_name = "RUN")]
        run: Option<RunId>,
        /// Tasks about one resource: an image id, a namespace, NAMESPACE/REPOSITORY; or about all
        /// that are like a glob, as policies write them: `team/*`.
        #[arg(long, value_name = "ID", value_parser = Ids::parse)]
        resource: Option<Ids>,
        /// Tasks about one who loses access: the id of a project, a user, an account; or about all
        /// that are like a glob.
        #[arg(long, value_name = "ID", value_parser = Ids::parse)]
        subject: Option<Ids>,
        /// How many at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: usize,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// One task, with its evidence and every try
    #[command(after_help = "Examples:\n  revokd tasks show 4711\n  revokd tasks show 4711 --output json")]
    Show {
        /// Its number, from `tasks list`.
        #[arg(value_name = "TASK")]
        id: TaskId,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Put a dead task back into the queue, with all its tries
    #[command(after_help = "Examples:\n  revokd tasks retry 4711")]
    Retry {
        /// Its number, from `tasks list`.
        #[arg(value_name = "TASK")]
        id: TaskId,
    },
    /// Cancel a task that is not being carried out; a later run may decide it afresh
    #[command(
        after_help = "Examples:\n  revokd tasks cancel 4711\n  revokd tasks cancel 4711 --reason 'the contract was extended'"
    )]
    Cancel {
        /// Its number, from `tasks list`.
        #[arg(value_name = "TASK")]
        id: TaskId,
        /// Why, in words for the audit.
        #[arg(long, default_value = "cancelled by an operator")]
        reason: String,
    },
}

pub async fn main(config: &Path, arguments: Arguments) -> anyhow::Result<Exit> {
    let Some(store) = assemble::existing_store(config)? else {
        return Ok(Exit::ConfigurationInvalid);
    };
    match arguments.command {
        Command::List {
            state,
            policy,
            cloud,
            run,
            resource,
            subject,
            limit,
            output,
        } => {
            let policy = policy.map(PolicyName::from);
            let filter = TaskFilter {
                state,
                policy: policy.clone(),
                cloud: cloud.map(CloudName::from),
                run,
                resource,
                subject,
            };
            let found = store.tasks(filter, limit.saturating_add(1)).await?;
            let tasks = output::newest(found, limit);
            list(&tasks, output)?;
            known_policy::exit(config, &store, policy.as_ref(), tasks.is_empty()).await
        }
        Command::Show { id, output } => show(&store, id, output).await,
        Command::Retry { id } => {
            store.retry_task(id, assemble::actor(), Timestamp::now()).await?;
            print_line(&format!(
                "task {id} is in the queue again: a running daemon goes on with it, or `revokd run --once`"
            ))?;
            Ok(Exit::Done)
        }
        Command::Cancel { id, reason } => {
            store
                .cancel_task(id, assemble::actor(), reason, Timestamp::now())
                .await?;
            print_line(&format!("task {id} is cancelled"))?;
            Ok(Exit::Done)
        }
    }
}

/// One task as every listing shows it; the keys are stable.
#[derive(Serialize)]
pub struct TaskRow {
    id: TaskId,
    run: RunId,
    state: String,
    hold: Option<String>,
    priority: String,
    policy: String,
    cloud: String,
    kind: String,
    resource: String,
    resource_name: String,
    subject: Option<String>,
    subject_name: String,
    attempts: u32,
    /// Why it was decided.
    reason: String,
    /// What happened to it last.
    note: String,
    due_since: Timestamp,
    decided_at: Timestamp,
    not_before: Timestamp,
    finished_at: Option<Timestamp>,
}

impl TaskRow {
    pub fn of(task: &Task) -> TaskRow {
        let revocation = &task.revocation;
        let (target, evidence) = (&revocation.target, &revocation.evidence);
        TaskRow {
            id: task.id,
            run: task.run,
            state: task.state.to_string(),
            hold: task.hold.map(|hold| hold.to_string()),
            priority: task.priority.to_string(),
            policy: evidence.policy.to_string(),
            cloud: target.cloud.to_string(),
            kind: target.kind.to_string(),
            resource: target.resource.to_string(),
            resource_name: evidence.resource_name.clone(),
            subject: target.subject.as_ref().map(ToString::to_string),
            subject_name: evidence.subject_name.clone(),
            attempts: task.attempts,
            reason: evidence.reason(),
            note: task.note.clone(),
            due_since: revocation.due_since,
            decided_at: task.decided_at,
            not_before: task.not_before,
            finished_at: task.finished_at,
        }
    }
}

fn list(tasks: &[Task], output: Output) -> anyhow::Result<()> {
    if output == Output::Json {
        let rows: Vec<TaskRow> = tasks.iter().map(TaskRow::of).collect();
        return print_json(&serde_json::json!({ "tasks": rows }));
    }
    let cells = tasks.iter().map(|task| {
        let state = task
            .hold
            .map_or(task.state.to_string(), |hold| format!("{} ({hold})", task.state));
        [
            task.id.to_string(),
            state,
            task.revocation.evidence.policy.to_string(),
            target::resource(&task.revocation),
            target::subject(&task.revocation),
            task.attempts.to_string(),
            task.note.clone(),
        ]
    });
    print_line(&output::table(
        [
            "task",
            "state",
            "policy",
            "resource",
            "loses access",
            "tries",
            "note",
        ],
        cells,
    ))
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: TaskRow,
    evidence: Vec<Comparison>,
    /// The lists that it rests on, each as it was read.
    listed_in: Vec<ListedIn>,
    policy_digest: String,
    observed_at: Timestamp,
    owner: String,
    granted_at: Option<Timestamp>,
    /// The cloud's job that is at it.
    job: Option<String>,
    /// Ways by which the subject gets in all the same.
    still_reachable: Vec<String>,
    tries: Vec<Attempt>,
}

async fn show(store: &Store, id: TaskId, output: Output) -> anyhow::Result<Exit> {
    let Some((task, tries)) = store.task(id).await? else {
        anyhow::bail!("there is no task {id}");
    };
    let shown = Shown::of(&task, tries);
    match output {
        Output::Json => print_json(&shown)?,
        Output::Table => shown.print(&task)?,
    }
    Ok(Exit::Done)
}

impl Shown {
    fn of(task: &Task, tries: Vec<Attempt>) -> Shown {
        let evidence = &task.revocation.evidence;
        Shown {
            row: TaskRow::of(task),
            evidence: evidence.compared.clone(),
            listed_in: evidence.listed_in.clone(),
            policy_digest: evidence.policy_digest.clone(),
            observed_at: evidence.observed_at,
            owner: evidence.owner.to_string(),
            granted_at: evidence.granted_at,
            job: task.job.as_ref().map(ToString::to_string),
            still_reachable: evidence.still_reachable.clone(),
            tries,
        }
    }

    fn print(&self, task: &Task) -> anyhow::Result<()> {
        let row = &self.row;
        print_line(&format!(
            "task {} of run {}, policy {}: {}",
            row.id, row.run, row.policy, row.state
        ))?;
        print_line(&format!("  {} ({:?})", task.revocation.target, row.resource_name))?;
        print_line(&format!("  priority: {}", row.priority))?;
        if !row.subject_name.is_empty() {
            print_line(&format!("  loses access: {:?}", row.subject_name))?;
        }
        for way in &self.still_reachable {
            print_line(&format!("  still reachable through: {way}"))?;
        }
        print_line(&format!(
            "  granted {}, due since {}",
            self.granted_at.map(moment).unwrap_or_default(),
            moment(row.due_since)
        ))?;
        print_line(&format!(
            "  decided {}, not before {}, ended {}",
            moment(row.decided_at),
            moment(row.not_before),
            moment_or_dash(row.finished_at)
        ))?;
        if let Some(job) = &self.job {
            print_line(&format!("  the cloud is at it: job {job}"))?;
        }
        print_line(&format!("  {}", row.note))?;
        let compared = self
            .evidence
            .iter()
            .map(|one| [one.key.clone(), one.required.clone(), one.observed.clone()]);
        print_line(&output::table(["because", "required", "observed"], compared))?;
        if !self.listed_in.is_empty() {
            let lists = self.listed_in.iter().map(list_cells);
            let head = ["source", "version", "list of", "since", "place"];
            print_line(&output::table(head, lists))?;
        }
        let tries = self.tries.iter().map(|one| {
            let outcome = one.outcome.clone().unwrap_or_else(|| "open".to_owned());
            [
                one.number.to_string(),
                moment(one.began_at),
                moment_or_dash(one.ended_at),
                outcome,
                one.note.clone(),
            ]
        });
        print_line(&output::table(
            ["try", "began", "ended", "outcome", "note"],
            tries,
        ))
    }
}

fn list_cells(listed: &ListedIn) -> [String; 5] {
    let nowhere = || "not on it".to_owned();
    [
        listed.source.to_string(),
        target::short(&listed.version),
        moment(listed.as_of),
        moment(listed.since),
        listed.place.clone().unwrap_or_else(nowhere),
    ]
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::engine::sample;

    #[test]
    fn the_help_names_every_state() {
        let mut command = Arguments::augment_args(clap::Command::new("tasks"));
        let list = command.find_subcommand_mut("list").unwrap();
        let help = list.render_long_help().to_string();
        for state in TaskState::ALL {
            assert!(help.contains(state.as_str()), "{state}: {help}");
        }
    }

    #[test]
    fn a_task_is_shown_with_the_job_that_is_at_it() {
        let mut task = sample::task(sample::revocation("image", "project"));
        let json = |task: &Task| serde_json::to_value(Shown::of(task, Vec::new())).unwrap();
        assert_eq!(json(&task)["job"], serde_json::Value::Null);
        task.job = Some("j".into());
        assert_eq!(json(&task)["job"], "j");
    }
}
