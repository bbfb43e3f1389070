//! `revokd sources list`: what is on record of each source.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{how, idle_policies, not_proven, records, type_of};
use crate::{
    cli::{
        Exit, Output,
        output::{self, moment, moment_or_dash, print_json, print_line},
    },
    config::{people::Source, types::Config},
    model::{Baseline, SourceRecord},
};

/// One source as the listing shows it; the keys are stable.
#[derive(Serialize)]
struct Row {
    name: String,
    r#type: &'static str,
    /// Of the last whole read, good or not.
    entries: Option<u64>,
    version: Option<String>,
    as_of: Option<Timestamp>,
    tried_at: Option<Timestamp>,
    last_good: Option<Timestamp>,
    baseline: Option<Baseline>,
    proven: bool,
    /// Why it is not proven.
    problem: Option<String>,
    policies: Vec<User>,
    sample: Vec<String>,
}

/// A policy that names the source.
#[derive(Serialize)]
struct User {
    policy: String,
    how: &'static str,
    enabled: bool,
}

pub async fn main(config: &Config, output: Output) -> anyhow::Result<Exit> {
    let records = records(config).await?;
    let rows: Vec<Row> = config
        .sources
        .values()
        .map(|source| Row::of(config, source, records.get(&source.name)))
        .collect();
    match output {
        Output::Json => print_json(&serde_json::json!({ "sources": rows }))?,
        Output::Table => lines(&rows, Timestamp::now())
            .iter()
            .try_for_each(|line| print_line(line))?,
    }
    let stops_a_policy = |source: &Source| {
        not_proven(records.get(&source.name)).is_some() && !idle_policies(config, &source.name).is_empty()
    };
    Ok(match config.sources.values().any(stops_a_policy) {
        true => Exit::Failed,
        false => Exit::Done,
    })
}

impl Row {
    fn of(config: &Config, source: &Source, record: Option<&SourceRecord>) -> Row {
        let users = config.policies.iter().filter_map(|policy| {
            Some(User {
                policy: policy.name.to_string(),
                how: how(policy, &source.name)?,
                enabled: policy.enabled,
            })
        });
        let problem = not_proven(record);
        Row {
            name: source.name.to_string(),
            r#type: type_of(source),
            entries: record.and_then(|record| record.entries),
            version: record.and_then(|record| record.version.clone()),
            as_of: record.and_then(|record| record.as_of),
            tried_at: record.map(|record| record.tried_at),
            last_good: record.and_then(|record| record.last_good),
            baseline: record.and_then(|record| record.baseline),
            proven: problem.is_none(),
            problem,
            policies: users.collect(),
            sample: record.map(|record| record.sample.clone()).unwrap_or_default(),
        }
    }

    fn proof(&self) -> &'static str {
        match (self.proven, self.tried_at) {
            (true, _) => "met",
            (false, Some(_)) => "not met",
            (false, None) => "never read",
        }
    }

    /// What does not fit a cell.
    fn details(&self) -> Vec<String> {
        let name = &self.name;
        let mut lines = Vec::new();
        match (&self.problem, self.tried_at) {
            (None, _) => {}
            (Some(_), None) => lines.push(format!(
                "{name}: not read yet; `revokd sources test {name}` reads it now"
            )),
            (Some(why), Some(at)) => lines.push(format!("{name}: {why} (at {})", moment(at))),
        }
        for user in &self.policies {
            let disabled = if user.enabled { "" } else { " (disabled)" };
            let takes = match user.how {
                "in" => "takes who is in it",
                "not in" => "takes who is not in it",
                _ => "takes who is in it, of those who are not in it",
            };
            lines.push(format!("{name}: policy {}{disabled} {takes}", user.policy));
        }
        if self.policies.is_empty() {
            lines.push(format!("{name}: no policy names it"));
        }
        if !self.sample.is_empty() {
            lines.push(format!("{name}: for example {}", self.sample.join("; ")));
        }
        lines
    }
}

fn lines(rows: &[Row], now: Timestamp) -> Vec<String> {
    if rows.is_empty() {
        return vec!["the configuration has no sources".to_owned()];
    }
    let cells = rows.iter().map(|row| {
        [
            row.name.clone(),
            row.r#type.to_owned(),
            row.entries
                .map_or_else(|| "-".to_owned(), |entries| entries.to_string()),
            row.as_of
                .map_or_else(|| "-".to_owned(), |made| age(now.duration_since(made))),
            moment_or_dash(row.last_good),
            row.proof().to_owned(),
        ]
    });
    let head = [
        "source",
        "type",
        "entries",
        "list made",
        "last good read",
        "proof",
    ];
    let mut lines = vec![output::table(head, cells)];
    lines.extend(rows.iter().flat_map(Row::details));
    lines
}

/// To the largest unit and the next: nobody needs the seconds of days.
pub fn age(age: SignedDuration) -> String {
    let minutes = age.as_mins();
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes}min ago"),
        60..2880 => format!("{}h {}min ago", minutes / 60, minutes % 60),
        _ => format!("{}d {}h ago", minutes / 1440, minutes % 1440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sample::at;

    fn row() -> Row {
        Row {
            name: "staff".into(),
            r#type: "csv",
            entries: Some(12),
            version: Some("v".into()),
            as_of: Some(at("2026-06-01T00:00:00Z")),
            tried_at: Some(at("2026-06-01T02:00:00Z")),
            last_good: None,
            baseline: None,
            proven: false,
            problem: Some("12 entries, but min_entries is 100".into()),
            policies: vec![User {
                policy: "leavers-x".into(),
                how: "not in",
                enabled: true,
            }],
            sample: vec!["ann (listed)".into()],
        }
    }

    #[test]
    fn a_source_is_shown_with_the_figure_that_failed_and_who_uses_it() {
        let text = lines(&[row()], at("2026-06-01T02:05:00Z")).join("\n");
        for told in [
            "2h 5min ago",
            "not met",
            "staff: 12 entries, but min_entries is 100 (at 2026-06-01 02:00:00Z)",
            "staff: policy leavers-x takes who is not in it",
            "staff: for example ann (listed)",
        ] {
            assert!(text.contains(told), "{told} in:\n{text}");
        }
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{text}");
    }

    #[test]
    fn a_source_that_was_never_read_names_the_command_that_reads_it() {
        let never = Row {
            tried_at: None,
            as_of: None,
            entries: None,
            ..row()
        };
        let text = lines(&[never], at("2026-06-01T02:05:00Z")).join("\n");
        assert!(text.contains("never read"), "{text}");
        assert!(
            text.contains("`revokd sources test staff` reads it now"),
            "{text}"
        );
    }

    #[test]
    fn the_keys_for_programs_are_these() {
        let told = serde_json::to_value(row()).expect("an object");
        let mut keys: Vec<&str> = told
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "as_of",
                "baseline",
                "entries",
                "last_good",
                "name",
                "policies",
                "problem",
                "proven",
                "sample",
                "tried_at",
                "type",
                "version"
            ]
        );
    }
}
