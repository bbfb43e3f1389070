//! What the kernel knows of a process and of the machine.

use std::{fs, thread};

use anyhow::Context;

/// Linux counts processor time in hundredths of a second wherever revokd runs.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time of all threads, in the program and the kernel.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before it may hold spaces and brackets.
    let (_, fields) = stat.rsplit_once(')').context("a name in brackets")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(ticks as f64 / TICKS_A_SECOND)
}

/// A line of `/proc/PID/status` such as `VmHWM`, in MiB; `None` once the
/// process has ended.
pub fn status_mebibytes(pid: u32, key: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: f64 = line
        .trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(kibibytes / 1024.0)
}

/// What every figure below was measured on.
pub fn describe_machine() {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    println!("measured on {cores} cores ({model}), {build} build");
}
