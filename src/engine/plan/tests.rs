use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;

const WIDE: Reach = Reach {
    resources: 1_000_000,
    subjects: 1_000_000,
    requests: 1,
};

type Pairs = BTreeSet<(u32, u32)>;

fn targets(pairs: &Pairs) -> Vec<Target> {
    let target = |&(image, project): &(u32, u32)| {
        let (image, project) = (format!("i{image}"), format!("p{project}"));
        Target::image_share("c".into(), Id::from(image), Id::from(project))
    };
    pairs.iter().map(target).collect()
}

/// Knows nothing of how the plan was made: every call is played out.
fn check(wanted: &[Target], batches: &[Batch], reach: Reach) -> Result<(), String> {
    let wanted: HashSet<&Target> = wanted.iter().collect();
    let mut removed = HashSet::new();
    for batch in batches {
        if batch.resources.len() > reach.resources || batch.subjects.len() > reach.subjects {
            return Err(format!("{batch} is over the reach"));
        }
        for resource in &batch.resources {
            for subject in &batch.subjects {
                let target = Target::image_share(batch.cloud.clone(), resource.clone(), subject.clone());
                if !wanted.contains(&target) {
                    return Err(format!("{target} was not decided on"));
                }
                if !removed.insert(target) {
                    return Err(format!("{resource} of {subject} is removed twice"));
                }
            }
        }
    }
    match removed.len() == wanted.len() {
        true => Ok(()),
        false => Err(format!("{} of {} are removed", removed.len(), wanted.len())),
    }
}

/// One call for each distinct set of columns, cut to size; or of rows.
fn simple_calls(pairs: &Pairs, reach: Reach) -> usize {
    let calls = |pairs: &mut dyn Iterator<Item = (u32, u32)>, (rows, columns): (usize, usize)| -> usize {
        let mut of_row: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        pairs.for_each(|(row, column)| of_row.entry(row).or_default().push(column));
        let mut alike: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        for mut set in of_row.into_values() {
            set.sort_unstable();
            *alike.entry(set).or_default() += 1;
        }
        let cut = alike
            .into_iter()
            .map(|(set, count)| count.div_ceil(rows) * set.len().div_ceil(columns));
        cut.sum()
    };
    let by_rows = calls(&mut pairs.iter().copied(), (reach.resources, reach.subjects));
    let turned = pairs.iter().map(|&(image, project)| (project, image));
    let by_columns = calls(&mut { turned }, (reach.subjects, reach.resources));
    by_rows.min(by_columns)
}

fn assert_plan(pairs: &Pairs, reach: Reach) -> usize {
    let wanted = targets(pairs);
    let batches = plan(&wanted, reach);
    check(&wanted, &batches, reach).unwrap_or_else(|wrong| panic!("{wrong}: {pairs:?}"));
    let simple = simple_calls(pairs, reach);
    assert!(
        batches.len() <= simple,
        "{} calls, {simple} are enough: {pairs:?}",
        batches.len()
    );
    batches.len()
}

#[test]
fn every_set_in_a_small_grid_is_covered_exactly() {
    for (rows, columns) in [(4, 4), (3, 5)] {
        for set in 0u32..1 << (rows * columns) {
            let in_set = (0..rows * columns).filter(|cell| set >> cell & 1 == 1);
            let pairs: Pairs = in_set.map(|cell| (cell / columns, cell % columns)).collect();
            let calls = assert_plan(&pairs, WIDE);
            assert_eq!(calls == 0, pairs.is_empty());
        }
    }
}

#[test]
fn what_was_not_decided_keeps_two_pairs_apart() {
    // One call for both would also take i1 from p0 and i0 from p1.
    assert_eq!(assert_plan(&Pairs::from([(0, 0), (1, 1)]), WIDE), 2);
}

#[test]
fn a_whole_rectangle_is_one_call() {
    let pairs: Pairs = (0..90)
        .flat_map(|image| (0..70).map(move |project| (image, project)))
        .collect();
    assert_eq!(assert_plan(&pairs, WIDE), 1);
    let reach = Reach {
        resources: 100,
        subjects: 50,
        requests: 2,
    };
    assert_eq!(assert_plan(&pairs, reach), 2);
}

#[test]
fn groups_that_have_nothing_in_common_are_each_planned_their_own_way() {
    // Many images with few sets of projects beside few images with many.
    let wide = (0..3u32).flat_map(|bit| {
        (0..8u32)
            .filter(move |n| n >> bit & 1 == 1)
            .map(move |n| (n, bit))
    });
    let tall = (0..3u32).flat_map(|bit| {
        (0..8u32)
            .filter(move |n| n >> bit & 1 == 1)
            .map(move |n| (bit + 100, n + 100))
    });
    let pairs: Pairs = wide.chain(tall).collect();
    assert_eq!(simple_calls(&pairs, WIDE), 10, "by images, or by projects");
    assert_eq!(assert_plan(&pairs, WIDE), 6);
}

#[test]
fn communities_that_overlap_take_fewer_calls_than_their_sets() {
    // Image n is in the groups n and n+1, and so is project n: many sets, few groups.
    let mut pairs = Pairs::new();
    for group in 0..12u32 {
        for image in 0..8 {
            for project in 0..8 {
                pairs.insert((group * 4 + image, (group * 5 % 12) * 4 + project));
            }
        }
    }
    let calls = assert_plan(&pairs, WIDE);
    let simple = simple_calls(&pairs, WIDE);
    assert!(calls < simple, "{calls} calls, {simple} sets");
}

#[test]
fn a_batch_is_made_only_where_it_saves_requests() {
    let reach = Reach { requests: 2, ..WIDE };
    let two: Pairs = (0..2).map(|image| (image, 0)).collect();
    let three: Pairs = (0..3).map(|image| (image, 0)).collect();
    assert_eq!(plan(&targets(&two), reach).len(), 2);
    assert_eq!(plan(&targets(&three), reach).len(), 1);
}

#[test]
fn where_a_call_takes_one_target_each_is_a_batch() {
    let pairs: Pairs = (0..5)
        .flat_map(|image| (0..3).map(move |project| (image, project)))
        .collect();
    assert_eq!(plan(&targets(&pairs), Reach::ONE).len(), 15);
    let images: Vec<Target> = (0..3)
        .map(|n| Target::image("c".into(), Id::from(format!("i{n}"))))
        .collect();
    let batches = plan(&images, Reach::ONE);
    let removed: Vec<Target> = batches.iter().flat_map(Batch::targets).collect();
    assert_eq!(removed, images);
}

#[test]
fn clouds_and_kinds_are_never_mixed() {
    let grant = |cloud: &str, kind| Target::grant(cloud.into(), kind, Id::from("r"), Id::from("s"));
    let targets = [
        grant("one", Kind::ImageShare),
        grant("two", Kind::ImageShare),
        grant("one", Kind::RepositoryPermission),
        grant("one", Kind::ImageShare),
    ];
    let batches = plan(&targets, WIDE);
    assert_eq!(batches.len(), 3, "the one that was given twice is planned once");
}

/// Rows that are unions of a few groups of columns: what real shares look like,
/// and what tempts a planner to take a pair too many.
fn unions() -> impl Strategy<Value = Pairs> {
    let groups = proptest::collection::vec(proptest::collection::vec(0u32..30, 1..8), 1..6);
    let rows = proptest::collection::vec(proptest::collection::vec(0usize..6, 1..4), 1..40);
    (groups, rows).prop_map(|(groups, rows)| {
        let mut pairs = Pairs::new();
        for (row, of) in (0u32..).zip(rows) {
            let columns = of.iter().filter_map(|group| groups.get(*group)).flatten();
            pairs.extend(columns.map(|column| (row, *column)));
        }
        pairs
    })
}

fn random() -> impl Strategy<Value = Pairs> {
    (1u32..25, 1u32..25, 0usize..300).prop_flat_map(|(rows, columns, count)| {
        proptest::collection::btree_set((0..rows, 0..columns), 0..=count.min((rows * columns) as usize))
    })
}

/// A full rectangle with some pairs taken out.
fn nearly_full() -> impl Strategy<Value = Pairs> {
    (
        1u32..20,
        1u32..20,
        proptest::collection::btree_set((0u32..20, 0u32..20), 0..25),
    )
        .prop_map(|(rows, columns, holes)| {
            let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            all.filter(|pair| !holes.contains(pair)).collect()
        })
}

proptest! {
    #[test]
    fn no_pair_more_no_pair_twice_and_never_more_calls_than_sets(
        pairs in prop_oneof![unions(), random(), nearly_full()],
        most in prop_oneof![Just((1_000_000, 1_000_000)), (1usize..8, 1usize..8)],
    ) {
        let reach = Reach { resources: most.0, subjects: most.1, requests: 1 };
        assert_plan(&pairs, reach);
    }

    #[test]
    fn the_order_of_the_targets_does_not_matter(pairs in unions(), seed in any::<u64>()) {
        let wanted = targets(&pairs);
        let mut shuffled = wanted.clone();
        shuffled.sort_by_key(|target| {
            let text = target.to_string();
            text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
        });
        prop_assert_eq!(plan(&wanted, WIDE), plan(&shuffled, WIDE));
    }
}

#[test]
fn a_hundred_thousand_pairs_of_each_shape_are_covered_exactly() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % bound).unwrap()
    };
    let mut sparse = Pairs::new();
    let mut dense = Pairs::new();
    while sparse.len() < 100_000 {
        sparse.insert((below(40_000), below(40_000)));
    }
    while dense.len() < 100_000 {
        dense.insert((below(450), below(450)));
    }
    let mut communities = Pairs::new();
    while communities.len() < 100_000 {
        let images: Vec<u32> = (0..40).map(|_| below(4_000)).collect();
        let projects: Vec<u32> = (0..25).map(|_| below(2_500)).collect();
        communities.extend(
            images
                .iter()
                .flat_map(|image| projects.iter().map(move |project| (*image, *project))),
        );
    }
    let reach = Reach {
        resources: 100,
        subjects: 100,
        requests: 2,
    };
    for pairs in [sparse, dense, communities] {
        let wanted = targets(&pairs);
        check(&wanted, &plan(&wanted, reach), reach).unwrap();
    }
}
