//! Whatever stands in a file: a configuration, or problems that fit the file.

use proptest::prelude::*;

use super::*;

fn check(config: &str, policy: &str) {
    let Err(problems) = compile_texts(config, &[policy]) else {
        return;
    };
    assert!(!problems.is_empty());
    for problem in problems.iter() {
        if let Some(place) = &problem.place {
            assert!(place.file.text().get(place.span.clone()).is_some(), "{problem:?}");
        }
    }
    problems.render(false, 80);
    problems.to_json();
}

const SHIPPED: &[&str] = &[
    include_str!("../../../config/revokd.toml"),
    include_str!("../../../config/policies/10-partner-shares.toml"),
    include_str!("../../../config/policies/40-stale-images.toml"),
    include_str!("../../../config/policies/50-observed.toml"),
    include_str!("../../../config/policies/60-registry-leavers.toml"),
    include_str!("../../../config/policies/70-registry-shares.toml"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_text(text in "\\PC*", control in "[\\x00-\\x20é\"'=\\[\\].#a]{0,80}") {
        check(&text, &control);
        check(&control, &text);
    }

    #[test]
    fn a_good_file_with_a_piece_replaced(
        which in 0..SHIPPED.len(),
        from in any::<proptest::sample::Index>(),
        length in 0_usize..12,
        piece in "[\\x00\"'=\\[\\]{}.,#\nüa1-]{0,6}",
    ) {
        let text = SHIPPED[which];
        let from = from.index(text.len());
        let end = (from + length).min(text.len());
        let mutated = format!("{}{piece}{}", &text[..from], &text[end..]);
        match which {
            0 => check(&mutated, POLICY),
            _ => check(&format!("{SMALLEST}{HUAWEI}"), &mutated),
        }
    }
}
