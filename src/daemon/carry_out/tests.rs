//! Batches and jobs, against a cloud in memory.

use scene::{Scene, rectangle};

mod batches;
mod double;
mod jobs;
mod lists;
pub(in crate::daemon) mod scene;
