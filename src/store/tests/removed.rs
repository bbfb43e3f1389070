//! Looking up what was seen gone.

use std::collections::HashMap;

use super::*;

#[tokio::test]
async fn only_what_was_seen_gone_at_the_moment_or_later_is_told() {
    let scene = Scene::new();
    let image = Target::image(cloud(), Id::from("i"));
    let targets = [share("i", "1"), share("i", "2"), share("i", "3"), image.clone()];
    scene.run("p", &targets, now_queued(at(0)), at(0)).await;
    let all = vec![(Kind::ImageShare, 4), (Kind::Image, 4)];
    for claimed in scene
        .store
        .claim(cloud(), Priority::Normal, all, at(1), LEASE)
        .await
        .unwrap()
    {
        let subject = claimed.task.revocation.target.subject.clone();
        let verdict = match subject.as_ref().map(Id::as_str) {
            Some("2") => dead(),
            Some("3") => Verdict::Cancelled {
                reason: "granted afresh".into(),
            },
            _ => done(),
        };
        scene.settle(&claimed, verdict, at(10)).await;
    }
    scene.run("p", &targets[..1], now_queued(at(11)), at(11)).await;
    let again = scene.claim(1, at(11)).await.remove(0);
    scene.settle(&again, done(), at(20)).await;

    let ask = async |since| {
        let asked = targets.iter().map(|target| (target.clone(), since)).collect();
        scene.store.removed_since(asked).await.unwrap()
    };
    let all = HashMap::from([(targets[0].clone(), at(20)), (image, at(10))]);
    assert_eq!(ask(at(0)).await, all);
    assert_eq!(ask(at(10)).await, all);
    assert_eq!(ask(at(11)).await, HashMap::from([(targets[0].clone(), at(20))]));
    assert_eq!(ask(at(21)).await, HashMap::new());
}

#[tokio::test]
async fn many_targets_are_looked_up_each_by_the_index() {
    let scene = Scene::new();
    let targets: Vec<_> = (0..25_000)
        .map(|number| (share("image", &format!("{number}")), at(0)))
        .collect();
    scene
        .run("p", &[share("image", "24999")], now_queued(at(0)), at(0))
        .await;
    let claimed = scene.claim(1, at(1)).await.remove(0);
    scene.settle(&claimed, done(), at(2)).await;
    let removed = scene.store.removed_since(targets).await.unwrap();
    assert_eq!(removed, HashMap::from([(share("image", "24999"), at(2))]));

    let plan: String = scene
        .raw()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT finished_at FROM tasks INDEXED BY tasks_over
             WHERE cloud = 'c' AND kind = 'k' AND resource = 'r' AND ifnull(subject, '') = ifnull('s', '')
                 AND state IN ('done', 'cancelled') AND state = 'done' AND finished_at >= 5
             ORDER BY finished_at DESC LIMIT 1",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("state=? AND finished_at>?"), "{plan}");
}
