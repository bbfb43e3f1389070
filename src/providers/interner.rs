//! One shared copy of each id: a million grants name few subjects.

use std::collections::HashSet;

use crate::model::Id;

#[derive(Default)]
pub struct Interner(HashSet<Id>);

impl Interner {
    pub fn id(&mut self, text: &str) -> Id {
        if let Some(id) = self.0.get(text) {
            return id.clone();
        }
        let id = Id::from(text);
        self.0.insert(id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ids_share_their_text() {
        let mut ids = Interner::default();
        let (first, second) = (ids.id("p1"), ids.id("p1"));
        assert!(std::ptr::eq(first.as_str(), second.as_str()));
    }
}
