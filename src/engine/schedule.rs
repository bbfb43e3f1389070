//! Placeholder for the schedule, replaced before the first landing.
use jiff::tz::TimeZone;
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: TimeZone,
}
impl Schedule {
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}
