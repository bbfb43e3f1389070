//! What came of the demo, in figures.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    ALL_TASKS,
    calls::{self, Calls},
    people::{self, Listed},
};
use crate::{
    cli::{run::Summary, simulate::clouds::Clouds},
    config::types::Config,
    daemon::{Once, context::Context},
    model::{Id, Mode, Task, TaskState},
    store::TaskFilter,
};

/// What the demo shows at its end.
#[derive(Serialize)]
pub struct Report {
    /// Targets that the policies want gone, but for those that only observe.
    pub decided: u64,
    pub done: u64,
    pub dead: u64,
    /// Waits for grace, for approval, or behind the brake.
    pub held: u64,
    pub observed: u64,
    pub kept: u64,
    /// What the simulated clouds lost though no task was let go for it, by
    /// their own count.
    pub removed_undecided: u64,
    pub config: PathBuf,
    pub metrics: PathBuf,
    pub audit_head: String,
    pub audit_sound: bool,
    pub runs: Summary,
    /// The calls that were made for it.
    pub calls: Vec<Calls>,
    /// Whom the lists of people name, and what became of them.
    pub people: Vec<Listed>,
    #[serde(skip)]
    pub tasks: Vec<Task>,
    #[serde(skip)]
    pub names: BTreeMap<Id, String>,
    /// Policy and reason, to the targets that were kept for it.
    #[serde(skip)]
    pub kept_because: BTreeMap<(String, String), Vec<String>>,
}

impl Report {
    pub async fn of(
        context: &Context,
        clouds: &Clouds,
        once: &Once,
        config: (&Config, &Path),
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
        let (config, config_file) = config;
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
            config: config_file.to_owned(),
            metrics,
            audit_head: audit
                .head
                .as_ref()
                .map_or_else(String::new, |(seq, hash)| format!("{seq}:{hash}")),
            audit_sound: audit.is_sound(),
            runs: Summary::of(context, once).await?,
            calls: calls::of(clouds),
            people: people::listed(context, config, &tasks).await?,
            tasks,
            kept_because: kept_because(once, &names),
            names,
        })
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

/// What is held must be there still, decided on or not.
fn removed_undecided(clouds: &Clouds, tasks: &[Task]) -> u64 {
    let undecided = clouds.served().into_iter().map(|served| {
        let let_go = tasks.iter().filter(|task| task.state != TaskState::Held);
        let targets = let_go.map(|task| &task.revocation.target);
        let decided = targets.filter(|target| target.cloud.as_str() == served.name);
        let decided = decided.map(|target| (target.kind, target.resource.clone(), target.subject.clone()));
        served.world.removed_outside(&decided.collect()).len() as u64
    });
    undecided.sum()
}
