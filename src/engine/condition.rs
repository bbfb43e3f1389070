use crate::model::{Image, Member};
use jiff::Timestamp;
#[derive(Clone, Debug)]
pub struct Condition {}
impl Condition {
    pub fn holds(&self, _: &Image, _: Option<&Member>, _: Timestamp) -> Result<bool, String> {
        Ok(false)
    }
}
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("")
    }
}
