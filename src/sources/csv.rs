//! A CSV file: RFC 4180 with any delimiter, read strictly.
//!
//! A file that was cut off shows in a quote left open or in a last row with too
//! few columns. A cut within the last column of a row, or just behind a row,
//! cannot be told from a shorter list: `min_entries` and `max_shrink_percent`
//! are there for that.

mod columns;
mod quotes;

use std::sync::Arc;

use ::csv::{ReaderBuilder, StringRecord};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use self::columns::{Columns, find_columns};
use super::{
    MOST_ENTRIES, ReadFailure, Source,
    entry::{RawEntry, is_one_of, trimmed},
    file::{SETTLED_AFTER, WatchedFile},
    text::text_of,
};
use crate::{
    config::people::{self, Csv, Fields},
    model::{Entry, Roll, SourceName, UserKey},
};

/// How long a file must have been left alone that may decide on who is missing
/// from it: nothing in half a table shows that it is half, and it would take
/// access from the other half.
const WHOLE_AFTER: SignedDuration = SignedDuration::from_secs(10);

pub struct CsvFile {
    name: SourceName,
    to: UserKey,
    file: WatchedFile,
    delimiter: u8,
    fields: Arc<Fields<String>>,
}

impl CsvFile {
    pub fn new(source: &people::Source, csv: Csv) -> CsvFile {
        let settled_after = match source.demands.prove_absence() {
            true => WHOLE_AFTER,
            false => SETTLED_AFTER,
        };
        CsvFile {
            name: source.name.clone(),
            to: source.to.clone(),
            file: WatchedFile::new(csv.path, source.timeout, settled_after),
            delimiter: csv.delimiter,
            fields: Arc::new(csv.fields),
        }
    }
}

impl Source for CsvFile {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        let (source, to) = (self.name.clone(), self.to.clone());
        let (delimiter, fields) = (self.delimiter, Arc::clone(&self.fields));
        Box::pin(self.file.read(now, move |contents| {
            Ok(Roll {
                source,
                version: contents.version(),
                read_at: now,
                as_of: contents.modified,
                to,
                entries: read_rows(&contents.bytes, delimiter, &fields)?,
                deleted_on: None,
            })
        }))
    }

    fn glance(&self) -> Option<String> {
        Some(self.file.glance())
    }
}

/// The rows below the header; rows that hold nothing are left out. A row with
/// another number of columns is an entry that cannot be used.
///
/// # Errors
/// Why the bytes are not the table that was configured.
fn read_rows(bytes: &[u8], delimiter: u8, fields: &Fields<String>) -> Result<Vec<Entry>, String> {
    let text = text_of(bytes, "CSV")?;
    quotes::check(text, delimiter)?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut rows = reader.records().filter_map(|row| match row {
        Ok(row) => {
            let line = lines.of(&row);
            let is_blank = row.iter().all(|field| trimmed(field).is_empty());
            (!is_blank).then_some(Ok((line, row)))
        }
        Err(error) => Some(Err(format!("it is not CSV: {error}"))),
    });
    let Some(header) = rows.next() else {
        return Err("it is empty, without even a header row".to_owned());
    };
    let (_, header) = header?;
    let columns = find_columns(&header, delimiter, fields)?;
    let (mut entries, mut misshapen) = (Vec::new(), 0);
    for row in rows {
        let (line, row) = row?;
        if entries.len() == MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} rows"));
        }
        let place = format!("line {line}");
        let raw = if row.len() == header.len() {
            raw_entry(place, &row, &columns, fields)
        } else {
            misshapen += 1;
            RawEntry {
                place,
                problem: Some(misshapen_words(row.len(), header.len())),
                ..anywhere(&row, &columns)
            }
        };
        entries.push(raw.into_entry(&fields.key));
    }
    if misshapen * 2 > entries.len() {
        let (rows, wanted) = (entries.len(), header.len());
        let delimiter = char::from(delimiter);
        return Err(format!(
            "{misshapen} of {rows} rows have another number of columns than the header's {wanted}; \
             is {delimiter:?} the right delimiter?"
        ));
    }
    Ok(entries)
}

fn raw_entry(place: String, row: &StringRecord, columns: &Columns, fields: &Fields<String>) -> RawEntry {
    let field = |at: usize| row.get(at).unwrap_or_default().to_owned();
    let gone = columns.gone.zip(fields.gone.as_ref());
    RawEntry {
        place,
        keys: vec![field(columns.key)],
        gone: gone.map(|(at, gone)| is_one_of(&field(at), &gone.values)),
        leaves: columns.leaves.map(field),
        returns: columns.returns.map(field),
        projects: columns.projects.map(field).into_iter().collect(),
        accounts: columns.accounts.map(field).into_iter().collect(),
        problem: None,
    }
}

/// What stands where may have shifted, so whoever is named anywhere in the row
/// is one of whom nothing can be told.
fn anywhere(row: &StringRecord, columns: &Columns) -> RawEntry {
    let fields = || row.iter().map(str::to_owned).collect::<Vec<_>>();
    RawEntry {
        keys: fields(),
        projects: columns.projects.map(|_| fields()).unwrap_or_default(),
        accounts: columns.accounts.map(|_| fields()).unwrap_or_default(),
        ..RawEntry::default()
    }
}

fn misshapen_words(is: usize, wanted: usize) -> String {
    let columns = if is == 1 { "column" } else { "columns" };
    format!("has {is} {columns}, but the header has {wanted}")
}

/// Counts lines as editors do: the reader's own count stands on the blank lines
/// before a row.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line on which a row begins; rows come in their order.
    fn of(&mut self, row: &StringRecord) -> usize {
        let start = row.position().map_or(0, |position| position.byte());
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += usize::from(ends);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests;
