//! The planner on five shapes of 100,000 pairs: calls against the simple ways
//! (one call for each distinct set of projects, or of images), and time against
//! finding those sets.

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
    time::Instant,
};

use revokd::{
    engine::plan::plan,
    model::{Id, Reach, Target},
};

use super::table;

const PAIRS: usize = 100_000;

/// No call is too large: what the sets are compared with.
const BOUNDLESS: Reach = Reach {
    resources: usize::MAX,
    subjects: usize::MAX,
    requests: 1,
};
/// What clouds are asked for, unless configured.
const HUNDRED: Reach = Reach {
    resources: 100,
    subjects: 100,
    requests: 1,
};

type Pairs = BTreeSet<(u32, u32)>;
type Shape = fn(&mut Numbers) -> Pairs;

pub fn main() -> anyhow::Result<()> {
    table::head(&format!("plan: {PAIRS} pairs of image and project"));
    let shapes: [(&str, Shape); 5] = [
        ("one leaver in many images", |_| {
            (0..PAIRS as u32).map(|n| (n, 0)).collect()
        }),
        ("one image with many partners", |_| {
            (0..PAIRS as u32).map(|n| (0, n)).collect()
        }),
        ("communities that overlap", communities),
        ("random sparse, 40,000 by 40,000", |numbers| numbers.pairs(40_000)),
        ("random dense, 450 by 450", |numbers| numbers.pairs(450)),
    ];
    let mut numbers = Numbers(20_261_231);
    for (name, shape) in shapes {
        show(name, &shape(&mut numbers));
    }
    Ok(())
}

fn show(name: &str, pairs: &Pairs) {
    let targets: Vec<Target> = pairs.iter().map(target).collect();
    let began = Instant::now();
    let sets = sets(pairs.iter().copied()).min(sets(pairs.iter().map(|&(image, project)| (project, image))));
    let grouped = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let calls = black_box(plan(&targets, BOUNDLESS)).len();
    let planned = began.elapsed().as_secs_f64();
    let capped = plan(&targets, HUNDRED).len();
    let of_sets = calls as f64 / sets as f64;
    table::goal(
        &format!("{name}: {calls} calls : {sets} sets"),
        of_sets,
        "at most 1",
        calls <= sets,
    );
    table::row("  in calls of 100 by 100", &capped.to_string());
    let times = planned / grouped;
    table::row(
        "  time, against finding the sets",
        &format!("{times:.1} ({planned:.2} s : {grouped:.2} s)"),
    );
}

/// Distinct sets of columns.
fn sets(pairs: impl Iterator<Item = (u32, u32)>) -> usize {
    let mut columns_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    pairs.for_each(|(row, column)| columns_of.entry(row).or_default().push(column));
    let distinct = columns_of.into_values().map(|mut columns| {
        columns.sort_unstable();
        columns
    });
    distinct.collect::<BTreeSet<Vec<u32>>>().len()
}

fn target(&(image, project): &(u32, u32)) -> Target {
    let (image, project) = (format!("image-{image}"), format!("project-{project}"));
    Target::image_share("cloud".into(), Id::from(image), Id::from(project))
}

/// Groups of 40 images that are shared with 25 projects each.
fn communities(numbers: &mut Numbers) -> Pairs {
    let mut pairs = Pairs::new();
    while pairs.len() < PAIRS {
        let images: Vec<u32> = (0..40).map(|_| numbers.below(4_000)).collect();
        let projects: Vec<u32> = (0..25).map(|_| numbers.below(2_500)).collect();
        for image in images {
            pairs.extend(projects.iter().map(|project| (image, *project)));
        }
    }
    pairs
}

/// The same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end) as u32
    }

    fn pairs(&mut self, side: u64) -> Pairs {
        let mut pairs = Pairs::new();
        while pairs.len() < PAIRS {
            pairs.insert((self.below(side), self.below(side)));
        }
        pairs
    }
}
