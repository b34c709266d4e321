//! Where everything of a flow stands: a column of boxes, with columns side by side where
//! the way forks. Lengths are in pixels.

use super::{Flow, Look, Node};

/// Width of a box.
pub(super) const BOX: f64 = 260.0;
/// Height of a line of text.
pub(super) const LINE: f64 = 18.0;
/// Between boxes that follow each other.
const GAP: f64 = 34.0;
/// Between columns.
const ASIDE: f64 = 28.0;
/// Letters that fit on a line of a box.
const LETTERS: usize = 36;
/// Letters that fit on a line of a question.
const ASKED: usize = 26;

/// A picture: what to draw where.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
    pub(super) ways: Vec<Way>,
}

/// A box with words.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) form: Form,
    pub(super) lines: Vec<String>,
}

/// What a box looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Start,
    Step(Look),
    Question,
    Round,
    End,
}

/// A line with an arrow, from corner to corner, and what stands at it.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) label: String,
}

/// Where the flow comes out of what was drawn.
#[derive(Debug, Clone)]
struct Exit {
    x: f64,
    y: f64,
    label: String,
}

/// Draws a flow.
pub(super) fn picture(flow: &Flow) -> Picture {
    let mut picture = Picture::default();
    let starts = flow.starts.len().max(1) as f64;
    let starts_width = starts * BOX + (starts - 1.0) * ASIDE;
    picture.width = width(&flow.steps).max(starts_width);
    let middle = picture.width / 2.0;
    let left = middle - starts_width / 2.0;
    let mut exits = Vec::new();
    let mut bottom: f64 = 0.0;
    for (place, start) in flow.starts.iter().enumerate() {
        let x = left + place as f64 * (BOX + ASIDE) + BOX / 2.0;
        let exit = picture.stand(Form::Start, wrapped(start, LETTERS), x, 0.0);
        bottom = bottom.max(exit.y);
        exits.push(exit);
    }
    let (exits, bottom) = picture.column(&flow.steps, middle, bottom, exits);
    let end = if exits.is_empty() {
        bottom
    } else {
        picture.arrive(exits, middle, bottom + GAP);
        picture.stand(Form::End, vec!["end".into()], middle, bottom + GAP).y
    };
    picture.height = end;
    picture
}

/// How wide a column of steps is.
fn width(steps: &[Node]) -> f64 {
    steps.iter().map(node_width).fold(BOX, f64::max)
}

fn node_width(node: &Node) -> f64 {
    match node {
        Node::Fork { arms, .. } => {
            let inner: f64 = arms.iter().map(|(_, steps)| width(steps)).sum();
            inner + ASIDE * (arms.len().saturating_sub(1)) as f64
        }
        Node::Round { steps, .. } => width(steps) + 2.0 * ASIDE,
        Node::Step { .. } | Node::End => BOX,
    }
}

impl Picture {
    /// Draws a box whose top is at `y`. Answers where the flow leaves it.
    fn stand(&mut self, form: Form, lines: Vec<String>, middle: f64, y: f64) -> Exit {
        let padding = if form == Form::Question { 44.0 } else { 20.0 };
        let height = lines.len() as f64 * LINE + padding;
        let width = if form == Form::End { 80.0 } else { BOX };
        self.shapes.push(Shape { x: middle - width / 2.0, y, width, height, form, lines });
        Exit { x: middle, y: y + height, label: String::new() }
    }

    /// Leads every exit to the top of a box.
    fn arrive(&mut self, exits: Vec<Exit>, x: f64, y: f64) {
        for exit in exits {
            let turn = y - GAP / 2.0;
            let points = if (exit.x - x).abs() < 0.5 {
                vec![(exit.x, exit.y), (x, y)]
            } else {
                vec![(exit.x, exit.y), (exit.x, turn), (x, turn), (x, y)]
            };
            self.ways.push(Way { points, label: exit.label });
        }
    }

    /// Draws steps below each other. Answers the ways out, and how far down it goes.
    fn column(&mut self, steps: &[Node], middle: f64, mut y: f64, mut exits: Vec<Exit>) -> (Vec<Exit>, f64) {
        for step in steps {
            (exits, y) = self.node(step, middle, y + GAP, exits);
        }
        (exits, y)
    }

    fn node(&mut self, node: &Node, middle: f64, y: f64, exits: Vec<Exit>) -> (Vec<Exit>, f64) {
        self.arrive(exits, middle, y);
        match node {
            Node::Step { look, title, detail } => {
                let lines =
                    std::iter::once(title).chain(detail).flat_map(|it| wrapped(it, LETTERS)).collect();
                let exit = self.stand(Form::Step(*look), lines, middle, y);
                (vec![exit.clone()], exit.y)
            }
            Node::End => {
                let exit = self.stand(Form::End, vec!["end".into()], middle, y);
                (Vec::new(), exit.y)
            }
            Node::Fork { title, arms } => self.fork(title, arms, middle, y),
            Node::Round { title, steps } => self.round(title, steps, middle, y),
        }
    }

    fn fork(&mut self, title: &str, arms: &[(String, Vec<Node>)], middle: f64, y: f64) -> (Vec<Exit>, f64) {
        let head = self.stand(Form::Question, wrapped(title, ASKED), middle, y);
        let whole: f64 = arms.iter().map(|(_, steps)| width(steps)).sum::<f64>()
            + ASIDE * arms.len().saturating_sub(1) as f64;
        let mut left = middle - whole / 2.0;
        let (mut exits, mut bottom) = (Vec::new(), head.y);
        let mut columns = Vec::new();
        for (label, steps) in arms {
            let wide = width(steps);
            let x = left + wide / 2.0;
            left += wide + ASIDE;
            columns.push((x, label, steps));
        }
        for (x, label, steps) in columns {
            // The way leaves the question, turns, and comes down over its own column.
            let turn = head.y + GAP / 2.0;
            self.ways.push(Way {
                points: vec![(head.x, head.y), (head.x, turn), (x, turn), (x, turn + 1.0)],
                label: String::new(),
            });
            let entry = Exit { x, y: turn, label: label.clone() };
            let (out, down) = self.column(steps, x, head.y + GAP, vec![entry]);
            bottom = bottom.max(down);
            exits.extend(out);
        }
        (exits, bottom)
    }

    fn round(&mut self, title: &str, steps: &[Node], middle: f64, y: f64) -> (Vec<Exit>, f64) {
        let head = self.stand(Form::Round, wrapped(title, LETTERS), middle, y);
        let (back, bottom) =
            self.column(steps, middle, head.y, vec![Exit { label: "each time".into(), ..head.clone() }]);
        let side = middle + width(steps) / 2.0 + ASIDE;
        let half = y + (head.y - y) / 2.0;
        for exit in back {
            let down = bottom + GAP / 2.0;
            let points = vec![
                (exit.x, exit.y),
                (exit.x, down),
                (side, down),
                (side, half),
                (middle + BOX / 2.0, half),
            ];
            self.ways.push(Way { points, label: "again".into() });
        }
        let out = middle - width(steps) / 2.0 - ASIDE / 2.0;
        let down = bottom + GAP;
        self.ways.push(Way {
            points: vec![(middle - BOX / 2.0, half), (out, half), (out, down), (middle, down)],
            label: String::new(),
        });
        (vec![Exit { x: middle, y: down, label: "then".into() }], down)
    }
}

/// A text on lines of at most so many letters, four at most.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > letters {
            lines.push(cut(word, letters));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&cut(word, letters));
        }
    }
    if lines.len() > 4 {
        lines.truncate(4);
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines
}

fn cut(word: &str, letters: usize) -> String {
    if word.chars().count() <= letters {
        return word.to_owned();
    }
    word.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}
