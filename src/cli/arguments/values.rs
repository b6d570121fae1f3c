//! How the values of flags are read.

use crate::starter::Template;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("a hyper is set as NAME=VALUE, like --set width=64".to_owned()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(n) => Ok(n),
        Err(_) => Err("a whole number is wanted".to_owned()),
    }
}

fn at_most(text: &str, most: usize) -> Result<usize, String> {
    match positive(text)? {
        n if n > most => Err(format!("at most {most}")),
        n => Ok(n),
    }
}

/// More would be counted in bytes that no number holds.
const LARGEST_BATCH: usize = 1 << 32;

pub(super) fn batch(text: &str) -> Result<usize, String> {
    at_most(text, LARGEST_BATCH)
}

pub(super) fn memory(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 9] = [
        ("KiB", 1024.0),
        ("MiB", 1048576.0),
        ("GiB", 1073741824.0),
        ("TiB", 1099511627776.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("B", 1.0),
    ];
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let written = text.get(number.len()..).unwrap_or("");
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(written)).map(|(_, unit)| *unit);
    let Some(unit) = unit.or(written.is_empty().then_some(1.0)) else {
        return Err(format!("`{written}` is no unit of memory; the units are kB, MB, GB, KiB, MiB and GiB"));
    };
    match number.trim().parse::<f64>() {
        Ok(n) if n > 0.0 && n.is_finite() => Ok((n * unit) as u64),
        _ => Err("a size is wanted, like 200MB or 2GiB".to_owned()),
    }
}

pub(super) fn epochs(text: &str) -> Result<u64, String> {
    positive(text).map(|n| n as u64)
}

/// More workers than this are a slip of the finger.
const MOST_THREADS: usize = 1024;

pub(super) fn threads(text: &str) -> Result<usize, String> {
    at_most(text, MOST_THREADS)
}

pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number above 0 is wanted, like 1e-5".to_owned()),
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        // Below and above there is nothing left of them in 32 bits.
        Ok(x) if (1e-30..=1e30).contains(&x) => Ok(x),
        _ => Err("a rate between 1e-30 and 1e30 is wanted, like 1e-5".to_owned()),
    }
}

/// Fewer make no curve, and more are a training.
const RATE_STEPS: std::ops::RangeInclusive<usize> = 20..=100_000;

pub(super) fn rate_steps(text: &str) -> Result<usize, String> {
    match at_most(text, *RATE_STEPS.end())? {
        n if n < *RATE_STEPS.start() => Err(format!("at least {}, for fewer make no curve", RATE_STEPS.start())),
        n => Ok(n),
    }
}

/// More steps than this would be held in memory for nothing.
const MOST_BENCH_STEPS: usize = 10_000_000;

pub(super) fn bench_steps(text: &str) -> Result<usize, String> {
    at_most(text, MOST_BENCH_STEPS)
}

pub(super) fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x >= 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number that is not negative is wanted, like 0.8".to_owned()),
    }
}

/// One of the programs to begin with, by its name.
pub(super) fn template() -> impl TypedValueParser<Value = Template> {
    let values = Template::ALL.map(|template| PossibleValue::new(template.name()).help(template.about()));
    PossibleValuesParser::new(values).try_map(|name| {
        Template::ALL.into_iter().find(|template| template.name() == name).ok_or("there is no such template")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded() {
        assert_eq!(batch("128"), Ok(128));
        assert!(batch("0").is_err());
        assert_eq!(batch("100000000000"), Err("at most 4294967296".to_owned()));
    }

    #[test]
    fn sizes_of_memory_have_units() {
        assert_eq!(memory("200MB"), Ok(200_000_000));
        // Nobody means another thousand bytes by a capital letter.
        assert_eq!(memory("10KB"), Ok(10_000));
        assert_eq!(memory("2gb"), Ok(2_000_000_000));
        assert!(memory("2 apples").is_err_and(|why| why.contains("apples")));
        assert_eq!(memory("1.5 GiB"), Ok(1_610_612_736));
        assert_eq!(memory("4096"), Ok(4096));
        assert!(memory("much").is_err() && memory("-1MB").is_err() && memory("MB").is_err());
    }

    #[test]
    fn assignments_need_a_name_and_a_value() {
        assert_eq!(assignment("width=64"), Ok(("width".to_owned(), "64".to_owned())));
        assert_eq!(assignment(" name = a=b "), Ok(("name".to_owned(), "a=b".to_owned())));
        assert!(assignment("width").is_err());
        assert!(assignment("=3").is_err());
    }
}
