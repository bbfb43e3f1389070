//! Alerts, their tests, their runbooks, the dashboard and the metrics speak of
//! the same things.

use std::{collections::BTreeSet, fs, path::Path};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn alerts() -> BTreeSet<String> {
    let rules = read("dashboards/revokd.rules.yml");
    let named = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    named.map(str::to_owned).collect()
}

/// Words that look like a metric of the daemon, without what histograms add.
fn metrics_named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
    let metrics = words.filter(|word| word.starts_with("revokd_"));
    let base = |word: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        let cut = suffixes.iter().find_map(|suffix| word.strip_suffix(suffix));
        cut.unwrap_or(word).to_owned()
    };
    metrics.map(base).collect()
}

#[test]
fn rules_and_dashboard_name_only_metrics_that_exist() {
    let known: BTreeSet<String> = revokd::metrics::Metrics::describe()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for file in [
        "dashboards/revokd.rules.yml",
        "dashboards/revokd.rules_test.yml",
        "dashboards/revokd.json",
    ] {
        let named = metrics_named(&read(file));
        assert!(named.len() > 5, "{file} names {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names what is not there: {unknown:?}");
    }
}

#[test]
fn every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let tests = read("dashboards/revokd.rules_test.yml");
    for alert in alerts() {
        assert!(
            tests.contains(&format!("alertname: {alert}, exp_alerts: []}}")),
            "{alert} is never quiet"
        );
        assert!(
            tests.contains(&format!("alertname: {alert}\n        exp_alerts:\n")),
            "{alert} never fires"
        );
    }
}

#[test]
fn every_alert_leads_to_its_runbook_and_there_is_no_other() {
    let rules = read("dashboards/revokd.rules.yml");
    let page = read("docs/operations.md");
    let (_, runbooks) = page.split_once("\n## Runbooks\n").expect("the runbooks");
    let headings: BTreeSet<String> = runbooks
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(str::to_owned)
        .collect();
    assert_eq!(headings, alerts());
    for alert in alerts() {
        let link = format!(
            "runbook_url: /usr/share/doc/revokd/docs/operations.md#{}\n",
            alert.to_lowercase()
        );
        assert!(rules.contains(&link), "{alert} does not lead to its runbook");
    }
}
