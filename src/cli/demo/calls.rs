//! The calls that removed something, as the simulated clouds counted them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    cli::simulate::clouds::Clouds,
    simulator::{CallKind, LoggedRequest},
};

/// All calls of one kind to one cloud.
#[derive(Debug, Default, Serialize)]
pub struct Calls {
    pub cloud: &'static str,
    /// What one of them removes.
    pub removes: &'static str,
    pub calls: usize,
    /// That they named, in all.
    pub targets: usize,
    /// That were refused, or cut off.
    pub failed: usize,
}

/// What a call removes, in the words of people.
pub const SHARES_AT_ONCE: &str = "many shares of images at once";

pub fn of(clouds: &Clouds) -> Vec<Calls> {
    let mut all: BTreeMap<(&str, &str), Calls> = BTreeMap::new();
    for served in clouds.served() {
        for request in served.requests.all() {
            let Some(removes) = removes(&request) else {
                continue;
            };
            let calls = all.entry((served.name, removes)).or_insert_with(|| Calls {
                cloud: served.name,
                removes,
                ..Calls::default()
            });
            let call = &request.call;
            calls.calls += 1;
            calls.targets += call.resources.len() * call.subjects.len().max(1);
            let went_well = request.status.is_some_and(|status| (200..300).contains(&status));
            calls.failed += usize::from(!went_well);
        }
    }
    all.into_values().collect()
}

fn removes(request: &LoggedRequest) -> Option<&'static str> {
    let call = &request.call;
    let of_repository = call
        .resources
        .iter()
        .any(|resource| resource.as_str().contains('/'));
    match call.kind {
        CallKind::RemoveMember => Some("one share of an image"),
        CallKind::RemoveMembers => Some(SHARES_AT_ONCE),
        CallKind::DeleteImage => Some("an image"),
        CallKind::RemovePermissions if of_repository => Some("permissions of users on a repository"),
        CallKind::RemovePermissions => Some("permissions of users on a namespace"),
        CallKind::RemoveAccountShare => Some("another account's share of a repository"),
        _ => None,
    }
}
