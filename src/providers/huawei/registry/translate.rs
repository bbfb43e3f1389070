//! Rows of the registry into the model's values, strictly: what is not known
//! is an error, since a wrong reading of it could take access away.

use jiff::Timestamp;
use serde_json::Value;

use super::{address::Place, calls::read_row};
use crate::{
    model::{AccountShare, Caller, Level, Namespace, Permission, Reading, Repository},
    providers::{huawei::wire::swr, interner::Interner},
};

pub fn level(auth: i64) -> Option<Level> {
    match auth {
        7 => Some(Level::Manage),
        3 => Some(Level::Write),
        1 => Some(Level::Read),
        _ => None,
    }
}

/// A namespace whose permissions nobody asked for.
pub fn namespace(row: swr::Namespace) -> Result<Namespace, String> {
    if row.name.is_empty() {
        return Err("a namespace has an empty name".to_owned());
    }
    let own_level = level(row.auth);
    let own_level = own_level.ok_or_else(|| {
        format!(
            "the daemon's own level {} in namespace {} is not known",
            row.auth, row.name
        )
    })?;
    Ok(Namespace {
        name: row.name.into(),
        own_level,
        permissions: Reading::NotRead,
    })
}

/// A repository none of whose lists were asked for, with the name of the
/// account that owns it, which may be empty.
pub fn repository(row: Value, ids: &mut Interner) -> Result<(Repository, String), String> {
    let row: swr::Repository = read_row(row)?;
    let place = Place {
        namespace: &row.namespace,
        name: &row.name,
    };
    let id = place.id();
    // A name that no path can hold leads to another repository, or nowhere.
    let path = place.permissions_path();
    path.map_err(|failure| format!("repository {id}: {failure}"))?;
    let moment = |text: &str| -> Result<Timestamp, String> {
        let moment = text.parse();
        moment.map_err(|_| format!("repository {id} has a time that is none: {text:?}"))
    };
    let repository = Repository {
        namespace: ids.id(&row.namespace),
        public: row.is_public,
        created_at: moment(&row.created_at)?,
        updated_at: moment(&row.updated_at)?,
        permissions: Reading::NotRead,
        shares: Reading::NotRead,
        id,
        name: row.name,
    };
    Ok((repository, row.domain_name))
}

/// Everybody's permissions, their holders not yet asked about. Some clouds list
/// the caller among the others: what decides keeps it, and says so.
pub fn permissions(
    access: swr::Access,
    caller: &Caller,
    ids: &mut Interner,
) -> Result<Vec<Permission>, String> {
    let own = access.self_auth.map(|row| row.user_id).unwrap_or_default();
    // The row to leave alone is known by the caller's id alone, so there must
    // be no doubt about who that is.
    if !own.is_empty() && own != caller.user.as_str() {
        return Err(format!(
            "the registry takes the daemon for user {own}, and IAM for {:?}",
            caller.user
        ));
    }
    if caller.user.as_str().is_empty() {
        return Err("it is not known which user the daemon itself is".to_owned());
    }
    let mut permissions: Vec<Permission> = Vec::new();
    for row in access.others_auths.unwrap_or_default() {
        if row.user_id.is_empty() {
            return Err("a permission has an empty user id".to_owned());
        }
        let level = level(row.auth);
        let level = level.ok_or_else(|| format!("user {} has an unknown level {}", row.user_id, row.auth))?;
        let user = ids.id(&row.user_id);
        if permissions.iter().any(|permission| permission.user == user) {
            return Err(format!("user {user} is listed twice"));
        }
        permissions.push(Permission {
            user,
            user_name: row.user_name,
            level,
            holder: None,
        });
    }
    Ok(permissions)
}

/// Every account's share, or the first that cannot be told from another.
pub fn shares(rows: Vec<swr::AccessDomain>, ids: &mut Interner) -> Result<Vec<AccountShare>, String> {
    let mut shares: Vec<AccountShare> = Vec::with_capacity(rows.len());
    for row in rows {
        let share = share(row, ids)?;
        if shares.iter().any(|other| other.account == share.account) {
            return Err(format!("account {} is listed twice", share.account));
        }
        shares.push(share);
    }
    Ok(shares)
}

pub fn share(row: swr::AccessDomain, ids: &mut Interner) -> Result<AccountShare, String> {
    if row.access_domain.is_empty() {
        return Err("a share has no account".to_owned());
    }
    Ok(AccountShare {
        account: ids.id(&row.access_domain),
        // `forever`, or words of another kind: nothing to act on either way.
        deadline: told(&row.deadline),
        expired: row.status == Some(false),
        created_at: told(&row.created),
        updated_at: told(&row.updated),
    })
}

/// A time that was never set is written as the first of the year 1, or of 1970,
/// by many services: that would be the oldest share, and long over.
fn told(text: &str) -> Option<Timestamp> {
    let moment: Option<Timestamp> = text.parse().ok();
    moment.filter(|moment| *moment > Timestamp::UNIX_EPOCH)
}

/// Whether a repository is the caller's account's, as far as the names tell.
pub fn is_own(account_name: &str, caller: &Caller) -> bool {
    account_name.is_empty() || caller.account_name.is_empty() || account_name == caller.account_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_were_never_set_are_not_told() {
        for unset in [
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "0001-01-01T00:00:00.000Z",
            "forever",
            "",
        ] {
            let row = serde_json::json!({
                "namespace": "team", "repository": "api", "access_domain": "partner",
                "deadline": unset, "created": unset, "updated": unset,
            });
            let share = share(read_row(row).unwrap(), &mut Interner::default()).unwrap();
            let times = (share.deadline, share.created_at, share.updated_at);
            assert_eq!(times, (None, None, None), "{unset:?}");
        }
    }
}
