use ::csv::WriterBuilder;
use proptest::prelude::*;

use super::*;
use crate::model::{Id, Moment, Standing};

fn fields() -> Fields<String> {
    Fields {
        key: "email".to_owned(),
        gone: None,
        leaves: None,
        returns: None,
        projects: None,
        accounts: None,
    }
}

fn read(text: &str) -> Result<Vec<Entry>, String> {
    read_rows(text.as_bytes(), b',', &fields())
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .flat_map(|entry| &entry.keys)
        .map(String::as_str)
        .collect()
}

#[test]
fn rows_below_the_header_are_entries_with_their_lines() {
    let text = "\u{feff}\r\nemail,name\r\n\r\n ada@x ,\"Ada,\r\nCountess\"\r\n\r\n,\r\n  \r\nbob@x,Bob";
    let entries = read(text).unwrap();
    assert_eq!(keys(&entries), ["ada@x", "bob@x"]);
    let places: Vec<&str> = entries.iter().map(|entry| entry.place.as_str()).collect();
    assert_eq!(places, ["line 4", "line 9"]);
    let old_mac = read("email\rada\r\rbob\r").unwrap();
    assert_eq!(
        (keys(&old_mac), old_mac[1].place.as_str()),
        (vec!["ada", "bob"], "line 4")
    );
}

#[test]
fn a_header_alone_is_a_list_of_nobody() {
    assert_eq!(read("email,name\n"), Ok(Vec::new()));
    assert_eq!(read("email"), Ok(Vec::new()));
}

#[test]
fn a_file_that_is_no_such_table_says_what_it_is() {
    for (bytes, expected) in [
        (b"".as_slice(), "it is empty"),
        (b"\n \r\n", "it is empty"),
        (
            b"email,name\nada,\"Ada\nbob,Bob\n",
            "the quote opened in line 2 is never closed",
        ),
        (
            b"email,name\nada,\"Ada\nbob,\"Bob\"\n",
            "the quote opened in line 2 is closed in line 3",
        ),
        (b"email\nJ\xf6rg\n", "line 2 is not UTF-8"),
        (b"\xff\xfee\0", "UTF-16"),
        (b"email\nad\0a\n", "NUL"),
        (b"<html><title>Sign in</title></html>", "a web page (\"Sign in\")"),
        (
            b"e-mail,name\n",
            "no column `email`; its columns are: e-mail, name; did you mean `e-mail`?",
        ),
        (b"email;name\n", "is ',' the right delimiter?"),
        (b"email,email\n", "2 columns are called `email`"),
        (b"Email,EMAIL\n", "2 columns are called `email`"),
        (
            b"email,x\nada;x\nbob;x\neve,x\n",
            "2 of 3 rows have another number of columns than the header's 2",
        ),
    ] {
        let error = read_rows(bytes, b',', &fields()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn columns_are_found_without_regard_to_case_unless_one_is_exact() {
    assert_eq!(keys(&read(" EMail ,name\nada,x\n").unwrap()), ["ada"]);
    assert_eq!(keys(&read("EMAIL,email\nx,ada\n").unwrap()), ["ada"]);
    assert_eq!(keys(&read("email,note,note\nada,,\n").unwrap()), ["ada"]);
}

#[test]
fn a_row_of_another_width_stays_as_an_entry_of_no_use() {
    let entries = read("email,name\nada,Ada\nbob\neve,Eve,x\ndan,Dan\n").unwrap();
    let problems: Vec<Option<&str>> = entries.iter().map(|entry| entry.problem.as_deref()).collect();
    let expected = [
        None,
        Some("has 1 column, but the header has 2"),
        Some("has 3 columns, but the header has 2"),
        None,
    ];
    assert_eq!(problems, expected);
    // Of whoever stands in such a row nothing is told by another one either.
    assert_eq!(keys(&entries), ["ada", "bob", "eve", "Eve", "x", "dan"]);
}

#[test]
fn every_field_has_its_column() {
    let all = Fields {
        gone: Some(people::Gone {
            field: "state".to_owned(),
            values: vec!["left".to_owned()],
        }),
        leaves: Some("until".to_owned()),
        returns: Some("again".to_owned()),
        projects: Some("projects".to_owned()),
        accounts: Some("accounts".to_owned()),
        ..fields()
    };
    let text = "state;until;again;projects;accounts;email\n\
                LEFT;2026-03-31;2026-09-01;p1,p2;OTC-1;ada\n\
                ;;;;;bob\n\
                ;31.03.2026;;;;eve\n";
    let entries = read_rows(text.as_bytes(), b';', &all).unwrap();
    let [ada, bob, eve] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!((ada.standing, bob.standing), (Standing::Gone, Standing::Here));
    assert_eq!(ada.leaves, Some(Moment::Day("2026-03-31".parse().unwrap())));
    assert_eq!(ada.returns, Some(Moment::Day("2026-09-01".parse().unwrap())));
    assert_eq!(ada.projects, ["p1", "p2"].map(Id::from));
    assert_eq!(ada.accounts, ["OTC-1"].map(Id::from));
    assert_eq!((bob.leaves, &bob.problem), (None, &None));
    assert!(eve.problem.as_deref().unwrap().contains("31.03.2026"));
}

fn table() -> impl Strategy<Value = Vec<[String; 3]>> {
    let field = || "[a-c\"', ;\r\nö\u{feff}]{0,6}";
    let row = [field(), field(), field()];
    prop::collection::vec(row, 0..8)
}

/// The key stands in the column `key_at`, among three.
fn written(rows: &[[String; 3]], key_at: usize) -> String {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let mut header = ["one", "two", "three"];
    header[key_at] = "email";
    writer.write_record(header).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(rows in table(), key_at in 0..3_usize) {
        let read: Vec<Vec<String>> = read(&written(&rows, key_at)).unwrap().into_iter().map(|entry| entry.keys).collect();
        let filled = rows.iter().filter(|row| row.iter().any(|field| !trimmed(field).is_empty()));
        let key = |row: &[String; 3]| Some(trimmed(&row[key_at]).to_owned()).filter(|key| !key.is_empty());
        let expected: Vec<Vec<String>> = filled.map(|row| key(row).into_iter().collect()).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_file_that_is_cut_off_shows_nobody_who_is_not_there(rows in table(), key_at in 0..3_usize) {
        let text = written(&rows, key_at);
        let whole = read(&text).unwrap();
        for end in 0..text.len() {
            let Ok(cut) = read_rows(&text.as_bytes()[..end], b',', &fields()) else {
                continue;
            };
            prop_assert!(cut.len() <= whole.len());
            let last = cut.len().saturating_sub(1);
            for (at, (cut, whole)) in cut.iter().zip(&whole).enumerate() {
                // Only a key in the last column can be cut without a trace.
                let may_differ = at == last && (cut.problem.is_some() || key_at == 2);
                prop_assert!(cut == whole || may_differ, "{:?} of {:?}", cut, whole);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "email[,\"\r\na]{0,40}") {
        let _ = read_rows(&bytes, b',', &fields());
        let _ = read(&text);
    }
}
