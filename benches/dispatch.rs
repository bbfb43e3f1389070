//! Removals through the whole dispatcher (queue, audit, durable commits, a look
//! before and after), beside a bare client that sends the same requests at the
//! same concurrency and records nothing.

use std::{collections::BTreeMap, io, process, sync::Arc, time::Instant};

use anyhow::ensure;
use jiff::SignedDuration;
use reqwest::Method;
use revokd::{
    daemon::{self, run},
    model::{TaskState, Trigger},
};
use tokio::runtime::Runtime;

use super::{
    bare::Bare,
    cloud::Cloud,
    process::cpu_seconds,
    setup::{self, Directory},
    table,
};

/// Images, and shares of each: everything is removed.
const SHAPES: &[(usize, usize)] = &[(20_000, 1), (1_000, 20)];
const ROUNDS: usize = 3;
const GOAL: f64 = 0.8;

/// What one pass over all removals took.
struct Pass {
    seconds: f64,
    cpu_seconds: f64,
    cloud_cpu_seconds: f64,
}

pub fn main() -> anyhow::Result<()> {
    // The daemon words a line for each task; here they go nowhere.
    tracing_subscriber::fmt().with_writer(io::sink).init();
    for (images, shares) in SHAPES {
        shape(*images, *shares)?;
    }
    Ok(())
}

fn shape(images: usize, shares: usize) -> anyhow::Result<()> {
    let removals = images * shares;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut counts = BTreeMap::new();
    for _ in 0..ROUNDS {
        let (pass, requests) = dispatcher(images, shares)?;
        ours.push(pass);
        counts = count(&requests);
        bare.push(bare_loop(images, shares, requests)?);
    }
    table::head(&format!(
        "dispatch: {removals} removals, {images} images with {shares} shares each, median of {ROUNDS} alternating rounds"
    ));
    for (what, count) in &counts {
        let each = *count as f64 / removals as f64;
        table::row(
            &format!("requests: {what}"),
            &format!("{count} ({each:.2} a removal)"),
        );
    }
    let rate = |passes: &[Pass]| table::median(passes.iter().map(|p| removals as f64 / p.seconds).collect());
    let (our_rate, bare_rate) = (rate(&ours), rate(&bare));
    for (who, passes, rate) in [("revokd", &ours, our_rate), ("bare client", &bare, bare_rate)] {
        table::row(who, &format!("{rate:.0} removals/s"));
        let cpu = table::median(passes.iter().map(|p| p.cpu_seconds).collect());
        let of_cloud = table::median(passes.iter().map(|p| p.cloud_cpu_seconds).collect());
        table::row(
            &format!("  processor time, and that of the cloud meanwhile ({who})"),
            &format!("{cpu:.1} s, {of_cloud:.1} s"),
        );
    }
    // Rounds are compared one by one: the machine may change between them.
    let ratios = ours
        .iter()
        .zip(&bare)
        .map(|(ours, bare)| bare.seconds / ours.seconds);
    let ratio = table::median(ratios.collect());
    table::goal(
        "rate, revokd : bare client",
        ratio,
        "at least 0.80",
        ratio >= GOAL,
    );
    Ok(())
}

fn count(requests: &[(Method, String)]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (method, path) in requests {
        let what = if path.contains("/members") {
            "members"
        } else {
            "image"
        };
        *counts.entry(format!("{method} {what}")).or_default() += 1;
    }
    counts
}

/// Queues everything, then times the queue alone.
fn dispatcher(images: usize, shares: usize) -> anyhow::Result<(Pass, Vec<(Method, String)>)> {
    let mut cloud = Cloud::start(images, shares)?;
    let directory = Directory::with_policies(&cloud.auth_url, setup::EVERYTHING)?;
    let config = directory.load()?;
    let runtime = runtime()?;
    let context = runtime.block_on(async { setup::context(&config) })?;
    let policies = context.rules().policies.clone();
    let reports = runtime.block_on(run::run(&context, &policies, Trigger::Operator))?;
    ensure!(
        reports[0].totals.queued == (images * shares) as u64,
        "{reports:?}"
    );
    cloud.forget()?;

    let within = SignedDuration::from_hours(1);
    let once = daemon::once(context.clone(), &[], within, config.daemon.stop_within);
    let pass = timed(&cloud, || {
        let once = runtime.block_on(once)?;
        ensure!(once.drained, "work is left");
        Ok(())
    })?;
    let counts = runtime.block_on(context.store.counts())?;
    ensure!(
        counts.iter().all(|count| count.state == TaskState::Done),
        "{counts:?}"
    );
    let requests = cloud.requests()?.into_iter();
    let requests = requests.map(|(method, path)| Ok((method.parse()?, path)));
    Ok((pass, requests.collect::<anyhow::Result<_>>()?))
}

fn bare_loop(images: usize, shares: usize, requests: Vec<(Method, String)>) -> anyhow::Result<Pass> {
    let cloud = Cloud::start(images, shares)?;
    let directory = Directory::with_policies(&cloud.auth_url, setup::EVERYTHING)?;
    let concurrency = directory
        .load()?
        .clouds
        .values()
        .map(|cloud| cloud.limits.concurrency)
        .sum();
    let runtime = runtime()?;
    let bare = runtime.block_on(Bare::login(&cloud.auth_url))?;
    let requests = Arc::new(requests);
    timed(&cloud, || runtime.block_on(bare.replay(requests, concurrency)))
}

fn timed(cloud: &Cloud, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Pass> {
    let own = process::id();
    let (cpu, cloud_cpu) = (cpu_seconds(own)?, cpu_seconds(cloud.pid())?);
    let started = Instant::now();
    work()?;
    Ok(Pass {
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds(own)? - cpu,
        cloud_cpu_seconds: cpu_seconds(cloud.pid())? - cloud_cpu,
    })
}

/// As the command line makes it.
fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
