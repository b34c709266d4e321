//! A flow as SVG 1.1, with its style inside: it needs nothing else to be seen.

use std::fmt::Write as _;

use super::layout::{Form, LINE, Picture, Shape, Way, picture};
use super::{Flow, Look};

/// Around the picture.
const MARGIN: f64 = 24.0;

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#22242a}\
.title{font-size:18px;font-weight:600}.note{fill:#4a4e58}.way{fill:none;stroke:#6b6f7b;stroke-width:1.5}\
.label{font-size:12px;fill:#4a4e58}.back{fill:#fff}\
.start{fill:#e7f0ff;stroke:#2b5fc2}.message{fill:#e5f6ec;stroke:#1f8a4c}.wait{fill:#fff4de;stroke:#b97a12}\
.work{fill:#f2f2f5;stroke:#6b6f7b}.fork{fill:#f4ebff;stroke:#7b44c9}.end{fill:#fff;stroke:#6b6f7b}\
.start,.message,.wait,.work,.fork,.end{stroke-width:1.5}";

impl Flow {
    /// The flow as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let picture = picture(self);
        let head = 34.0 + self.notes.len() as f64 * LINE + 14.0;
        let widest = self.notes.iter().map(|it| it.chars().count()).max().unwrap_or_default() as f64 * 7.2;
        let width = picture.width.max(widest).max(self.title.chars().count() as f64 * 10.5) + 2.0 * MARGIN;
        let height = picture.height + head + 2.0 * MARGIN;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#6b6f7b\"/></marker></defs>\n\
             <rect class=\"back\" width=\"100%\" height=\"100%\"/>\n",
            escaped(&self.title)
        );
        self.heading(&mut out);
        let _ = writeln!(
            out,
            "<g transform=\"translate({:.1} {:.1})\">",
            (width - picture.width) / 2.0,
            MARGIN + head
        );
        draw(&picture, &mut out);
        out.push_str("</g>\n</svg>\n");
        out
    }

    fn heading(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
            MARGIN + 16.0,
            escaped(&self.title)
        );
        for (line, note) in self.notes.iter().enumerate() {
            let y = MARGIN + 40.0 + line as f64 * LINE;
            let _ = writeln!(out, "<text class=\"note\" x=\"{MARGIN}\" y=\"{y}\">{}</text>", escaped(note));
        }
    }
}

fn draw(picture: &Picture, out: &mut String) {
    picture.ways.iter().for_each(|way| draw_way(way, out));
    picture.shapes.iter().for_each(|shape| draw_shape(shape, out));
    picture.ways.iter().for_each(|way| draw_label(way, out));
}

fn draw_way(way: &Way, out: &mut String) {
    let points: Vec<String> = way.points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    // A stump that only turns has no tip: another line goes on from it.
    let stump = matches!(way.points.as_slice(), [.., (_, above), (_, below)] if (below - above).abs() <= 1.0);
    let tip = if stump { "" } else { " marker-end=\"url(#tip)\"" };
    let _ = writeln!(out, "<polyline class=\"way\" points=\"{}\"{tip}/>", points.join(" "));
}

fn draw_label(way: &Way, out: &mut String) {
    let Some((x, y)) = way.points.first().filter(|_| !way.label.is_empty()) else { return };
    let wide = way.label.chars().count() as f64 * 6.6 + 8.0;
    let _ = writeln!(
        out,
        "<rect class=\"back\" x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"16\" rx=\"3\"/>\
         <text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        x - wide / 2.0,
        y - 6.0,
        y + 6.0,
        escaped(&way.label)
    );
}

fn draw_shape(shape: &Shape, out: &mut String) {
    let Shape { x, y, width, height, form, lines } = shape;
    let (class, round) = match form {
        Form::Start => ("start", height / 2.0),
        Form::End => ("end", height / 2.0),
        Form::Step(Look::Message) => ("message", 8.0),
        Form::Step(Look::Wait) => ("wait", 8.0),
        Form::Step(Look::Work) => ("work", 8.0),
        Form::Round => ("fork", 8.0),
        Form::Question => ("fork", 0.0),
    };
    if *form == Form::Question {
        let (middle, half) = (x + width / 2.0, y + height / 2.0);
        let _ = writeln!(
            out,
            "<polygon class=\"{class}\" points=\"{middle:.1},{y:.1} {:.1},{half:.1} {middle:.1},{:.1} {x:.1},{half:.1}\"/>",
            x + width,
            y + height
        );
    } else {
        let round = round.min(22.0);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>"
        );
    }
    let top = y + (height - lines.len() as f64 * LINE) / 2.0 + 13.0;
    for (place, line) in lines.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x + width / 2.0,
            top + place as f64 * LINE,
            escaped(line)
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
