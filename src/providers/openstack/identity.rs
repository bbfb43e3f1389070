//! The users of the daemon's own domain, as Keystone lists them.
//!
//! Keystone lists users for administrators: a token for a project must carry
//! the role admin there, unless the cloud's policy for `identity:list_users`
//! says otherwise. Upstream never tells when a user was last seen.

use std::sync::Arc;

use reqwest::{Method, StatusCode};

use super::{
    api::{Api, Service},
    wire::UserList,
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id, User},
    providers::{
        address::query,
        calls::Operation,
        patience::Patience,
        users::{self, Pages},
    },
};

const MISSING_RIGHT: &str = "listing users takes the role admin in the daemon's project, or a policy of the \
     cloud that grants `identity:list_users` to the daemon's role";

/// The identity service of one cloud.
pub struct Identity {
    pub api: Arc<Api>,
    pub limits: CloudLimits,
    pub patience: Patience,
}

impl Identity {
    /// All users of the domain that the daemon's own user belongs to.
    ///
    /// # Errors
    /// Also where the list may not be whole, or is not this domain's.
    pub async fn users(&self) -> Result<Vec<User>, Failure> {
        let caller = self.patience.read(|| self.api.caller()).await?;
        if caller.account.as_str().is_empty() {
            let step = Operation::ListUsers.step();
            let detail = format!("{step}: the token does not tell which domain the daemon's user belongs to");
            return Err(Failure::new(FailureClass::Malformed, detail));
        }
        let domain = Domain {
            identity: self,
            id: &caller.account,
        };
        let mut rows = users::whole_list(&domain, &self.limits, Some(&caller.user)).await?;
        // A service that does not heed the filter lists other domains as well.
        rows.retain(|_, row| row.domain_id == caller.account.as_str());
        let mut users: Vec<User> = rows.into_values().map(users::user).collect();
        users.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(users)
    }

    async fn page(&self, domain: &Id, further: &[(String, String)]) -> Result<UserList, Failure> {
        let mut pairs = vec![("domain_id", domain.to_string())];
        pairs.extend(further.iter().map(|(key, value)| (key.as_str(), value.clone())));
        let query = query(&pairs);
        let (answer, _) = self
            .api
            .call(
                Operation::ListUsers,
                Service::Identity,
                Method::GET,
                "users",
                query.as_deref(),
            )
            .await?;
        let page = answer.json(StatusCode::OK);
        page.map_err(|mut failure: Failure| {
            if answer.status == StatusCode::FORBIDDEN {
                failure.detail = format!("{} ({MISSING_RIGHT})", failure.detail);
            }
            failure
        })
    }
}

/// One reading of the list.
struct Domain<'a> {
    identity: &'a Identity,
    id: &'a Id,
}

impl Pages for Domain<'_> {
    async fn page(&self, further: &[(String, String)]) -> Result<UserList, Failure> {
        let Identity { patience, .. } = self.identity;
        patience.read(|| self.identity.page(self.id, further)).await
    }
}
