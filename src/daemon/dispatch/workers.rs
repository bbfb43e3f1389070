//! The workers of one cloud and one priority, and what stands ready for them.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::task::{JoinError, JoinSet};

use crate::{
    daemon::{
        carry_out::{Group, carry_out},
        context::{Cloud, Context},
    },
    model::{Kind, Priority},
    providers::lane,
    store::{Claimed, StoreError},
};

/// What of one priority is claimed, and who is at it.
pub(super) struct Workers {
    priority: Priority,
    most: usize,
    at_work: JoinSet<Worked>,
    /// Claimed, and not given to a worker yet.
    pub ready: VecDeque<Group>,
    /// Tasks of each kind that are claimed, ready or with a worker.
    in_work: HashMap<Kind, usize>,
}

/// Of what kind and how many tasks a worker had, and whether the store went
/// along with it.
type Worked = (Kind, usize, Result<(), StoreError>);

impl Workers {
    pub fn new(priority: Priority, most: usize) -> Workers {
        Workers {
            priority,
            most,
            at_work: JoinSet::new(),
            ready: VecDeque::new(),
            in_work: HashMap::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.at_work.len() >= self.most
    }

    /// Nothing can be begun before a worker ends or something is claimed.
    pub fn is_at_rest(&self) -> bool {
        self.is_full() || self.ready.is_empty()
    }

    /// Puts claimed tasks into line, grouped by what is carried out together.
    pub fn put_in_line(&mut self, groups: impl Iterator<Item = Group>) {
        for group in groups {
            *self.in_work.entry(kind_of(&group)).or_default() += group.tasks.len();
            self.ready.push_back(group);
        }
    }

    pub fn start_ready(&mut self, context: &Arc<Context>, cloud: &Arc<Cloud>) {
        while !self.is_full()
            && let Some(group) = self.ready.pop_front()
        {
            let (kind, tasks) = (kind_of(&group), group.tasks.len());
            let carrying_out = carry_out(context.clone(), cloud.clone(), group);
            let in_lane = lane::within(self.priority, carrying_out);
            self.at_work.spawn(async move { (kind, tasks, in_lane.await) });
        }
    }

    pub fn take_back_ended(&mut self) -> Result<(), StoreError> {
        while let Some(ended) = self.at_work.try_join_next() {
            self.ended(ended)?;
        }
        Ok(())
    }

    /// Waits for a worker to end; `None` where there is none.
    pub async fn next_ended(&mut self) -> Option<Result<(), StoreError>> {
        let ended = self.at_work.join_next().await?;
        Some(self.ended(ended))
    }

    pub fn in_work(&self, kind: Kind) -> usize {
        self.in_work.get(&kind).copied().unwrap_or_default()
    }

    fn ended(&mut self, ended: Result<Worked, JoinError>) -> Result<(), StoreError> {
        let (kind, tasks, worked) = ended.expect("a worker does not panic");
        self.out_of_work(kind, tasks);
        worked
    }

    fn out_of_work(&mut self, kind: Kind, tasks: usize) {
        let in_work = self.in_work.entry(kind).or_default();
        *in_work = in_work.saturating_sub(tasks);
    }

    /// Takes out what no worker has yet.
    pub fn empty(&mut self) -> Vec<Claimed> {
        let mut all = Vec::new();
        while let Some(group) = self.ready.pop_front() {
            self.out_of_work(kind_of(&group), group.tasks.len());
            all.extend(group.tasks);
        }
        all
    }
}

fn kind_of(group: &Group) -> Kind {
    let first = group.tasks.first();
    first
        .map(|claimed| claimed.task.revocation.target.kind)
        .expect("a group holds at least one task")
}
