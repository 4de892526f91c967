//! What the readers of sections found wrong.

use roxmltree::Node;

use super::{ConfigError, Tree};

/// Complaints of one kind that are kept. A broken generator of files would otherwise fill the terminal for
/// minutes, and finding out where each of a million complaints belongs would take as long.
pub(super) const MAX_COMPLAINTS: usize = 1_000;

/// Collects errors, which refuse the configuration, and warnings, which do not.
pub(crate) struct Complaints<'t, 'e> {
    tree: &'t Tree<'e>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<ConfigError>,
}

impl<'t, 'e> Complaints<'t, 'e> {
    pub(crate) fn new(tree: &'t Tree<'e>) -> Self {
        Self {
            tree,
            errors: Vec::new(),
            warnings: tree.expanded().warnings.clone(),
        }
    }

    /// Something wrong with an element.
    pub(crate) fn error(&mut self, node: Node<'_, '_>, message: impl Into<String>) {
        if self.errors.len() < MAX_COMPLAINTS {
            self.errors.push(self.tree.complain(node, message));
        }
    }

    /// Something wrong with the value of one attribute; with the element when it has no such attribute.
    pub(crate) fn attribute_error(
        &mut self,
        node: Node<'_, '_>,
        name: &str,
        message: impl Into<String>,
    ) {
        if self.errors.len() < MAX_COMPLAINTS {
            self.errors
                .push(self.tree.complain_attribute(node, name, message));
        }
    }

    /// Something suspicious about an element.
    pub(crate) fn warn(&mut self, node: Node<'_, '_>, message: impl Into<String>) {
        if self.warnings.len() < MAX_COMPLAINTS {
            self.warnings.push(self.tree.complain(node, message));
        }
    }

    /// An element that means nothing where it stands. The name of a directive that somebody switched off is
    /// known and means nothing on purpose.
    pub(crate) fn unknown_element(&mut self, node: Node<'_, '_>, inside: &str) {
        let name = node.tag_name().name();
        if !name.eq_ignore_ascii_case("X-NO-PRE-PROCESS") {
            self.warn(node, format!("<{name}> means nothing inside {inside}"));
        }
    }

    /// Attributes that mean nothing, most often misspelled ones.
    pub(crate) fn unknown_attributes(&mut self, node: Node<'_, '_>, known: &[&str]) {
        for attribute in node.attributes().filter(|a| !known.contains(&a.name())) {
            let (name, element) = (attribute.name(), node.tag_name().name());
            if self.warnings.len() < MAX_COMPLAINTS {
                let message = format!("attribute {name} of <{element}> means nothing here");
                self.warnings
                    .push(self.tree.complain_attribute(node, name, message));
            }
        }
    }
}
