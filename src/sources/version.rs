//! What changes whenever what a directory says of somebody does.

use sha2::{Digest, Sha256};

use crate::model::Entry;

/// Hex, over the entries in their order.
pub fn of(entries: &[Entry]) -> String {
    let mut digest = Sha256::new();
    for entry in entries {
        // Debug quotes and escapes every text, so that two lists that differ
        // never look the same.
        digest.update(format!("{entry:?}\n"));
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
