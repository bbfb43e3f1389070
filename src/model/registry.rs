//! Container repositories and who may reach them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, words::closed_words};

/// A namespace ("organisation"), which holds repositories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    pub name: Id,
    /// What the daemon itself may do there; less than `manage` removes nothing.
    pub own_level: Level,
    /// A permission here covers every repository of the namespace.
    pub permissions: Reading<Vec<Permission>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// `NAMESPACE/NAME`, which is unique within an account: a namespace holds
    /// no slash.
    pub id: Id,
    pub namespace: Id,
    /// May hold slashes: `team/sub/api`.
    pub name: String,
    /// Anybody can pull from it.
    pub public: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub permissions: Reading<Vec<Permission>>,
    pub shares: Reading<Vec<AccountShare>>,
}

/// What is known of a list that costs a call of its own.
///
/// An empty list that was read and a list that was not read are different
/// things; nothing may take the second for the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    /// Nobody asked for it in this collection.
    NotRead,
    /// The call failed; the collection has a gap for it.
    Unreadable,
    Read(T),
}

/// One user's permission on a namespace or a repository. No cloud tells when
/// it was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    pub user: Id,
    /// As the permission list writes it; the user may have another name by now.
    pub user_name: String,
    pub level: Level,
    /// `None` where the identity service could not tell: such a permission is
    /// never removed, because it may be the account owner's.
    pub holder: Option<Holder>,
}

/// What the identity service says of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub state: UserState,
    /// The root user of the account, who must never be locked out.
    pub account_owner: bool,
    /// The user's name as it is now; empty where it is not told.
    #[serde(default)]
    pub name: String,
}

impl Permission {
    /// All names that the user is known by. Whoever granted the permission wrote
    /// the one in the list, so that what is kept by name is kept by any of them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let told = self.holder.as_ref().map(|holder| holder.name.as_str());
        let told = told.filter(|name| !name.is_empty());
        [self.user_name.as_str()].into_iter().chain(told)
    }
}

/// Another account's access to a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountShare {
    /// The account's name.
    pub account: Id,
    /// `None`: for ever, or not readable as a time.
    pub deadline: Option<Timestamp>,
    /// The cloud itself calls it expired.
    pub expired: bool,
    /// `None` where the cloud does not say.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

impl AccountShare {
    /// From when on the share is over: the deadline, once there is no doubt.
    ///
    /// Clouds write a day as its midnight, and count the day itself as good; so
    /// there is a day of slack, unless the cloud itself says that it expired.
    pub fn over_since(&self, now: Timestamp) -> Option<Timestamp> {
        const SLACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
        let deadline = self.deadline?;
        let passed = now.duration_since(deadline);
        let over = !passed.is_negative() && (self.expired || passed >= SLACK);
        over.then_some(deadline)
    }
}

closed_words! {
    /// What a permission allows, from the least to the most.
    Level { Read = "read", Write = "write", Manage = "manage" }
}
closed_words! {
    UserState {
        Enabled = "enabled",
        Disabled = "disabled",
        /// Confirmed: in no list of users, and not there by its id either.
        Deleted = "deleted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_over_once_the_cloud_says_so_or_a_day_has_passed() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let share = |deadline: Option<&str>, expired| AccountShare {
            account: Id::from("partner"),
            deadline: deadline.map(at),
            expired,
            created_at: None,
            updated_at: None,
        };
        let deadline = Some("2026-03-01T00:00:00Z");
        let over = |share: AccountShare, now: &str| share.over_since(at(now)).is_some();
        assert!(
            !over(share(deadline, false), "2026-03-01T23:59:59Z"),
            "the day itself is good"
        );
        assert!(over(share(deadline, false), "2026-03-02T00:00:00Z"));
        assert!(over(share(deadline, true), "2026-03-01T00:00:00Z"));
        assert!(
            !over(share(deadline, true), "2026-02-28T23:59:59Z"),
            "the cloud contradicts itself"
        );
        assert!(!over(share(None, true), "2026-03-02T00:00:00Z"), "for ever");
    }
}
