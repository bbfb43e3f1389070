//! What goes over the wire, from the Identity API v3 and the Image API v2
//! references. Fields that revokd has no use for are left out; unknown fields
//! are accepted everywhere, because clouds add their own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

// ── Keystone ────────────────────────────────────────────────────────────────

/// `POST /v3/auth/tokens`. The token itself comes in the answer's header
/// `X-Subject-Token`. Holds secrets: no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct AuthRequest {
    pub auth: AuthBody,
}

#[derive(Serialize, Deserialize)]
pub struct AuthBody {
    pub identity: Identity,
    /// Never sent with an application credential, which carries its own.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_credential: Option<ApplicationCredentialIdentity>,
}

#[derive(Serialize, Deserialize)]
pub struct PasswordIdentity {
    pub user: PasswordUser,
}

#[derive(Serialize, Deserialize)]
pub struct PasswordUser {
    #[serde(flatten)]
    pub user: Reference,
    pub password: String,
}

#[derive(Serialize, Deserialize)]
pub struct TokenIdentity {
    pub id: String,
}

#[derive(Serialize, Deserialize)]
pub struct ApplicationCredentialIdentity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub secret: String,
    /// Only beside `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Reference>,
}

/// A user or project by id, or by name within a domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainReference>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DomainReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Scope {
    pub project: Reference,
}

/// 201 from `POST /v3/auth/tokens`, 200 from `GET /v3/auth/tokens`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenResponse {
    pub token: TokenBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenBody {
    pub expires_at: Timestamp,
    pub user: NamedReference,
    /// Absent from a token that is not scoped to a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedReference>,
    #[serde(default)]
    pub roles: Vec<RoleReference>,
    #[serde(default)]
    pub catalog: Vec<CatalogService>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedReference {
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainReference>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleReference {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogService {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub endpoints: Vec<CatalogEndpoint>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEndpoint {
    /// `public`, `internal` or `admin`.
    pub interface: String,
    /// Older clouds send `region` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub url: String,
}

/// `GET /v3/users`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserList {
    pub users: Vec<User>,
    #[serde(default)]
    pub links: Links,
    /// With no next link: the list is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Links {
    #[serde(default)]
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: String,
    pub name: String,
    pub domain_id: String,
    pub enabled: bool,
    /// Everything else: `email`, `description`, and what a cloud adds.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// Keystone's error body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeystoneError {
    pub error: KeystoneErrorBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeystoneErrorBody {
    /// A number from Keystone, a string from some gateways before it.
    pub code: serde_json::Value,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

// ── Glance ──────────────────────────────────────────────────────────────────

/// `GET /v2/images`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagesResponse {
    pub images: Vec<Image>,
    /// Relative to the host; absent from the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    #[serde(default)]
    pub schema: String,
}

/// One image, in a list or by id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub id: String,
    /// Null where nobody gave one.
    #[serde(default)]
    pub name: Option<String>,
    pub owner: Option<String>,
    pub status: String,
    pub visibility: String,
    #[serde(default)]
    pub protected: bool,
    #[serde(default)]
    pub os_hidden: bool,
    #[serde(default)]
    pub size: Option<u64>,
    #[serde(default)]
    pub tags: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Everything else: fields that revokd does not name and the owner's own
    /// properties, which are strings.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// `GET /v2/images/{id}/members`; never paged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MembersResponse {
    pub members: Vec<Member>,
    #[serde(default)]
    pub schema: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub image_id: String,
    pub member_id: String,
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// `POST /v2/images/{id}/members`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMember {
    pub member: String,
}

/// `PUT /v2/images/{id}/members/{member}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberUpdate {
    pub status: String,
}

/// Glance's error body where the request asked for JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlanceError {
    /// A status line as text, like `403 Forbidden`.
    pub code: String,
    pub title: String,
    pub message: String,
}
