//! The store as its callers see it.

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::model::{
    CloudName, Comparison, Event, Evidence, Id, JobId, Kind, Mode, PolicyName, Priority, Revocation, RunId,
    RunState, RunTotals, Target, Task, TaskId, Trigger, Verdict,
};

mod audit;
mod fairness;
mod jobs;
mod migration;
mod neighbours;
mod people;
mod place;
mod policies;
mod queue;
mod random;
mod removed;
mod retire;
mod runs;
mod sources;

pub(super) const LEASE: SignedDuration = SignedDuration::from_mins(5);

pub(super) const RUN_AT_MOST: SignedDuration = SignedDuration::from_hours(3);

/// A store in a directory that goes with it.
pub(super) struct Scene {
    pub store: Store,
    directory: TempDir,
}

impl Scene {
    pub fn new() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("revokd.db")).unwrap();
        Scene { store, directory }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("revokd.db")
    }

    /// The file itself, past all that the store guards.
    pub fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    pub async fn begin(&self, policy: &str, now: Timestamp) -> RunId {
        match self.store.begin_run(new_run(policy, now)).await.unwrap() {
            Begun::Started(run) => run,
            Begun::Overlaps(run) => panic!("run {run} is under way"),
        }
    }

    /// A whole run that comes to these revocations.
    pub async fn run(
        &self,
        policy: &str,
        targets: &[Target],
        enqueue: Enqueue,
        now: Timestamp,
    ) -> (RunId, Finished) {
        let run = self.begin(policy, now).await;
        let conclusion = conclusion(run, policy, targets, enqueue, now);
        (run, self.store.finish_run(conclusion).await.unwrap())
    }

    pub async fn claim(&self, limit: usize, now: Timestamp) -> Vec<Claimed> {
        self.store
            .claim(cloud(), Priority::Normal, shares(limit), now, LEASE)
            .await
            .unwrap()
    }

    pub async fn next_due(&self, cloud: CloudName) -> Option<Timestamp> {
        let kinds = Kind::ALL.to_vec();
        self.store.next_due(cloud, Priority::Normal, kinds).await.unwrap()
    }

    pub async fn settle(&self, claimed: &Claimed, verdict: Verdict, now: Timestamp) -> bool {
        let settlement = settlement(claimed, verdict, now);
        self.store.settle(vec![settlement]).await.unwrap()[0]
    }

    pub async fn task(&self, id: TaskId) -> Task {
        self.store.task(id).await.unwrap().expect("the task is there").0
    }

    pub async fn problems(&self) -> Vec<String> {
        self.store.verify_audit(|_, _| {}).await.unwrap().problems
    }

    pub async fn assert_sound(&self) {
        assert_eq!(self.problems().await, Vec::<String>::new());
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn cloud() -> CloudName {
    CloudName::from("otc")
}

/// What a claim takes.
pub(super) fn shares(limit: usize) -> Vec<(Kind, usize)> {
    vec![(Kind::ImageShare, limit)]
}

pub(super) fn share(image: &str, project: &str) -> Target {
    Target::image_share(cloud(), Id::from(image), Id::from(project))
}

pub(super) fn now_queued(now: Timestamp) -> Enqueue {
    Enqueue::Queue { not_before: now }
}

pub(super) fn new_run(policy: &str, now: Timestamp) -> NewRun {
    NewRun {
        policy: PolicyName::from(policy),
        policy_digest: "d1".into(),
        mode: Mode::Enforce,
        trigger: Trigger::Schedule,
        at_most: RUN_AT_MOST,
        now,
    }
}

pub(super) fn revocation(policy: &str, target: &Target) -> Revocation {
    Revocation {
        target: target.clone(),
        due_since: at(-60),
        evidence: Evidence {
            policy: PolicyName::from(policy),
            policy_digest: "d1".into(),
            observed_at: at(-1),
            resource_name: "golden".into(),
            owner: Id::from("owner"),
            endpoint: "http://image.test/v2".to_owned(),
            subject_name: String::new(),
            granted_at: Some(at(-3_600)),
            grant_version: at(-3_600).to_string(),
            still_reachable: vec![],
            listed_in: vec![],
            compared: vec![Comparison {
                key: "granted_before".into(),
                required: "30d".into(),
                observed: "31d".into(),
            }],
        },
    }
}

pub(super) fn conclusion(
    run: RunId,
    policy: &str,
    targets: &[Target],
    enqueue: Enqueue,
    now: Timestamp,
) -> Conclusion {
    Conclusion {
        run,
        totals: RunTotals {
            seen: 10,
            decided: targets.len() as u64,
            ..RunTotals::default()
        },
        notes: vec![],
        revocations: targets.iter().map(|target| revocation(policy, target)).collect(),
        enqueue,
        priority: Priority::Normal,
        supersede: None,
        release: vec![],
        state: RunState::Finished,
        now,
    }
}

pub(super) fn settlement(claimed: &Claimed, verdict: Verdict, now: Timestamp) -> Settlement {
    Settlement {
        task: claimed.task.id,
        lease: claimed.lease,
        verdict,
        outcome: "accepted".into(),
        now,
    }
}

pub(super) fn done() -> Verdict {
    Verdict::Done {
        note: "seen gone".into(),
    }
}

pub(super) fn dead() -> Verdict {
    Verdict::Dead {
        reason: "refused six times".into(),
    }
}

pub(super) fn again(not_before: Timestamp, called: bool, burned: bool) -> Verdict {
    Verdict::Again {
        not_before,
        called,
        burned,
        note: "not yet".into(),
    }
}

pub(super) fn under_way(not_before: Timestamp) -> Verdict {
    Verdict::UnderWay {
        not_before,
        note: "not over".into(),
    }
}

pub(super) fn submission(claimed: &[Claimed], job: &str, now: Timestamp) -> Submission {
    Submission {
        tasks: claimed.iter().map(|one| (one.task.id, one.lease)).collect(),
        job: JobId::from(job),
        until: now + LEASE,
        now,
    }
}
