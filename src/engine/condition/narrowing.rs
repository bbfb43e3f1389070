//! Which absent values an expression has already asked about.
//!
//! A size or a time can be null and a property can be missing; using one unasked
//! would be an error at night. `has(image.properties.x) && …` asks, and CEL gives
//! the same answer with the two sides swapped, so both orders count.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

/// What is known to be there where `expression` is true.
pub(super) fn when_true(expression: &IdedExpr) -> Vec<String> {
    match &expression.expr {
        Expr::Select(select) if select.test => property(&expression.expr).into_iter().collect(),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => [when_true(left), when_true(right)].concat(),
            (operators::LOGICAL_NOT, [inner]) => when_false(inner),
            (operators::NOT_EQUALS, _) => compared_with_null(call),
            (operators::IN, [key, map]) => match (&key.expr, &map.expr) {
                (Expr::Literal(LiteralValue::String(key)), map) if is_field(map, "properties") => {
                    vec![key.inner().to_owned()]
                        .into_iter()
                        .map(|key| format!("properties.{key}"))
                        .collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What is known to be there where `expression` is false.
pub(super) fn when_false(expression: &IdedExpr) -> Vec<String> {
    let Expr::Call(call) = &expression.expr else {
        return Vec::new();
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_OR, [left, right]) => [when_false(left), when_false(right)].concat(),
        (operators::LOGICAL_NOT, [inner]) => when_true(inner),
        (operators::EQUALS, _) => compared_with_null(call),
        _ => Vec::new(),
    }
}

/// `properties.KEY` of `image.properties.KEY` and `image.properties["KEY"]`.
pub(super) fn property(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Select(select) if is_field(&select.operand.expr, "properties") => {
            Some(format!("properties.{}", select.field))
        }
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [map, key] if is_field(&map.expr, "properties") => match &key.expr {
                Expr::Literal(LiteralValue::String(key)) => Some(format!("properties.{}", key.inner())),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// `image.size` and the like: a field of a record, by the names that lead to it.
pub(super) fn path(expression: &Expr) -> Option<String> {
    let Expr::Select(select) = expression else {
        return None;
    };
    match &select.operand.expr {
        _ if select.test => None,
        Expr::Ident(name) => Some(format!("{name}.{}", select.field)),
        operand => Some(format!("{}.{}", path(operand)?, select.field)),
    }
}

fn compared_with_null(call: &CallExpr) -> Vec<String> {
    let null = |side: &IdedExpr| matches!(side.expr, Expr::Literal(LiteralValue::Null));
    let asked = match call.args.as_slice() {
        [left, right] if null(right) => path(&left.expr),
        [left, right] if null(left) => path(&right.expr),
        _ => None,
    };
    asked.into_iter().collect()
}

fn is_field(expression: &Expr, field: &str) -> bool {
    match expression {
        Expr::Select(select) if !select.test && select.field == field => {
            matches!(&select.operand.expr, Expr::Ident(name) if name == "image")
        }
        _ => false,
    }
}
