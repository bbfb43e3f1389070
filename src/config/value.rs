//! Values of a file with their places: each getter gives what it asks for or
//! reports what stands there instead.

use std::ops::Range;

use toml::de::DeValue;

use super::reader::{Sink, Table, did_you_mean};

/// A value with the key it stands under.
#[derive(Clone)]
pub struct Value<'a> {
    pub sink: &'a Sink,
    pub key: &'a str,
    pub key_span: Range<usize>,
    pub span: Range<usize>,
    pub value: &'a DeValue<'a>,
}

/// A text with its place.
#[derive(Clone)]
pub struct Text<'a> {
    pub sink: &'a Sink,
    pub text: &'a str,
    /// The whole value, quotes and all.
    pub span: Range<usize>,
}

impl<'a> Value<'a> {
    pub fn problem(&self, message: impl Into<String>, label: &str, hint: Option<&str>) {
        self.sink.problem(self.span.clone(), message, label, hint);
    }

    fn mismatch(&self, wanted: &str) {
        let found = kind_of(self.value);
        self.problem(
            format!("`{}` must be {wanted}", self.key),
            &format!("this is {found}"),
            None,
        );
    }

    /// A text that is not blank.
    pub fn text(&self) -> Option<Text<'a>> {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => {
                self.problem(format!("`{}` is empty", self.key), "empty", None);
                None
            }
            DeValue::String(text) => Some(Text {
                sink: self.sink,
                text,
                span: self.span.clone(),
            }),
            _ => {
                self.mismatch("a string");
                None
            }
        }
    }

    /// One text or a list of them, not an empty one.
    pub fn texts(&self) -> Option<Vec<Text<'a>>> {
        let items = self.items("a string or a list of strings")?;
        let count = items.len();
        let texts: Vec<Text<'a>> = items.iter().filter_map(Value::text).collect();
        (texts.len() == count).then_some(texts)
    }

    /// The values of a list, or the one value there is.
    fn items(&self, wanted: &str) -> Option<Vec<Value<'a>>> {
        match self.value {
            DeValue::Array(items) if items.is_empty() => {
                let hint = "leave the key out, or name at least one";
                self.problem(
                    format!("`{}` is an empty list", self.key),
                    "matches nothing",
                    Some(hint),
                );
                None
            }
            DeValue::Array(items) => Some(
                items
                    .iter()
                    .map(|item| Value {
                        span: item.span(),
                        value: item.get_ref(),
                        ..self.clone()
                    })
                    .collect(),
            ),
            DeValue::String(_) => Some(vec![self.clone()]),
            _ => {
                self.mismatch(wanted);
                None
            }
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        let found = self.value.as_bool();
        if found.is_none() {
            self.mismatch("true or false");
        }
        found
    }

    pub fn integer(&self, least: u64, most: u64) -> Option<u64> {
        let DeValue::Integer(integer) = self.value else {
            self.mismatch("a whole number");
            return None;
        };
        let number = i128::from_str_radix(&integer.as_str().replace('_', ""), integer.radix());
        match number.ok().and_then(|number| u64::try_from(number).ok()) {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let message = match most {
                    u64::MAX => format!("`{}` must be at least {least}", self.key),
                    _ => format!("`{}` must be between {least} and {most}", self.key),
                };
                self.problem(message, "out of range", None);
                None
            }
        }
    }

    /// A number with or without a fraction.
    pub fn number(&self) -> Option<f64> {
        let written = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.mismatch("a number");
                return None;
            }
        };
        match written.replace('_', "").parse() {
            Ok(number) => Some(number),
            Err(_) => {
                self.mismatch("a number");
                None
            }
        }
    }

    pub fn table(&self, title: impl Into<String>) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(Table::new(self.sink, title, self.section_span(), entries)),
            _ => {
                self.mismatch("a section");
                None
            }
        }
    }

    /// `[[key]]`, once or often; a single `[key]` counts as one.
    pub fn tables(&self, title: &str) -> Vec<Table<'a>> {
        match self.value {
            DeValue::Table(_) => self.table(title).into_iter().collect(),
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| {
                    Value {
                        span: item.span(),
                        value: item.get_ref(),
                        ..self.clone()
                    }
                    .table(title)
                })
                .collect(),
            _ => {
                self.mismatch("a section");
                Vec::new()
            }
        }
    }

    /// A section's own span is its header; of one made of dotted keys, the key.
    fn section_span(&self) -> Range<usize> {
        match self.span.is_empty() {
            true => self.key_span.clone(),
            false => self.span.clone(),
        }
    }
}

impl Text<'_> {
    pub fn problem(&self, message: impl Into<String>, label: &str, hint: Option<&str>) {
        self.sink.problem(self.span.clone(), message, label, hint);
    }

    /// The span in the file of a part of the text. Where the text is written
    /// with escapes the parts do not line up, and it is the whole value.
    pub fn part(&self, part: Range<usize>) -> Range<usize> {
        let raw = self.sink.file.text().get(self.span.clone()).unwrap_or_default();
        match raw.find(self.text) {
            Some(offset) if part.end <= self.text.len() => {
                let begin = self.span.start + offset;
                begin + part.start..begin + part.end
            }
            _ => self.span.clone(),
        }
    }

    /// A word out of a closed set.
    pub fn word<T: Copy>(&self, what: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == self.text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let hint = did_you_mean(self.text, &known);
            self.problem(
                format!("unknown {what} `{}`", self.text),
                &format!("unknown {what}"),
                Some(&hint),
            );
        }
        found.map(|(_, meaning)| *meaning)
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
