//! `revokd check`

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, Output, assemble,
    output::{self, print_json, print_line},
};
use crate::{engine::policy::Policy, model::Kind};

/// Read the configuration and all policies; show when each policy runs next
///
/// Every problem of every file is shown at once, with its place. Exits with 3
/// if there is one; the daemon would refuse the same files.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  revokd check\n  revokd check --output json\n  revokd --config new/revokd.toml check"
)]
pub struct Arguments {
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Serialize)]
struct Checked {
    problems: serde_json::Value,
    warnings: serde_json::Value,
    policies: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    description: String,
    enabled: bool,
    mode: String,
    /// The kinds as one text.
    resource: String,
    kinds: Vec<Kind>,
    clouds: Vec<String>,
    schedule: String,
    timezone: String,
    next: Vec<String>,
}

pub fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let (loaded, problems) = match assemble::load(config, now) {
        Ok(loaded) => (Some(loaded), None),
        Err(problems) => (None, Some(problems)),
    };
    let rows: Vec<Row> = loaded
        .iter()
        .flat_map(|loaded| &loaded.config.policies)
        .map(|policy| row(policy, now))
        .collect();
    let exit = if problems.is_some() {
        Exit::ConfigurationInvalid
    } else {
        Exit::Done
    };
    if arguments.output == Output::Json {
        print_json(&Checked {
            problems: problems
                .as_ref()
                .map_or_else(|| serde_json::json!([]), |problems| problems.to_json()),
            warnings: loaded
                .as_ref()
                .map_or_else(|| serde_json::json!([]), |loaded| loaded.warnings.to_json()),
            policies: rows,
        })?;
        return Ok(exit);
    }
    if let Some(problems) = problems {
        assemble::show(&problems);
        return Ok(exit);
    }
    if let Some(loaded) = &loaded {
        assemble::show_warnings(&loaded.warnings);
    }
    let cells = rows.iter().map(|row| {
        let state = if row.enabled {
            row.mode.clone()
        } else {
            "disabled".to_owned()
        };
        [
            row.name.clone(),
            state,
            row.resource.replace(", ", "\n"),
            row.clouds.join(" "),
            row.schedule.clone(),
            row.next.join("\n"),
        ]
    });
    print_line(&output::table(
        ["policy", "mode", "resource", "clouds", "schedule", "next runs"],
        cells,
    ))?;
    print_line(&format!(
        "{} and {} are good.",
        config.display(),
        output::count(rows.len() as u64, "policy", "policies")
    ))?;
    Ok(exit)
}

fn row(policy: &Policy, now: Timestamp) -> Row {
    let fires = std::iter::successors(policy.schedule.next_after(now), |fire| {
        policy.schedule.next_after(*fire)
    });
    let in_zone = |fire: Timestamp| {
        fire.to_zoned(policy.zone().clone())
            .strftime("%a %Y-%m-%d %H:%M:%S %Z")
            .to_string()
    };
    Row {
        name: policy.name.to_string(),
        description: policy.description.clone(),
        enabled: policy.enabled,
        mode: policy.mode.to_string(),
        resource: output::words(&policy.kinds),
        kinds: policy.kinds.clone(),
        clouds: policy.clouds.iter().map(ToString::to_string).collect(),
        schedule: policy.schedule.line().to_owned(),
        timezone: policy.zone().iana_name().unwrap_or("UTC").to_owned(),
        next: if policy.enabled {
            fires.take(3).map(in_zone).collect()
        } else {
            vec![]
        },
    }
}
