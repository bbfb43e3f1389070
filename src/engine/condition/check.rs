//! The check of an expression's names and types, before it ever runs.

use std::ops::Range;

use cel::{
    Program, Value,
    common::ast::{
        CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators,
    },
};

use super::{
    ConditionError,
    functions::is_duration,
    narrowing::{path, property, when_false, when_true},
    operations::{binary, function, negate, symbol},
    row,
    types::Type,
    variables,
};
use crate::model::Kind;

/// Each level multiplies the work by the number of tags.
const MOST_LOOPS_NESTED: usize = 2;
/// Parts within parts; evaluation recurses with it.
const DEEPEST: usize = 64;

pub(super) type Checked = Result<Type, ConditionError>;

pub(super) fn check(program: &Program, text: &str, kinds: &[Kind]) -> Result<(), ConditionError> {
    let mut checker = Checker {
        info: program.source_info(),
        text,
        kinds,
        bound: Vec::new(),
        loops: 0,
        depth: 0,
    };
    let result = checker.type_of(program.expression(), &[])?;
    match result {
        Type::Bool => Ok(()),
        other => Err(
            ConditionError::new(format!("the condition gives {other}, not true or false"))
                .at(Some(0..text.len()))
                .hint("compare it with something, for example: image.size == null"),
        ),
    }
}

struct Checker<'a> {
    info: &'a SourceInfo,
    text: &'a str,
    kinds: &'a [Kind],
    /// The variables of macros, innermost last.
    bound: Vec<(String, Type)>,
    loops: usize,
    depth: usize,
}

impl Checker<'_> {
    /// The type of a part, where `known` are the absent values asked about.
    fn type_of(&mut self, part: &IdedExpr, known: &[String]) -> Checked {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ConditionError::new("the condition is nested too deep").at(self.span(part)));
        }
        let result = match &part.expr {
            Expr::Ident(name) => self.identifier(name),
            Expr::Literal(literal) => literal_type(literal),
            Expr::Select(select) => self.field(part, select, known),
            Expr::Call(call) => self.call(part, call, known),
            Expr::List(list) => self.list(&list.elements, known),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, known),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => Err(ConditionError::new(
                "map and message literals are not supported in conditions",
            )),
        };
        self.depth -= 1;
        result.map_err(|error| error.at(self.span(part)))
    }

    fn identifier(&self, name: &str) -> Checked {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Ok(bound.clone());
        }
        variables::variable(name, self.kinds)
    }

    fn field(&mut self, part: &IdedExpr, select: &SelectExpr, known: &[String]) -> Checked {
        let field = select.field.as_str();
        match self.type_of(&select.operand, known)? {
            Type::Record(record) => {
                let found = variables::field(record, field, self.kinds)?;
                if select.test {
                    let error = ConditionError::new(format!("`{record}.{field}` is always there"));
                    return Err(error.hint(
                        "has() asks for properties; of a value that may be null, ask: image.size != null",
                    ));
                }
                match path(&part.expr) {
                    Some(path) if known.contains(&path) => Ok(found.present()),
                    _ => Ok(found),
                }
            }
            Type::Map if select.test => Ok(Type::Bool),
            Type::Map => property_asked_for(part, known),
            other => Err(ConditionError::new(format!("{other} has no field `{field}`"))),
        }
    }

    fn list(&mut self, elements: &[IdedExpr], known: &[String]) -> Checked {
        let mut of = Type::Any;
        for element in elements {
            let found = self.type_of(element, known)?;
            of = of.join(&found).ok_or_else(|| {
                ConditionError::new(format!(
                    "a list holds values of one type; here {of}, then {found}"
                ))
                .at(self.span(element))
            })?;
        }
        Ok(Type::List(Box::new(of)))
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr, known: &[String]) -> Checked {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => {
                self.boolean(left, &with(known, when_true(right)))?;
                self.boolean(right, &with(known, when_true(left)))
            }
            (operators::LOGICAL_OR, [left, right]) => {
                self.boolean(left, &with(known, when_false(right)))?;
                self.boolean(right, &with(known, when_false(left)))
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                self.boolean(condition, known)?;
                let yes = self.type_of(yes, &with(known, when_true(condition)))?;
                let no = self.type_of(no, &with(known, when_false(condition)))?;
                yes.join(&no)
                    .ok_or_else(|| ConditionError::new(format!("gives either {yes} or {no}")))
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [inner]) => self.boolean(inner, known),
            (operators::INDEX, [container, key]) => self.index(part, container, key, known),
            (
                operators::DIVIDE | operators::MODULO,
                [
                    _,
                    IdedExpr {
                        expr: Expr::Literal(LiteralValue::Int(zero)),
                        ..
                    },
                ],
            ) if *zero.inner() == 0 => Err(ConditionError::new("division by zero")),
            _ => {
                let on = match &call.target {
                    Some(target) => Some(self.type_of(target, known)?),
                    None => None,
                };
                let mut arguments = Vec::new();
                for argument in &call.args {
                    arguments.push(self.type_of(argument, known)?);
                }
                let result = match (&on, arguments.as_slice()) {
                    (None, [inner]) if name == operators::NEGATE => negate(inner),
                    (None, [left, right]) if symbol(name).is_some() => binary(name, left, right),
                    _ => function(name, on.as_ref(), &arguments),
                }?;
                self.literal_arguments(call)?;
                Ok(result)
            }
        }
    }

    fn boolean(&mut self, part: &IdedExpr, known: &[String]) -> Checked {
        match self.type_of(part, known)? {
            Type::Bool | Type::Any => Ok(Type::Bool),
            other => Err(
                ConditionError::new(format!("{other} stands where true or false is needed"))
                    .at(self.span(part)),
            ),
        }
    }

    fn index(&mut self, part: &IdedExpr, container: &IdedExpr, key: &IdedExpr, known: &[String]) -> Checked {
        let container = self.type_of(container, known)?;
        let key = self.type_of(key, known)?;
        match (container, key) {
            (Type::List(of), Type::Int) => Ok(*of),
            (Type::Map, Type::Text) => property_asked_for(part, known),
            (container, key) => Err(ConditionError::new(format!(
                "{container} cannot be indexed with {key}"
            ))),
        }
    }

    /// The expansions of `all`, `exists`, `exists_one`, `map` and `filter`.
    fn comprehension(&mut self, parts: &ComprehensionExpr, known: &[String]) -> Checked {
        let element = match self.type_of(&parts.iter_range, known)? {
            Type::List(of) => *of,
            other => {
                return Err(ConditionError::new(format!(
                    "{other} cannot be gone through; only lists can"
                )));
            }
        };
        if variables::is_reserved(&parts.iter_var) || parts.iter_var2.is_some() {
            let message = format!("`{}` cannot be the name of a list's element", parts.iter_var);
            return Err(ConditionError::new(message));
        }
        self.loops += 1;
        if self.loops > MOST_LOOPS_NESTED {
            let message = format!("lists are gone through more than {MOST_LOOPS_NESTED} deep");
            return Err(ConditionError::new(message));
        }
        let start = self.type_of(&parts.accu_init, known)?;
        self.bound.push((parts.iter_var.clone(), element));
        self.bound.push((parts.accu_var.clone(), start.clone()));
        let step = self.type_of(&parts.loop_step, known)?;
        let end = start.join(&step).ok_or_else(|| {
            ConditionError::new(format!("{step} stands where {start} is needed"))
                .at(self.span(&parts.loop_step))
        })?;
        self.bound.pop();
        self.bound.push((parts.accu_var.clone(), end));
        self.type_of(&parts.loop_cond, known)?;
        let result = self.type_of(&parts.result, known);
        self.bound.truncate(self.bound.len() - 2);
        self.loops -= 1;
        result
    }

    /// A call of constants alone is made now, so that a wrong constant is a
    /// problem of the file and not of every item.
    fn literal_arguments(&self, call: &CallExpr) -> Result<(), ConditionError> {
        let [
            IdedExpr {
                expr: Expr::Literal(literal),
                ..
            },
        ] = call.args.as_slice()
        else {
            let texts_only = matches!(call.func_name.as_str(), "duration" | "timestamp");
            return match texts_only {
                true => Err(ConditionError::new(format!(
                    "`{}` takes a quoted text",
                    call.func_name
                ))),
                false => Ok(()),
            };
        };
        match (call.func_name.as_str(), literal) {
            ("duration", LiteralValue::String(text)) if !is_duration(text.inner()) => {
                Err(ConditionError::new(format!("`{}` is no duration", text.inner()))
                    .hint("durations are written like 12h30m, with h, m and s; for days, write days(30)"))
            }
            (
                "getHours" | "getDate" | "getMonth" | "getFullYear" | "getDayOfWeek",
                LiteralValue::String(zone),
            ) => {
                // Asked of CEL, whose zones are the ones that will be used.
                let epoch = called("timestamp", None, LiteralValue::Int(0.into()));
                let asked = called(&call.func_name, Some(epoch), literal.clone());
                match Value::resolve_val(&asked, &row::ROOT) {
                    Ok(_) => Ok(()),
                    Err(_) => Err(ConditionError::new(format!(
                        "unknown time zone `{}`",
                        zone.inner()
                    ))),
                }
            }
            _ if call.target.is_some() => Ok(()),
            (name, _) => {
                let alone = IdedExpr {
                    id: 0,
                    expr: Expr::Call(call.clone()),
                };
                match Value::resolve_val(&alone, &row::ROOT) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(ConditionError::new(format!("`{name}` cannot take this: {error}"))),
                }
            }
        }
    }

    fn span(&self, part: &IdedExpr) -> Option<Range<usize>> {
        let (from, to) = self.info.offset_for(part.id)?;
        let mut bounds = self
            .text
            .char_indices()
            .map(|(at, _)| at)
            .chain([self.text.len()]);
        let from = bounds.nth(from as usize)?;
        let length = (to as usize + 1)
            .saturating_sub(self.info.offset_for(part.id)?.0 as usize)
            .max(1);
        let to = bounds.nth(length - 1).unwrap_or(self.text.len());
        (from < to).then_some(from..to)
    }
}

/// A call of one literal, made up to be evaluated alone.
fn called(name: &str, target: Option<IdedExpr>, argument: LiteralValue) -> IdedExpr {
    let argument = IdedExpr {
        id: 0,
        expr: Expr::Literal(argument),
    };
    let call = CallExpr {
        func_name: name.to_owned(),
        target: target.map(Box::new),
        args: vec![argument],
    };
    IdedExpr {
        id: 0,
        expr: Expr::Call(call),
    }
}

fn with(known: &[String], more: Vec<String>) -> Vec<String> {
    [known, &more].concat()
}

fn literal_type(literal: &LiteralValue) -> Checked {
    match literal {
        LiteralValue::Boolean(_) => Ok(Type::Bool),
        LiteralValue::Int(_) => Ok(Type::Int),
        LiteralValue::Double(_) => Ok(Type::Double),
        LiteralValue::String(_) => Ok(Type::Text),
        LiteralValue::Null => Ok(Type::Null),
        LiteralValue::UInt(_) => Err(ConditionError::new("write the number without `u`")),
        LiteralValue::Bytes(_) => Err(ConditionError::new("bytes are not supported in conditions")),
    }
}

fn property_asked_for(part: &IdedExpr, known: &[String]) -> Checked {
    let Some(path) = property(&part.expr) else {
        return Err(ConditionError::new(
            "only a property named in quotes can be looked up",
        ));
    };
    if known.contains(&path) {
        return Ok(Type::Text);
    }
    let key = path.trim_start_matches("properties.");
    Err(
        ConditionError::new(format!("an image may lack the property `{key}`"))
            .hint(format!("ask first: \"{key}\" in image.properties && …")),
    )
}
