//! SoftWare Repository for Container.

use serde::{Deserialize, Serialize};

/// `GET /v2/manage/namespaces`: all at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamespaceList {
    pub namespaces: Vec<Namespace>,
}

/// Also `GET /v2/manage/namespaces/{namespace}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    #[serde(alias = "ID")]
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub creator_name: String,
    /// What the caller may do: 7 manage, 3 write, 1 read.
    pub auth: i64,
}

/// `GET …/access` of a namespace or a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    #[serde(default)]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    /// The caller's own row; null or missing on some clouds.
    #[serde(default)]
    pub self_auth: Option<UserAuth>,
    /// May hold the caller as well, and may be null or missing.
    #[serde(default)]
    pub others_auths: Option<Vec<UserAuth>>,
}

/// Also an item of the body of `POST` and `PATCH …/access`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserAuth {
    pub user_id: String,
    #[serde(default)]
    pub user_name: String,
    /// 7 manage, 3 write, 1 read.
    pub auth: i64,
}

/// The body of `DELETE …/access`: user ids, and nothing around them.
pub type UserIds = Vec<String>;

/// One row of `GET /v2/manage/repos`, whose answer is an array, and of
/// `GET /v2/manage/shared-repositories`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repository {
    /// With real slashes.
    pub name: String,
    pub namespace: String,
    /// The account that owns it.
    #[serde(default)]
    pub domain_name: String,
    #[serde(default)]
    pub category: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub size: i64,
    #[serde(default)]
    pub is_public: bool,
    #[serde(default)]
    pub num_images: i64,
    #[serde(default)]
    pub num_download: i64,
    /// Up to nine digits of a second.
    pub created_at: String,
    pub updated_at: String,
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub internal_path: String,
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// The same on every row.
    #[serde(default)]
    pub total_range: Option<i64>,
}

/// One row of `GET …/repositories/{repository}/access-domains`, whose answer
/// is an array of at most a hundred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessDomain {
    pub namespace: String,
    pub repository: String,
    /// The account's name.
    pub access_domain: String,
    /// `read`
    #[serde(default)]
    pub permit: String,
    /// A time, or the word `forever`.
    #[serde(default)]
    pub deadline: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub creator_id: String,
    #[serde(default)]
    pub creator_name: String,
    #[serde(default)]
    pub created: String,
    #[serde(default)]
    pub updated: String,
    /// False: expired.
    #[serde(default)]
    pub status: Option<bool>,
}

/// The body of `POST` (and, without the account, `PATCH`) `…/access-domains`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewAccessDomain {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_domain: Option<String>,
    pub permit: String,
    pub deadline: String,
    #[serde(default)]
    pub description: String,
}

/// An item of the oldest form of error body, which is an array of them, and of
/// `errors` in the current one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorItem {
    #[serde(rename = "errorCode")]
    pub code: String,
    #[serde(rename = "errorMessage")]
    pub message: String,
    #[serde(default)]
    pub detail: String,
}
