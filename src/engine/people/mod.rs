//! Lists of people: whether one can be relied on, and what it says of whom.
//!
//! A list that is empty, too small, too old or shrunk too far is the commonest
//! disaster of this field, so only a [`Proven`] one decides anything, and only
//! one that demands its whole proof decides on who is missing from it.

mod fold;
mod listed;
mod matching;
mod person;
mod proof;
mod standing;

use std::collections::BTreeMap;

pub(super) use self::listed::{Listed, Verdict};
pub use self::{
    matching::{Found, Matching},
    person::Person,
    proof::{Demands, Proven, next_baseline, prove, size},
    standing::Now,
};
use super::policy::Policy;
use crate::model::SourceName;

/// What the sources of a policy said, each proven or with the reason why not.
#[derive(Clone, Debug, Default)]
pub struct Lists(BTreeMap<SourceName, Result<Proven, String>>);

impl Lists {
    /// For policies that name no source.
    pub fn none() -> Lists {
        Lists::default()
    }

    /// The error is a sentence that names the figure that was not met, or what
    /// kept the source from being read.
    pub fn of(each: impl IntoIterator<Item = (SourceName, Result<Proven, String>)>) -> Lists {
        Lists(each.into_iter().collect())
    }

    /// Why the policy cannot be judged by these lists: one sentence for each
    /// source that it names and that is not proven. Empty: it can.
    pub fn unproven(&self, policy: &Policy) -> Vec<String> {
        let present = policy.matcher.subject_in.iter().map(|name| (name, false));
        let absent = policy.matcher.subject_not_in.iter().map(|name| (name, true));
        let why = |(name, by_absence): (&SourceName, bool)| {
            let why = self.proven(name, by_absence).err()?;
            Some(format!("source {name}: {why}"))
        };
        present.chain(absent).filter_map(why).collect()
    }

    /// # Errors
    /// Nothing can be decided by the list, and why.
    fn proven(&self, name: &SourceName, by_absence: bool) -> Result<&Proven, String> {
        match self.0.get(name) {
            None => Err("was not read".to_owned()),
            Some(Err(why)) => Err(why.clone()),
            Some(Ok(list)) if by_absence => list.for_absence(),
            Some(Ok(list)) => Ok(list),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
