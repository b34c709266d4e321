//! `onward new`: a small project that checks clean.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Exit, Failure, Outcome};
use crate::screen;

/// The files of a new project; `{name}` becomes its name.
const FILES: [(&str, &str); 6] = [
    ("onward.toml", include_str!("new/onward.toml")),
    ("rules/follow_up.onward", include_str!("new/follow_up.onward")),
    ("templates/welcome.md", include_str!("new/welcome.md")),
    ("events.jsonl", include_str!("new/events.jsonl")),
    ("README.md", include_str!("new/README.md")),
    (".gitignore", include_str!("new/gitignore")),
];

/// Make a small project to begin with
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Where: a folder that does not exist yet, or is empty
    name: PathBuf,
}

impl New {
    pub(super) fn run(self) -> Outcome {
        let name = self
            .name
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| !name.chars().any(|c| c == '"' || c == '\\' || c.is_control()))
            .ok_or_else(|| {
                Failure::usage(
                    format!("`{}` is no name for a project", self.name.display()),
                    "use letters, digits and dashes",
                )
            })?;
        vacant(&self.name)?;
        for (path, text) in FILES {
            write(&self.name.join(path), &text.replace("{name}", &name))?;
        }
        let place = self.name.display();
        screen::line(format!("{} {}", screen::green("made"), screen::bold(&place)));
        for (path, _) in FILES {
            screen::line(format!("  {}", screen::dim(path)));
        }
        screen::line("\nwatch it run, without sending anything:");
        screen::line(format!(
            "  {}",
            screen::cyan(format!(
                "onward dev {place} --events {} --jump 3d --once",
                self.name.join("events.jsonl").display()
            ))
        ));
        Ok(Exit::Fine)
    }
}

/// Makes sure that nothing is overwritten.
fn vacant(folder: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(folder).map(Iterator::count) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file("use", folder, &error)),
        Ok(0) => Ok(()),
        Ok(_) => Err(Failure::usage(
            format!("`{}` is there and not empty", folder.display()),
            "take another name; nothing is overwritten",
        )),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, text)).map_err(|error| Failure::file("write", path, &error))
}
