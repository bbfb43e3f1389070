//! `revokd sources test`: one read, its figures, and how its entries match.

mod matched;

use std::{collections::BTreeSet, sync::Arc};

use anyhow::bail;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use self::matched::CloudMatch;
use super::{Read, configured, how, idle_policies, list::age, read, records, type_of};
use crate::{
    cli::{
        Exit, Output, assemble,
        output::{self, moment, print_json, print_line},
        target,
    },
    config::{
        people::{List, Source},
        types::Config,
    },
    daemon::{
        clock::{Clock, SharedClock, SystemClock},
        context::Cloud,
    },
    metrics::Metrics,
    model::{Baseline, CloudName, Roll, UserKey},
};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd sources test leavers\n  revokd sources test staff --cloud otc-prod --all"
)]
pub struct Arguments {
    /// The source, as the configuration names it.
    #[arg(value_name = "SOURCE")]
    name: String,

    /// Hold it against the users of this cloud; may be given several times. If
    /// none is named: of the clouds of the policies that name the source.
    #[arg(long = "cloud", value_name = "CLOUD")]
    clouds: Vec<String>,

    /// How much of each list to show.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, conflicts_with = "all")]
    limit: usize,

    /// Show each list whole.
    #[arg(long)]
    all: bool,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// One read, for programs; the keys are stable.
#[derive(Serialize)]
struct Tested {
    name: String,
    r#type: &'static str,
    /// `None` and below: it was not read.
    entries: Option<u64>,
    version: Option<String>,
    as_of: Option<Timestamp>,
    matched_to: String,
    baseline: Option<Baseline>,
    proven: bool,
    problem: Option<String>,
    /// Why nothing can be decided on who is missing from it; `None`: it can.
    not_for_absence: Option<String>,
    /// Entries that cannot be used, each with its place.
    unusable: Vec<String>,
    clouds: Vec<CloudMatch>,
}

pub async fn main(config: &Config, arguments: &Arguments) -> anyhow::Result<Exit> {
    let source = configured(config, &arguments.name)?;
    let names = clouds_of(config, source, &arguments.clouds)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(config, &clock, &Arc::new(Metrics::new()))?;
    let baseline = records(config).await?.remove(&source.name);
    let baseline = baseline.and_then(|record| record.baseline);
    let read = read(source, &clouds, baseline, clock.as_ref()).await;
    let mut tested = Tested::of(source, &read, baseline);
    if let Ok(roll) = &read.roll {
        let zone = zone_of(config, source);
        for cloud in names.iter().filter_map(|name| clouds.get(*name)) {
            let matched = held_against(roll, cloud, &zone, clock.as_ref()).await;
            tested.clouds.push(matched);
        }
    }
    let limit = if arguments.all {
        usize::MAX
    } else {
        arguments.limit
    };
    match arguments.output {
        Output::Json => print_json(&tested)?,
        Output::Table => tested
            .lines(limit, clock.now())
            .iter()
            .try_for_each(|line| print_line(line))?,
    }
    let users = idle_policies(config, &source.name);
    let by_absence = users.iter().any(|policy| how(policy, &source.name) != Some("in"));
    let stops = by_absence && tested.not_for_absence.is_some();
    Ok(match tested.proven && !stops {
        true => Exit::Done,
        false => Exit::Failed,
    })
}

async fn held_against(roll: &Roll, cloud: &Cloud, zone: &TimeZone, clock: &dyn Clock) -> CloudMatch {
    // Lists of users tell ids and names for certain, anything else where it
    // pleases the cloud; a run asks for each user as well.
    let needs_details = matches!(roll.to, UserKey::Email | UserKey::Attribute(_));
    match cloud.handles.reader.users(needs_details, clock.now()).await {
        Ok(users) => CloudMatch::of(roll, &cloud.name, &users, zone, clock.now()),
        Err(failure) => CloudMatch::unseen(&cloud.name, failure.to_string()),
    }
}

/// The named clouds; or those of the policies that name the source, and the one
/// that it is made of.
fn clouds_of<'a>(
    config: &'a Config,
    source: &'a Source,
    named: &[String],
) -> anyhow::Result<BTreeSet<&'a CloudName>> {
    if named.is_empty() {
        let users = idle_policies(config, &source.name);
        let mut clouds: BTreeSet<&CloudName> = users.iter().flat_map(|policy| &policy.clouds).collect();
        if let List::Keystone(keystone) = &source.list {
            clouds.insert(&keystone.cloud);
        }
        return Ok(clouds);
    }
    let mut clouds = BTreeSet::new();
    for name in named {
        let Some((cloud, _)) = config.clouds.get_key_value(name.as_str()) else {
            let known: Vec<&str> = config.clouds.keys().map(CloudName::as_str).collect();
            bail!("there is no cloud {name:?}; there are: {}", known.join(", "));
        };
        clouds.insert(cloud);
    }
    Ok(clouds)
}

/// In which days of entries are meant.
fn zone_of(config: &Config, source: &Source) -> TimeZone {
    let users = idle_policies(config, &source.name);
    users
        .first()
        .map_or(TimeZone::UTC, |policy| policy.zone().clone())
}

impl Tested {
    fn of(source: &Source, read: &Read, baseline: Option<Baseline>) -> Tested {
        let roll = read.roll.as_ref().ok();
        let proven = read.proven.as_ref();
        let unusable = roll.iter().flat_map(|roll| &roll.entries).filter_map(|entry| {
            let problem = entry.problem.as_ref()?;
            Some(format!("{}: {problem}", entry.place))
        });
        Tested {
            name: source.name.to_string(),
            r#type: type_of(source),
            entries: roll.map(|roll| roll.entries.len() as u64),
            version: roll.map(|roll| roll.version.clone()),
            as_of: roll.map(|roll| roll.as_of),
            matched_to: source.to.to_string(),
            baseline,
            proven: proven.is_ok(),
            problem: proven.err().cloned(),
            not_for_absence: match proven {
                Ok(proven) => proven.for_absence().err(),
                Err(why) => Some(why.clone()),
            },
            unusable: unusable.collect(),
            clouds: vec![],
        }
    }

    fn lines(&self, limit: usize, now: Timestamp) -> Vec<String> {
        let (name, kind) = (&self.name, self.r#type);
        let mut lines = Vec::new();
        if let (Some(entries), Some(version), Some(as_of)) = (self.entries, &self.version, self.as_of) {
            let entries = output::count(entries, "entry", "entries");
            let made = format!("{} ({})", moment(as_of), age(now.duration_since(as_of)));
            let version = target::short(version);
            lines.push(format!(
                "source {name} ({kind}): {entries}, list of {made}, version {version}"
            ));
        }
        if let Some(before) = self.baseline {
            let at = moment(before.at);
            lines.push(format!("held against {} entries on {at}", before.entries));
        }
        lines.push(match &self.problem {
            None => "proof: met".to_owned(),
            Some(why) if self.entries.is_some() => format!("proof: not met: {why}"),
            Some(why) => format!("source {name} ({kind}) was not read: {why}"),
        });
        if let (None, Some(why)) = (&self.problem, &self.not_for_absence) {
            lines.push(format!("nobody can be missing from it: {why}"));
        }
        lines.extend(matched::cut("entries that cannot be used", &self.unusable, limit));
        if self.entries.is_some() && self.clouds.is_empty() {
            lines.push("no enabled policy names it: `--cloud NAME` holds it against a cloud".to_owned());
        }
        for cloud in &self.clouds {
            lines.extend(cloud.lines(&self.matched_to, limit));
        }
        lines
    }
}
