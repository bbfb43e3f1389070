//! `POST /v3/auth/tokens`.

use axum::response::Response;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    model::Id,
    providers::{
        huawei::{
            simulated::{
                Shared,
                access::{Caller, SUBJECT_TOKEN},
                answers::{self, Problem},
                dispatch::Incoming,
                tokens::Token,
            },
            wire::iam::{AuthBody, AuthRequest, Scope, TokenBody, TokenResponse},
        },
        openstack::wire::{
            CatalogEndpoint, CatalogService, DomainReference, NamedReference, Reference, RoleReference,
        },
    },
    simulator::{Role, User, World},
};

const LOCK_TIME: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn log_in(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    // Says nothing of the body, which may hold a password in the wrong place.
    let malformed = || Problem::new(400, "IAM.0011", "Request body is invalid.");
    let request: AuthRequest = serde_json::from_slice(&incoming.body).map_err(|_| malformed())?;
    let token = identify(shared, &request.auth)?;
    let mut parameters = form_urlencoded::parse(incoming.query.as_bytes());
    let catalogued = !parameters.any(|(key, value)| key == "nocatalog" && !value.is_empty());
    let body = token_body(shared, &token, catalogued)?;
    let text = shared.tokens().issue(token);
    Ok(answers::with_header(
        answers::json(201, &body),
        SUBJECT_TOKEN,
        &text,
    ))
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
        return Err(Problem::new(
            403,
            "IAM.0002",
            "You do not have permission to perform the action.",
        ));
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

fn token_body(shared: &Shared, token: &Token, catalogued: bool) -> Result<Value, Problem> {
    let caller = &token.caller;
    let world = shared.world();
    let account = DomainReference {
        id: Some(caller.account.to_string()),
        name: world
            .account(caller.account.as_str())
            .map(|account| account.name.clone()),
    };
    let named = |id: &Id, name: Option<&str>| NamedReference {
        id: id.to_string(),
        name: name.unwrap_or_default().to_string(),
        domain: Some(account.clone()),
    };
    let user = world.user(caller.user.as_str()).map(|user| user.name.as_str());
    let project = caller.project.as_ref().map(|id| {
        let project = world.project(id.as_str());
        named(id, project.map(|project| project.name.as_str()))
    });
    let body = TokenBody {
        expires_at: microseconds(token.expires_at),
        methods: token.methods.clone(),
        user: named(&caller.user, user),
        domain: project.is_none().then(|| account.clone()),
        project,
        roles: roles(caller.role),
        catalog: if catalogued { catalogue(shared) } else { Vec::new() },
    };
    let mut body = serde_json::to_value(TokenResponse { token: body })
        .map_err(|error| Problem::new(500, "IAM.0006", error.to_string()))?;
    // What other clients may read and this project's does not: kept beside the
    // shared wire types rather than in them.
    let token_object = &mut body["token"];
    token_object["issued_at"] = microseconds(token.issued_at).into();
    token_object["user"]["password_expires_at"] = "".into();
    for role in token_object["roles"].as_array_mut().into_iter().flatten() {
        role["id"] = "0".into();
    }
    for service in token_object["catalog"].as_array_mut().into_iter().flatten() {
        let kind = service["type"].clone();
        service["name"] = kind.clone();
        service["id"] = format!("simulated-{}", kind.as_str().unwrap_or_default()).into();
        for endpoint in service["endpoints"].as_array_mut().into_iter().flatten() {
            endpoint["id"] = "simulated-endpoint".into();
        }
    }
    if !catalogued && let Some(token_object) = token_object.as_object_mut() {
        token_object.remove("catalog");
    }
    Ok(body)
}

fn roles(role: Option<Role>) -> Vec<RoleReference> {
    let names: &[&str] = match role {
        None => &[],
        Some(Role::Reader) => &["readonly"],
        Some(Role::Member) => &["te_agency", "ims_adm", "swr_user"],
        Some(Role::Admin) => &["secu_admin", "te_admin"],
    };
    let role = |name: &&str| RoleReference {
        name: name.to_string(),
    };
    names.iter().map(role).collect()
}

/// The registry is missing from the catalogue of one flavour; the image
/// service comes without its version; the identity service is everywhere.
fn catalogue(shared: &Shared) -> Vec<CatalogService> {
    // Nothing listens on the discard port of loopback.
    let elsewhere = ("elsewhere-1", "http://127.0.0.1:9".to_string());
    let here = (shared.options.region.as_str(), shared.root());
    let mut services = vec![
        service("identity", &[("*", shared.auth_url())]),
        service("image", &[elsewhere.clone(), here.clone()]),
    ];
    if !shared.is_open_telekom_cloud() {
        services.push(service("swrv2", &[elsewhere, here]));
    }
    services
}

fn service(kind: &str, places: &[(&str, String)]) -> CatalogService {
    let endpoint = |(region, url): &(&str, String)| CatalogEndpoint {
        interface: "public".to_string(),
        region_id: Some(region.to_string()),
        region: Some(region.to_string()),
        url: url.clone(),
    };
    CatalogService {
        kind: kind.to_string(),
        endpoints: places.iter().map(endpoint).collect(),
    }
}

/// The form the service gives, with its six digits even where they are zero.
fn microseconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}
