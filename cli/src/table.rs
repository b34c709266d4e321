//! Aligned columns, as wide as the terminal at most.

use unicode_width::UnicodeWidthStr as _;

use crate::screen;

/// How a cell is painted.
pub(crate) type Paint = fn(&str) -> String;

/// One cell: its text and its paint.
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A cell in plain text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::painted(text, str::to_owned)
    }

    /// A cell in colour.
    pub(crate) fn painted(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: screen::tame(&text.into()).replace(['\n', '\t'], " "), paint }
    }

    /// A cell that matters less.
    pub(crate) fn dim(text: impl Into<String>) -> Self {
        Self::painted(text, |text| screen::dim(text))
    }
}

/// Rows below a heading.
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these headings; none at all leaves the heading out.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes the table to standard output. The last column is cut where the terminal ends.
    pub(crate) fn show(&self) {
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.heads.len());
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        if !self.heads.is_empty() {
            let heads: Vec<Cell> = self.heads.iter().map(|head| Cell::dim(*head)).collect();
            screen::line(render(&heads, &widths, width));
        }
        for row in &self.rows {
            screen::line(render(row, &widths, width));
        }
    }

    fn width(&self, column: usize) -> usize {
        let head = self.heads.get(column).map_or(0, |head| head.width());
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0).max(head)
    }
}

fn render(cells: &[Cell], widths: &[usize], terminal: Option<usize>) -> String {
    let mut line = String::new();
    let mut at = 0;
    for (number, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let last = number + 1 == cells.len();
        match terminal {
            Some(terminal) if last => {
                line.push_str(&(cell.paint)(&cut(&cell.text, terminal.saturating_sub(at).max(8))))
            }
            _ => line.push_str(&(cell.paint)(&cell.text)),
        }
        if !last {
            let padding = width.saturating_sub(cell.text.width()) + 2;
            line.extend(std::iter::repeat_n(' ', padding));
            at += width + 2;
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The text, or as much of it as fits before an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let widths = [4, 3];
        assert_eq!(render(&[Cell::plain("日本"), Cell::plain("a")], &widths, None), "日本  a");
        assert_eq!(render(&[Cell::plain("ab"), Cell::plain("b")], &widths, None), "ab    b");
    }

    #[test]
    fn the_last_column_is_cut() {
        assert_eq!(cut("abcdefghij", 5), "abcd…");
        assert_eq!(cut("abc", 5), "abc");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(Cell::plain("a\x1b[2Jb\nc").text, "a·[2Jb c");
    }
}
