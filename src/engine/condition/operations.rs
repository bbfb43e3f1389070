//! What operators and functions take and give.

use cel::common::ast::operators;

use super::{
    ConditionError,
    check::Checked,
    functions::{FUNCTIONS, Function},
    types::{Type, suggestion},
};

pub(super) fn negate(inner: &Type) -> Checked {
    match inner {
        Type::Int | Type::Double | Type::Any => Ok(inner.clone()),
        other => Err(ConditionError::new(format!("{other} has no negative"))),
    }
}

pub(super) fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        operators::ADD => "+",
        operators::SUBSTRACT => "-",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        operators::IN => "in",
        _ => return None,
    })
}

pub(super) fn binary(name: &str, left: &Type, right: &Type) -> Checked {
    use Type::{Any, Bool, Double, Duration, Int, List, Map, MaybeInt, MaybeTimestamp, Text, Timestamp};
    let symbol = symbol(name).unwrap_or(name);
    let result = match (symbol, left, right) {
        ("==" | "!=", a, b) => a.comparable(b).then_some(Bool),
        ("<" | "<=" | ">" | ">=", a, b) if a.is_number() && b.is_number() => Some(Bool),
        ("<" | "<=" | ">" | ">=", a, b) if a.join(b).is_some() => {
            matches!(a, Text | Timestamp | Duration | Any).then_some(Bool)
        }
        ("in", a, List(of)) => a.comparable(of).then_some(Bool),
        ("in", Text, Map) => Some(Bool),
        ("+", List(_), List(_)) => left.join(right),
        ("+", Timestamp, Duration) | ("+", Duration, Timestamp) | ("-", Timestamp, Duration) => {
            Some(Timestamp)
        }
        ("+" | "-", Duration, Duration) | ("-", Timestamp, Timestamp) => Some(Duration),
        ("+", Text, Text) => Some(Text),
        ("+" | "-" | "*" | "/" | "%", Int, Int) => Some(Int),
        ("+" | "-" | "*" | "/", Double, Double) => Some(Double),
        _ => None,
    };
    result.ok_or_else(|| match (left, right) {
        (MaybeInt, _) | (_, MaybeInt) => {
            ConditionError::new("the size of an image may be null, while it has no data")
                .hint("ask first: image.size != null && …")
        }
        (MaybeTimestamp, _) | (_, MaybeTimestamp) => ConditionError::new(format!(
            "`{symbol}` does not work with a time that may be null, where there is none or the cloud does not tell it"
        ))
        .hint("ask first, for example: grant.deadline != null && …"),
        _ => ConditionError::new(format!("`{symbol}` does not work between {left} and {right}")),
    })
}

pub(super) fn function(name: &str, on: Option<&Type>, arguments: &[Type]) -> Checked {
    let named = || {
        FUNCTIONS
            .iter()
            .filter(|f| f.name == name && f.on.is_some() == on.is_some())
    };
    if named().next().is_none() {
        let names = FUNCTIONS.iter().map(|f| f.name);
        let error = ConditionError::new(format!("unknown function `{name}`"));
        return Err(error.hint(suggestion(name, names)));
    }
    let of_list = matches!(
        (name, on, arguments),
        ("size", Some(Type::List(_)), []) | ("size", None, [Type::List(_)])
    );
    if of_list {
        return Ok(Type::Int);
    }
    let fits = |f: &&Function| f.on.as_ref() == on && f.arguments == arguments;
    match named().find(fits) {
        Some(found) => Ok(found.result.clone()),
        None => {
            let given: Vec<String> = on.into_iter().chain(arguments).map(ToString::to_string).collect();
            let given = if given.is_empty() {
                "nothing".to_owned()
            } else {
                given.join(", ")
            };
            let error = ConditionError::new(format!("`{name}` does not take {given}"));
            Err(match name {
                "duration" | "days" => error.hint("write days(30) or duration(\"12h\")"),
                _ => error,
            })
        }
    }
}
