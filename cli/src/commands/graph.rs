//! `onward graph`: workflows as pictures.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onward_compiler::diagnostic::Span;
use onward_compiler::graph::Flow;
use onward_compiler::hir::Hir;
use onward_compiler::project::{Checked, Project};

use super::check;
use crate::failure::{Exit, Failure, Outcome};
use crate::project::{Compiled, Files};
use crate::screen;

/// Draw workflows, for people who do not read code
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// The project's folder, or a file in it: its workflows are drawn
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// What to draw
    #[arg(long, value_name = "FORM", default_value = "svg")]
    format: Form,
    /// Write a file for each workflow into this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A picture for browsers and documents.
    Svg,
    /// Text that Git hosts draw.
    Mermaid,
}

impl Form {
    fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Mermaid => "mmd",
        }
    }
}

impl Graph {
    pub(super) fn run(self) -> Outcome {
        let files = Files::read(&self.path)?;
        let Checked { hir, diagnostics, sources, .. } = Project::read(files.files.clone()).parse().check();
        let compiled = Compiled { program: None, diagnostics, sources };
        let Some(hir) = hir else {
            check::show_terminal(&files, &compiled);
            return Ok(Exit::Problems);
        };
        let pictures = self.pictures(&files, &hir, &compiled)?;
        match &self.out {
            Some(folder) => self.write(folder, &pictures)?,
            None => match pictures.as_slice() {
                [(_, picture)] => screen::raw(picture),
                _ => return Err(several(&pictures)),
            },
        }
        Ok(Exit::Fine)
    }

    /// The name and the picture of each workflow that is asked for.
    fn pictures(
        &self,
        files: &Files,
        hir: &Hir,
        compiled: &Compiled,
    ) -> Result<Vec<(String, String)>, Failure> {
        let words = |span: Span| {
            let source = compiled.sources.get(span.file.0 as usize);
            source.and_then(|it| it.text.get(span.range())).unwrap_or_default().to_owned()
        };
        let only_file =
            self.path.is_file().then(|| self.path.strip_prefix(&files.root).unwrap_or(&self.path));
        let wanted = hir.workflows.values().filter(|it| {
            let source = compiled.sources.get(it.span.file.0 as usize);
            self.workflow.as_ref().is_none_or(|name| **name == *it.name)
                && only_file
                    .is_none_or(|path| source.is_some_and(|it| path == std::path::Path::new(&*it.path)))
        });
        let pictures: Vec<(String, String)> = wanted
            .map(|workflow| {
                let flow = Flow::of(hir, workflow, &words);
                let picture = match self.format {
                    Form::Svg => flow.svg(),
                    Form::Mermaid => flow.mermaid(),
                };
                (workflow.name.to_string(), picture)
            })
            .collect();
        if pictures.is_empty() {
            let names: Vec<String> = hir.workflows.keys().map(|it| format!("`{it}`")).collect();
            return Err(Failure::unreachable(
                "there is no such workflow here",
                format!("there is {}", names.join(", ")),
            ));
        }
        Ok(pictures)
    }

    fn write(&self, folder: &std::path::Path, pictures: &[(String, String)]) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file("write", folder, &error))?;
        for (name, picture) in pictures {
            let path = folder.join(format!("{name}.{}", self.format.ending()));
            std::fs::write(&path, picture).map_err(|error| Failure::file("write", &path, &error))?;
            screen::line(format!("{} {}", screen::green("drew"), path.display()));
        }
        Ok(())
    }
}

fn several(pictures: &[(String, String)]) -> Failure {
    let names: Vec<String> = pictures.iter().map(|(name, _)| format!("`{name}`")).collect();
    Failure::unreachable(
        format!("there are {} workflows: {}", pictures.len(), names.join(", ")),
        "name one with `--workflow`, or a folder for all with `--out`",
    )
}
