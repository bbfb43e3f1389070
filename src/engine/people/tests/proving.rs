use super::*;
use crate::model::Baseline;

fn refused(roll: Roll, baseline: Option<Baseline>) -> String {
    prove(Arc::new(roll), &whole(), baseline, at(NOW)).expect_err("a figure is not met")
}

fn people(count: usize) -> Vec<Entry> {
    (0..count).map(|number| entry(&format!("p{number}"))).collect()
}

fn before(entries: u64) -> Option<Baseline> {
    let at = at("2026-05-31T12:00:00Z");
    Some(Baseline { entries, at })
}

#[test]
fn each_figure_that_is_not_met_is_named() {
    assert_eq!(refused(roll(vec![]), None), "0 entries, but min_entries is 1");
    let old = Roll {
        as_of: at("2026-05-30T21:00:00Z"),
        ..roll(people(1))
    };
    assert_eq!(refused(old, None), "made 27h ago, but max_age is 26h");
    let shrunk = refused(roll(people(60)), before(100));
    assert!(
        shrunk.starts_with("60 entries after 100 on 2026-05-31T12:00:00Z, which is 40.0 % fewer"),
        "{shrunk}"
    );
    let both = refused(roll(vec![]), before(100));
    assert!(
        both.contains("min_entries") && both.contains("max_shrink_percent"),
        "{both}"
    );
}

#[test]
fn a_list_of_which_nothing_can_be_used_is_none() {
    let blank = |number: u32| Entry {
        problem: Some("has no `email`".into()),
        ..entry(&number.to_string())
    };
    let lost = refused(roll(vec![blank(1), blank(2)]), None);
    assert!(
        lost.contains("none of its entries can be used") && lost.contains("has no `email`"),
        "{lost}"
    );
    let half = prove(
        Arc::new(roll(vec![blank(1), entry("ann")])),
        &whole(),
        None,
        at(NOW),
    );
    assert!(half.is_ok_and(|list| list.for_absence().is_err()));
}

#[test]
fn a_list_that_claims_to_come_from_the_future_is_not_believed() {
    let future = Roll {
        as_of: at("2026-06-01T00:11:00Z"),
        ..roll(people(1))
    };
    assert!(refused(future, None).contains("has not come yet"));
    let nearly = Roll {
        as_of: at("2026-06-01T00:09:00Z"),
        ..roll(people(1))
    };
    assert!(
        prove(Arc::new(nearly), &whole(), None, at(NOW)).is_ok(),
        "clocks differ a little"
    );
}

#[test]
fn a_list_may_shrink_by_as_much_as_is_allowed_and_grow_as_it_likes() {
    for (entries, baseline, good) in [(70, 100, true), (69, 100, false), (500, 100, true), (1, 0, true)] {
        let proven = prove(
            Arc::new(roll(people(entries))),
            &whole(),
            before(baseline),
            at(NOW),
        );
        assert_eq!(proven.is_ok(), good, "{entries} after {baseline}");
    }
}

#[test]
fn a_list_that_loses_a_little_at_each_read_is_held_against_the_day() {
    let first = next_baseline(None, 100, at("2026-06-01T00:00:00Z"));
    let later = next_baseline(Some(first), 80, at("2026-06-01T00:05:00Z"));
    assert_eq!(later, first, "still the larger one");
    let grown = next_baseline(Some(first), 120, at("2026-06-01T00:05:00Z"));
    assert_eq!(grown.entries, 120);
    let next_day = next_baseline(Some(first), 80, at("2026-06-02T00:00:00Z"));
    assert_eq!(next_day.entries, 80);
}

#[test]
fn without_the_whole_proof_nothing_is_said_of_who_is_missing() {
    let cuts: [fn(&mut Demands); 3] = [
        |demands| demands.min_entries = None,
        |demands| demands.max_age = None,
        |demands| demands.max_shrink_percent = None,
    ];
    for cut in cuts {
        let mut demands = whole();
        cut(&mut demands);
        let proven = prove(Arc::new(roll(people(9))), &demands, None, at(NOW)).expect("all that is demanded");
        let why = proven.for_absence().expect_err("not whole");
        assert!(
            why.contains("min_entries, max_age and max_shrink_percent"),
            "{why}"
        );
        let lists = Lists::of([("list".into(), Ok(proven))]);
        assert_eq!(lists.unproven(&policy(&[], &["list"])).len(), 1);
        assert!(lists.unproven(&policy(&["list"], &[])).is_empty());
        let inventory = registry(vec![held_by("u", "stranger")]);
        assert!(subjects(&judge(&policy(&[], &["list"]), &inventory, &lists)).is_empty());
    }
}

#[test]
fn an_entry_that_cannot_be_used_may_be_anybody() {
    let nameless = Entry {
        keys: vec![],
        problem: Some("has no name".into()),
        ..entry("nobody")
    };
    let proven = |most| {
        let demands = Demands {
            max_unusable: most,
            ..whole()
        };
        let entries = vec![entry("ann"), nameless.clone()];
        prove(Arc::new(roll(entries)), &demands, None, at(NOW)).expect("of a good size")
    };
    let why = proven(0)
        .for_absence()
        .expect_err("one cannot be used")
        .to_owned();
    assert!(
        why.contains("entries that cannot be used: 1") && why.contains("has no name"),
        "{why}"
    );
    assert!(proven(1).for_absence().is_ok());
}

#[test]
fn a_list_that_was_not_read_or_not_proven_decides_on_nobody() {
    let inventory = registry(vec![held_by("u", "ann")]);
    for lists in [
        Lists::none(),
        Lists::of([("list".into(), Err("the server hung up".into()))]),
    ] {
        for policy in [policy(&["list"], &[]), policy(&[], &["list"])] {
            let evaluation = judge(&policy, &inventory, &lists);
            assert!(evaluation.revocations.is_empty());
            assert_eq!(evaluation.unreadable.len(), 1);
            assert_eq!(lists.unproven(&policy).len(), 1);
        }
    }
}

#[test]
fn whom_a_list_names_twice_counts_once() {
    let mut twice = people(69);
    twice.extend(["p1", "P2"].map(entry));
    assert!(refused(roll(twice), before(100)).starts_with("69 entries after 100"));
}

#[test]
fn what_is_no_address_may_be_anybodys() {
    let list = Roll {
        to: UserKey::Email,
        ..roll(vec![entry("ann@example.org"), entry("TBD")])
    };
    let proven = prove(Arc::new(list), &whole(), None, at(NOW)).expect("of a good size");
    let why = proven.for_absence().expect_err("one is no address");
    assert!(why.contains(r#""TBD" is no e-mail address"#), "{why}");
}
