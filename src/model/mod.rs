//! The nouns: plain values that every other module speaks in.
//!
//! Nothing here decides, reads a clock or does I/O; a value that exists is
//! valid by construction. The words are those of the project's glossary, one
//! per thing.

mod attempt;
mod audit;
mod image;
mod inventory;
mod kind;
mod names;
mod revocation;
mod run;
mod task;
mod words;

pub use attempt::{Attempt, Failure, FailureClass, Outcome, Verdict};
pub use audit::{AuditRecord, Event};
pub use image::{Image, Member, MemberStatus, Sharing, Visibility};
pub use inventory::{Caller, Gap, Inventory, Needs, Scope};
pub use kind::{Kind, SubjectKind};
pub use names::{CloudName, Id, PolicyName};
pub use revocation::{Comparison, Evidence, Revocation, Target};
pub use run::{Mode, Run, RunId, RunState, RunTotals, Trigger};
pub use task::{Hold, LiveTask, Task, TaskId, TaskState};
