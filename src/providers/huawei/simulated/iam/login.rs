//! `POST /v3/auth/tokens`.

use axum::response::Response;
use jiff::SignedDuration;

use super::{catalogue::token_body, forbidden, parameters};
use crate::{
    model::Id,
    providers::{
        huawei::{
            simulated::{
                Shared,
                access::{Caller, SUBJECT_TOKEN},
                answers::{self, Problem, header},
                dispatch::Incoming,
                tokens::Token,
            },
            wire::iam::{AuthBody, AuthRequest, Scope},
        },
        openstack::wire::{DomainReference, Reference},
    },
    simulator::{User, World},
};

const LOCK_TIME: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn log_in(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    // Says nothing of the body, which may hold a password in the wrong place.
    let malformed = || Problem::new(400, "IAM.0011", "Request body is invalid.");
    let request: AuthRequest = serde_json::from_slice(&incoming.body).map_err(|_| malformed())?;
    let token = identify(shared, &request.auth)?;
    let body = token_body(shared, &token, is_catalogued(incoming))?;
    let text = shared.tokens().issue(token);
    Ok(answers::with_header(
        answers::json(201, &body),
        SUBJECT_TOKEN,
        &text,
    ))
}

/// Who asks about a token must have a living one, and need not act anywhere.
pub(super) fn validate(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    let subject = header(&incoming.headers, SUBJECT_TOKEN).unwrap_or_default();
    let unknown = || Problem::new(404, "IAM.0004", "Could not find the token.");
    let token = shared.living_token(subject).ok_or_else(unknown)?;
    let body = token_body(shared, &token, is_catalogued(incoming))?;
    Ok(answers::with_header(
        answers::json(200, &body),
        SUBJECT_TOKEN,
        subject,
    ))
}

fn is_catalogued(incoming: &Incoming) -> bool {
    let mut parameters = parameters(&incoming.query);
    !parameters.any(|(key, value)| key == "nocatalog" && !value.is_empty())
}

/// Checks who it is, then where to.
fn identify(shared: &Shared, auth: &AuthBody) -> Result<Token, Problem> {
    let issued_at = shared.now();
    let identity = &auth.identity;
    let missing = |what: &str| Problem::new(400, "IAM.0011", format!("'{what}' is a required property."));
    let method = identity.methods.first().ok_or_else(|| missing("methods"))?;
    let (user, methods, expires_at) = match method.as_str() {
        "password" => {
            let given = identity.password.as_ref().ok_or_else(|| missing("password"))?;
            let user = user_of_password(shared, &given.user.user, &given.user.password)?;
            (
                user,
                vec![method.clone()],
                issued_at + shared.options.token_lifetime,
            )
        }
        "token" => {
            let given = identity.token.as_ref().ok_or_else(|| missing("token"))?;
            let old = shared
                .living_token(&given.id)
                .ok_or_else(|| Problem::new(401, "IAM.0067", "The token is invalid."))?;
            // A token got with a token lives no longer than the first.
            let methods = old.methods.iter().chain([method]).cloned().collect();
            (old.caller.user, methods, old.expires_at)
        }
        _ => {
            return Err(Problem::new(
                400,
                "IAM.0011",
                "Unsupported authentication method.",
            ));
        }
    };
    let mut world = shared.world();
    let user = world.user(user.as_str()).ok_or_else(wrong_password)?;
    let project = project_of_scope(&world, user, auth.scope.as_ref())?;
    let caller = Caller::new(user, project);
    if caller.project.is_some() && caller.role.is_none() {
        return Err(forbidden());
    }
    if let Some(user) = world.user_mut(caller.user.as_str()) {
        user.last_login = Some(issued_at);
    }
    Ok(Token {
        caller,
        methods,
        issued_at,
        expires_at,
    })
}

fn user_of_password(shared: &Shared, who: &Reference, password: &str) -> Result<Id, Problem> {
    let (id, right, enabled) = {
        let world = shared.world();
        let user = user_of(&world, who).ok_or_else(wrong_password)?;
        (user.id.clone(), user.password == password, user.enabled)
    };
    if shared.is_locked(id.as_str()) {
        return Err(Problem::new(401, "IAM.0061", "The account is locked."));
    }
    if !right {
        shared.count_refusal(id.as_str(), LOCK_TIME);
        return Err(wrong_password());
    }
    shared.forget_refusals(id.as_str());
    if !enabled {
        return Err(Problem::new(403, "IAM.0082", "The user is disabled."));
    }
    Ok(id)
}

fn user_of<'a>(world: &'a World, given: &Reference) -> Option<&'a User> {
    if let Some(id) = &given.id {
        return world.user(id);
    }
    let (name, account) = (given.name.as_ref()?, account_of(world, given.domain.as_ref()?)?);
    world
        .users()
        .find(|user| user.name == *name && user.account == account)
}

fn account_of(world: &World, given: &DomainReference) -> Option<Id> {
    let account = match (&given.id, &given.name) {
        (Some(id), _) => world.account(id),
        (None, Some(name)) => world.account_named(name),
        (None, None) => None,
    };
    account.map(|account| account.id.clone())
}

/// The project wins over the account; without a scope it is the account.
fn project_of_scope(world: &World, user: &User, scope: Option<&Scope>) -> Result<Option<Id>, Problem> {
    let not_found = |what: &str| Problem::new(404, "IAM.0004", format!("Could not find {what}."));
    if let Some(given) = scope.and_then(|scope| scope.project.as_ref()) {
        let mut own = world.projects().filter(|project| project.account == user.account);
        let project = match (&given.id, &given.name) {
            (Some(id), _) => own.find(|project| project.id.as_str() == id),
            (None, Some(name)) => own.find(|project| project.name == *name),
            (None, None) => None,
        };
        return project
            .map(|project| Some(project.id.clone()))
            .ok_or_else(|| not_found("project"));
    }
    if let Some(given) = scope.and_then(|scope| scope.domain.as_ref())
        && account_of(world, given) != Some(user.account.clone())
    {
        return Err(not_found("domain"));
    }
    Ok(None)
}

fn wrong_password() -> Problem {
    Problem::new(401, "IAM.0062", "Incorrect password.")
}
