//! What IAM says of the users of the account: who is enabled, who is disabled,
//! who owns the account, who is gone, and what else is told of each.

use std::collections::HashMap;

use reqwest::{Method, StatusCode};

use super::{
    api::{Api, Ask, Refusal, Service},
    wire::iam::{CredentialList, UserDetail, UserDetailBody},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id, User, UserState},
    providers::{
        address::segment,
        calls::Operation,
        openstack::wire::UserList,
        patience::Patience,
        users::{self, Pages},
    },
};

/// The identity service of one cloud.
pub struct Iam<'a> {
    pub api: &'a Api,
    pub limits: &'a CloudLimits,
    pub patience: Patience,
}

impl Iam<'_> {
    /// All users of the account.
    ///
    /// # Errors
    /// Also where the list may not be whole, or is not this account's.
    pub async fn users(&self) -> Result<HashMap<Id, User>, Failure> {
        let caller = self.patience.read(|| self.api.caller()).await?;
        let mut users: HashMap<Id, User> = HashMap::new();
        // Without `enabled` only enabled users are listed.
        for enabled in [true, false] {
            let listing = Listing {
                iam: self,
                fixed: [
                    ("domain_id", caller.account.to_string()),
                    ("enabled", enabled.to_string()),
                ],
            };
            for (id, row) in users::whole_list(&listing, self.limits, None).await? {
                let user = users::user(row);
                match users.get_mut(&id) {
                    // Who was listed twice was changed in between, or the
                    // filter is not heeded; nobody is called disabled in doubt.
                    Some(known) if user.state == UserState::Enabled => *known = user,
                    Some(_) => {}
                    None => drop(users.insert(id, user)),
                }
            }
        }
        if !users.contains_key(&caller.user) {
            return Err(users::incomplete("the daemon's own user is not in it"));
        }
        Ok(users)
    }

    /// One user, or `None` where there is none with that id.
    pub async fn user(&self, id: &Id) -> Result<Option<UserDetailBody>, Failure> {
        self.patience.read(|| self.user_once(id)).await
    }

    async fn user_once(&self, id: &Id) -> Result<Option<UserDetailBody>, Failure> {
        let Some(encoded) = segment(id.as_str()) else {
            let step = Operation::ShowUser.step();
            let detail = format!("{step}: no path can hold the user id {:?}", id.as_str());
            return Err(Failure::new(FailureClass::Refused, detail));
        };
        let ask = Ask {
            operation: Operation::ShowUser,
            method: Method::GET,
            service: Service::Identity,
            path: format!("/v3.0/OS-USER/users/{encoded}"),
            query: Vec::new(),
            json: None,
        };
        let answer = match self.api.send(&ask).await {
            Ok(answer) => answer,
            Err(Refusal::NotThere(_)) => return Ok(None),
            Err(Refusal::WrongId(failure) | Refusal::Failed(failure)) => return Err(failure),
        };
        let detail: UserDetail = answer.json(StatusCode::OK)?;
        if detail.user.id != id.as_str() {
            return Err(answer.malformed("it is about another user than was asked for"));
        }
        Ok(Some(detail.user))
    }

    /// Whether the user has a key that signs requests. One of which the service
    /// does not say that it is inactive counts as one.
    pub async fn has_active_key(&self, user: &Id) -> Result<bool, Failure> {
        self.patience.read(|| self.has_active_key_once(user)).await
    }

    async fn has_active_key_once(&self, user: &Id) -> Result<bool, Failure> {
        let ask = Ask {
            operation: Operation::ListAccessKeys,
            method: Method::GET,
            service: Service::Identity,
            path: "/v3.0/OS-CREDENTIAL/credentials".to_owned(),
            query: vec![("user_id", user.to_string())],
            json: None,
        };
        let answer = self.api.send(&ask).await.map_err(Refusal::into_failure)?;
        let list: CredentialList = answer.json(StatusCode::OK)?;
        if list.credentials.iter().any(|key| key.user_id != user.as_str()) {
            return Err(answer.malformed("it is about another user than was asked for"));
        }
        let mut keys = list.credentials.iter();
        Ok(keys.any(|key| !key.status.eq_ignore_ascii_case("inactive")))
    }
}

/// One reading of the list of users through all its pages.
struct Listing<'a> {
    iam: &'a Iam<'a>,
    /// What every page is asked for with.
    fixed: [(&'static str, String); 2],
}

impl Listing<'_> {
    async fn page_once(&self, further: &[(String, String)]) -> Result<UserList, Failure> {
        let fixed = self.fixed.iter().cloned();
        let further = further.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let ask = Ask {
            operation: Operation::ListUsers,
            method: Method::GET,
            service: Service::Identity,
            path: "/v3/users".to_owned(),
            query: fixed.chain(further).collect(),
            json: None,
        };
        let answer = self.iam.api.send(&ask).await.map_err(Refusal::into_failure)?;
        answer.json(StatusCode::OK)
    }
}

impl Pages for Listing<'_> {
    async fn page(&self, further: &[(String, String)]) -> Result<UserList, Failure> {
        self.iam.patience.read(|| self.page_once(further)).await
    }
}
