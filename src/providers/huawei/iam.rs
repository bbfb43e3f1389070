//! What IAM says of the users of the account, so far as permissions need it:
//! who is enabled, who is disabled, who owns the account, and who is gone.

use std::collections::{HashMap, HashSet};

use reqwest::{Method, StatusCode};
use url::form_urlencoded;

use super::{
    api::{Api, Ask, Refusal, Service},
    wire::iam::{User, UserDetail, UserDetailBody, UserList},
};
use crate::{
    config::types::CloudLimits,
    model::{Failure, FailureClass, Id},
    providers::{address::segment, calls::Operation, patience::Patience},
};

/// Rows asked for in one page. Without it some versions of Keystone cut the
/// list in silence.
const PAGE_ROWS: usize = 500;

/// Where such versions cut it.
const SUSPICIOUS_ROWS: usize = 1000;

/// What the list says of one user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    pub name: String,
    pub enabled: bool,
}

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
    pub async fn users(&self) -> Result<HashMap<Id, Listed>, Failure> {
        let caller = self.patience.read(|| self.api.caller()).await?;
        let mut users: HashMap<Id, Listed> = HashMap::new();
        // Without `enabled` only enabled users are listed.
        for enabled in [true, false] {
            let listing = Listing {
                iam: self,
                fixed: [
                    ("domain_id", caller.account.to_string()),
                    ("enabled", enabled.to_string()),
                ],
            };
            for (id, Listed { name, enabled }) in listing.read().await? {
                // Who was listed twice was changed in between, or the filter is
                // not heeded; nobody is called disabled in doubt.
                let user = users.entry(id).or_default();
                user.name = name;
                user.enabled |= enabled;
            }
        }
        if !users.contains_key(&caller.user) {
            return Err(incomplete("the daemon's own user is not in it"));
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
}

/// One reading of the list of users through all its pages.
struct Listing<'a> {
    iam: &'a Iam<'a>,
    /// What every page is asked for with.
    fixed: [(&'static str, String); 2],
}

impl Listing<'_> {
    async fn read(&self) -> Result<HashMap<Id, Listed>, Failure> {
        let mut users = HashMap::new();
        let mut further = vec![("limit".to_owned(), PAGE_ROWS.to_string())];
        let mut asked = HashSet::new();
        for _ in 0..self.iam.limits.max_pages {
            let page = self.iam.patience.read(|| self.page(&further)).await?;
            let (rows, known) = (page.users.len(), users.len());
            let last = page.users.last().map(|row| row.id.clone());
            let page_users = page.users.into_iter();
            users.extend(page_users.map(|row| {
                let User { name, enabled, .. } = row;
                (Id::from(row.id), Listed { name, enabled })
            }));
            further = match page.links.next.filter(|link| !link.is_empty()) {
                Some(link) => next_pairs(&link)?,
                None if page.truncated == Some(true) => return Err(incomplete("the cloud has cut it")),
                None if rows == SUSPICIOUS_ROWS => {
                    return Err(incomplete(
                        "it ends at exactly 1000 rows, where clouds cut it in silence",
                    ));
                }
                // A page that is just full may have another behind it that no
                // link leads to; where there is none this brings nobody new.
                None if rows == PAGE_ROWS && users.len() > known => vec![
                    ("limit".to_owned(), PAGE_ROWS.to_string()),
                    ("marker".to_owned(), last.unwrap_or_default()),
                ],
                None => return Ok(users),
            };
            if !asked.insert(further.clone()) {
                return Err(incomplete("its pages lead in a circle"));
            }
        }
        Err(incomplete("it has no end"))
    }

    async fn page(&self, further: &[(String, String)]) -> Result<UserList, Failure> {
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
        match self.iam.api.send(&ask).await {
            Ok(answer) => answer.json(StatusCode::OK),
            Err(Refusal::NotThere(failure) | Refusal::WrongId(failure) | Refusal::Failed(failure)) => {
                Err(failure)
            }
        }
    }
}

/// What the link to the next page adds. Only its query is followed, on the host
/// that is configured: a link may name one that leads elsewhere.
fn next_pairs(link: &str) -> Result<Vec<(String, String)>, Failure> {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    if !path.ends_with("/users") {
        return Err(incomplete("the link to its next page leads away from it"));
    }
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let pairs: Vec<_> = pairs
        .filter(|(key, _)| !matches!(key.as_str(), "domain_id" | "enabled"))
        .collect();
    if !pairs.iter().any(|(key, _)| key == "marker") {
        return Err(incomplete("the link to its next page leads back to the first"));
    }
    Ok(pairs)
}

fn incomplete(why: &str) -> Failure {
    let step = Operation::ListUsers.step();
    let detail = format!("{step}: the list cannot be relied on: {why}");
    Failure::new(FailureClass::Malformed, detail)
}
