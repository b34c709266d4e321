//! The bytes of a compiled program and the proof that goes with them.
//!
//! Layout: `ONWD`, format version (u16), length of the program (u32), both
//! big-endian; the program and then the debug section, each in postcard
//! (<https://postcard.jamesmunns.com/wire-format>). There is one way to write a
//! program: bytes that would be written differently are refused, so that a
//! program has one hash. It must not know who made the bytes.

use crate::{Debug, Hash, Program, verify};

/// First bytes of every artifact.
const MAGIC: [u8; 4] = *b"ONWD";

/// What this version writes and reads.
const FORMAT: u16 = 1;

/// Magic, format version, length.
const HEADER: usize = 10;

/// An artifact is at most this many bytes.
pub const MAX_ARTIFACT: usize = 64 << 20;

/// A compiled program and what explains it.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The program.
    pub program: Program,
    /// Its sources; not part of its hash.
    pub debug: Debug,
}

/// An artifact that is proven safe to run: only [`Artifact::verify`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    artifact: Artifact,
    hash: Hash,
}

/// Why bytes are no program that can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// It does not start as an artifact does.
    #[error("this is not a compiled Onward program; make one with `onward compile`")]
    Magic,
    /// Another version of Onward wrote it.
    #[error(
        "the program has format {0}, and this version reads format {FORMAT}; compile it again with this version"
    )]
    Format(u16),
    /// It ends too early, or a section cannot be read.
    #[error("the {0} cannot be read: the file is damaged or cut short; compile it again")]
    Damaged(&'static str),
    /// There is another way to write the same program.
    #[error("the {0} is not written as Onward writes it; compile it again")]
    NotCanonical(&'static str),
    /// It is too large.
    #[error("the program is larger than {} MiB", MAX_ARTIFACT >> 20)]
    TooLarge,
    /// It could do what a program must not.
    #[error("{place} is not safe to run: {problem}")]
    Unsound {
        /// Where: `function 3 (welcome.subject), word 7`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl Artifact {
    /// Its bytes. The same program gives the same bytes.
    ///
    /// # Errors
    ///
    /// If it is larger than [`MAX_ARTIFACT`].
    pub fn encode(&self) -> Result<Vec<u8>, ArtifactError> {
        let mut bytes = self.hashed()?;
        bytes.extend(section(&self.debug, "debug section")?);
        if bytes.len() > MAX_ARTIFACT { Err(ArtifactError::TooLarge) } else { Ok(bytes) }
    }

    /// Reads and verifies. Any bytes may be given.
    ///
    /// # Errors
    ///
    /// If they are not the bytes of a program that is safe to run.
    pub fn decode(bytes: &[u8]) -> Result<Verified, ArtifactError> {
        if bytes.len() > MAX_ARTIFACT {
            return Err(ArtifactError::TooLarge);
        }
        let rest = bytes.strip_prefix(&MAGIC).ok_or(ArtifactError::Magic)?;
        let (format, rest) = rest.split_first_chunk().ok_or(ArtifactError::Damaged("header"))?;
        let format = u16::from_be_bytes(*format);
        if format != FORMAT {
            return Err(ArtifactError::Format(format));
        }
        let (length, rest) = rest.split_first_chunk().ok_or(ArtifactError::Damaged("header"))?;
        let length = u32::from_be_bytes(*length) as usize;
        let (program, debug) = rest.split_at_checked(length).ok_or(ArtifactError::Damaged("program"))?;
        let artifact = Self { program: read(program, "program")?, debug: read(debug, "debug section")? };
        let (hashed, verified) = artifact.proven()?;
        if bytes.strip_prefix(&*hashed) != Some(debug) {
            return Err(ArtifactError::NotCanonical("program"));
        }
        if section(verified.debug(), "debug section")? != debug {
            return Err(ArtifactError::NotCanonical("debug section"));
        }
        Ok(verified)
    }

    /// Proves that it is safe to run.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Unsound`] if it is not.
    pub fn verify(self) -> Result<Verified, ArtifactError> {
        self.proven().map(|(_, verified)| verified)
    }

    /// The proof, and the bytes that give the hash.
    fn proven(self) -> Result<(Vec<u8>, Verified), ArtifactError> {
        verify::program(&self.program)?;
        verify::debug(&self.program, &self.debug)?;
        let bytes = self.hashed()?;
        let hash = Hash(*blake3::hash(&bytes).as_bytes());
        Ok((bytes, Verified { artifact: self, hash }))
    }

    /// All bytes but the debug section.
    fn hashed(&self) -> Result<Vec<u8>, ArtifactError> {
        let program = section(&self.program, "program")?;
        let length = u32::try_from(program.len()).map_err(|_| ArtifactError::TooLarge)?;
        let mut bytes = Vec::with_capacity(HEADER + program.len());
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(program);
        Ok(bytes)
    }
}

impl Verified {
    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.artifact.program
    }

    /// What explains it.
    #[must_use]
    pub fn debug(&self) -> &Debug {
        &self.artifact.debug
    }

    /// Its name.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The artifact, for writing and listing it.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }
}

fn section<T: serde::Serialize>(value: &T, name: &'static str) -> Result<Vec<u8>, ArtifactError> {
    postcard::to_stdvec(value).map_err(|_| ArtifactError::Damaged(name))
}

/// Reads a section. What follows it is not looked at.
fn read<T: serde::de::DeserializeOwned>(bytes: &[u8], name: &'static str) -> Result<T, ArtifactError> {
    postcard::from_bytes(bytes).map_err(|_| ArtifactError::Damaged(name))
}
