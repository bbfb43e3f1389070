//! What lists say of the targets of a policy.

use std::sync::Arc;

use super::*;
use crate::{
    engine::sample::at,
    model::{Entry, Roll, Standing, UserKey},
};

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
        source: "leavers".into(),
        version: "v1".into(),
        read_at: at("2026-05-31T23:00:00Z"),
        as_of: at("2026-05-31T22:00:00Z"),
        to: UserKey::Name,
        entries,
        deleted_on: None,
    }
}
