//! Wire rows into the model's values, strictly: a word that is not known is an
//! error, since a wrong reading of it could take access away.

use std::collections::BTreeMap;

use serde_json::Value;

use super::wire;
use crate::{
    model::{Image, Member, MemberStatus, Sharing, Visibility},
    providers::interner::Interner,
};

/// What the API itself adds to an image and that says nothing about it.
const NOT_PROPERTIES: [&str; 7] = [
    "self",
    "file",
    "schema",
    "checksum",
    "os_hash_value",
    "locations",
    "direct_url",
];

/// An image with [`Sharing::NotRead`], or [`Sharing::NotShared`] where its
/// visibility allows no members. The error names what is wrong with the row.
pub fn image(row: wire::Image, ids: &mut Interner) -> Result<Image, String> {
    let visibility = Visibility::parse(&row.visibility)
        .ok_or_else(|| format!("image {} has an unknown visibility {:?}", row.id, row.visibility))?;
    let owner = row
        .owner
        .ok_or_else(|| format!("image {} has no owner", row.id))?;
    if row.id.is_empty() {
        return Err("an image has an empty id".to_owned());
    }
    let sharing = if visibility == Visibility::Shared {
        Sharing::NotRead
    } else {
        Sharing::NotShared
    };
    Ok(Image {
        id: row.id.into(),
        name: row.name.unwrap_or_default(),
        owner: ids.id(&owner),
        status: row.status,
        visibility,
        protected: row.protected,
        hidden: row.os_hidden,
        size: row.size,
        tags: row.tags,
        properties: properties(row.more),
        created_at: row.created_at,
        updated_at: row.updated_at,
        sharing,
    })
}

/// All members of one image, or the first that cannot be read.
pub fn members(rows: Vec<wire::Member>, ids: &mut Interner) -> Result<Vec<Member>, String> {
    // Exactly sized: a large cloud has a million of them.
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let status = MemberStatus::parse(&row.status)
            .ok_or_else(|| format!("member {} has an unknown status {:?}", row.member_id, row.status))?;
        if row.member_id.is_empty() {
            return Err("a member has an empty id".to_owned());
        }
        members.push(Member {
            project: ids.id(&row.member_id),
            status,
            created_at: row.created_at,
            updated_at: row.updated_at,
        });
    }
    Ok(members)
}

fn properties(more: BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let strings = more.into_iter().filter_map(|(key, value)| match value {
        Value::String(text) if !NOT_PROPERTIES.contains(&key.as_str()) => Some((key, text)),
        _ => None,
    });
    strings.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Value {
        json!({
            "id": "i1", "name": null, "owner": "p1", "visibility": "shared", "status": "active",
            "size": null, "created_at": "2024-01-02T03:04:05Z", "updated_at": "2024-01-02T03:04:05Z",
            "min_disk": 10, "self": "/v2/images/i1", "file": "/v2/images/i1/file", "schema": "x",
            "checksum": "c", "os_hash_value": "h", "disk_format": "raw", "expires": "2026-01-01",
        })
    }

    fn read(row: Value) -> Result<Image, String> {
        image(serde_json::from_value(row).unwrap(), &mut Interner::default())
    }

    #[test]
    fn properties_are_the_strings_that_say_something() {
        let image = read(row()).unwrap();
        let keys: Vec<&str> = image.properties.keys().map(String::as_str).collect();
        assert_eq!(keys, ["disk_format", "expires"]);
        assert_eq!(
            (image.name.as_str(), image.size, image.sharing),
            ("", None, Sharing::NotRead)
        );
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (key, value) in [("visibility", json!("friends")), ("owner", Value::Null)] {
            let mut row = row();
            row[key] = value;
            assert!(read(row).unwrap_err().contains(key), "{key}");
        }
        let member = json!({
            "image_id": "i1", "member_id": "p2", "status": "maybe",
            "created_at": "2024-01-02T03:04:05Z", "updated_at": "2024-01-02T03:04:05Z",
        });
        let rows = vec![serde_json::from_value(member).unwrap()];
        assert!(
            members(rows, &mut Interner::default())
                .unwrap_err()
                .contains("maybe")
        );
    }
}
