//! When two spellings mean the same person.
//!
//! Names and addresses are compared as RFC 8265 (usernames), RFC 5890 (domains)
//! and the schemas of LDAP and SCIM do: without regard to case and to forms of
//! the same character. An id is compared as it is. Folding too much can only
//! make an entry match two users, and then it decides on nobody; folding too
//! little would find somebody missing from a list that holds him.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

use crate::model::UserKey;

/// The form in which two values of the attribute are compared; empty where
/// nothing is left.
pub(super) fn fold(to: &UserKey, text: &str) -> String {
    match to {
        UserKey::Id => visible(text).trim().to_owned(),
        UserKey::Name | UserKey::Attribute(_) => caseless(text),
        UserKey::Email => address(text),
    }
}

/// Mapped before and after: mapping cases may make a form that is not composed.
fn caseless(text: &str) -> String {
    let normal = ComposingNormalizer::new_nfkc();
    let mapped = CaseMapper::new()
        .fold_string(&normal.normalize(&visible(text)))
        .into_owned();
    normal.normalize(&mapped).trim().to_owned()
}

/// Without the characters that nobody sees, as Unicode folds them away: mail
/// programs and spreadsheets leave them behind, in lists and in clouds alike.
fn visible(text: &str) -> String {
    let is_ignorable = |c: char| {
        matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{e0000}'..='\u{e0fff}'
        )
    };
    text.chars().filter(|c| !is_ignorable(*c)).collect()
}

/// The domain in the form that is looked up, so that both spellings of an
/// international one are one. One that is none stays as it is.
fn address(text: &str) -> String {
    // First, because a sign of another width is an at sign as well.
    let text = caseless(text);
    let Some((local, domain)) = text.rsplit_once('@') else {
        return text;
    };
    let domain = domain.trim_end_matches('.');
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
    format!("{local}@{domain}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        let same = |one: &str, other: &str| fold(&UserKey::Email, one) == fold(&UserKey::Email, other);
        assert!(same("Ann.Lee@Example.ORG", " ann.lee@example.org\t"));
        assert!(same("ann@bücher.example", "ANN@xn--bcher-kva.example"));
        assert!(
            same("ann@example.org.", "ann@example.org"),
            "the root is the root"
        );
        assert!(
            same("jo\u{308}rg@example.org", "J\u{d6}RG@example.org"),
            "composed or not"
        );
        assert!(same("ﬁona@example.org", "FIONA@example.org"), "a ligature");
        assert!(same("straße@example.org", "STRASSE@example.org"));
        assert!(!same("ann@example.org", "ann@example.com"));
        assert!(
            !same("ann+cloud@example.org", "ann@example.org"),
            "a tag may be another account"
        );
        assert!(!same("a.nn@example.org", "ann@example.org"));
    }

    #[test]
    fn what_nobody_sees_makes_no_other_person() {
        for (to, hidden, plain) in [
            (UserKey::Email, "ann\u{200b}@example.org", "ann@example.org"),
            (UserKey::Name, "build\u{ad}-bot\u{fe0f}", "build-bot"),
            (UserKey::Id, "\u{feff}0a11\u{200e}", "0a11"),
        ] {
            assert_eq!(fold(&to, hidden), fold(&to, plain));
        }
        assert_eq!(fold(&UserKey::Name, " \u{200b}\u{3164} "), "");
    }

    #[test]
    fn names_are_compared_without_case_and_ids_as_they_are() {
        assert_eq!(
            fold(&UserKey::Name, "Build-Bot "),
            fold(&UserKey::Name, "build-bot")
        );
        assert_eq!(
            fold(&UserKey::Attribute("x".into()), "ΟΔΟΣ"),
            fold(&UserKey::Attribute("x".into()), "οδος")
        );
        assert_ne!(fold(&UserKey::Id, "0A11"), fold(&UserKey::Id, "0a11"));
        assert_eq!(fold(&UserKey::Id, " 0a11\n"), "0a11");
    }

    proptest! {
        #[test]
        fn folding_what_is_folded_changes_nothing(text in "\\PC{0,24}") {
            for to in [UserKey::Id, UserKey::Name, UserKey::Email] {
                let once = fold(&to, &text);
                prop_assert_eq!(fold(&to, &once), once);
            }
        }
    }
}
