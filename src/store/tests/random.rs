//! Random operations on a store and on a model of it that fits on a page: both
//! have to agree after each, and the audit has to verify at the end.

use std::collections::{BTreeMap, BTreeSet};

use operation::{Operation, operation};
use proptest::prelude::*;
use simple::Simple;

use super::*;
use crate::model::{Hold, TaskState};

mod operation;
mod running;
mod simple;

struct Machine {
    scene: Scene,
    second: i64,
    tasks: BTreeMap<TaskId, Simple>,
    /// Every claim ever made, and whether it is still the task's.
    claims: Vec<(Claimed, bool)>,
    leases_until: BTreeMap<TaskId, i64>,
}

impl Machine {
    async fn perform(&mut self, operation: Operation) {
        match operation {
            Operation::Run {
                policy,
                targets,
                enqueue,
                release,
                supersede,
            } => {
                self.run(policy, &targets, enqueue, &release, supersede).await;
            }
            Operation::Claim { limit } => self.claim(limit).await,
            Operation::Submit { which, job } => self.submit(which, job).await,
            Operation::Settle { which, verdict, wait } => self.settle(which, verdict, wait).await,
            Operation::Retry(which) => self.retry(which as TaskId).await,
            Operation::Cancel(which) => self.cancel(which as TaskId).await,
            Operation::Allow => self.decide_held(true).await,
            Operation::Reject => self.decide_held(false).await,
            Operation::Retire(kept) => self.retire(&format!("policy {kept}")).await,
            Operation::Crash => self.crash().await,
            Operation::Wait(seconds) => self.second += seconds,
        }
    }

    fn due(&self) -> Vec<TaskId> {
        let due = |(id, task): &(&TaskId, &Simple)| match task.state {
            TaskState::Queued | TaskState::Verifying => task.not_before <= self.second,
            TaskState::Held => task.hold == Some(Hold::Grace) && task.not_before <= self.second,
            TaskState::Claimed => self.leases_until[*id] <= self.second,
            TaskState::Submitted => {
                let leased = self.leases_until.get(id).copied();
                leased.unwrap_or(task.not_before) <= self.second
            }
            _ => false,
        };
        self.tasks.iter().filter(due).map(|(id, _)| *id).collect()
    }

    async fn claim(&mut self, limit: usize) {
        let due = self.due();
        let claimed = self.scene.claim(limit, at(self.second)).await;
        let taken: Vec<TaskId> = claimed.iter().map(|one| one.task.id).collect();
        assert!(taken.iter().all(|id| due.contains(id)), "{taken:?} of {due:?}");
        assert!(taken.len() >= due.len().min(limit));
        for (id, task) in &self.tasks {
            let together = |other: &&TaskId| task.job.is_some() && self.tasks[*other].job == task.job;
            let of_its_job = due.iter().filter(together).all(|other| taken.contains(other));
            assert!(
                !taken.contains(id) || of_its_job,
                "tasks of one job come together"
            );
        }
        let alone = taken.iter().filter(|id| self.tasks[*id].job.is_none()).count();
        assert!(alone <= limit);
        for one in claimed {
            let id = one.task.id;
            let task = self
                .tasks
                .get_mut(&id)
                .expect("only what was enqueued is claimed");
            assert_eq!(
                one.called,
                matches!(
                    task.state,
                    TaskState::Verifying | TaskState::Submitted | TaskState::Claimed
                )
            );
            let job = task.job.take();
            task.enter(TaskState::Claimed);
            task.attempts += u32::from(job.is_none());
            task.job = job;
            task.tries += 1;
            assert_eq!((one.attempt, one.tries as usize), (task.attempts, task.tries));
            self.leases_until.insert(id, self.second + LEASE.as_secs());
            self.lose_lease(id);
            self.claims.push((one, true));
        }
    }

    async fn submit(&mut self, which: usize, job: u8) {
        let Some((claimed, fresh)) = self.claims.iter().rev().nth(which).cloned() else {
            return;
        };
        let (id, until) = (claimed.task.id, self.second + 500);
        let submission = Submission {
            tasks: vec![(id, claimed.lease)],
            job: format!("job {job}").into(),
            until: at(until),
            now: at(self.second),
        };
        assert_eq!(self.scene.store.submitted(submission).await.unwrap(), [fresh]);
        if fresh {
            let task = self.tasks.get_mut(&id).expect("it was claimed");
            task.enter(TaskState::Submitted);
            task.job = Some(format!("job {job}"));
            self.leases_until.insert(id, until);
        }
    }

    fn lose_lease(&mut self, id: TaskId) {
        for (claim, fresh) in &mut self.claims {
            *fresh &= claim.task.id != id;
        }
    }

    async fn settle(&mut self, which: usize, verdict: u8, wait: i64) {
        let Some((claimed, fresh)) = self.claims.iter().rev().nth(which).cloned() else {
            return;
        };
        let not_before = self.second + wait;
        let (called, burned) = (verdict & 1 == 1, verdict & 2 == 2);
        let verdict_number = verdict;
        let (verdict, state) = match verdict {
            0..4 if called => (again(at(not_before), called, burned), TaskState::Verifying),
            0..4 => (again(at(not_before), called, burned), TaskState::Queued),
            4 => (done(), TaskState::Done),
            6 => (under_way(at(not_before)), TaskState::Verifying),
            _ => (dead(), TaskState::Dead),
        };
        let tried_again = matches!(verdict, Verdict::Again { .. });
        assert_eq!(self.scene.settle(&claimed, verdict, at(self.second)).await, fresh);
        if fresh {
            let task = self.tasks.get_mut(&claimed.task.id).expect("it was claimed");
            let job = task.job.take();
            let under_way = verdict_number == 6;
            match job {
                Some(job) if under_way => {
                    task.enter(TaskState::Submitted);
                    task.job = Some(job);
                }
                _ => task.enter(state),
            }
            if under_way {
                task.not_before = not_before;
            }
            self.leases_until.remove(&claimed.task.id);
            if tried_again {
                task.not_before = not_before;
                task.attempts -= u32::from(!burned);
            }
            self.lose_lease(claimed.task.id);
        }
    }

    async fn retry(&mut self, id: TaskId) {
        let done = self
            .scene
            .store
            .retry_task(id, "ann".into(), at(self.second))
            .await;
        match self.tasks.get_mut(&id) {
            Some(task) if task.state == TaskState::Dead => {
                task.enter(TaskState::Queued);
                (task.attempts, task.not_before, task.allowed_from) = (0, self.second, self.second);
                done.unwrap();
            }
            _ => assert!(done.is_err()),
        }
    }

    async fn cancel(&mut self, id: TaskId) {
        let done = self
            .scene
            .store
            .cancel_task(id, "ann".into(), "no".into(), at(self.second))
            .await;
        match self.tasks.get_mut(&id) {
            Some(task)
                if task.is_live() && !matches!(task.state, TaskState::Claimed | TaskState::Submitted) =>
            {
                task.enter(TaskState::Cancelled);
                done.unwrap();
            }
            _ => assert!(done.is_err()),
        }
    }

    async fn decide_held(&mut self, allow: bool) {
        let (now, store) = (at(self.second), &self.scene.store);
        let Some(run) = self.held() else {
            return;
        };
        if allow {
            store.allow_run(run, "ann".into(), now).await.unwrap();
            self.end_held(run, TaskState::Queued);
        } else {
            store
                .reject_run(run, "ann".into(), "no".into(), now)
                .await
                .unwrap();
            self.end_held(run, TaskState::Cancelled);
        }
    }

    fn waiting_runs(&self) -> BTreeSet<RunId> {
        let waits = |task: &&Simple| task.hold == Some(Hold::Brake);
        self.tasks.values().filter(waits).map(|task| task.run).collect()
    }

    fn held(&self) -> Option<RunId> {
        self.waiting_runs().last().copied()
    }

    fn end_held(&mut self, run: RunId, state: TaskState) {
        for task in self.tasks.values_mut().filter(|task| task.run == run) {
            if task.state == TaskState::Held {
                task.enter(state);
                if state == TaskState::Queued {
                    task.allowed_from = self.second.max(task.not_before);
                }
            }
        }
    }

    async fn retire(&mut self, kept: &str) {
        let (policies, clouds) = (vec![PolicyName::from(kept)], vec![cloud()]);
        let retired = self.scene.store.retire(policies, clouds, at(self.second)).await;
        let mut cancelled = 0;
        for task in self.tasks.values_mut().filter(|task| task.policy != kept) {
            if matches!(task.state, TaskState::Held | TaskState::Queued | TaskState::Dead) {
                task.enter(TaskState::Cancelled);
                cancelled += 1;
            }
        }
        assert_eq!(retired.unwrap(), Retired { cancelled, dead: 0 });
    }

    async fn crash(&mut self) {
        let lock = self.scene.store.dispatch_lock().unwrap().expect("nobody has it");
        self.scene
            .store
            .abandon_running(&lock, at(self.second))
            .await
            .unwrap();
        for task in self
            .tasks
            .iter_mut()
            .filter(|(id, task)| task.is_taken() && self.leases_until.contains_key(id))
            .map(|(_, task)| task)
        {
            let job = task.job.take();
            task.enter(match job {
                Some(_) => TaskState::Submitted,
                None => TaskState::Verifying,
            });
            task.job = job;
            task.not_before = self.second;
        }
        self.leases_until.clear();
        self.claims.iter_mut().for_each(|(_, fresh)| *fresh = false);
    }

    async fn assert_agrees(&self) {
        let held = RunFilter {
            state: Some(RunState::Held),
            ..RunFilter::default()
        };
        let held = self.scene.store.runs(held, usize::MAX).await.unwrap();
        let held: BTreeSet<RunId> = held.iter().map(|run| run.id).collect();
        assert_eq!(
            held,
            self.waiting_runs(),
            "exactly the runs with something to allow are held"
        );
        let stored = self
            .scene
            .store
            .tasks(TaskFilter::default(), usize::MAX)
            .await
            .unwrap();
        assert_eq!(stored.len(), self.tasks.len());
        for task in stored {
            let (_, attempts) = self.scene.store.task(task.id).await.unwrap().unwrap();
            let found = Simple {
                policy: task.revocation.evidence.policy.as_str().to_owned(),
                target: task.revocation.target,
                run: task.run,
                state: task.state,
                hold: task.hold,
                not_before: task.not_before.duration_since(at(0)).as_secs(),
                allowed_from: task.allowed_from.duration_since(at(0)).as_secs(),
                attempts: task.attempts,
                tries: attempts.len(),
                job: task.job.map(|job| job.to_string()),
            };
            assert_eq!(found, self.tasks[&task.id], "task {}", task.id);
            let open = attempts
                .iter()
                .filter(|attempt| attempt.ended_at.is_none())
                .count();
            assert_eq!(open, usize::from(self.leases_until.contains_key(&task.id)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_page_of_model_does(operations in proptest::collection::vec(operation(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut machine = Machine {
                scene: Scene::new(),
                second: 0,
                tasks: BTreeMap::new(),
                claims: Vec::new(),
                leases_until: BTreeMap::new(),
            };
            for operation in operations {
                machine.perform(operation).await;
                machine.assert_agrees().await;
            }
            machine.scene.assert_sound().await;
        });
    }
}
