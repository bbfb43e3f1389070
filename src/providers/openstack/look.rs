//! Single images looked at again, so that "gone" is never said of something
//! that is merely invisible or was not answered.

use url::form_urlencoded;

use super::{
    glance::{Found, Glance},
    wire,
};
use crate::{
    model::{Failure, FailureClass, Id},
    providers::{http::shortened, patience::Patience},
};

/// Looks at images with the eyes of the project `owner`.
#[derive(Clone, Copy)]
pub struct Lookout<'a> {
    pub glance: &'a Glance,
    pub owner: &'a Id,
    pub patience: Patience,
}

/// What became of the member list of an image that was `shared`.
pub enum Membership {
    Members(Vec<wire::Member>),
    /// The image as it is now, which allows no members any more.
    NoLongerShared(Box<wire::Image>),
    /// Confirmed.
    Gone,
}

impl Lookout<'_> {
    /// The image, or `None` once its absence is confirmed by the list.
    pub async fn find(self, image: &Id) -> Result<Option<wire::Image>, Failure> {
        match self.patience.read(|| self.glance.show(image)).await? {
            Found::Here(row) if row.id != image.as_str() => Err(malformed(
                image,
                &format!("the cloud answered with another image, {:?}", shortened(&row.id)),
            )),
            // An image that is only going (`pending_delete`) is still here.
            Found::Here(row) if row.status != "deleted" => Ok(Some(row)),
            Found::Here(_) | Found::NotThere(_) => self.confirm_gone(image).await.map(|()| None),
        }
    }

    pub async fn members(self, image: &Id) -> Result<Membership, Failure> {
        let failure = match self.patience.read(|| self.glance.members(image)).await {
            Ok(Found::Here(rows)) => return Ok(Membership::Members(rows)),
            Ok(Found::NotThere(failure)) => failure,
            // Also the answer for an image that is not `shared`.
            Err(failure) if failure.class == FailureClass::Refused => failure,
            Err(failure) => return Err(failure),
        };
        match self.find(image).await? {
            None => Ok(Membership::Gone),
            Some(row) if row.visibility != "shared" => Ok(Membership::NoLongerShared(Box::new(row))),
            Some(_) => Err(failure),
        }
    }

    /// A 404 does not tell gone from invisible; an empty list of the owner's
    /// images of that id does. Hidden images are in a list of their own.
    async fn confirm_gone(self, image: &Id) -> Result<(), Failure> {
        for hidden in [false, true] {
            let query = self.query_by_id(image, hidden);
            let page = self.patience.read(|| self.glance.list(&query)).await?;
            let is_listed = page.rows.iter().any(|row| row["id"] == image.as_str());
            if is_listed {
                return Err(malformed(
                    image,
                    "the cloud lists it, but does not show it by its id",
                ));
            }
            if !page.rows.is_empty() || page.next.is_some() {
                return Err(malformed(
                    image,
                    "the cloud cannot list by id, so its absence is unconfirmed",
                ));
            }
        }
        Ok(())
    }

    fn query_by_id(self, image: &Id, hidden: bool) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("id", image.as_str());
        query.append_pair("visibility", "all");
        query.append_pair("owner", self.owner.as_str());
        query.append_pair("os_hidden", if hidden { "true" } else { "false" });
        query.finish()
    }
}

fn malformed(image: &Id, why: &str) -> Failure {
    Failure::new(
        FailureClass::Malformed,
        format!("looking at image {image}: {why}"),
    )
}
