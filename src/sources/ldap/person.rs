//! One entry of a directory as one person.

use super::{attributes::Attributes, moments, states};
use crate::{
    config::people::Fields,
    model::Entry,
    sources::entry::{RawEntry, is_one_of},
};

/// All that is ever asked for: a directory holds more about people than this
/// program has any business to know.
pub fn attributes_needed(fields: &Fields<String>) -> Vec<String> {
    let configured = [
        Some(&fields.key),
        fields.gone.as_ref().map(|gone| &gone.field),
        fields.leaves.as_ref(),
        fields.returns.as_ref(),
        fields.projects.as_ref(),
        fields.accounts.as_ref(),
    ];
    let mut needed: Vec<String> = Vec::new();
    let states = states::ATTRIBUTES.map(str::to_owned);
    for name in configured.into_iter().flatten().cloned().chain(states) {
        // Some servers refuse an attribute that is asked for twice.
        if !needed.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            needed.push(name);
        }
    }
    needed
}

/// Where anything about the entry is not understood, it has a `problem`.
pub fn entry(dn: String, attributes: &Attributes, fields: &Fields<String>) -> Entry {
    understood(&dn, attributes, fields)
        .unwrap_or_else(|problem| RawEntry::unusable(dn, problem).into_entry(&fields.key))
}

fn understood(dn: &str, attributes: &Attributes, fields: &Fields<String>) -> Result<Entry, String> {
    let state = states::state(attributes)?;
    let says_gone = match &fields.gone {
        Some(gone) => {
            let texts = attributes.texts(&gone.field)?;
            texts.iter().any(|text| is_one_of(text, &gone.values))
        }
        None => false,
    };
    let raw = RawEntry {
        place: dn.to_owned(),
        keys: all(attributes, Some(&fields.key))?,
        // Never `None`: who is in a directory is there, and not only listed.
        gone: Some(state.gone || says_gone),
        leaves: date(attributes, fields.leaves.as_ref())?,
        returns: date(attributes, fields.returns.as_ref())?,
        projects: all(attributes, fields.projects.as_ref())?,
        accounts: all(attributes, fields.accounts.as_ref())?,
        problem: None,
    };
    let mut entry = raw.into_entry(&fields.key);
    // Whom the directory has disabled is gone whenever the account would end.
    if !state.gone {
        entry.leaves = states::earlier(entry.leaves, state.leaves);
    }
    Ok(entry)
}

fn all(attributes: &Attributes, field: Option<&String>) -> Result<Vec<String>, String> {
    let Some(field) = field else {
        return Ok(Vec::new());
    };
    Ok(attributes.texts(field)?.into_iter().map(str::to_owned).collect())
}

/// Directories have a way of their own of writing dates; any other is read as
/// in every source.
fn date(attributes: &Attributes, field: Option<&String>) -> Result<Option<String>, String> {
    let Some(field) = field else {
        return Ok(None);
    };
    let text = attributes.text(field)?.unwrap_or_default();
    Ok(Some(
        moments::rfc3339(text.trim()).unwrap_or_else(|| text.to_owned()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::people::Gone,
        model::{Moment, Standing},
    };

    fn fields() -> Fields<String> {
        Fields {
            key: "mail".to_owned(),
            gone: Some(Gone {
                field: "employeeType".to_owned(),
                values: vec!["former".to_owned()],
            }),
            leaves: Some("endDate".to_owned()),
            returns: None,
            projects: Some("Mail".to_owned()),
            accounts: None,
        }
    }

    fn person(values: &[(&str, &str)]) -> Entry {
        let mut attributes = Attributes::default();
        for (name, value) in values {
            attributes.add(name, vec![value.as_bytes().to_vec()]);
        }
        entry("uid=ada,dc=example".to_owned(), &attributes, &fields())
    }

    #[test]
    fn an_attribute_is_asked_for_once_whatever_its_case() {
        let needed = attributes_needed(&fields());
        assert_eq!(needed[..3], ["mail", "employeeType", "endDate"]);
        assert_eq!(needed[3..], states::ATTRIBUTES);
    }

    #[test]
    fn each_value_of_the_key_is_a_key_and_the_dn_is_the_place() {
        let ada = person(&[("mail", "ada@example.org"), ("mail", "countess@example.org")]);
        assert_eq!(ada.keys, ["ada@example.org", "countess@example.org"]);
        assert_eq!((ada.place.as_str(), ada.problem), ("uid=ada,dc=example", None));
        assert_eq!(
            ada.standing,
            Standing::Here,
            "in the directory, and nothing against it"
        );
    }

    #[test]
    fn the_configured_field_and_the_state_each_say_gone() {
        let mail = ("mail", "ada@example.org");
        assert_eq!(
            person(&[mail, ("employeeType", "FORMER")]).standing,
            Standing::Gone
        );
        assert_eq!(
            person(&[mail, ("userAccountControl", "514")]).standing,
            Standing::Gone
        );
        assert_eq!(
            person(&[mail, ("employeeType", "staff")]).standing,
            Standing::Here
        );
    }

    #[test]
    fn dates_of_directories_are_read_and_the_first_end_counts() {
        let mail = ("mail", "ada@example.org");
        let own = person(&[mail, ("endDate", "20260401000000Z")]);
        let at = |text: &str| Some(Moment::At(text.parse().unwrap()));
        assert_eq!(own.leaves, at("2026-04-01T00:00:00Z"));
        let both = person(&[
            mail,
            ("endDate", "20260401000000Z"),
            ("accountExpires", "134193888000000000"),
        ]);
        assert_eq!(both.leaves, at("2026-03-31T00:00:00Z"));
        let day = person(&[mail, ("endDate", "2026-03-31")]);
        assert!(matches!(day.leaves, Some(Moment::Day(_))));
    }

    #[test]
    fn what_is_not_understood_makes_the_entry_unusable() {
        let mail = ("mail", "ada@example.org");
        for values in [
            &[("uid", "ada")][..],
            &[mail, ("userAccountControl", "many")],
            &[mail, ("endDate", "soon")],
            &[mail, ("endDate", "2026-03-31"), ("endDate", "2026-04-30")],
        ] {
            assert!(person(values).problem.is_some(), "{values:?}");
        }
        let mut attributes = Attributes::default();
        attributes.add("mail", vec![vec![0xff, 0xfe]]);
        let binary = entry("uid=x".to_owned(), &attributes, &fields());
        assert_eq!(binary.problem.as_deref(), Some("`mail` is not a text"));
    }
}
