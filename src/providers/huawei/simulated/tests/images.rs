//! Lists of images, one image, and its deletion.

use super::*;
use crate::{
    model::{MemberStatus, Visibility},
    simulator::NewImage,
};

const BOTH: [Flavour; 2] = [Flavour::HuaweiCloud, Flavour::OpenTelekomCloud];

fn image(name: &str, owner: &Id, minute: i64) -> NewImage {
    NewImage::shared(name, owner, noon() + SignedDuration::from_mins(minute))
}

/// Five images of the project, one of them shared with `partner`, and one
/// image of the partner's shared with the project.
async fn harness_with_images(flavour: Flavour) -> (Harness, Vec<Id>, Id) {
    let (mut own, mut received) = (Vec::new(), None);
    let harness = Harness::start_with(flavour, |world, _, project| {
        let partner = world.add_project("partner");
        own = (0..5)
            .map(|n| world.add_image(image(&format!("own-{n}"), project, n)))
            .collect();
        world.share(&own[0], &partner, MemberStatus::Rejected, noon());
        let theirs = world.add_image(image("theirs", &partner, 9));
        world.share(&theirs, project, MemberStatus::Accepted, noon());
        received = Some(theirs);
    })
    .await;
    (harness, own, received.unwrap())
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let rows = body["images"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_string()).collect()
}

#[tokio::test]
async fn pages_go_on_by_marker_until_an_empty_one() {
    for flavour in BOTH {
        let (harness, own, _) = harness_with_images(flavour).await;
        let token = harness.token_of("revoker").await;
        let path = format!("/v2/cloudimages?owner={}&limit=2", harness.project);
        let (mut seen, mut sizes, mut markers) = (Vec::new(), Vec::new(), 0);
        loop {
            let marker = seen
                .last()
                .map_or(String::new(), |last| format!("&marker={last}"));
            let page = harness.get(&token, &format!("{path}{marker}")).await;
            assert!(page.json().get("next").is_none());
            markers += usize::from(page.json()["page_info"]["next_marker"].is_string());
            sizes.push(ids(&page).len());
            seen.extend(ids(&page));
            if sizes.last() == Some(&0) {
                break;
            }
        }
        assert_eq!(sizes, [2, 2, 1, 0]);
        let newest_first: Vec<String> = own.iter().rev().map(Id::to_string).collect();
        assert_eq!(seen, newest_first);
        assert_eq!(markers, if flavour == Flavour::HuaweiCloud { 2 } else { 0 });
    }
}

#[tokio::test]
async fn a_larger_limit_is_cut_without_a_word() {
    let harness = Harness::start_with(Flavour::OpenTelekomCloud, |world, options, project| {
        options.image_page_max = 2;
        for n in 0..3 {
            world.add_image(image("own", project, n));
        }
    })
    .await;
    let token = harness.token_of("revoker").await;
    assert_eq!(
        ids(&harness.get(&token, "/v2/cloudimages?limit=100").await).len(),
        2
    );
    assert_eq!(
        harness.get(&token, "/v2/cloudimages?limit=many").await.status,
        400
    );
    assert_eq!(
        harness.get(&token, "/v2/cloudimages?marker=none").await.status,
        400
    );
}

#[tokio::test]
async fn shared_are_both_the_given_and_the_received() {
    let (harness, own, received) = harness_with_images(Flavour::HuaweiCloud).await;
    let token = harness.token_of("revoker").await;
    let list = async |query: &str| ids(&harness.get(&token, &format!("/v2/cloudimages?{query}")).await);
    assert_eq!(
        list("__imagetype=shared").await,
        [received.to_string(), own[0].to_string()]
    );
    let given = format!("__imagetype=shared&owner={}", harness.project);
    assert_eq!(list(&given).await, [own[0].to_string()]);
    assert_eq!(list("visibility=private").await.len(), 4);
    assert_eq!(
        list("visibility=shared&member_status=pending&__imagetype=shared").await,
        [own[0].to_string()]
    );
    assert_eq!(list(&format!("id={}", own[2])).await, [own[2].to_string()]);
    assert!(
        list("id=none").await.is_empty(),
        "gone or invisible is an empty list"
    );
    assert_eq!(list("name=own-3&status=active").await, [own[3].to_string()]);
    assert_eq!(
        list("created_at=lt:2026-11-21T12:01:00Z").await,
        [own[0].to_string()]
    );
}

#[tokio::test]
async fn an_image_has_numbers_and_booleans_as_text() {
    for flavour in BOTH {
        let (harness, own, _) = harness_with_images(flavour).await;
        let token = harness.token_of("revoker").await;
        let list = harness
            .get(&token, &format!("/v2/cloudimages?id={}", own[0]))
            .await
            .json();
        let row = &list["images"][0];
        assert_eq!(row["__image_size"], "1073741824");
        assert_eq!(
            (&row["__isregistered"], &row["__imagetype"]),
            (&json!("true"), &json!("shared"))
        );
        assert_eq!((&row["protected"], &row["max_ram"]), (&json!(false), &json!("0")));
        assert_eq!(row["created_at"], "2026-11-21T12:00:00Z");
        assert_eq!(row["owner"], harness.project.as_str());
        let has_enterprise_project = row.get("enterprise_project_id").is_some();
        assert_eq!(has_enterprise_project, flavour == Flavour::HuaweiCloud);
        let shown = harness
            .get(&token, &format!("/v2/images/{}", own[0]))
            .await
            .json();
        assert_eq!(&shown, row);
    }
}

#[tokio::test]
async fn images_of_other_enterprise_projects_must_be_asked_for() {
    for flavour in BOTH {
        let mut other = None;
        let harness = Harness::start_with(flavour, |world, _, project| {
            world.add_image(image("usual", project, 0));
            let mut new = image("other", project, 1);
            new.properties
                .insert("enterprise_project_id".into(), "eps-1".into());
            other = Some(world.add_image(new));
        })
        .await;
        let token = harness.token_of("revoker").await;
        let count =
            async |query: &str| ids(&harness.get(&token, &format!("/v2/cloudimages?{query}")).await).len();
        let hidden = flavour == Flavour::HuaweiCloud;
        assert_eq!(count("").await, if hidden { 1 } else { 2 });
        assert_eq!(
            count(&format!("id={}", other.unwrap())).await,
            usize::from(!hidden)
        );
        assert_eq!(count("enterprise_project_id=all_granted_eps").await, 2);
        assert_eq!(
            count("enterprise_project_id=eps-1").await,
            if hidden { 1 } else { 2 }
        );
    }
}

#[tokio::test]
async fn the_native_list_has_a_next_link_and_calls_no_shared_image_private() {
    let (harness, own, _) = harness_with_images(Flavour::OpenTelekomCloud).await;
    let token = harness.token_of("revoker").await;
    let mut path = "/v2/images?limit=4".to_string();
    let mut seen = Vec::new();
    loop {
        let page = harness.get(&token, &path).await;
        seen.extend(ids(&page));
        match page.json()["next"].as_str() {
            Some(next) => path = next.to_string(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    let private = ids(&harness.get(&token, "/v2/images?visibility=private").await);
    assert!(!private.contains(&own[0].to_string()) && private.len() == 4);
}

#[tokio::test]
async fn a_deleted_image_stays_visible_for_a_while() {
    for flavour in BOTH {
        let (harness, own, _) = harness_with_images(flavour).await;
        let token = harness.token_of("revoker").await;
        harness.cloud.world().deletion_delay = SignedDuration::from_secs(10);
        let path = format!("/v2/images/{}", own[1]);
        let list = format!("/v2/cloudimages?id={}", own[1]);
        let deleted = harness.call(&token, "DELETE", &path, None).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert_eq!(ids(&harness.get(&token, &list).await).len(), 1);
        harness.pass(SignedDuration::from_secs(10));
        assert!(ids(&harness.get(&token, &list).await).is_empty());
        assert_eq!(harness.get(&token, &path).await.status, 404);
        assert_eq!(harness.cloud.world().removals().len(), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_deleted_is_refused_as_the_flavour_has_it() {
    for (flavour, protected, gone, foreign) in [
        (
            Flavour::HuaweiCloud,
            (400, "IMG.0028"),
            (400, "IMG.0027"),
            (400, "IMG.0047"),
        ),
        (
            Flavour::OpenTelekomCloud,
            (403, "403 Forbidden"),
            (404, "404 Not Found"),
            (403, "403 Forbidden"),
        ),
    ] {
        let (harness, own, received) = harness_with_images(flavour).await;
        let token = harness.token_of("revoker").await;
        let path = format!("/v2/cloudimages/{}", own[1]);
        // As text, as the vendor's own client sends it.
        let change = json!([{"op": "replace", "path": "/protected", "value": "true"}]);
        let changed = harness.call(&token, "PATCH", &path, Some(change)).await;
        assert_eq!(
            (changed.status, &changed.json()["protected"]),
            (200, &json!(true))
        );
        for (image, (status, code)) in [
            (own[1].as_str(), protected),
            ("none", gone),
            (received.as_str(), foreign),
        ] {
            let path = format!("/v2/images/{image}");
            let answer = harness.call(&token, "DELETE", &path, None).await;
            let body = answer.json();
            let told = if body["error"].is_object() {
                &body["error"]["code"]
            } else {
                &body["code"]
            };
            assert_eq!((answer.status, told), (status, &json!(code)));
        }
        assert!(harness.cloud.world().removals().is_empty());
    }
}

#[tokio::test]
async fn images_are_for_projects() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let token = harness.account_token_of("revoker").await;
    let answer = harness.get(&token, "/v2/cloudimages").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (403, &json!("IMG.0026"))
    );
}

#[tokio::test]
async fn a_public_image_is_gold() {
    let harness = Harness::start_with(Flavour::OpenTelekomCloud, |world, _, _| {
        let vendor = world.add_project("vendor");
        let mut gold = image("gold", &vendor, 0);
        gold.visibility = Visibility::Public;
        world.add_image(gold);
    })
    .await;
    let token = harness.token_of("revoker").await;
    assert_eq!(
        ids(&harness.get(&token, "/v2/cloudimages?__imagetype=gold").await).len(),
        1
    );
}
