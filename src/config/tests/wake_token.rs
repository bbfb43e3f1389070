//! The token by which a policy is woken.

use secrecy::ExposeSecret;

use super::*;

#[test]
fn the_token_to_wake_policies_is_long_enough_or_refused() {
    let config = |token: &'static str| {
        let config = SourceFile::new(
            "revokd.toml",
            format!("[daemon]\nwake_token_env = \"T\"\n{SMALLEST}"),
        );
        let policies = vec![SourceFile::new("policies/0.toml", POLICY)];
        let files = Files::of_texts(Path::new("/nonexistent"), config, policies);
        let environment = move |name: &str| match name {
            "T" => Some(token.to_owned()),
            other => environment(other),
        };
        compile(files, now(), &environment)
    };
    let token = config("0123456789abcdef").unwrap().config.daemon.wake_token;
    assert_eq!(token.unwrap().expose_secret(), "0123456789abcdef");
    for (token, message) in [
        ("0123456789abcde", "shorter than 16 characters"),
        ("0123456789abc def", "what no header can carry"),
    ] {
        let problems = config(token).expect_err(message);
        assert!(problems.to_string().contains(message), "{problems}");
        assert!(!problems.to_string().contains("0123456789"));
    }
    assert!(policy_compiled(POLICY).config.daemon.wake_token.is_none());
    let literal = mistakes_of(&format!("[daemon]\nwake_token = \"x\"\n{SMALLEST}"), &[POLICY]);
    assert_eq!(
        literal,
        ["revokd.toml:2:1 a secret does not belong into this file"]
    );
}

#[test]
fn commands_beside_the_daemon_need_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("revokd.toml");
    std::fs::write(
        &path,
        format!("[daemon]\nwake_token_file = \"absent\"\n{SMALLEST}"),
    )
    .unwrap();
    let daemon = load_daemon(&path, &environment).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(daemon.wake_token.is_none());
    assert!(load(&path, now(), &environment).is_err());
}
