//! The batches that remove a set of targets, and nothing else.
//!
//! A call that takes two lists removes all their pairs. So a batch is a
//! rectangle of decided pairs, or it is not made.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use self::cover::{Rectangle, cover};
use crate::model::{Batch, CloudName, Id, Kind, Reach, Target};

mod cover;
mod matching;
mod peel;
#[cfg(test)]
mod tests;

/// Covers exactly `targets`: each is in one batch, and no batch holds a target
/// that was not asked for. A target that is given twice is planned once.
///
/// Each batch is within `reach`; where a batch of several targets would cost at
/// least as many requests as its targets do alone, each of them is a batch of
/// its own. The same targets give the same batches in any order.
pub fn plan(targets: &[Target], reach: Reach) -> Vec<Batch> {
    let mut grids: BTreeMap<(&CloudName, Kind), BTreeSet<Pair<'_>>> = BTreeMap::new();
    for target in targets {
        let grid = grids.entry((&target.cloud, target.kind)).or_default();
        grid.insert((&target.resource, target.subject.as_ref()));
    }
    let batches = grids
        .into_iter()
        .flat_map(|((cloud, kind), pairs)| Grid::of(cloud, kind, &pairs).batches(reach));
    batches.collect()
}

/// A resource and who loses it.
type Pair<'a> = (&'a Id, Option<&'a Id>);

/// The targets of one cloud and kind as pairs of numbers. Deletions, which have
/// no subject, are a grid with one column.
struct Grid<'a> {
    cloud: &'a CloudName,
    kind: Kind,
    resources: Vec<&'a Id>,
    subjects: Vec<Option<&'a Id>>,
    pairs: Vec<(u32, u32)>,
}

impl<'a> Grid<'a> {
    fn of(cloud: &'a CloudName, kind: Kind, targets: &BTreeSet<Pair<'a>>) -> Grid<'a> {
        let resources = numbered(targets.iter().map(|(resource, _)| *resource));
        let subjects = numbered(targets.iter().map(|(_, subject)| *subject));
        let pairs = targets
            .iter()
            .map(|(resource, subject)| (resources[resource], subjects[subject]));
        Grid {
            cloud,
            kind,
            pairs: pairs.collect(),
            resources: in_order(resources),
            subjects: in_order(subjects),
        }
    }

    fn batches(&self, reach: Reach) -> Vec<Batch> {
        let most = (reach.resources, reach.subjects);
        let worth_it =
            |rectangle: &Rectangle| rectangle.rows.len() * rectangle.columns.len() > reach.requests;
        let rectangles = cover(&self.pairs, most).into_iter();
        let pieces = rectangles.flat_map(|rectangle| match worth_it(&rectangle) {
            true => vec![rectangle],
            false => rectangle.pairs(),
        });
        pieces.map(|rectangle| self.batch(&rectangle)).collect()
    }

    fn batch(&self, rectangle: &Rectangle) -> Batch {
        let rows = rectangle.rows.iter();
        let columns = rectangle.columns.iter();
        Batch {
            cloud: self.cloud.clone(),
            kind: self.kind,
            resources: rows.map(|&row| self.resources[row as usize].clone()).collect(),
            subjects: columns
                .filter_map(|&column| self.subjects[column as usize].cloned())
                .collect(),
        }
    }
}

/// Distinct values with their places in the order of values.
fn numbered<T: Copy + Ord + Hash>(values: impl Iterator<Item = T>) -> HashMap<T, u32> {
    let distinct: HashSet<T> = values.collect();
    let mut distinct: Vec<T> = distinct.into_iter().collect();
    distinct.sort_unstable();
    distinct.into_iter().zip(0..).collect()
}

fn in_order<T>(numbered: HashMap<T, u32>) -> Vec<T> {
    let mut values: Vec<(T, u32)> = numbered.into_iter().collect();
    values.sort_unstable_by_key(|(_, number)| *number);
    values.into_iter().map(|(value, _)| value).collect()
}
