//! How one event becomes one line. What a cloud or a file says is written so
//! that it can neither begin a line of its own nor steer a terminal.

use std::{error::Error, fmt};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::Format;

pub(super) struct Lines {
    pub format: Format,
    /// The journal keeps the time, and reads the level from the line.
    pub on_journal: bool,
    pub colour: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        let line = self.line(*event.metadata().level(), &said, Timestamp::now());
        writeln!(writer, "{line}")
    }
}

/// What an event carries.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Lines {
    fn line(&self, level: Level, said: &Said, now: Timestamp) -> String {
        let line = match self.format {
            Format::Json => json(level, said, now),
            Format::Text => self.text(level, said, now),
        };
        match self.on_journal {
            true => format!("{}{line}", prefix(level)),
            false => line,
        }
    }

    fn text(&self, level: Level, said: &Said, now: Timestamp) -> String {
        let mut line = match (self.on_journal, self.colour) {
            (true, _) => String::new(),
            (false, true) => format!("\u{1b}[2m{now:.6}\u{1b}[0m {} ", coloured(level)),
            (false, false) => format!("{now:.6} {level:>5} "),
        };
        line.push_str(&on_one_line(&said.message));
        for (name, value) in &said.fields {
            let value = match value {
                Value::String(text) => quoted(text),
                other => other.to_string(),
            };
            match self.colour && !self.on_journal {
                true => line.push_str(&format!(" \u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}")),
                false => line.push_str(&format!(" {name}={value}")),
            }
        }
        line
    }
}

fn json(level: Level, said: &Said, now: Timestamp) -> String {
    let mut object = Map::new();
    for (name, value) in &said.fields {
        object.insert((*name).to_owned(), value.clone());
    }
    object.insert("time".to_owned(), Value::from(format!("{now:.6}")));
    object.insert("level".to_owned(), Value::from(level.as_str().to_lowercase()));
    object.insert("message".to_owned(), Value::from(said.message.as_str()));
    let escaped = |c: char| match steers(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    // All of these stand within strings: nothing else of JSON is one.
    Value::Object(object).to_string().chars().map(escaped).collect()
}

/// As sd-daemon(3) has them.
fn prefix(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

fn coloured(level: Level) -> String {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 34,
    };
    format!("\u{1b}[{colour}m{level:>5}\u{1b}[0m")
}

/// The text without line breaks and without what steers a terminal.
pub fn on_one_line(text: &str) -> String {
    let escaped = |c: char| match steers(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Control characters, line breaks of Unicode, and what turns the direction of
/// the text that follows.
pub fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// In quotes where it would not be clear where it ends.
fn quoted(text: &str) -> String {
    let is_clear = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=' | '\\') && !steers(c);
    if !text.is_empty() && text.chars().all(is_clear) {
        return text.to_owned();
    }
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", on_one_line(&text))
}

impl Said {
    fn add(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => {
                self.message = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                }
            }
            // Where a library that logs another way had it from.
            name if name.starts_with("log.") => {}
            name => self.fields.push((name, value)),
        }
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::from(value));
    }

    /// With all that is behind it.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut source = value.source();
        while let Some(behind) = source {
            chain.push_str(&format!(": {behind}"));
            source = behind.source();
        }
        self.add(field, Value::from(chain));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str = "no\n<3>forged line\u{1b}[2J\u{9b}2J\u{202e}";

    fn lines(format: Format, on_journal: bool) -> Lines {
        Lines {
            format,
            on_journal,
            colour: false,
        }
    }

    fn said() -> Said {
        Said {
            message: format!("done: {FOREIGN}"),
            fields: vec![
                ("task", Value::from(7)),
                ("policy", Value::from("lapse")),
                ("reason", Value::from(format!("a \"b\" {FOREIGN}"))),
            ],
        }
    }

    fn line(lines: &Lines, level: Level) -> String {
        lines.line(level, &said(), "2026-11-22T12:00:00.5Z".parse().unwrap())
    }

    #[test]
    fn text_has_time_and_level_and_fields() {
        let line = line(&lines(Format::Text, false), Level::INFO);
        assert!(
            line.starts_with("2026-11-22T12:00:00.500000Z  INFO done: no\\n<3>forged"),
            "{line}"
        );
        assert!(
            line.contains(" task=7 policy=lapse reason=\"a \\\"b\\\" no\\n"),
            "{line}"
        );
    }

    #[test]
    fn the_journal_gets_the_level_as_a_prefix_and_no_time() {
        for (level, prefix) in [
            (Level::ERROR, "<3>"),
            (Level::WARN, "<4>"),
            (Level::INFO, "<6>"),
            (Level::DEBUG, "<7>"),
            (Level::TRACE, "<7>"),
        ] {
            let text = line(&lines(Format::Text, true), level);
            assert!(text.starts_with(&format!("{prefix}done: ")), "{text}");
            let json = line(&lines(Format::Json, true), level);
            assert!(json.starts_with(&format!("{prefix}{{")), "{json}");
        }
    }

    #[test]
    fn json_is_one_object_that_gives_back_what_was_said() {
        let line = line(&lines(Format::Json, false), Level::WARN);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["level"], "warn");
        assert_eq!(value["message"], format!("done: {FOREIGN}"));
        assert_eq!(value["task"], 7);
        assert_eq!(value["reason"], format!("a \"b\" {FOREIGN}"));
    }

    #[test]
    fn nothing_foreign_breaks_a_line_or_steers_a_terminal() {
        for format in [Format::Text, Format::Json] {
            for on_journal in [false, true] {
                let line = line(&lines(format, on_journal), Level::INFO);
                assert!(!line.contains(steers), "{line:?}");
            }
        }
    }

    #[test]
    fn a_value_is_quoted_where_its_end_would_not_be_clear() {
        assert_eq!(quoted("plain-1.2:3/4"), "plain-1.2:3/4");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("two words"), "\"two words\"");
        assert_eq!(quoted("a=b"), "\"a=b\"");
        assert_eq!(quoted("back\\slash"), "\"back\\\\slash\"");
    }
}
