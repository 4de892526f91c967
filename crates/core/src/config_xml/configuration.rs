//! The whole configuration, loaded.

use std::collections::HashMap;
use std::path::Path;

use super::preprocess::malformed_files;
use super::{ConfigError, Expanded, Files, Globals, Tree, preprocess};
use crate::dialplan::Dialplan;
use crate::directory::Directory;

/// What a configuration folder says, in the form the switch uses.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Variables set with `X-PRE-PROCESS`, on top of those given.
    pub globals: Globals,
    /// Contexts and their extensions, expressions compiled.
    pub dialplan: Dialplan,
    /// Domains, groups, users.
    pub directory: Directory,
    /// Suspicious but accepted.
    pub warnings: Vec<ConfigError>,
    modules: HashMap<Box<str>, ModuleXml>,
}

/// The text of one `<configuration name="….conf">`, for whoever owns that module to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleXml {
    /// The element, pre-processed, comments dropped: a well-formed document of its own.
    pub xml: String,
    /// The file it begins in.
    pub file: String,
    /// The line it begins on.
    pub line: u32,
}

impl Configuration {
    /// Loads everything below `root`, usually `freeswitch.xml`.
    ///
    /// # Errors
    /// Every problem of every file and section, sorted by file and line.
    pub fn load(
        files: &dyn Files,
        root: &Path,
        globals: Globals,
    ) -> Result<Self, Vec<ConfigError>> {
        let expanded = preprocess(files, root, globals.clone())?;
        let tree = match Tree::parse(&expanded) {
            Ok(tree) => tree,
            Err(first) => {
                let mut all = malformed_files(files, root, globals);
                if all.is_empty() {
                    // Each file is fine alone, so a tag opened in one is closed in another.
                    all.push(first);
                }
                return Err(all);
            }
        };
        Self::read(&tree, &expanded)
    }

    fn read(tree: &Tree<'_>, expanded: &Expanded) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut warnings = expanded.warnings.clone();
        let dialplan = Dialplan::read(tree, tree.sections("dialplan"), &mut errors, &mut warnings);
        let directory =
            Directory::read(tree, tree.sections("directory"), &mut errors, &mut warnings);
        let mut modules = HashMap::new();
        for section in tree.sections("configuration") {
            for node in super::elements(section).filter(|n| n.has_tag_name("configuration")) {
                let Some(name) = node.attribute("name") else {
                    errors.push(tree.complain(node, "a configuration has no name"));
                    continue;
                };
                let origin = tree.origin(node);
                let module = ModuleXml {
                    xml: tree.text_of(node).to_owned(),
                    file: origin.file.to_string(),
                    line: origin.line,
                };
                if modules.contains_key(name) {
                    let message =
                        format!("{name} is configured a second time; the first one counts");
                    warnings.push(tree.complain(node, message));
                } else {
                    modules.insert(name.into(), module);
                }
            }
        }
        if errors.is_empty() {
            Ok(Self {
                globals: expanded.globals.clone(),
                dialplan,
                directory,
                warnings,
                modules,
            })
        } else {
            errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            Err(errors)
        }
    }

    /// The settings of a module by configuration name, such as `acl.conf`.
    pub fn module(&self, name: &str) -> Option<&ModuleXml> {
        self.modules.get(name)
    }
}
