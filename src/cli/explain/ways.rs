//! All ways of people into the registries, in sentences and rows.

use crate::{
    cli::output::{self, moment},
    engine::reach::{Explanation, Person},
    model::CloudName,
};

pub fn sentence(cloud: &CloudName, person: &Person) -> String {
    let state = person.state.map_or(
        "the identity service did not tell the state".to_owned(),
        |state| state.to_string(),
    );
    let owner = match person.account_owner {
        Some(true) => "; owns the account: reaches everything, and is never revoked",
        _ => "",
    };
    format!(
        "user {} ({}) on cloud {cloud}: {state}{owner}",
        called(person),
        person.id
    )
}

/// Every name that a list writes: a user may have been renamed.
fn called(person: &Person) -> String {
    let names: Vec<&str> = person.names.iter().map(String::as_str).collect();
    names.join(", ")
}

/// One row for each way in: cloud, who, through, resource, level.
pub fn ways(explanation: &Explanation) -> Vec<[String; 5]> {
    let row = |who: &str, through: &str, resource: String, level: &str| {
        [explanation.cloud.as_str(), who, through, &resource, level].map(str::to_owned)
    };
    let mut rows = Vec::new();
    for person in &explanation.people {
        let who = format!("{}\n{}", called(person), person.id);
        rows.extend(person.namespaces.iter().map(|has| {
            let repositories = output::count(has.repositories, "repository", "repositories");
            let resource = format!("{}\n(all of it: {repositories})", has.namespace);
            row(&who, "permission on the namespace", resource, has.level.as_str())
        }));
        rows.extend(person.repositories.iter().map(|has| {
            let resource = has.repository.to_string();
            row(&who, "permission on the repository", resource, has.level.as_str())
        }));
    }
    let public = explanation.public.iter();
    rows.extend(public.map(|id| row("anyone", "the repository is public", id.to_string(), "read")));
    rows.extend(explanation.shared.iter().map(|share| {
        let until = match share.deadline {
            Some(deadline) if share.over => format!("its deadline is over: {}", moment(deadline)),
            Some(deadline) => format!("until {}", moment(deadline)),
            None => "without an end".to_owned(),
        };
        let who = format!("users of account {}", share.account);
        let through = format!("share with the account, {until}");
        let level = if share.over { "none" } else { "read" };
        row(&who, &through, share.repository.to_string(), level)
    }));
    rows
}
