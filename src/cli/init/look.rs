//! Whether the login works, and what can be seen with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    cli::{
        assemble,
        doctor::{
            self, Finding, Group, Verdict,
            cloud::{Section, Wanted},
        },
        output::{count, print_line},
        progress,
    },
    config::{Loaded, types::ProviderName},
    daemon::{
        clock::{SharedClock, SystemClock},
        collect::look_at,
        context::Cloud,
        progress::Progress,
    },
    metrics::Metrics,
    model::{CloudName, Gap, Inventory, Needs, Reading, Sharing},
};

/// Somebody waits for it.
const LONGEST: Duration = Duration::from_secs(120);

/// Parts that were not seen, named one by one.
const GAPS_NAMED: usize = 5;

/// What the look came to; it was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nobody is logged in; trying it again could lock the account.
    NoLogin,
    /// Logged in, with so many problems.
    Problems(usize),
}

/// Logs in once, and looks with that login at all that revokd could work on.
///
/// # Errors
/// No client can be made of the configuration, or nothing can be printed.
pub async fn look(name: &CloudName, loaded: &Loaded) -> anyhow::Result<Seen> {
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(&loaded.config, &clock, &Arc::new(Metrics::new()))?;
    let (cloud, settings) = (&clouds[name], &loaded.config.clouds[name]);
    let wanted = Wanted::everything(settings);
    let reader = cloud.handles.reader.as_ref();
    let section = Section {
        name,
        cloud: settings,
        is_written: false,
    };
    let examined = doctor::cloud::examine(&section, reader, &wanted, &clock).await;
    let problems = problems(&examined.findings);
    doctor::print(&[Group {
        title: format!("cloud {name}"),
        findings: examined.findings,
    }])?;
    if examined.caller.is_none() {
        return Ok(Seen::NoLogin);
    }
    let provider = settings.provider.name();
    match timeout(LONGEST, collected(&clouds, name, &clock, provider)).await {
        Ok(lines) => lines.iter().try_for_each(|line| print_line(line))?,
        Err(_) => print_line(&format!(
            "not all was read within {} s; nothing is wrong with that",
            LONGEST.as_secs()
        ))?,
    }
    print_line("")?;
    Ok(Seen::Problems(problems))
}

fn problems(findings: &[Finding]) -> usize {
    let problem = |finding: &&Finding| finding.verdict == Verdict::Problem;
    findings.iter().filter(problem).count()
}

async fn collected(
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    name: &CloudName,
    clock: &SharedClock,
    provider: ProviderName,
) -> Vec<String> {
    let progress = Arc::new(Progress::default());
    let shown = progress::show(progress.clone());
    let needs = provider.kinds().iter().map(|kind| Needs::of(*kind));
    let wanted = BTreeMap::from([(name, needs.fold(Needs::default(), Needs::and))]);
    let collection = look_at(clouds, clock.as_ref(), &progress, wanted).await;
    let mut lines = match collection.inventories.get(name) {
        Some(inventory) => seen(inventory),
        None => collection.blind.iter().map(unseen).collect(),
    };
    if provider == ProviderName::Huawei {
        let users = clouds[name].handles.reader.users(false, clock.now()).await;
        lines.push(match users {
            Ok(users) => format!("{} of the account", count(users.len() as u64, "user", "users")),
            Err(failure) => format!(
                "the users of the account cannot be listed, as lists of people need it: {}",
                failure.detail
            ),
        });
    }
    drop(shown);
    lines
}

fn seen(inventory: &Inventory) -> Vec<String> {
    let mut lines = vec![images(inventory)];
    if inventory.caller.endpoints.registry.is_some() {
        lines.extend(registry(inventory));
    }
    lines.extend(inventory.gaps.iter().take(GAPS_NAMED).map(unseen));
    if inventory.gaps.len() > GAPS_NAMED {
        let more = inventory.gaps.len() - GAPS_NAMED;
        lines.push(format!("and {more} more parts that could not be seen"));
    }
    lines
}

fn images(inventory: &Inventory) -> String {
    let mut projects = BTreeSet::new();
    let (mut shared, mut shares) = (0, 0);
    for image in &inventory.images {
        let Sharing::Members(members) = &image.sharing else {
            continue;
        };
        shared += u64::from(!members.is_empty());
        shares += members.len() as u64;
        projects.extend(members.iter().map(|member| &member.project));
    }
    format!(
        "{}, {shared} of them shared with {}, by {}",
        count(inventory.images.len() as u64, "image", "images"),
        count(projects.len() as u64, "project", "projects"),
        count(shares, "share", "shares"),
    )
}

fn registry(inventory: &Inventory) -> [String; 2] {
    let of = |reading: &Reading<Vec<_>>| match reading {
        Reading::Read(list) => list.len() as u64,
        Reading::NotRead | Reading::Unreadable => 0,
    };
    let of_namespaces = inventory
        .namespaces
        .iter()
        .map(|namespace| of(&namespace.permissions));
    let of_repositories = inventory
        .repositories
        .iter()
        .map(|repository| of(&repository.permissions));
    let permissions: u64 = of_namespaces.chain(of_repositories).sum();
    let shares = inventory
        .repositories
        .iter()
        .map(|repository| match &repository.shares {
            Reading::Read(shares) => shares.len() as u64,
            Reading::NotRead | Reading::Unreadable => 0,
        });
    [
        format!(
            "{} with {}",
            count(inventory.namespaces.len() as u64, "namespace", "namespaces"),
            count(inventory.repositories.len() as u64, "repository", "repositories"),
        ),
        format!(
            "{} of users on them, {} with other accounts",
            count(permissions, "permission", "permissions"),
            count(shares.sum(), "share", "shares"),
        ),
    ]
}

fn unseen(gap: &Gap) -> String {
    format!("not seen: {gap}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample;

    #[test]
    fn shares_and_the_projects_that_have_them_are_counted_apart() {
        let member = |project| sample::member(project, "2026-01-01T00:00:00Z");
        let image = |id, members| {
            let mut image = sample::image(id);
            image.sharing = Sharing::Members(members);
            image
        };
        let inventory = Inventory {
            images: vec![
                image("a", vec![member("p"), member("q")]),
                image("b", vec![member("p")]),
                image("c", vec![]),
            ],
            ..sample::registry(vec![], vec![sample::repository("team/api", vec![])])
        };
        assert_eq!(
            images(&inventory),
            "3 images, 2 of them shared with 2 projects, by 3 shares"
        );
        assert!(registry(&inventory)[0].ends_with("1 repository"));
    }
}
