//! Who makes a request: by a token, or by a signature.

use super::{
    Shared,
    answers::{Problem, header},
    dispatch::Incoming,
    signature,
};
use crate::{
    model::Id,
    simulator::{Role, User},
};

pub(super) const AUTH_TOKEN: &str = "x-auth-token";
pub(super) const SUBJECT_TOKEN: &str = "x-subject-token";

/// Somebody who has shown who they are, and where they act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub user: Id,
    /// The user's.
    pub account: Id,
    /// `None` where they act as the account.
    pub project: Option<Id>,
    /// What they may do there.
    pub role: Option<Role>,
}

impl Caller {
    pub(super) fn new(user: &User, project: Option<Id>) -> Caller {
        let place = project.as_ref().unwrap_or(&user.account);
        let role = user.roles.get(place).copied();
        Caller {
            user: user.id.clone(),
            account: user.account.clone(),
            role: if user.account_owner {
                Some(Role::Admin)
            } else {
                role
            },
            project,
        }
    }
}

impl Shared {
    /// The gateway's check, before any service is asked.
    ///
    /// # Errors
    /// What [`super::answers::gateway`] says no with.
    pub(super) fn caller(&self, incoming: &Incoming) -> Result<Caller, Problem> {
        if let Some(authorization) = header(&incoming.headers, "authorization") {
            return signature::caller(self, incoming, authorization);
        }
        let refused = |message: &str| Problem::new(401, "APIGW.0301", message);
        let Some(text) = header(&incoming.headers, AUTH_TOKEN) else {
            return Err(refused(
                "Incorrect IAM authentication information: no credentials",
            ));
        };
        let token = self.living_token(text);
        let token =
            token.ok_or_else(|| refused("Incorrect IAM authentication information: decrypt token fail"))?;
        Ok(token.caller)
    }
}
