//! What must hold of a batch just before its call, whoever planned it, and how
//! one is split that was refused.

use std::collections::HashSet;

use crate::model::{Batch, FailureClass, Id, Target};

/// Holds the call for a batch against the targets it is to remove: the cross
/// product has to be exactly these, each once (guarantee G1). It shares nothing
/// with the planner, so that a mistake there stops here.
///
/// # Errors
/// What the call would do that it must not, for people.
pub fn check<'a>(batch: &Batch, targets: impl IntoIterator<Item = &'a Target>) -> Result<(), String> {
    let resources: HashSet<&Id> = batch.resources.iter().collect();
    let subjects: HashSet<&Id> = batch.subjects.iter().collect();
    if resources.len() != batch.resources.len() || subjects.len() != batch.subjects.len() {
        return Err(format!("{batch} names something twice"));
    }
    if subjects.is_empty() != batch.kind.subject().is_none() {
        return Err(format!("{batch} does not say whose access is to end"));
    }
    let mut covered: HashSet<&Target> = HashSet::new();
    for target in targets {
        let subject_fits = match &target.subject {
            Some(subject) => subjects.contains(subject),
            None => subjects.is_empty(),
        };
        let fits = target.cloud == batch.cloud && target.kind == batch.kind && subject_fits;
        if !fits || !resources.contains(&target.resource) {
            return Err(format!("{batch} leaves out {target}"));
        }
        if !covered.insert(target) {
            return Err(format!("{batch} is to remove {target} twice"));
        }
    }
    // All targets are pairs of the two lists and differ; as many as there are
    // pairs, they are all of them.
    let pairs = resources.len() * subjects.len().max(1);
    if covered.is_empty() || covered.len() != pairs {
        return Err(format!(
            "{batch} would remove {pairs} targets, and only {} of them were decided on",
            covered.len()
        ));
    }
    Ok(())
}

/// Two batches that are the batch together: the longer side in two, the
/// resources where both are equal. `None` for a single target.
pub fn halves(batch: &Batch) -> Option<[Batch; 2]> {
    let of = |resources: &[Id], subjects: &[Id]| Batch {
        cloud: batch.cloud.clone(),
        kind: batch.kind,
        resources: resources.to_vec(),
        subjects: subjects.to_vec(),
    };
    let (resources, subjects) = (batch.resources.as_slice(), batch.subjects.as_slice());
    if batch.len() < 2 {
        return None;
    }
    Some(if resources.len() >= subjects.len() {
        let (first, second) = resources.split_at(resources.len().div_ceil(2));
        [of(first, subjects), of(second, subjects)]
    } else {
        let (first, second) = subjects.split_at(subjects.len().div_ceil(2));
        [of(resources, first), of(resources, second)]
    })
}

/// Whether a task whose try before ended with this word is called for alone.
///
/// A call that was answered and left its target there may have met something
/// in its company: alone, the answer is about this target. An answer that never
/// came, or that was about the cloud as a whole, is no reason to make many
/// calls of one.
pub fn goes_alone(last_outcome: &str) -> bool {
    match FailureClass::parse(last_outcome) {
        Some(FailureClass::Conflict | FailureClass::Refused | FailureClass::Malformed) => true,
        Some(_) => false,
        None => matches!(last_outcome, "accepted" | "submitted" | "not-there"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Kind;

    fn ids(prefix: &str, count: usize) -> Vec<Id> {
        (0..count).map(|n| Id::from(format!("{prefix}{n}"))).collect()
    }

    fn batch(resources: usize, subjects: usize) -> Batch {
        Batch {
            cloud: "c".into(),
            kind: Kind::ImageShare,
            resources: ids("i", resources),
            subjects: ids("p", subjects),
        }
    }

    #[test]
    fn a_batch_is_exactly_its_targets() {
        let batch = batch(2, 3);
        let targets: Vec<Target> = batch.targets().collect();
        assert_eq!(check(&batch, &targets), Ok(()));
        for missing in 0..targets.len() {
            let mut fewer = targets.clone();
            fewer.remove(missing);
            assert!(check(&batch, &fewer).is_err(), "one pair was never decided on");
        }
        let twice = targets.iter().chain(&targets[..1]);
        assert!(check(&batch, twice).unwrap_err().contains("twice"));
        let mut swapped = targets.clone();
        swapped[0] = Target::image_share("c".into(), "i0".into(), "elsewhere".into());
        assert!(check(&batch, &swapped).unwrap_err().contains("leaves out"));
        assert!(check(&batch, []).is_err());
    }

    #[test]
    fn targets_of_another_cloud_or_kind_are_not_covered() {
        let batch = batch(1, 1);
        let (image, project) = (Id::from("i0"), Id::from("p0"));
        let elsewhere = Target::image_share("other".into(), image.clone(), project.clone());
        assert!(check(&batch, [&elsewhere]).is_err());
        let another = Target::grant("c".into(), Kind::RepositoryPermission, image.clone(), project);
        assert!(check(&batch, [&another]).is_err());
        assert!(check(&batch, [&Target::image("c".into(), image)]).is_err());
    }

    #[test]
    fn lists_that_name_something_twice_or_nobody_are_refused() {
        let mut twice = batch(2, 1);
        twice.resources[1] = twice.resources[0].clone();
        let targets: Vec<Target> = batch(1, 1).targets().collect();
        assert!(check(&twice, &targets).is_err());
        let image = Target::image("c".into(), "i0".into());
        assert_eq!(check(&Batch::of_one(&image), [&image]), Ok(()));
        let nobody = Batch {
            kind: Kind::ImageShare,
            ..Batch::of_one(&image)
        };
        assert!(check(&nobody, &targets).is_err());
    }

    #[test]
    fn the_longer_side_is_halved_and_the_resources_where_both_are_equal() {
        let sides = |batch: &Batch| (batch.resources.len(), batch.subjects.len());
        let halved = |resources, subjects| {
            halves(&batch(resources, subjects)).map(|[one, other]| (sides(&one), sides(&other)))
        };
        assert_eq!(halved(2, 5), Some(((2, 3), (2, 2))));
        assert_eq!(halved(3, 3), Some(((2, 3), (1, 3))));
        assert_eq!(halved(1, 2), Some(((1, 1), (1, 1))));
        assert_eq!(halved(1, 1), None);
        let images = Batch {
            kind: Kind::Image,
            subjects: vec![],
            ..batch(3, 0)
        };
        assert_eq!(
            halves(&images).map(|[one, other]| (one.len(), other.len())),
            Some((2, 1))
        );
    }

    #[test]
    fn only_an_answer_that_left_the_target_there_separates() {
        for word in ["accepted", "submitted", "not-there", "refused", "conflict"] {
            assert!(goes_alone(word), "{word}");
        }
        for word in ["interrupted", "unavailable", "throttled", "not-called", "unknown"] {
            assert!(!goes_alone(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn halves_are_the_batch_and_nothing_else(resources in 1usize..20, subjects in 1usize..20) {
            let whole = batch(resources, subjects);
            let Some([one, other]) = halves(&whole) else {
                prop_assert_eq!(whole.len(), 1);
                return Ok(());
            };
            let targets: Vec<Target> = one.targets().chain(other.targets()).collect();
            prop_assert_eq!(check(&whole, &targets), Ok(()));
        }
    }
}
