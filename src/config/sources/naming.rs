//! How a type names the fields of its entries: by column, by path or by
//! attribute.

use serde_json_path::JsonPath;

use crate::config::value::Text;

pub struct Naming<F> {
    /// The key that names a field: `column`.
    pub word: &'static str,
    /// A field as one may be written.
    pub example: &'static str,
    /// The field that a text names; `None` after its problem was told.
    pub parse: fn(&Text<'_>) -> Option<F>,
}

pub const WORDS: &[&str] = &["column", "path", "attribute"];

pub const COLUMN: Naming<String> = Naming {
    word: "column",
    example: "email",
    parse: |text| Some(text.text.to_owned()),
};
pub const PATH: Naming<JsonPath> = Naming {
    word: "path",
    example: "$.email",
    parse: path,
};
pub const SCIM_ATTRIBUTE: Naming<String> = Naming {
    word: "attribute",
    example: "userName",
    parse: |text| {
        attribute(
            text,
            "attributes are named like userName, emails.value or with their URN",
            ":.",
        )
    },
};
pub const LDAP_ATTRIBUTE: Naming<String> = Naming {
    word: "attribute",
    example: "mail",
    parse: |text| attribute(text, "attributes are named like mail or employeeType", ";."),
};

/// A JSONPath, with the position of a mistake in it.
pub fn path(text: &Text<'_>) -> Option<JsonPath> {
    match JsonPath::parse(text.text) {
        Ok(path) => Some(path),
        Err(error) => {
            let at = error.position().min(text.text.len());
            let wrong = text.text.get(at..).and_then(|rest| rest.chars().next());
            let end = at + wrong.map_or(0, char::len_utf8);
            let hint = match text.text.starts_with('$') {
                true => "JSONPath as in RFC 9535, for example: $.people[*]".to_owned(),
                false => format!("a JSONPath begins with `$`: $.{}", text.text),
            };
            let message = format!("`{}` is no JSONPath: {}", text.text, error.message());
            text.sink
                .problem(text.part(at..end), message, "here", Some(&hint));
            None
        }
    }
}

fn attribute(text: &Text<'_>, hint: &str, signs: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || signs.contains(c);
    let begins_well = text.text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins_well && text.text.chars().all(good) {
        return Some(text.text.to_owned());
    }
    let message = format!("`{}` is no name of an attribute", text.text);
    text.problem(message, "no attribute", Some(hint));
    None
}
