//! `revokd audit`

use std::path::Path;

use clap::Subcommand;

use super::{
    Exit, Output, assemble, known_policy,
    output::{self, moment, print_json, print_line},
};
use crate::{
    model::{AuditRecord, PolicyName, RunId, TaskId},
    store::{AuditFilter, Store},
};

/// Read the audit, and check that nobody changed it
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd audit list --policy people-who-left\n  revokd audit verify")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The latest records, oldest first
    #[command(
        after_help = "Examples:\n  revokd audit list\n  revokd audit list --task 4711\n  revokd audit list --run 17 --output json"
    )]
    List {
        /// Records about one task.
        #[arg(long, value_name = "TASK")]
        task: Option<TaskId>,
        /// Records about one run and its tasks.
        #[arg(long, value_name = "RUN")]
        run: Option<RunId>,
        /// Records about one policy.
        #[arg(long, value_name = "POLICY")]
        policy: Option<String>,
        /// How many at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: usize,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Check the chain of records, and the queue against it
    ///
    /// Finds a record that was edited, removed or put elsewhere, and a state of
    /// the queue that no record accounts for. Exits with 1 if it finds one.
    /// Keep the head that it prints: given again with --head, a store that was
    /// replaced whole is found too.
    #[command(after_help = "Examples:\n  revokd audit verify\n  revokd audit verify --head HEAD")]
    Verify {
        /// A head that an earlier check printed, like `4711:9f86d0…`.
        #[arg(long, value_name = "HEAD", value_parser = head)]
        head: Option<Head>,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// What `verify` prints, to be given back later.
#[derive(Clone)]
struct Head {
    seq: i64,
    hash: String,
}

fn head(text: &str) -> Result<Head, String> {
    let parts = text.split_once(':');
    let parsed = parts.and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
    let (seq, hash) = parsed.ok_or("it is a number, a colon and a hash, as `audit verify` prints it")?;
    Ok(Head {
        seq,
        hash: hash.to_owned(),
    })
}

pub async fn main(config: &Path, arguments: Arguments) -> anyhow::Result<Exit> {
    let Some(store) = assemble::existing_store(config)? else {
        return Ok(Exit::ConfigurationInvalid);
    };
    match arguments.command {
        Command::List {
            task,
            run,
            policy,
            limit,
            output,
        } => {
            let policy = policy.map(PolicyName::from);
            let filter = AuditFilter {
                task,
                run,
                policy: policy.clone(),
                ..AuditFilter::default()
            };
            let mut found = store.audit(filter, limit.saturating_add(1)).await?;
            // They come in the order in which they were written.
            found.reverse();
            let mut records = output::newest(found, limit);
            records.reverse();
            let is_empty = records.is_empty();
            list(records, output)?;
            known_policy::exit(config, &store, policy.as_ref(), is_empty).await
        }
        Command::Verify { head, output } => verify(&store, head.as_ref(), output).await,
    }
}

fn list(records: Vec<AuditRecord>, output: Output) -> anyhow::Result<()> {
    if output == Output::Json {
        return print_json(&serde_json::json!({ "records": records }));
    }
    let rows = records.into_iter().map(|record| {
        let what = match (record.task, record.run) {
            (Some(task), _) => format!("task {task}"),
            (None, Some(run)) => format!("run {run}"),
            (None, None) => String::new(),
        };
        let change = match (record.from, record.to) {
            (Some(from), Some(to)) => format!("{from} → {to}"),
            (None, Some(to)) => format!("→ {to}"),
            _ => String::new(),
        };
        let target = record.target.map_or(String::new(), |target| target.to_string());
        let about = [target, record.detail]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        [
            record.seq.to_string(),
            moment(record.at),
            record.actor,
            record.event.to_string(),
            what,
            change,
            about,
        ]
    });
    print_line(&output::table(
        ["record", "at", "by", "event", "of", "state", "about"],
        rows,
    ))
}

async fn verify(store: &Store, head: Option<&Head>, output: Output) -> anyhow::Result<Exit> {
    let mut report = store.verify_audit(|_, _| {}).await?;
    if let Some(Head { seq, hash }) = head
        && store.audit_hash(*seq).await?.as_ref() != Some(hash)
    {
        report.problems.push(format!(
            "record {seq} is not the one whose hash was kept: the audit was replaced or cut"
        ));
    }
    let exit = if report.is_sound() {
        Exit::Done
    } else {
        Exit::Failed
    };
    let head = report.head.as_ref().map(|(seq, hash)| format!("{seq}:{hash}"));
    if output == Output::Json {
        let sound = report.is_sound();
        print_json(&serde_json::json!({
            "sound": sound, "records": report.records, "head": head, "problems": report.problems,
            "more_problems": report.more_problems,
        }))?;
        return Ok(exit);
    }
    for problem in &report.problems {
        print_line(&format!("problem: {problem}"))?;
    }
    if report.more_problems > 0 {
        print_line(&format!("… and {} more", report.more_problems))?;
    }
    let verdict = if exit == Exit::Done { "sound" } else { "NOT sound" };
    print_line(&format!(
        "{}: the audit is {verdict}",
        output::count(report.records, "record", "records")
    ))?;
    print_line(&format!("head {}", head.as_deref().unwrap_or("none")))?;
    Ok(exit)
}
