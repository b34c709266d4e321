//! The name that a file gives to what it holds.
//!
//! It must not know what is in the file.

/// The name of what the file at `path` holds: its stem, with `_` for whatever
/// cannot stand in a name.
pub(crate) fn name_of_file(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut word: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        word.insert(0, '_');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        assert_eq!(name_of_file("rules/form-follow-up.onward"), "form_follow_up");
        assert_eq!(name_of_file("templates\\welcome.md"), "welcome");
        assert_eq!(name_of_file("2nd.onward"), "_2nd");
    }
}
