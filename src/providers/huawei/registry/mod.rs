//! The container registry (SWR): who may reach which namespace and repository,
//! and how that ends.

use std::fmt;

use self::{calls::Registry, collect::Collection, look::Look};
use crate::{
    config::types::CloudLimits,
    model::{
        Batch, Caller, CloudName, Failure, FailureClass, Gap, Id, Kind, Level, Namespace, Needs, Outcome,
        Reach, Repository, User,
    },
    providers::{Progress, huawei::api::Api, patience::Patience},
};

mod address;
mod calls;
mod collect;
mod holders;
mod listing;
mod lists;
mod look;
mod revoke;
mod shares;
mod sight;
#[cfg(test)]
mod tests;
mod translate;

/// Users in one call: few enough that a refused call is soon taken apart.
const USERS_PER_CALL: usize = 10;

/// What was seen of an account's registry, and what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistryView {
    pub namespaces: Vec<Namespace>,
    pub repositories: Vec<Repository>,
    /// Whom IAM told of: holders of permissions, and others.
    pub users: Vec<User>,
    pub gaps: Vec<Gap>,
}

/// Everything that `needs` asks for of the account's registry. A failure of one
/// part is a gap; an `Err` means that nothing could be seen.
pub async fn collect(
    api: &Api,
    cloud: &CloudName,
    caller: &Caller,
    needs: Needs,
    limits: &CloudLimits,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<RegistryView, Failure> {
    let registry = Registry {
        api,
        patience: Patience::default(),
        limits,
    };
    Collection::new(cloud, caller, registry, progress)
        .run(needs)
        .await
}

/// One namespace or repository looked at again, with the list that grants of
/// the kind stand in. An empty view without gaps: confirmed gone.
///
/// Each call is tried once: whoever looks again has a queue that remembers the
/// failure and comes back.
pub async fn look(
    api: &Api,
    cloud: &CloudName,
    caller: &Caller,
    kind: Kind,
    resource: &Id,
    subjects: &[Id],
) -> Result<RegistryView, Failure> {
    let registry = Registry {
        api,
        patience: Patience::NONE,
        limits: &CloudLimits::default(),
    };
    let look = Look {
        registry,
        cloud,
        caller,
        subjects,
    };
    look.at(kind, resource).await
}

/// Makes the one call for a batch within [`reach`], once.
pub async fn revoke(api: &Api, batch: &Batch) -> Outcome {
    revoke::revoke(api, batch).await
}

/// How many targets of the kind one call may take.
pub fn reach(kind: Kind) -> Reach {
    match kind {
        Kind::RepositoryPermission | Kind::NamespacePermission => Reach {
            resources: 1,
            subjects: USERS_PER_CALL,
            requests: 1,
        },
        Kind::RepositoryShare | Kind::ImageShare | Kind::Image => Reach::ONE,
    }
}

fn malformed(what: impl fmt::Display, why: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("looking at {what}: {why}"))
}

fn too_low(own_level: Level) -> String {
    format!("the daemon has only {own_level} there; it needs manage")
}
