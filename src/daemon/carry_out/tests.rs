//! Batches and jobs, against a cloud in memory.

use scene::{Scene, rectangle};

mod batches;
mod jobs;
mod scene;
