//! A list of repositories through all its pages.
//!
//! A page is asked for by its offset, so that rows shift while repositories
//! come and go: a row may come twice, and another not at all. What tells is the
//! number of rows.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    address::Place,
    calls::{List, Page, Registry},
};
use crate::model::{Failure, FailureClass, Id};

/// Walks through the pages of one list.
pub struct Pages<'a> {
    registry: Registry<'a>,
    list: List<'a>,
    offset: u64,
    pages: u32,
    total: Option<u64>,
    seen: HashSet<Id>,
}

impl<'a> Pages<'a> {
    pub fn new(registry: Registry<'a>, list: List<'a>) -> Pages<'a> {
        Pages {
            registry,
            list,
            offset: 0,
            pages: 0,
            total: None,
            seen: HashSet::new(),
        }
    }

    /// The rows of the next page that were on none before, or `None` once the
    /// list was read to its end and nothing is missing from it.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, Failure> {
        loop {
            if self.pages >= self.registry.limits.max_pages {
                return Err(malformed(&format!("no end after {} pages", self.pages)));
            }
            let Page { rows, total } = self.registry.page(self.list, self.offset).await?;
            self.pages += 1;
            self.total = total.or(self.total);
            if rows.is_empty() {
                return self.end();
            }
            self.offset += rows.len() as u64;
            let fresh: Vec<Value> = rows.into_iter().filter(|row| self.is_new(row)).collect();
            if !fresh.is_empty() {
                return Ok(Some(fresh));
            }
            // A page of nothing new is no end while rows are still to come;
            // beyond them it means that the cloud does not heed the offset.
            match self.total {
                None => return Err(malformed("the pages repeat themselves")),
                Some(total) if self.offset >= total => return self.end(),
                Some(_) => {}
            }
        }
    }

    /// A total is never taken for the end of a list: it only tells, once the
    /// end is there, whether something was missed.
    fn end(&self) -> Result<Option<Vec<Value>>, Failure> {
        let distinct = self.seen.len() as u64;
        match self.total {
            Some(total) if total != distinct => Err(malformed(&format!(
                "the list moved while it was read: {distinct} of {total} came"
            ))),
            _ => Ok(None),
        }
    }

    /// A row without a name is told from others by all that it says.
    fn is_new(&mut self, row: &Value) -> bool {
        let key = place_of(row).map_or_else(|| row.to_string().into(), Place::id);
        self.seen.insert(key)
    }
}

/// Which repository a row is about, whatever else it says.
pub fn place_of(row: &Value) -> Option<Place<'_>> {
    let text = |key: &str| row[key].as_str().filter(|text| !text.is_empty());
    Some(Place {
        namespace: text("namespace")?,
        name: text("name")?,
    })
}

fn malformed(why: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("listing repositories: {why}"))
}
