//! Dimensions: integers, names, and arithmetic on them in normal form.
//!
//! A [`Dim`] is a polynomial with integer coefficients over atoms; an atom is a named variable or a quotient rounded
//! down that could not be simplified. Two dims are equal when their normal forms are, so `2*D` and `D + D` are, and
//! `H/2` and `(H + 2)/2 - 1` are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// What a named dimension stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VarKind {
    /// The number of examples in a batch. Never seen by the user.
    Batch,
    /// A length that differs from example to example; its batch is padded.
    Ragged,
    /// A size that is not known yet: a dimension of a block or of a model without data.
    Free,
}

/// A named dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var {
    /// Tells apart equal names of different scopes.
    pub id: u32,
    /// What it stands for.
    pub kind: VarKind,
    /// As the user wrote it.
    pub name: Arc<str>,
}

/// The batch dimension of every graph.
pub fn batch() -> Dim {
    static BATCH: LazyLock<Dim> = LazyLock::new(|| Dim::var(Var { id: 0, kind: VarKind::Batch, name: "B".into() }));
    BATCH.clone()
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Atom {
    Var(Var),
    /// `numerator / denominator`, rounded down.
    Quotient(Box<Dim>, Box<Dim>),
}

/// Atoms with their powers; the empty product is 1.
type Monomial = BTreeMap<Atom, u32>;

/// A size, possibly symbolic. Arithmetic saturates at the bounds of `i64`, far outside what [`Dim::MAX`] permits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dim {
    /// The term without atoms. Apart from the others because most dims are nothing else, and then nothing is allocated.
    constant: i64,
    /// The other terms, without zero coefficients; none where there are none. Nearly every node of a graph has the batch
    /// in its shape: they share it.
    symbolic: Option<Arc<BTreeMap<Monomial, i64>>>,
}

/// The terms of a number.
static NO_TERMS: BTreeMap<Monomial, i64> = BTreeMap::new();

/// Arithmetic on what stands for sizes: numbers of a graph, say. See [`Dim::compute`].
pub trait Arithmetic {
    /// What stands for a size.
    type Number;
    /// A known size.
    fn constant(&mut self, n: i64) -> Self::Number;
    /// A named size.
    fn variable(&mut self, variable: &Var) -> Self::Number;
    /// `x + y`
    fn add(&mut self, x: Self::Number, y: Self::Number) -> Self::Number;
    /// `x * y`
    fn multiply(&mut self, x: Self::Number, y: Self::Number) -> Self::Number;
    /// `x / y`, rounded down.
    fn quotient(&mut self, x: Self::Number, y: Self::Number) -> Self::Number;
}

/// Whether two dims are the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// At every size of the names in them.
    Equal,
    /// At no size.
    Different,
    /// It depends.
    Unknown,
}

impl Dim {
    /// The largest size of an axis that the checker lets pass: 2⁴⁰.
    pub const MAX: i64 = 1 << 40;

    /// A known size.
    pub fn constant(n: i64) -> Dim {
        Dim { constant: n, symbolic: None }
    }

    /// A named size.
    pub fn var(var: Var) -> Dim {
        Dim::atom(Atom::Var(var))
    }

    fn atom(atom: Atom) -> Dim {
        let terms = BTreeMap::from([(Monomial::from([(atom, 1)]), 1)]);
        Dim { constant: 0, symbolic: Some(Arc::new(terms)) }
    }

    fn terms(&self) -> &BTreeMap<Monomial, i64> {
        self.symbolic.as_deref().unwrap_or(&NO_TERMS)
    }

    /// The size where it is known.
    pub fn as_constant(&self) -> Option<i64> {
        self.symbolic.is_none().then_some(self.constant)
    }

    /// The variable where the dim is just that.
    pub fn as_var(&self) -> Option<&Var> {
        let (monomial, 1) = self.terms().iter().next()? else { return None };
        match (self.constant, self.terms().len(), monomial.len(), monomial.iter().next()?) {
            (0, 1, 1, (Atom::Var(v), 1)) => Some(v),
            _ => None,
        }
    }

    /// Whether the size is known to be 1.
    pub fn is_one(&self) -> bool {
        self.as_constant() == Some(1)
    }

    /// Every variable in it.
    pub fn variables(&self) -> Vec<&Var> {
        let mut found = Vec::new();
        self.visit(&mut |v| {
            if !found.contains(&v) {
                found.push(v);
            }
        });
        found
    }

    fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Var)) {
        // A worklist rather than recursion: `impl FnMut` cannot be passed down by value.
        let mut dims = vec![self];
        while let Some(dim) = dims.pop() {
            for atom in dim.terms().keys().flat_map(|m| m.keys()) {
                match atom {
                    Atom::Var(v) => f(v),
                    Atom::Quotient(n, d) => dims.extend([&**n, &**d]),
                }
            }
        }
    }

    /// Whether a ragged length takes part.
    pub fn is_ragged(&self) -> bool {
        let mut found = false;
        if self.symbolic.is_some() {
            self.visit(&mut |v| found |= v.kind == VarKind::Ragged);
        }
        found
    }

    fn add_term(&mut self, monomial: Monomial, coefficient: i64) {
        if monomial.is_empty() {
            self.constant = self.constant.saturating_add(coefficient);
            return;
        }
        let sum = self.terms().get(&monomial).copied().unwrap_or(0).saturating_add(coefficient);
        let terms = Arc::make_mut(self.symbolic.get_or_insert_default());
        if sum != 0 {
            terms.insert(monomial, sum);
        } else {
            terms.remove(&monomial);
            if terms.is_empty() {
                self.symbolic = None;
            }
        }
    }

    /// The terms, the constant one among them where it is not 0.
    fn all_terms(&self) -> impl Iterator<Item = (Monomial, i64)> + '_ {
        let constant = (self.constant != 0).then(|| (Monomial::new(), self.constant));
        constant.into_iter().chain(self.terms().iter().map(|(m, c)| (m.clone(), *c)))
    }

    fn scaled(&self, factor: i64) -> Dim {
        let mut result = Dim::constant(self.constant.saturating_mul(factor));
        for (m, c) in self.terms() {
            result.add_term(m.clone(), c.saturating_mul(factor));
        }
        result
    }

    /// `self / divisor`, rounded down; `None` for a division by zero.
    pub fn floor_div(&self, divisor: &Dim) -> Option<Dim> {
        if let (Some(n), Some(d)) = (self.as_constant(), divisor.as_constant()) {
            return (d != 0).then(|| Dim::constant(n.checked_div_euclid(d).unwrap_or(i64::MAX)));
        }
        if self == divisor {
            return Some(Dim::constant(1));
        }
        let (whole, rest) = match divisor.as_constant() {
            Some(0) => return None,
            Some(1) => return Some(self.clone()),
            // Terms that divide evenly leave the quotient: (4*D + 3)/2 = 2*D + 3/2.
            Some(d) => {
                let mut whole = Dim::constant(self.constant.checked_div_euclid(d).unwrap_or(i64::MAX));
                let mut rest = Dim::constant(self.constant.checked_rem_euclid(d).unwrap_or(0));
                for (m, c) in self.terms() {
                    whole.add_term(m.clone(), c.checked_div_euclid(d).unwrap_or(i64::MAX));
                    rest.add_term(m.clone(), c.checked_rem_euclid(d).unwrap_or(0));
                }
                (whole, rest)
            }
            None => match self.exact_quotient(divisor) {
                Some(quotient) => return Some(quotient),
                None => (Dim::default(), self.clone()),
            },
        };
        match (rest.as_constant(), divisor.as_constant()) {
            (Some(n), Some(d)) => Some(whole + Dim::constant(n.checked_div_euclid(d).unwrap_or(i64::MAX))),
            _ => Some(whole + Dim::atom(Atom::Quotient(Box::new(rest), Box::new(divisor.clone())))),
        }
    }

    /// `self / divisor` where that is a polynomial with integer coefficients and the divisor has one term.
    pub fn exact_quotient(&self, divisor: &Dim) -> Option<Dim> {
        let (divisor_monomial, divisor_coefficient) = match (divisor.constant, divisor.terms().len()) {
            (0, 1) => divisor.terms().iter().next().map(|(m, c)| (m.clone(), *c))?,
            (constant, 0) if constant != 0 => (Monomial::new(), constant),
            _ => return None,
        };
        let mut result = Dim::default();
        for (monomial, coefficient) in self.all_terms() {
            if coefficient.checked_rem(divisor_coefficient) != Some(0) {
                return None;
            }
            let mut quotient = monomial;
            for (atom, power) in &divisor_monomial {
                let left = quotient.get(atom).copied().unwrap_or(0).checked_sub(*power)?;
                if left == 0 {
                    quotient.remove(atom);
                } else {
                    quotient.insert(atom.clone(), left);
                }
            }
            result.add_term(quotient, coefficient.checked_div(divisor_coefficient)?);
        }
        Some(result)
    }

    /// Compares two sizes, each of which is at least 1 wherever its names are at least 1.
    pub fn compare(&self, other: &Dim) -> Comparison {
        if self == other {
            return Comparison::Equal;
        }
        let difference = self.clone() - other.clone();
        match difference.as_constant() {
            Some(0) => Comparison::Equal,
            Some(_) => Comparison::Different,
            // D against 3*D: the coefficients all have one sign, so the difference never is 0.
            None if difference.is_positive() || (-difference.clone()).is_positive() => Comparison::Different,
            None => Comparison::Unknown,
        }
    }

    /// Whether the size is at least 0 at every size of the names in it, as far as the signs of its terms say.
    pub fn is_never_negative(&self) -> bool {
        self.constant >= 0 && self.terms().values().all(|c| *c > 0)
    }

    /// Whether no coefficient is negative and some term without quotients, which may be 0, is positive.
    fn is_positive(&self) -> bool {
        let is_plain = |m: &Monomial| m.keys().all(|a| matches!(a, Atom::Var(_)));
        self.constant >= 0
            && self.terms().values().all(|c| *c > 0)
            && (self.constant > 0 || self.terms().keys().any(is_plain))
    }

    /// Puts dims in the place of variables.
    pub fn substitute(&self, of: &impl Fn(&Var) -> Option<Dim>) -> Dim {
        self.substitute_dyn(&of)
    }

    fn substitute_dyn(&self, of: &dyn Fn(&Var) -> Option<Dim>) -> Dim {
        let mut sum = Dim::constant(self.constant);
        for (monomial, coefficient) in self.terms() {
            let mut product = Dim::constant(*coefficient);
            for (atom, power) in monomial {
                let value = match atom {
                    Atom::Var(v) => of(v).unwrap_or_else(|| Dim::var(v.clone())),
                    Atom::Quotient(n, d) => {
                        let (n, d) = (n.substitute_dyn(of), d.substitute_dyn(of));
                        // A division by zero stays symbolic; the checker refuses it where it is written.
                        n.floor_div(&d).unwrap_or_else(|| Dim::atom(atom.clone()))
                    }
                };
                for _ in 0..*power {
                    product = product * value.clone();
                }
            }
            sum = sum + product;
        }
        sum
    }

    /// The size in another arithmetic.
    pub fn compute<A: Arithmetic>(&self, with: &mut A) -> A::Number {
        let mut sum = (self.constant != 0 || self.terms().is_empty()).then(|| with.constant(self.constant));
        for (monomial, coefficient) in self.terms() {
            let mut product = (*coefficient != 1).then(|| with.constant(*coefficient));
            for (atom, power) in monomial {
                for _ in 0..*power {
                    let factor = match atom {
                        Atom::Var(v) => with.variable(v),
                        Atom::Quotient(n, d) => {
                            let (n, d) = (n.compute(with), d.compute(with));
                            with.quotient(n, d)
                        }
                    };
                    product = Some(match product {
                        None => factor,
                        Some(product) => with.multiply(product, factor),
                    });
                }
            }
            let term = product.unwrap_or_else(|| with.constant(*coefficient));
            sum = Some(match sum {
                None => term,
                Some(sum) => with.add(sum, term),
            });
        }
        sum.unwrap_or_else(|| with.constant(0))
    }

    /// The size where every variable has one.
    pub fn evaluate(&self, of: &impl Fn(&Var) -> Option<i64>) -> Option<i64> {
        // Nearly every dim is a number or the batch.
        if let Some(n) = self.as_constant() {
            return Some(n);
        }
        if let Some(variable) = self.as_var() {
            return of(variable);
        }
        self.substitute(&|v| of(v).map(Dim::constant)).as_constant()
    }
}

impl From<usize> for Dim {
    fn from(n: usize) -> Dim {
        Dim::constant(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl std::ops::Add for Dim {
    type Output = Dim;
    fn add(mut self, other: Dim) -> Dim {
        self.constant = self.constant.saturating_add(other.constant);
        match other.symbolic {
            None => {}
            symbolic if self.symbolic.is_none() => self.symbolic = symbolic,
            Some(terms) => terms.iter().for_each(|(m, c)| self.add_term(m.clone(), *c)),
        }
        self
    }
}

impl std::ops::Neg for Dim {
    type Output = Dim;
    fn neg(self) -> Dim {
        self.scaled(-1)
    }
}

impl std::ops::Sub for Dim {
    type Output = Dim;
    fn sub(self, other: Dim) -> Dim {
        self + other.scaled(-1)
    }
}

impl std::ops::Mul for Dim {
    type Output = Dim;
    fn mul(self, other: Dim) -> Dim {
        if let (Some(a), Some(b)) = (self.as_constant(), other.as_constant()) {
            return Dim::constant(a.saturating_mul(b));
        }
        if self.is_one() {
            return other;
        }
        if other.is_one() {
            return self;
        }
        let mut result = Dim::default();
        for (m1, c1) in self.all_terms() {
            for (m2, c2) in other.all_terms() {
                let mut product = m1.clone();
                for (atom, power) in m2 {
                    product.entry(atom).and_modify(|p: &mut u32| *p = p.saturating_add(power)).or_insert(power);
                }
                result.add_term(product, c1.saturating_mul(c2));
            }
        }
        result
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms().is_empty() {
            return write!(f, "{}", self.constant);
        }
        // The constant comes last, as people write it: `2*D + 1`.
        for (i, (monomial, coefficient)) in self.terms().iter().enumerate() {
            match (i, *coefficient < 0) {
                (0, true) => f.write_str("-")?,
                (0, false) => {}
                (_, true) => f.write_str(" - ")?,
                (_, false) => f.write_str(" + ")?,
            }
            let mut factors = Vec::new();
            if coefficient.unsigned_abs() != 1 {
                factors.push(coefficient.unsigned_abs().to_string());
            }
            for (atom, power) in monomial {
                let text = match atom {
                    Atom::Var(v) => v.name.to_string(),
                    Atom::Quotient(n, d) => format!("{}/{}", parenthesized(n), parenthesized(d)),
                };
                factors.push(if *power == 1 { text } else { format!("{text}^{power}") });
            }
            f.write_str(&factors.join("*"))?;
        }
        match self.constant {
            0 => Ok(()),
            c if c < 0 => write!(f, " - {}", c.unsigned_abs()),
            c => write!(f, " + {c}"),
        }
    }
}

fn parenthesized(dim: &Dim) -> String {
    let text = dim.to_string();
    if text.contains([' ', '*', '/', '-']) { format!("({text})") } else { text }
}

/// `[1, 28, 28]`, `[T, D]`; a scalar is `[]`.
pub fn show_shape(shape: &[Dim]) -> String {
    let dims: Vec<String> = shape.iter().map(Dim::to_string).collect();
    format!("[{}]", dims.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(name: &str) -> Dim {
        let id = name.bytes().map(u32::from).sum();
        Dim::var(Var { id, kind: VarKind::Free, name: name.into() })
    }
    fn c(n: i64) -> Dim {
        Dim::constant(n)
    }

    #[test]
    fn equality_is_by_normal_form() {
        assert_eq!(d("D") + d("D"), c(2) * d("D"));
        assert_eq!((d("D") + c(1)) * (d("D") - c(1)), d("D") * d("D") - c(1));
        assert_eq!((c(4) * d("D")).floor_div(&c(2)), Some(c(2) * d("D")));
        assert_eq!((d("H") + c(2)).floor_div(&c(2)), d("H").floor_div(&c(2)).map(|q| q + c(1)));
        assert_eq!((d("D") * d("T")).floor_div(&d("T")), Some(d("D")));
        assert_eq!(d("D").floor_div(&c(0)), None);
    }

    #[test]
    fn comparison_has_three_answers() {
        assert_eq!(d("D").compare(&d("D")), Comparison::Equal);
        assert_eq!(d("D").compare(&(d("D") + c(1))), Comparison::Different);
        assert_eq!(d("D").compare(&(c(2) * d("D"))), Comparison::Different);
        assert_eq!(d("D").compare(&d("E")), Comparison::Unknown);
        assert_eq!(d("D").compare(&c(32)), Comparison::Unknown);
        let half = d("H").floor_div(&c(2)).unwrap();
        assert_eq!(half.compare(&c(0)), Comparison::Unknown);
    }

    #[test]
    fn dims_read_as_written() {
        assert_eq!((c(2) * d("D") + c(1)).to_string(), "2*D + 1");
        assert_eq!(d("H").floor_div(&c(2)).unwrap().to_string(), "H/2");
        assert_eq!((d("H") - c(2)).floor_div(&c(2)).unwrap().to_string(), "H/2 - 1");
        assert_eq!(show_shape(&[c(1), d("T")]), "[1, T]");
        assert_eq!((-d("D")).to_string(), "-D");
        assert_eq!(c(0).to_string(), "0");
    }

    #[test]
    fn substitution_evaluates() {
        let dim = (d("H") + c(3)).floor_div(&c(2)).unwrap() * d("W");
        assert_eq!(dim.evaluate(&|v| Some(if &*v.name == "H" { 4 } else { 5 })), Some(15));
        assert_eq!(dim.evaluate(&|_| None), None);
    }
}
