//! Who may try a credential, and whose matter a refusal is.

use super::*;
use crate::{
    config::{
        login,
        types::{Auth, Cloud, CloudLimits, Endpoints, Named, Provider},
    },
    model::FailureClass,
};

fn credential(password: &str) -> login::Credential {
    login::Credential::of_cloud(&Cloud {
        provider: Provider::OpenStack(Auth::Password {
            user: Named::Id("u".to_owned()),
            password: password.into(),
            project: Named::Id("p".to_owned()),
        }),
        auth_url: "https://cloud.example/v3".parse().unwrap(),
        region: None,
        interface: "public".to_owned(),
        endpoints: Endpoints::default(),
        allow_http: false,
        ca_file: None,
        limits: CloudLimits::default(),
    })
}

fn refusal() -> Failure {
    Failure::new(FailureClass::Unauthenticated, "no")
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

/// Sections with one credential, each with its part.
struct Sections {
    standing: Arc<Standing>,
    parts: Vec<Part>,
}

impl Sections {
    fn new(count: usize) -> Sections {
        let refusals = Refusals::default();
        let mut standings = (0..count).map(|_| refusals.standing(credential("pw")));
        let standing = standings.next().unwrap();
        assert!(standings.all(|other| Arc::ptr_eq(&other, &standing)));
        Sections {
            standing,
            parts: (0..count).map(|_| Part::default()).collect(),
        }
    }

    /// Whether the section tries, and if so how the server takes it.
    async fn tries(&mut self, section: usize, minutes: i64, is_good: bool) -> bool {
        let mut turn = self.standing.turn().await;
        let part = &mut self.parts[section];
        if turn.forbidden(part, at(minutes)).is_some() {
            return false;
        }
        match is_good {
            true => turn.accepted(part, at(minutes)),
            false => turn.refused(part, refusal(), at(minutes)),
        }
        true
    }
}

#[tokio::test]
async fn what_one_was_refused_none_tries_before_a_quarter_of_an_hour() {
    let mut sections = Sections::new(3);
    assert!(sections.tries(0, 0, false).await);
    for (section, minutes) in [(1, 0), (2, 14), (0, 14)] {
        assert!(!sections.tries(section, minutes, false).await);
    }
    assert!(sections.tries(1, 15, false).await);
    for (section, minutes) in [(0, 15), (2, 29), (0, 29), (1, 30)] {
        assert!(!sections.tries(section, minutes, false).await);
    }
    assert!(sections.tries(2, 30, false).await);
}

#[tokio::test]
async fn one_that_is_alone_waits_no_longer() {
    let mut sections = Sections::new(1);
    assert!(sections.tries(0, 0, false).await);
    assert!(!sections.tries(0, 14, false).await);
    assert!(sections.tries(0, 15, true).await);
    assert!(sections.tries(0, 15, true).await);
}

#[tokio::test]
async fn the_one_that_was_refused_lets_the_others_go_first() {
    let mut sections = Sections::new(2);
    sections.tries(0, 0, false).await;
    assert!(!sections.tries(0, 20, false).await);
    assert!(sections.tries(1, 20, true).await);
    assert!(sections.tries(0, 21, false).await);
}

#[tokio::test]
async fn one_bad_section_does_not_keep_the_good_ones_away() {
    let mut sections = Sections::new(3);
    sections.tries(0, 0, false).await;
    assert!(sections.tries(1, 15, true).await);
    for minutes in [21, 36, 51] {
        assert!(sections.tries(0, minutes, false).await);
        assert!(
            !sections.tries(0, minutes + 14, false).await,
            "its own refusal holds"
        );
        assert!(sections.tries(1, minutes, true).await);
        assert!(sections.tries(2, minutes, true).await);
    }
}

#[tokio::test]
async fn a_secret_that_went_bad_is_held_back_for_all_even_if_one_section_was_bad_before() {
    let mut sections = Sections::new(3);
    sections.tries(0, 0, false).await;
    sections.tries(1, 15, true).await;
    sections.tries(0, 21, false).await;
    assert!(sections.tries(1, 40, false).await, "the secret was changed");
    assert!(!sections.tries(2, 40, false).await);
    assert!(!sections.tries(0, 40, false).await);
    assert!(
        !sections.tries(0, 55, false).await,
        "those that were refused come last"
    );
    assert!(sections.tries(2, 55, false).await);
    assert!(
        !sections.tries(0, 69, false).await,
        "nobody was accepted meanwhile"
    );
}

#[tokio::test]
async fn two_bad_sections_leave_the_good_one_its_turn_each_time_that_it_logs_in() {
    let mut sections = Sections::new(3);
    assert!(sections.tries(0, 0, false).await);
    assert!(sections.tries(2, 15, true).await);
    assert!(
        sections.tries(1, 15, false).await,
        "the password may have been changed"
    );
    // It has a token now, and asks for no other one until that ends.
    for minutes in 17..1200 {
        sections.tries(0, minutes, false).await;
        sections.tries(1, minutes, false).await;
    }
    let waited = async |mut sections: Sections| {
        for minutes in 1200.. {
            let bad = [0, 1];
            for section in bad {
                sections.tries(section, minutes, false).await;
            }
            if sections.tries(2, minutes, true).await {
                return minutes - 1200;
            }
        }
        unreachable!("without an end")
    };
    assert!(waited(sections).await <= 15);
}

#[tokio::test]
async fn six_sections_try_a_secret_that_went_bad_no_more_often_than_one() {
    let mut sections = Sections::new(6);
    sections.tries(5, 0, true).await;
    let mut tries = 0;
    for minutes in 1..=240 {
        for section in 0..5 {
            tries += i64::from(sections.tries(section, minutes, false).await);
        }
    }
    assert!(tries <= 240 / 15, "{tries}");
}

#[tokio::test]
async fn another_secret_of_the_account_is_not_held_back() {
    let refusals = Refusals::default();
    let (wrong, right) = (
        refusals.standing(credential("wrong")),
        refusals.standing(credential("right")),
    );
    wrong.turn().await.refused(&mut Part::default(), refusal(), at(0));
    assert!(right.turn().await.forbidden(&Part::default(), at(0)).is_none());
}

#[tokio::test]
async fn a_refusal_outlives_those_that_it_was_for() {
    let refusals = Refusals::default();
    refusals
        .standing(credential("wrong"))
        .turn()
        .await
        .refused(&mut Part::default(), refusal(), at(0));
    drop(refusals.standing(credential("right")));
    let again = refusals.standing(credential("wrong"));
    assert!(again.turn().await.forbidden(&Part::default(), at(14)).is_some());
    assert_eq!(
        refusals.known.lock().unwrap().len(),
        1,
        "the other one is forgotten"
    );
}
