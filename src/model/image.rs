//! Images and who they are shared with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, words::closed_words};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub id: Id,
    pub name: String,
    /// The project that owns the image; only it can end a share.
    pub owner: Id,
    /// The cloud's own word (`active`, `queued`, `pending_delete`, …).
    pub status: String,
    pub visibility: Visibility,
    pub protected: bool,
    pub hidden: bool,
    /// Bytes; `None` while the image has no data.
    pub size: Option<u64>,
    pub tags: Vec<String>,
    /// What the cloud adds to the fields above, as text.
    pub properties: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub sharing: Sharing,
}

/// What is known of an image's member list.
///
/// An empty list that was read and a list that was not read are different
/// things; nothing may take the second for the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Nobody asked for members in this collection.
    NotRead,
    /// The call failed; the collection has a gap for this image.
    Unreadable,
    /// The image is not `shared`, so the cloud shows no member list; rows may
    /// sleep in it and wake when the visibility returns.
    NotShared,
    Members(Vec<Member>),
}

/// One project's access to one image. Pending and rejected members can use the
/// image by id just like accepted ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub project: Id,
    pub status: MemberStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

closed_words! {
    MemberStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected" }
}
closed_words! {
    Visibility { Private = "private", Shared = "shared", Community = "community", Public = "public" }
}
