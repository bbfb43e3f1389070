//! What is on record of each source of people.
//!
//! Later reads are held against the baseline, so it is lost neither with the
//! process nor with a read that failed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Store, audit,
    columns::{Json, Micros},
    entry::moment,
    error::StoreError,
    writer::Tx,
};
use crate::model::{AuditRecord, Baseline, Event, SourceName, SourceRecord};

impl Store {
    /// What is on record of one source; `None` if it was never tried.
    pub async fn source_record(&self, source: SourceName) -> Result<Option<SourceRecord>, StoreError> {
        let read = move |connection: &Connection| {
            let mut select = connection.prepare_cached("SELECT * FROM sources WHERE source = ?1")?;
            Ok(select.query_row([&source], record).optional()?)
        };
        self.shared.readers.read(read).await
    }

    /// All that is on record, by name.
    pub async fn source_records(&self) -> Result<Vec<SourceRecord>, StoreError> {
        self.shared.readers.read(all).await
    }

    /// Puts the outcome of a read on record, in the place of what was there.
    ///
    /// The baseline alone never goes back: of that on record and the new one
    /// the later stays, and no baseline takes none away. A read that began
    /// before an operator accepted a list would undo the word otherwise.
    pub async fn record_source(&self, record: SourceRecord) -> Result<(), StoreError> {
        self.shared.writer.submit(move |tx| upsert(tx, &record)).await
    }

    /// Takes the baseline that an operator accepts, however small, and says so
    /// in the audit. `false` if nothing is on record of the source.
    pub async fn accept_source(
        &self,
        source: SourceName,
        baseline: Baseline,
        actor: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.shared
            .writer
            .submit(move |tx| accept(tx, &source, baseline, &actor, now))
            .await
    }

    /// Forgets all sources but these: the others are no longer configured.
    pub async fn forget_sources(&self, keep: Vec<SourceName>) -> Result<(), StoreError> {
        let forget = move |tx: &Tx<'_>| {
            let mut delete = tx.prepare_cached(
                "DELETE FROM sources WHERE source NOT IN (SELECT value FROM json_each(?1))",
            )?;
            delete.execute([Json(&keep)])?;
            Ok(())
        };
        self.shared.writer.submit(forget).await
    }
}

/// All that is on record, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<SourceRecord>, StoreError> {
    let mut select = connection.prepare_cached("SELECT * FROM sources ORDER BY source")?;
    let records = select.query_map([], record)?;
    Ok(records.collect::<Result<_, _>>()?)
}

fn upsert(tx: &Tx<'_>, record: &SourceRecord) -> Result<(), StoreError> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO sources (source, tried_at, problem, entries, version, as_of, last_good,
             baseline_entries, baseline_at, sample)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (source) DO UPDATE SET
             tried_at = excluded.tried_at, problem = excluded.problem, entries = excluded.entries,
             version = excluded.version, as_of = excluded.as_of, last_good = excluded.last_good,
             sample = excluded.sample,
             baseline_entries = CASE WHEN excluded.baseline_at >= ifnull(baseline_at, excluded.baseline_at)
                 THEN excluded.baseline_entries ELSE baseline_entries END,
             baseline_at = CASE WHEN excluded.baseline_at >= ifnull(baseline_at, excluded.baseline_at)
                 THEN excluded.baseline_at ELSE baseline_at END",
    )?;
    upsert.execute((
        &record.source,
        Micros(record.tried_at),
        &record.problem,
        record.entries.map(u64::cast_signed),
        &record.version,
        record.as_of.map(Micros),
        record.last_good.map(Micros),
        record.baseline.map(|baseline| baseline.entries.cast_signed()),
        record.baseline.map(|baseline| Micros(baseline.at)),
        Json(&record.sample),
    ))?;
    Ok(())
}

fn accept(
    tx: &Tx<'_>,
    source: &SourceName,
    baseline: Baseline,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut select = tx.prepare_cached("SELECT baseline_entries FROM sources WHERE source = ?1")?;
    let before: Option<Option<i64>> = select.query_row([source], |row| row.get(0)).optional()?;
    let Some(before) = before else {
        return Ok(false);
    };
    let mut update =
        tx.prepare_cached("UPDATE sources SET baseline_entries = ?2, baseline_at = ?3 WHERE source = ?1")?;
    update.execute((source, baseline.entries.cast_signed(), Micros(baseline.at)))?;
    let before = before.map_or_else(|| "none".to_owned(), |entries| entries.to_string());
    let record = AuditRecord {
        detail: format!(
            "source {source}: {} entries accepted as the baseline, where it was {before}",
            baseline.entries
        ),
        ..audit::record(Event::SourceAccepted, actor, now)
    };
    audit::append(tx, record)?;
    Ok(true)
}

fn record(row: &Row<'_>) -> rusqlite::Result<SourceRecord> {
    let at = |column: &str| {
        row.get::<_, Option<Micros>>(column)
            .map(|at| at.map(|Micros(at)| at))
    };
    let count = |column: &str| {
        row.get::<_, Option<i64>>(column)
            .map(|count| count.map(i64::cast_unsigned))
    };
    let baseline = count("baseline_entries")?.zip(at("baseline_at")?);
    let Json(sample) = row.get("sample")?;
    Ok(SourceRecord {
        source: row.get("source")?,
        tried_at: moment(row, "tried_at")?,
        problem: row.get("problem")?,
        entries: count("entries")?,
        version: row.get("version")?,
        as_of: at("as_of")?,
        last_good: at("last_good")?,
        baseline: baseline.map(|(entries, at)| Baseline { entries, at }),
        sample,
    })
}
