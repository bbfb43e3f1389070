//! Which column of a CSV file is which.

use ::csv::StringRecord;

use crate::{config::people::Fields, connection::shortened, sources::entry::trimmed};

/// Where the configured columns stand, from 0.
#[derive(Debug, PartialEq)]
pub struct Columns {
    pub key: usize,
    pub gone: Option<usize>,
    pub leaves: Option<usize>,
    pub returns: Option<usize>,
    pub projects: Option<usize>,
    pub accounts: Option<usize>,
}

/// # Errors
/// A configured column that the header has not, or has twice.
pub fn find_columns(
    header: &StringRecord,
    delimiter: u8,
    fields: &Fields<String>,
) -> Result<Columns, String> {
    let header: Vec<&str> = header.iter().map(trimmed).collect();
    let one = |name: &str| find(&header, delimiter, name);
    let maybe = |name: &Option<String>| name.as_deref().map(one).transpose();
    let gone = fields.gone.as_ref().map(|gone| one(&gone.field));
    Ok(Columns {
        key: one(&fields.key)?,
        gone: gone.transpose()?,
        leaves: maybe(&fields.leaves)?,
        returns: maybe(&fields.returns)?,
        projects: maybe(&fields.projects)?,
        accounts: maybe(&fields.accounts)?,
    })
}

/// The column of exactly this name, or else the only one that differs from it
/// in nothing but case.
fn find(header: &[&str], delimiter: u8, name: &str) -> Result<usize, String> {
    let name = trimmed(name);
    let folded = name.to_lowercase();
    let places = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let columns = header.iter().enumerate();
        columns
            .filter(|(_, column)| is_it(column))
            .map(|(at, _)| at)
            .collect()
    };
    let mut found = places(&|column| column == name);
    if found.is_empty() {
        found = places(&|column| column.to_lowercase() == folded);
    }
    match found.as_slice() {
        [at] => Ok(*at),
        [] => Err(missing(header, delimiter, name)),
        several => Err(format!("{} columns are called `{name}`", several.len())),
    }
}

fn missing(header: &[&str], delimiter: u8, name: &str) -> String {
    let columns = shortened(&header.join(", "));
    let hint = match (header, nearest(header, name)) {
        ([_], _) => format!("; is {:?} the right delimiter?", char::from(delimiter)),
        (_, Some(near)) => format!("; did you mean `{near}`?"),
        (_, None) => String::new(),
    };
    format!("it has no column `{name}`; its columns are: {columns}{hint}")
}

fn nearest<'a>(header: &[&'a str], name: &str) -> Option<&'a str> {
    let distances = header
        .iter()
        .map(|column| (strsim::osa_distance(column, name), *column));
    let (distance, column) = distances.min()?;
    (distance <= 1 + name.len() / 4).then_some(column)
}
