//! `onward compile`: a project's artifact, or a listing of it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onward_bytecode::Verified;

use super::check::show_terminal;
use super::deploy::{encode, short};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::Files;
use crate::screen;

/// Compile a project to an artifact, the file that servers run
#[derive(Debug, Args)]
pub(crate) struct Compile {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a listing instead: the code as text, or the whole program as JSON
    #[arg(long, value_name = "FORM")]
    emit: Option<Emit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    Asm,
    Json,
}

impl Compile {
    pub(super) fn run(self) -> Outcome {
        let files = Files::read(&self.path)?;
        let Some(program) = program(&files)? else { return Ok(Exit::Problems) };
        let name = program.program().project.name.to_string();
        let content = match self.emit {
            None => encode(&program)?,
            Some(Emit::Asm) => onward_bytecode::disassemble(program.artifact()).into_bytes(),
            Some(Emit::Json) => json(&program)?,
        };
        let output = match (&self.output, self.emit) {
            (Some(path), _) => path.clone(),
            (None, Some(_)) => PathBuf::from("-"),
            (None, None) => PathBuf::from(format!("{}.onwardc", name.replace(['/', '\\'], "-"))),
        };
        if output.as_os_str() == "-" {
            screen::bytes(&content);
            return Ok(Exit::Fine);
        }
        std::fs::write(&output, &content).map_err(|error| Failure::file("write", &output, &error))?;
        if self.emit.is_none() {
            let hash = program.hash().to_string();
            let size = content.len();
            screen::line(format!(
                "{} {} {} ({size} bytes)",
                screen::green("wrote"),
                output.display(),
                screen::dim(short(&hash))
            ));
        }
        Ok(Exit::Fine)
    }
}

fn json(program: &Verified) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec_pretty(program.program()).map_err(|error| {
        Failure::problems(format!("the program cannot be written as JSON: {error}"), "use --emit asm")
    })
}

/// Compiles; shows what the compiler has to say. Nothing if there are errors.
pub(crate) fn program(files: &Files) -> Result<Option<Verified>, Failure> {
    let compiled = files.compile()?;
    show_terminal(files, &compiled);
    Ok(compiled.program)
}
