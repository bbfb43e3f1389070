//! A raised scene: clouds that serve, files that can be loaded, and the parts
//! of the daemon on a clock of the test.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use revokd::{
    config::{self, types::Config},
    daemon::{
        self, Once,
        clock::{Clock, SharedClock},
        context::{Cloud, Context, Rules},
        progress::Progress,
        wake::Wake,
    },
    engine::policy::Policy,
    metrics::Metrics,
    model::{CloudName, RunState, Target, Task, TaskState},
    providers::{self, refusals::Refusals},
    simulator::Removable,
    store::{RunFilter, Store, TaskFilter},
};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    clock::ManualClock,
    closing,
    logs::Logs,
    people::Lists,
    raising,
    staged_cloud::{StagedCloud, removable},
};

/// How far the clock goes on at once while work waits for it.
const STRIDE: SignedDuration = SignedDuration::from_millis(100);
/// Nothing that a test waits for takes so long on the most loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub clock: Arc<ManualClock>,
    pub logs: Logs,
    pub(super) clouds: Vec<StagedCloud>,
    pub(super) directory: TempDir,
    pub(super) real_time: bool,
    /// What every process wrote.
    pub(super) written: Arc<Mutex<String>>,
    pub(super) metrics: RefCell<Vec<Arc<Metrics>>>,
    /// What the test itself removed or granted again.
    pub(super) by_hand: RefCell<BTreeSet<(CloudName, Removable)>>,
    /// Beside those of the clouds.
    pub(super) secrets: RefCell<Vec<String>>,
    pub(super) lists: RefCell<Lists>,
    store: OnceCell<Store>,
    finished: Cell<bool>,
}

/// One `run --once`, by a process of its own.
pub struct Pass {
    pub once: Once,
    pub context: Arc<Context>,
}

impl Stage {
    pub(super) fn new(
        directory: TempDir,
        clock: Arc<ManualClock>,
        real_time: bool,
        clouds: Vec<StagedCloud>,
    ) -> Stage {
        Stage {
            clock,
            logs: Logs::capture(),
            clouds,
            directory,
            real_time,
            written: Arc::default(),
            metrics: RefCell::default(),
            by_hand: RefCell::default(),
            secrets: RefCell::default(),
            lists: RefCell::default(),
            store: OnceCell::new(),
            finished: Cell::new(false),
        }
    }

    /// The first cloud.
    pub fn cloud(&self) -> &StagedCloud {
        &self.clouds[0]
    }

    pub fn cloud_named(&self, name: &str) -> &StagedCloud {
        let found = self.clouds.iter().find(|cloud| cloud.name.as_str() == name);
        found.unwrap_or_else(|| panic!("the scene has no cloud {name}"))
    }

    pub fn now(&self) -> Timestamp {
        match self.real_time {
            true => Timestamp::now(),
            false => self.clock.now(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn store(&self) -> &Store {
        self.store
            .get_or_init(|| Store::open(&self.path("revokd.db")).expect("opening the store"))
    }

    /// Replaces all policies on disk.
    pub fn write_policies<T: ToString>(&self, policies: &[T]) {
        let text: Vec<String> = policies.iter().map(ToString::to_string).collect();
        fs::write(self.path("policies/10-tests.toml"), text.join("\n")).expect("writing policies");
    }

    pub fn write_password(&self, cloud: &str, password: &str) {
        raising::write_secret(&self.path(&format!("{cloud}-password")), password);
    }

    pub fn password(&self, cloud: &str) -> String {
        self.cloud_named(cloud).password.clone()
    }

    /// The configuration on disk, by the real loader.
    pub fn config(&self) -> Config {
        match config::load(&self.path("revokd.toml"), self.now(), &|_| None) {
            Ok(loaded) => loaded.config,
            Err(problems) => panic!("{}", problems.render(false, 100)),
        }
    }

    /// The parts of a fresh process, as the command line assembles them, but
    /// on the clock of the test and with the middle of all random numbers.
    pub fn context(&self) -> Arc<Context> {
        let config = self.config();
        let metrics = Arc::new(Metrics::new());
        self.metrics.borrow_mut().push(metrics.clone());
        let clock: SharedClock = self.clock.clone();
        let refusals = Refusals::default();
        let clouds = config.clouds.iter().map(|(name, cloud)| {
            let (clock, counted, of) = (clock.clone(), metrics.clone(), name.clone());
            let handles = providers::connect(
                name.clone(),
                cloud,
                Arc::new(move || clock.now()),
                Arc::new(move |call| counted.called(&of, &call)),
                &refusals,
            );
            let handles = handles.expect("a client for loopback");
            let timeout = SignedDuration::try_from(cloud.limits.request_timeout).expect("a short time");
            let concurrency = cloud.limits.concurrency;
            let ready = Cloud::new(
                name.clone(),
                handles,
                concurrency,
                timeout,
                metrics.clone(),
                self.clock.now(),
            );
            (name.clone(), Arc::new(ready))
        });
        let clouds = clouds.collect();
        let rules = Rules::of(&config, &clouds).expect("sources that can be prepared");
        Arc::new(Context {
            store: self.store().clone(),
            clouds,
            rules: watch::channel(Arc::new(rules)).0,
            retry: config.daemon.retry,
            decision_valid: SignedDuration::try_from(config.daemon.decision_valid).expect("a short time"),
            metrics,
            clock,
            random: Arc::new(|| 0.5),
            progress: Arc::new(Progress::default()),
            wake: Wake::new(config.daemon.wake_token.clone()),
            stop: CancellationToken::new(),
        })
    }

    /// Runs every enabled policy once and works off the queue.
    pub async fn pass(&self) -> Pass {
        let context = self.context();
        let policies: Vec<Arc<Policy>> = context.rules().policies.to_vec();
        let enabled: Vec<Arc<Policy>> = policies.into_iter().filter(|policy| policy.enabled).collect();
        self.pass_of(context, &enabled).await
    }

    /// Works off the queue without running any policy.
    pub async fn work_off(&self) -> Pass {
        self.pass_of(self.context(), &[]).await
    }

    pub async fn pass_of(&self, context: Arc<Context>, policies: &[Arc<Policy>]) -> Pass {
        let within = SignedDuration::from_hours(12);
        let work = daemon::once(context.clone(), policies, within, PATIENCE);
        let once = self.turning(work).await.expect("a pass that ends");
        Pass { once, context }
    }

    /// Turns the clock until the work is done.
    pub async fn turning<F: Future>(&self, work: F) -> F::Output {
        let began = Instant::now();
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(2)) => self.turn(),
            }
            assert!(
                began.elapsed() < PATIENCE,
                "waited for too long\n{}",
                self.logs.text()
            );
        }
    }

    /// Turns the clock until the condition holds.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !condition().await {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain until {what}\n{}",
                self.logs.text()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.turn();
        }
    }

    /// The same, while the clock stands.
    pub async fn until_standing(&self, what: &str, mut condition: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !condition().await {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain until {what}\n{}",
                self.logs.text()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Lets a little time pass, unless a cloud is just being asked.
    fn turn(&self) {
        if !self.real_time && self.requests_in_flight() == 0 {
            self.clock.advance(STRIDE);
        }
    }

    pub(super) fn requests_in_flight(&self) -> usize {
        let in_flight = |cloud: &StagedCloud| cloud.simulated.requests().in_flight();
        self.clouds.iter().map(in_flight).sum()
    }

    /// All tasks, oldest first.
    pub async fn tasks(&self) -> Vec<Task> {
        let all = self.store().tasks(TaskFilter::default(), 1_000_000).await;
        let mut all = all.expect("reading the tasks");
        all.reverse();
        all
    }

    /// The newest task of a target.
    pub async fn task(&self, target: &Target) -> Task {
        let all = self.tasks().await;
        let found = all.into_iter().rfind(|task| task.revocation.target == *target);
        found.unwrap_or_else(|| panic!("no task for {target}"))
    }

    pub async fn count(&self, state: TaskState) -> usize {
        self.tasks()
            .await
            .iter()
            .filter(|task| task.state == state)
            .count()
    }

    /// The states of all runs, oldest first.
    pub async fn run_states(&self) -> Vec<RunState> {
        let runs = self.store().runs(RunFilter::default(), 1_000_000).await;
        runs.expect("reading the runs")
            .iter()
            .rev()
            .map(|run| run.state)
            .collect()
    }

    /// The owner ends a share, or deletes an image, without the daemon.
    pub fn end_by_hand(&self, image: &str, project: Option<&str>) {
        let ended = self.cloud().end_by_hand(image, project, self.now());
        self.by_hand
            .borrow_mut()
            .insert((self.cloud().name.clone(), ended));
    }

    /// The owner grants a share again, so that it is another grant than before.
    pub fn grant_again(&self, image: &str, project: &str) {
        let cloud = self.cloud();
        cloud.grant_again(image, project, self.now());
        let share = removable(cloud.image(image), Some(cloud.project(project)));
        self.by_hand.borrow_mut().insert((cloud.name.clone(), share));
    }

    pub(super) fn write_down(written: &Mutex<String>, text: &str) {
        written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(text);
    }

    /// Checks what must hold after every test. Each test ends with it.
    pub async fn finish(self) {
        self.finished.set(true);
        closing::check(&self).await;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.finished.get() && !std::thread::panicking() {
            panic!("the test did not call finish()");
        }
    }
}

impl Pass {
    /// The value of one metric, given as in the text format, labels included.
    pub fn metric(&self, name_and_labels: &str) -> f64 {
        metric(&self.context.metrics, name_and_labels)
    }
}

pub fn metric(metrics: &Metrics, name_and_labels: &str) -> f64 {
    let text = metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(name_and_labels));
    let value = line.unwrap_or_else(|| panic!("no metric {name_and_labels} in\n{text}"));
    value.trim().parse().expect("a number")
}
