//! Who holds permissions, as IAM knows them.
//!
//! Nobody is called deleted unless the whole list of users lacks them and their
//! id is not there either; nobody is known at all of whom it is not known
//! whether they own the account. What else IAM tells of them and of others
//! comes along.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use futures::{StreamExt, stream};

use super::{iam::Iam, people::detailed, wire::iam::UserDetailBody};
use crate::{
    model::{CloudName, Failure, FailureClass, Gap, Holder, Id, Scope, User, UserState},
    providers::users::state,
};

/// Up to so many are asked about one by one, without a list of all users.
const FEW: usize = 10;

/// After so many failures one after the other IAM is taken for gone; asking on
/// would wait out each call's time limits in turn.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// Remembers who owns the account, which never changes.
#[derive(Default)]
pub struct Owners(Mutex<HashMap<Id, bool>>);

/// What could be found out. `None`: nothing that could be relied on.
#[derive(Debug, Default, PartialEq)]
pub struct Holders {
    pub of: HashMap<Id, Option<Holder>>,
    /// Whom IAM told of on the way, each once: holders and others.
    pub users: Vec<User>,
    pub gaps: Vec<Gap>,
}

/// How much is to be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// What [`Holder`] says. Who is listed, and known not to own the account,
    /// is not asked about again.
    Standing,
    /// Everything about each, as it is now.
    Details,
    /// The same, among all users of the account.
    DetailsAmongAll,
}

/// What IAM says of one id.
enum Detail {
    Here(UserDetailBody),
    NotThere,
    /// Not asked: the list and the memory say it all.
    Spared,
    Failed(Failure),
}

impl Owners {
    /// Everybody of `ids`, with a gap for each that stays unknown.
    pub async fn holders(
        &self,
        iam: &Iam<'_>,
        cloud: &CloudName,
        ids: HashSet<Id>,
        thoroughness: Thoroughness,
    ) -> Holders {
        let gap = |scope, reason: String| Gap {
            cloud: cloud.clone(),
            scope,
            reason,
        };
        let mut list = match ids.len() {
            0 => return Holders::default(),
            count if count > FEW || thoroughness == Thoroughness::DetailsAmongAll => Some(iam.users().await),
            _ => None,
        };
        let spared = match (&list, thoroughness) {
            (Some(Ok(users)), Thoroughness::Standing) => self.remembered_of(users),
            _ => HashSet::new(),
        };
        let details = details(iam, ids, &spared).await;
        let any_missing = details
            .iter()
            .any(|(_, detail)| matches!(detail, Detail::NotThere));
        if list.is_none() && any_missing {
            list = Some(iam.users().await);
        }
        let mut found = Holders::default();
        let listed = match list {
            Some(Ok(users)) => Some(users),
            Some(Err(failure)) => {
                found.gaps.push(gap(Scope::Users, failure.detail));
                None
            }
            None => None,
        };
        let mut users = listed.clone().unwrap_or_default();
        for (id, detail) in details {
            if let Detail::Here(detail) = &detail {
                let user = detailed(users.get(&id), detail.clone());
                users.insert(id.clone(), user);
            }
            let holder = self.holder(&id, detail, listed.as_ref());
            let holder = holder.map_err(|reason| found.gaps.push(gap(Scope::User(id.clone()), reason)));
            found.of.insert(id, holder.ok());
        }
        found.users = users.into_values().collect();
        found.users.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    /// The error says why nothing is known, for people.
    fn holder(&self, id: &Id, detail: Detail, listed: Option<&HashMap<Id, User>>) -> Result<Holder, String> {
        let in_list = listed.and_then(|users| users.get(id));
        let (enabled, account_owner, name) = match detail {
            Detail::Failed(failure) => return Err(failure.detail),
            Detail::Spared => {
                let user = in_list.ok_or("neither asked about nor listed")?;
                (
                    user.state == UserState::Enabled,
                    self.remembered(id),
                    user.name.clone(),
                )
            }
            Detail::Here(user) => {
                if let Some(is_owner) = user.is_domain_owner {
                    self.remember(id, is_owner);
                }
                // Between the two the user was changed; nobody is called
                // disabled in doubt.
                let enabled =
                    user.enabled || in_list.is_some_and(|listed| listed.state == UserState::Enabled);
                (enabled, user.is_domain_owner, user.name)
            }
            Detail::NotThere => {
                return match (listed, in_list) {
                    (Some(_), None) => Ok(Holder {
                        state: UserState::Deleted,
                        account_owner: false,
                        name: String::new(),
                    }),
                    (Some(_), Some(_)) => Err("listed, but not there by its id".to_owned()),
                    (None, _) => Err("not there by its id, and the list of users says nothing".to_owned()),
                };
            }
        };
        let account_owner = account_owner.ok_or("it is not told whether this is the account's owner")?;
        Ok(Holder {
            state: state(enabled),
            account_owner,
            name,
        })
    }

    fn remembered(&self, id: &Id) -> Option<bool> {
        let owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(id).copied()
    }

    fn remembered_of(&self, users: &HashMap<Id, User>) -> HashSet<Id> {
        let known = users.keys().filter(|id| self.remembered(id).is_some());
        known.cloned().collect()
    }

    fn remember(&self, id: &Id, is_owner: bool) {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(id.clone(), is_owner);
    }
}

/// What IAM says of each by itself; about `spared` it is not asked.
async fn details(iam: &Iam<'_>, ids: HashSet<Id>, spared: &HashSet<Id>) -> Vec<(Id, Detail)> {
    let failures_in_a_row = AtomicU32::new(0);
    let detail = async |id: Id| {
        if spared.contains(&id) {
            return (id, Detail::Spared);
        }
        if failures_in_a_row.load(Ordering::Relaxed) >= MAX_FAILURES_IN_A_ROW {
            let why = "not asked: too many others failed before";
            let failure = Failure::new(FailureClass::Unavailable, why);
            return (id, Detail::Failed(failure));
        }
        let detail = match iam.user(&id).await {
            Ok(Some(user)) => Detail::Here(user),
            Ok(None) => Detail::NotThere,
            Err(failure) => {
                failures_in_a_row.fetch_add(1, Ordering::Relaxed);
                return (id, Detail::Failed(failure));
            }
        };
        failures_in_a_row.store(0, Ordering::Relaxed);
        (id, detail)
    };
    let calls = stream::iter(ids).map(detail);
    calls
        .buffer_unordered(iam.limits.concurrency.max(1))
        .collect()
        .await
}
