//! `<param name="…" value="…"/>` of one module's configuration, each with the place it was typed at.

use roxmltree::{Document, Node};
use switch_core::config_xml::{ModuleXml, Origin};

use super::problem::Problem;

/// One parameter.
pub(super) struct Param {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

impl Param {
    /// A complaint about its value.
    pub(super) fn wrong(&self, expected: &str) -> Problem {
        let what = format!("{}: expected {expected}, not \"{}\"", self.name, self.value);
        Problem::at(self.origin.clone(), what)
    }

    /// Reads the value, or complains.
    pub(super) fn parse<T>(
        &self,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let parsed = parse(self.value.trim());
        if parsed.is_none() {
            problems.push(self.wrong(expected));
        }
        parsed
    }

    /// Reads a whole number, or complains.
    pub(super) fn number<T: std::str::FromStr>(&self, problems: &mut Vec<Problem>) -> Option<T> {
        self.parse("a number", |text| text.parse().ok(), problems)
    }

    /// What FreeSWITCH takes for true.
    pub(super) fn is_true(&self) -> bool {
        is_true(&self.value)
    }
}

/// What FreeSWITCH takes for true.
pub(super) fn is_true(text: &str) -> bool {
    let words = ["yes", "on", "true", "t", "enabled", "active", "allow"];
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
        || text.parse::<i64>().is_ok_and(|number| number != 0)
}

/// A module's configuration as a tree.
pub(super) struct Module<'x> {
    xml: &'x ModuleXml,
    document: Document<'x>,
}

impl<'x> Module<'x> {
    /// Parses; the text was cut out of a tree that parsed, so this fails only for limits of the parser.
    pub(super) fn parse(xml: &'x ModuleXml) -> Result<Self, Problem> {
        match Document::parse(&xml.xml) {
            Ok(document) => Ok(Self { xml, document }),
            Err(error) => Err(Problem::at(xml.origin(0), error.to_string())),
        }
    }

    /// Its outermost element.
    pub(super) fn root(&self) -> Node<'_, 'x> {
        self.document.root_element()
    }

    /// Where a node was typed.
    pub(super) fn origin(&self, node: Node<'_, '_>) -> Origin {
        self.xml.origin(node.range().start)
    }

    /// The parameters below the elements named `inside`, directly below `parent`.
    pub(super) fn params(&self, parent: Node<'_, '_>, inside: &str) -> Vec<Param> {
        children(parent, inside)
            .flat_map(|settings| children(settings, "param"))
            .filter_map(|node| {
                Some(Param {
                    name: node.attribute("name")?.to_owned(),
                    value: node.attribute("value").unwrap_or_default().to_owned(),
                    origin: self.origin(node),
                })
            })
            .collect()
    }
}

/// The elements of that name directly below.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}
