//! The dialplan as read: contexts of extensions of conditions.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::Condition;
use crate::config_xml::{Complaints, ConfigError, Globals, TextFiles, Tree, preprocess};

/// All contexts. Immutable; a reload makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Dialplan {
    pub(super) contexts: HashMap<Box<str>, Context>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub(super) extensions: Vec<Extension>,
}

#[derive(Debug, Clone)]
pub(super) struct Extension {
    pub(super) name: Arc<str>,
    /// The hunt goes on to the next extension even when this one matched.
    pub(super) continues: bool,
    pub(super) conditions: Vec<Condition>,
}

impl Dialplan {
    /// A dialplan with no context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads contexts from text without includes, with or without a section around them. For tests and tools;
    /// a configuration folder is loaded by [`crate::config_xml::Configuration::load`].
    ///
    /// # Errors
    /// Every error; on success the second part are the warnings.
    pub fn from_text(xml: &str) -> Result<(Self, Vec<ConfigError>), Vec<ConfigError>> {
        let mut files = TextFiles::new();
        files.insert("/dialplan.xml", xml);
        let expanded = preprocess(&files, "/dialplan.xml".as_ref(), Globals::new())?;
        let tree = Tree::parse(&expanded).map_err(|error| vec![error])?;
        let mut complaints = Complaints::new(&tree);
        let mut sections: Vec<_> = tree.sections("dialplan").collect();
        if sections.is_empty() {
            sections.extend(tree.top().filter_map(|node| node.parent()).take(1));
        }
        let dialplan = Self::read(sections.into_iter(), &mut complaints);
        if complaints.errors.is_empty() {
            Ok((dialplan, complaints.warnings))
        } else {
            Err(complaints.errors)
        }
    }

    /// Whether there is such a context.
    pub fn has_context(&self, name: &str) -> bool {
        self.contexts.contains_key(name)
    }

    /// The names of the contexts, in no order.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.contexts.keys().map(|name| &**name)
    }

    /// The names of a context's extensions, in order; empty when there is no such context.
    pub fn extensions(&self, context: &str) -> impl Iterator<Item = &str> {
        self.contexts
            .get(context)
            .into_iter()
            .flat_map(|c| c.extensions.iter().map(|e| &*e.name))
    }
}
