//! Random worlds, policies and faults against an oracle of its own.
//!
//! The oracle says from the first state of the world and the plain meaning of
//! the policies what must be gone in the end and what must still be there. It
//! uses none of the code that decides.

mod dice;
mod oracle;
mod script;

use std::collections::BTreeSet;

use revokd::simulator::{CallKind, Effect, Fault, Removable, RetryAfter};

use self::{
    dice::Dice,
    oracle::{Named, Oracle},
    script::Script,
};
use crate::harness::{Stage, minutes, removable};

#[tokio::test]
async fn what_policies_mean_is_gone_and_all_else_is_there() {
    let mut gone_in_all = 0;
    for seed in 0..25 {
        let mut dice = Dice::new(seed);
        let script = Script::of(&mut dice);
        let stage = script.raise().await;
        let expected = removables_of(&stage, Oracle::new(&script).gone());
        for _ in 0..dice.up_to(5) {
            stage.cloud().fault(fault(&mut dice));
        }
        if dice.percent(40) {
            crash_after(&stage, 2 + dice.up_to(60)).await;
        }

        stage.pass().await;

        let gone = stage.cloud().vanished();
        let lost: Vec<&Removable> = gone.difference(&expected).collect();
        let kept: Vec<&Removable> = expected.difference(&gone).collect();
        assert!(
            lost.is_empty() && kept.is_empty(),
            "seed {seed}: gone, though it must stay: {lost:?}; there, though it must go: {kept:?}\n{script:#?}"
        );
        stage.pass().await;
        assert_eq!(
            stage.cloud().vanished(),
            expected,
            "seed {seed}: a second pass finds nothing new"
        );
        gone_in_all += expected.len();
        stage.finish().await;
    }
    assert!(gone_in_all > 50, "the scripts ask for too little: {gone_in_all}");
}

/// A daemon that is killed after so many calls, or when it has nothing to do.
async fn crash_after(stage: &Stage, calls: usize) {
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    let requests = stage.cloud().simulated.requests();
    tokio::select! {
        () = stage.until_standing("so many calls were made", async || requests.all().len() >= calls) => {}
        () = stage.quiet(&serving) => {}
    }
    serving.crash().await;
}

/// Nothing that the tries of a task do not outlast.
fn fault(dice: &mut Dice) -> Fault {
    let kinds = [CallKind::RemoveMember, CallKind::DeleteImage, CallKind::ShowImage];
    let kind = kinds[dice.up_to(3)];
    let garbage = Effect::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        text: "[".to_owned(),
    };
    let effects = [
        Effect::Status(500),
        Effect::Status(503),
        Effect::Status(409),
        Effect::StatusRetryAfter(429, RetryAfter::Seconds(0)),
        Effect::CutBefore,
        Effect::CutAfter,
        Effect::CutWithin(40),
        Effect::TokenDies,
        garbage,
    ];
    let effect = effects[dice.up_to(effects.len())].clone();
    Fault::on(kind, effect).skip(dice.up_to(6) as u64).once()
}

fn removables_of(stage: &Stage, named: BTreeSet<Named>) -> BTreeSet<Removable> {
    let found = |(image, project): Named| removable(image, project.map(|name| stage.cloud().project(name)));
    named.into_iter().map(found).collect()
}
