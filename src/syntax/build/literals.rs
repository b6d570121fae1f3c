//! Numbers and strings.

use super::Builder;
use crate::source::Span;
use crate::syntax::ast::{DurationUnit, Expr, ExprKind, Number};
use crate::syntax::error::{NumberProblem, SyntaxError};
use crate::syntax::parse::Rule;
use crate::syntax::repair::UNITS;
use pest::iterators::Pair;

/// The unit that this word is.
pub(super) fn duration_unit(text: &str) -> Option<DurationUnit> {
    match text {
        "epoch" | "epochs" => Some(DurationUnit::Epochs),
        "step" | "steps" => Some(DurationUnit::Steps),
        _ => None,
    }
}

impl Builder<'_> {
    pub(super) fn number(&mut self, pair: &Pair<'_, Rule>) -> Expr {
        let span = self.span(pair);
        let text = pair.as_str();
        if let Some(unit) = UNITS.iter().copied().find(|u| text.ends_with(u)) {
            let amount = text.strip_suffix(unit).unwrap_or(text);
            self.bad_number(span, text, NumberProblem::UnitTouches(unit));
            let end = span.start as usize + amount.len();
            let amount = self.number_value(Span::new(self.file, span.start as usize, end), amount);
            let unit = duration_unit(unit).unwrap_or(DurationUnit::Epochs);
            return Expr { kind: ExprKind::Duration { amount: Box::new(amount), unit }, span };
        }
        self.number_value(span, text)
    }

    fn bad_number(&mut self, span: Span, text: &str, problem: NumberProblem) {
        self.report(SyntaxError::BadNumber { span, text: text.to_owned(), problem });
    }

    fn number_value(&mut self, span: Span, text: &str) -> Expr {
        let (digits, suffix) = split_suffix(text);
        let factor = match suffix {
            "" => 1.0,
            "k" => 1e3,
            "M" => 1e6,
            "%" => 1.0,
            "K" | "m" => {
                let right = if suffix == "K" { "k" } else { "M" };
                self.bad_number(span, text, NumberProblem::WriteInstead(format!("{digits}{right}")));
                return Expr { kind: ExprKind::Error, span };
            }
            other => {
                let problem = match in_other_base(text) {
                    Some(number) => NumberProblem::WriteInstead(number.to_string()),
                    None if matches!(other, "f" | "F" | "d" | "D" | "f32" | "f64" | "L" | "l" | "u" | "U") => {
                        NumberProblem::WriteInstead(digits.trim_end_matches('.').to_owned())
                    }
                    None => NumberProblem::Suffix(other.to_owned()),
                };
                self.bad_number(span, text, problem);
                return Expr { kind: ExprKind::Error, span };
            }
        };
        if digits.starts_with('.') {
            self.bad_number(span, text, NumberProblem::WriteInstead(format!("0{text}")));
        } else if digits.ends_with('.') || digits.contains(".e") || digits.contains(".E") {
            let written = text.replacen('.', ".0", 1);
            self.bad_number(span, text, NumberProblem::WriteInstead(written));
        }
        // Scaling the decimal text, not the float, gives the nearest float to what is written.
        let plain: String = digits.chars().filter(|c| *c != '_').collect();
        let exponent = match suffix {
            "k" => 3,
            "M" => 6,
            "%" => -2,
            _ => 0,
        };
        let value = match plain.split_once(['e', 'E']) {
            Some((mantissa, written)) => match written.parse::<i64>() {
                Ok(e) => format!("{mantissa}e{}", e.saturating_add(exponent)).parse::<f64>(),
                Err(_) => plain.parse::<f64>().map(|v| v * factor),
            },
            None => format!("{plain}e{exponent}").parse::<f64>(),
        };
        match value {
            Ok(value) if value.is_finite() => {
                Expr { kind: ExprKind::Number(Number { value, text: text.into() }), span }
            }
            _ => {
                self.bad_number(span, text, NumberProblem::Overflow);
                Expr { kind: ExprKind::Error, span }
            }
        }
    }

    pub(super) fn string(&mut self, pair: &Pair<'_, Rule>) -> String {
        let text = pair.as_str();
        let content = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let mut out = String::with_capacity(content.len());
        let mut chars = content.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, c @ ('\\' | '"'))) => out.push(c),
                Some((_, 'u')) if unicode_escape(content.get(at + 2..).unwrap_or("")).is_some() => {
                    if let Some((c, length)) = unicode_escape(content.get(at + 2..).unwrap_or("")) {
                        out.push(c);
                        // Digits and braces are one byte each.
                        for _ in 0..length {
                            chars.next();
                        }
                    }
                }
                Some((_, c)) => {
                    let start = pair.as_span().start() + 1 + at;
                    let span = self.span_of(start, start + 1 + c.len_utf8());
                    self.report(SyntaxError::UnknownEscape { span, text: format!("\\{c}") });
                    out.push('\\');
                    out.push(c);
                }
                None => out.push('\\'),
            }
        }
        out
    }
}

/// `0x10`, `0b101`, `0o17`
fn in_other_base(text: &str) -> Option<u64> {
    let (base, digits) = match text.get(..2)? {
        "0x" | "0X" => (16, text.get(2..)?),
        "0b" | "0B" => (2, text.get(2..)?),
        "0o" | "0O" => (8, text.get(2..)?),
        _ => return None,
    };
    u64::from_str_radix(&digits.replace('_', ""), base).ok()
}

/// The number and what touches it.
fn split_suffix(text: &str) -> (&str, &str) {
    let mut end = 0;
    let bytes = text.as_bytes();
    while let Some(&b) = bytes.get(end) {
        let exponent = matches!(b, b'e' | b'E')
            && end > 0
            && match bytes.get(end + 1) {
                Some(b'+' | b'-') => bytes.get(end + 2).is_some_and(u8::is_ascii_digit),
                Some(d) => d.is_ascii_digit(),
                None => false,
            };
        if exponent {
            end += 2;
            while bytes.get(end).is_some_and(u8::is_ascii_digit) {
                end += 1;
            }
            break;
        }
        if b.is_ascii_digit() || b == b'_' || b == b'.' {
            end += 1;
        } else {
            break;
        }
    }
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The character of a `{1F600}` behind `\u`, and how many bytes it takes.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find('}')?;
    let code = u32::from_str_radix(inner.get(..end)?, 16).ok()?;
    Some((char::from_u32(code)?, end + 2))
}
