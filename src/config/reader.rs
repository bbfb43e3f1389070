//! A cursor over a parsed TOML file that collects what is wrong and goes on.
//!
//! Deserialising by derive stops at the first error and cannot point at an
//! unknown key inside a tagged section. Here a section is taken apart key by
//! key: what is not taken is unknown, and every wrong value becomes a problem
//! at its own place.

use std::{cell::RefCell, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Problem, Problems},
    source::SourceFile,
    value::Value,
};

/// Where the problems and warnings of one file go.
pub struct Sink {
    pub file: SourceFile,
    problems: RefCell<Problems>,
    warnings: RefCell<Problems>,
}

impl Sink {
    pub fn new(file: SourceFile) -> Sink {
        Sink {
            file,
            problems: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    pub fn push(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub fn problem(&self, span: Range<usize>, message: impl Into<String>, label: &str, hint: Option<&str>) {
        let problem = Problem::at(self.file.place(span), message).label(label);
        self.push(match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    pub fn warn(&self, problem: Problem) {
        self.warnings.borrow_mut().push(problem);
    }

    /// Problems so far, to see whether a part of the file added any.
    pub fn count(&self) -> usize {
        self.problems.borrow().count()
    }

    /// The problems and the warnings.
    pub fn into_parts(self) -> (Problems, Problems) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

/// A section, whose keys are taken one by one.
pub struct Table<'a> {
    pub sink: &'a Sink,
    /// What the section is called in messages: `[policy.match]`.
    pub title: String,
    pub span: Range<usize>,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
    /// Keys that are known elsewhere and were already complained about.
    foreign: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub fn new(
        sink: &'a Sink,
        title: impl Into<String>,
        span: Range<usize>,
        entries: &'a DeTable<'a>,
    ) -> Table<'a> {
        Table {
            sink,
            title: title.into(),
            span,
            entries,
            known: Vec::new(),
            foreign: Vec::new(),
        }
    }

    /// The value of a key, if it is written. The key is known from now on.
    pub fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        #[cfg(test)]
        super::tests::schema::note(&self.title, key);
        self.known.push(key);
        self.get(key)
    }

    /// The value of a key that must be written.
    pub fn require(&mut self, key: &'static str, hint: &str) -> Option<Value<'a>> {
        let value = self.take(key);
        if value.is_none() {
            let message = format!("{} lacks `{key}`", self.title);
            self.sink.problem(
                self.span.clone(),
                message,
                &format!("`{key}` is missing"),
                Some(hint),
            );
        }
        value
    }

    /// Refuses a key that means something elsewhere.
    pub fn refuse(&mut self, key: &'static str, message: &str, hint: Option<&str>) {
        self.foreign.push(key);
        if let Some(value) = self.get(key) {
            self.sink
                .problem(value.key_span.clone(), message, "not here", hint);
        }
    }

    /// All keys as written, for sections whose keys are names people chose.
    pub fn names(&self) -> Vec<Value<'a>> {
        self.entries
            .iter()
            .map(|(key, value)| self.value(key, value))
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entries(&self) -> &'a DeTable<'a> {
        self.entries
    }

    /// Whether a key is written, taken or not.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Reports the keys that nobody took.
    pub fn finish(self) {
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) || self.foreign.contains(&name) {
                continue;
            }
            let hint = did_you_mean(name, &self.known);
            let message = format!("unknown key `{name}` in {}", self.title);
            self.sink.problem(key.span(), message, "unknown key", Some(&hint));
        }
    }

    fn get(&self, key: &str) -> Option<Value<'a>> {
        let (key, value) = self.entries.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.value(key, value))
    }

    fn value(&self, key: &'a Spanned<toml::de::DeString<'a>>, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value {
            sink: self.sink,
            key: key.get_ref(),
            key_span: key.span(),
            span: value.span(),
            value: value.get_ref(),
        }
    }
}

/// The nearest known word, or all of them.
pub fn did_you_mean(wrong: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|word| (strsim::osa_distance(word, wrong), *word))
        .min();
    match near {
        Some((distance, word)) if distance <= 1 + word.len() / 4 => format!("did you mean `{word}`?"),
        _ if known.is_empty() => "there are none".to_owned(),
        _ => format!("known are: {}", known.join(", ")),
    }
}
