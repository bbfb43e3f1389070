//! Image Management Service.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

/// `GET /v2/cloudimages`. There is no next link: a page is asked for by the id
/// of the last image of the one before, until an empty one comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageList {
    pub images: Vec<Value>,
    /// Newer Huawei Cloud only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_info: Option<PageInfo>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_count: Option<u64>,
}

/// One row of [`ImageList`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// A project id.
    pub owner: String,
    pub status: String,
    pub visibility: String,
    #[serde(default, deserialize_with = "truth")]
    pub protected: bool,
    /// `key=value` or bare.
    #[serde(default)]
    pub tags: Vec<String>,
    /// RFC 3339, whole seconds.
    pub created_at: String,
    pub updated_at: String,
    /// Bytes, as text; `size` means nothing.
    #[serde(rename = "__image_size", default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<String>,
    #[serde(rename = "__imagetype", default, skip_serializing_if = "Option::is_none")]
    pub image_type: Option<String>,
    #[serde(
        default,
        deserialize_with = "truth_if_any",
        skip_serializing_if = "Option::is_none"
    )]
    pub os_hidden: Option<bool>,
    /// `__isregistered`, `enterprise_project_id`, `__os_type` and many more.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// `GET /v2/images/{image_id}/members`. Paged on newer Huawei Cloud, by a
/// marker that is no id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberList {
    pub members: Vec<Member>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_info: Option<PageInfo>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub image_id: String,
    /// A project id, unless `member_type` says otherwise.
    pub member_id: String,
    /// `project`, `domain` or `organization`; absent means a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_type: Option<String>,
    pub status: String,
    pub created_at: String,
    pub updated_at: String,
}

/// `POST /v2/images/{image_id}/members`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMember {
    pub member: String,
}

/// The body of `DELETE` and `POST /v1/cloudimages/members`: every image is
/// unshared from (shared with) every project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberBatch {
    pub images: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<String>,
}

/// 200 from a batch call: accepted, not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSubmitted {
    pub job_id: String,
}

/// `GET /v1/{project_id}/jobs/{job_id}`, and `GET /v1/cloudimages/job/{job_id}`,
/// whose entities hold no results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// `INIT`, `RUNNING`, `SUCCESS`, `FAIL`; anything else counts as running.
    pub status: String,
    #[serde(default)]
    pub job_id: String,
    #[serde(default)]
    pub job_type: String,
    /// In several forms, or empty, or null.
    #[serde(default)]
    pub begin_time: Option<String>,
    #[serde(default)]
    pub end_time: Option<String>,
    #[serde(default)]
    pub error_code: Option<String>,
    #[serde(default)]
    pub fail_reason: Option<String>,
    #[serde(default)]
    pub entities: Option<JobEntities>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobEntities {
    #[serde(default)]
    pub results: Vec<JobResult>,
    #[serde(default)]
    pub sub_jobs_result: Vec<Value>,
    #[serde(default)]
    pub sub_jobs_list: Vec<String>,
}

/// Often absent for removals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    #[serde(default)]
    pub status: String,
}

fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    truth_if_any(from).map(Option::unwrap_or_default)
}

/// The service writes some truths as words, `true` and `True` alike.
fn truth_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::Bool(truth) => Ok(Some(truth)),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(de::Error::custom("neither true nor false")),
    }
}
