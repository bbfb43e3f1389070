//! What IAM says of the users who hold permissions.

use std::collections::HashSet;

use super::{RegistryView, calls::Registry};
use crate::{
    model::{CloudName, Id, Permission, Reading},
    providers::huawei::{holders::Thoroughness, iam::Iam},
};

/// Fills in the holders of all permissions in the view that belong to a user
/// who `is_asked` about, each user in one question; who stays unknown is a gap.
pub async fn add_holders(
    registry: Registry<'_>,
    cloud: &CloudName,
    is_asked: impl Fn(&Id) -> bool,
    thoroughness: Thoroughness,
    view: &mut RegistryView,
) {
    let users = permissions(view).map(|permission| &permission.user);
    let users: HashSet<Id> = users.filter(|user| is_asked(user)).cloned().collect();
    if users.is_empty() {
        return;
    }
    let iam = Iam {
        api: registry.api,
        limits: registry.limits,
        patience: registry.patience,
    };
    let owners = registry.api.owners();
    let holders = owners.holders(&iam, cloud, users, thoroughness).await;
    for permission in permissions(view) {
        permission.holder = holders.of.get(&permission.user).cloned().flatten();
    }
    view.users = holders.users;
    view.gaps.extend(holders.gaps);
}

fn permissions(view: &mut RegistryView) -> impl Iterator<Item = &mut Permission> {
    let of_namespaces = view.namespaces.iter_mut().map(|row| &mut row.permissions);
    let of_repositories = view.repositories.iter_mut().map(|row| &mut row.permissions);
    let lists = of_namespaces.chain(of_repositories);
    let read = lists.filter_map(|list| match list {
        Reading::Read(permissions) => Some(permissions),
        Reading::NotRead | Reading::Unreadable => None,
    });
    read.flatten()
}
