//! Looking at the clouds once, for one or many policies.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::future::join_all;
use jiff::Timestamp;

use super::{clock::Clock, context::Cloud, progress::Progress};
use crate::{
    engine::{circuit::Call, policy::Policy},
    model::{CloudName, Failure, Gap, Inventory, Needs, Scope, Sharing, Target},
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

    /// The same with younger shares: `removed` says when revokd itself removed
    /// a share that is there again. Some clouds keep the date of the first
    /// grant, and what was granted anew must not be old at once.
    pub fn with_grants_after(&self, removed: &HashMap<Target, Timestamp>) -> Collection {
        let mut inventories = self.inventories.clone();
        for (target, removed_at) in removed {
            let inventory = inventories.get_mut(&target.cloud);
            let images = inventory.into_iter().flat_map(|inventory| &mut inventory.images);
            for image in images.filter(|image| image.id == target.resource) {
                if let Sharing::Members(members) = &mut image.sharing {
                    let same = members
                        .iter_mut()
                        .filter(|member| Some(&member.project) == target.subject.as_ref());
                    same.for_each(|member| member.created_at = member.created_at.max(*removed_at));
                }
            }
        }
        Collection {
            inventories,
            blind: self.blind.clone(),
        }
    }

    /// What could not be seen of the clouds of one policy. A gap that does not
    /// concern its kind is left out.
    pub fn gaps(&self, policy: &Policy) -> Vec<Gap> {
        let concerns = |gap: &&Gap| policy.kinds.iter().any(|kind| gap.scope.concerns(*kind));
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
        Ok(_) => cloud.answered(Call::Read),
        Err(failure) => cloud.failed(Call::Read, failure, clock.now()),
    }
    seen
}
