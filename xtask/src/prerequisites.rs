//! What the lanes need besides Rust and a C compiler: phones, load tools, browsers, a database server and a speech synthesiser from
//! Debian, one Python environment, two folders of npm packages, one folder of Rust programs. Each is fetched once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::lanes::cargo;
use crate::outcome::{exists, run};
use crate::repository::Repository;

/// A program we need and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    // The codec library is built with it; the rest of a C toolchain is there wherever Rust links.
    ("cmake", "cmake"),
    ("sipp", "sip-tester"),
    ("baresip", "baresip-core"),
    ("kamailio", "kamailio"),
    ("dnsmasq", "dnsmasq-base"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("firefox-esr", "firefox-esr"),
    ("pulseaudio", "pulseaudio"),
    ("turnserver", "coturn"),
    ("espeak-ng", "espeak-ng"),
    ("initdb", "postgresql"),
    ("openssl", "openssl"),
];

/// Folders with a `package-lock.json`.
const NODE_PROJECTS: &[&str] = &["conformance/node", "conformance/browser"];

/// Programs on other people's crates, with what those depend on outside of the product's tree.
const RUST_CLIENTS: &str = "conformance/rust/Cargo.toml";

/// The Debian package that makes `python3 -m venv` work.
const VENV_PACKAGE: &str = "python3-venv";

/// The interpreter of the conformance environment.
#[must_use]
pub fn python(repository: &Repository) -> PathBuf {
    environment(repository).join("bin/python")
}

/// Brings everything the conformance lane needs.
///
/// # Errors
/// When something is missing and cannot be installed; the message says what to install by hand.
pub fn conformance(repository: &Repository) -> Result<()> {
    debian_packages()?;
    python_environment(repository)?;
    NODE_PROJECTS
        .iter()
        .try_for_each(|project| node_packages(repository, project))?;
    rust_clients(repository)
}

/// Brings the Debian packages alone.
///
/// # Errors
/// As [`conformance`].
pub fn programs() -> Result<()> {
    debian_packages()
}

/// Whether a program is there, on the path or where Debian puts those for administrators and those of a database server,
/// which it keeps by version.
fn is_installed(program: &str) -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions = versions.flatten().map(|version| version.path().join("bin"));
    exists(program)
        || Path::new("/usr/sbin").join(program).is_file()
        || versions.any(|folder| folder.join(program).is_file())
}

/// Whether the store can be tested with PostgreSQL.
pub(crate) fn has_postgres() -> bool {
    is_installed("initdb")
}

fn debian_packages() -> Result<()> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if !python_can_make_environments() {
        missing.push(VENV_PACKAGE);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!(
        "install them as root and run this again: apt-get install --no-install-recommends {}",
        missing.join(" ")
    );
    if !exists("apt-get") {
        bail!(
            "missing on this system: {}. This is not Debian; {by_hand}",
            missing.join(", ")
        );
    }
    let Some(become_root) = way_to_root() else {
        bail!(
            "missing on this system: {}. Not running as root; {by_hand}",
            missing.join(", ")
        );
    };
    let apt_get = |arguments: &[&str]| -> Result<bool> {
        let mut words: Vec<&str> = become_root.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
        words.extend(arguments);
        run(Command::new(words[0]).args(&words[1..]))
    };
    if !apt_get(&["update"])? {
        println!("apt-get update failed; trying with the lists at hand");
    }
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    if !apt_get(&install)? {
        bail!(
            "apt-get could not install {}; {by_hand}",
            missing.join(", ")
        );
    }
    Ok(())
}

/// How to run a command as root without a question: nothing as root, `sudo -n` where it works.
fn way_to_root() -> Option<&'static [&'static str]> {
    let answers = |program: &str, arguments: &[&str], wanted: &str| {
        Command::new(program)
            .args(arguments)
            .output()
            .is_ok_and(|output| {
                output.status.success() && output.stdout.trim_ascii() == wanted.as_bytes()
            })
    };
    if answers("id", &["-u"], "0") {
        Some(&[])
    } else if answers("sudo", &["-n", "id", "-u"], "0") {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}

fn python_can_make_environments() -> bool {
    Command::new("python3")
        .args(["-c", "import venv, ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn python_environment(repository: &Repository) -> Result<()> {
    let folder = environment(repository);
    let wanted = repository.at("conformance/requirements.txt");
    if is_current(&folder, &wanted)? {
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    if !run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?
    {
        bail!("python3 -m venv failed");
    }
    if !run(Command::new(python(repository))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&wanted))?
    {
        bail!("pip could not install conformance/requirements.txt");
    }
    mark_current(&folder, &wanted)
}

fn node_packages(repository: &Repository, name: &str) -> Result<()> {
    let project = repository.at(name);
    let folder = project.join("node_modules");
    let wanted = project.join("package-lock.json");
    if is_current(&folder, &wanted)? {
        return Ok(());
    }
    if !run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&project))?
    {
        bail!("npm ci failed in {name}");
    }
    mark_current(&folder, &wanted)
}

/// In debug builds: they wait for the server, which is what is tested.
fn rust_clients(repository: &Repository) -> Result<()> {
    let worked = run(cargo(repository)
        .args(["build", "--quiet", "--locked", "--bins", "--manifest-path"])
        .arg(repository.at(RUST_CLIENTS))
        .arg("--target-dir")
        .arg(repository.at("target/conformance/rust")))?;
    if !worked {
        bail!("cargo could not build {RUST_CLIENTS}");
    }
    Ok(())
}

fn environment(repository: &Repository) -> PathBuf {
    repository.at("target/conformance/python")
}

/// True when `folder` was filled from exactly this list.
fn is_current(folder: &Path, list: &Path) -> Result<bool> {
    let wanted = fs::read(list).with_context(|| format!("reading {}", list.display()))?;
    Ok(fs::read(folder.join(".filled-from")).is_ok_and(|filled| filled == wanted))
}

fn mark_current(folder: &Path, list: &Path) -> Result<()> {
    fs::copy(list, folder.join(".filled-from"))
        .map(|_| ())
        .with_context(|| format!("noting what {} was filled from", folder.display()))
}
