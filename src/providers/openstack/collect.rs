//! All images of one project, with their members: whatever part of that fails
//! becomes a gap, and the rest is kept.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU32, Ordering},
};

use futures::{StreamExt, stream};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    look::{Lookout, Membership},
    translate, wire,
};
use crate::{
    config::types::CloudLimits,
    model::{Caller, CloudName, Failure, FailureClass, Gap, Id, Image, Scope, Sharing, Visibility},
    providers::{Progress, http::shortened, interner::Interner, patience::is_passing},
};

/// After so many member lists failed one after the other the cloud is taken
/// for gone; asking on would wait out each list's time limits in turn.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

pub struct Collection<'a> {
    cloud: &'a CloudName,
    caller: &'a Caller,
    limits: &'a CloudLimits,
    lookout: Lookout<'a>,
    report: &'a (dyn Fn(Progress) + Send + Sync),
    progress: Progress,
    ids: Interner,
    seen: HashSet<Id>,
    pub images: Vec<Image>,
    pub gaps: Vec<Gap>,
}

impl<'a> Collection<'a> {
    pub fn new(
        cloud: &'a CloudName,
        caller: &'a Caller,
        limits: &'a CloudLimits,
        lookout: Lookout<'a>,
        report: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Collection<'a> {
        Collection {
            cloud,
            caller,
            limits,
            lookout,
            report,
            progress: Progress::default(),
            ids: Interner::default(),
            seen: HashSet::new(),
            images: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Lists what is visible and what is hidden. An `Err` means that not even
    /// the first page came.
    pub async fn read_images(&mut self) -> Result<(), Failure> {
        for hidden in [false, true] {
            let mut pages = 0;
            if let Err(failure) = self.read_pages(hidden, &mut pages).await {
                if !hidden && pages == 0 {
                    return Err(failure);
                }
                self.gap(Scope::Images, failure.detail);
            }
        }
        Ok(())
    }

    /// Reads the members of every image that is shared.
    pub async fn read_members(&mut self) {
        let shared = self
            .images
            .iter()
            .enumerate()
            .filter(|(_, image)| image.visibility == Visibility::Shared);
        let wanted: Vec<(usize, Id)> = shared.map(|(index, image)| (index, image.id.clone())).collect();
        self.progress.member_lists_expected = Some(wanted.len() as u64);
        (self.report)(self.progress);

        let lookout = self.lookout;
        let in_a_row = &AtomicU32::new(0);
        let reads = wanted.into_iter().map(async |(index, image)| {
            let membership = read_members_of(lookout, &image, in_a_row).await;
            (index, image, membership)
        });
        let mut reads = stream::iter(reads).buffer_unordered(self.limits.concurrency.max(1));
        let mut gone = HashSet::new();
        while let Some((index, image, membership)) = reads.next().await {
            if let Ok(Membership::Gone) = membership {
                gone.insert(image);
            } else if let Err(reason) = self.settle(index, membership) {
                self.images[index].sharing = Sharing::Unreadable;
                self.gap(Scope::Members(image), reason);
            }
            self.progress.member_lists += 1;
            (self.report)(self.progress);
        }
        self.images.retain(|image| !gone.contains(&image.id));
    }

    async fn read_pages(&mut self, hidden: bool, pages: &mut u32) -> Result<(), Failure> {
        let Lookout { glance, patience, .. } = self.lookout;
        let mut query = self.first_query(hidden);
        let mut asked = HashSet::new();
        while *pages < self.limits.max_pages {
            if asked.contains(&query) {
                return Err(malformed("the pages lead round in a circle"));
            }
            let page = patience.read(|| glance.list(&query)).await?;
            asked.insert(query);
            *pages += 1;
            for row in page.rows {
                if let Err(reason) = self.take(row) {
                    self.gap(Scope::Images, format!("listing images: {}", shortened(&reason)));
                }
            }
            self.progress.images = self.images.len() as u64;
            (self.report)(self.progress);
            match page.next {
                Some(next) => query = next,
                None => return Ok(()),
            }
        }
        Err(malformed(&format!("no end after {pages} pages")))
    }

    fn first_query(&self, hidden: bool) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("owner", self.caller.project.as_str());
        query.append_pair("visibility", "all");
        query.append_pair("os_hidden", if hidden { "true" } else { "false" });
        query.append_pair("limit", &self.limits.page_size.to_string());
        query.finish()
    }

    /// Keeps one row, unless it is another project's: an administrator's token
    /// lists them all, and clouds may ignore the filter.
    fn take(&mut self, row: Value) -> Result<(), String> {
        match &row["owner"] {
            Value::String(owner) if owner != self.caller.project.as_str() => return Ok(()),
            Value::Null if row.get("owner").is_some() => return Ok(()),
            _ => {}
        }
        let id = row["id"].as_str().unwrap_or("without id").to_owned();
        let row: wire::Image =
            serde_json::from_value(row).map_err(|error| format!("image {id} is not understood: {error}"))?;
        // Pages shift while images come and go.
        if self.seen.contains(row.id.as_str()) {
            return Ok(());
        }
        let image = translate::image(row, &mut self.ids)?;
        self.seen.insert(image.id.clone());
        self.images.push(image);
        Ok(())
    }

    fn settle(&mut self, index: usize, membership: Result<Membership, Failure>) -> Result<(), String> {
        match membership.map_err(|failure| failure.detail)? {
            Membership::Members(rows) => {
                self.images[index].sharing = Sharing::Members(translate::members(rows, &mut self.ids)?);
            }
            Membership::NoLongerShared(row) => {
                self.images[index] = translate::image(*row, &mut self.ids)?;
            }
            Membership::Gone => {}
        }
        Ok(())
    }

    fn gap(&mut self, scope: Scope, reason: String) {
        self.gaps.push(Gap {
            cloud: self.cloud.clone(),
            scope,
            reason,
        });
    }
}

async fn read_members_of(
    lookout: Lookout<'_>,
    image: &Id,
    in_a_row: &AtomicU32,
) -> Result<Membership, Failure> {
    if in_a_row.load(Ordering::Relaxed) >= MAX_FAILURES_IN_A_ROW {
        let detail = "not asked: too many member lists failed one after the other";
        return Err(Failure::new(FailureClass::Unavailable, detail));
    }
    let membership = lookout.members(image).await;
    match &membership {
        Err(failure) if is_passing(failure.class) || failure.class == FailureClass::Unauthenticated => {
            in_a_row.fetch_add(1, Ordering::Relaxed);
        }
        _ => in_a_row.store(0, Ordering::Relaxed),
    }
    membership
}

fn malformed(why: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("listing images: {why}"))
}
