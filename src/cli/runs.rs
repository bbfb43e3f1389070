//! `revokd runs`

use std::path::Path;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Output, assemble,
    output::{self, moment, print_json, print_line},
    target,
};
use crate::{
    model::{PolicyName, Revocation, Run, RunId, RunState},
    store::{RunFilter, Store},
};

/// List runs; let a held one go on, or not
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The latest runs
    List {
        /// Runs of one policy.
        #[arg(long, value_name = "POLICY")]
        policy: Option<String>,
        /// running, finished, held, allowed, rejected, superseded or failed.
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
    Show {
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
    Allow {
        #[arg(value_name = "RUN")]
        id: RunId,
    },
    /// Refuse a held run: its tasks are cancelled
    Reject {
        #[arg(value_name = "RUN")]
        id: RunId,
        /// For the audit.
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
            let filter = RunFilter {
                policy: policy.map(PolicyName::from),
                state,
            };
            list(&store.runs(filter, limit).await?, output)
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

fn list(runs: &[Run], output: Output) -> anyhow::Result<Exit> {
    if output == Output::Json {
        print_json(&serde_json::json!({ "runs": runs }))?;
        return Ok(Exit::Done);
    }
    let rows = runs.iter().map(|run| {
        let totals = run.totals;
        [
            run.id.to_string(),
            run.policy.to_string(),
            run.state.to_string(),
            run.mode.to_string(),
            moment(run.started_at),
            totals.seen.to_string(),
            totals.decided.to_string(),
            totals.queued.to_string(),
        ]
    });
    print_line(&output::table(
        [
            "run", "policy", "state", "mode", "started", "seen", "decided", "queued",
        ],
        rows,
    ))?;
    for run in runs.iter().filter(|run| run.state != RunState::Finished) {
        if let Some(note) = run.notes.first() {
            print_line(&format!("run {}: {note}", run.id))?;
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    run: Run,
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
        run,
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
        let run = &self.run;
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
