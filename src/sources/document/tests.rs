use super::*;
use crate::{
    config::people::Gone,
    model::{Id, Moment, Standing},
};

fn path(text: &str) -> JsonPath {
    text.parse().unwrap()
}

fn document(list: &str, key: &str) -> Document {
    Document {
        list: path(list),
        made: None,
        fields: Fields {
            key: path(key),
            gone: None,
            leaves: None,
            returns: None,
            projects: None,
            accounts: None,
        },
    }
}

fn read(text: &str, list: &str) -> Result<Vec<Entry>, String> {
    read_document(text.as_bytes(), &document(list, "$.email")).map(|parsed| parsed.entries)
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .flat_map(|entry| &entry.keys)
        .map(String::as_str)
        .collect()
}

const TWO: &str = r#"{"people":[{"email":"ada"},{"email":"bob"}]}"#;

#[test]
fn a_path_leads_to_the_array_or_to_its_items() {
    for list in ["$.people", "$.people[*]", "$..people"] {
        assert_eq!(keys(&read(TWO, list).unwrap()), ["ada", "bob"], "{list}");
    }
    let one = r#"{"people":[{"email":"ada"}]}"#;
    assert_eq!(keys(&read(one, "$.people[*]").unwrap()), ["ada"]);
    assert_eq!(read(TWO, "$.people").unwrap()[1].place, "entry 2");
    let top = read(r#"[{"email":"ada"}]"#, "$").unwrap();
    assert_eq!(keys(&top), ["ada"]);
}

#[test]
fn an_array_without_items_is_an_empty_list() {
    assert_eq!(read(r#"{"people":[]}"#, "$.people"), Ok(Vec::new()));
}

#[test]
fn a_path_that_leads_elsewhere_says_what_is_there() {
    for (text, list, expected) in [
        (
            r#"{"error":"x","code":1}"#,
            "$.people",
            "leads to nothing; there is an object of code, error",
        ),
        ("[]", "$.people", "there is an array of 0 items"),
        ("{}", "$.people[*]", "there is an empty object"),
        (r#"{"people":null}"#, "$.people", "leads to null, not to a list"),
        (
            r#"{"people":{"email":"ada"}}"#,
            "$.people",
            "leads to an object of email, not to a list",
        ),
        (r#""none""#, "$", "leads to the value \"none\", not to a list"),
    ] {
        let error = read(text, list).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_no_json_is_no_list() {
    for (bytes, expected) in [
        (
            &TWO.as_bytes()[..30],
            "the document is cut off: EOF while parsing",
        ),
        (b"", "it is empty"),
        (
            b"<html><title>Sign in</title></html>",
            "it is a web page (\"Sign in\"), not JSON",
        ),
        (b"{\"people\":[{\"email\":\"J\xf6rg\"}]}", "not UTF-8"),
        (b"{\"people\":[],\"people\":[1]}", "stands twice"),
        (b"email,leaves\n", "it is not JSON"),
    ] {
        let error = read_document(bytes, &document("$.people", "$.email")).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!(read("\u{feff}{\"people\":[]}", "$.people").is_ok());
}

#[test]
fn a_key_may_be_several_texts_numbers_or_none() {
    let text = r#"[{"email":["ada","a.l",null]},{"email":4711},{"email":" "},{"email":null},{},null,"x"]"#;
    let entries = read(text, "$").unwrap();
    assert_eq!(keys(&entries), ["ada", "a.l", "4711"]);
    for entry in &entries[2..] {
        assert_eq!(
            entry.problem.as_deref(),
            Some("has no `$.email`"),
            "{}",
            entry.place
        );
    }
    let nested = read_document(TWO.as_bytes(), &document("$.people[*].email", "$")).unwrap();
    assert_eq!(keys(&nested.entries), ["ada", "bob"]);
}

#[test]
fn a_list_in_which_nobody_has_a_key_is_another_list() {
    let error = read(r#"[{"mail":"ada","id":1},{"mail":"bob"}]"#, "$").unwrap_err();
    assert_eq!(
        error,
        "none of 2 entries has a text at `$.email`; the first is an object of id, mail"
    );
}

#[test]
fn where_a_text_is_wanted_nothing_else_is_taken_for_one() {
    for email in [
        r#"{"value":"ada"}"#,
        r#"[["ada"]]"#,
        "1.5",
        "123456789012345678901234567890",
    ] {
        let entries = read(&format!(r#"[{{"email":{email}}},{{"email":"bob"}}]"#), "$").unwrap();
        assert!(
            entries[0]
                .problem
                .as_deref()
                .unwrap()
                .starts_with("`$.email` leads to "),
            "{email}"
        );
        assert!(entries[0].keys.is_empty());
        assert_eq!(entries[1].problem, None);
    }
}

#[test]
fn every_field_has_its_path() {
    let mut document = document("$.people", "$.email");
    document.made = Some(path("$.made"));
    document.fields.gone = Some(Gone {
        field: path("$.active"),
        values: vec!["FALSE".to_owned()],
    });
    document.fields.leaves = Some(path("$.left"));
    document.fields.projects = Some(path("$.owns[*].id"));
    let text = r#"{"made":"2026-03-31T17:00:00+02:00","people":[
        {"email":"ada","active":false,"left":"2026-03-31","owns":[{"id":"p1"},{"id":"p2"}]},
        {"email":"bob","active":true},
        {"email":"eve","left":["2026-03-31","2026-04-30"]}]}"#;
    let parsed = read_document(text.as_bytes(), &document).unwrap();
    assert_eq!(parsed.made, Some("2026-03-31T15:00:00Z".parse().unwrap()));
    let [ada, bob, eve] = parsed.entries.as_slice() else {
        panic!("{parsed:?}")
    };
    assert_eq!((ada.standing, bob.standing), (Standing::Gone, Standing::Here));
    assert_eq!(ada.leaves, Some(Moment::Day("2026-03-31".parse().unwrap())));
    assert_eq!(ada.projects, ["p1", "p2"].map(Id::from));
    assert_eq!(
        eve.problem.as_deref(),
        Some("`$.left` leads to 2 values, where one is read")
    );
}

#[test]
fn a_document_that_does_not_say_when_it_was_made_is_refused() {
    let mut document = document("$.people", "$.email");
    document.made = Some(path("$.made"));
    for made in [
        "",
        r#""made":null,"#,
        r#""made":"yesterday","#,
        r#""made":"2026-03-31","#,
        r#""made":7,"#,
    ] {
        let text = format!(r#"{{{made}"people":[]}}"#);
        let error = read_document(text.as_bytes(), &document).unwrap_err();
        assert!(
            error.contains("`$.made` should say when the list was made"),
            "{error}"
        );
    }
}

#[test]
fn one_page_of_several_is_no_list() {
    for more in [
        r#""next":"/people?page=2""#,
        r#""links":{"next":{"href":"/people?page=2"}}"#,
        r#""meta":{"next_cursor":"b2s"}"#,
        r#""@odata.nextLink":"https://x.example/people?$skip=2""#,
        r#""next_page":2"#,
    ] {
        let text = format!(r#"{{{more},"people":[{{"email":"ada"}}]}}"#);
        let why = read(&text, "$.people").unwrap_err();
        assert!(why.contains("there is more of the list"), "{more}: {why}");
    }
    for last in [
        r#""next":null"#,
        r#""next":"""#,
        r#""links":{"next":{"href":null}}"#,
        r#""meta":{"next_cursor":false}"#,
    ] {
        let text = format!(r#"{{{last},"people":[{{"email":"ada"}}]}}"#);
        assert_eq!(keys(&read(&text, "$.people").unwrap()), ["ada"], "{last}");
    }
}
