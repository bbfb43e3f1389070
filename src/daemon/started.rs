//! The runs that this process has under way, by policy.

use std::collections::{BTreeSet, HashMap};

use tokio::task::{Id, JoinSet};

use crate::model::PolicyName;

/// Runs, and who is to run once more when its run is over: what woke a policy
/// may have come after its run had looked.
#[derive(Default)]
pub(super) struct Started {
    running: JoinSet<()>,
    policies: HashMap<Id, PolicyName>,
    again: BTreeSet<PolicyName>,
}

impl Started {
    pub fn start(&mut self, policy: PolicyName, run: impl Future<Output = ()> + Send + 'static) {
        let handle = self.running.spawn(run);
        self.policies.insert(handle.id(), policy);
    }

    /// Whether the policy may be started now; otherwise its turn comes when its
    /// run is over.
    pub fn is_free(&mut self, policy: &PolicyName) -> bool {
        let is_running = self.policies.values().any(|running| running == policy);
        if is_running {
            self.again.insert(policy.clone());
        }
        !is_running
    }

    /// Waits until a run is over. Gives the policy that is to run once more, if
    /// it is one; pends while nothing runs.
    pub async fn ended(&mut self) -> Option<PolicyName> {
        let id = match self.running.join_next_with_id().await {
            None => futures::future::pending().await,
            Some(Ok((id, ()))) => id,
            Some(Err(broken)) => broken.id(),
        };
        let policy = self.policies.remove(&id)?;
        let is_free = !self.policies.values().any(|running| *running == policy);
        (is_free && self.again.remove(&policy)).then_some(policy)
    }

    pub async fn all_ended(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_policy_that_was_woken_while_it_ran_runs_once_more() {
        let mut started = Started::default();
        let (policy, other) = (PolicyName::from("p"), PolicyName::from("other"));
        assert!(started.is_free(&policy));
        started.start(policy.clone(), async {});
        assert!(!started.is_free(&policy) && !started.is_free(&policy));
        assert!(started.is_free(&other));
        assert_eq!(started.ended().await, Some(policy.clone()));
        started.start(policy.clone(), async {});
        assert_eq!(started.ended().await, None, "and not twice");
    }

    #[tokio::test]
    async fn a_run_that_panicked_keeps_nobody_waiting() {
        let mut started = Started::default();
        started.start("p".into(), async { panic!("a run that breaks") });
        assert_eq!(started.ended().await, None);
        assert!(started.is_free(&"p".into()));
    }
}
