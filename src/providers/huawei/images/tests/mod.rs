//! The image half against a scripted server on loopback, one behaviour at a
//! time.

mod batches;
mod collecting;
mod jobs;
mod looking;
mod members;
mod pairs;
mod removing;
mod setup;
