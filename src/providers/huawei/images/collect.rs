//! All images of one project, with their members: whatever part of that fails
//! becomes a gap, and the rest is kept.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU32, Ordering},
};

use futures::{StreamExt, stream};
use serde_json::Value;

use super::{
    super::wire::ims,
    Lookout, malformed,
    members::{Membership, is_shared},
    translate::{self, may_have_members},
};
use crate::{
    model::{CloudName, Failure, FailureClass, Gap, Id, Image, Needs, Scope, Sharing},
    providers::{Progress, calls::Operation, http::shortened, interner::Interner, patience::is_passing},
};

/// After so many member lists failed one after the other the cloud is taken
/// for gone; asking on would wait out each list's time limits in turn.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// The images that a collection saw, and what it could not see of them.
#[derive(Default)]
pub struct ImageView {
    pub images: Vec<Image>,
    pub gaps: Vec<Gap>,
    pub progress: Progress,
}

/// An `Err` means that not even the first page came.
pub async fn collect(
    lookout: Lookout<'_>,
    cloud: &CloudName,
    needs: Needs,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<ImageView, Failure> {
    let mut collection = Collection {
        lookout,
        cloud,
        report,
        ids: Interner::default(),
        seen: HashSet::new(),
        may_have_members: Vec::new(),
        view: ImageView::default(),
    };
    collection.read_images().await?;
    if needs.members {
        collection.read_members().await;
    }
    Ok(collection.view)
}

struct Collection<'a> {
    lookout: Lookout<'a>,
    cloud: &'a CloudName,
    report: &'a (dyn Fn(Progress) + Send + Sync),
    ids: Interner,
    seen: HashSet<Id>,
    may_have_members: Vec<Candidate>,
    view: ImageView,
}

/// An image whose member list is to be read.
struct Candidate {
    /// Where it stands in the view.
    index: usize,
    id: Id,
    shared: bool,
}

impl Collection<'_> {
    async fn read_images(&mut self) -> Result<(), Failure> {
        let mut pages = 0;
        match self.read_pages(&mut pages).await {
            Err(failure) if pages == 0 => return Err(failure),
            Err(failure) => self.gap(Scope::Images, failure.detail),
            Ok(()) => {}
        }
        Ok(())
    }

    async fn read_pages(&mut self, pages: &mut u32) -> Result<(), Failure> {
        let mut asked = HashSet::new();
        let mut marker: Option<String> = None;
        while *pages < self.lookout.habits.max_pages {
            let page = self.lookout.page(marker.as_deref()).await?;
            *pages += 1;
            for row in page.rows {
                if let Err(reason) = self.take(row) {
                    self.gap(Scope::Images, format!("listing images: {}", shortened(&reason)));
                }
            }
            self.view.progress.images = self.view.images.len() as u64;
            (self.report)(self.view.progress);
            let Some(next) = page.next else {
                return Ok(());
            };
            if next.is_empty() {
                return Err(broken("the last image of a page has no id to go on from"));
            }
            if !asked.insert(next.clone()) {
                return Err(broken("the pages lead round in a circle"));
            }
            marker = Some(next);
        }
        Err(broken(&format!("no end after {pages} pages")))
    }

    /// Keeps one row, unless it is another project's: clouds may ignore the filter.
    fn take(&mut self, row: Value) -> Result<(), String> {
        match &row["owner"] {
            Value::String(owner) if owner != self.lookout.owner.as_str() => return Ok(()),
            Value::Null if row.get("owner").is_some() => return Ok(()),
            _ => {}
        }
        let id = row["id"].as_str().unwrap_or("without id").to_owned();
        let row: ims::Image =
            serde_json::from_value(row).map_err(|error| format!("image {id} is not understood: {error}"))?;
        // Pages shift while images come and go.
        if self.seen.contains(row.id.as_str()) {
            return Ok(());
        }
        let (shared, may_have_members) = (is_shared(&row), may_have_members(&row));
        let image = translate::image(row, &mut self.ids)?;
        self.seen.insert(image.id.clone());
        if may_have_members {
            self.may_have_members.push(Candidate {
                index: self.view.images.len(),
                id: image.id.clone(),
                shared,
            });
        }
        self.view.images.push(image);
        Ok(())
    }

    async fn read_members(&mut self) {
        let candidates = std::mem::take(&mut self.may_have_members);
        self.view.progress.member_lists_expected = Some(candidates.len() as u64);
        (self.report)(self.view.progress);

        let lookout = self.lookout;
        let in_a_row = &AtomicU32::new(0);
        let reads = candidates.into_iter().map(async |candidate| {
            let membership = read_members_of(lookout, &candidate, in_a_row).await;
            (candidate, membership)
        });
        let mut reads = stream::iter(reads).buffer_unordered(lookout.habits.concurrency);
        let mut gone = HashSet::new();
        while let Some((candidate, membership)) = reads.next().await {
            if let Ok(Membership::Gone) = membership {
                gone.insert(candidate.id);
            } else if let Err(reason) = self.settle(&candidate, membership) {
                self.view.images[candidate.index].sharing = Sharing::Unreadable;
                self.gap(Scope::Members(candidate.id), shortened(&reason));
            }
            self.view.progress.member_lists += 1;
            (self.report)(self.view.progress);
        }
        self.view.images.retain(|image| !gone.contains(&image.id));
    }

    fn settle(&mut self, of: &Candidate, membership: Result<Membership, Failure>) -> Result<(), String> {
        let image = &mut self.view.images[of.index];
        match membership.map_err(|failure| failure.detail)? {
            Membership::Members(rows) => {
                let members = translate::members(rows, &of.id, &mut self.ids);
                image.sharing = Sharing::Members(members?);
            }
            Membership::NotShared => image.sharing = Sharing::NotShared,
            Membership::NoLongerShared(row) => {
                *image = translate::image(*row, &mut self.ids)?;
                image.sharing = Sharing::NotShared;
            }
            Membership::Gone => {}
        }
        Ok(())
    }

    fn gap(&mut self, scope: Scope, reason: String) {
        self.view.gaps.push(Gap {
            cloud: self.cloud.clone(),
            scope,
            reason,
        });
    }
}

async fn read_members_of(
    lookout: Lookout<'_>,
    of: &Candidate,
    in_a_row: &AtomicU32,
) -> Result<Membership, Failure> {
    if in_a_row.load(Ordering::Relaxed) >= MAX_FAILURES_IN_A_ROW {
        let detail = "not asked: too many member lists failed one after the other";
        return Err(Failure::new(FailureClass::Unavailable, detail));
    }
    let membership = lookout.members(&of.id, of.shared).await;
    match &membership {
        Err(failure) if is_passing(failure.class) || failure.class == FailureClass::Unauthenticated => {
            in_a_row.fetch_add(1, Ordering::Relaxed);
        }
        _ => in_a_row.store(0, Ordering::Relaxed),
    }
    membership
}

fn broken(why: &str) -> Failure {
    malformed(Operation::ListImages, why)
}
