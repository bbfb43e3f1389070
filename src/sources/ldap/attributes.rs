//! The attributes of one entry as they came: bytes under names that mean the
//! same in any case.

use std::collections::BTreeMap;

use ldap3::asn1::StructureTag;

#[derive(Debug, Default)]
pub struct Attributes {
    /// By name in lower case.
    values: BTreeMap<String, Vec<Vec<u8>>>,
    /// Of which not all values came.
    cut: Vec<String>,
}

impl Attributes {
    /// Those of a search result entry. `None`: this is none.
    pub fn parse(list: StructureTag) -> Option<Attributes> {
        let mut attributes = Attributes::default();
        for attribute in list.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            let values = parts.next()?.expect_constructed()?.into_iter();
            let values: Option<Vec<_>> = values.map(StructureTag::expect_primitive).collect();
            attributes.add(&name, values?);
        }
        Some(attributes)
    }

    /// Adds values under a description: a name, and options behind semicolons.
    pub fn add(&mut self, description: &str, values: Vec<Vec<u8>>) {
        let description = description.to_lowercase();
        let mut parts = description.split(';');
        let name = parts.next().unwrap_or_default().to_owned();
        // Active Directory cuts long lists of values, and says so in this way.
        if parts.any(|option| option.starts_with("range=")) {
            self.cut.push(name.clone());
        }
        // A value in a certain language is a value of the person all the same.
        self.values.entry(name).or_default().extend(values);
    }

    /// All values of an attribute; none where the entry has no such attribute,
    /// or the reader may not see it.
    ///
    /// # Errors
    /// Values that are no text, or not all of them: half a sentence about the
    /// entry.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, String> {
        let lower = name.to_lowercase();
        if self.cut.contains(&lower) {
            return Err(format!(
                "`{name}` has more values than the directory tells at once"
            ));
        }
        let values = self.values.get(&lower).map(Vec::as_slice).unwrap_or_default();
        let texts: Result<Vec<_>, _> = values.iter().map(|value| std::str::from_utf8(value)).collect();
        texts.map_err(|_| format!("`{name}` is not a text"))
    }

    /// The value of an attribute that can have one alone.
    ///
    /// # Errors
    /// Several, and as for all.
    pub fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.texts(name)?[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(format!("`{name}` has several values")),
        }
    }

    pub fn bytes(&self) -> usize {
        let names = self.values.keys().map(String::len);
        let values = self.values.values().flatten().map(Vec::len);
        names.chain(values).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(description: &str, value: &[u8]) -> Attributes {
        let mut attributes = Attributes::default();
        attributes.add(description, vec![value.to_vec()]);
        attributes
    }

    #[test]
    fn names_mean_the_same_in_any_case_and_language() {
        let mut attributes = with("MAIL", b"ada@example.org");
        attributes.add("mail;lang-en", vec![b"ada@example.com".to_vec()]);
        assert_eq!(
            attributes.texts("Mail"),
            Ok(vec!["ada@example.org", "ada@example.com"])
        );
        assert!(attributes.text("mail").is_err(), "two are not one");
        assert_eq!(attributes.texts("uid"), Ok(vec![]));
    }

    #[test]
    fn bytes_that_are_no_text_are_said_to_be_none() {
        let attributes = with("objectGUID", &[0xa1, 0xff, 0x00, 0x17]);
        let problem = attributes.texts("objectGUID").unwrap_err();
        assert_eq!(problem, "`objectGUID` is not a text");
    }

    #[test]
    fn a_part_of_the_values_is_not_all_of_them() {
        let mut attributes = with("memberOf;range=0-1499", b"cn=a");
        attributes.add("memberOf", vec![]);
        assert!(attributes.texts("memberOf").is_err());
    }
}
