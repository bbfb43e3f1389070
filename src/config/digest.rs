//! The digest that evidence names a policy by.
//!
//! It is taken over what the policy says, not over how the file looks:
//! comments, spacing, quoting and the order of keys do not change it.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use toml::de::{DeTable, DeValue};

/// Hex SHA-256 of a section.
pub fn digest(entries: &DeTable<'_>) -> String {
    let mut canonical = String::new();
    write_table(entries, &mut canonical);
    hex_sha256(&canonical)
}

/// Of a policy and of the sources that it names, each with its name: what was
/// decided by a list that is configured otherwise now is decided anew. A policy
/// without sources keeps its own.
pub fn with_sources(own: String, mut sources: Vec<(&str, &str)>) -> String {
    if sources.is_empty() {
        return own;
    }
    sources.sort();
    sources.dedup();
    let mut canonical = own;
    for (name, digest) in sources {
        canonical.push(';');
        write_text(name, &mut canonical);
        canonical.push_str(digest);
    }
    hex_sha256(&canonical)
}

fn hex_sha256(canonical: &str) -> String {
    let hash = Sha256::digest(canonical.as_bytes());
    hash.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn write_table(entries: &DeTable<'_>, out: &mut String) {
    let mut sorted: Vec<(&str, &DeValue<'_>)> = entries
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
        .collect();
    sorted.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (key, value) in sorted {
        write_text(key, out);
        out.push(':');
        write_value(value, out);
        out.push(',');
    }
    out.push('}');
}

fn write_value(value: &DeValue<'_>, out: &mut String) {
    match value {
        DeValue::String(text) => write_text(text, out),
        DeValue::Integer(integer) => {
            match i128::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()) {
                Ok(number) => out.push_str(&number.to_string()),
                Err(_) => out.push_str(integer.as_str()),
            }
        }
        DeValue::Float(float) => match float.as_str().replace('_', "").parse::<f64>() {
            Ok(number) => out.push_str(&format!("{number:?}")),
            Err(_) => out.push_str(float.as_str()),
        },
        DeValue::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        DeValue::Datetime(moment) => out.push_str(&moment.to_string()),
        DeValue::Array(items) => {
            out.push('[');
            for item in items {
                write_value(item.get_ref(), out);
                out.push(',');
            }
            out.push(']');
        }
        DeValue::Table(entries) => write_table(entries, out),
    }
}

/// Quoted as JSON quotes, so that no text can look like structure.
fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        digest(DeTable::parse(text).expect("good TOML").get_ref())
    }

    #[test]
    fn an_edited_source_makes_another_policy_of_it() {
        let of_sources = |sources: &[(&str, &str)]| with_sources("own".to_owned(), sources.to_vec());
        assert_eq!(of_sources(&[]), "own");
        let both = of_sources(&[("a", "1"), ("b", "2")]);
        assert_eq!(both, of_sources(&[("b", "2"), ("a", "1"), ("a", "1")]));
        assert_ne!(both, of_sources(&[("a", "1"), ("b", "3")]));
        assert_ne!(both, of_sources(&[("a", "1")]));
        assert_ne!(both, of_sources(&[("c", "1"), ("b", "2")]));
    }

    #[test]
    fn looks_do_not_change_it_and_meaning_does() {
        let one = of("name = \"a\" # comment\nlimits = { max = 0x10, at = 2027-01-31 }\n");
        assert_eq!(one, of("limits.max = 1_6\nlimits.at = 2027-01-31\nname = 'a'\n"));
        assert_ne!(one, of("limits.max = 17\nlimits.at = 2027-01-31\nname = 'a'\n"));
        assert_eq!(one.len(), 64);
    }
}
