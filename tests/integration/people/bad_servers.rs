//! Web servers and directories that answer with something else than the list,
//! or with a part of it.

use revokd::model::{RunState, TaskState};

use super::{LIST, company, document, leavers, nothing_comes_of_it, roster, told};
use crate::harness::{ListServer, PolicyText, SourceText, Stage, answer, days, hours};

const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];

struct Served {
    stage: Stage,
    server: ListServer,
    good: Vec<Vec<u8>>,
}

impl Served {
    /// Ann is decided on by a good answer, and waits for her grace to end.
    async fn raise(
        source: impl FnOnce(&ListServer) -> SourceText,
        by: PolicyText,
        good: Vec<Vec<u8>>,
    ) -> Served {
        let server = ListServer::start().await;
        let mut scene = company();
        scene
            .source(&source(&server))
            .policy(&by.limit("grace", "\"24h\""));
        let stage = scene.raise().await;
        stage.serve_list(&server, LIST, good.clone());
        stage.pass().await;
        super::ann_is_held(&stage).await;
        Served { stage, server, good }
    }

    async fn nothing_comes_of(&self, answers: Vec<Vec<u8>>, reasons: &[&str]) {
        self.stage.serve_list(&self.server, LIST, answers);
        nothing_comes_of_it(&self.stage, reasons).await;
    }

    async fn mended(self) {
        self.stage.serve_list(&self.server, LIST, self.good);
        self.stage.clock.advance(days(1) + hours(1));
        let pass = self.stage.pass().await;
        let tasks = self.stage.tasks().await;
        assert_eq!(pass.once.reports[0].state, RunState::Finished);
        assert_eq!(self.stage.count(TaskState::Done).await, 2, "{}", told(&tasks));
        super::these_are_gone(&self.stage, &["ann"]);
        self.stage.finish().await;
    }
}

/// The same document for a list of leavers and for a roster.
async fn documents() -> [Served; 2] {
    let good = |people: &[&str]| vec![answer("application/json", &document(people))];
    let leavers = Served::raise(|server| SourceText::http(LIST, server), leavers(), good(&["ann"]));
    let vouched = |server: &ListServer| SourceText::http(LIST, server).vouched();
    [
        leavers.await,
        Served::raise(vouched, roster(), good(&STAFF)).await,
    ]
}

fn users(total: usize, people: &[&str]) -> Vec<u8> {
    let users = people.iter().map(|name| {
        format!("{{\"id\": \"{name}\", \"userName\": \"{name}@example.org\", \"active\": false}}")
    });
    let users: Vec<String> = users.collect();
    let body = format!(
        "{{\"totalResults\": {total}, \"Resources\": [{}]}}",
        users.join(", ")
    );
    answer("application/scim+json", &body)
}

#[tokio::test]
async fn nothing_comes_of_a_login_page_with_status_200() {
    let page = "<!doctype html><html><head><title>Sign in</title></head>ann@example.org</html>";
    for served in documents().await {
        for content_type in ["text/html", "application/json"] {
            let page = answer(content_type, page);
            served
                .nothing_comes_of(vec![page], &["127.0.0.1", "a web page", "Sign in"])
                .await;
        }
        served.mended().await;
    }
}

#[tokio::test]
async fn nothing_comes_of_an_answer_that_is_cut_in_the_middle() {
    let whole = answer("application/json", &document(&STAFF));
    for served in documents().await {
        for left_out in [1, 2, 40] {
            let cut = whole[..whole.len() - left_out].to_vec();
            served.nothing_comes_of(vec![cut], &["no whole answer"]).await;
        }
        served
            .nothing_comes_of(vec![b"HTTP/1.1 200 OK\r\n".to_vec()], &[])
            .await;
        served.nothing_comes_of(vec![], &[]).await;
        served.mended().await;
    }
}

#[tokio::test]
async fn nothing_comes_of_an_answer_without_a_length_that_is_cut_in_the_middle() {
    let body = document(&STAFF);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    for served in documents().await {
        let cut = format!("{head}{}", &body[..body.len() - 3]).into_bytes();
        served
            .nothing_comes_of(vec![cut], &["the document is cut off"])
            .await;
        served.mended().await;
    }
}

#[tokio::test]
async fn nothing_comes_of_a_refusal_or_of_another_document() {
    let refused = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes();
    for served in documents().await {
        served.nothing_comes_of(vec![refused("401 No")], &["401"]).await;
        served.nothing_comes_of(vec![refused("500 Oh")], &["500"]).await;
        let error = answer("application/json", "{\"error\": \"ann@example.org\"}");
        served.nothing_comes_of(vec![error], &["leads to nothing"]).await;
        served.mended().await;
    }
}

#[tokio::test]
async fn nothing_comes_of_fewer_users_than_a_directory_says_that_it_has() {
    let source = |server: &ListServer| SourceText::scim(LIST, server).key("page_size", "2");
    let good = vec![users(3, &["ann", "o1"]), users(3, &["o2"])];
    let served = Served::raise(source, leavers(), good).await;
    let cut = vec![users(7, &["ann", "bob"]), users(7, &["cai"]), users(7, &[])];
    served.nothing_comes_of(cut, &["said 7 users and sent 3"]).await;
    let half = vec![users(3, &["ann", "bob"]), answer("text/html", "<html></html>")];
    served.nothing_comes_of(half, &["a web page"]).await;
    let again = vec![users(4, &["ann", "bob"])];
    served.nothing_comes_of(again, &["sent the user ann twice"]).await;
    served.mended().await;
}

#[tokio::test]
async fn nothing_comes_of_half_a_directory_that_is_a_roster() {
    let active = |total, people: &[&str]| {
        let text = String::from_utf8(users(total, people)).expect("text");
        // As long as before, so that the length stays right.
        text.replace("false", "true ").into_bytes()
    };
    let source = |server: &ListServer| SourceText::scim(LIST, server).vouched();
    let served = Served::raise(source, roster(), vec![active(4, &STAFF)]).await;
    let cut = vec![active(4, &STAFF[..3]), active(4, &[])];
    served.nothing_comes_of(cut, &["said 4 users and sent 3"]).await;
    served.mended().await;
}
