//! `revokd demo`

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use jiff::SignedDuration;
use serde::Serialize;
use tokio::net::TcpListener;

use super::{
    Exit, Output, assemble,
    output::{self, print_json, print_line},
    progress,
    run::{Summary, heed_signals},
    simulate::clouds::{Clouds, Huawei, OpenStack},
};
use crate::{
    config::types::{Config, Flavour},
    daemon::{self, Once, context::Context},
    model::{Id, Mode, Task, TaskState},
    store::TaskFilter,
};

/// More than the demo's world can give.
const ALL_TASKS: usize = 100_000;
/// Rows of each kind that are shown to people.
const SHOWN: usize = 6;

/// Watch it work: a simulated cloud, the shipped policies, the real loops
///
/// Needs no cloud and no configuration, and ends by itself. Everything that it
/// wrote (configuration, store, metrics) stays in a directory that it names.
#[derive(clap::Args)]
pub struct Arguments {
    /// Leave the cloud and the daemon running until Ctrl-C.
    #[arg(long)]
    serve: bool,

    /// Where to put configuration and store; a new directory by default.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn main(arguments: &Arguments) -> anyhow::Result<Exit> {
    let directory = arguments.directory.clone().map_or_else(fresh_directory, Ok)?;
    let listen = if arguments.serve {
        "127.0.0.1:9469"
    } else {
        "127.0.0.1:0"
    };
    // Where somebody else has the address, the demo is not worth beginning.
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    let clouds = start_clouds().await?;
    let config_file = clouds.write_configuration(&directory, listen)?;
    // A store of an earlier demo knows another world.
    for old in ["revokd.db", "revokd.db-wal", "revokd.db-shm"] {
        match fs::remove_file(directory.join(old)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("clearing the directory");
            }
            _ => {}
        }
    }
    let Some(loaded) = assemble::load_or_show(&config_file) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let context = assemble::context(&loaded.config)?;
    let once = work(&context, &loaded.config).await?;
    let metrics_file = directory.join("metrics.txt");
    fs::write(&metrics_file, context.metrics.render())?;
    let report = Report::of(&context, &clouds, &once, &config_file, metrics_file).await?;
    match arguments.output {
        Output::Json => print_json(&report)?,
        Output::Table => report.print(arguments.serve)?,
    }
    if arguments.serve {
        drop(context);
        serve(&loaded.config, listener).await?;
    }
    clouds.stop().await;
    Ok(if report.removed_undecided == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

async fn start_clouds() -> anyhow::Result<Clouds> {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Clouds {
        openstack: Some(OpenStack::start_demo(anywhere).await?),
        huawei: Some(Huawei::start(Flavour::OpenTelekomCloud, anywhere, true).await?),
    })
}

/// New, with a name that nobody can foresee, and for its owner alone.
fn fresh_directory() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let random = getrandom::u32().map_err(|error| anyhow::anyhow!("asking for a random name: {error}"))?;
    let name = format!("revokd-demo-{random:08x}");
    let directory = std::env::temp_dir().join(name);
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("making {}", directory.display()))?;
    Ok(directory)
}

async fn work(context: &Arc<Context>, config: &Config) -> anyhow::Result<Once> {
    let policies = assemble::select(config, &[])?;
    let shown = progress::show(context.progress.clone());
    let once = daemon::once(
        context.clone(),
        &policies,
        SignedDuration::from_mins(5),
        config.daemon.stop_within,
    )
    .await;
    drop(shown);
    Ok(once?)
}

async fn serve(config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let context = assemble::context(config)?;
    let signals = tokio::spawn(heed_signals(context.clone(), None)?);
    let served = daemon::serve(context, listener, config.daemon.stop_within).await;
    signals.abort();
    Ok(served?)
}

/// What the demo shows at its end.
#[derive(Serialize)]
struct Report {
    /// Targets that the policies want gone, but for those that only observe.
    decided: u64,
    done: u64,
    dead: u64,
    /// Waits for grace, for approval, or behind the brake.
    held: u64,
    observed: u64,
    kept: u64,
    /// What the simulated cloud lost though no task was for it, by the cloud's
    /// own count.
    removed_undecided: u64,
    config: PathBuf,
    metrics: PathBuf,
    audit_head: String,
    audit_sound: bool,
    runs: Summary,
    #[serde(skip)]
    tasks: Vec<Task>,
    #[serde(skip)]
    names: BTreeMap<Id, String>,
    /// Policy and reason, to the targets that were kept for it.
    #[serde(skip)]
    kept_because: BTreeMap<(String, String), Vec<String>>,
}

impl Report {
    async fn of(
        context: &Context,
        clouds: &Clouds,
        once: &Once,
        config: &Path,
        metrics: PathBuf,
    ) -> anyhow::Result<Report> {
        let tasks = context.store.tasks(TaskFilter::default(), ALL_TASKS).await?;
        let in_state = |state| tasks.iter().filter(|task| task.state == state).count() as u64;
        let names = names(clouds);
        let audit = context.store.verify_audit(|_, _| {}).await?;
        let total = |observe: bool| -> u64 {
            let runs = once
                .reports
                .iter()
                .filter(|report| (report.policy.mode == Mode::Observe) == observe);
            runs.map(|report| report.totals.decided).sum()
        };
        Ok(Report {
            decided: total(false),
            done: in_state(TaskState::Done),
            dead: in_state(TaskState::Dead),
            held: in_state(TaskState::Held),
            observed: total(true),
            kept: once
                .reports
                .iter()
                .map(|report| report.totals.spared + report.totals.unreadable)
                .sum(),
            removed_undecided: removed_undecided(clouds, &tasks),
            config: config.to_owned(),
            metrics,
            audit_head: audit
                .head
                .as_ref()
                .map_or_else(String::new, |(seq, hash)| format!("{seq}:{hash}")),
            audit_sound: audit.is_sound(),
            runs: Summary::of(context, once).await?,
            tasks,
            kept_because: kept_because(once, &names),
            names,
        })
    }

    fn print(&self, serving: bool) -> anyhow::Result<()> {
        self.print_policies()?;
        self.print_removed()?;
        self.print_kept()?;
        self.print_held()?;
        print_line(&format!(
            "\n{} decided: {} removed and seen gone, {} held, {} given up. The cloud counts {} removed that nobody decided on.",
            self.decided, self.done, self.held, self.dead, self.removed_undecided
        ))?;
        let config = self.config.display();
        print_line(&format!(
            "\nLook around:  revokd --config {config} tasks list   (or runs list, audit list, status)"
        ))?;
        let sound = if self.audit_sound { "sound" } else { "NOT SOUND" };
        print_line(&format!(
            "Audit:        {sound}, head {:.24}…  (audit verify)",
            self.audit_head
        ))?;
        match serving {
            true => print_line("Metrics:      http://127.0.0.1:9469/metrics   (stop with Ctrl-C)"),
            false => print_line(&format!(
                "Metrics:      {}   (live with --serve)",
                self.metrics.display()
            )),
        }
    }

    fn print_policies(&self) -> anyhow::Result<()> {
        print_line("What the policies found")?;
        let rows = self.runs.runs.iter().map(|row| {
            let of = |state| {
                self.of_policy(&row.policy)
                    .filter(|task| task.state == state)
                    .count()
            };
            let (done, held) = (of(TaskState::Done), of(TaskState::Held));
            [
                row.policy.clone(),
                row.mode.clone(),
                row.seen.to_string(),
                row.decided.to_string(),
                done.to_string(),
                held.to_string(),
            ]
        });
        print_line(&output::table(
            ["policy", "mode", "seen", "to go", "removed", "held"],
            rows,
        ))
    }

    fn print_removed(&self) -> anyhow::Result<()> {
        print_line("\nRemoved, and why (some of it)")?;
        let mut removed: Vec<&Task> = self
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Done)
            .collect();
        // What took most tries tells most.
        removed.sort_by_key(|task| (std::cmp::Reverse(task.attempts), task.id));
        let mut shown = HashSet::new();
        let rows = removed.iter().filter(|task| {
            let policy = task.revocation.evidence.policy.clone();
            task.attempts > 1 || shown.insert(policy)
        });
        let rows = rows.take(SHOWN).map(|task| {
            let evidence = &task.revocation.evidence;
            let subject = self.subject(task);
            [
                evidence.resource_name.clone(),
                subject,
                evidence.reason(),
                task.attempts.to_string(),
                task.note.clone(),
            ]
        });
        print_line(&output::table(
            ["image", "lost by", "because", "tries", "came to"],
            rows,
        ))
    }

    fn print_kept(&self) -> anyhow::Result<()> {
        print_line("\nKept, and why")?;
        let rows = self.kept_because.iter().map(|((policy, reason), targets)| {
            let first = targets.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            let more = targets.len().saturating_sub(2);
            let what = if more > 0 {
                format!("{first} and {more} more")
            } else {
                first
            };
            [policy.clone(), what, reason.clone()]
        });
        print_line(&output::table(["policy", "kept", "because"], rows))
    }

    fn print_held(&self) -> anyhow::Result<()> {
        print_line("\nHeld")?;
        let config = self.config.display();
        for row in &self.runs.runs {
            let held: Vec<&Task> = self
                .of_policy(&row.policy)
                .filter(|task| task.state == TaskState::Held)
                .collect();
            let Some(hold) = held.first().and_then(|task| task.hold) else {
                continue;
            };
            let waits = match row.waits {
                Some(run) => format!("let it go on: revokd --config {config} runs allow {run}"),
                None => format!("goes on by itself at {}", output::moment(held[0].not_before)),
            };
            let why = row.notes.iter().find(|note| note.starts_with("brake"));
            let why = why.map_or_else(|| hold.to_string(), Clone::clone);
            print_line(&format!("  {}: {} ({why})\n    {waits}", row.policy, held.len()))?;
        }
        Ok(())
    }

    fn of_policy<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a Task> {
        self.tasks
            .iter()
            .filter(move |task| task.revocation.evidence.policy.as_str() == policy)
    }

    fn subject(&self, task: &Task) -> String {
        match &task.revocation.target.subject {
            Some(project) => self
                .names
                .get(project)
                .cloned()
                .unwrap_or_else(|| project.to_string()),
            None => "(the image itself)".to_owned(),
        }
    }
}

/// What people call the projects, users and images of the simulated clouds.
fn names(clouds: &Clouds) -> BTreeMap<Id, String> {
    let mut names = BTreeMap::new();
    for served in clouds.served() {
        let world = &served.world;
        let projects = world
            .projects()
            .map(|project| (project.id.clone(), project.name.clone()));
        let users = world.users().map(|user| (user.id.clone(), user.name.clone()));
        let images = world
            .images()
            .map(|image| (image.id().clone(), image.name.clone()));
        names.extend(projects.chain(users).chain(images));
    }
    names
}

fn kept_because(once: &Once, names: &BTreeMap<Id, String>) -> BTreeMap<(String, String), Vec<String>> {
    let name = |id: &Id| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let mut kept: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for report in &once.reports {
        let spared = report
            .spared
            .iter()
            .map(|spared| (&spared.target, &spared.reason));
        let unreadable = report
            .unreadable
            .iter()
            .map(|value| (&value.target, &value.problem));
        for (target, reason) in spared.chain(unreadable) {
            let what = match &target.subject {
                Some(subject) => format!("{} of {}", name(&target.resource), name(subject)),
                None => name(&target.resource),
            };
            kept.entry((report.policy.name.to_string(), reason.clone()))
                .or_default()
                .push(what);
        }
    }
    kept
}

fn removed_undecided(clouds: &Clouds, tasks: &[Task]) -> u64 {
    let undecided = clouds.served().into_iter().map(|served| {
        let targets = tasks.iter().map(|task| &task.revocation.target);
        let decided = targets.filter(|target| target.cloud.as_str() == served.name);
        let decided = decided.map(|target| (target.kind, target.resource.clone(), target.subject.clone()));
        served.world.removed_outside(&decided.collect()).len() as u64
    });
    undecided.sum()
}
