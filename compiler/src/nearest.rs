//! The known name that somebody most likely meant.
//!
//! It must not know what the names are of.

/// The candidate nearest to `word`, if one is close enough to be what was meant.
/// Case and underscores do not count.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let found = plain(candidate);
        let distance = strsim::osa_distance(&wanted, &found);
        let close = distance <= allowed(wanted.chars().count()) && distance < found.chars().count();
        if close && best.is_none_or(|(least, name)| (distance, candidate) < (least, name)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate).filter(|candidate| *candidate != word)
}

/// How many letters may be wrong in a word of `length` letters.
fn allowed(length: usize) -> usize {
    match length {
        0..=2 => 1,
        3..=6 => 2,
        _ => 3,
    }
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

/// `` `a`, `b` or `c` ``, at most `most` of them.
pub(crate) fn list_names<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    match (shown.split_last(), names.len() > shown.len()) {
        (None, _) => String::new(),
        (Some(_), true) => format!("{}, …", shown.join(", ")),
        (Some((last, [])), false) => last.clone(),
        (Some((last, rest)), false) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        assert_eq!(nearest("purchse", ["purchase", "page_viewed"]), Some("purchase"));
        assert_eq!(nearest("FormSubmitted", ["form_submitted"]), Some("form_submitted"));
        assert_eq!(nearest("banana", ["purchase"]), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn names_as_a_sentence() {
        assert_eq!(list_names(["a"], 3), "`a`");
        assert_eq!(list_names(["a", "b", "c"], 3), "`a`, `b` or `c`");
        assert_eq!(list_names(["a", "b", "c"], 2), "`a`, `b`, …");
    }
}
