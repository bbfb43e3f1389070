use super::*;

fn raw(key: &str) -> RawEntry {
    RawEntry {
        place: "line 2".to_owned(),
        keys: vec![key.to_owned()],
        ..RawEntry::default()
    }
}

fn leaving(date: &str) -> Entry {
    let entry = RawEntry {
        leaves: Some(date.to_owned()),
        ..raw("ada")
    };
    entry.into_entry("email")
}

#[test]
fn keys_lose_what_surrounds_them_and_keep_their_spelling() {
    let entry = RawEntry {
        keys: vec![
            "\u{feff}\u{a0} Ada@Example.org\u{200b}\r\n".to_owned(),
            " \u{3000}".to_owned(),
            "Ada@Example.org".to_owned(),
            "ada@example.org".to_owned(),
        ],
        ..RawEntry::default()
    };
    let entry = entry.into_entry("email");
    assert_eq!(entry.keys, ["Ada@Example.org", "ada@example.org"]);
    assert_eq!(entry.problem, None);
    assert_eq!(entry.standing, Standing::Listed);
}

#[test]
fn an_entry_without_a_key_is_kept_and_said_to_be_of_no_use() {
    let entry = raw(" \t").into_entry("email");
    assert_eq!(entry.problem.as_deref(), Some("has no `email`"));
    assert_eq!(entry.place, "line 2");
    let broken = raw("ada\u{0}x").into_entry("email").problem.unwrap();
    assert!(broken.contains("control characters"), "{broken}");
    let own = RawEntry::unusable("line 3".to_owned(), "has 2 columns").into_entry("email");
    assert_eq!(own.problem.as_deref(), Some("has 2 columns"));
}

#[test]
fn days_and_times_with_an_offset_are_dates() {
    let day = leaving(" 2026-03-31 ");
    assert_eq!(day.leaves, Some(Moment::Day("2026-03-31".parse().unwrap())));
    let at: Timestamp = "2026-03-31T15:00:00Z".parse().unwrap();
    for text in [
        "2026-03-31T17:00:00+02:00",
        "2026-03-31T15:00:00.000Z",
        "2026-03-31 15:00:00Z",
    ] {
        let entry = leaving(text);
        assert_eq!(entry.leaves, Some(Moment::At(at)), "{text}");
        assert_eq!(entry.problem, None, "{text}");
    }
}

#[test]
fn whoever_has_a_date_field_is_here_until_the_date() {
    assert_eq!(leaving("").standing, Standing::Here);
    assert_eq!(leaving("").leaves, None);
    assert_eq!(leaving("").problem, None);
    assert_eq!(leaving("2026-03-31").standing, Standing::Here);
    for (gone, standing) in [(true, Standing::Gone), (false, Standing::Here)] {
        let entry = RawEntry {
            gone: Some(gone),
            ..raw("ada")
        };
        assert_eq!(entry.into_entry("email").standing, standing);
    }
}

#[test]
fn a_date_that_could_mean_something_else_is_a_problem() {
    for text in [
        "31.03.2026",
        "03/04/2026",
        "0000-00-00",
        "2026-02-30",
        "2026-3-1",
        "20260331",
        "2026-03-31T17:00:00",
        "2026-03-31 17:00",
        "2026-03-31x",
        "2026-03-31T17:00:00+02:00[Asia/Tokyo]",
        "0001-01-01",
        "1970-01-01T00:00:00Z",
        "1601-01-01T00:00:00Z",
        "45000",
        "soon",
        "２０２６-03-31",
        "2026-03-3é",
    ] {
        let entry = leaving(text);
        assert_eq!(entry.leaves, None, "{text}");
        let problem = entry.problem.expect(text);
        assert!(problem.starts_with("the leaving date is "), "{problem}");
    }
}

#[test]
fn a_date_that_never_comes_is_none() {
    for text in ["9999-12-31", "9999-12-31T23:59:59Z"] {
        let entry = leaving(text);
        assert_eq!((entry.leaves, entry.problem), (None, None), "{text}");
    }
}

#[test]
fn nobody_comes_back_before_leaving() {
    let both = |leaves: &str, returns: &str| {
        let entry = RawEntry {
            leaves: Some(leaves.to_owned()),
            returns: Some(returns.to_owned()),
            ..raw("ada")
        };
        entry.into_entry("email").problem
    };
    assert!(both("2026-03-31", "2026-03-30").is_some());
    assert!(both("2026-03-31T10:00:00Z", "2026-03-31T09:00:00Z").is_some());
    assert!(both("2026-03-31T10:00:00Z", "2026-03-30").is_some());
    assert_eq!(both("2026-03-31", "2026-09-01"), None);
    assert_eq!(both("", "2026-09-01"), None);
}

#[test]
fn what_was_owned_is_split_wherever_lists_are_split() {
    let entry = RawEntry {
        projects: vec!["p1, p2;p3".to_owned(), "\u{a0}p4\n".to_owned(), " ; ".to_owned()],
        accounts: vec!["OTC-1".to_owned()],
        ..raw("ada")
    };
    let entry = entry.into_entry("email");
    assert_eq!(entry.projects, ["p1", "p2", "p3", "p4"].map(Id::from));
    assert_eq!(entry.accounts, ["OTC-1"].map(Id::from));
}

#[test]
fn values_that_mean_gone_are_compared_without_case_and_blanks() {
    let values = ["Inactive".to_owned(), "locked".to_owned()];
    assert!(is_one_of(" INACTIVE\u{200b}", &values));
    assert!(!is_one_of("active", &values));
    assert!(!is_one_of("", &values));
}
