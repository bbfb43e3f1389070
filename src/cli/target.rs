//! A decided target in the cells of a table: the names that people know beside
//! the ids that the clouds know.

use super::output::moment;
use crate::model::{ListedIn, Revocation};

/// What is reached.
pub fn resource(revocation: &Revocation) -> String {
    named(
        &revocation.evidence.resource_name,
        revocation.target.resource.as_str(),
    )
}

/// Who loses access.
pub fn subject(revocation: &Revocation) -> String {
    match &revocation.target.subject {
        Some(subject) => named(&revocation.evidence.subject_name, subject.as_str()),
        None => "(the image itself)".to_owned(),
    }
}

/// Why it goes, and by what the subject gets in all the same.
pub fn because(revocation: &Revocation) -> String {
    let still = revocation.evidence.still_reachable.iter();
    let still = still.map(|way| format!("still reachable through: {way}"));
    let lists = revocation.evidence.listed_in.iter().map(list);
    let first = [revocation.evidence.reason()].into_iter();
    let lines: Vec<String> = first.chain(lists).chain(still).collect();
    lines.join("\n")
}

/// Which read of a list it was; the reason says where the person stands there.
fn list(listed: &ListedIn) -> String {
    let version = short(&listed.version);
    format!("{} of {}, version {version}", listed.source, moment(listed.as_of))
}

/// As much of a version as people compare.
pub fn short(version: &str) -> String {
    const SHOWN: usize = 12;
    match version.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &version[..end]),
        None => version.to_owned(),
    }
}

fn named(name: &str, id: &str) -> String {
    match name.is_empty() || name == id {
        true => id.to_owned(),
        false => format!("{name}\n{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Comparison, Evidence, Id, Kind, PolicyName, Target};

    fn revocation(kind: Kind, subject: Option<&str>, subject_name: &str) -> Revocation {
        let now: jiff::Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
        Revocation {
            target: Target {
                cloud: "otc".into(),
                kind,
                resource: Id::from("team/api"),
                subject: subject.map(Id::from),
            },
            due_since: now,
            evidence: Evidence {
                policy: PolicyName::from("p"),
                policy_digest: String::new(),
                observed_at: now,
                resource_name: "team/api".into(),
                subject_name: subject_name.into(),
                owner: Id::from("acct"),
                endpoint: String::new(),
                granted_at: None,
                grant_version: String::new(),
                compared: vec![Comparison {
                    key: "user.state".into(),
                    required: "disabled".into(),
                    observed: "disabled".into(),
                }],
                still_reachable: vec!["write permission on namespace team".into()],
                listed_in: vec![],
            },
        }
    }

    #[test]
    fn a_name_stands_beside_its_id_and_an_id_alone_stands_once() {
        let of = |subject, name| revocation(Kind::RepositoryPermission, subject, name);
        assert_eq!(subject(&of(Some("9c61"), "build-bot")), "build-bot\n9c61");
        assert_eq!(subject(&of(Some("9c61"), "")), "9c61");
        assert_eq!(subject(&revocation(Kind::Image, None, "")), "(the image itself)");
        assert_eq!(resource(&of(Some("9c61"), "")), "team/api");
    }

    #[test]
    fn the_read_of_the_list_is_told_with_the_reason() {
        let mut listed = revocation(Kind::RepositoryPermission, Some("9c61"), "");
        listed.evidence.still_reachable.clear();
        listed.evidence.listed_in = vec![ListedIn {
            source: "leavers".into(),
            version: "0123456789abcdef".into(),
            as_of: "2026-11-21T06:00:00Z".parse().expect("a time"),
            place: Some("line 12".into()),
            since: "2026-11-20T23:00:00Z".parse().expect("a time"),
        }];
        let text = because(&listed);
        let (_, told) = text.split_once('\n').expect("two lines");
        assert_eq!(told, "leavers of 2026-11-21 06:00:00Z, version 0123456789ab…");
    }

    #[test]
    fn the_ways_that_stay_are_told_with_the_reason() {
        let text = because(&revocation(Kind::RepositoryPermission, Some("9c61"), ""));
        assert_eq!(
            text,
            "user.state disabled (disabled)\nstill reachable through: write permission on namespace team"
        );
    }
}
