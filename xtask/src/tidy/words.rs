//! The repository speaks of the product: no paths of somebody's machine, no names of tools that
//! helped to write it.

use anyhow::Result;

use super::Fault;
use crate::repository::Repository;

/// Words that belong to a machine or a desk, in lower case. Spelled in halves, because this file
/// is checked too.
const OUT_OF_PLACE: &[&str] = &[
    concat!("/work", "/main"),
    concat!("/work", "/shared"),
    concat!("../", "shared"),
    concat!("/home", "/"),
    concat!("chat", "gpt"),
    concat!("clau", "de"),
    concat!("co-authored", "-by"),
    concat!("language ", "model"),
];

/// No file says anything of [`OUT_OF_PLACE`].
///
/// # Errors
/// Never; the signature is that of every check.
pub fn out_of_place(repository: &Repository) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in repository.files() {
        for (index, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            for word in OUT_OF_PLACE {
                if line.contains(word) {
                    faults.push(format!("{}:{}: \"{word}\"", file.path, index + 1));
                }
            }
        }
    }
    Ok(faults)
}
