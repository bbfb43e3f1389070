//! Random lists against a second opinion that knows nothing of indices.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 6] = ["ann", "Ann", "bob", "BOB", "eve", "zoe"];

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let standing = prop_oneof![Just(Standing::Listed), Just(Standing::Here), Just(Standing::Gone)];
    let one = (
        prop::collection::vec(0..NAMES.len(), 1..3),
        standing,
        prop::bool::weighted(0.1),
    );
    let one = one.prop_map(|(keys, standing, broken)| Entry {
        keys: keys.into_iter().map(|key| NAMES[key].to_owned()).collect(),
        standing,
        problem: broken.then(|| "broken".to_owned()),
        ..entry("someone")
    });
    prop::collection::vec(one, 1..6)
}

/// Each user's present name and the one that the permission was given under.
fn users() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..NAMES.len(), 0..NAMES.len()), 1..5)
}

/// Everybody whom the entry could mean, by any name.
fn meant(entry: &Entry, users: &[(usize, usize)]) -> BTreeSet<usize> {
    let is = |name: usize| entry.keys.iter().any(|key| key.eq_ignore_ascii_case(NAMES[name]));
    let each = users.iter().enumerate();
    each.filter(|(_, (now, then))| is(*now) || is(*then))
        .map(|(user, _)| user)
        .collect()
}

proptest! {
    #[test]
    fn nobody_goes_whom_a_careful_reader_would_keep(entries in entries(), users in users()) {
        let permissions = users.iter().enumerate().map(|(id, (now, then))| Permission {
            user_name: NAMES[*then].into(),
            ..held_by(&id.to_string(), NAMES[*now])
        });
        let inventory = registry(permissions.collect());
        let demands = Demands { max_unusable: 100, ..whole() };
        let list = prove(Arc::new(roll(entries.clone())), &demands, None, at(NOW));
        let lists = Lists::of([("list".into(), list)]);
        let went = |policy: Policy| -> BTreeSet<usize> {
            let evaluation = judge(&policy, &inventory, &lists);
            subjects(&evaluation).iter().map(|id| id.parse().unwrap()).collect()
        };
        let is_list = entries.iter().any(|entry| entry.problem.is_none());
        let (leavers, roster) = (went(policy(&["list"], &[])), went(policy(&[], &["list"])));
        for (user, (now, _)) in users.iter().enumerate() {
            let about: Vec<&Entry> = entries.iter().filter(|entry| meant(entry, &users).contains(&user)).collect();
            let alone = |entry: &&&Entry| meant(entry, &users).len() == 1;
            let by_name = |entry: &&&Entry| entry.keys.iter().any(|key| key.eq_ignore_ascii_case(NAMES[*now]));
            let clear = about.iter().all(|entry| alone(&entry) && by_name(&entry) && entry.problem.is_none());
            let same = about.windows(2).all(|pair| pair[0].standing == pair[1].standing);
            let said = about.first().map(|entry| entry.standing);
            let goes = is_list && clear && same && matches!(said, Some(Standing::Listed | Standing::Gone));
            let missing = is_list && clear && same && matches!(said, None | Some(Standing::Gone));
            prop_assert_eq!(leavers.contains(&user), goes, "leavers: {} of {:?} by {:?}", user, &users, &entries);
            prop_assert_eq!(roster.contains(&user), missing, "roster: {} of {:?} by {:?}", user, &users, &entries);
        }
    }
}
