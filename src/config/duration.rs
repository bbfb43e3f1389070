//! Lengths of time and sizes in bytes, as people write them.

use std::time::Duration;

use super::value::{Text, Value};

/// A hundred years: beyond it, dates run out of their range.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

impl Value<'_> {
    /// A length of time like `30d` or `1h30m`, within bounds.
    pub fn duration(&self, least: Duration, most: Duration) -> Option<Duration> {
        let text = self.text()?;
        let length = text.duration()?;
        if (least..=most).contains(&length) {
            return Some(length);
        }
        let (least, most) = (
            humantime::format_duration(least),
            humantime::format_duration(most),
        );
        text.problem(
            format!("`{}` must be between {least} and {most}", self.key),
            "out of range",
            None,
        );
        None
    }

    /// Bytes: a whole number, or a text like `10GiB`.
    pub fn bytes(&self) -> Option<u64> {
        match self.value.as_str() {
            None => self.integer(0, u64::MAX),
            Some(written) => {
                let size = bytes(written);
                if size.is_none() {
                    let hint = "sizes are written like 500MB or 10GiB";
                    self.problem(format!("`{written}` is no size"), "no size", Some(hint));
                }
                size
            }
        }
    }
}

impl Text<'_> {
    /// Months and years have no fixed length, and `1M` reads like minutes, so
    /// neither is taken.
    pub fn duration(&self) -> Option<Duration> {
        if let Some(unit) = unsteady_unit(self.text) {
            let hint = "months and years differ in length; write days: 30d, 365d";
            self.problem(
                format!("`{unit}` has no fixed length"),
                "no fixed length",
                Some(hint),
            );
            return None;
        }
        match humantime::parse_duration(self.text) {
            Ok(length) if length <= LONGEST => Some(length),
            Ok(_) => {
                self.problem("longer than a hundred years", "too long", None);
                None
            }
            Err(_) => {
                let hint = "lengths of time are written like 30d, 12h or 1h30m";
                self.problem(
                    format!("`{}` is no length of time", self.text),
                    "no length of time",
                    Some(hint),
                );
                None
            }
        }
    }
}

fn unsteady_unit(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphabetic()).find(|unit| {
        matches!(
            *unit,
            "M" | "month" | "months" | "y" | "yr" | "yrs" | "year" | "years"
        )
    })
}

fn bytes(written: &str) -> Option<u64> {
    let digits = written.trim().find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = written.trim().split_at(digits);
    let unit: u64 = match unit.trim() {
        "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1000_u64.pow(2),
        "GB" => 1000_u64.pow(3),
        "TB" => 1000_u64.pow(4),
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("10GiB"), Some(10 << 30));
        assert_eq!(bytes("500 MB"), Some(500_000_000));
        for wrong in ["10", "GiB", "1.5GB", "10gib", "99999999999TiB", ""] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn months_and_years_are_told_from_minutes_and_days() {
        assert_eq!(unsteady_unit("1d 3M"), Some("M"));
        assert_eq!(unsteady_unit("1year"), Some("year"));
        assert_eq!(unsteady_unit("1m 30days"), None);
    }
}
