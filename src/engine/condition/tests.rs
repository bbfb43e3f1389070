mod registry;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Image, Member, MemberStatus, Sharing, Visibility};

fn image() -> Image {
    Image {
        id: "71c6".into(),
        name: "golden-1".into(),
        owner: "0a1b".into(),
        status: "active".into(),
        visibility: Visibility::Shared,
        protected: false,
        hidden: false,
        size: Some(2_000_000_000),
        tags: vec!["expires=2026-01-31".into(), "team=a".into()],
        properties: BTreeMap::from([("os_type".into(), "linux".into())]),
        created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        updated_at: "2026-02-01T00:00:00Z".parse().unwrap(),
        sharing: Sharing::NotRead,
    }
}

fn member() -> Member {
    Member {
        project: "9c61".into(),
        status: MemberStatus::Accepted,
        created_at: "2026-03-01T00:00:00Z".parse().unwrap(),
        updated_at: "2026-03-02T00:00:00Z".parse().unwrap(),
    }
}

fn now() -> Timestamp {
    "2026-04-01T12:00:00Z".parse().unwrap()
}

fn holds(text: &str) -> bool {
    let condition = Condition::parse(text, &[Kind::ImageShare]).unwrap_or_else(|e| panic!("{text}: {e}"));
    condition
        .holds(Candidate::ImageShare(&image(), &member()), now())
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn refused(text: &str) -> ConditionError {
    Condition::parse(text, &[Kind::ImageShare]).expect_err(text)
}

#[test]
fn every_variable_and_function_can_be_used() {
    for text in [
        r#"image.id == "71c6" && image.name.startsWith("golden") && image.owner != "x""#,
        r#"image.status == "active" && image.visibility in ["shared", "public"]"#,
        "!image.protected && !image.hidden",
        "image.size != null && image.size > 1000000000",
        "image.size == null ? false : image.size / 1024 > 1",
        r#"image.tags.exists(t, t.startsWith("expires="))"#,
        r#""team=a" in image.tags && size(image.tags) == 2"#,
        r#"image.tags.filter(t, t.contains("team")).size() == 1"#,
        r#"image.tags.map(t, t + "!")[0] == "expires=2026-01-31!""#,
        r#"image.tags.exists_one(t, t == "team=a") && image.tags.all(t, t.size() > 2)"#,
        r#"has(image.properties.os_type) && image.properties.os_type == "linux""#,
        r#"image.properties["os_type"] == "linux" && "os_type" in image.properties"#,
        r#"!("none" in image.properties) || image.properties.none == "x""#,
        "size(image.properties) == 1",
        "image.created_at < image.updated_at",
        r#"grant.subject.id == "9c61" && grant.status == "accepted""#,
        "now - grant.created_at > days(30) && now - grant.updated_at > duration('12h30m')",
        "now > timestamp('2026-01-01T00:00:00Z') && now.getHours('Europe/Berlin') == 14",
        "now.getDayOfWeek() == 3",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_is_wrong_is_found_before_it_runs() {
    for (text, message) in [
        ("imge.name == 'x'", "unknown variable `imge`"),
        ("true || image.nme == 'x'", "`image` has no field `nme`"),
        (
            "true || grant.subject.name == 'x'",
            "`grant.subject` has no field `name`",
        ),
        ("now - grant.created_at > duration('30d')", "`30d` is no duration"),
        (
            "now - grant.created_at > duration('12h30d')",
            "`12h30d` is no duration",
        ),
        ("image.created_at > days('x')", "`days` does not take a text"),
        (
            "true || image.name > 3",
            "`>` does not work between a text and a whole number",
        ),
        (
            "true || image.size > 3",
            "the size of an image may be null, while it has no data",
        ),
        (
            "true || image.properties.x == ''",
            "an image may lack the property `x`",
        ),
        ("image.name", "the condition gives a text, not true or false"),
        (
            "image == image",
            "`==` does not work between `image` as a whole and `image` as a whole",
        ),
        ("true || image.name.matches('x')", "unknown function `matches`"),
        ("has(image.name)", "`image.name` is always there"),
        ("now > timestamp('soon')", "`timestamp` cannot take this"),
        ("now.getHours('Mars') == 1", "unknown time zone `Mars`"),
        (
            "image.tags.exists(t, image.tags.exists(u, image.tags.exists(v, v == t)))",
            "lists are gone through",
        ),
        (
            "image.tags.exists(image, image == 'x')",
            "`image` cannot be the name",
        ),
        ("image.name == 'x' and true", "the condition cannot be read"),
        ("image.created_at > now && 1 / 0 == 1", "division by zero"),
        ("now - days(999999999999) > now", "`days` cannot take this"),
        (
            "duration('999999999999999h') > days(1)",
            "`duration` cannot take this",
        ),
        ("duration('') > days(1)", "`` is no duration"),
        ("duration(image.name) > days(1)", "`duration` takes a quoted text"),
        ("image.properties.map(k, k) == []", "a map cannot be gone through"),
        ("{'a': 1} == {'a': 1}", "map and message literals"),
        ("1u == 1u", "write the number without `u`"),
        ("", "the condition is empty"),
    ] {
        let error = refused(text);
        assert!(error.message.starts_with(message), "{text}: {}", error.message);
    }
}

#[test]
fn the_wrong_part_is_shown_and_a_right_one_suggested() {
    let text = "true || image.nme == 'x'";
    let error = refused(text);
    assert_eq!(error.hint.as_deref(), Some("did you mean `name`?"));
    let span = error.span.expect("the place is known");
    assert!((8..17).contains(&span.start), "{span:?}");
    let error = refused("duration('30d') > days(3)");
    assert!(error.hint.is_some_and(|hint| hint.contains("days(30)")));
}

#[test]
fn a_kind_without_subject_has_no_grant() {
    let error = Condition::parse("grant.status == 'x'", &[Kind::Image]).unwrap_err();
    assert_eq!(
        error.message,
        "`grant` is unknown here: targets of kind `image` have no grant"
    );
}

#[test]
fn an_absent_value_is_no_error_where_it_was_asked_about() {
    let mut bare = image();
    bare.size = None;
    bare.properties.clear();
    for text in [
        "image.size != null && image.size > 1",
        "image.size > 1 && image.size != null",
        "has(image.properties.x) && image.properties.x == 'y'",
    ] {
        let condition = Condition::parse(text, &[Kind::Image]).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            condition.holds(Candidate::Image(&bare), now()),
            Ok(false),
            "{text}"
        );
    }
}

#[test]
fn an_error_of_one_item_is_an_error_and_no_match() {
    let condition = Condition::parse("int(image.name) > 3", &[Kind::Image]).unwrap();
    assert!(condition.holds(Candidate::Image(&image()), now()).is_err());
    let condition = Condition::parse("image.tags[7] == 'x'", &[Kind::Image]).unwrap();
    assert!(condition.holds(Candidate::Image(&image()), now()).is_err());
}

#[test]
fn a_condition_can_cross_threads() {
    fn crosses<T: Send + Sync + Clone>(_: &T) {}
    crosses(&Condition::parse("true", &[Kind::Image]).unwrap());
}

#[test]
fn depth_and_length_are_limited() {
    assert!(refused(&"(".repeat(30)).message.contains("nested"));
    assert!(refused(&"a".repeat(5000)).message.contains("longer"));
    for deep in [
        format!("{}true", "!".repeat(2000)),
        format!("{}1 == 1", "-".repeat(1001)),
        format!("1{} == 1", " + 1".repeat(900)),
        format!("true{}", " && true".repeat(400)),
        format!("{}true", "true ? true : ".repeat(200)),
        format!("image{}", ".a".repeat(1500)),
        format!(
            "{}image{}{}",
            "(true ? true : ".repeat(7),
            ".a".repeat(500),
            ")".repeat(7)
        ),
        format!(
            "{}image{}{}",
            "[!true && ".repeat(8),
            "[0]".repeat(250),
            "]".repeat(8)
        ),
        format!("{}image{}{}", "has(".repeat(8), ".a".repeat(550), ")".repeat(8)),
        format!("image.tags{}", ".exists(t, t == 'x') ".repeat(40)),
        format!("{}1 == 1", "-1 - ".repeat(280)),
    ] {
        let _ = Condition::parse(&deep, &[Kind::Image]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        if let Err(error) = Condition::parse(&text, &[Kind::ImageShare])
            && let Some(span) = error.span
        {
            prop_assert!(text.get(span).is_some());
        }
    }

    #[test]
    fn no_mixture_of_words_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "image", ".", "name", "size", "(", ")", "[", "]", "==", "&&", "||", "!", "-", "'x", "'", "\"", "has", "now", "days",
        "1", "99999999999999999999", "9223372036854775807", "tags", "exists", ",", "t", "?", ":", "{", "}", "properties",
        "duration", "'1h'", "in", "null", "grant", "subject", "u", "é", "\\", "`", "+", "*", "/", "%", "<", "b'x'", "r'", "// x",
    ]), 0..24), glue in proptest::bool::ANY) {
        let text = words.join(if glue { "" } else { " " });
        match Condition::parse(&text, &[Kind::ImageShare]) {
            Ok(condition) => { let _ = condition.holds(Candidate::ImageShare(&image(), &member()), now()); }
            Err(error) => if let Some(span) = error.span { prop_assert!(text.get(span).is_some()); },
        }
    }
}
