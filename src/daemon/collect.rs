//! Looking at the clouds once, for one or many policies.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;

use super::{clock::Clock, context::Cloud, progress::Progress};
use crate::{
    engine::policy::Policy,
    model::{CloudName, Failure, Gap, Inventory, Needs, Scope},
};

/// What was seen of the clouds that some policies name.
#[derive(Debug, Default)]
pub struct Collection {
    pub inventories: BTreeMap<CloudName, Inventory>,
    /// Clouds of which nothing could be seen.
    pub blind: Vec<Gap>,
}

impl Collection {
    /// What was seen of the clouds of one policy.
    pub fn of<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a Inventory> {
        policy
            .clouds
            .iter()
            .filter_map(|cloud| self.inventories.get(cloud))
    }

    /// What could not be seen of the clouds of one policy. A gap that does not
    /// concern its kind is left out.
    pub fn gaps(&self, policy: &Policy) -> Vec<Gap> {
        let members = policy.needs().members;
        let concerns = |gap: &&Gap| members || !matches!(gap.scope, Scope::Members(_));
        let seen = self
            .of(policy)
            .flat_map(|inventory| &inventory.gaps)
            .filter(concerns);
        let blind = self.blind.iter().filter(|gap| policy.clouds.contains(&gap.cloud));
        blind.chain(seen).cloned().collect()
    }
}

/// Looks at every cloud that one of `policies` names, at all of them at once.
pub async fn collect(
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
    progress: &Progress,
    policies: &[&Policy],
) -> Collection {
    let mut wanted: BTreeMap<&CloudName, Needs> = BTreeMap::new();
    for policy in policies {
        for cloud in &policy.clouds {
            let needs = wanted.entry(cloud).or_default();
            *needs = needs.and(policy.needs());
        }
    }
    let looks = wanted
        .into_iter()
        .map(|(name, needs)| async move { (name, look(&clouds[name], clock, progress, needs).await) });
    let mut collection = Collection::default();
    for (name, seen) in join_all(looks).await {
        match seen {
            Ok(inventory) => {
                collection.inventories.insert(name.clone(), inventory);
            }
            Err(failure) => collection.blind.push(Gap {
                cloud: name.clone(),
                scope: Scope::Cloud,
                reason: failure.detail,
            }),
        }
    }
    collection
}

async fn look(
    cloud: &Cloud,
    clock: &dyn Clock,
    progress: &Progress,
    needs: Needs,
) -> Result<Inventory, Failure> {
    let report = |read| progress.collecting(cloud.name.as_str(), read);
    let seen = cloud.handles.reader.collect(needs, clock.now(), &report).await;
    match &seen {
        Ok(_) => cloud.answered(),
        Err(failure) => cloud.failed(failure, clock.now()),
    }
    seen
}
