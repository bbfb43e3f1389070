//! `…/access-domains`: the accounts that a repository is shared with.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    Context, Doing, Problem, done,
    problems::{invalid, refused},
    rows::nanoseconds,
};
use crate::{
    model::Id,
    providers::huawei::{
        simulated::answers,
        wire::swr::{AccessDomain, NewAccessDomain},
    },
    simulator::registry::{Creator, RegistryRefusal, ShareRecord},
};

const FOREVER: &str = "forever";

/// The oldest ones; those beyond the limit are out of reach.
pub(super) fn list(context: &Context<'_>, repository: (&str, &str)) -> Result<Response, Problem> {
    let world = context.shared.world();
    let shares = world.list_shares(&context.actor, repository.0, repository.1);
    let shares = shares.map_err(problem)?;
    let shown = shares.iter().take(context.options().listed_shares_max);
    let now = context.shared.now();
    let rows: Vec<AccessDomain> = shown.map(|share| wire_share(repository, share, now)).collect();
    Ok(answers::json(200, &rows))
}

pub(super) fn show(
    context: &Context<'_>,
    repository: (&str, &str),
    account: &str,
) -> Result<Response, Problem> {
    let world = context.shared.world();
    let shares = world.list_shares(&context.actor, repository.0, repository.1);
    let mut shares = shares.map_err(problem)?.iter();
    let share = shares.find(|share| share.account.as_str() == account);
    let share = share.ok_or_else(|| problem(RegistryRefusal::ShareNotFound))?;
    let mut row = json!(wire_share(repository, share, context.shared.now()));
    row["exist"] = true.into();
    Ok(answers::json(200, &row))
}

pub(super) fn create(context: &Context<'_>, repository: (&str, &str)) -> Result<Response, Problem> {
    let given = body(context)?;
    let account = given.access_domain.filter(|account| !account.is_empty());
    let now = context.shared.now();
    let share = ShareRecord {
        account: Id::from(account.ok_or_else(|| invalid("access_domain is missing"))?),
        deadline: deadline(&given.deadline)?,
        description: given.description,
        creator: Creator {
            user: context.actor.user.clone(),
            name: context.actor.user_name.clone(),
        },
        created_at: now,
        updated_at: now,
    };
    let mut world = context.shared.world();
    world
        .share_as(&context.actor, repository, share)
        .map_err(problem)?;
    Ok(done(201))
}

pub(super) fn change(
    context: &Context<'_>,
    repository: (&str, &str),
    account: &str,
) -> Result<Response, Problem> {
    let given = body(context)?;
    let deadline = deadline(&given.deadline)?;
    let now = context.shared.now();
    let mut world = context.shared.world();
    let changed = world.change_share(&context.actor, repository, account, |share| {
        share.deadline = deadline;
        share.description = given.description;
        share.updated_at = now;
    });
    changed.map_err(problem)?;
    Ok(done(201))
}

pub(super) fn delete(
    context: &Context<'_>,
    repository: (&str, &str),
    account: &str,
) -> Result<Response, Problem> {
    let now = context.shared.now();
    let mut world = context.shared.world();
    let ended = world.end_share(&context.actor, repository, account, now);
    ended.map_err(problem)?;
    Ok(done(204))
}

fn body(context: &Context<'_>) -> Result<NewAccessDomain, Problem> {
    let given: NewAccessDomain = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body needs permit and deadline"))?;
    if given.permit != "read" {
        return Err(invalid("permit is read"));
    }
    Ok(given)
}

fn deadline(text: &str) -> Result<Option<Timestamp>, Problem> {
    if text == FOREVER {
        return Ok(None);
    }
    let at: Result<Timestamp, _> = text.parse();
    at.map(Some)
        .map_err(|_| invalid("deadline is a time or the word forever"))
}

fn wire_share((namespace, name): (&str, &str), share: &ShareRecord, now: Timestamp) -> AccessDomain {
    AccessDomain {
        namespace: namespace.to_string(),
        repository: name.to_string(),
        access_domain: share.account.to_string(),
        permit: "read".to_string(),
        deadline: share.deadline.map_or_else(|| FOREVER.to_string(), milliseconds),
        description: share.description.clone(),
        creator_id: share.creator.user.to_string(),
        creator_name: share.creator.name.clone(),
        created: nanoseconds(share.created_at),
        updated: nanoseconds(share.updated_at),
        status: Some(share.is_valid(now)),
    }
}

fn milliseconds(at: Timestamp) -> String {
    let utc = at.to_zoned(TimeZone::UTC);
    utc.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn problem(refusal: RegistryRefusal) -> Problem {
    refused(Doing::Share, refusal)
}
