//! Small mistakes: tokens left out, doubled, swapped, put in, put in place of others; lines broken and joined; texts cut.

/// Numbers that look random and are the same each time (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Tokens that may be put in: the language's words and marks, and some of every kind.
const STOCK: &[&str] = &[
    "let",
    "if",
    "else",
    "and",
    "or",
    "not",
    "true",
    "false",
    "none",
    "residual",
    "repeat",
    "scan",
    "as",
    "from",
    "on",
    "then",
    "hyper",
    "import",
    "block",
    "model",
    "data",
    "train",
    "expect",
    "sweep",
    "weight",
    "constant",
    "field",
    "phase",
    "group",
    "float",
    "int",
    "bool",
    "class",
    "epochs",
    "steps",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "()",
    "[]",
    "{}",
    "(x)",
    "[x]",
    "{ x }",
    "{ a: 1 }",
    "|>",
    "->",
    "==",
    "!=",
    "<=",
    ">=",
    "<",
    ">",
    "+",
    "-",
    "*",
    "/",
    "@",
    "^",
    "..",
    ".",
    ",",
    ";",
    ":",
    "=",
    "%",
    "!",
    "x",
    "_",
    "name",
    "größe",
    "3",
    "0.5",
    "1e-3",
    "10k",
    "80%",
    "5 epochs",
    "\"a\"",
    "\"\\n\"",
    "# comment\n",
    "## doc\n",
    "\n",
    "\n\n",
    "a: 1",
    "a = 1",
    "let a = 1",
    "let",
    "x.y",
];

/// Splits a text into tokens, white space among them, so that joined they are the text.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let while_is = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
        let length = match first {
            '\n' => 1,
            ' ' | '\t' => while_is(|c| matches!(c, ' ' | '\t')),
            '#' => while_is(|c| c != '\n'),
            '"' => rest[1..].find(['"', '\n']).map_or(rest.len(), |i| i + 2),
            c if c.is_alphanumeric() || c == '_' => while_is(|c| c.is_alphanumeric() || c == '_'),
            c if ["|>", "->", "==", "!=", "<=", ">=", ".."].iter().any(|s| rest.starts_with(s)) => c.len_utf8() + 1,
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// The text with one to three mistakes.
pub fn mutant(text: &str, random: &mut Random) -> String {
    let mut tokens: Vec<&str> = tokens(text);
    for _ in 0..1 + random.below(3) * random.below(2) {
        if !tokens.is_empty() {
            mistake(&mut tokens, random);
        }
    }
    tokens.concat()
}

fn mistake<'a>(tokens: &mut Vec<&'a str>, random: &mut Random) {
    let words: Vec<usize> = (0..tokens.len()).filter(|i| !tokens[*i].trim().is_empty()).collect();
    let newlines: Vec<usize> = (0..tokens.len()).filter(|i| tokens[*i] == "\n").collect();
    let pick = |from: &[usize], random: &mut Random| from.get(random.below(from.len())).copied();
    let Some(at) = pick(&words, random) else { return };
    match random.below(12) {
        0 | 1 => {
            tokens.remove(at);
        }
        2 => {
            tokens.insert(at, " ");
            tokens.insert(at, tokens[at + 1]);
        }
        3 => {
            let other = pick(&words, random).unwrap_or(at);
            tokens.swap(at, other);
        }
        4 => {
            let next = words.iter().copied().find(|i| *i > at).unwrap_or(at);
            tokens.swap(at, next);
        }
        5 | 6 => {
            tokens.insert(at, " ");
            tokens.insert(at, STOCK[random.below(STOCK.len())]);
        }
        // Without white space, too.
        7 => tokens.insert(at, STOCK[random.below(STOCK.len())]),
        8 => tokens[at] = STOCK[random.below(STOCK.len())],
        9 => tokens.insert(at, "\n"),
        10 => {
            if let Some(line_end) = pick(&newlines, random) {
                tokens[line_end] = " ";
            }
        }
        _ => match random.below(4) {
            0 => tokens.truncate(at),
            1 => tokens[at] = &tokens[at][..middle(tokens[at], random)],
            2 => {
                tokens.drain(..at);
            }
            _ => {
                // A line moves elsewhere.
                let from = newlines.iter().copied().rfind(|i| *i < at).map_or(0, |i| i + 1);
                let to = newlines.iter().copied().find(|i| *i >= at).map_or(tokens.len(), |i| i + 1);
                let line: Vec<&'a str> = tokens.drain(from..to).collect();
                let breaks: Vec<usize> = (0..tokens.len()).filter(|i| tokens[*i] == "\n").collect();
                let place = pick(&breaks, random).map_or(0, |i| i + 1);
                tokens.splice(place..place, line);
            }
        },
    }
}

fn middle(token: &str, random: &mut Random) -> usize {
    let places: Vec<usize> = token.char_indices().map(|(i, _)| i).collect();
    places[random.below(places.len())]
}
