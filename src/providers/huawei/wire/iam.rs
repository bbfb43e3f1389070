//! Identity and Access Management: tokens, users, projects.
//!
//! Keystone v3 with additions; what is the same is taken from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::providers::openstack::wire::{
    CatalogService, DomainReference, Links, NamedReference, PasswordIdentity, Reference, RoleReference,
    TokenIdentity,
};

/// `POST /v3/auth/tokens`. The token itself comes in the answer's header
/// `X-Subject-Token`. Holds secrets: no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct AuthRequest {
    pub auth: AuthBody,
}

#[derive(Serialize, Deserialize)]
pub struct AuthBody {
    pub identity: Identity,
    /// Without one the token is for the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

#[derive(Serialize, Deserialize)]
pub struct Identity {
    pub methods: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordIdentity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenIdentity>,
}

/// Where both are sent, the project wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainReference>,
}

/// 201 from `POST /v3/auth/tokens`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenResponse {
    pub token: TokenBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenBody {
    /// `2020-01-04T09:08:49.965000Z`
    pub expires_at: String,
    #[serde(default)]
    pub methods: Vec<String>,
    pub user: NamedReference,
    /// Of a token for a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedReference>,
    /// Of a token for an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainReference>,
    /// Their ids may all be the text `0`.
    #[serde(default)]
    pub roles: Vec<RoleReference>,
    /// Absent where `nocatalog` was asked for.
    #[serde(default)]
    pub catalog: Vec<CatalogService>,
}

/// `GET /v3.0/OS-USER/users/{user_id}`; 404 where there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDetail {
    pub user: UserDetailBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDetailBody {
    pub id: String,
    pub name: String,
    pub domain_id: String,
    pub enabled: bool,
    /// The account's root user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_domain_owner: Option<bool>,
    /// `2020-07-08 02:19:03.0`, without a zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_time: Option<String>,
    /// Everything else: `email`, `description`, `xuser_id` and more.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// `GET /v3.0/OS-CREDENTIAL/credentials?user_id={user_id}`; only of keys that
/// last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialList {
    pub credentials: Vec<CredentialRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialRow {
    pub user_id: String,
    /// `active` or `inactive`.
    #[serde(default)]
    pub status: String,
}

/// `GET /v3.0/OS-CREDENTIAL/credentials/{access_key}`; only of keys that last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialDetail {
    pub credential: CredentialBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialBody {
    pub user_id: String,
    /// The access key itself, which is no secret.
    pub access: String,
}

/// `GET /v3/projects`, `GET /v3/auth/projects`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectList {
    pub projects: Vec<Project>,
    #[serde(default)]
    pub links: Links,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub id: String,
    pub name: String,
    pub domain_id: String,
    pub enabled: bool,
}

/// `GET /v3/auth/domains`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DomainList {
    pub domains: Vec<Domain>,
    #[serde(default)]
    pub links: Links,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    pub id: String,
    pub name: String,
    pub enabled: bool,
}
