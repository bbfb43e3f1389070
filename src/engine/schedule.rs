use jiff::tz::TimeZone;
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: TimeZone,
}
impl Schedule {
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
    pub fn parse(_line: &str, zone: TimeZone) -> Result<Schedule, String> {
        Ok(Schedule { zone })
    }
}
