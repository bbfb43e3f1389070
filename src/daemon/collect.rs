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
    model::{
        AccountShare, CloudName, Failure, Gap, Image, Inventory, Kind, Member, Needs, Reading, Repository,
        Scope, Sharing, Target,
    },
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
            if let Some(inventory) = inventories.get_mut(&target.cloud) {
                make_young(inventory, target, *removed_at);
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

/// Only kinds whose age a cloud tells can be made younger.
fn make_young(inventory: &mut Inventory, target: &Target, removed_at: Timestamp) {
    match target.kind {
        Kind::ImageShare => {
            let same_image = |image: &&mut Image| image.id == target.resource;
            for image in inventory.images.iter_mut().filter(same_image) {
                if let Sharing::Members(members) = &mut image.sharing {
                    let same = |member: &&mut Member| Some(&member.project) == target.subject.as_ref();
                    let same = members.iter_mut().filter(same);
                    same.for_each(|member| member.created_at = member.created_at.max(removed_at));
                }
            }
        }
        Kind::RepositoryShare => {
            let same_repository = |repository: &&mut Repository| repository.id == target.resource;
            for repository in inventory.repositories.iter_mut().filter(same_repository) {
                if let Reading::Read(shares) = &mut repository.shares {
                    let same = |share: &&mut AccountShare| Some(&share.account) == target.subject.as_ref();
                    let same = shares.iter_mut().filter(same);
                    // One of unknown age stays so: it is never old.
                    same.for_each(|share| share.created_at = share.created_at.map(|at| at.max(removed_at)));
                }
            }
        }
        Kind::RepositoryPermission | Kind::NamespacePermission | Kind::Image => {}
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
    look_at(clouds, clock, progress, wanted).await
}

/// Looks at some clouds, for what is wanted of each, at all of them at once.
pub async fn look_at(
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
    progress: &Progress,
    wanted: BTreeMap<&CloudName, Needs>,
) -> Collection {
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
        Ok(_) => cloud.answered(Call::Read, clock.now()),
        Err(failure) => cloud.failed(Call::Read, failure, clock.now()),
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::{self, at};

    #[test]
    fn a_share_that_is_there_again_is_as_young_as_its_removal() {
        let mut repository = sample::repository("team/api", vec![]);
        let undated = AccountShare {
            created_at: None,
            ..sample::account_share("undated")
        };
        let shares = vec![
            sample::account_share("again"),
            sample::account_share("other"),
            undated,
        ];
        repository.shares = Reading::Read(shares);
        let mut image = sample::image("i");
        image.sharing = Sharing::Members(vec![sample::member("again", "2026-01-01T00:00:00Z")]);
        let inventory = Inventory {
            images: vec![image],
            ..sample::registry(vec![], vec![repository])
        };
        let collection = Collection {
            inventories: BTreeMap::from([("c".into(), inventory)]),
            blind: vec![],
        };
        let of = |kind, resource: &str, subject: &str| {
            Target::grant("c".into(), kind, resource.into(), subject.into())
        };
        let removed_at = at("2026-05-01T00:00:00Z");
        let removed = HashMap::from([
            (of(Kind::RepositoryShare, "team/api", "again"), removed_at),
            (of(Kind::RepositoryShare, "team/api", "undated"), removed_at),
            (of(Kind::ImageShare, "i", "again"), removed_at),
        ]);
        let young = collection.with_grants_after(&removed);
        let inventory = &young.inventories["c"];
        let Reading::Read(shares) = &inventory.repositories[0].shares else {
            panic!("read before")
        };
        let created: Vec<_> = shares.iter().map(|share| share.created_at).collect();
        assert_eq!(
            created,
            [Some(removed_at), Some(at("2025-06-01T00:00:00Z")), None]
        );
        let Sharing::Members(members) = &inventory.images[0].sharing else {
            panic!("read before")
        };
        assert_eq!(members[0].created_at, removed_at);
    }
}
