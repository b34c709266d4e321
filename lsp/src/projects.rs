//! Which files belong together: on disk, and open in an editor.
//!
//! A file belongs to the nearest folder above it with an `onward.toml`, else to the
//! workspace folder that holds it, else it is a project by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onward_compiler::project::Memory;
use tower_lsp_server::ls_types::Uri;

use crate::documents::Documents;
use crate::snapshot::{File, Project};

/// A file larger than this is no rule file.
const LARGEST: u64 = 4 << 20;
/// Folders that never hold rules.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

/// Projects and what of them is on disk.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    folders: Vec<PathBuf>,
    /// By root.
    known: BTreeMap<PathBuf, Known>,
    /// The roots below the workspace's folders, until something may have changed them.
    below: Option<Vec<PathBuf>>,
    /// The root of each file that was asked for, until the same.
    roots: BTreeMap<PathBuf, PathBuf>,
}

#[derive(Debug, Default)]
struct Known {
    /// What is on disk, by path.
    disk: BTreeMap<PathBuf, Arc<str>>,
    /// The last that was made of it, unless something has changed.
    made: Option<Arc<Project>>,
    files: Kept,
    /// What the compiler remembers.
    memory: Arc<Memory>,
    /// Whether the folder is read whole, or the project is one file.
    whole: Whole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Whole {
    #[default]
    Folder,
    File,
}

impl Projects {
    /// The workspace's folders are these now.
    pub(crate) fn set_folders(&mut self, folders: Vec<PathBuf>) {
        self.folders = folders;
        self.forget_roots();
    }

    /// Where projects begin is looked up anew.
    fn forget_roots(&mut self) {
        self.below = None;
        self.roots.clear();
    }

    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Every project below the workspace's folders, and those of open documents.
    pub(crate) fn all(&mut self, documents: &Documents) -> Vec<Arc<Project>> {
        let folders = &self.folders;
        let below = self.below.get_or_insert_with(|| folders.iter().flat_map(|it| projects_in(it)).collect());
        let mut roots: Vec<PathBuf> = below.clone();
        roots.extend(documents.iter().filter_map(|(_, it)| it.path.clone()).map(|path| self.root_of(&path)));
        roots.sort();
        roots.dedup();
        roots.iter().filter_map(|root| self.project(root, documents)).collect()
    }

    /// The project of a document.
    pub(crate) fn of(&mut self, uri: &str, documents: &Documents) -> Option<Arc<Project>> {
        match path_of(uri) {
            Some(path) => {
                let root = self.root_of(&path);
                self.project(&root, documents)
            }
            None => untitled(uri, documents),
        }
    }

    /// Something of the document has changed in its editor.
    pub(crate) fn touch(&mut self, uri: &str) {
        let Some(path) = path_of(uri) else { return };
        let root = self.root_of(&path);
        if let Some(known) = self.known.get_mut(&root) {
            known.forget();
        }
    }

    /// Something has changed on disk: what is known of it is read again.
    pub(crate) fn changed_on_disk(&mut self, path: &Path) {
        if path.file_name().is_some_and(|name| name == "onward.toml") {
            // It may have made one project of two, or two of one.
            self.forget_roots();
            self.known.retain(|root, _| {
                !root.starts_with(path.parent().unwrap_or(path)) && !path.starts_with(root)
            });
            return;
        }
        let root = self.root_of(path);
        let Some(known) = self.known.get_mut(&root) else { return };
        match read(path) {
            Some(text) if is_source(path) => {
                known.disk.insert(path.to_owned(), text);
            }
            _ => {
                known.disk.retain(|known, _| !known.starts_with(path));
                known.files.forget(path);
            }
        }
        known.forget();
    }

    fn project(&mut self, root: &Path, documents: &Documents) -> Option<Arc<Project>> {
        let known = self.known.entry(root.to_owned()).or_insert_with(|| Known::read(root));
        if known.made.is_none() {
            known.make(root, documents);
        }
        known.made.clone()
    }

    fn root_of(&mut self, path: &Path) -> PathBuf {
        if let Some(known) = self.roots.get(path) {
            return known.clone();
        }
        let root = self.find_root(path);
        self.roots.insert(path.to_owned(), root.clone());
        root
    }

    fn find_root(&self, path: &Path) -> PathBuf {
        let above = || path.ancestors().skip(1);
        if let Some(root) = above().find(|folder| folder.join("onward.toml").is_file()) {
            return root.to_owned();
        }
        let folder = self
            .folders
            .iter()
            .filter(|folder| path.starts_with(folder))
            .max_by_key(|it| it.as_os_str().len());
        folder.cloned().unwrap_or_else(|| path.to_owned())
    }
}

impl Known {
    fn read(root: &Path) -> Self {
        if !root.is_dir() {
            return Self { whole: Whole::File, ..Self::default() };
        }
        let mut disk = BTreeMap::new();
        walk(root, root, &mut disk);
        Self { disk, ..Self::default() }
    }

    fn forget(&mut self) {
        self.made = None;
    }

    fn make(&mut self, root: &Path, documents: &Documents) {
        let mut texts: BTreeMap<&Path, &Arc<str>> =
            self.disk.iter().map(|(path, text)| (&**path, text)).collect();
        for (_, document) in documents.iter() {
            let Some(path) = &document.path else { continue };
            let belongs = match self.whole {
                Whole::File => path == root,
                Whole::Folder => path.starts_with(root) && is_source(path) && nearest(path, root),
            };
            if belongs {
                texts.insert(path, &document.text);
            }
        }
        let base = if self.whole == Whole::File { root.parent().unwrap_or(root) } else { root };
        let files: Vec<Arc<File>> =
            texts.into_iter().map(|(path, text)| self.files.get(path, text, base, &self.memory)).collect();
        self.made = Some(Arc::new(Project::new(base.to_owned(), files, self.memory.clone())));
    }
}

/// The files of the last time: one whose text is the same is kept.
#[derive(Debug, Default)]
struct Kept(BTreeMap<PathBuf, Arc<File>>);

impl Kept {
    fn get(&mut self, path: &Path, text: &Arc<str>, base: &Path, memory: &Arc<Memory>) -> Arc<File> {
        if let Some(known) = self.0.get(path)
            && (Arc::ptr_eq(&known.text, text) || known.text == *text)
        {
            return known.clone();
        }
        let below = path.strip_prefix(base).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let file = Arc::new(File::new(uri_of(path), below.into(), text.clone(), memory.clone()));
        self.0.insert(path.to_owned(), file.clone());
        file
    }

    /// Forgets what lies at or below a path.
    fn forget(&mut self, path: &Path) {
        self.0.retain(|known, _| !known.starts_with(path));
    }
}

/// The project of a document that has no file yet.
fn untitled(uri: &str, documents: &Documents) -> Option<Arc<Project>> {
    let document = documents.get(uri)?;
    let name: String = uri.chars().filter(|it| it.is_alphanumeric() || *it == '_').collect();
    let memory: Arc<Memory> = Arc::default();
    let path = format!("{name}.onward").into();
    let file = File::new(uri.into(), path, document.text.clone(), memory.clone());
    Some(Arc::new(Project::new(PathBuf::new(), vec![Arc::new(file)], memory)))
}

/// Whether no folder between the file and the root is a project of its own.
fn nearest(path: &Path, root: &Path) -> bool {
    let between = path.ancestors().skip(1).take_while(|folder| *folder != root);
    !between.into_iter().any(|folder| folder.join("onward.toml").is_file())
}

/// The projects at or below a folder; the folder itself if there is none.
fn projects_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        if folder.join("onward.toml").is_file() {
            found.push(folder.clone());
        }
        open.extend(folders_in(&folder));
    }
    if found.is_empty() {
        found.push(folder.to_owned());
    }
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|it| it.path()).filter(|path| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        !name.starts_with('.') && !SKIPPED.contains(&name.as_str())
    })
}

fn folders_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    // A link to a folder could lead in a circle.
    entries(folder).filter(|path| path.is_dir() && !path.is_symlink())
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Arc<str>>) {
    if folder != root && folder.join("onward.toml").is_file() {
        return;
    }
    for path in entries(folder) {
        if path.is_dir() && !path.is_symlink() {
            walk(root, &path, found);
        } else if is_source(&path)
            && let Some(text) = read(&path)
        {
            found.insert(path, text);
        }
    }
}

/// Whether the compiler reads files of this name.
fn is_source(path: &Path) -> bool {
    let ends = |end: &str| path.extension().is_some_and(|it| it == end);
    let in_templates = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "templates");
    ends("onward")
        || path.file_name().is_some_and(|name| name == "onward.toml")
        || (in_templates && (ends("md") || ends("html") || ends("mjml")))
}

fn read(path: &Path) -> Option<Arc<str>> {
    let size = std::fs::metadata(path).ok()?.len();
    (size <= LARGEST).then(|| std::fs::read_to_string(path).ok()).flatten().map(Arc::from)
}

/// The file that a URI names, if it names one.
pub(crate) fn path_of(uri: &str) -> Option<PathBuf> {
    let uri: Uri = uri.parse().ok()?;
    uri.to_file_path().map(|path| path.into_owned())
}

/// The URI of a file.
pub(crate) fn uri_of(path: &Path) -> Arc<str> {
    Uri::from_file_path(path).map_or_else(|| path.to_string_lossy().into(), |uri| uri.as_str().into())
}
