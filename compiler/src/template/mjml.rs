//! MJML (mjml.io) to the HTML of a mail.
//!
//! Holes and tags come in as marks, as for Markdown. No fonts are fetched from anybody's
//! server: a mail does not tell a third party who reads it. It must not know what the
//! marks stand for.

use mrml::prelude::render::RenderOptions;

use super::markdown::{blocks_as_tags, tags_as_blocks};
use super::marks::Marks;

/// Renders `text` as a whole page of HTML.
///
/// # Errors
/// What is wrong with the text, in words.
pub(crate) fn to_html(text: &str, marks: &Marks) -> Result<String, String> {
    let prepared = tags_as_blocks(text.trim(), marks);
    let page = mrml::parse(&prepared).map_err(|error| error.to_string())?;
    let options = RenderOptions { fonts: Default::default(), ..RenderOptions::default() };
    let html = page.element.render(&options).map_err(|error| error.to_string())?;
    Ok(blocks_as_tags(&html, marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_tags_stay_where_they_are() {
        let marks = Marks::new("");
        let text = format!(
            "<mjml><mj-body><mj-section><mj-column>\n{}\n<mj-text>Hi {}</mj-text>\n{}\n\
             </mj-column></mj-section></mj-body></mjml>",
            marks.tag(0),
            marks.hole(1),
            marks.tag(2)
        );
        let html = to_html(&text, &marks).unwrap();
        let found: Vec<usize> = [marks.tag(0), marks.hole(1), marks.tag(2)]
            .iter()
            .map(|mark| html.find(mark.as_str()).unwrap())
            .collect();
        assert!(found.is_sorted(), "{html}");
        assert!(!html.contains("<!--onwd"), "{html}");
        assert!(!html.contains("https://fonts"), "{html}");
    }

    #[test]
    fn what_is_no_mjml_is_told() {
        assert!(to_html("<p>Hi</p>", &Marks::new("")).is_err());
        assert!(to_html("<mjml><mj-body>", &Marks::new("")).is_err());
    }
}
