//! Paths, taken apart.

use percent_encoding::percent_decode_str;

/// What follows the prefix, where the path is the prefix or lies below it.
pub(in crate::providers) fn below<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(prefix)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Cut at the slashes as they were sent, then decoded: an encoded slash stays
/// within its segment. `/v2/` has an empty segment at its end, which makes it
/// another path than `/v2`.
pub(in crate::providers) fn segments(path: &str) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').skip(1).map(decoded).collect()
}
