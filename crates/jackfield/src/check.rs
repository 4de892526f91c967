//! `jackfield check`: everything wrong with the configuration at once, and what has no effect.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use embedded::{DiskFiles, XmlSource};
use switch_core::config_xml::{BUILT_IN_ROOT, Files, Tree, built_in, preprocess};

use crate::file::{self, Problem};

/// Prints errors and notes; fails when there are errors.
pub(crate) fn run(config: Option<&Path>) -> ExitCode {
    match file::load(config) {
        Ok(loaded) => {
            let mut notes = loaded.notes;
            notes.extend(missing_applications(
                &loaded.settings.switch.xml,
                loaded.settings.switch.programs.is_some(),
            ));
            notes.sort();
            notes.dedup();
            for note in &notes {
                println!("note: {note}");
            }
            let count = notes.len();
            println!(
                "No errors, {count} note{}.",
                if count == 1 { "" } else { "s" }
            );
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in &problems {
                println!("error: {problem}");
            }
            println!("{}.", errors(problems.len()));
            ExitCode::FAILURE
        }
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn errors(count: usize) -> String {
    format!("{count} error{}", if count == 1 { "" } else { "s" })
}

/// Applications the dialplan uses and we lack: a caller would run into them.
pub(crate) fn missing_applications(source: &XmlSource, programs: bool) -> Vec<Problem> {
    let shipped = built_in();
    let (files, root): (&dyn Files, &Path) = match &source.root {
        Some(root) => (&DiskFiles, root),
        None => (&shipped, Path::new(BUILT_IN_ROOT)),
    };
    // It was loaded a moment ago; should that have changed, the next check says so.
    let Ok(expanded) = preprocess(files, root, source.globals.clone()) else {
        return Vec::new();
    };
    let Ok(tree) = Tree::parse(&expanded) else {
        return Vec::new();
    };
    let known: BTreeSet<String> = switch_core::applications(programs)
        .iter()
        .map(|application| application.name.to_ascii_lowercase())
        .collect();
    let actions = tree
        .sections("dialplan")
        .flat_map(|section| section.descendants())
        .filter(|node| node.has_tag_name("action") || node.has_tag_name("anti-action"));
    actions
        .filter_map(|node| {
            let name = node.attribute("application")?;
            let there = known.contains(&name.to_ascii_lowercase());
            let what =
                format!("application {name} is not there; a call that reaches it is hung up");
            (!there).then(|| tree.complain_attribute(node, "application", what).into())
        })
        .collect()
}
