//! Evaluation of a million shares by twenty policies, beside reading the same
//! inventory from the JSON that a cloud sends: a run should cost no more than
//! what it looks at.

use std::{hint::black_box, sync::Arc, time::Instant};

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use revokd::{
    config::types::Config,
    daemon::clock::{SharedClock, SystemClock},
    engine::{evaluate::evaluate, policy::Policy},
    metrics::Metrics,
    model::{Inventory, Kind, Needs, Sharing},
    providers::openstack::wire,
};

use super::{
    bare::Bare,
    cloud::Cloud,
    setup::{self, Directory},
    table,
};

const IMAGES: usize = 10_000;
const SHARES_PER_IMAGE: usize = 100;
const ROUNDS: usize = 7;

/// Conditions alone in their policy: nothing cheaper keeps an item from them.
const CONDITIONS: &[(&str, &str)] = &[
    ("one comparison", "grant.status == \"pending\""),
    (
        "two times and a property",
        "now - grant.created_at > days(400) && has(image.properties.os_distro) \
         && image.properties.os_distro == \"windows\"",
    ),
    (
        "a look through the tags",
        "image.tags.exists(tag, tag == \"team=none\") && now - grant.created_at > days(2)",
    ),
];

pub fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let cloud = Cloud::start(IMAGES, SHARES_PER_IMAGE)?;
    let sample = Directory::with_policies(&cloud.auth_url, setup::EVERYTHING)?;
    let inventory = runtime.block_on(collect(&sample.load()?))?;
    let bodies = runtime.block_on(Bodies::fetch(&cloud.auth_url, &inventory))?;
    let policies = Directory::with_policies(&cloud.auth_url, setup::POLICIES)?
        .load()?
        .policies;
    drop(cloud);

    let shares: usize = inventory.images.iter().map(members).sum();
    table::head(&format!(
        "evaluate: {} images, {shares} shares, {} policies, {:.0} MB of JSON, median of {ROUNDS}",
        inventory.images.len(),
        policies.len(),
        bodies.bytes() as f64 / 1e6,
    ));
    let (mut parsing, mut evaluating) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        parsing.push(seconds(|| bodies.parse())?);
        evaluating.push(seconds(|| {
            for policy in &policies {
                black_box(decide(policy, &inventory));
            }
            Ok(())
        })?);
    }
    let (parsing, evaluating) = (table::median(parsing), table::median(evaluating));
    table::row("reading the JSON into wire types", &format!("{parsing:.3} s"));
    table::row("evaluating all policies", &format!("{evaluating:.3} s"));
    let judged = (shares * policies.len()) as f64;
    table::row(
        "one policy, one share",
        &format!("{:.1} ns", evaluating / judged * 1e9),
    );
    table::goal(
        "evaluating : reading",
        evaluating / parsing,
        "at most 1",
        evaluating <= parsing,
    );
    show_policies(&policies, &inventory);
    show_conditions(&inventory, &sample)
}

fn show_policies(policies: &[Policy], inventory: &Inventory) {
    for policy in policies {
        let started = Instant::now();
        let evaluation = decide(policy, inventory);
        let took = started.elapsed();
        let decided = evaluation.revocations.len();
        let percent = decided as f64 / evaluation.seen as f64 * 100.0;
        let what = format!("  {} ({decided} decided, {percent:.1} %)", policy.name);
        table::row(&what, &format!("{:.1} ms", took.as_secs_f64() * 1e3));
    }
}

fn show_conditions(inventory: &Inventory, directory: &Directory) -> anyhow::Result<()> {
    let config = directory.load()?;
    let everything = config.policies.first().context("a policy")?;
    let shares: usize = inventory.images.iter().map(members).sum();
    for (what, text) in CONDITIONS {
        let mut policy = everything.clone();
        policy.matcher.granted_before = None;
        let condition = revokd::engine::condition::Condition::parse(text, &policy.kinds);
        policy.matcher.when = Some(condition.map_err(|error| anyhow!("{text}: {error}"))?);
        let took = seconds(|| {
            black_box(decide(&policy, inventory));
            Ok(())
        })?;
        let each = took / shares as f64 * 1e6;
        table::row(
            &format!("`when` for every share: {what}"),
            &format!("{each:.2} µs a share"),
        );
    }
    Ok(())
}

fn decide(policy: &Policy, inventory: &Inventory) -> revokd::engine::evaluate::Evaluation {
    evaluate(
        policy,
        inventory,
        &Default::default(),
        &revokd::engine::people::Lists::none(),
        inventory.observed_at,
    )
}

async fn collect(config: &Config) -> anyhow::Result<Inventory> {
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = setup::clouds(config, &clock, &Arc::new(Metrics::new()), &setup::nobody())?;
    let cloud = clouds.values().next().context("one cloud")?;
    let reader = &cloud.handles.reader;
    Ok(reader
        .collect(Needs::of(Kind::ImageShare), Timestamp::now(), &|_| ())
        .await?)
}

fn members(image: &revokd::model::Image) -> usize {
    match &image.sharing {
        Sharing::Members(members) => members.len(),
        _ => 0,
    }
}

fn seconds(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64())
}

/// The answers of the cloud, as they came.
struct Bodies {
    pages: Vec<Vec<u8>>,
    member_lists: Vec<Vec<u8>>,
}

impl Bodies {
    async fn fetch(auth_url: &str, inventory: &Inventory) -> anyhow::Result<Bodies> {
        let bare = Bare::login(auth_url).await?;
        let mut bodies = Bodies {
            pages: Vec::new(),
            member_lists: Vec::new(),
        };
        for hidden in [false, true] {
            let mut next = Some(format!("/v2/images?limit=1000&visibility=all&os_hidden={hidden}"));
            while let Some(path) = next {
                let body = bare.get(&path).await?;
                next = serde_json::from_slice::<wire::ImagesResponse>(&body)?.next;
                bodies.pages.push(body);
            }
        }
        for image in &inventory.images {
            let path = format!("/v2/images/{}/members", image.id);
            bodies.member_lists.push(bare.get(&path).await?);
        }
        Ok(bodies)
    }

    fn bytes(&self) -> usize {
        self.pages.iter().chain(&self.member_lists).map(Vec::len).sum()
    }

    fn parse(&self) -> anyhow::Result<()> {
        for body in &self.pages {
            black_box(serde_json::from_slice::<wire::ImagesResponse>(body)?);
        }
        for body in &self.member_lists {
            black_box(serde_json::from_slice::<wire::MembersResponse>(body)?);
        }
        Ok(())
    }
}
