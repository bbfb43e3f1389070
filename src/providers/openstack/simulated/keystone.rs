//! The identity service: `/v3`.

use axum::response::Response;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
    tokens::{AUTH_TOKEN, SUBJECT_TOKEN, Token, header},
    users,
};
use crate::{
    model::Id,
    providers::openstack::wire::{
        ApplicationCredentialIdentity, AuthBody, AuthRequest, CatalogEndpoint, CatalogService,
        DomainReference, NamedReference, PasswordIdentity, Reference, RoleReference, Scope, TokenBody,
        TokenIdentity, TokenResponse,
    },
    simulator::{ApplicationCredential, FIRST_ACCOUNT, Role, User, World},
};

const DOMAIN_ID: &str = FIRST_ACCOUNT;
const DOMAIN_NAME: &str = "Default";
/// Says nothing of the body, which may hold a password in the wrong place.
const MALFORMED: &str = "Expecting to find valid JSON in request body. The server could not comply with the \
     request since it is either malformed or otherwise incorrect. The client is assumed to be in error.";

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let answered = match (incoming.method.as_str(), path.as_slice()) {
        ("GET" | "HEAD", [] | [""]) => Ok(version(shared)),
        ("POST", ["auth", "tokens"]) => log_in(shared, incoming),
        ("GET" | "HEAD", ["auth", "tokens"]) => validate(shared, incoming),
        ("DELETE", ["auth", "tokens"]) => revoke(shared, incoming),
        ("GET", ["users"]) => users::list(shared, incoming),
        (_, ["auth", "tokens"]) => Ok(answers::with_header(
            answers::json(
                405,
                &json!({"message": "The method is not allowed for the requested URL."}),
            ),
            "allow",
            "POST, DELETE, HEAD, GET, OPTIONS",
        )),
        _ => {
            let page = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n";
            Ok(answers::text(
                404,
                Some("text/html; charset=utf-8"),
                page.to_string(),
            ))
        }
    };
    let response = answered.unwrap_or_else(|problem| answers::keystone_problem(&problem));
    answers::with_header(response, "vary", "X-Auth-Token")
}

fn version(shared: &Shared) -> Response {
    let media_type =
        json!({"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"});
    let version = json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/", shared.auth_url())}],
        "media-types": [media_type],
    });
    answers::json(200, &json!({ "version": version }))
}

fn log_in(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    let request: AuthRequest =
        serde_json::from_slice(&incoming.body).map_err(|_| Problem::new(400, MALFORMED))?;
    let issued_at = shared.now();
    let token = identify(shared, &request.auth, issued_at)?;
    let body = token_body(shared, &token)?;
    let text = shared.tokens().issue(token);
    Ok(answers::with_header(
        answers::json(201, &body),
        SUBJECT_TOKEN,
        &text,
    ))
}

fn validate(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    let subject = subject(shared, incoming)?;
    let token = shared.living_token(&subject).ok_or_else(unknown_token)?;
    let body = token_body(shared, &token)?;
    Ok(answers::with_header(
        answers::json(200, &body),
        SUBJECT_TOKEN,
        &subject,
    ))
}

fn revoke(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    let subject = subject(shared, incoming)?;
    shared.living_token(&subject).ok_or_else(unknown_token)?;
    shared.tokens().kill(&subject);
    Ok(answers::empty(204))
}

/// The token that a call is about; who asks must have a living one as well.
fn subject(shared: &Shared, incoming: &Incoming) -> Result<String, Problem> {
    let own = header(&incoming.headers, AUTH_TOKEN).and_then(|text| shared.living_token(text));
    own.ok_or_else(unauthorized)?;
    let subject = header(&incoming.headers, SUBJECT_TOKEN);
    subject
        .map(ToString::to_string)
        .ok_or_else(|| Problem::new(404, "No token in the request"))
}

/// Checks who it is, then where to.
fn identify(shared: &Shared, auth: &AuthBody, now: Timestamp) -> Result<Token, Problem> {
    let identity = &auth.identity;
    let method = identity
        .methods
        .first()
        .ok_or_else(|| Problem::new(400, "'methods' is empty"))?;
    let expires_at = now + shared.options.token_lifetime;
    match method.as_str() {
        "password" => {
            let missing = || Problem::new(400, "'password' is a required property");
            let given = identity.password.as_ref().ok_or_else(missing)?;
            let world = shared.world();
            let user = user_of_password(&world, given)?;
            token(
                &world,
                user,
                auth.scope.as_ref(),
                vec![method.clone()],
                now,
                expires_at,
            )
        }
        "token" => {
            let missing = || Problem::new(400, "'token' is a required property");
            let TokenIdentity { id } = identity.token.as_ref().ok_or_else(missing)?;
            let old = shared.living_token(id).ok_or_else(unknown_token)?;
            let world = shared.world();
            let user = world.user(old.user.as_str()).ok_or_else(unauthorized)?;
            let mut methods = old.methods;
            methods.push(method.clone());
            // A token got with a token lives no longer than the first.
            token(&world, user, auth.scope.as_ref(), methods, now, old.expires_at)
        }
        "application_credential" => {
            let missing = || Problem::new(400, "'application_credential' is a required property");
            let given = identity.application_credential.as_ref().ok_or_else(missing)?;
            let world = shared.world();
            let credential = credential_of(&world, given)?;
            let user = world.user(credential.user.as_str()).filter(|user| user.enabled);
            if credential.secret != given.secret || user.is_none() || auth.scope.is_some() {
                return Err(unauthorized());
            }
            Ok(Token {
                user: credential.user.clone(),
                scope: Some((credential.project.clone(), credential.role)),
                methods: vec![method.clone()],
                issued_at: now,
                expires_at,
            })
        }
        _ => Err(Problem::new(
            401,
            "Attempted to authenticate with an unsupported method.",
        )),
    }
}

fn token(
    world: &World,
    user: &User,
    scope: Option<&Scope>,
    methods: Vec<String>,
    issued_at: Timestamp,
    expires_at: Timestamp,
) -> Result<Token, Problem> {
    let project = match scope {
        Some(scope) => Some(project_of(world, &scope.project).ok_or_else(unauthorized)?),
        None => user.home.clone(),
    };
    let scope = match project {
        Some(project) => {
            let role = user.roles.get(&project).copied().ok_or_else(unauthorized)?;
            Some((project, role))
        }
        None => None,
    };
    Ok(Token {
        user: user.id.clone(),
        scope,
        methods,
        issued_at,
        expires_at,
    })
}

fn user_of_password<'a>(world: &'a World, given: &PasswordIdentity) -> Result<&'a User, Problem> {
    let user = user_of(world, &given.user.user);
    user.filter(|user| user.enabled && user.password == given.user.password)
        .ok_or_else(unauthorized)
}

fn credential_of<'a>(
    world: &'a World,
    given: &ApplicationCredentialIdentity,
) -> Result<&'a ApplicationCredential, Problem> {
    let unknown = |what: &str| Problem::new(404, format!("Could not find Application Credential: {what}."));
    if let Some(id) = &given.id {
        return world.application_credential(id).ok_or_else(|| unknown(id));
    }
    let name = given.name.as_deref().unwrap_or_default();
    let owner = given
        .user
        .as_ref()
        .ok_or_else(|| Problem::new(400, "'user' is a required property"))?;
    let user = user_of(world, owner).ok_or_else(unauthorized)?;
    world
        .application_credential_named(&user.id, name)
        .ok_or_else(|| unknown(name))
}

fn user_of<'a>(world: &'a World, given: &Reference) -> Option<&'a User> {
    match (&given.id, &given.name) {
        (Some(id), _) => world.user(id),
        (None, Some(name)) if names_the_domain(given.domain.as_ref()) => world.user_named(name),
        _ => None,
    }
}

fn project_of(world: &World, given: &Reference) -> Option<Id> {
    let project = match (&given.id, &given.name) {
        (Some(id), _) => world.project(id),
        (None, Some(name)) if names_the_domain(given.domain.as_ref()) => world.project_named(name),
        _ => None,
    };
    project.map(|project| project.id.clone())
}

fn names_the_domain(domain: Option<&DomainReference>) -> bool {
    domain.is_some_and(|domain| {
        domain.id.as_deref() == Some(DOMAIN_ID) || domain.name.as_deref() == Some(DOMAIN_NAME)
    })
}

fn token_body(shared: &Shared, token: &Token) -> Result<Value, Problem> {
    let world = shared.world();
    let user = world.user(token.user.as_str()).ok_or_else(unknown_token)?;
    let scope = token.scope.as_ref();
    let project = scope.map(|(id, _)| {
        let name = world
            .project(id.as_str())
            .map_or("", |project| project.name.as_str());
        named(id, name)
    });
    let body = TokenBody {
        expires_at: token.expires_at,
        user: named(&user.id, &user.name),
        project,
        roles: scope.map_or_else(Vec::new, |(_, role)| roles(*role)),
        catalog: scope.map_or_else(Vec::new, |_| catalogue(shared)),
    };
    let mut body = serde_json::to_value(TokenResponse { token: body })
        .map_err(|error| Problem::new(500, error.to_string()))?;
    // What clients may read and this project's client does not: kept beside
    // the shared wire types rather than in them.
    body["token"]["expires_at"] = microseconds(token.expires_at).into();
    body["token"]["issued_at"] = microseconds(token.issued_at).into();
    body["token"]["methods"] = token.methods.clone().into();
    body["token"]["audit_ids"] = json!(["c2ltdWxhdGVkLWF1ZGl0LQ"]);
    if let Some(services) = body["token"]["catalog"].as_array_mut() {
        for service in services {
            service["name"] = if service["type"] == "image" {
                "glance"
            } else {
                "keystone"
            }
            .into();
            service["id"] = format!("simulated-{}", service["type"].as_str().unwrap_or_default()).into();
        }
    }
    Ok(body)
}

fn named(id: &Id, name: &str) -> NamedReference {
    NamedReference {
        id: id.to_string(),
        name: name.to_string(),
        domain: Some(DomainReference {
            id: Some(DOMAIN_ID.to_string()),
            name: Some(DOMAIN_NAME.to_string()),
        }),
    }
}

/// A role and those that it implies.
fn roles(role: Role) -> Vec<RoleReference> {
    let names: &[&str] = match role {
        Role::Reader => &["reader"],
        Role::Member => &["member", "reader"],
        Role::Admin => &["admin", "manager", "member", "reader"],
    };
    names
        .iter()
        .map(|name| RoleReference {
            name: name.to_string(),
        })
        .collect()
}

fn catalogue(shared: &Shared) -> Vec<CatalogService> {
    let service = |kind: &str, url: String| {
        // Nothing listens on the discard port of loopback.
        let elsewhere = ("RegionZero".to_string(), "http://127.0.0.1:9".to_string());
        let places = [elsewhere, (shared.options.region.clone(), url)];
        let endpoints = places.iter().flat_map(|(region, url)| {
            ["admin", "internal", "public"].map(|interface| CatalogEndpoint {
                interface: interface.to_string(),
                region_id: Some(region.clone()),
                region: Some(region.clone()),
                url: url.clone(),
            })
        });
        CatalogService {
            kind: kind.to_string(),
            endpoints: endpoints.collect(),
        }
    };
    vec![
        service("identity", shared.auth_url()),
        service("image", shared.image_url()),
    ]
}

/// The form the service gives, with its six digits even where they are zero.
fn microseconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}

pub(super) fn unauthorized() -> Problem {
    Problem::new(401, "The request you have made requires authentication.")
}

fn unknown_token() -> Problem {
    Problem::new(404, "Could not recognize Fernet token")
}
