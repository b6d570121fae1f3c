//! The codes, each with its explanation page.
//!
//! | codes | about |
//! |---|---|
//! | E00.. | syntax |
//! | E01.. | names, imports, hypers |
//! | E02.. | arguments |
//! | E03.. | shapes, dims, axes |
//! | E04.. | roles, losses |
//! | E05.. | data |
//! | E06.. | training |
//! | E07.. | expectations |
//! | E08.. | files: weights, runs |
//! | E09.. | at run time |
//! | L01.. | lints (warnings) |

use super::Severity;
use std::fmt;

/// The explanation page of a code, in Markdown: what it means, a wrong program, a right one.
pub type Explanation = &'static str;

macro_rules! codes {
    ($($code:ident)*) => {
        /// A diagnostic's code. Its page is `explanations/CODE.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum Code { $($code),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            /// As it is shown: `E0301`.
            pub fn text(self) -> &'static str {
                match self { $(Code::$code => stringify!($code)),* }
            }

            /// Its page.
            pub fn explanation(self) -> Explanation {
                match self { $(Code::$code => include_str!(concat!("explanations/", stringify!($code), ".md"))),* }
            }
        }
    };
}

codes! {
    E0001 E0002 E0003 E0004 E0005 E0006 E0007 E0008 E0009 E0010 E0011 E0012 E0013 E0014 E0015 E0016 E0017 E0018 E0019
    E0020 E0021 E0022 E0023 E0024 E0025 E0026 E0027
    E0101 E0102 E0103 E0104 E0105 E0106 E0107 E0108 E0109 E0110 E0111 E0113 E0114 E0115 E0116 E0117 E0118
    E0201 E0202 E0203 E0204 E0205 E0206 E0207 E0208 E0210 E0211 E0212 E0213 E0214 E0215 E0216 E0217
    E0225 E0226
    E0301 E0302 E0303 E0304 E0305 E0306 E0307 E0308 E0309 E0310 E0311 E0312 E0313 E0320 E0321 E0330 E0331 E0332 E0333
    E0340 E0341 E0342 E0343 E0344 E0345
    E0401 E0402 E0403
    E0501 E0502 E0503 E0504 E0505 E0506 E0507 E0508 E0509 E0510 E0511 E0512 E0513 E0514 E0515 E0516 E0517 E0518 E0519
    E0520 E0521 E0522 E0523 E0524 E0525 E0526 E0527 E0528 E0529 E0530 E0531 E0540 E0541 E0542
    E0601 E0602 E0603 E0604 E0605 E0606 E0607 E0608 E0609 E0610 E0611 E0612 E0613 E0620 E0621 E0622 E0623 E0624
    E0630 E0631 E0632 E0633
    E0701 E0702 E0703
    E0801 E0802 E0803 E0804 E0805 E0806 E0807 E0808 E0809 E0810 E0811 E0812 E0813 E0814 E0815 E0816
    E0901 E0902 E0903 E0904 E0905 E0906 E0907 E0910
    L0101 L0102 L0103 L0104 L0105 L0106 L0107 L0108 L0109 L0110 L0111 L0112 L0113 L0114 L0115 L0116 L0117 L0118 L0119
    L0120 L0121 L0122 L0123 L0124 L0125 L0126 L0127 L0128 L0129 L0130
}

impl Code {
    /// Errors begin with `E`, warnings with `L`.
    pub fn severity(self) -> Severity {
        if self.text().starts_with('L') { Severity::Warning } else { Severity::Error }
    }

    /// Whether it tells of something that nothing uses: an editor shows that faded.
    pub fn is_about_unused(self) -> bool {
        self.severity() == Severity::Warning && self.title().ends_with(" uses")
    }

    /// The code with this text, in either case.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| c.text().eq_ignore_ascii_case(text))
    }

    /// The first line of its page, without the `#` and the code.
    pub fn title(self) -> &'static str {
        let line = self.explanation().lines().next().unwrap_or("");
        line.trim_start_matches('#').trim().trim_start_matches(self.text()).trim_start_matches(':').trim()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
