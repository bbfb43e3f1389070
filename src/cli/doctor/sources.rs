//! Each list of people that enabled policies name: read once, and held against
//! its demands.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{finding::Finding, refusals::Refusals};
use crate::{
    cli::{output, sources},
    config::{
        login::Login,
        people::{List, Source},
        types::Config,
    },
    daemon::{clock::Clock, context::Cloud},
    model::{CloudName, SourceRecord},
};

/// `usable` are the clouds whose login worked: nobody tries another one again.
/// The lists are read one after the other, so that a refusal is known to the
/// next.
pub async fn findings(
    config: &Config,
    records: &[SourceRecord],
    usable: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refusals = Refusals::default();
    for (name, source) in &config.sources {
        let users = sources::idle_policies(config, name);
        if users.is_empty() {
            continue;
        }
        if let List::Keystone(keystone) = &source.list
            && !usable.contains_key(&keystone.cloud)
        {
            let why = format!(
                "it is made of the users of cloud {}, whose login does not work",
                keystone.cloud
            );
            findings.push(Finding::not_checked(name.as_str(), why, "mend the cloud first"));
            continue;
        }
        let login = Login::of_list(&source.list);
        let again = format!("revokd sources test {name}");
        let refused = login
            .as_ref()
            .and_then(|login| refusals.instead_of(login, name.as_str(), &again));
        if let Some(finding) = refused {
            findings.push(finding);
            continue;
        }
        let by_absence = users
            .iter()
            .any(|policy| policy.matcher.subject_not_in.contains(name));
        let record = records.iter().find(|record| record.source == *name);
        let baseline = record.and_then(|record| record.baseline);
        let read = sources::read(source, usable, baseline, clock).await;
        if let Some(login) = login.filter(|_| read.is_refused) {
            refusals.note(login, format!("source {name}"));
        }
        findings.push(judged(source, &read, by_absence));
    }
    findings
}

/// Clouds that a list of people is made of.
pub fn clouds_listed(config: &Config) -> BTreeSet<&CloudName> {
    let used = |source: &&Source| !sources::idle_policies(config, &source.name).is_empty();
    let lists = config.sources.values().filter(used).map(|source| &source.list);
    lists
        .filter_map(|list| match list {
            List::Keystone(keystone) => Some(&keystone.cloud),
            _ => None,
        })
        .collect()
}

fn judged(source: &Source, read: &sources::Read, by_absence: bool) -> Finding {
    let name = source.name.as_str();
    let roll = match &read.roll {
        Ok(roll) => roll,
        Err(why) => {
            let mend = format!("correct [source.{name}] or the server, then: revokd sources test {name}");
            return Finding::problem(name, format!("not read: {why}"), mend);
        }
    };
    let entries = output::count(roll.entries.len() as u64, "entry", "entries");
    let mend = format!("see what the list holds: revokd sources test {name}");
    let proven = match &read.proven {
        Ok(proven) => proven,
        Err(why) => return Finding::problem(name, format!("{entries}, not proven: {why}"), mend),
    };
    if by_absence && let Err(why) = proven.for_absence() {
        let seen = format!("{entries}, and nobody can be missing from it: {why}");
        return Finding::problem(name, seen, mend);
    }
    let unusable = roll
        .entries
        .iter()
        .filter(|entry| entry.problem.is_some())
        .count();
    if unusable > 0 {
        let seen = format!("{entries}, proven; {unusable} of them cannot be used");
        return Finding::warning(name, seen, mend);
    }
    Finding::ok(name, format!("{entries}, proven"))
}
