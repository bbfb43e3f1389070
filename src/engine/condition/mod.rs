//! `when`: a CEL expression, for what the match keys do not reach.
//!
//! CEL has no types before it runs, and its `&&` and `||` swallow errors, so a
//! misspelt field would silently never match. Everything that can be wrong is
//! therefore found here, when the expression is read: an expression that
//! parses knows all its names and types and gives a boolean. What is left for
//! the run is arithmetic (an overflow, a division by zero) and conversions of
//! text; those are errors of one item, never a match.

mod check;
mod functions;
mod narrowing;
mod operations;
mod row;
mod types;
mod variables;

use std::{fmt, ops::Range, sync::Arc};

use cel::{Context, Value, common::types::CelBool, parser::Expression};
use jiff::Timestamp;

use super::candidate::Candidate;
use crate::model::Kind;

/// Bytes of an expression.
const MOST_BYTES: usize = 4096;
/// Brackets within brackets. The parser needs much stack for each, and a
/// worker thread has two megabytes.
const DEEPEST_BRACKETS: usize = 8;
/// Signs of any sort: a chain of dots is as deep for the parser as brackets.
const MOST_SIGNS: usize = 600;
/// Each `?` may stand within the last.
const MOST_CHOICES: usize = 16;

/// A condition that is known to make sense for its policy's kinds.
#[derive(Clone)]
pub struct Condition {
    expression: Arc<Expression>,
    written: Arc<str>,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    pub message: String,
    /// The bytes of the text that are wrong, where that is known.
    pub span: Option<Range<usize>>,
    pub hint: Option<String>,
}

impl ConditionError {
    fn new(message: impl Into<String>) -> ConditionError {
        ConditionError {
            message: message.into(),
            span: None,
            hint: None,
        }
    }

    fn at(mut self, span: Option<Range<usize>>) -> ConditionError {
        self.span = self.span.or(span);
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> ConditionError {
        self.hint = Some(hint.into());
        self
    }
}

impl Condition {
    /// Reads an expression over the targets of `kinds`, of which there is at
    /// least one: each name in it must mean something for every one of them.
    ///
    /// # Errors
    /// The first thing that is wrong: syntax, a name, a type, a value that may
    /// be absent and is used unasked, or a result that is no boolean.
    pub fn parse(text: &str, kinds: &[Kind]) -> Result<Condition, ConditionError> {
        refuse_what_is_too_big(text)?;
        let program = row::ENVIRONMENT
            .compile(text)
            .map_err(|errors| syntax_error(text, &errors))?;
        check::check(&program, text, kinds)?;
        Ok(Condition {
            expression: Arc::new(program.expression().clone()),
            written: text.into(),
        })
    }

    /// Whether it holds for one target, which is of one of its kinds.
    ///
    /// # Errors
    /// Why it cannot be told for this item; the item is then not matched.
    pub(super) fn holds(&self, candidate: Candidate, now: Timestamp) -> Result<bool, String> {
        let row = row::Row { candidate, now };
        let mut scope: Context<'_, '_> = row::ROOT.new_inner_scope();
        scope.set_variable_resolver(&row);
        let value = Value::resolve_val(&self.expression, &scope).map_err(|error| error.to_string())?;
        match value.downcast_ref::<CelBool>() {
            Some(answer) => Ok(*answer.inner()),
            None => Err(format!(
                "the condition gave a {}, not true or false",
                value.get_type().name()
            )),
        }
    }

    /// The expression as a person wrote it.
    pub fn written(&self) -> &str {
        &self.written
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.written).finish()
    }
}

/// The parser recurses with the text, so what is too deep never reaches it.
fn refuse_what_is_too_big(text: &str) -> Result<(), ConditionError> {
    if text.trim().is_empty() {
        return Err(ConditionError::new("the condition is empty"));
    }
    if text.len() > MOST_BYTES {
        return Err(ConditionError::new(format!(
            "the condition is longer than {MOST_BYTES} bytes"
        )));
    }
    if let Some(position) = text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let error = ConditionError::new("the condition holds a control character");
        return Err(error.at(Some(position..position + 1)));
    }
    if text.matches('?').count() > MOST_CHOICES {
        return Err(ConditionError::new(format!(
            "the condition holds more than {MOST_CHOICES} question marks"
        )));
    }
    if text.chars().filter(char::is_ascii_punctuation).count() > MOST_SIGNS {
        return Err(ConditionError::new(format!(
            "the condition holds more than {MOST_SIGNS} signs"
        )));
    }
    let mut depth = 0_usize;
    for (position, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_BRACKETS {
            return Err(ConditionError::new(format!(
                "brackets are nested more than {DEEPEST_BRACKETS} deep"
            ))
            .at(Some(position..position + character.len_utf8())));
        }
    }
    Ok(())
}

fn syntax_error(text: &str, errors: &cel::ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else {
        return ConditionError::new("the condition cannot be read");
    };
    let message = match first.msg.as_str() {
        "UNKNOWN" => "not an expression",
        other => other.strip_prefix("Syntax error: ").unwrap_or(other),
    };
    let error = ConditionError::new(format!("the condition cannot be read: {message}"));
    let error = error.at(place(text, first.pos));
    if message == "reserved identifier: namespace" {
        return error.hint("the namespace of a grant is `grant.namespace`");
    }
    match text.contains(" and ") || text.contains(" or ") || text.contains(" not ") {
        true => error.hint("CEL writes && for and, || for or, ! for not"),
        false => error,
    }
}

/// The byte range of one character, from the parser's line (from 1) and column
/// (from 0, in characters).
fn place(text: &str, (line, column): (isize, isize)) -> Option<Range<usize>> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?;
    let begin: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(begin..)?;
    let (offset, character) = rest.char_indices().nth(column)?;
    Some(begin + offset..begin + offset + character.len_utf8())
}

#[cfg(test)]
mod tests;
