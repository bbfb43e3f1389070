//! An empty listing of a policy that nobody has heard of is a misspelt name, and
//! not good news.

use std::{collections::BTreeSet, path::Path};

use super::{Exit, output};
use crate::{config, model::PolicyName, store::Store};

/// How a listing ends: where it was to be of one policy and is empty, with a
/// mistake on the command line if neither the configuration nor the store knows
/// that policy.
///
/// # Errors
/// The store cannot be read.
pub async fn exit(
    config: &Path,
    store: &Store,
    policy: Option<&PolicyName>,
    is_empty: bool,
) -> anyhow::Result<Exit> {
    let Some(policy) = policy.filter(|_| is_empty) else {
        return Ok(Exit::Done);
    };
    let mut known = store.policies().await?;
    if known.contains(policy) {
        return Ok(Exit::Done);
    }
    let Ok(configured) = config::policy_names(config) else {
        output::tell(&format!(
            "nothing in the store is of a policy {:?}, and the files of policies, which cannot be read, \
             do not tell whether there is one: revokd check\n",
            policy.as_str()
        ));
        return Ok(Exit::Failed);
    };
    known.extend(configured);
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
    let told = match known.is_empty() {
        true => "there is none at all".to_owned(),
        false => format!("there are: {}", known.join(", ")),
    };
    format!("error: there is no policy {:?}; {told}\n", policy.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_policy_is_told_with_the_known_ones_or_that_there_is_none() {
        let known = BTreeSet::from(["a".into(), "b".into()]);
        assert_eq!(
            unknown(&"c".into(), &known),
            "error: there is no policy \"c\"; there are: a, b\n"
        );
        assert_eq!(
            unknown(&"c".into(), &BTreeSet::new()),
            "error: there is no policy \"c\"; there is none at all\n"
        );
    }
}
