//! The nouns: plain values that every other module speaks in.
//!
//! Nothing here decides, reads a clock or does I/O; a value that exists is
//! valid by construction. The words are those of the project's glossary, one
//! per thing.

mod attempt;
mod audit;
mod batch;
mod image;
mod inventory;
mod kind;
mod names;
mod people;
mod registry;
mod revocation;
mod run;
mod task;
mod words;

pub use attempt::{Attempt, Failure, FailureClass, JobStatus, Outcome, Verdict};
pub use audit::{AuditRecord, Event};
pub use batch::{Batch, Reach};
pub use image::{Image, Member, MemberStatus, Sharing, Visibility};
pub use inventory::{Caller, Endpoints, Gap, Inventory, Needs, Scope};
pub use kind::{Kind, Service, SubjectKind};
pub use names::{CloudName, Id, JobId, PolicyName, SourceName};
pub use people::{Baseline, Entry, Moment, Priority, Roll, SourceRecord, Standing, User, UserKey};
pub use registry::{AccountShare, Holder, Level, Namespace, Permission, Reading, Repository, UserState};
pub use revocation::{Comparison, Evidence, ListedIn, Revocation, Target};
pub use run::{Mode, Run, RunId, RunState, RunTotals, Trigger};
pub use task::{Hold, LiveTask, OtherTask, Task, TaskId, TaskState};
