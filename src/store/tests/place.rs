//! A store whose file somebody takes away while it is open.

use std::fs;

use super::*;

fn is_gone<T>(written: Result<T, StoreError>, path: &Path) -> bool {
    matches!(written, Err(StoreError::Gone { path: gone }) if gone == path.canonicalize().unwrap_or(path.into()))
}

#[tokio::test]
async fn nothing_is_written_to_a_store_that_was_removed() {
    let scene = Scene::new();
    scene.store.ping().await.unwrap();
    for ending in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{ending}", scene.path().display())).unwrap();
    }
    let begun = scene.store.begin_run(new_run("p", at(0))).await;
    assert!(is_gone(begun, &scene.path()));
    assert!(is_gone(scene.store.ping().await, &scene.path()));
    assert!(is_gone(
        scene.store.runs(RunFilter::default(), 10).await,
        &scene.path()
    ));
    assert!(!scene.path().exists(), "nothing makes it again");
}

#[tokio::test]
async fn a_store_with_another_in_its_place_is_not_written_and_the_other_is_left_alone() {
    let scene = Scene::new();
    let aside = scene.path().with_extension("aside");
    fs::rename(scene.path(), &aside).unwrap();
    fs::write(scene.path(), "another").unwrap();
    let begun = scene.store.begin_run(new_run("p", at(0))).await;
    assert!(is_gone(begun, &scene.path()));
    assert_eq!(fs::read(scene.path()).unwrap(), b"another");
    fs::rename(&aside, scene.path()).unwrap();
    scene.begin("p", at(0)).await;
    scene.assert_sound().await;
}

#[tokio::test]
async fn whether_it_takes_writes_is_told_by_one_that_reaches_the_disk() {
    let scene = Scene::new();
    let log = PathBuf::from(format!("{}-wal", scene.path().display()));
    let written = || fs::metadata(&log).unwrap().len();
    scene.store.ping().await.unwrap();
    let before = written();
    scene.store.takes_writes().await.unwrap();
    assert!(written() > before);
}
