//! A store, a cloud in memory, and what a test does with them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    super::{Group, Work, carry_out, rounds, settle, work_off},
    double::{Double, LeapingClock, World},
};
use crate::{
    daemon::{
        clock::Clock as _,
        context::{Cloud, Context, Rules},
        people::People,
        progress::Progress as Shown,
        wake::Wake,
    },
    engine::{
        policy::{Age, Match, Protection},
        sample,
    },
    metrics::Metrics,
    model::{
        Batch, Failure, Id, JobId, JobStatus, Kind, Mode, Outcome, Priority, RunState, RunTotals, Target,
        Task, TaskState, Trigger,
    },
    providers,
    store::{Begun, Claimed, Conclusion, Enqueue, NewRun, Store, TaskFilter},
};

pub const GRANTED: &str = "2026-01-01T00:00:00Z";
const LEASE: SignedDuration = SignedDuration::from_hours(1);

pub struct Scene {
    pub double: Arc<Double>,
    pub clock: Arc<LeapingClock>,
    pub context: Arc<Context>,
    pub cloud: Arc<Cloud>,
    directory: TempDir,
}

impl Scene {
    /// Every one of `images` is shared with every one of `projects`, too long
    /// ago, and all that is in the queue.
    pub async fn new(images: usize, projects: usize) -> Scene {
        let scene = Scene::empty();
        let batch = rectangle(0..images, 0..projects);
        for target in batch.targets() {
            let mut world = scene.double.world();
            let members = world.members.entry(target.resource).or_default();
            members.insert(target.subject.unwrap(), GRANTED.to_owned());
        }
        scene.enqueue(&batch.targets().collect::<Vec<_>>()).await;
        scene
    }

    pub fn store_file(&self) -> PathBuf {
        self.directory.path().join("revokd.db")
    }

    fn empty() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        let double = Arc::new(Double::new());
        let clock = Arc::new(LeapingClock::new(sample::at("2026-06-01T00:00:00Z")));
        let metrics = Arc::new(Metrics::new());
        let handles = providers::Cloud {
            reader: double.clone(),
            revoker: double.clone(),
        };
        let call = SignedDuration::from_secs(10);
        let cloud = Arc::new(Cloud::new(
            "c".into(),
            handles,
            4,
            call,
            metrics.clone(),
            clock.now(),
        ));
        let policy = sample::policy(
            Kind::ImageShare,
            Match {
                granted_before: Some(Age {
                    least: SignedDuration::from_hours(24),
                    written: "1d".into(),
                }),
                ..Match::default()
            },
        );
        let rules = Rules {
            policies: vec![Arc::new(policy)],
            protection: Protection::default(),
            people: People::default(),
        };
        let context = Arc::new(Context {
            store: Store::open(&directory.path().join("revokd.db")).unwrap(),
            clouds: BTreeMap::from([(cloud.name.clone(), cloud.clone())]),
            rules: watch::channel(Arc::new(rules)).0,
            retry: Default::default(),
            decision_valid: SignedDuration::from_hours(24),
            metrics,
            clock: clock.clone(),
            random: Arc::new(|| 0.5),
            progress: Arc::new(Shown::default()),
            wake: Wake::new(None),
            stop: CancellationToken::new(),
        });
        Scene {
            double,
            clock,
            context,
            cloud,
            directory,
        }
    }

    async fn enqueue(&self, targets: &[Target]) {
        let now = self.context.now();
        let new = NewRun {
            policy: "p".into(),
            policy_digest: "d".into(),
            mode: Mode::Enforce,
            trigger: Trigger::Schedule,
            at_most: LEASE,
            now,
        };
        let Begun::Started(run) = self.context.store.begin_run(new).await.unwrap() else {
            panic!("no run is under way");
        };
        let revocations = targets.iter().map(|target| {
            let subject = target.subject.as_ref().unwrap();
            sample::revocation(target.resource.as_str(), subject.as_str())
        });
        let conclusion = Conclusion {
            run,
            totals: RunTotals::default(),
            notes: vec![],
            revocations: revocations.collect(),
            enqueue: Enqueue::Queue { not_before: now },
            priority: Priority::Normal,
            supersede: None,
            release: vec![],
            state: RunState::Finished,
            now,
        };
        self.context.store.finish_run(conclusion).await.unwrap();
    }

    /// What the cloud does when it is called.
    pub fn on_call(&self, revoke: impl FnMut(&mut World, &Batch) -> Outcome + Send + 'static) -> &Scene {
        self.double.set_revoke(Box::new(revoke));
        self
    }

    /// What the cloud says of its job.
    pub fn on_question(
        &self,
        ask: impl FnMut(&mut World) -> Result<JobStatus, Failure> + Send + 'static,
    ) -> &Scene {
        self.double.set_ask(Box::new(ask));
        self
    }

    /// The cloud takes each call and does nothing yet.
    pub fn submits(&self) -> &Scene {
        self.on_call(|_, _| Outcome::Submitted(JobId::from("j")))
    }

    pub async fn claim(&self) -> Vec<Claimed> {
        let at_most = vec![(Kind::ImageShare, 10_000)];
        let now = self.context.now();
        let claimed = self
            .context
            .store
            .claim("c".into(), Priority::Normal, at_most, now, LEASE)
            .await;
        claimed.unwrap()
    }

    /// Claims what is due, and carries it out in these batches.
    pub async fn carry_out_as(&self, batches: Vec<Batch>) {
        let tasks = self.claim().await;
        let work = Work {
            context: self.context.clone(),
            cloud: self.cloud.clone(),
            begin_before: self.context.now() + LEASE / 2,
            lease: LEASE,
        };
        match rounds::share_out(batches, tasks) {
            Ok(calls) => work_off(&work, rounds::of(calls, None).into()).await.unwrap(),
            Err(violated) => settle(&work.context, violated).await.unwrap(),
        }
    }

    /// Claims what is due, and carries it out as the dispatcher has it done.
    pub async fn carry_out(&self) -> usize {
        let tasks = self.claim().await;
        let count = tasks.len();
        let group = Group {
            tasks,
            begin_before: self.context.now() + LEASE / 2,
            lease: LEASE,
        };
        carry_out(self.context.clone(), self.cloud.clone(), group)
            .await
            .unwrap();
        count
    }

    /// What a process that was killed left, is found by the next one.
    pub async fn restart(&self) {
        let lock = self
            .context
            .store
            .dispatch_lock()
            .unwrap()
            .expect("nobody has it");
        let now = self.context.now();
        self.context.store.abandon_running(&lock, now).await.unwrap();
    }

    /// All tasks, in the order they were decided.
    pub async fn tasks(&self) -> Vec<Task> {
        let tasks = self.context.store.tasks(TaskFilter::default(), 100_000).await;
        let mut tasks = tasks.unwrap();
        tasks.reverse();
        tasks
    }

    pub async fn in_state(&self, state: TaskState) -> Vec<Task> {
        let mut tasks = self.tasks().await;
        tasks.retain(|task| task.state == state);
        tasks
    }

    pub fn calls(&self) -> Vec<Batch> {
        self.double.world().calls.clone()
    }

    pub fn metric(&self, name_and_labels: &str) -> String {
        let text = self.context.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name_and_labels));
        let value = line.unwrap_or_else(|| panic!("no metric {name_and_labels} in\n{text}"));
        value.trim().to_owned()
    }

    /// What must hold after every test: nothing was removed but what was
    /// decided on, what is done is gone, and the audit is whole.
    pub async fn finish(self) {
        let tasks = self.tasks().await;
        let decided: BTreeSet<Target> = tasks.iter().map(|task| task.revocation.target.clone()).collect();
        let calls = self.calls();
        let called: BTreeSet<Target> = calls.iter().flat_map(Batch::targets).collect();
        assert!(called.is_subset(&decided));
        for task in tasks.iter().filter(|task| task.state == TaskState::Done) {
            let target = &task.revocation.target;
            assert!(
                !self.double.world().holds(target),
                "{target} is done and still there"
            );
        }
        assert!(tasks.iter().all(|task| task.state != TaskState::Claimed));
        let report = self.context.store.verify_audit(|_, _| {}).await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

/// Every project on every image.
pub fn rectangle(images: std::ops::Range<usize>, projects: std::ops::Range<usize>) -> Batch {
    let ids = |prefix: &str, range: std::ops::Range<usize>| {
        range.map(|n| Id::from(format!("{prefix}{n:03}"))).collect()
    };
    Batch {
        cloud: "c".into(),
        kind: Kind::ImageShare,
        resources: ids("image", images),
        subjects: ids("project", projects),
    }
}
