//! `<context>` elements to a [`Dialplan`].

use std::collections::hash_map::Entry;

use roxmltree::Node;

use super::action::Action;
use super::attribute::{break_when, quorum, truth};
use super::condition::{Break, Condition, Field, FieldTest, Pattern, Test};
use super::context::{Context, Extension};
use super::{Dialplan, Expression, TimeOfDay};
use crate::config_xml::{Complaints, elements};
use crate::expand::has_expansion;

/// How deep conditions may be nested.
const MAX_NESTING: usize = 16;

impl Dialplan {
    /// Reads the contexts of `<section name="dialplan">` elements.
    pub(crate) fn read<'t, 'e: 't>(
        sections: impl Iterator<Item = Node<'t, 'e>>,
        complaints: &mut Complaints<'t, 'e>,
    ) -> Self {
        let mut reader = Reader { complaints };
        let mut dialplan = Self::new();
        for node in sections.flat_map(elements) {
            if !node.has_tag_name("context") {
                reader
                    .complaints
                    .unknown_element(node, "a dialplan section");
                continue;
            }
            let Some(name) = node.attribute("name") else {
                reader.complaints.error(node, "a context has no name");
                continue;
            };
            let context = reader.context(node);
            match dialplan.contexts.entry(name.into()) {
                Entry::Vacant(place) => {
                    place.insert(context);
                }
                Entry::Occupied(_) => {
                    let message =
                        format!("context {name:?} is defined a second time; the first one counts");
                    reader.complaints.warn(node, message);
                }
            }
        }
        dialplan
    }
}

struct Reader<'r, 't, 'e> {
    complaints: &'r mut Complaints<'t, 'e>,
}

impl<'t, 'e> Reader<'_, 't, 'e> {
    fn context(&mut self, node: Node<'t, 'e>) -> Context {
        let mut context = Context::default();
        for child in elements(node) {
            if child.has_tag_name("extension") {
                context.extensions.push(self.extension(child));
            } else {
                self.complaints.unknown_element(child, "a context");
            }
        }
        context
    }

    fn extension(&mut self, node: Node<'t, 'e>) -> Extension {
        self.complaints
            .unknown_attributes(node, &["name", "continue"]);
        let mut conditions = Vec::new();
        for child in elements(node) {
            if child.has_tag_name("condition") {
                conditions.extend(self.condition(child, 1));
            } else {
                self.complaints.unknown_element(child, "an extension");
            }
        }
        if conditions.is_empty() {
            self.complaints
                .warn(node, "an extension without a condition never matches");
        }
        Extension {
            name: node.attribute("name").unwrap_or_default().into(),
            continues: self.flag(node, "continue", false),
            conditions,
        }
    }

    fn condition(&mut self, node: Node<'t, 'e>, depth: usize) -> Option<Condition> {
        if depth > MAX_NESTING {
            self.complaints.error(
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
                None => self.complaints.attribute_error(
                    node,
                    "break",
                    "break is on-false, on-true, always or never",
                ),
            }
        }
        for child in elements(node) {
            match child.tag_name().name() {
                "action" => condition.actions.extend(self.action(child)),
                "anti-action" => condition.anti_actions.extend(self.action(child)),
                "condition" => condition.nested.extend(self.condition(child, depth + 1)),
                "expression" => {}
                "regex" if matches!(condition.test, Test::Several(..)) => {}
                "regex" => self.complaints.error(
                    child,
                    "<regex> needs a condition with regex=\"all\", \"any\" or \"xor\"",
                ),
                _ => self.complaints.unknown_element(child, "a condition"),
            }
        }
        Some(condition)
    }

    /// The test of a condition; `None`, and an error written down, when it makes no sense.
    fn test(&mut self, node: Node<'t, 'e>) -> Option<Test> {
        let mut known = vec!["field", "expression", "regex", "break", "require-nested"];
        known.extend(TimeOfDay::ATTRIBUTES);
        self.complaints.unknown_attributes(node, &known);
        let Some(value) = node.attribute("regex") else {
            return match node.attribute("field") {
                Some(field) => Some(Test::One(self.field_test(node, field)?)),
                None => {
                    if node.has_attribute("expression") {
                        self.complaints.attribute_error(
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
            self.complaints
                .attribute_error(node, "regex", "regex is all, any or xor");
            return None;
        };
        if node.has_attribute("field") {
            self.complaints.attribute_error(
                node,
                "field",
                "a condition has either a field or a regex, not both",
            );
            return None;
        }
        let mut tests = Vec::new();
        for child in elements(node).filter(|child| child.has_tag_name("regex")) {
            self.complaints
                .unknown_attributes(child, &["field", "expression"]);
            match child.attribute("field") {
                Some(field) => tests.extend(self.field_test(child, field)),
                None => self.complaints.error(child, "a <regex> has no field"),
            }
        }
        if tests.is_empty() {
            self.complaints
                .error(node, "a condition with regex has no usable <regex> in it");
            return None;
        }
        Some(Test::Several(quorum, tests))
    }

    fn field_test(&mut self, node: Node<'t, 'e>, field: &str) -> Option<FieldTest> {
        let element = elements(node).find(|child| child.has_tag_name("expression"));
        let written = match element {
            Some(element) => element.text().unwrap_or_default().trim_ascii(),
            None => node.attribute("expression").unwrap_or_else(|| {
                self.complaints
                    .warn(node, "a field without an expression matches always");
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
                    self.complaints.attribute_error(
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
        self.complaints
            .unknown_attributes(node, &["application", "data", "inline"]);
        let Some(application) = node
            .attribute("application")
            .filter(|name| !name.is_empty())
        else {
            self.complaints.error(node, "an action has no application");
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
                    self.complaints.attribute_error(
                        node,
                        name,
                        format!("{name}={value:?}: {message}"),
                    );
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
            self.complaints
                .attribute_error(node, name, format!("{name} is true or false"));
            default
        })
    }
}
