//! Changes that mend mistakes: the compiler's own, one at a time or all that are safe.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use onward_compiler::diagnostic::{Applicability, Diagnostic, Fix};

use super::{Change, Edit};
use crate::snapshot::{File, Project, Snapshot};

/// The mistakes of a file that touch a stretch.
pub(crate) fn mistakes<'p>(
    project: &'p Project,
    file: &File,
    range: Range<usize>,
) -> impl Iterator<Item = &'p Diagnostic> {
    let touches = move |it: &&Diagnostic| {
        let span = it.primary.span.range();
        span.start <= range.end && span.end >= range.start
    };
    project.diagnostics(&file.path).iter().filter(touches)
}

/// What a fix changes; nothing if it reaches into the catalogue.
pub(crate) fn changes(snapshot: &Snapshot, project: &Project, fix: &Fix) -> Option<Vec<Change>> {
    let mut by_file: BTreeMap<Arc<str>, Vec<Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        let file = snapshot.numbered(project, edit.span.file)?;
        project.file(&file.path)?;
        by_file.entry(file.uri.clone()).or_default().push(Edit::new(edit.span.range(), edit.text.clone()));
    }
    Some(by_file.into_iter().map(|(uri, edits)| Change::Edits(uri, edits)).collect())
}

/// All safe fixes of a file that do not get into each other's way.
pub(crate) fn all(project: &Project, file: &File) -> Vec<Edit> {
    let number = project.number(&file.path);
    let mut found: Vec<Edit> = Vec::new();
    for diagnostic in project.diagnostics(&file.path) {
        let Some(fix) = diagnostic.fixes.iter().find(|it| it.applicability == Applicability::Safe) else {
            continue;
        };
        let here = fix.edits.iter().all(|it| Some(it.span.file) == number);
        let free = fix.edits.iter().all(|new| {
            let new = new.span.range();
            found.iter().all(|old| new.end <= old.range.start || new.start >= old.range.end)
        });
        if here && free {
            let edits = fix.edits.iter().map(|it| Edit::new(it.span.range(), it.text.clone()));
            found.extend(edits);
        }
    }
    found.sort_by_key(|it| (it.range.start, it.range.end));
    found.dedup();
    found
}
