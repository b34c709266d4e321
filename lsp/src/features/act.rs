//! Changes of the code that somebody may want at a place, mistakes aside.

mod extract;
mod story;
mod supply;

use std::ops::Range;

use onward_compiler::syntax::ast::{self, AstNode, BinaryOp, Expr, IfStep, PrefixOp, Presence, Step};
use onward_compiler::syntax::kind::{SyntaxNode, SyntaxToken};

use super::{Change, Edit};
use crate::snapshot::{File, Project, Sort};

/// A change that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) title: String,
    pub(crate) sort: ActionSort,
    pub(crate) changes: Vec<Change>,
}

/// Which sort (LSP 3.17, `CodeActionKind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionSort {
    /// It mends something.
    Fix,
    Extract,
    Rewrite,
    /// Any other.
    Other,
}

/// Everything that is offered for a stretch of a file.
pub(crate) fn at(project: &Project, file: &File, range: Range<usize>) -> Vec<Action> {
    if file.sort() != Sort::Rules {
        return Vec::new();
    }
    let Some(token) = token_at(file, range.start) else { return Vec::new() };
    let place = Place { project, file, token };
    let mut found = Vec::new();
    found.extend(supply::attribute(project, file, range));
    found.extend(place.wrap());
    found.extend(place.invert());
    found.extend(extract::condition(&place));
    found.extend(extract::message(&place));
    found.extend(story::test(&place));
    found
}

/// Where somebody stands in a rule file.
struct Place<'p> {
    project: &'p Project,
    file: &'p File,
    token: SyntaxToken,
}

fn token_at(file: &File, offset: usize) -> Option<SyntaxToken> {
    let root = file.parse().syntax();
    let at = u32::try_from(offset).ok()?;
    if root.text_range().end() < at.into() {
        return None;
    }
    root.token_at_offset(at.into()).max_by_key(|it| !it.kind().is_trivia())
}

fn bytes(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

impl Place<'_> {
    /// The innermost node around that can be seen as `N`.
    fn around<N: AstNode>(&self) -> Option<N> {
        self.token.parent_ancestors().find_map(N::cast)
    }

    fn text(&self, node: &SyntaxNode) -> &str {
        self.file.text.get(bytes(node)).unwrap_or_default()
    }

    fn edits(&self, title: &str, sort: ActionSort, edits: Vec<Edit>) -> Action {
        Action { title: title.to_owned(), sort, changes: vec![Change::Edits(self.file.uri.clone(), edits)] }
    }

    /// The space before the first word of a line.
    fn indent(&self, offset: usize) -> &str {
        let before = self.file.text.get(..offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |it| it + 1);
        let line = self.file.text.get(start..).unwrap_or_default();
        line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
    }

    /// Puts `if … { }` around a step: with the step's own condition, if it has one.
    fn wrap(&self) -> Option<Action> {
        let step: Step = self.around()?;
        let (whole, keyword) = (bytes(step.syntax()), step.keyword()?);
        // On the words of the step itself, not on what stands inside its blocks.
        let here = usize::from(self.token.text_range().start());
        let first_line = whole.start
            ..self.file.text.get(whole.clone())?.find('\n').map_or(whole.end, |it| whole.start + it);
        if !(first_line.contains(&here) || keyword.text_range() == self.token.text_range()) {
            return None;
        }
        let condition = match &step {
            Step::Do(it) => it.syntax().children().find_map(ast::Where::cast),
            // What it names would be unknown behind the block.
            Step::Let(_) => return None,
            _ => None,
        };
        let asked = condition.as_ref().and_then(ast::Where::condition);
        let asked = asked.map_or_else(|| "true".to_owned(), |it| self.text(it.syntax()).to_owned());
        let mut text = self.text(step.syntax()).to_owned();
        if let Some(condition) = condition {
            let at = bytes(condition.syntax());
            let (before, after) = (text.get(..at.start - whole.start)?, text.get(at.end - whole.start..)?);
            text = format!("{}{after}", before.trim_end());
        }
        let indent = self.indent(whole.start);
        let text = format!("if {asked} {{\n{indent}  {}\n{indent}}}", indented(&text));
        let title = match step.label() {
            Some(label) => format!("Wrap `{}` in `if`", label.text()),
            None => "Wrap the step in `if`".to_owned(),
        };
        Some(self.edits(&title, ActionSort::Rewrite, vec![Edit::new(whole, text)]))
    }

    /// `if a { x } else { y }` → `if not a { y } else { x }`
    fn invert(&self) -> Option<Action> {
        let step: IfStep = self.around()?;
        let mut arms = step.arms();
        let (arm, None) = (arms.next()?, arms.next()) else { return None };
        let (condition, then) = (arm.condition()?, arm.block()?);
        let otherwise = step.otherwise()?;
        let at = usize::from(self.token.text_range().start());
        if at >= bytes(then.syntax()).start {
            return None;
        }
        let opposite = opposite(&condition, self.text(condition.syntax()));
        let edits = vec![
            Edit::new(bytes(condition.syntax()), opposite),
            Edit::new(bytes(then.syntax()), self.text(otherwise.syntax())),
            Edit::new(bytes(otherwise.syntax()), self.text(then.syntax())),
        ];
        Some(self.edits("Invert the condition and swap the blocks", ActionSort::Rewrite, edits))
    }
}

/// The lines of a step one level deeper; those of a long text stay where they are.
fn indented(text: &str) -> String {
    let in_text = text.contains("\"\"\"");
    if in_text { text.to_owned() } else { text.replace('\n', "\n  ") }
}

/// The opposite of a condition, exact also where a value is missing.
fn opposite(condition: &Expr, text: &str) -> String {
    match condition {
        Expr::Prefix(prefix) if prefix.op() == Some(PrefixOp::Not) => match prefix.value() {
            Some(inner) => bare(&inner),
            None => format!("not ({text})"),
        },
        Expr::Is(is) => match (is.value(), is.presence()) {
            (Some(value), Some(Presence::Set)) => format!("{} is missing", value.syntax().text()),
            (Some(value), Some(Presence::Missing)) => format!("{} is set", value.syntax().text()),
            _ => format!("not {text}"),
        },
        Expr::Binary(binary) if matches!(binary.op(), Some(BinaryOp::And | BinaryOp::Or)) => {
            format!("not ({text})")
        }
        _ => format!("not {text}"),
    }
}

/// An expression without brackets around it.
fn bare(expr: &Expr) -> String {
    let inner = match expr {
        Expr::Paren(paren) => paren.value(),
        _ => None,
    };
    inner.as_ref().unwrap_or(expr).syntax().text().to_string()
}
