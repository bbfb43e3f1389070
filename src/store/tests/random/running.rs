//! A run in the model: what it releases, supersedes and enqueues.

use super::*;

impl Machine {
    pub async fn run(&mut self, policy: u8, targets: &[u8], enqueue: u8, release: &[usize], supersede: bool) {
        let policy = format!("policy {policy}");
        let now = at(self.second);
        let run = self.scene.begin(&policy, now).await;
        let targets: Vec<_> = targets
            .iter()
            .map(|number| share(&format!("{}", number % 3), &format!("{number}")))
            .collect();
        let later = self.second + 30;
        let hold = |hold| Enqueue::Hold {
            hold,
            not_before: at(later),
        };
        let (enqueue, state) = match enqueue {
            0 => (Enqueue::Nothing, RunState::Finished),
            1 => (Enqueue::Queue { not_before: now }, RunState::Finished),
            2 => (hold(Hold::Grace), RunState::Finished),
            _ => (hold(Hold::Brake), RunState::Held),
        };
        let superseded = self.held().filter(|_| supersede);
        let conclusion = Conclusion {
            supersede: superseded,
            release: release
                .iter()
                .map(|id| (*id as TaskId, "gone".to_owned()))
                .collect(),
            state,
            ..conclusion(run, &policy, &targets, enqueue, now)
        };
        let finished = self.scene.store.finish_run(conclusion).await.unwrap();

        for id in release {
            if let Some(task) = self.tasks.get_mut(&(*id as TaskId))
                && matches!(task.state, TaskState::Held | TaskState::Queued | TaskState::Dead)
            {
                task.enter(TaskState::Cancelled);
            }
        }
        if let Some(superseded) = superseded {
            self.end_held(superseded, TaskState::Cancelled);
        }
        let queued = self.expect_enqueued(run, &policy, &targets, enqueue);
        assert_eq!(finished.queued, queued);
        assert_eq!(finished.held, state == RunState::Held && queued > 0);
    }

    fn expect_enqueued(&mut self, run: RunId, policy: &str, targets: &[Target], enqueue: Enqueue) -> u64 {
        let (hold, not_before) = match enqueue {
            Enqueue::Nothing => return 0,
            Enqueue::Queue { .. } => (None, self.second),
            Enqueue::Hold { hold, .. } => (Some(hold), self.second + 30),
        };
        let mut queued = 0;
        for target in targets {
            let tried = self
                .tasks
                .values()
                .any(|task| task.policy == policy && task.target == *target && task.gave_up_for_good());
            let live = self
                .tasks
                .values_mut()
                .find(|task| task.is_live() && task.target == *target);
            if let Some(live) = live {
                let waits = live.state == TaskState::Held || live.state == TaskState::Dead && !tried;
                if hold.is_some() || live.policy == policy || !waits {
                    continue;
                }
                live.enter(TaskState::Cancelled);
            }
            queued += 1;
            let state = if hold.is_some() {
                TaskState::Held
            } else {
                TaskState::Queued
            };
            let task = Simple {
                policy: policy.to_owned(),
                target: target.clone(),
                run,
                state,
                hold,
                not_before,
                allowed_from: not_before,
                attempts: 0,
                tries: 0,
                job: None,
            };
            self.tasks.insert(self.tasks.len() as TaskId + 1, task);
        }
        queued
    }
}
