//! Memory of the program itself: at the peak of a plan over a million shares,
//! and of an idle daemon.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{
    cloud::Cloud,
    process::status_mebibytes,
    setup::{self, Directory},
    table,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_revokd");
const IMAGES: usize = 10_000;
const SHARES_PER_IMAGE: usize = 100;
const PEAK_GOAL_MEBIBYTES: f64 = 300.0;
const IDLE_GOAL_MEBIBYTES: f64 = 30.0;
/// How often a process is asked for its peak; the kernel keeps the peak, so
/// only what is allocated in the last moment could escape.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The scheduler and the dispatcher have looked at the store a few times then.
const IDLE_AFTER: Duration = Duration::from_secs(5);

pub fn main() -> anyhow::Result<()> {
    let shares = IMAGES * SHARES_PER_IMAGE;
    table::head(&format!(
        "memory: `revokd plan` over {IMAGES} images, {shares} shares"
    ));
    let cloud = Cloud::start(IMAGES, SHARES_PER_IMAGE)?;
    for (what, directory) in [
        (
            "one policy that wants nothing",
            Directory::with_policies(&cloud.auth_url, setup::NOTHING)?,
        ),
        ("the shipped policies", Directory::shipped(&cloud.auth_url)?),
        (
            "the twenty policies",
            Directory::with_policies(&cloud.auth_url, setup::POLICIES)?,
        ),
    ] {
        let peak = peak_of_plan(&directory.config_file())?;
        let each = peak * 1024.0 * 1024.0 / shares as f64;
        table::row(
            &format!("peak, {what}"),
            &format!("{peak:.0} MiB, {each:.0} bytes a share"),
        );
        let met = peak < PEAK_GOAL_MEBIBYTES;
        table::goal("  part of 300 MiB", peak / PEAK_GOAL_MEBIBYTES, "below 1", met);
    }
    drop(cloud);

    table::head("memory: `revokd run` with the shipped policies, nothing to do");
    let cloud = Cloud::start(100, 4)?;
    let idle = idle(&Directory::shipped(&cloud.auth_url)?.config_file())?;
    table::row("resident", &format!("{idle:.1} MiB"));
    let met = idle < IDLE_GOAL_MEBIBYTES;
    table::goal("  part of 30 MiB", idle / IDLE_GOAL_MEBIBYTES, "below 1", met);
    Ok(())
}

/// `VmHWM` of a plan until its end.
fn peak_of_plan(config: &Path) -> anyhow::Result<f64> {
    let mut plan = command(config)
        .args(["plan", "--output", "json"])
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak: f64 = 0.0;
    let ended = loop {
        peak = peak.max(status_mebibytes(plan.id(), "VmHWM").unwrap_or(0.0));
        match plan.try_wait()? {
            Some(ended) => break ended,
            None => thread::sleep(LOOK_EVERY),
        }
    };
    ensure!(ended.success(), "plan ended with {ended}");
    Ok(peak)
}

/// `VmRSS` of a daemon that has been at rest for a while.
fn idle(config: &Path) -> anyhow::Result<f64> {
    let mut daemon = Daemon(command(config).arg("run").stderr(Stdio::piped()).spawn()?);
    let mut log = BufReader::new(daemon.0.stderr.take().context("its log")?).lines();
    loop {
        let line = log.next().context("the daemon ended before it was ready")??;
        if line.contains("is ready") {
            break;
        }
    }
    thread::sleep(IDLE_AFTER);
    status_mebibytes(daemon.0.id(), "VmRSS").context("the daemon runs")
}

fn command(config: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--config").arg(config);
    command
}

/// Ended when dropped.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
