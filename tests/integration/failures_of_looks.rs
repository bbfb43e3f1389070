//! What the looks before and after a removal can meet.

use revokd::{
    model::TaskState,
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, Stage, lapse};

async fn one_due_share() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("lapse"));
    scene.daemon("[daemon.retry]\nattempts = 3");
    scene.raise().await
}

fn garbage() -> Effect {
    Effect::Body {
        status: 200,
        content_type: "application/json".to_owned(),
        text: "{\"id\": ".to_owned(),
    }
}

fn every_effect() -> Vec<Effect> {
    let statuses = [403, 404, 409, 500, 503];
    let mut effects: Vec<Effect> = statuses.map(Effect::Status).into();
    effects.extend([Effect::CutBefore, Effect::CutAfter, Effect::TokenDies, garbage()]);
    effects
}

#[tokio::test]
async fn whatever_befalls_the_first_look_nothing_is_called_before_one_worked() {
    for effect in every_effect() {
        let stage = one_due_share().await;
        stage
            .cloud()
            .fault(Fault::on(CallKind::ShowImage, effect.clone()).times(2));

        stage.pass().await;

        let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
        assert_eq!(task.state, TaskState::Done, "{effect:?}: {}", task.note);
        assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1, "{effect:?}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn whatever_befalls_the_look_after_the_call_it_is_not_made_again() {
    for effect in every_effect() {
        let stage = one_due_share().await;
        stage
            .cloud()
            .fault(Fault::on(CallKind::ShowImage, effect.clone()).skip(1).once());

        stage.pass().await;

        let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
        assert_eq!(task.state, TaskState::Done, "{effect:?}: {}", task.note);
        assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1, "{effect:?}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_member_list_that_fails_at_the_look_shows_nothing_gone() {
    for effect in every_effect() {
        let stage = one_due_share().await;
        // The first list is that of the collection.
        let fault = Fault::on(CallKind::ListMembers, effect.clone());
        stage.cloud().fault(fault.skip(1).times(2));

        stage.pass().await;

        let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
        assert_eq!(task.state, TaskState::Done, "{effect:?}: {}", task.note);
        assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1, "{effect:?}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_look_that_never_works_ends_dead_and_nothing_was_called() {
    let stage = one_due_share().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ShowImage, Effect::Status(403)));

    stage.pass().await;

    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!((task.state, task.attempts), (TaskState::Dead, 3));
    assert!(task.note.contains("403"), "{}", task.note);
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 0);
    stage.finish().await;
}
