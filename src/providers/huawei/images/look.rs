//! A single image looked at again, so that "gone" is never said of something
//! that is merely invisible or was not answered.

use super::{
    super::wire::ims,
    Lookout,
    list::Among,
    members::{Membership, is_shared},
    translate::{self, may_have_members},
};
use crate::{
    model::{Failure, FailureClass, Id, Image, Kind, Sharing},
    providers::{http::shortened, interner::Interner},
};

/// The image as it is now, with its members if shares of it are asked about;
/// `None` once it is confirmed gone. Where the cloud shows no list, the members
/// are those of `subjects` that are.
pub async fn look(
    lookout: Lookout<'_>,
    kind: Kind,
    id: &Id,
    subjects: &[Id],
) -> Result<Option<Image>, Failure> {
    let Some(row) = lookout.find(id).await? else {
        return Ok(None);
    };
    // Another project's image would show us our own membership only.
    let has_members = may_have_members(&row) && row.owner == lookout.owner.as_str();
    if kind == Kind::Image || !has_members {
        return read(id, row).map(Some);
    }
    let (row, mut membership) = match lookout.members(id, is_shared(&row)).await? {
        Membership::NoLongerShared(row) => (*row, Membership::NotShared),
        membership => (row, membership),
    };
    let is_our_own = row.visibility == "private" && row.owner == lookout.owner.as_str();
    if matches!(membership, Membership::NotShared) && is_our_own {
        membership = lookout.pairs(id, subjects).await?;
    }
    let sharing = match membership {
        Membership::Gone => return Ok(None),
        Membership::NotShared | Membership::NoLongerShared(_) => Sharing::NotShared,
        Membership::Members(rows) => {
            let members = translate::members(rows, id, &mut Interner::default());
            Sharing::Members(members.map_err(|why| malformed(id, &why))?)
        }
    };
    Ok(Some(Image {
        sharing,
        ..read(id, row)?
    }))
}

impl Lookout<'_> {
    /// The image, or `None` once its absence is confirmed.
    ///
    /// The list of one enterprise project does not tell gone from invisible;
    /// the owner's list of them all does. An image that is only going is there
    /// until it leaves the list.
    pub async fn find(self, image: &Id) -> Result<Option<ims::Image>, Failure> {
        if image.as_str().is_empty() {
            // An empty filter would find any image.
            return Err(malformed(image, "it has no id"));
        }
        for among in [Among::Visible, Among::Owned] {
            let rows = self.rows_of(image, among).await?;
            if rows.is_empty() {
                continue;
            }
            let mut rows = rows.into_iter();
            let row = rows.find(|row| row["id"] == image.as_str()).ok_or_else(|| {
                malformed(
                    image,
                    "the cloud cannot list by id, so its absence is unconfirmed",
                )
            })?;
            let row = serde_json::from_value(row);
            return row
                .map(Some)
                .map_err(|error| malformed(image, &format!("it is not understood: {error}")));
        }
        Ok(None)
    }
}

fn read(id: &Id, row: ims::Image) -> Result<Image, Failure> {
    translate::image(row, &mut Interner::default()).map_err(|why| malformed(id, &why))
}

fn malformed(image: &Id, why: &str) -> Failure {
    let why = shortened(why);
    Failure::new(
        FailureClass::Malformed,
        format!("looking at image {image}: {why}"),
    )
}
