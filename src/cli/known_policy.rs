//! An empty listing of a policy that nobody has heard of is a misspelt name, and
//! not good news.

use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;

use super::{Exit, assemble, output};
use crate::{model::PolicyName, store::Store};

/// How a listing ends that found nothing of this policy: with a mistake on the
/// command line where neither the configuration nor the store knows it.
///
/// # Errors
/// The store cannot be read.
pub async fn is_known(config: &Path, store: &Store, policy: &PolicyName) -> anyhow::Result<Exit> {
    let mut known = store.policies().await?;
    if known.contains(policy) {
        return Ok(Exit::Done);
    }
    let Ok(loaded) = assemble::load(config, Timestamp::now()) else {
        output::tell(&format!(
            "nothing in the store is of a policy {:?}, and the configuration, which does not load, \
             cannot tell whether there is one: revokd check\n",
            policy.as_str()
        ));
        return Ok(Exit::Failed);
    };
    known.extend(loaded.config.policies.iter().map(|policy| policy.name.clone()));
    match known.contains(policy) {
        true => Ok(Exit::Done),
        false => {
            output::tell(&unknown(policy, &known));
            Ok(Exit::Usage)
        }
    }
}

fn unknown(policy: &PolicyName, known: &BTreeSet<PolicyName>) -> String {
    let known: Vec<&str> = known.iter().map(PolicyName::as_str).collect();
    format!(
        "error: there is no policy {:?}; there are: {}\n",
        policy.as_str(),
        known.join(", ")
    )
}
