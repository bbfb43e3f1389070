//! `revokd doctor`: all that could keep revokd from its work, and how to mend
//! it. It changes nothing.

mod clock;
pub mod cloud;
mod configuration;
mod daemon;
mod files;
mod finding;
mod progress;
mod refusals;
mod service;
mod sources;
mod store;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::bail;
use jiff::Timestamp;
use serde::Serialize;

pub use self::finding::{Finding, Group, Verdict, print};
use self::{cloud::Wanted, progress::Progress, refusals::Refusals};
use super::{
    Exit, Output, assemble,
    output::{self, print_json, print_line},
};
use crate::{
    config::{
        self, Loaded, Problems,
        login::Login,
        types::{self, Config},
    },
    daemon::{
        clock::{SharedClock, SystemClock},
        context::Cloud,
    },
    metrics::Metrics,
    model::{CloudName, SourceRecord},
};

/// Look for all that could keep revokd from its work; say how to mend it
///
/// Looks at the configuration, files, the store, the daemon, the clock, each
/// cloud and each list of people. Changes nothing anywhere, and tries each login
/// once. Exits with 1 if there is a problem; with 3 if the configuration does
/// not load.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd doctor\n  revokd doctor --cloud prod")]
pub struct Arguments {
    /// Look at this cloud alone, and at nothing else.
    #[arg(long, value_name = "NAME")]
    cloud: Option<String>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// All that was found, for programs; the keys are stable.
#[derive(Serialize)]
struct Told<'a> {
    /// What keeps the configuration from being loaded, as `check` tells it.
    configuration: serde_json::Value,
    groups: &'a [Group],
    problems: usize,
    warnings: usize,
    not_checked: usize,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let clock: SharedClock = Arc::new(SystemClock);
    let progress = Progress::start();
    let mut groups = Vec::new();
    let loaded = assemble::load(config, Timestamp::now());
    match (&loaded, &arguments.cloud) {
        (Ok(loaded), Some(name)) => {
            let Some((name, one)) = loaded.config.clouds.get_key_value(name.as_str()) else {
                let known: Vec<&str> = loaded.config.clouds.keys().map(CloudName::as_str).collect();
                bail!("there is no cloud {name:?}; there are: {}", known.join(", "));
            };
            progress.step(&format!("cloud {name}"));
            let seen = one_cloud(&loaded.config, name, one, &clock).await;
            groups.push(group(&format!("Cloud {name}"), seen.findings));
        }
        (Err(_), Some(_)) => {}
        (loaded, None) => {
            let records = machine(config, loaded.as_ref().ok(), &progress, &mut groups).await;
            if let Ok(loaded) = loaded {
                network(&loaded.config, &records, &clock, &progress, &mut groups).await;
            }
        }
    }
    drop(progress);
    tell(arguments.output, loaded.as_ref().err(), &groups)
}

fn group(title: &str, findings: Vec<Finding>) -> Group {
    Group {
        title: title.to_owned(),
        findings,
    }
}

/// All that can be seen without sending anything away. Gives what is on record
/// of the lists of people.
async fn machine(
    config: &Path,
    loaded: Option<&Loaded>,
    progress: &Progress,
    groups: &mut Vec<Group>,
) -> Vec<SourceRecord> {
    progress.step("files");
    if let Some(loaded) = loaded {
        let findings = configuration::findings(loaded, &config.display().to_string());
        groups.push(group("Configuration", findings));
    }
    let paths = files::paths(config);
    let own = files::own_user();
    groups.push(group("Files and permissions", files::findings(&paths, own)));
    groups.push(group("Service of systemd", service::findings(config, &paths)));
    groups.push(group("Clock", vec![clock::by_network()]));
    let alone;
    let daemon = match loaded {
        Some(loaded) => Some(&loaded.config.daemon),
        None => {
            alone = config::load_daemon(config, &|name| std::env::var(name).ok());
            alone.as_ref().ok()
        }
    };
    let Some(daemon) = daemon else {
        return Vec::new();
    };
    progress.step("the store");
    let examined = store::examine(&daemon.store, own).await;
    groups.push(group("Store", examined.findings));
    progress.step("the daemon");
    groups.push(group("Daemon", daemon::findings(daemon.listen).await));
    examined.inspection.map_or_else(Vec::new, |found| found.sources)
}

/// The clouds, then the lists, some of which are made of clouds. One after the
/// other: a login that was refused is tried by none that comes later.
async fn network(
    config: &Config,
    records: &[SourceRecord],
    clock: &SharedClock,
    progress: &Progress,
    groups: &mut Vec<Group>,
) {
    let mut usable = BTreeMap::new();
    let mut refusals = Refusals::default();
    for (name, one) in &config.clouds {
        progress.step(&format!("cloud {name}"));
        let login = Login::of_cloud(one);
        let again = format!("revokd doctor --cloud {name}");
        let findings = match refusals.instead_of(&login, "login", &again) {
            Some(finding) => vec![finding],
            None => {
                let seen = one_cloud(config, name, one, clock).await;
                usable.extend(seen.usable.map(|cloud| (name.clone(), cloud)));
                if seen.is_refused {
                    refusals.note(login, format!("cloud {name}"));
                }
                seen.findings
            }
        };
        groups.push(group(&format!("Cloud {name}"), findings));
    }
    progress.step("lists of people");
    let findings = sources::findings(config, records, &usable, clock.as_ref()).await;
    if !findings.is_empty() {
        groups.push(group("Lists of people", findings));
    }
}

struct Seen {
    findings: Vec<Finding>,
    /// Where the login worked.
    usable: Option<Arc<Cloud>>,
    is_refused: bool,
}

async fn one_cloud(config: &Config, name: &CloudName, one: &types::Cloud, clock: &SharedClock) -> Seen {
    let cloud = match connected(config, name, one, clock) {
        Ok(cloud) => cloud,
        Err(error) => {
            return Seen {
                findings: vec![cloud::unprepared(name, &error)],
                usable: None,
                is_refused: false,
            };
        }
    };
    let wanted = wanted(config, name, one);
    let section = cloud::Section {
        name,
        cloud: one,
        is_written: true,
    };
    let examined = cloud::examine(&section, cloud.handles.reader.as_ref(), &wanted, clock).await;
    Seen {
        findings: examined.findings,
        usable: examined.caller.map(|_| cloud),
        is_refused: examined.is_refused,
    }
}

/// One cloud by itself: another one that cannot be prepared is its own problem.
fn connected(
    config: &Config,
    name: &CloudName,
    one: &types::Cloud,
    clock: &SharedClock,
) -> anyhow::Result<Arc<Cloud>> {
    let alone = Config {
        clouds: BTreeMap::from([(name.clone(), one.clone())]),
        ..config.clone()
    };
    let mut made = assemble::clouds(&alone, clock, &Arc::new(Metrics::new()))?;
    let made = made.remove(name);
    made.ok_or_else(|| anyhow::anyhow!("cloud {name} was not prepared"))
}

fn wanted(config: &Config, name: &CloudName, one: &types::Cloud) -> Wanted {
    let kinds = configuration::kinds_on(config, name);
    let policies = config.policies.iter().filter(|policy| policy.enabled);
    let mut here = policies.filter(|policy| policy.clouds.contains(name));
    let by_list = here.any(|policy| policy.needs().permissions && policy.matcher.sources().next().is_some());
    if kinds.is_empty() {
        return Wanted::everything(one);
    }
    Wanted {
        kinds,
        users: by_list || sources::clouds_listed(config).contains(name),
    }
}

fn tell(output: Output, problems: Option<&Problems>, groups: &[Group]) -> anyhow::Result<Exit> {
    let count = |verdict| finding::count(groups, verdict);
    let found = count(Verdict::Problem);
    let exit = match (problems, found) {
        (Some(_), _) => Exit::ConfigurationInvalid,
        (None, 0) => Exit::Done,
        (None, _) => Exit::Failed,
    };
    if output == Output::Json {
        let nothing = || serde_json::json!([]);
        print_json(&Told {
            configuration: problems.map_or_else(nothing, Problems::to_json),
            groups,
            problems: found,
            warnings: count(Verdict::Warning),
            not_checked: count(Verdict::NotChecked),
        })?;
        return Ok(exit);
    }
    print(groups)?;
    if let Some(problems) = problems {
        assemble::show(problems);
    }
    print_line(&format!(
        "{}, {}, {} not checked.",
        output::count(found as u64, "problem", "problems"),
        output::count(count(Verdict::Warning) as u64, "warning", "warnings"),
        count(Verdict::NotChecked)
    ))?;
    Ok(exit)
}
