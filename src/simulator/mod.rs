//! A world of images, projects and members, and the faults that befall those
//! who ask about it.
//!
//! It exists so that the demo, the tests and the benchmarks can revoke for
//! real without a cloud. It knows who may do what to whom, and remembers every
//! removal; how that is spoken over HTTP is each provider's own affair.

pub mod demo;
pub mod demo_registry;
mod faults;
mod random;
mod requests;
mod seed;
mod world;

pub use faults::{Effect, Fault, Faults, RetryAfter};
pub use requests::{Call, CallKind, InFlight, LoggedRequest, Requests};
pub use seed::{Login, Seeded, Seeding, seeded_world};
pub use world::registry;
pub use world::{
    AccessKey, Account, Actor, ApplicationCredential, Direction, FIRST_ACCOUNT, ImageChange, ImageRecord,
    Job, JobEnd, JobKind, JobScript, Left, ListQuery, NewImage, Project, Refusal, Removable, Removal, Role,
    SecurityToken, SortKey, TimeField, TimeTest, User, VisibilityFilter, World,
};
