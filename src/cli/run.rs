//! `revokd run`

mod signals;

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::net::TcpListener;

use self::signals::Reload;
pub use self::signals::heed_signals;
use super::{
    Exit, Output, assemble,
    output::{self, print_json, print_line},
    progress,
};
use crate::{
    config::types::Config,
    daemon::{self, Once, context::Context, report::Report, service::Service},
    model::{Hold, RunState, TaskState},
    store::{TaskCount, TaskFilter},
};

/// Run the daemon, or policies once
///
/// Without --once and --policy: evaluates each policy on its schedule, works
/// off the queue and serves /metrics, until SIGTERM or SIGINT. SIGHUP reads the
/// policies again; if they are not good, the old ones stay in force.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new(PASS).multiple(true),
    after_help = "Examples:\n  revokd run\n  revokd run --once\n  revokd run --once partner-shares-lapse\n  \
                  revokd run --policy people-who-left   someone left: do not wait for the schedule"
)]
#[group(skip)]
pub struct Arguments {
    /// Evaluate now, work off the queue, and exit with what came of it.
    ///
    /// The pass works off the whole queue: also what other policies have in it.
    /// Beside a daemon it queues what it decides, and waits until the daemon
    /// has carried out what is in the queue.
    #[arg(long, group = PASS)]
    once: bool,

    /// Run this policy now, like --once POLICY; may be given several times.
    #[arg(long = "policy", value_name = "NAME", group = PASS, conflicts_with = "policies")]
    named: Vec<String>,

    /// With --once: the policies to run; all enabled ones if none is named.
    #[arg(value_name = "POLICY", requires = "once")]
    policies: Vec<String>,

    /// Of one pass: stop after this time; what is left stays in the queue.
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = PASS, value_parser = humantime::parse_duration)]
    within: std::time::Duration,

    /// Of one pass: for people or for programs.
    #[arg(long, value_enum, default_value_t, requires = PASS)]
    output: Output,
}

/// What asks for one pass instead of the daemon.
const PASS: &str = "pass";

impl Arguments {
    pub fn is_daemon(&self) -> bool {
        !self.once && self.named.is_empty()
    }

    /// Of the pass; none named: all that are enabled.
    fn policies(&self) -> &[String] {
        match self.named.as_slice() {
            [] => &self.policies,
            named => named,
        }
    }
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    match arguments.is_daemon() {
        false => once(&loaded.config, arguments).await,
        true => serve(config, &loaded.config).await,
    }
}

async fn serve(path: &Path, config: &Config) -> anyhow::Result<Exit> {
    tracing::info!(store = %config.daemon.store.display(), "revokd {} starts", env!("CARGO_PKG_VERSION"));
    let service = Arc::new(Service::of_environment());
    let reload = Reload::of(path.to_owned(), service.clone())?;
    let asking = service.clone();
    let asking = tokio::spawn(async move { asking.ask_for_time().await });
    // A large store may take its time to be brought up to date.
    let context = tokio::task::block_in_place(|| assemble::context(config))?;
    let listener = TcpListener::bind(config.daemon.listen)
        .await
        .with_context(|| format!("listening on {}", config.daemon.listen))?;
    let signals = tokio::spawn(heed_signals(context.clone(), Some(reload))?);
    let served = daemon::serve_as(&service, context, listener, config.daemon.stop_within).await;
    signals.abort();
    asking.abort();
    served?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

async fn once(config: &Config, arguments: &Arguments) -> anyhow::Result<Exit> {
    let policies = assemble::select(config, arguments.policies())?;
    if let Some(disabled) = policies.iter().find(|policy| !policy.enabled) {
        bail!(
            "the policy {:?} is disabled: set `enabled = true` to run it",
            disabled.name.as_str()
        );
    }
    let context = assemble::context(config)?;
    let signals = tokio::spawn(heed_signals(context.clone(), None)?);
    let shown = progress::show(context.progress.clone());
    let within = SignedDuration::try_from(arguments.within).unwrap_or(SignedDuration::MAX);
    let once = daemon::once(context.clone(), &policies, within, config.daemon.stop_within).await;
    drop(shown);
    signals.abort();
    let once = once?;
    for report in once
        .reports
        .iter()
        .filter(|report| report.state == RunState::Failed)
    {
        output::tell(&format!(
            "error: policy {} failed: {}
",
            report.policy.name,
            report.notes.join("; ")
        ));
    }
    let summary = Summary::of(&context, &once).await?;
    match arguments.output {
        Output::Json => print_json(&summary)?,
        Output::Table => summary.print()?,
    }
    Ok(summary.exit())
}

/// What one pass came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub runs: Vec<RunRow>,
    /// Tasks that ended during this pass; `done` were seen gone.
    pub done: u64,
    pub cancelled: u64,
    /// All that are given up and wait for an operator, also from before.
    pub dead: u64,
    /// Waits for an operator.
    pub held: u64,
    /// Waits for its grace to end, and goes on by itself.
    pub in_grace: u64,
    pub left: u64,
    #[serde(skip)]
    dead_notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct RunRow {
    pub policy: String,
    pub mode: String,
    pub run: Option<i64>,
    pub state: String,
    pub seen: u64,
    pub decided: u64,
    /// Matched, or could not be judged, and kept.
    pub kept: u64,
    pub queued: u64,
    pub gaps: u64,
    /// The run that an operator has to allow or reject.
    pub waits: Option<i64>,
    pub notes: Vec<String>,
}

impl Summary {
    pub async fn of(context: &Context, once: &Once) -> anyhow::Result<Summary> {
        let ended = context.store.ended_since(once.started_at).await?;
        let counts = context.store.counts().await?;
        let standing = |wanted: &dyn Fn(&TaskCount) -> bool| {
            counts
                .iter()
                .filter(|count| wanted(count))
                .map(|count| count.count)
                .sum()
        };
        let dead = TaskFilter {
            state: Some(TaskState::Dead),
            ..TaskFilter::default()
        };
        let dead = context.store.tasks(dead, 20).await?;
        let this_pass = dead
            .iter()
            .filter(|task| task.finished_at.is_some_and(|at| at >= once.started_at));
        Ok(Summary {
            runs: once.reports.iter().map(RunRow::of).collect(),
            done: ended.done,
            cancelled: ended.cancelled,
            dead: standing(&|count| count.state == TaskState::Dead),
            held: standing(&|count| matches!(count.hold, Some(Hold::Approval | Hold::Brake))),
            in_grace: standing(&|count| count.hold == Some(Hold::Grace)),
            left: standing(&|count| count.state == TaskState::Queued || count.state.may_have_been_called()),
            dead_notes: this_pass
                .map(|task| format!("task {}: {}: {}", task.id, task.revocation.target, task.note))
                .collect(),
        })
    }

    fn exit(&self) -> Exit {
        let failed =
            |row: &RunRow| row.state == RunState::Failed.as_str() || row.run.is_none() || row.gaps > 0;
        if self.runs.iter().any(failed) || self.left > 0 {
            Exit::Failed
        } else if self.dead > 0 {
            Exit::DeadTasks
        } else if self.held > 0 {
            Exit::Held
        } else {
            Exit::Done
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let rows = self.runs.iter().map(|row| {
            let run = row.run.map_or_else(|| "-".to_owned(), |run| run.to_string());
            [
                row.policy.clone(),
                run,
                row.state.clone(),
                row.seen.to_string(),
                row.decided.to_string(),
                row.kept.to_string(),
                row.queued.to_string(),
            ]
        });
        print_line(&output::table(
            ["policy", "run", "state", "seen", "decided", "kept", "queued"],
            rows,
        ))?;
        for row in &self.runs {
            // What failed was told on standard error.
            let failed = row.state == RunState::Failed.as_str();
            for note in row.notes.iter().filter(|_| !failed) {
                print_line(&format!("{}: {note}", row.policy))?;
            }
            if let Some(run) = row.waits {
                print_line(&format!(
                    "{}: `revokd runs show {run}`, then `runs allow {run}` or `runs reject {run}`",
                    row.policy
                ))?;
            }
        }
        for note in &self.dead_notes {
            print_line(&format!("given up: {note}"))?;
        }
        print_line(&format!(
            "{} seen gone, {} cancelled, {} given up, {} wait for you, {} in grace, {} left in the queue",
            self.done, self.cancelled, self.dead, self.held, self.in_grace, self.left
        ))
    }
}

impl RunRow {
    fn of(report: &Report) -> RunRow {
        RunRow {
            policy: report.policy.name.to_string(),
            mode: report.policy.mode.to_string(),
            run: report.run,
            state: report.state.to_string(),
            seen: report.totals.seen,
            decided: report.totals.decided,
            kept: report.totals.spared + report.totals.unreadable,
            queued: report.totals.queued,
            gaps: report.totals.gaps,
            waits: report.waits,
            notes: report.notes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        let command = Arguments::augment_args(clap::Command::new("run"));
        let matches = command.try_get_matches_from([&["run"], words].concat())?;
        Arguments::from_arg_matches(&matches)
    }

    #[test]
    fn policies_can_be_named_either_way_and_not_both_ways() {
        let named = |words: &[&str]| parse(words).expect("good").policies().to_vec();
        assert_eq!(named(&["--once", "a", "b"]), ["a", "b"]);
        assert_eq!(named(&["--policy", "a", "--policy", "b"]), ["a", "b"]);
        assert_eq!(named(&["--once", "--policy", "a", "--within", "5m"]), ["a"]);
        for refused in [
            &["a"][..],
            &["--once", "a", "--policy", "b"],
            &["--within", "5m"],
            &["--output", "json"],
        ] {
            assert!(parse(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn without_a_pass_it_is_the_daemon() {
        assert!(parse(&[]).expect("good").is_daemon());
        assert!(!parse(&["--once"]).expect("good").is_daemon());
        assert!(!parse(&["--policy", "a"]).expect("good").is_daemon());
    }
}
