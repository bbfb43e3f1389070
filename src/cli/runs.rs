//! `revokd runs`

use std::path::Path;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Output, assemble, known_policy,
    output::{self, moment, print_json, print_line},
    target,
};
use crate::{
    model::{PolicyName, Revocation, Run, RunId, RunState},
    store::{RunFilter, Store},
};

/// List runs; let a held one go on, or not
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd runs list --state held\n  revokd runs show 17\n  revokd runs allow 17\n  revokd runs reject 17"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The latest runs
    #[command(
        after_help = "Examples:\n  revokd runs list\n  revokd runs list --state held\n  revokd runs list --policy partner-shares-lapse --output json"
    )]
    List {
        /// Runs of one policy.
        #[arg(long, value_name = "POLICY")]
        policy: Option<String>,
        /// Runs in one state: running, finished, held, allowed, rejected, superseded or failed.
        #[arg(long, value_name = "STATE")]
        state: Option<RunState>,
        /// How many at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 30)]
        limit: usize,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// One run, with what it decided and why
    #[command(
        after_help = "Examples:\n  revokd runs show 17\n  revokd runs show 17 --limit 20 --output json"
    )]
    Show {
        /// Its number, from `runs list`.
        #[arg(value_name = "RUN")]
        id: RunId,
        /// Decisions to show at most.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Let a held run go on: its tasks go into the queue
    ///
    /// Each is still looked at again before its call, and left alone if its
    /// reason went away meanwhile.
    #[command(after_help = "Examples:\n  revokd runs allow 17")]
    Allow {
        /// Its number, from `runs list --state held`.
        #[arg(value_name = "RUN")]
        id: RunId,
    },
    /// Refuse a held run: its tasks are cancelled
    #[command(
        after_help = "Examples:\n  revokd runs reject 17\n  revokd runs reject 17 --reason 'the export of the directory was cut'"
    )]
    Reject {
        /// Its number, from `runs list --state held`.
        #[arg(value_name = "RUN")]
        id: RunId,
        /// Why, in words for the audit.
        #[arg(long, default_value = "rejected by an operator")]
        reason: String,
    },
}

pub async fn main(config: &Path, arguments: Arguments) -> anyhow::Result<Exit> {
    let Some(store) = assemble::existing_store(config)? else {
        return Ok(Exit::ConfigurationInvalid);
    };
    match arguments.command {
        Command::List {
            policy,
            state,
            limit,
            output,
        } => {
            let policy = policy.map(PolicyName::from);
            let filter = RunFilter {
                policy: policy.clone(),
                state,
            };
            let found = store.runs(filter, limit.saturating_add(1)).await?;
            let found = output::newest(found, limit).into_iter();
            let runs: Vec<Row> = found.map(Row::of).collect();
            list(&runs, output)?;
            known_policy::exit(config, &store, policy.as_ref(), runs.is_empty()).await
        }
        Command::Show { id, limit, output } => show(&store, id, limit, output).await,
        Command::Allow { id } => {
            store.allow_run(id, assemble::actor(), Timestamp::now()).await?;
            print_line(&format!(
                "run {id} is allowed: a running daemon goes on with it, or `revokd run --once`"
            ))?;
            Ok(Exit::Done)
        }
        Command::Reject { id, reason } => {
            store
                .reject_run(id, assemble::actor(), reason, Timestamp::now())
                .await?;
            print_line(&format!("run {id} is rejected: nothing of it is removed"))?;
            Ok(Exit::Done)
        }
    }
}

/// A run as it is shown; the keys are stable.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    run: Run,
    /// `complete` or `partial`; null where the run did not come so far.
    inventory: Option<&'static str>,
}

impl Row {
    fn of(run: Run) -> Row {
        let inventory = match (run.totals.gaps, run.state) {
            (1.., _) => Some("partial"),
            (0, RunState::Running | RunState::Failed) => None,
            (0, _) => Some("complete"),
        };
        Row { run, inventory }
    }

    fn inventory_cell(&self) -> String {
        let inventory = self.inventory.unwrap_or("-");
        match self.run.totals.gaps {
            0 => inventory.to_owned(),
            gaps => format!("{inventory}, {}", output::count(gaps, "gap", "gaps")),
        }
    }
}

fn list(runs: &[Row], output: Output) -> anyhow::Result<()> {
    if output == Output::Json {
        return print_json(&serde_json::json!({ "runs": runs }));
    }
    let rows = runs.iter().map(|row| {
        let (run, totals) = (&row.run, row.run.totals);
        [
            run.id.to_string(),
            run.policy.to_string(),
            run.state.to_string(),
            run.mode.to_string(),
            moment(run.started_at),
            row.inventory_cell(),
            totals.seen.to_string(),
            totals.decided.to_string(),
            totals.queued.to_string(),
        ]
    });
    print_line(&output::table(
        [
            "run",
            "policy",
            "state",
            "mode",
            "started",
            "inventory",
            "seen",
            "decided",
            "queued",
        ],
        rows,
    ))?;
    let noteworthy = |run: &&Run| run.state != RunState::Finished || run.totals.gaps > 0;
    for run in runs.iter().map(|row| &row.run).filter(noteworthy) {
        if let Some(note) = run.notes.first() {
            print_line(&format!("run {}: {note}", run.id))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    revocations: Vec<Revocation>,
    /// How many there are, of which `revocations` shows the first.
    revocations_total: u64,
}

async fn show(store: &Store, id: RunId, limit: usize, output: Output) -> anyhow::Result<Exit> {
    let Some(run) = store.run(id).await? else {
        anyhow::bail!("there is no run {id}");
    };
    let (revocations, revocations_total) = store.run_decisions(id, limit).await?;
    let shown = Shown {
        row: Row::of(run),
        revocations,
        revocations_total,
    };
    match output {
        Output::Json => print_json(&shown)?,
        Output::Table => shown.print()?,
    }
    Ok(Exit::Done)
}

impl Shown {
    fn print(&self) -> anyhow::Result<()> {
        let run = &self.row.run;
        print_line(&format!(
            "run {} of {}: {} ({}, started {} by {})",
            run.id,
            run.policy,
            run.state,
            run.mode,
            moment(run.started_at),
            run.trigger
        ))?;
        let totals = run.totals;
        print_line(&format!(
            "seen {}, decided {}, newly queued {}, kept {}, not judged {}, not seen {}",
            totals.seen, totals.decided, totals.queued, totals.spared, totals.unreadable, totals.gaps
        ))?;
        for note in &run.notes {
            print_line(&format!("  {note}"))?;
        }
        let rows = self.revocations.iter().map(|revocation| {
            [
                revocation.target.cloud.to_string(),
                revocation.target.kind.to_string(),
                target::resource(revocation),
                target::subject(revocation),
                target::because(revocation),
            ]
        });
        print_line(&output::table(
            ["cloud", "kind", "resource", "loses access", "because"],
            rows,
        ))?;
        if self.revocations_total > self.revocations.len() as u64 {
            print_line(&format!(
                "… the first {} of {}",
                self.revocations.len(),
                self.revocations_total
            ))?;
        }
        if run.state == RunState::Held {
            print_line(&format!(
                "it waits for you: `revokd runs allow {0}` or `revokd runs reject {0}`",
                run.id
            ))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, RunTotals, Trigger};

    fn row(state: RunState, gaps: u64) -> Row {
        Row::of(Run {
            id: 1,
            policy: "p".into(),
            policy_digest: String::new(),
            mode: Mode::Observe,
            trigger: Trigger::Schedule,
            state,
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: None,
            totals: RunTotals {
                gaps,
                ..RunTotals::default()
            },
            notes: vec![],
        })
    }

    #[test]
    fn a_run_says_whether_it_saw_all_there_was_to_see() {
        for (state, gaps, told, cell) in [
            (RunState::Finished, 0, Some("complete"), "complete"),
            (RunState::Finished, 1, Some("partial"), "partial, 1 gap"),
            (RunState::Held, 3, Some("partial"), "partial, 3 gaps"),
            (RunState::Failed, 2, Some("partial"), "partial, 2 gaps"),
            (RunState::Failed, 0, None, "-"),
            (RunState::Running, 0, None, "-"),
        ] {
            let row = row(state, gaps);
            assert_eq!((row.inventory, row.inventory_cell().as_str()), (told, cell));
            let json = serde_json::to_value(&row).unwrap();
            assert_eq!(json["inventory"], serde_json::json!(told));
        }
    }
}
