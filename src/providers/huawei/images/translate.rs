//! Wire rows into the model's values, strictly: a word that is not known is an
//! error, since a wrong reading of it could take access away.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{super::wire::ims, members::is_shared};
use crate::{
    model::{Id, Image, Member, MemberStatus, Sharing, Visibility},
    providers::interner::Interner,
};

/// What the service itself adds to an image and that says nothing about it.
const NOT_PROPERTIES: [&str; 4] = ["self", "file", "schema", "checksum"];

/// Whether the member list of an image is worth a call. The service is not
/// known to call every image with members shared: private ones are asked too.
pub fn may_have_members(row: &ims::Image) -> bool {
    is_shared(row) || row.visibility == "private"
}

/// An image with [`Sharing::NotRead`], or [`Sharing::NotShared`] where it can
/// have no members. The error names what is wrong with the row.
pub fn image(row: ims::Image, ids: &mut Interner) -> Result<Image, String> {
    let of = format!("image {}", row.id);
    if row.id.is_empty() || row.owner.is_empty() {
        return Err(format!("{of} of project {:?}: an id is empty", row.owner));
    }
    let sharing = if may_have_members(&row) {
        Sharing::NotRead
    } else {
        Sharing::NotShared
    };
    let visibility = Visibility::parse(&row.visibility)
        .ok_or_else(|| format!("{of} has an unknown visibility {:?}", row.visibility))?;
    Ok(Image {
        owner: ids.id(&row.owner),
        visibility,
        protected: row.protected,
        hidden: row.os_hidden.unwrap_or(false),
        size: row.image_size.as_deref().and_then(|bytes| bytes.parse().ok()),
        created_at: time(&of, "created_at", &row.created_at)?,
        updated_at: time(&of, "updated_at", &row.updated_at)?,
        sharing,
        properties: properties(row.more, row.image_type, row.image_size),
        id: row.id.into(),
        name: row.name,
        status: row.status,
        tags: row.tags,
    })
}

/// The projects among the members of `image`, or the first row that cannot be
/// read.
///
/// Domains and organisational units can be members as well, but no call for
/// projects removes those, so they are left out.
pub fn members(rows: Vec<ims::Member>, image: &Id, ids: &mut Interner) -> Result<Vec<Member>, String> {
    let mut members = Vec::with_capacity(rows.len());
    // Pages shift while members come and go.
    let mut seen = HashSet::with_capacity(rows.len());
    for row in rows {
        let of = format!("member {}", row.member_id);
        if row.image_id != image.as_str() {
            return Err(format!("{of} is a member of another image, {:?}", row.image_id));
        }
        if row.member_id.is_empty() {
            return Err("a member has an empty id".to_owned());
        }
        let is_project = row.member_type.as_deref().is_none_or(|word| word == "project");
        if !is_project {
            continue;
        }
        let project = ids.id(&row.member_id);
        if !seen.insert(project.clone()) {
            continue;
        }
        members.push(Member {
            project,
            status: MemberStatus::parse(&row.status)
                .ok_or_else(|| format!("{of} has an unknown status {:?}", row.status))?,
            created_at: time(&of, "created_at", &row.created_at)?,
            updated_at: time(&of, "updated_at", &row.updated_at)?,
        });
    }
    Ok(members)
}

fn time(of: &str, key: &str, text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| format!("{of} has a {key} that is no time, {text:?}"))
}

fn properties(
    more: BTreeMap<String, Value>,
    image_type: Option<String>,
    image_size: Option<String>,
) -> BTreeMap<String, String> {
    let strings = more.into_iter().filter_map(|(key, value)| match value {
        Value::String(text) if !NOT_PROPERTIES.contains(&key.as_str()) => Some((key, text)),
        _ => None,
    });
    // These two are named by the wire, and are as good a property as the others.
    let named = [("__imagetype", image_type), ("__image_size", image_size)];
    let named = named
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), text?)));
    strings.chain(named).collect()
}
