//! The calls that remove permissions and shares, each made once.

use reqwest::Method;

use super::{
    USERS_PER_CALL,
    address::{self, Place},
};
use crate::{
    model::{Batch, Failure, FailureClass, Id, Kind, Outcome},
    providers::{
        calls::Operation,
        huawei::{
            api::{Api, Ask, Refusal, Service},
            wire::swr::UserIds,
        },
    },
};

pub async fn revoke(api: &Api, batch: &Batch) -> Outcome {
    let ask = match ask(batch) {
        Ok(ask) => ask,
        Err(failure) => return Outcome::Failed(failure),
    };
    let is_several = batch.subjects.len() > 1;
    match api.send(&ask).await {
        Ok(_) => Outcome::Accepted,
        // Which of them it is about is not said, nor what became of the others.
        Err(Refusal::NotThere(failure) | Refusal::WrongId(failure)) if is_several => {
            Outcome::Poisoned(failure)
        }
        // One id that the registry does not like may be what it refuses; alone,
        // each user gets an answer of its own.
        Err(Refusal::Failed(failure)) if is_several && is_about_some(failure.class) => {
            Outcome::Poisoned(failure)
        }
        Err(Refusal::NotThere(_)) => Outcome::NotThere,
        Err(Refusal::WrongId(failure) | Refusal::Failed(failure)) => Outcome::Failed(failure),
    }
}

fn is_about_some(class: FailureClass) -> bool {
    matches!(class, FailureClass::Refused | FailureClass::Conflict)
}

fn ask(batch: &Batch) -> Result<Ask<'static>, Failure> {
    let (operation, path, json) = match (batch.kind, batch.resources.as_slice(), batch.subjects.as_slice()) {
        (Kind::NamespacePermission, [namespace], users) => {
            let path = address::namespace_permissions_path(namespace.as_str())?;
            (Operation::RemovePermissions, path, Some(user_ids(batch, users)?))
        }
        (Kind::RepositoryPermission, [repository], users) => {
            let path = Place::of(repository)?.permissions_path()?;
            (Operation::RemovePermissions, path, Some(user_ids(batch, users)?))
        }
        (Kind::RepositoryShare, [repository], [account]) => {
            let path = Place::of(repository)?.share_path(account.as_str())?;
            (Operation::RemoveAccountShare, path, None)
        }
        _ => return Err(no_call(batch)),
    };
    Ok(Ask {
        operation,
        method: Method::DELETE,
        service: Service::Registry,
        path,
        query: Vec::new(),
        json,
    })
}

/// What an empty list removes is written nowhere, so it is never sent.
fn user_ids(batch: &Batch, users: &[Id]) -> Result<Vec<u8>, Failure> {
    let is_sendable = (1..=USERS_PER_CALL).contains(&users.len());
    if !is_sendable || users.iter().any(|user| user.as_str().is_empty()) {
        return Err(no_call(batch));
    }
    let ids: UserIds = users.iter().map(|user| user.as_str().to_owned()).collect();
    Ok(serde_json::to_vec(&ids).expect("strings are always JSON"))
}

fn no_call(batch: &Batch) -> Failure {
    let detail = format!("the registry has no call that removes {batch}");
    Failure::new(FailureClass::Refused, detail)
}
