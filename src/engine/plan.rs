//! The batches that remove a set of targets, and nothing else.

use crate::model::{Batch, Reach, Target};

/// Covers exactly `targets`, which are of one cloud and one kind, none twice:
/// no target is in two batches, and no batch holds a target that was not asked
/// for. Each batch is within `reach`; where a batch of several targets would
/// cost more requests than it saves, each of them is a batch of its own.
pub fn plan(targets: &[Target], _reach: Reach) -> Vec<Batch> {
    targets.iter().map(Batch::of_one).collect()
}
