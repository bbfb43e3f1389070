//! Lists in files: where the file is, and how a line of a CSV file is cut.

use std::path::PathBuf;

use super::{fields, naming};
use crate::{
    config::{
        people::{Csv, List},
        problem::Problem,
        reader::Table,
        secret::Host,
        value::Value,
    },
    model::UserKey,
};

pub fn csv(section: &mut Table<'_>, host: &Host<'_>) -> Option<(UserKey, List)> {
    let path = path(section, host, "leavers.csv");
    let delimiter = match section.take("delimiter") {
        Some(value) => delimiter(&value),
        None => Some(b','),
    };
    let (to, fields) = fields::read(section, &naming::COLUMN)?;
    let csv = Csv {
        path: path?,
        delimiter: delimiter?,
        fields,
    };
    Some((to, List::Csv(csv)))
}

/// The file need not be there yet: until it is, nothing is decided by it.
pub fn path(section: &mut Table<'_>, host: &Host<'_>, example: &str) -> Option<PathBuf> {
    let hint = format!("the file, relative to the one that names it: path = \"{example}\"");
    let value = section.require("path", &hint)?;
    let path = host.base.join(value.text()?.text);
    let missing = match path.metadata() {
        Ok(metadata) if metadata.is_file() => return Some(path),
        Ok(_) => "is not a file",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not there",
        Err(_) => "cannot be looked at",
    };
    let message = format!(
        "{} {missing}: until it can be read, this source decides nothing",
        path.display()
    );
    let warning = Problem::at(value.sink.file.place(value.span.clone()), message);
    value.sink.warn(warning.label(missing));
    Some(path)
}

/// One byte, which is no part of a quoted text or a line's end.
fn delimiter(value: &Value<'_>) -> Option<u8> {
    let written = value.value.as_str();
    match written.map(str::as_bytes) {
        Some(b"tab") => Some(b'\t'),
        Some([byte])
            if byte.is_ascii()
                && !matches!(byte, b'"' | b'\n' | b'\r' | b'\0')
                && !byte.is_ascii_alphanumeric() =>
        {
            Some(*byte)
        }
        _ => {
            let hint = "write: delimiter = \";\", or \"tab\"";
            value.problem(
                "`delimiter` must be one sign, and no letter, digit or quote",
                "no delimiter",
                Some(hint),
            );
            None
        }
    }
}
