//! Files that are no list, or not the whole of one.

use super::{
    LIST, ann_is_held, company, document, it_goes_on, leavers, nothing_comes_of_it, roster, rows,
    these_are_gone, with_ann_in_grace,
};
use crate::harness::{SourceText, hours};

/// Whoever is on the roster of the scenes.
const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];

/// A broken list of leavers, then a broken roster, each after a good one.
async fn nothing_comes_of(broken: &[u8], reasons: &[&str]) {
    let stage = with_ann_in_grace(&SourceText::csv(LIST), leavers(), rows(&["ann"])).await;
    stage.write_list(LIST, broken);
    nothing_comes_of_it(&stage, reasons).await;
    it_goes_on(stage, rows(&["ann", "bob"]), &["ann", "bob"]).await;

    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_grace(&source, roster(), rows(&STAFF)).await;
    stage.write_list(LIST, broken);
    nothing_comes_of_it(&stage, reasons).await;
    it_goes_on(stage, rows(&STAFF[1..]), &["ann", "bob"]).await;
}

async fn nothing_comes_of_document(broken: &str, reasons: &[&str]) {
    let source = SourceText::json(LIST);
    let stage = with_ann_in_grace(&source, leavers(), document(&["ann"])).await;
    stage.write_list(LIST, broken);
    nothing_comes_of_it(&stage, reasons).await;
    it_goes_on(stage, document(&["ann", "bob"]), &["ann", "bob"]).await;

    let stage = with_ann_in_grace(&source.vouched(), roster(), document(&STAFF)).await;
    stage.write_list(LIST, broken);
    nothing_comes_of_it(&stage, reasons).await;
    it_goes_on(stage, document(&STAFF[1..]), &["ann", "bob"]).await;
}

#[tokio::test]
async fn nothing_comes_of_an_empty_file() {
    nothing_comes_of(b"", &["list.csv", "it is empty"]).await;
    nothing_comes_of(b"\xef\xbb\xbf\n", &["it is empty"]).await;
    nothing_comes_of_document("", &["list.json", "it is empty"]).await;
}

#[tokio::test]
async fn a_roster_with_nobody_on_it_removes_nobody() {
    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_grace(&source, roster(), rows(&STAFF)).await;
    stage.write_list(LIST, rows(&[]));
    nothing_comes_of_it(&stage, &["0 entries, but min_entries is 3", "100.0 % fewer"]).await;
    it_goes_on(stage, rows(&STAFF), &["ann"]).await;
}

#[tokio::test]
async fn a_list_of_leavers_may_be_empty_unless_it_is_said_that_it_may_not() {
    let mut scene = company();
    scene.source(&SourceText::csv(LIST)).policy(&leavers());
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&[]));
    let pass = stage.pass().await;
    assert_eq!(pass.once.reports[0].state, revokd::model::RunState::Finished);
    assert_eq!(stage.tasks().await, []);
    these_are_gone(&stage, &[]);
    stage.finish().await;

    let source = SourceText::csv(LIST).key("min_entries", "1");
    let stage = with_ann_in_grace(&source, leavers(), rows(&["ann"])).await;
    stage.write_list(LIST, rows(&[]));
    nothing_comes_of_it(&stage, &["0 entries, but min_entries is 1"]).await;
    it_goes_on(stage, rows(&["ann"]), &["ann"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_quote_left_open() {
    let broken = format!("{}\"eve@example.org,x\n", rows(&["ann", "bob", "cai", "dee"]));
    nothing_comes_of(broken.as_bytes(), &["the quote opened in line 6 is never closed"]).await;
}

#[tokio::test]
async fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let exported = |people: &[&str]| {
        let text = rows(people).replace('\n', "\r\n");
        [b"\xef\xbb\xbf", text.as_bytes()].concat()
    };
    let stage = with_ann_in_grace(&SourceText::csv(LIST), leavers(), exported(&["ann"])).await;
    ann_is_held(&stage).await;
    it_goes_on(stage, exported(&["ann", "bob"]), &["ann", "bob"]).await;

    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_grace(&source, roster(), exported(&STAFF)).await;
    it_goes_on(stage, exported(&STAFF), &["ann"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_file_in_latin_1() {
    let broken = [rows(&STAFF).as_bytes(), b"j\xf6rg@example.org,x\n"].concat();
    nothing_comes_of(&broken, &["line 6 is not UTF-8", "iconv -f latin1"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_document_that_is_cut_off() {
    let whole = document(&STAFF);
    for end in [whole.len() / 2, whole.len() - 2, whole.len() - 1] {
        nothing_comes_of_document(&whole[..end], &["the document is cut off"]).await;
    }
}

#[tokio::test]
async fn nothing_comes_of_a_row_that_is_cut_off_in_a_roster() {
    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_grace(&source, roster(), rows(&STAFF)).await;
    let whole = rows(&STAFF);
    stage.write_list(LIST, &whole[..whole.len() - "@example.org,x\n".len()]);
    nothing_comes_of_it(
        &stage,
        &["entries that cannot be used: 1", "line 5", "max_unusable is 0"],
    )
    .await;
    it_goes_on(stage, rows(&STAFF), &["ann"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_file_that_is_not_there() {
    for (source, policy, list) in [
        (SourceText::csv(LIST), leavers(), rows(&["ann"])),
        (SourceText::csv(LIST).vouched(), roster(), rows(&STAFF)),
    ] {
        let stage = with_ann_in_grace(&source, policy, &list).await;
        stage.remove_list(LIST);
        nothing_comes_of_it(&stage, &["list.csv", "there is no such file"]).await;
        it_goes_on(stage, list, &["ann"]).await;
    }
}

#[tokio::test]
async fn nothing_comes_of_two_columns_of_the_wanted_name_or_none() {
    let people = "bob@example.org,cai@example.org\ncai@example.org,dee@example.org\n";
    for (header, reason) in [
        ("email,email\n", "2 columns are called `email`"),
        ("EMail,Email\n", "2 columns are called `email`"),
        ("mail,note\n", "`email`"),
    ] {
        nothing_comes_of(format!("{header}{people}").as_bytes(), &[reason]).await;
    }
}

#[tokio::test]
async fn nothing_comes_of_a_web_page_in_the_place_of_the_file() {
    let page = "<!doctype html><html><title>Sign in</title>ann@example.org</html>";
    nothing_comes_of(page.as_bytes(), &["a web page", "Sign in"]).await;
    nothing_comes_of_document(page, &["a web page", "Sign in"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_file_that_is_too_old() {
    for (source, policy, list) in [
        (
            SourceText::csv(LIST).key("max_age", "\"26h\""),
            leavers(),
            rows(&["ann"]),
        ),
        (SourceText::csv(LIST).vouched(), roster(), rows(&STAFF)),
    ] {
        let stage = with_ann_in_grace(&source, policy, &list).await;
        stage.write_list_of(LIST, &list, stage.now() - hours(27));
        nothing_comes_of_it(&stage, &["made 27h", "max_age is 26h"]).await;
        stage.write_list_of(LIST, &list, stage.now() + hours(1));
        nothing_comes_of_it(&stage, &["which has not come yet"]).await;
        it_goes_on(stage, list, &["ann"]).await;
    }
}
