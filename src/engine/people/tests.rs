//! What lists say of the targets of a policy.

mod deciding;
mod proving;
mod random;

use std::sync::Arc;

use super::*;
use crate::{
    engine::{
        evaluate::{Evaluation, evaluate},
        policy::{Match, Policy, Protection},
        sample::{self, at},
    },
    model::{
        Entry, Holder, Inventory, Kind, Level, Moment, Permission, Roll, Standing, User, UserKey, UserState,
    },
};

pub(super) const NOW: &str = "2026-06-01T00:00:00Z";

pub(crate) fn entry(key: &str) -> Entry {
    Entry {
        place: format!("entry of {key}"),
        keys: vec![key.to_owned()],
        standing: Standing::Listed,
        leaves: None,
        returns: None,
        projects: vec![],
        accounts: vec![],
        problem: None,
    }
}

pub(crate) fn roll(entries: Vec<Entry>) -> Roll {
    Roll {
        source: "list".into(),
        version: "v1".into(),
        read_at: at("2026-05-31T23:00:00Z"),
        as_of: at("2026-05-31T22:00:00Z"),
        to: UserKey::Name,
        entries,
        deleted_on: None,
    }
}

fn whole() -> Demands {
    Demands {
        min_entries: Some(1),
        max_age: Some(crate::engine::policy::Age {
            least: jiff::SignedDuration::from_hours(26),
            written: "26h".into(),
        }),
        max_shrink_percent: Some(30.0),
        max_unusable: 0,
    }
}

/// Of a user who is called so now, and was always.
fn held_by(id: &str, name: &str) -> Permission {
    Permission {
        user_name: name.into(),
        holder: Some(Holder {
            state: UserState::Enabled,
            account_owner: false,
            name: name.into(),
        }),
        ..sample::permission(id, Level::Write)
    }
}

fn registry(permissions: Vec<Permission>) -> Inventory {
    sample::registry(vec![], vec![sample::repository("team/api", permissions)])
}

fn user(id: &str, name: &str, email: Option<&str>) -> User {
    User {
        id: id.into(),
        name: name.into(),
        email: email.map(Into::into),
        attributes: Default::default(),
        state: UserState::Enabled,
        last_seen: None,
    }
}

fn policy(subject_in: &[&str], subject_not_in: &[&str]) -> Policy {
    let names = |names: &[&str]| names.iter().map(|name| SourceName::from(*name)).collect();
    let matcher = Match {
        subject_in: names(subject_in),
        subject_not_in: names(subject_not_in),
        ..Match::default()
    };
    sample::policy(Kind::RepositoryPermission, matcher)
}

fn lists(roll: Roll) -> Lists {
    let name = roll.source.clone();
    Lists::of([(name, prove(Arc::new(roll), &whole(), None, at(NOW)))])
}

fn judge(policy: &Policy, inventory: &Inventory, lists: &Lists) -> Evaluation {
    evaluate(policy, inventory, &Protection::default(), lists, at(NOW))
}

fn subjects(evaluation: &Evaluation) -> Vec<&str> {
    let revocations = evaluation.revocations.iter();
    let subjects =
        revocations.map(|revocation| revocation.target.subject.as_ref().expect("a grant").as_str());
    subjects.collect()
}

/// Who goes by a list of leavers, and by the same list as a roster.
fn go(roll: Roll, inventory: &Inventory) -> (Vec<String>, Vec<String>) {
    let lists = lists(roll);
    let owned = |policy: Policy| {
        let evaluation = judge(&policy, inventory, &lists);
        subjects(&evaluation).into_iter().map(str::to_owned).collect()
    };
    (owned(policy(&["list"], &[])), owned(policy(&[], &["list"])))
}
