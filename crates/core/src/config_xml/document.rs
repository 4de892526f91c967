//! The parsed tree, which can say where each of its nodes was typed.

use roxmltree::{Document, Node};

use super::{ConfigError, Expanded, Origin, Origins};

/// The joined text as a tree.
pub struct Tree<'e> {
    expanded: &'e Expanded,
    document: Document<'e>,
}

impl<'e> Tree<'e> {
    /// Parses. Document types, and with them entities, are refused.
    ///
    /// # Errors
    /// The first place that is not well-formed XML.
    pub fn parse(expanded: &'e Expanded) -> Result<Self, ConfigError> {
        Ok(Self {
            expanded,
            document: parse(&expanded.text, &expanded.origins)?,
        })
    }

    /// Every `<section name="…">` of that name, wherever it stands, in order.
    pub fn sections<'t>(&'t self, name: &'t str) -> impl Iterator<Item = Node<'t, 'e>> {
        self.document
            .root_element()
            .descendants()
            .filter(move |node| {
                node.has_tag_name("section") && node.attribute("name") == Some(name)
            })
    }

    /// The elements at the top, for a file that holds contexts or domains without a section around them.
    pub fn top(&self) -> impl Iterator<Item = Node<'_, 'e>> {
        elements(self.document.root_element())
    }

    /// Where the node begins.
    pub fn origin(&self, node: Node<'_, '_>) -> Origin {
        self.expanded
            .origins
            .locate(&self.expanded.text, node.range().start)
    }

    /// A complaint about a node.
    pub fn complain(&self, node: Node<'_, '_>, message: impl Into<String>) -> ConfigError {
        at(self.origin(node), message)
    }

    /// A complaint about one attribute's value; about the node when it has no such attribute.
    pub fn complain_attribute(
        &self,
        node: Node<'_, '_>,
        name: &str,
        message: impl Into<String>,
    ) -> ConfigError {
        let offset = node
            .attribute_node(name)
            .map_or(node.range().start, |found| found.range_value().start);
        at(
            self.expanded.origins.locate(&self.expanded.text, offset),
            message,
        )
    }

    /// What was parsed.
    pub(super) fn expanded(&self) -> &'e Expanded {
        self.expanded
    }

    /// The line map of [`Tree::text_of`].
    pub(super) fn origins_of(&self, node: Node<'_, '_>) -> Origins {
        self.expanded
            .origins
            .of_part(&self.expanded.text, node.range())
    }

    /// The joined text of one node.
    pub(super) fn text_of(&self, node: Node<'_, '_>) -> &'e str {
        &self.expanded.text[node.range()]
    }
}

/// The element children of a node.
pub(crate) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

pub(super) fn parse<'t>(text: &'t str, origins: &Origins) -> Result<Document<'t>, ConfigError> {
    Document::parse(text).map_err(|error| {
        let position = error.pos();
        let mut message = error.to_string();
        // The parser counts in the joined text, which nobody has seen.
        if let Some(cut) = message.rfind(&format!(" at {position}")) {
            message.truncate(cut);
        }
        at(
            origins.locate(text, offset_of(text, position.row, position.col)),
            message,
        )
    })
}

fn at(origin: Origin, message: impl Into<String>) -> ConfigError {
    ConfigError {
        file: origin.file,
        line: origin.line,
        column: origin.column,
        message: message.into(),
    }
}

/// The byte at a row and column, both counted from 1 and in characters.
fn offset_of(text: &str, row: u32, column: u32) -> usize {
    let mut start = 0;
    for _ in 1..row {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => break,
        }
    }
    let skip = usize::try_from(column)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let line = &text[start..];
    line.char_indices()
        .nth(skip)
        .map_or(text.len(), |(i, _)| start + i)
}
