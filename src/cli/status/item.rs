//! One thing that the screen tells.

pub struct Item {
    pub text: String,
    /// Where to read all of its kind.
    pub more: &'static str,
}

pub fn item(text: impl Into<String>, more: &'static str) -> Item {
    let text = text.into();
    Item { text, more }
}
