//! JSON that can only be read in one way: a name that stands twice in an object
//! is refused, where serde_json would silently take the last.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Of one document, objects, arrays and texts alike: a body of brackets would
/// otherwise take many times its size.
const MOST_VALUES: u32 = 10_000_000;

/// # Errors
/// Where the text is no JSON, with line and column.
pub fn parse(text: &str) -> Result<Value, String> {
    let left = Cell::new(MOST_VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict(&left).deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match error.is_eof() {
        _ if text.trim().is_empty() => "it is empty".to_owned(),
        true => format!("the document is cut off: {error}"),
        false => format!("it is not JSON: {error}"),
    })
}

/// How many more values there may be.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Cell<u32>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(D::Error::custom(format!("more than {MOST_VALUES} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the name {name:?} stands twice in one object"
                )));
            }
            object.insert(name, entries.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_is_json_comes_out_as_it_is() {
        let text = r#"{"a":[1,-2,1.5,true,null,"x\u00e9"],"b":{"a":{}},"c":18446744073709551615}"#;
        let expected = json!({"a":[1,-2,1.5,true,null,"xé"],"b":{"a":{}},"c":u64::MAX});
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_with_its_place() {
        let error = parse("{\"a\":{\"id\":1,\n\"id\":2}}").unwrap_err();
        assert!(
            error.contains("\"id\" stands twice") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn every_cut_of_a_document_is_said_to_be_cut_off() {
        let whole = r#"{"people":[{"email":"ada","n":true},{"x":null}]}"#;
        for end in 1..whole.len() {
            let error = parse(&whole[..end]).unwrap_err();
            assert!(
                error.starts_with("the document is cut off: ") && error.contains("line 1"),
                "{error}"
            );
        }
        assert_eq!(parse(" \n").unwrap_err(), "it is empty");
    }

    #[test]
    fn what_follows_the_document_or_goes_too_deep_is_refused() {
        assert!(parse("[] []").unwrap_err().contains("trailing"));
        assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("recursion"));
        assert!(parse(r#""\ud800""#).is_err(), "half a character");
    }
}
