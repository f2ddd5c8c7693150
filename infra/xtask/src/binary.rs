//! Whether what is in target/lambda will start on Lambda, and is what one wants to pay for. Each problem comes with the command that mends it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64, VER_FLG_WEAK};
use object::read::elf::{FileHeader as _, SectionTable};

use crate::build::Architecture;
use crate::workspace;

/// The C library of `provided.al2023`, which is that of Amazon Linux 2023 ("Comparing Amazon Linux 2 and AL2023", AL2023 User Guide).
/// A program that needs a newer one does not start there: "version `GLIBC_2.38' not found".
const GLIBC: Version = Version(2, 34);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// What keeps a binary from being deployed.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Missing,
    NotForLinux,
    /// Lambda would answer every call with "exec format error".
    Machine(String),
    Glibc(Version),
    /// Many times larger and slower: cold starts and the bill grow.
    Unoptimised(&'static str),
}

/// Looks at each function in target/lambda.
///
/// # Errors
/// Names every file with a problem, what it is, and what to do.
pub fn check(architecture: Architecture) -> Result<()> {
    let folder = workspace::functions_deployed()?;
    let mut complaints = Vec::new();
    for function in workspace::functions()? {
        let path = folder.join(function).join("bootstrap");
        if let Some(problem) = look(&path, architecture)? {
            complaints.push(format!("{}: {}\n  → {}", path.display(), problem.describe(architecture), problem.advice(architecture)));
        }
    }
    if !complaints.is_empty() {
        bail!("what is built cannot be deployed\n{}", complaints.join("\n"));
    }
    println!("target/lambda: {} functions for {}, as they should be.", workspace::functions()?.len(), architecture.name());
    Ok(())
}

fn look(path: &Path, architecture: Architecture) -> Result<Option<Problem>> {
    if !path.is_file() {
        return Ok(Some(Problem::Missing));
    }
    let content = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    judge(&content, architecture).with_context(|| format!("{} is damaged", path.display()))
}

/// The first problem of a file's content.
fn judge(content: &[u8], architecture: Architecture) -> Result<Option<Problem>> {
    let Ok(header) = FileHeader64::<Endianness>::parse(content) else { return Ok(Some(Problem::NotForLinux)) };
    let endian = header.endian().context("its bytes have no order")?;
    let machine = header.e_machine(endian);
    if machine != machine_of(architecture) {
        let known = Architecture::ALL.into_iter().find(|other| machine_of(*other) == machine);
        return Ok(Some(Problem::Machine(known.map_or_else(|| format!("machine {}", machine.0), |other| other.name().to_owned()))));
    }
    let sections = header.sections(endian, content).context("no sections")?;
    // Not stripped: `[profile.release]` strips.
    for (section, what) in [(".debug_info", "has debug information"), (".symtab", "has symbols")] {
        if sections.section_by_name(endian, section.as_bytes()).is_some() {
            return Ok(Some(Problem::Unoptimised(what)));
        }
    }
    let newest = glibc(&sections, endian, content).context("what it needs of the C library cannot be read")?;
    Ok(newest.filter(|needed| *needed > GLIBC).map(Problem::Glibc))
}

fn machine_of(architecture: Architecture) -> object::elf::Machine {
    match architecture {
        Architecture::Arm64 => EM_AARCH64,
        Architecture::X86_64 => EM_X86_64,
    }
}

/// The newest version of glibc that a program does not start without; `None`: it needs none. See "Symbol Versioning", Linux Standard Base.
fn glibc(sections: &SectionTable<FileHeader64<Endianness>>, endian: Endianness, content: &[u8]) -> Result<Option<Version>> {
    let mut newest = None;
    let Some((mut libraries, link)) = sections.gnu_verneed(endian, content)? else { return Ok(None) };
    let names = sections.strings(endian, content, link)?;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            // Only symbols that may be missing are of this version, such as those that Rust's standard library asks for at run time.
            if version.vna_flags.get(endian).contains(VER_FLG_WEAK) {
                continue;
            }
            newest = newest.max(Version::parse(version.name(endian, names)?));
        }
    }
    Ok(newest)
}

impl Version {
    /// `GLIBC_2.34`; `None`: another library's.
    fn parse(name: &[u8]) -> Option<Self> {
        let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = numbers.split('.').map(str::parse);
        Some(Self(numbers.next()?.ok()?, numbers.next()?.ok()?))
    }
}

impl Problem {
    fn describe(&self, architecture: Architecture) -> String {
        match self {
            Self::Missing => "is missing".to_owned(),
            Self::NotForLinux => "is no program for Linux (ELF, 64 bits)".to_owned(),
            Self::Machine(machine) => format!("is built for {machine}, the stack's functions run on {}", architecture.name()),
            Self::Glibc(Version(major, minor)) => {
                format!("needs glibc {major}.{minor}; Lambda's provided.al2023 has {}.{}", GLIBC.0, GLIBC.1)
            }
            Self::Unoptimised(what) => format!("{what}: it was not built by the profile `release`"),
        }
    }

    fn advice(&self, architecture: Architecture) -> String {
        let build = format!("`cargo xtask build --release --architecture {}", architecture.name());
        match self {
            // This machine's glibc is newer than Lambda's; cargo-lambda brings an older one.
            Self::Glibc(_) => format!("{build} --cross`, then `cargo xtask deploy --built`: deploy itself builds without --cross"),
            _ => format!("{build}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::read::elf::SectionHeader as _;

    /// This program: a debug binary of this machine.
    fn this_program() -> Vec<u8> {
        fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_debug_binary_and_one_for_another_machine_are_told() {
        let (here, other) = match Architecture::of_this_machine() {
            Architecture::Arm64 => (Architecture::Arm64, Architecture::X86_64),
            Architecture::X86_64 => (Architecture::X86_64, Architecture::Arm64),
        };
        assert!(matches!(judge(&this_program(), here).unwrap(), Some(Problem::Unoptimised(_))));
        assert_eq!(judge(&this_program(), other).unwrap(), Some(Problem::Machine(here.name().to_owned())));
        let problem = Problem::Machine("x86_64".to_owned());
        assert_eq!(problem.describe(Architecture::Arm64), "is built for x86_64, the stack's functions run on arm64");
        assert_eq!(problem.advice(Architecture::Arm64), "`cargo xtask build --release --architecture arm64`");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_newest_glibc_that_is_needed_is_read() {
        let content = this_program();
        let header = FileHeader64::<Endianness>::parse(&*content).unwrap();
        let endian = header.endian().unwrap();
        let newest = glibc(&header.sections(endian, &*content).unwrap(), endian, &content).unwrap();
        assert!(newest >= Some(Version(2, 17)), "{newest:?}");
        let advice = Problem::Glibc(Version(2, 38)).advice(Architecture::Arm64);
        assert!(advice.contains("--architecture arm64 --cross`, then `cargo xtask deploy --built`"), "{advice}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_version_that_may_be_missing_is_not_needed() {
        let mut content = this_program();
        for place in weak_flags(&content) {
            content[place] |= 2;
        }
        let header = FileHeader64::<Endianness>::parse(&*content).unwrap();
        let endian = header.endian().unwrap();
        assert_eq!(glibc(&header.sections(endian, &*content).unwrap(), endian, &content).unwrap(), None);
    }

    /// Where the flags of all needed versions are (`vna_flags`), least byte first, as on both of Lambda's processors.
    fn weak_flags(content: &[u8]) -> Vec<usize> {
        let header = FileHeader64::<Endianness>::parse(content).unwrap();
        let endian = header.endian().unwrap();
        let sections = header.sections(endian, content).unwrap();
        let (_, section) = sections.section_by_name(endian, b".gnu.version_r").unwrap();
        let word = |at: usize| u32::from_le_bytes(content[at..at + 4].try_into().unwrap()) as usize;
        let (mut places, mut library) = (Vec::new(), usize::try_from(section.sh_offset(endian)).unwrap());
        loop {
            let mut version = library + word(library + 8);
            loop {
                places.push(version + 4);
                match word(version + 12) {
                    0 => break,
                    next => version += next,
                }
            }
            match word(library + 12) {
                0 => return places,
                next => library += next,
            }
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let check = |name: &[u8], expected| assert_eq!(Version::parse(name), expected);
        check(b"GLIBC_2.34", Some(GLIBC));
        check(b"GLIBC_2.2.5", Some(Version(2, 2)));
        check(b"GCC_3.0", None);
        assert!(Version(2, 4) < GLIBC && Version(2, 38) > GLIBC);
    }

    #[test]
    fn anything_else_is_no_program_for_linux() {
        assert_eq!(judge(b"#!/bin/sh\n", Architecture::Arm64).unwrap(), Some(Problem::NotForLinux));
        assert_eq!(look(Path::new("/nowhere/bootstrap"), Architecture::Arm64).unwrap(), Some(Problem::Missing));
    }
}
