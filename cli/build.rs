//! Puts the pages of `docs/errors` into the binary, for `onward explain`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../docs/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let code = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_page = path.extension().is_some_and(|it| it == "md")
            && code.starts_with(['E', 'W'])
            && code.chars().skip(1).all(|c| c.is_ascii_digit());
        if is_page {
            pages.push((code, path));
        }
    }
    pages.sort();
    let mut source = String::from("pub(super) const ALL: &[(&str, &str)] = &[\n");
    for (code, path) in pages {
        writeln!(source, "    ({code:?}, include_str!({:?})),", path.canonicalize()?)?;
    }
    source.push_str("];\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("pages.rs"), source)?;
    Ok(())
}
