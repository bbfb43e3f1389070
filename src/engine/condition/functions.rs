//! The functions of a condition: CEL's own where they are safe, and `days`.

use super::types::Type;

pub(super) struct Function {
    pub(super) name: &'static str,
    /// The value it is called on (`text.size()`), where it is called on one.
    pub(super) on: Option<Type>,
    pub(super) arguments: &'static [Type],
    pub(super) result: Type,
}

const fn global(name: &'static str, arguments: &'static [Type], result: Type) -> Function {
    Function {
        name,
        on: None,
        arguments,
        result,
    }
}

const fn method(name: &'static str, on: Type, arguments: &'static [Type], result: Type) -> Function {
    Function {
        name,
        on: Some(on),
        arguments,
        result,
    }
}

/// `size` stands apart: it takes lists of anything.
pub(super) const FUNCTIONS: &[Function] = &[
    global("days", &[Type::Int], Type::Duration),
    global("duration", &[Type::Text], Type::Duration),
    global("timestamp", &[Type::Text], Type::Timestamp),
    global("size", &[Type::Text], Type::Int),
    global("size", &[Type::Map], Type::Int),
    global("string", &[Type::Int], Type::Text),
    global("int", &[Type::Text], Type::Int),
    global("int", &[Type::Double], Type::Int),
    global("double", &[Type::Text], Type::Double),
    global("double", &[Type::Int], Type::Double),
    method("size", Type::Text, &[], Type::Int),
    method("size", Type::Map, &[], Type::Int),
    method("contains", Type::Text, &[Type::Text], Type::Bool),
    method("startsWith", Type::Text, &[Type::Text], Type::Bool),
    method("endsWith", Type::Text, &[Type::Text], Type::Bool),
    method("getHours", Type::Duration, &[], Type::Int),
    method("getFullYear", Type::Timestamp, &[], Type::Int),
    method("getMonth", Type::Timestamp, &[], Type::Int),
    method("getDate", Type::Timestamp, &[], Type::Int),
    method("getDayOfWeek", Type::Timestamp, &[], Type::Int),
    method("getHours", Type::Timestamp, &[], Type::Int),
    method("getFullYear", Type::Timestamp, &[Type::Text], Type::Int),
    method("getMonth", Type::Timestamp, &[Type::Text], Type::Int),
    method("getDate", Type::Timestamp, &[Type::Text], Type::Int),
    method("getDayOfWeek", Type::Timestamp, &[Type::Text], Type::Int),
    method("getHours", Type::Timestamp, &[Type::Text], Type::Int),
];

/// CEL's parser of durations ignores what follows the part it understands, so
/// `12h30d` would mean twelve hours; and it knows no days.
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if digits.len() == rest.len() || rest.len() - digits.len() > 15 {
            return false;
        }
        let unit = digits.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        if !matches!(
            &digits[..digits.len() - unit.len()],
            "h" | "m" | "s" | "ms" | "us" | "ns"
        ) {
            return false;
        }
        rest = unit;
    }
    true
}
