//! `<context>` elements to a [`Dialplan`].

use std::collections::hash_map::Entry;

use roxmltree::Node;

use super::action::Action;
use super::attribute::{break_when, quorum, truth};
use super::condition::{Break, Condition, Field, FieldTest, Pattern, Test};
use super::context::{Context, Extension};
use super::{Dialplan, Expression, TimeOfDay};
use crate::config_xml::{ConfigError, Tree};
use crate::expand::has_expansion;

/// How deep conditions may be nested.
const MAX_NESTING: usize = 16;

impl Dialplan {
    /// Reads the contexts of `<section name="dialplan">` elements.
    pub(crate) fn read<'t, 'e: 't>(
        tree: &'t Tree<'e>,
        sections: impl Iterator<Item = Node<'t, 'e>>,
        errors: &mut Vec<ConfigError>,
        warnings: &mut Vec<ConfigError>,
    ) -> Self {
        let mut reader = Reader {
            tree,
            errors,
            warnings,
        };
        let mut dialplan = Self::new();
        for node in sections.flat_map(crate::config_xml::elements) {
            if !node.has_tag_name("context") {
                reader.unknown(node, "a dialplan section");
                continue;
            }
            let Some(name) = node.attribute("name") else {
                reader.error(node, "a context has no name");
                continue;
            };
            let context = reader.context(node);
            match dialplan.contexts.entry(name.into()) {
                Entry::Vacant(place) => {
                    place.insert(context);
                }
                Entry::Occupied(_) => {
                    reader.warn(
                        node,
                        format!("context {name:?} is defined a second time; the first one counts"),
                    );
                }
            }
        }
        dialplan
    }
}

struct Reader<'r, 't, 'e> {
    tree: &'t Tree<'e>,
    errors: &'r mut Vec<ConfigError>,
    warnings: &'r mut Vec<ConfigError>,
}

impl<'t, 'e> Reader<'_, 't, 'e> {
    fn error(&mut self, node: Node<'t, 'e>, message: impl Into<String>) {
        self.errors.push(self.tree.complain(node, message));
    }

    fn attribute_error(&mut self, node: Node<'t, 'e>, name: &str, message: impl Into<String>) {
        self.errors
            .push(self.tree.complain_attribute(node, name, message));
    }

    fn warn(&mut self, node: Node<'t, 'e>, message: impl Into<String>) {
        self.warnings.push(self.tree.complain(node, message));
    }

    fn unknown(&mut self, node: Node<'t, 'e>, inside: &str) {
        let name = node.tag_name().name().to_owned();
        // The name for a directive that somebody switched off.
        if !name.eq_ignore_ascii_case("X-NO-PRE-PROCESS") {
            self.warn(node, format!("<{name}> means nothing inside {inside}"));
        }
    }

    fn context(&mut self, node: Node<'t, 'e>) -> Context {
        let mut context = Context::default();
        for child in crate::config_xml::elements(node) {
            if child.has_tag_name("extension") {
                context.extensions.push(self.extension(child));
            } else {
                self.unknown(child, "a context");
            }
        }
        context
    }

    fn extension(&mut self, node: Node<'t, 'e>) -> Extension {
        self.known_attributes(node, &["name", "continue"]);
        let mut conditions = Vec::new();
        for child in crate::config_xml::elements(node) {
            if child.has_tag_name("condition") {
                conditions.extend(self.condition(child, 1));
            } else {
                self.unknown(child, "an extension");
            }
        }
        if conditions.is_empty() {
            self.warn(node, "an extension without a condition never matches");
        }
        Extension {
            name: node.attribute("name").unwrap_or_default().into(),
            continues: self.flag(node, "continue", false),
            conditions,
        }
    }

    fn condition(&mut self, node: Node<'t, 'e>, depth: usize) -> Option<Condition> {
        if depth > MAX_NESTING {
            self.error(
                node,
                format!("conditions are nested deeper than {MAX_NESTING}"),
            );
            return None;
        }
        let mut condition = Condition {
            time: self.time(node),
            test: self.test(node)?,
            break_when: Break::OnFalse,
            require_nested: self.flag(node, "require-nested", true),
            actions: Vec::new(),
            anti_actions: Vec::new(),
            nested: Vec::new(),
        };
        if let Some(value) = node.attribute("break") {
            match break_when(value) {
                Some(found) => condition.break_when = found,
                None => self.attribute_error(
                    node,
                    "break",
                    "break is on-false, on-true, always or never",
                ),
            }
        }
        for child in crate::config_xml::elements(node) {
            match child.tag_name().name() {
                "action" => condition.actions.extend(self.action(child)),
                "anti-action" => condition.anti_actions.extend(self.action(child)),
                "condition" => condition.nested.extend(self.condition(child, depth + 1)),
                "expression" => {}
                "regex" if matches!(condition.test, Test::Several(..)) => {}
                "regex" => self.error(
                    child,
                    "<regex> needs a condition with regex=\"all\", \"any\" or \"xor\"",
                ),
                _ => self.unknown(child, "a condition"),
            }
        }
        Some(condition)
    }

    /// The test of a condition; `None`, and an error written down, when it makes no sense.
    fn test(&mut self, node: Node<'t, 'e>) -> Option<Test> {
        let mut known = vec!["field", "expression", "regex", "break", "require-nested"];
        known.extend(TimeOfDay::ATTRIBUTES);
        self.known_attributes(node, &known);
        let Some(value) = node.attribute("regex") else {
            return match node.attribute("field") {
                Some(field) => Some(Test::One(self.field_test(node, field)?)),
                None => {
                    if node.has_attribute("expression") {
                        self.attribute_error(
                            node,
                            "expression",
                            "expression needs a field to compare",
                        );
                        return None;
                    }
                    Some(Test::Always)
                }
            };
        };
        let Some(quorum) = quorum(value) else {
            self.attribute_error(node, "regex", "regex is all, any or xor");
            return None;
        };
        if node.has_attribute("field") {
            self.attribute_error(
                node,
                "field",
                "a condition has either a field or a regex, not both",
            );
            return None;
        }
        let mut tests = Vec::new();
        for child in crate::config_xml::elements(node).filter(|child| child.has_tag_name("regex")) {
            self.known_attributes(child, &["field", "expression"]);
            match child.attribute("field") {
                Some(field) => tests.extend(self.field_test(child, field)),
                None => self.error(child, "a <regex> has no field"),
            }
        }
        if tests.is_empty() {
            self.error(node, "a condition with regex has no usable <regex> in it");
            return None;
        }
        Some(Test::Several(quorum, tests))
    }

    fn field_test(&mut self, node: Node<'t, 'e>, field: &str) -> Option<FieldTest> {
        let element =
            crate::config_xml::elements(node).find(|child| child.has_tag_name("expression"));
        let written = match element {
            Some(element) => element.text().unwrap_or_default().trim_ascii(),
            None => node.attribute("expression").unwrap_or_else(|| {
                self.warnings.push(
                    self.tree
                        .complain(node, "a field without an expression matches always"),
                );
                ""
            }),
        };
        // `${` means nothing to PCRE but an end followed by a brace, which can never match.
        let pattern = if has_expansion(written) && written.contains("${") {
            Pattern::Expanded(written.into())
        } else {
            match Expression::compile(written) {
                Ok(expression) => Pattern::Fixed(expression),
                Err(error) => {
                    self.attribute_error(
                        node,
                        "expression",
                        format!("expression {written:?}: {error}"),
                    );
                    return None;
                }
            }
        };
        Some(FieldTest {
            field: Field::new(field),
            pattern,
        })
    }

    fn action(&mut self, node: Node<'t, 'e>) -> Option<Action> {
        self.known_attributes(node, &["application", "data", "inline"]);
        let Some(application) = node
            .attribute("application")
            .filter(|name| !name.is_empty())
        else {
            self.error(node, "an action has no application");
            return None;
        };
        let text = node
            .text()
            .map(str::trim_ascii)
            .filter(|text| !text.is_empty());
        let data = text.or(node.attribute("data")).unwrap_or_default();
        Some(Action::new(
            application,
            data,
            self.flag(node, "inline", false),
        ))
    }

    fn time(&mut self, node: Node<'t, 'e>) -> Option<TimeOfDay> {
        let mut time = TimeOfDay::default();
        let mut any = false;
        for name in TimeOfDay::ATTRIBUTES {
            if let Some(value) = node.attribute(*name) {
                any = true;
                if let Err(message) = time.restrict(name, value) {
                    self.attribute_error(node, name, format!("{name}={value:?}: {message}"));
                }
            }
        }
        any.then_some(time)
    }

    fn flag(&mut self, node: Node<'t, 'e>, name: &str, default: bool) -> bool {
        let Some(value) = node.attribute(name) else {
            return default;
        };
        truth(value).unwrap_or_else(|| {
            self.attribute_error(node, name, format!("{name} is true or false"));
            default
        })
    }

    fn known_attributes(&mut self, node: Node<'t, 'e>, known: &[&str]) {
        for attribute in node.attributes().filter(|a| !known.contains(&a.name())) {
            let message = format!(
                "attribute {} of <{}> means nothing here",
                attribute.name(),
                node.tag_name().name()
            );
            self.warnings.push(
                self.tree
                    .complain_attribute(node, attribute.name(), message),
            );
        }
    }
}
