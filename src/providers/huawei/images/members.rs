//! The projects that one image is shared with.

use std::collections::HashSet;

use reqwest::{Method, StatusCode};

use super::{
    super::{
        api::{Ask, Service},
        wire::ims,
    },
    Found, Lookout, image_path, malformed,
};
use crate::{
    model::{Failure, FailureClass, Id},
    providers::calls::Operation,
};

/// What became of the member list of an image that may have members.
pub enum Membership {
    Members(Vec<ims::Member>),
    /// The cloud shows no list, because the image is not shared.
    NotShared,
    /// The image is not what it was a moment ago: it allows no members now.
    NoLongerShared(Box<ims::Image>),
    /// Confirmed.
    Gone,
}

impl Lookout<'_> {
    /// The members of an image that was seen as `shared`, or as a private one
    /// that nevertheless may have members.
    ///
    /// That no list is shown is expected of a private image, and says nothing
    /// about a shared one.
    pub async fn members(self, image: &Id, shared: bool) -> Result<Membership, Failure> {
        let failure = match self.all_members(image).await {
            Ok(Found::Here(rows)) => return Ok(Membership::Members(rows)),
            Ok(Found::NotThere(failure)) => failure,
            Err(failure) if failure.class != FailureClass::Refused => return Err(failure),
            Err(_) if !shared => return Ok(Membership::NotShared),
            Err(failure) => failure,
        };
        match self.find(image).await? {
            None => Ok(Membership::Gone),
            Some(row) if !is_shared(&row) => Ok(Membership::NoLongerShared(Box::new(row))),
            Some(_) => Err(failure),
        }
    }

    /// Every page, or nothing: half a list would make the rest look unshared.
    async fn all_members(self, image: &Id) -> Result<Found<Vec<ims::Member>>, Failure> {
        let mut rows = Vec::new();
        let mut asked = HashSet::new();
        let mut marker = None;
        for _ in 0..self.habits.max_pages {
            let read = || self.members_page(image, marker.as_deref());
            let page = match self.patience.read(read).await? {
                Found::Here(page) => page,
                Found::NotThere(failure) => return Ok(Found::NotThere(failure)),
            };
            rows.extend(page.members);
            let next = page.page_info.and_then(|info| info.next_marker);
            let Some(next) = next.filter(|next| !next.is_empty()) else {
                return Ok(Found::Here(rows));
            };
            if !asked.insert(next.clone()) {
                return Err(endless("the pages lead round in a circle"));
            }
            marker = Some(next);
        }
        Err(endless(&format!("no end after {} pages", self.habits.max_pages)))
    }

    async fn members_page(self, image: &Id, marker: Option<&str>) -> Result<Found<ims::MemberList>, Failure> {
        let operation = Operation::ListMembers;
        let mut query = Vec::new();
        query.extend(
            self.habits
                .members_a_page
                .map(|limit| ("limit", limit.to_string())),
        );
        query.extend(marker.map(|marker| ("marker", marker.to_owned())));
        let ask = Ask {
            operation,
            method: Method::GET,
            service: Service::Images,
            path: format!("{}/members", image_path(operation, image)?),
            query,
            json: None,
        };
        match self.api.send(&ask).await {
            Ok(answer) => answer.json(StatusCode::OK).map(Found::Here),
            Err(refusal) => Found::or(refusal),
        }
    }
}

/// Whether the cloud itself calls an image shared, in either of its two ways.
pub fn is_shared(row: &ims::Image) -> bool {
    row.visibility == "shared" || row.image_type.as_deref() == Some("shared")
}

fn endless(why: &str) -> Failure {
    malformed(Operation::ListMembers, why)
}
