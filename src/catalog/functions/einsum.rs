//! `einsum`: sums of products, said by naming the axes.

use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::op::Binary;

/// It alone.
pub static ALL: &[&Entry] = &[&EINSUM];

const OPERANDS: [&str; 4] = ["a", "b", "c", "d"];

/// `torch.einsum`, for the axes of one example.
pub static EINSUM: Entry = Entry {
    name: "einsum",
    summary: "Multiplies tensors and sums, axis by axis as the pattern says: what stands left of `->` and not right of \
              it is summed over.",
    formula: "\"td,de->te\": y[t, e] = sum over d of a[t, d] * b[d, e]",
    params: &[
        Param::required(
            "pattern",
            ParamType::Text,
            "a letter an axis, the operands separated by commas, then `->` and the axes of the result; without it \
             those that are there once, in the order of the alphabet",
        ),
        Param::required("a", ParamType::Tensor, "the first operand"),
        Param::optional("b", ParamType::Tensor, "none", "the second"),
        Param::optional("c", ParamType::Tensor, "none", "the third"),
        Param::optional("d", ParamType::Tensor, "none", "the fourth"),
    ],
    shapes: &["[T, D], [D, E] -> [T, E] for \"td,de->te\""],
    example: Example {
        inputs: &[("a", "[2, 3]"), ("b", "[3, 4]")],
        code: "einsum(\"td,de->te\", a, b)",
        output: "[2, 4]",
    },
    source: "torch.einsum, without the batch, which is never written",
    elsewhere: &[("Einsum", "ONNX"), ("tensordot", "NumPy"), ("EinsumDense", "Keras"), ("bmm", "PyTorch")],
    body: Body::Function { build: einsum, number: None },
};

/// An operand on the way: its tensor, a letter for each of its axes.
struct Term {
    tensor: Tensor,
    letters: Vec<char>,
}

fn wrong(message: String) -> Problem {
    Problem::Argument { argument: "pattern", message }
}

/// The letters of each operand and of the result.
fn parse(pattern: &str) -> Result<(Vec<Vec<char>>, Vec<char>), Problem> {
    let text: String = pattern.chars().filter(|c| !c.is_whitespace()).collect();
    if text.contains('.') {
        return Err(wrong("`...` has nothing to stand for: name every axis; the batch is never written".into()));
    }
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text.as_str(), None),
    };
    let letters = |part: &str| -> Result<Vec<char>, Problem> {
        match part.chars().find(|c| !c.is_ascii_alphabetic()) {
            Some(c) => Err(wrong(format!("an axis is one letter, and `{c}` is none"))),
            None => Ok(part.chars().collect()),
        }
    };
    let operands: Vec<Vec<char>> = left.split(',').map(letters).collect::<Result<_, _>>()?;
    let all: Vec<char> = operands.iter().flatten().copied().collect();
    let output = match right {
        Some(right) => {
            let output = letters(right)?;
            for (i, c) in output.iter().enumerate() {
                if !all.contains(c) {
                    return Err(wrong(format!("the result has an axis `{c}`, but no operand has")));
                }
                if output[..i].contains(c) {
                    return Err(wrong(format!("the result has the axis `{c}` twice")));
                }
            }
            output
        }
        None => {
            let mut once: Vec<char> =
                all.iter().copied().filter(|c| all.iter().filter(|o| *o == c).count() == 1).collect();
            once.sort_unstable();
            once
        }
    };
    Ok((operands, output))
}

fn einsum(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (parts, output) = parse(args.text("pattern").unwrap_or_default())?;
    let tensors: Vec<&Tensor> = OPERANDS.iter().filter_map(|name| args.tensor(name)).collect();
    if parts.len() != tensors.len() {
        let (named, given) = (parts.len(), tensors.len());
        let named = if named == 1 { "1 operand".to_owned() } else { format!("{named} operands") };
        let tensors = if given == 1 { "1 tensor is".to_owned() } else { format!("{given} tensors are") };
        return Err(wrong(format!("it names the axes of {named}, and {tensors} given")));
    }
    let mut sizes: Vec<(char, Dim)> = Vec::new();
    let mut terms: Vec<Term> = Vec::new();
    for (operand, (tensor, letters)) in tensors.into_iter().zip(&parts).enumerate() {
        numbers(operand, tensor)?;
        if letters.len() != tensor.rank() {
            let part: String = letters.iter().collect();
            let wanted = match letters.len() {
                0 => "a scalar, for its part of the pattern is empty".to_owned(),
                1 => format!("1 axis, `{part}`"),
                n => format!("{n} axes, `{part}`"),
            };
            return Err(Problem::Rank { operand, wanted, shape: tensor.shape.clone() });
        }
        for (letter, size) in letters.iter().zip(&tensor.shape) {
            match sizes.iter().find(|(l, _)| l == letter) {
                Some((_, first)) if !b.sizes_fit(first, size) => {
                    return Err(wrong(format!("the axis `{letter}` is {first} in one place and {size} in another")));
                }
                Some(_) => {}
                None => sizes.push((*letter, size.clone())),
            }
        }
        let mut term = Term { tensor: tensor.clone(), letters: letters.clone() };
        diagonals(b, &mut term)?;
        terms.push(term);
    }
    let mut rest = terms.into_iter();
    let Some(mut product) = rest.next() else { return Err(wrong("it is empty".into())) };
    let mut rest: Vec<Term> = rest.collect();
    while !rest.is_empty() {
        let next = rest.remove(0);
        let needed: Vec<char> = output.iter().chain(rest.iter().flat_map(|t| &t.letters)).copied().collect();
        product = multiply(b, product, next, &needed)?;
    }
    sum_out(b, &mut product, |letter| output.contains(&letter));
    let order: Vec<usize> =
        output.iter().filter_map(|letter| product.letters.iter().position(|l| l == letter)).collect();
    Ok(vec![b.permute(&product.tensor, &order)])
}

/// A letter that is there twice means the diagonal of its two axes.
fn diagonals(b: &mut Builder, term: &mut Term) -> Result<(), Problem> {
    while let Some((first, second)) = term.letters.iter().enumerate().find_map(|(i, letter)| {
        term.letters.iter().skip(i + 1).position(|l| l == letter).map(|offset| (i, i + 1 + offset))
    }) {
        let rank = term.letters.len();
        let axis_of_positions = |b: &mut Builder, axis: usize| {
            let size = term.tensor.shape.get(axis).cloned().unwrap_or_default();
            let positions = b.iota(&size);
            let mut shape = vec![Dim::constant(1); rank];
            if let Some(place) = shape.get_mut(axis) {
                *place = size;
            }
            b.reshape_to(&positions, shape)
        };
        let (rows, columns) = (axis_of_positions(b, first), axis_of_positions(b, second));
        let is_diagonal = b.binary(Binary::Equal, &rows, &columns)?;
        let zero = b.constant(0.0);
        let only = b.select(&is_diagonal, &term.tensor, &zero)?;
        term.tensor = b.sum(&only, &[second], false);
        term.letters.remove(second);
    }
    Ok(())
}

/// Sums over the axes that are not wanted.
fn sum_out(b: &mut Builder, term: &mut Term, wanted: impl Fn(char) -> bool) {
    let axes: Vec<usize> =
        term.letters.iter().enumerate().filter(|(_, letter)| !wanted(**letter)).map(|(axis, _)| axis).collect();
    if !axes.is_empty() {
        term.tensor = b.sum(&term.tensor, &axes, false);
        term.letters.retain(|letter| wanted(*letter));
    }
}

/// The product of two terms, summed over what neither the result nor a later operand needs: a matrix product of the
/// axes that both have and that go, for each of those that both have and that stay.
fn multiply(b: &mut Builder, mut x: Term, mut y: Term, needed: &[char]) -> Result<Term, Problem> {
    let other = y.letters.clone();
    sum_out(b, &mut x, |letter| needed.contains(&letter) || other.contains(&letter));
    let other = x.letters.clone();
    sum_out(b, &mut y, |letter| needed.contains(&letter) || other.contains(&letter));
    let of = |from: &Term, is_wanted: &dyn Fn(char) -> bool| -> Vec<char> {
        from.letters.iter().copied().filter(|letter| is_wanted(*letter)).collect()
    };
    let both = of(&x, &|l| y.letters.contains(&l) && needed.contains(&l));
    let summed = of(&x, &|l| y.letters.contains(&l) && !needed.contains(&l));
    let rows = of(&x, &|l| !y.letters.contains(&l));
    let columns = of(&y, &|l| !x.letters.contains(&l));
    let letters: Vec<char> = both.iter().chain(&rows).chain(&columns).copied().collect();
    if summed.is_empty() {
        // Nothing to sum: a product number by number.
        let left = aligned(b, &x, &[&both, &rows], columns.len());
        let right = aligned(b, &y, &[&both, &columns], 0);
        let mut shape = right.shape.clone();
        shape.splice(both.len()..both.len(), vec![Dim::constant(1); rows.len()]);
        let right = b.reshape_to(&right, shape);
        return Ok(Term { tensor: b.multiply(&left, &right)?, letters });
    }
    // Merged with other axes a ragged one is no longer known for one: the padding goes before.
    let x = without_padding(b, x, &summed);
    let y = without_padding(b, y, &summed);
    let left = aligned(b, &x, &[&both, &rows, &summed], 0);
    let right = aligned(b, &y, &[&both, &summed, &columns], 0);
    let shape: Vec<Dim> = letters
        .iter()
        .filter_map(|letter| {
            let size =
                |t: &Term| t.letters.iter().position(|l| l == letter).and_then(|i| t.tensor.shape.get(i).cloned());
            size(&x).or_else(|| size(&y))
        })
        .collect();
    let left = matrix(b, &left, both.len(), rows.len());
    let right = matrix(b, &right, both.len(), summed.len());
    let product = b.matmul_of_masked(&left, &right)?;
    Ok(Term { tensor: if product.shape == shape { product } else { b.reshape_to(&product, shape) }, letters })
}

/// A term with its axes in the order of these groups, and axes of size 1 behind them.
fn aligned(b: &mut Builder, term: &Term, groups: &[&Vec<char>], ones: usize) -> Tensor {
    let order: Vec<usize> = groups
        .iter()
        .flat_map(|group| group.iter())
        .filter_map(|letter| term.letters.iter().position(|l| l == letter))
        .collect();
    let permuted = b.permute(&term.tensor, &order);
    if ones == 0 {
        return permuted;
    }
    let mut shape = permuted.shape.clone();
    shape.extend(vec![Dim::constant(1); ones]);
    b.reshape_to(&permuted, shape)
}

/// The axes behind the first `lead` as two: `first` of them in one, the others in the other.
fn matrix(b: &mut Builder, x: &Tensor, lead: usize, first: usize) -> Tensor {
    let product = |dims: &[Dim]| dims.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
    let (kept, rest) = x.shape.split_at(lead.min(x.rank()));
    let (rows, columns) = rest.split_at(first.min(rest.len()));
    let mut shape = kept.to_vec();
    shape.extend([product(rows), product(columns)]);
    if shape == x.shape { x.clone() } else { b.reshape_to(x, shape) }
}

/// Zeros behind the end of the axes that will be summed over.
fn without_padding(b: &mut Builder, term: Term, summed: &[char]) -> Term {
    let axes: Vec<usize> =
        term.letters.iter().enumerate().filter(|(_, letter)| summed.contains(letter)).map(|(axis, _)| axis).collect();
    Term { tensor: b.masked(&term.tensor, &axes, 0.0), letters: term.letters }
}
