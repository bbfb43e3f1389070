//! When two spellings mean the same person.
//!
//! Names and addresses are compared as RFC 8265 (usernames) and RFC 5890
//! (domains) do, without regard to case and to how a character is composed, and
//! an id as it is. Spellings that only look alike (a ligature, `ß` and `ss`)
//! may be two people, so they decide on nobody; and nobody is missing from a
//! list that holds such a spelling.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

use crate::model::UserKey;

/// The form in which two values of the attribute are the same; empty where
/// nothing is left.
pub(super) fn fold(to: &UserKey, text: &str) -> String {
    in_form(to, text, |text| {
        let normal = ComposingNormalizer::new_nfc();
        normal
            .normalize(&normal.normalize(text).to_lowercase())
            .into_owned()
    })
}

/// The form in which two values of the attribute are hard to tell apart.
pub(super) fn likeness(to: &UserKey, text: &str) -> String {
    // Normalized before and after: folding may make a form that is not composed.
    in_form(to, text, |text| {
        let normal = ComposingNormalizer::new_nfkc();
        let folded = CaseMapper::new()
            .fold_string(&normal.normalize(text))
            .into_owned();
        normal.normalize(&folded).into_owned()
    })
}

fn in_form(to: &UserKey, text: &str, form: impl Fn(&str) -> String) -> String {
    let text = visible(text);
    let text = match to {
        UserKey::Id => text,
        UserKey::Name | UserKey::Attribute(_) => form(&text),
        // First, because a sign of another width is an at sign as well.
        UserKey::Email => address(&form(&text)),
    };
    text.trim().to_owned()
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
    let text = text.trim();
    let Some((local, domain)) = text.rsplit_once('@') else {
        return text.to_owned();
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
        assert!(!same("ann@example.org", "ann@example.com"));
        assert!(
            !same("ann+cloud@example.org", "ann@example.org"),
            "a tag may be another account"
        );
        assert!(!same("a.nn@example.org", "ann@example.org"));
    }

    #[test]
    fn spellings_that_look_alike_are_not_the_same() {
        for (one, other) in [
            ("ﬁona@example.org", "fiona@example.org"),
            ("straße@example.org", "strasse@example.org"),
            ("ann＠example.org", "ann@example.org"),
            ("ａnn@example.org", "ann@example.org"),
        ] {
            assert_ne!(fold(&UserKey::Email, one), fold(&UserKey::Email, other), "{one}");
            assert_eq!(
                likeness(&UserKey::Email, one),
                likeness(&UserKey::Email, other),
                "{one}"
            );
        }
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
