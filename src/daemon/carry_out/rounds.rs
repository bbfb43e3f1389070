//! What is called, and in which company: tasks and batches side by side.

use std::collections::HashMap;

use jiff::Timestamp;

use super::settling::{self, Ending};
use crate::{
    engine::{batches, plan},
    model::{Batch, Id, Reach, Target, Verdict},
    store::Claimed,
};

/// Calls for one target each that share the looks before and after.
pub(super) const CALLS_TOGETHER: usize = 16;

/// One call, and the tasks whose targets it removes: exactly these.
pub(super) struct Call {
    pub batch: Batch,
    pub tasks: Vec<Claimed>,
}

/// Either one call for several targets, or several calls for one target each of
/// one resource: what shares a look before and a look after.
pub(super) struct Round {
    pub calls: Vec<Call>,
    /// When the look before its calls was made, if it was.
    pub looked_at: Option<Timestamp>,
}

impl Round {
    pub fn tasks(&self) -> impl Iterator<Item = &Claimed> {
        self.calls.iter().flat_map(|call| &call.tasks)
    }

    pub fn into_tasks(self) -> impl Iterator<Item = Claimed> {
        self.calls.into_iter().flat_map(|call| call.tasks)
    }
}

impl Call {
    /// The same in two parts.
    ///
    /// # Errors
    /// It is for a single target; its task comes back.
    pub fn halves(self) -> Result<[Call; 2], Vec<Claimed>> {
        let Some([one, other]) = batches::halves(&self.batch) else {
            return Err(self.tasks);
        };
        let is_of_one = |claimed: &Claimed| {
            let Target {
                resource, subject, ..
            } = &claimed.task.revocation.target;
            one.resources.contains(resource) && subject.iter().all(|subject| one.subjects.contains(subject))
        };
        let (of_one, of_other) = self.tasks.into_iter().partition(is_of_one);
        let call = |batch, tasks| Call { batch, tasks };
        Ok([call(one, of_one), call(other, of_other)])
    }
}

/// The rounds that carry out `tasks`, none of which has a job.
///
/// # Errors
/// The plan was not exactly what it was made for. Nothing may be called.
pub(super) fn plan(tasks: Vec<Claimed>, reach: Reach) -> Result<Vec<Round>, Vec<Ending>> {
    let alone = |claimed: &Claimed| claimed.last_outcome.as_deref().is_some_and(batches::goes_alone);
    let (alone, together): (Vec<_>, Vec<_>) = tasks.into_iter().partition(alone);
    let mut calls = plan_calls(together, reach)?;
    calls.extend(alone.into_iter().map(|claimed| Call {
        batch: Batch::of_one(&claimed.task.revocation.target),
        tasks: vec![claimed],
    }));
    Ok(of(calls, None))
}

/// # Errors
/// As of [`plan`].
pub(super) fn plan_calls(tasks: Vec<Claimed>, reach: Reach) -> Result<Vec<Call>, Vec<Ending>> {
    let targets: Vec<Target> = tasks
        .iter()
        .map(|claimed| claimed.task.revocation.target.clone())
        .collect();
    share_out(plan::plan(&targets, reach), tasks)
}

/// Gives each batch the tasks of its targets: each task once, and none left
/// over.
///
/// # Errors
/// That is not possible. Nothing may be called.
pub(super) fn share_out(batches: Vec<Batch>, tasks: Vec<Claimed>) -> Result<Vec<Call>, Vec<Ending>> {
    let mut tasks: HashMap<Target, Claimed> = tasks
        .into_iter()
        .map(|claimed| (claimed.task.revocation.target.clone(), claimed))
        .collect();
    let mut calls: Vec<Call> = Vec::with_capacity(batches.len());
    let mut wrong = None;
    for batch in batches {
        let mut of_batch = Vec::new();
        for target in batch.targets() {
            match tasks.remove(&target) {
                Some(claimed) => of_batch.push(claimed),
                None => {
                    wrong = Some(format!(
                        "{target} is in a batch, but is not or no longer to be removed"
                    ))
                }
            }
        }
        calls.push(Call {
            batch,
            tasks: of_batch,
        });
    }
    if let Some(target) = tasks.keys().next() {
        wrong.get_or_insert(format!("{target} is in no batch"));
    }
    let Some(wrong) = wrong else {
        return Ok(calls);
    };
    let all = calls
        .into_iter()
        .flat_map(|call| call.tasks)
        .chain(tasks.into_values());
    Err(violated(all.collect(), &wrong))
}

/// The end of tasks whose batch is not exactly what was decided (guarantee G1).
/// That is a mistake in this program, which no other try would cure.
pub(super) fn violated(tasks: Vec<Claimed>, wrong: &str) -> Vec<Ending> {
    tracing::error!(
        tasks = settling::ids(tasks.iter()),
        reason = wrong,
        "a mistake in revokd: nothing was called"
    );
    let ending = |claimed| Ending {
        claimed,
        verdict: Verdict::Dead {
            reason: format!("a mistake in revokd, please report it; nothing was called: {wrong}"),
        },
        word: "impossible",
    };
    tasks.into_iter().map(ending).collect()
}

/// Calls for one target each are gathered by resource; a call for several is a
/// round of its own.
pub(super) fn of(calls: Vec<Call>, looked_at: Option<Timestamp>) -> Vec<Round> {
    let mut rounds: Vec<Round> = Vec::new();
    let mut open: HashMap<Id, usize> = HashMap::new();
    for call in calls {
        if let ([resource], [_]) = (call.batch.resources.as_slice(), call.tasks.as_slice()) {
            let resource = resource.clone();
            let round = open.get(&resource).and_then(|index| rounds.get_mut(*index));
            if let Some(round) = round.filter(|round| round.calls.len() < CALLS_TOGETHER) {
                round.calls.push(call);
                continue;
            }
            open.insert(resource, rounds.len());
        }
        rounds.push(Round {
            calls: vec![call],
            looked_at,
        });
    }
    rounds
}
