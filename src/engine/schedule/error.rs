//! What can be wrong with a cron line, and where.

use std::ops::Range;

use super::field::FieldKind;

/// A cron line that was refused, with what a diagnostic needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ScheduleError {
    /// What is wrong.
    pub problem: ScheduleProblem,
    /// The bytes of the offending field within the line, or of the whole line.
    pub span: Range<usize>,
    /// How to put it right, where that can be said.
    pub hint: Option<String>,
}

impl ScheduleError {
    pub(super) fn new(problem: ScheduleProblem, span: Range<usize>) -> ScheduleError {
        ScheduleError {
            problem,
            span,
            hint: None,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> ScheduleError {
        self.hint = Some(hint.into());
        self
    }

    /// The problem in words for people: lower case, no full stop, without the hint.
    pub fn message(&self) -> String {
        self.problem.to_string()
    }
}

/// The ways in which a cron line can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleProblem {
    /// There is nothing but white space.
    #[error("the schedule is empty")]
    Empty,
    /// The number of fields is not five, six or seven.
    #[error("a schedule has five, six or seven fields, not {0}")]
    FieldCount(usize),
    /// A word with `@` that is none of the nicknames.
    #[error("unknown nickname `{0}`")]
    UnknownNickname(String),
    /// `@reboot`, which names an event.
    #[error("`@reboot` names no time")]
    Reboot,
    /// A number that the field does not have.
    #[error("{field} {value} is not between {} and {}", field.lowest(), field.highest())]
    OutOfRange {
        /// The field it stands in.
        field: FieldKind,
        /// The digits as written.
        value: String,
    },
    /// Letters that are no month and no weekday.
    #[error("unknown {field} `{name}`")]
    UnknownName {
        /// The field it stands in.
        field: FieldKind,
        /// The name as written.
        name: String,
    },
    /// Text that is neither a number, a name nor `*`.
    #[error("{field} cannot be `{text}`")]
    NotAValue {
        /// The field it stands in.
        field: FieldKind,
        /// The text as written.
        text: String,
    },
    /// Nothing where a value should be, as in `1,,2`.
    #[error("{0} lacks a value")]
    MissingValue(FieldKind),
    /// A range whose end lies before its start.
    #[error("the range `{0}` runs backwards")]
    BackwardRange(String),
    /// A step that is no number, is zero, or leaves the field after its first value.
    #[error("the step of {field} is a number between 1 and {}, not `{step}`", field.longest_step())]
    Step {
        /// The field it stands in.
        field: FieldKind,
        /// The text after the slash.
        step: String,
    },
    /// A step behind a single value, as in `0/15`.
    #[error("the step in `{0}` has no range in front of it")]
    StepWithoutRange(String),
    /// `L`, `W`, `#` or `?`, which belong to Quartz.
    #[error("`{0}` is Quartz syntax, which is not supported")]
    Quartz(String),
    /// The line can be read, but no moment matches it.
    #[error("the schedule does not fire within nine years")]
    NeverFires,
}
