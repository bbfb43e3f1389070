//! The safeguard that stops a run which wants too much.

use std::{collections::BTreeMap, fmt};

use super::{policy::Limits, resource::ResourceClass};
use crate::model::{Id, Revocation};

/// A limit that a run would break.
#[derive(Clone, Debug, PartialEq)]
pub enum Trip {
    Count {
        wanted: u64,
        limit: u64,
    },
    Percent {
        wanted: u64,
        seen: u64,
        limit: f64,
    },
    PerResource {
        resource: Id,
        name: String,
        wanted: u64,
        limit: u64,
    },
}

/// The limits that a run breaks when, of `seen` targets, it newly wants
/// `wanted` gone. Empty means that it may go on; one is enough to hold all of
/// it.
pub fn trips(limits: &Limits, seen: u64, wanted: &[&Revocation]) -> Vec<Trip> {
    let count = wanted.len() as u64;
    let mut trips = Vec::new();
    if count > limits.max_revocations {
        trips.push(Trip::Count {
            wanted: count,
            limit: limits.max_revocations,
        });
    }
    // Multiplied, not divided: exact at the limit, and nothing seen is no
    // division by zero.
    if count as f64 * 100.0 > limits.max_percent * seen as f64 {
        trips.push(Trip::Percent {
            wanted: count,
            seen,
            limit: limits.max_percent,
        });
    }
    if let Some(limit) = limits.max_per_resource {
        trips.extend(worst_resource(wanted, limit));
    }
    trips
}

fn worst_resource(wanted: &[&Revocation], limit: u64) -> Option<Trip> {
    let mut by_resource: BTreeMap<_, (u64, &str)> = BTreeMap::new();
    let from_somebody = wanted.iter().filter(|each| each.target.subject.is_some());
    for revocation in from_somebody {
        let target = &revocation.target;
        let resource = (&target.cloud, ResourceClass::of(target.kind), &target.resource);
        by_resource
            .entry(resource)
            .or_insert((0, &revocation.evidence.resource_name))
            .0 += 1;
    }
    let ((_, _, resource), (wanted, name)) = by_resource.into_iter().max_by_key(|(_, (count, _))| *count)?;
    (wanted > limit).then(|| Trip::PerResource {
        resource: resource.clone(),
        name: name.to_owned(),
        wanted,
        limit,
    })
}

impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trip::Count { wanted, limit } => {
                write!(f, "wants {wanted} revocations, max_revocations is {limit}")
            }
            Trip::Percent { wanted, seen, limit } => {
                let percent = *wanted as f64 * 100.0 / (*seen).max(1) as f64;
                write!(
                    f,
                    "wants {wanted} of {seen} targets seen ({percent:.1} %), max_percent is {limit}"
                )
            }
            Trip::PerResource {
                resource,
                name,
                wanted,
                limit,
            } => {
                write!(
                    f,
                    "wants {wanted} from {name:?} ({resource}), max_per_resource is {limit}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        engine::sample,
        model::{Kind, Target},
    };

    fn wanted(per_image: &[u64]) -> Vec<Revocation> {
        let pair = |(image, count): (usize, &u64)| {
            (0..*count)
                .map(move |n| sample::revocation(&format!("i{image}"), &format!("p{n}")))
                .collect::<Vec<_>>()
        };
        per_image.iter().enumerate().flat_map(pair).collect()
    }

    fn limits(max_revocations: u64, max_percent: f64, max_per_resource: Option<u64>) -> Limits {
        Limits {
            max_revocations,
            max_percent,
            max_per_resource,
            ..Limits::default()
        }
    }

    fn trip_count(limits: &Limits, seen: u64, wanted: &[Revocation]) -> usize {
        trips(limits, seen, &wanted.iter().collect::<Vec<_>>()).len()
    }

    #[test]
    fn the_default_holds_at_one_over_a_fifth_and_not_at_a_fifth() {
        let limits = Limits::default();
        assert_eq!(trip_count(&limits, 50, &wanted(&[10])), 0);
        assert_eq!(trip_count(&limits, 50, &wanted(&[11])), 1);
    }

    #[test]
    fn the_default_holds_over_a_hundred_however_much_is_seen() {
        assert_eq!(trip_count(&Limits::default(), 1_000_000, &wanted(&[100])), 0);
        assert_eq!(trip_count(&Limits::default(), 1_000_000, &wanted(&[101])), 1);
    }

    #[test]
    fn one_resource_that_would_lose_too_many_holds_the_run() {
        assert_eq!(trip_count(&limits(100, 100.0, Some(3)), 10, &wanted(&[3, 3])), 0);
        assert_eq!(trip_count(&limits(100, 100.0, Some(3)), 10, &wanted(&[1, 4])), 1);
    }

    #[test]
    fn resources_of_one_name_are_counted_apart_and_kinds_of_one_resource_together() {
        let of_kind = |kind, resource: &str, subject: &str| {
            let target = Target::grant("c".into(), kind, Id::from(resource), Id::from(subject));
            Revocation {
                target,
                ..sample::revocation("i", "a")
            }
        };
        let apart = [
            of_kind(Kind::ImageShare, "team", "a"),
            of_kind(Kind::NamespacePermission, "team", "b"),
        ];
        let together = [
            of_kind(Kind::RepositoryPermission, "team/api", "a"),
            of_kind(Kind::RepositoryShare, "team/api", "partner"),
        ];
        assert_eq!(trip_count(&limits(100, 100.0, Some(1)), 10, &apart), 0);
        assert_eq!(trip_count(&limits(100, 100.0, Some(1)), 10, &together), 1);
    }

    #[test]
    fn an_image_that_goes_is_no_subject_that_goes_from_it() {
        let image = Revocation {
            target: Target::image("c".into(), Id::from("i0")),
            ..sample::revocation("i0", "a")
        };
        let wanted = [wanted(&[1]), vec![image]].concat();
        assert_eq!(trip_count(&limits(100, 100.0, Some(1)), 10, &wanted), 0);
    }

    #[test]
    fn wanting_something_while_seeing_nothing_is_held() {
        assert_eq!(trip_count(&limits(10, 100.0, None), 0, &wanted(&[1])), 1);
        assert_eq!(trip_count(&limits(10, 100.0, None), 0, &wanted(&[])), 0);
    }

    proptest! {
        #[test]
        fn a_run_passes_exactly_if_it_is_within_every_limit(
            per_image in prop::collection::vec(0u64..6, 0..6),
            unseen in 0u64..40, max_revocations in 1u64..20, max_percent in 1u32..=100, per in prop::option::of(1u64..6),
        ) {
            let wanted = wanted(&per_image);
            let count = wanted.len() as u64;
            let seen = count + unseen;
            let within = count <= max_revocations
                && count * 100 <= u64::from(max_percent) * seen
                && per.is_none_or(|per| per_image.iter().all(|n| *n <= per));
            let limits = limits(max_revocations, f64::from(max_percent), per);
            prop_assert_eq!(trip_count(&limits, seen, &wanted) == 0, within);
        }
    }
}
