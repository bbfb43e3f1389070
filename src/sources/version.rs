//! What changes whenever a list does, in one form for every type: 16 hex digits
//! of a SHA-256.

use sha2::{Digest, Sha256};

use crate::model::Entry;

/// The same bytes written again are the same version.
pub fn of_bytes(bytes: &[u8]) -> String {
    short(&Sha256::digest(bytes))
}

/// Of a directory, over its entries in their order.
pub fn of_entries(entries: &[Entry]) -> String {
    let mut digest = Sha256::new();
    for entry in entries {
        // Debug quotes and escapes every text, so that two lists that differ
        // never look the same.
        digest.update(format!("{entry:?}\n"));
    }
    short(&digest.finalize())
}

fn short(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
