//! A flow as Mermaid text (mermaid.js.org, flowchart syntax).

use std::fmt::Write as _;

use super::{Flow, Look, Node};

impl Flow {
    /// The flow as a Mermaid flowchart, which Git hosts and note books draw.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut chart = Chart { text: String::from("flowchart TD\n"), nodes: 0 };
        let starts = self.starts.iter().map(|start| chart.node("([", &label(start, &[]), "])", "start"));
        let mut open: Vec<Open> = starts.collect::<Vec<_>>().into_iter().map(Open::plain).collect();
        open = chart.steps(&self.steps, open);
        let end = chart.node("([", "end", "])", "done");
        chart.join(open, end);
        if !self.notes.is_empty() {
            let note = chart.node("[", &label(&self.title, &self.notes), "]", "note");
            let _ = writeln!(chart.text, "  {note} ~~~ n0");
        }
        chart.text.push_str(CLASSES);
        chart.text
    }
}

const CLASSES: &str = "  classDef start fill:#e7f0ff,stroke:#2b5fc2,color:#10284f
  classDef message fill:#e5f6ec,stroke:#1f8a4c,color:#0c3a20
  classDef wait fill:#fff4de,stroke:#b97a12,color:#4c3205
  classDef work fill:#f2f2f5,stroke:#6b6f7b,color:#22242a
  classDef fork fill:#f4ebff,stroke:#7b44c9,color:#2f1756
  classDef done fill:#ffffff,stroke:#6b6f7b,color:#22242a
  classDef note fill:#ffffff,stroke:#c9ccd4,color:#4a4e58
";

struct Chart {
    text: String,
    nodes: usize,
}

/// A node from which the flow goes on, and what stands at the way.
struct Open {
    from: String,
    label: String,
}

impl Open {
    fn plain(from: String) -> Self {
        Self { from, label: String::new() }
    }
}

impl Chart {
    fn node(&mut self, open: &str, label: &str, close: &str, class: &str) -> String {
        let id = format!("n{}", self.nodes);
        self.nodes += 1;
        let _ = writeln!(self.text, "  {id}{open}\"{label}\"{close}:::{class}");
        id
    }

    fn join(&mut self, open: Vec<Open>, to: String) -> Vec<Open> {
        for Open { from, label } in open {
            let arrow =
                if label.is_empty() { "-->".to_owned() } else { format!("-->|\"{}\"|", escaped(&label)) };
            let _ = writeln!(self.text, "  {from} {arrow} {to}");
        }
        vec![Open::plain(to)]
    }

    fn steps(&mut self, steps: &[Node], mut open: Vec<Open>) -> Vec<Open> {
        for step in steps {
            open = self.step(step, open);
        }
        open
    }

    fn step(&mut self, step: &Node, open: Vec<Open>) -> Vec<Open> {
        match step {
            Node::Step { look, title, detail } => {
                let class = match look {
                    Look::Message => "message",
                    Look::Wait => "wait",
                    Look::Work => "work",
                };
                let node = self.node("[", &label(title, detail), "]", class);
                self.join(open, node)
            }
            Node::Fork { title, arms } => {
                let fork = self.node("{", &label(title, &[]), "}", "fork");
                self.join(open, fork.clone());
                let mut ends = Vec::new();
                for (answer, steps) in arms {
                    ends.extend(self.steps(steps, vec![Open { from: fork.clone(), label: answer.clone() }]));
                }
                ends
            }
            Node::Round { title, steps } => {
                let head = self.node("[[", &label(title, &[]), "]]", "fork");
                self.join(open, head.clone());
                let ends = self.steps(steps, vec![Open { from: head.clone(), label: "each time".into() }]);
                self.join(ends, head.clone());
                vec![Open { from: head, label: "then".into() }]
            }
            Node::End => {
                let end = self.node("([", "end", "])", "done");
                self.join(open, end);
                Vec::new()
            }
        }
    }
}

fn label(title: &str, detail: &[String]) -> String {
    let lines = std::iter::once(title).chain(detail.iter().map(String::as_str));
    lines.map(escaped).collect::<Vec<_>>().join("<br/>")
}

/// Mermaid reads entity codes of HTML, with `#` for `&`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '`' => out.push_str("#96;"),
            _ => out.push(letter),
        }
    }
    out
}
