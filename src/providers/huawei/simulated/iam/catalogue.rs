//! The body of an answer with a token: who, where, with which roles, and the
//! catalogue.

use serde_json::Value;

use super::keys::microseconds;
use crate::{
    model::Id,
    providers::{
        huawei::{
            simulated::{Shared, answers::Problem, tokens::Token},
            wire::iam::{TokenBody, TokenResponse},
        },
        openstack::wire::{CatalogEndpoint, CatalogService, DomainReference, NamedReference, RoleReference},
    },
    simulator::Role,
};

pub(super) fn token_body(shared: &Shared, token: &Token, catalogued: bool) -> Result<Value, Problem> {
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
