//! Names of steps: a label, or the step's own words, unique in a workflow.
//!
//! It must not know what steps do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::words;
use crate::diagnostic::Span;

/// Names given so far in a workflow.
#[derive(Debug, Default)]
pub(super) struct StepNames {
    given: BTreeMap<Arc<str>, u32>,
    labels: BTreeMap<Arc<str>, Span>,
}

impl StepNames {
    /// The place of the first step with this label, if there is one already.
    pub(super) fn label(&mut self, label: &Arc<str>, span: Span) -> Option<Span> {
        if let Some(first) = self.labels.get(label) {
            return Some(*first);
        }
        self.labels.insert(label.clone(), span);
        None
    }

    /// A name made of `text`, with a number if others have it.
    pub(super) fn unique(&mut self, text: &str) -> Arc<str> {
        let text: Arc<str> = words::short(&text.replace(['{', '}'], ""), 40).into();
        let mut count = *self.given.get(&text).unwrap_or(&0);
        loop {
            count += 1;
            let name: Arc<str> = if count == 1 { text.clone() } else { format!("{text} ({count})").into() };
            let free = count > 1 || !self.given.contains_key(&name);
            if free && !self.labels.contains_key(&name) {
                self.given.insert(text, count);
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::FileId;

    #[test]
    fn repeats_are_numbered() {
        let mut names = StepNames::default();
        assert_eq!(&*names.unique("email tips"), "email tips");
        assert_eq!(&*names.unique("email  tips"), "email tips (2)");
        assert_eq!(&*names.unique("email tips"), "email tips (3)");
        let span = Span::new(FileId(0), 0..1);
        assert_eq!(names.label(&"nudge".into(), span), None);
        assert_eq!(&*names.unique("nudge"), "nudge (2)");
        assert_eq!(names.label(&"nudge".into(), span), Some(span));
    }
}
