//! Spreading the policies that share a schedule.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

const LONGEST: SignedDuration = SignedDuration::from_secs(30);

/// How long after `fire` the policy of this name should start, so that a hundred policies with one
/// schedule do not all start in the same second.
///
/// The answer is a whole number of milliseconds, at least zero and less than 30 seconds and than a
/// tenth of the time from `fire` to `next`. It depends on the name and that bound alone, on every
/// machine and in every version, so that a policy keeps its place.
pub fn splay(name: &str, fire: Timestamp, next: Option<Timestamp>) -> SignedDuration {
    let tenth = next.map_or(LONGEST, |next| next.duration_since(fire) / 10);
    let bound_ms = tenth.min(LONGEST).as_millis();
    let Ok(bound_ms @ 1..) = u64::try_from(bound_ms) else {
        return SignedDuration::ZERO;
    };
    // The remainder is below 30,000 and so fits.
    SignedDuration::from_millis((hash(name) % bound_ms) as i64)
}

/// The hasher of the standard library promises no stability across versions, hence a digest.
fn hash(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_place_of_a_name_is_pinned() {
        let places = ["partner-shares-lapse", "leavers-lose-the-registry", ""]
            .map(|name| splay(name, at(0), None).as_millis());
        // Computed outside of this program: SHA-256, its first eight bytes, modulo 30,000.
        assert_eq!(places, [29_722, 19_088, 21_652]);
    }

    #[test]
    fn the_bound_is_a_tenth_of_the_interval_up_to_thirty_seconds() {
        for (interval, bound_ms) in [(1, 100), (60, 6_000), (300, 30_000), (86_400, 30_000)] {
            let places: Vec<i128> = (0..500)
                .map(|number| {
                    let name = format!("policy-{number}");
                    splay(&name, at(7), Some(at(7 + interval))).as_millis()
                })
                .collect();
            let (lowest, highest) = (places.iter().min().unwrap(), places.iter().max().unwrap());
            assert!(*lowest >= 0 && *lowest < bound_ms / 20, "{lowest}");
            assert!(*highest < bound_ms && *highest > bound_ms * 19 / 20, "{highest}");
        }
    }

    #[test]
    fn an_interval_that_is_none_gives_no_splay() {
        assert_eq!(splay("a", at(5), Some(at(5))), SignedDuration::ZERO);
        assert_eq!(splay("a", at(5), Some(at(4))), SignedDuration::ZERO);
        assert_eq!(
            splay("a", Timestamp::MAX, Some(Timestamp::MIN)),
            SignedDuration::ZERO
        );
    }
}
