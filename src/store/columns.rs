//! How values stand in columns: words and names as text, times as integer
//! microseconds (so that an index orders them), structures as JSON text.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Serialize, de::DeserializeOwned};

use crate::model::{
    CloudName, Hold, Id, JobId, Kind, Mode, PolicyName, Priority, RunState, SourceName, TaskState, Trigger,
};

/// A moment; what is finer than a microsecond is cut off.
#[derive(Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

/// What a column cannot tell apart is the same.
impl PartialEq for Micros {
    fn eq(&self, other: &Micros) -> bool {
        self.0.as_microsecond() == other.0.as_microsecond()
    }
}

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Micros> {
        let moment = Timestamp::from_microsecond(value.as_i64()?).map_err(FromSqlError::other)?;
        Ok(Micros(moment))
    }
}

/// A value kept as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Json<T>> {
        serde_json::from_str(value.as_str()?)
            .map(Json)
            .map_err(FromSqlError::other)
    }
}

macro_rules! text_columns {
    (words: $($word:ident),+; names: $($name:ident),+) => {
        $(
            impl ToSql for $word {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(self.as_str().into())
                }
            }

            impl FromSql for $word {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<$word> {
                    $word::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
                }
            }
        )+
        $(
            impl ToSql for $name {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(self.as_str().into())
                }
            }

            impl FromSql for $name {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                    value.as_str().map(Into::into)
                }
            }
        )+
    };
}

text_columns! {
    words: Hold, Kind, Mode, RunState, TaskState, Trigger;
    names: CloudName, Id, JobId, PolicyName, SourceName
}

/// A number, so that a higher one orders after a lower one whatever the words.
impl ToSql for Priority {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self {
            Priority::Normal => 0,
            Priority::Urgent => 1,
        };
        Ok(number.into())
    }
}

impl FromSql for Priority {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Priority> {
        match value.as_i64()? {
            0 => Ok(Priority::Normal),
            1 => Ok(Priority::Urgent),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}
