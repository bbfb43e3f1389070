//! A task as the page of model has it.

use crate::model::{Hold, RunId, Target, TaskState};

#[derive(Clone, Debug, PartialEq)]
pub struct Simple {
    pub policy: String,
    pub target: Target,
    pub run: RunId,
    pub state: TaskState,
    pub hold: Option<Hold>,
    pub not_before: i64,
    pub allowed_from: i64,
    pub attempts: u32,
    pub tries: usize,
    pub job: Option<String>,
}

impl Simple {
    pub fn is_live(&self) -> bool {
        !matches!(self.state, TaskState::Done | TaskState::Cancelled)
    }

    pub fn is_taken(&self) -> bool {
        matches!(self.state, TaskState::Claimed | TaskState::Submitted)
    }

    pub fn gave_up_for_good(&self) -> bool {
        self.state == TaskState::Cancelled && self.attempts > 0
    }

    pub fn enter(&mut self, state: TaskState) {
        self.state = state;
        self.hold = None;
        self.job = None;
    }
}
