//! What may happen to a store, in any order.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum Operation {
    Run {
        policy: u8,
        targets: Vec<u8>,
        enqueue: u8,
        release: Vec<usize>,
        supersede: bool,
    },
    Claim {
        limit: usize,
    },
    Submit {
        which: usize,
        job: u8,
    },
    Settle {
        which: usize,
        verdict: u8,
        wait: i64,
    },
    Retry(usize),
    Cancel(usize),
    Allow,
    Reject,
    Retire(u8),
    Crash,
    Wait(i64),
}

pub fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let targets = proptest::collection::vec(0_u8..8, 0..5);
    let release = proptest::collection::vec(0_usize..12, 0..3);
    prop_oneof![
        4 => (0_u8..2, targets, 0_u8..4, release, any::<bool>()).prop_map(
            |(policy, targets, enqueue, release, supersede)| {
                Run { policy, targets, enqueue, release, supersede }
            }
        ),
        4 => (1_usize..5).prop_map(|limit| Claim { limit }),
        3 => (0_usize..12, 0_u8..3).prop_map(|(which, job)| Submit { which, job }),
        6 => (0_usize..12, 0_u8..7, 0_i64..40).prop_map(|(which, verdict, wait)| Settle { which, verdict, wait }),
        1 => (0_usize..12).prop_map(Retry),
        1 => (0_usize..12).prop_map(Cancel),
        1 => Just(Allow),
        1 => Just(Reject),
        1 => (0_u8..3).prop_map(Retire),
        1 => Just(Crash),
        3 => (1_i64..200).prop_map(Wait),
    ]
}
