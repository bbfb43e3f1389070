//! The one list that the cloud cuts: it gives a hundred accounts of a
//! repository, and no way to ask for the next ones.

use super::{
    address::Place,
    calls::{Found, Registry},
    malformed, translate,
};
use crate::{
    model::{AccountShare, Failure, Id},
    providers::interner::Interner,
};

/// A list of exactly so many rows may have been cut.
pub const ROWS_MAX: usize = 100;

pub const CUT: &str = "the cloud lists 100 accounts at most, so there may be more";

impl Registry<'_> {
    /// The shares with those of `accounts` that have one, each asked for by
    /// itself. `listed` is an account that has.
    pub async fn shares_with(
        &self,
        place: Place<'_>,
        listed: &Id,
        accounts: &[&Id],
    ) -> Result<Vec<AccountShare>, Failure> {
        let mut shares = Vec::new();
        for account in accounts {
            let row = match self.share(place, account.as_str()).await? {
                Found::Here(Some(row)) => row,
                Found::Here(None) => continue,
                // It may also be the way there that is not, as long as the same
                // way leads to no other share.
                Found::NotThere(failure) => match self.share(place, listed.as_str()).await? {
                    Found::Here(Some(_)) => continue,
                    Found::Here(None) | Found::NotThere(_) => return Err(failure),
                },
            };
            let share = translate::share(row, &mut Interner::default());
            shares.push(share.map_err(|why| malformed(place, &why))?);
        }
        Ok(shares)
    }
}
