//! What of a cloud can be read, with the right that is missing where it cannot.
//!
//! Whether something could be removed cannot be known without removing it.

use std::time::Duration;

use tokio::time::timeout;

use super::{Finding, Section, Wanted, mend_for};
use crate::{
    cli::output,
    config::types::Provider,
    daemon::clock::SharedClock,
    model::{Caller, Failure, FailureClass, Gap, Inventory, Kind, Level, Needs, Scope, Service, Visibility},
    providers::Reader,
};

/// Somebody waits before a terminal; a run waits longer.
const LONGEST_READ: Duration = Duration::from_secs(120);

/// Names of one finding.
const NAMED: usize = 5;

/// Reads as little as shows that each kind can be read.
pub async fn read(
    section: &Section<'_>,
    reader: &dyn Reader,
    caller: &Caller,
    wanted: &Wanted,
    clock: &SharedClock,
) -> Vec<Finding> {
    let needs = wanted.kinds.iter().map(|kind| Needs::of(*kind));
    let needs = needs.fold(Needs::default(), Needs::and);
    let rights = Rights::of(&section.cloud.provider);
    let mut findings = Vec::new();
    if needs.images && caller.endpoints.images.is_some() {
        findings.extend(images(reader, &rights, needs.members, clock).await);
    }
    if (needs.permissions || needs.shares) && caller.endpoints.registry.is_some() {
        let needs = Needs {
            images: false,
            members: false,
            ..needs
        };
        findings.extend(registry(reader, &rights, needs, clock).await);
    }
    if wanted.users {
        findings.push(users(reader, &rights, clock).await);
    }
    findings.push(Finding::not_checked(
        "removal",
        "whether it may remove cannot be tried without removing",
        rights.removal(&wanted.kinds),
    ));
    findings
}

/// What an account needs, in the words of its cloud.
struct Rights {
    images: &'static str,
    members: &'static str,
    users: &'static str,
    remove_images: &'static str,
}

impl Rights {
    fn of(provider: &Provider) -> Rights {
        match provider {
            Provider::OpenStack(_) => Rights {
                images: "give the user a role in the project that may list images (`member`, or what the cloud's policy for `get_images` says)",
                members: "give the user a role in the project that owns the images (`member`, or what the cloud's policy for `get_members` says)",
                users: "give the user the role `admin` in the project, or what the cloud's policy for `identity:list_users` says; a [clouds.…] section of its own for that user keeps the other one plain",
                remove_images: "the user needs the role `member` in the project that owns the images",
            },
            Provider::Huawei(_) => Rights {
                images: "allow the user `ims:images:list` and `ims:images:get` in the project, or give it IMS Administrator",
                members: "allow the user `ims:images:get` and `ims:images:share` in the project, or give it IMS Administrator",
                users: "allow the user `iam:users:listUsers` and `iam:users:getUser` for the account as a whole, or give it Security Administrator",
                remove_images: "the user needs `ims:images:share`, and `ims:images:delete` to delete images",
            },
        }
    }

    fn removal(&self, kinds: &[Kind]) -> String {
        let has = |service| kinds.iter().any(|kind| kind.service() == service);
        let images = has(Service::Images).then_some(self.remove_images);
        let registry = has(Service::Registry).then_some(MANAGE);
        let words: Vec<&str> = images.into_iter().chain(registry).collect();
        words.join("; ")
    }
}

/// The registry's levels are a number each.
const MANAGE: &str = "the user has to manage each namespace concerned (7 in the registry's own numbers); SWR Admin manages all of them";

async fn in_time<T>(read: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(LONGEST_READ, read).await.unwrap_or_else(|_| {
        let why = format!("not read whole within {} s", LONGEST_READ.as_secs());
        Err(Failure::new(FailureClass::Interrupted, why))
    })
}

async fn collected(reader: &dyn Reader, needs: Needs, clock: &SharedClock) -> Result<Inventory, Failure> {
    in_time(reader.collect(needs, clock.now(), &|_| ())).await
}

async fn images(reader: &dyn Reader, rights: &Rights, members: bool, clock: &SharedClock) -> Vec<Finding> {
    let needs = Needs {
        images: true,
        ..Needs::default()
    };
    let inventory = match collected(reader, needs, clock).await {
        Ok(inventory) => inventory,
        Err(failure) => {
            let mend = mend_for(&failure, rights.images);
            return vec![Finding::problem("images", failure.detail, mend)];
        }
    };
    let mut shared = inventory
        .images
        .iter()
        .filter(|image| image.visibility == Visibility::Shared && image.owner == inventory.caller.project);
    let first = shared.next();
    let count = shared.count() + usize::from(first.is_some());
    let all = output::count(inventory.images.len() as u64, "image", "images");
    let seen = format!("{all} of the project can be listed, {count} of them shared");
    let mut findings = vec![match inventory.gaps.first() {
        None => Finding::ok("images", seen),
        Some(gap) => Finding::problem("images", gap.reason.clone(), rights.images),
    }];
    if members {
        findings.push(match first {
            None => Finding::not_checked("members", "no image is shared", "share one, and look again"),
            Some(image) => {
                let look = reader.look(Kind::ImageShare, &image.id, &[], clock.now());
                match in_time(look).await {
                    Ok(_) => Finding::ok("members", format!("those of image {} can be listed", image.id)),
                    Err(failure) => {
                        let mend = mend_for(&failure, rights.members);
                        Finding::problem("members", failure.detail, mend)
                    }
                }
            }
        });
    }
    findings
}

async fn registry(reader: &dyn Reader, rights: &Rights, needs: Needs, clock: &SharedClock) -> Vec<Finding> {
    match collected(reader, needs, clock).await {
        Ok(inventory) => judged(&inventory, rights, needs),
        Err(failure) => {
            let mend = mend_for(&failure, MANAGE);
            vec![Finding::problem("namespaces", failure.detail, mend)]
        }
    }
}

/// Namespaces by what may be done in them, and each list that was refused.
fn judged(inventory: &Inventory, rights: &Rights, needs: Needs) -> Vec<Finding> {
    let lists: Vec<&Gap> = inventory
        .gaps
        .iter()
        .filter(|gap| matches!(gap.scope, Scope::Namespaces | Scope::Repositories))
        .collect();
    let mut findings = vec![namespaces(inventory, &lists)];
    let below = inventory
        .namespaces
        .iter()
        .filter(|row| row.own_level != Level::Manage);
    let below: Vec<&str> = below.map(|row| row.name.as_str()).collect();
    let is_known = |gap: &Gap| match &gap.scope {
        Scope::NamespacePermissions(name) => below.contains(&name.as_str()),
        Scope::RepositoryPermissions(id) | Scope::RepositoryShares(id) => {
            let namespace = id.as_str().split('/').next();
            namespace.is_some_and(|name| below.contains(&name))
        }
        _ => false,
    };
    let unread: Vec<&Gap> = inventory
        .gaps
        .iter()
        .filter(|gap| {
            let is_list = matches!(
                gap.scope,
                Scope::NamespacePermissions(_) | Scope::RepositoryPermissions(_) | Scope::RepositoryShares(_)
            );
            is_list && !is_known(gap)
        })
        .collect();
    if let Some(first) = unread.first() {
        let (what, of) = first.scope.parts();
        let of = of.map(|id| format!(" of {id}")).unwrap_or_default();
        let lists = output::count(unread.len() as u64, "list", "lists");
        let seen = format!("{lists} cannot be read; the {what}{of}: {}", first.reason);
        findings.push(Finding::warning("permissions and shares", seen, MANAGE));
    }
    if needs.permissions {
        let gap = inventory
            .gaps
            .iter()
            .find(|gap| matches!(gap.scope, Scope::Users | Scope::User(_)));
        findings.push(match gap {
            None => Finding::ok(
                "holders",
                "who is disabled, deleted or the account's owner can be told",
            ),
            Some(gap) => Finding::problem("holders", gap.reason.clone(), rights.users),
        });
    }
    findings
}

fn namespaces(inventory: &Inventory, lists: &[&Gap]) -> Finding {
    if let Some(gap) = lists.first() {
        return Finding::problem("namespaces", gap.reason.clone(), MANAGE);
    }
    let all = inventory.namespaces.len();
    let below = inventory
        .namespaces
        .iter()
        .filter(|row| row.own_level != Level::Manage);
    let below: Vec<&str> = below.map(|row| row.name.as_str()).collect();
    let repositories = output::count(inventory.repositories.len() as u64, "repository", "repositories");
    let count = output::count(all as u64, "namespace", "namespaces");
    if below.is_empty() {
        let seen = match all {
            0 => "none can be seen: either there are none, or the user has no permission on any".to_owned(),
            _ => format!("{count} with {repositories}, and the user manages all of them"),
        };
        return match all {
            0 => Finding::warning("namespaces", seen, MANAGE),
            _ => Finding::ok("namespaces", seen),
        };
    }
    let named = below.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = match below.len() > NAMED {
        true => ", …",
        false => "",
    };
    let seen = format!(
        "the user does not manage {} of {count}: {named}{more}; nothing can be removed there",
        below.len()
    );
    match below.len() == all {
        true => Finding::problem("namespaces", seen, MANAGE),
        false => Finding::warning("namespaces", seen, MANAGE),
    }
}

async fn users(reader: &dyn Reader, rights: &Rights, clock: &SharedClock) -> Finding {
    match in_time(reader.users(false, clock.now())).await {
        Ok(users) => {
            let users = output::count(users.len() as u64, "user", "users");
            Finding::ok("users", format!("{users} of the account can be listed"))
        }
        Err(failure) => {
            let mend = mend_for(&failure, rights.users);
            Finding::problem("users", failure.detail, mend)
        }
    }
}
